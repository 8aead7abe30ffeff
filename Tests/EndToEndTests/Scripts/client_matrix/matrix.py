"""matrix.py CLIENT SERVERS DATA write|rest|TOPIC: what one client can do with a broker, a line for each case.

`write` makes the topics that `rest` of every client reads; with a topic, it is a member of its group and prints what it
consumes, until it is killed. DATA is the broker's directory: what was stored is looked
up in its segment files. MILLRACE_BINARY is the executable.
"""

import collections
import faulthandler
import functools
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True

from adapter import CODECS, SECONDS, NotOffered, Record, Refused
from segments import batches

# How each client is called, and where it is.
CLIENTS = {
    "kcat": "kcat", "confluent-kafka": "confluent", "kafka-python": "kafka_python",
    "python3-kafka": "kafka_python", "aiokafka": "aio"}
READERS = {**CLIENTS, "millrace": "millrace"}
COUNT = 300
START = 1_700_000_000_000
# Those whose library frames snappy in blocks, as Java does.
XERIAL = {"kafka-python", "python3-kafka", "aiokafka"}
HEADERS = (("source", b"matrix"),)


def record(n):
    return Record(b"k%d" % n, b"value %d " % n + b"x" * 100, START + n, HEADERS)


def eventually(what, seconds=SECONDS):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.02)


class Background:
    """A thread that runs body(stop) until it is told to end, and notes what it fails of."""

    def __init__(self, failures, body):
        self.stop = threading.Event()

        def guarded():
            try:
                body(self.stop)
            except Exception as error:
                failures.append(error)

        self.thread = threading.Thread(target=guarded, daemon=True)
        self.thread.start()

    def join(self):
        self.thread.join(SECONDS)
        assert not self.thread.is_alive()

    def end(self):
        self.stop.set()
        self.join()


class Cases:
    """Each method is a case; its name is the line's, with spaces."""

    def __init__(self, name, client, servers, data):
        self.name, self.client, self.servers, self.data = name, client, servers, data

    def topic(self, purpose):
        return f"{self.name}-{purpose}"

    def make_topic(self, purpose, partitions=1):
        topic = self.topic(purpose)
        subprocess.run(
            [os.environ["MILLRACE_BINARY"], "topics", "--bootstrap-server", self.servers, "--create", "--topic", topic,
             "--partitions", str(partitions)], check=True, capture_output=True)
        return topic

    def write(self, topic, numbers, **settings):
        producer = self.client.producer(topic, **settings)
        for n in numbers:
            producer.send(record(n))
        producer.close()

    def values(self, topic, count, isolation="read_committed"):
        return [each.value.split()[1].decode() for _, each in self.client.fetch({topic: count}, isolation)[topic]]

    def load(self, topic, sent, stop):
        """A body for Background: some 500 records per second."""
        producer = self.client.producer(topic)
        while not stop.is_set():
            for _ in range(5):
                producer.send(record(len(sent)))
                sent.append(len(sent))
            time.sleep(0.01)
        producer.close()

    # MARK: Codecs

    def produce(self, codec):
        topic = self.topic(codec)
        self.write(topic, range(COUNT), codec=codec)
        stored = batches(self.data, topic)
        assert sum(batch.count for batch in stored) == COUNT, stored
        assert {batch.codec for batch in stored} == {codec}, stored
        framing = {batch.framing for batch in stored}
        assert framing == ({"xerial" if self.name in XERIAL else "raw"} if codec == "snappy" else {""}), stored

    def fetch(self, codec):
        """What every client has written."""
        found = self.client.fetch({f"{writer}-{codec}": COUNT for writer in CLIENTS})
        for topic, records in found.items():
            assert [offset for offset, _ in records] == list(range(COUNT)), (topic, len(records))
            sets_times = not topic.startswith("kcat-")
            for n, (_, read) in enumerate(records):
                assert read == record(n)._replace(time=START + n if sets_times else read.time), (topic, n, read)

    def offsets_by_time(self):
        # Not every client can say a record's time: all ask about the records of one that can.
        topic = "confluent-kafka-none"
        for at, offset in [(START - 1, 0), (START, 0), (START + 150, 150), (START + COUNT - 1, COUNT - 1),
                           (START + COUNT, -1)]:
            found = self.client.offset_for_time(topic, at)
            assert found == offset, (at, found)

    def first_and_end_offset(self):
        assert self.client.ends("confluent-kafka-none") == (0, COUNT)

    # MARK: Groups

    def group_resumes_after_commit(self):
        topic = self.topic("resume")
        group = f"{topic}-group"
        self.write(topic, range(20))
        read = self.client.consume(group, topic, 10)
        read += self.client.consume(group, topic, 10)
        assert read == [record(n).value for n in range(20)], read

    def committed_offsets(self):
        assert self.client.committed(f"{self.topic('resume')}-group", self.topic("resume")) == 20

    def two_members_join_and_leave_under_load(self, assignor="range"):
        """One consumes all along, another joins and leaves meanwhile: no partition has two owners, every record is
        seen once."""
        topic = self.make_topic(f"members-{assignor}", 4)
        sent, seen, owners, failures = [], [], {}, []
        lock = threading.Lock()
        overlaps = []

        def member(me, limit, stop):
            def owns(partitions):
                with lock:
                    for partition in [p for p, owner in owners.items() if owner == me]:
                        del owners[partition]
                    for partition in partitions:
                        if owners.setdefault(partition, me) != me:
                            overlaps.append((partition, owners[partition], me))

            def consumed(*what):
                seen.append((me, *what))
                if limit and sum(one[0] == me for one in seen) >= limit:
                    stop.set()

            self.client.member(f"{topic}-group", topic, assignor, stop, limit, consumed, owns)

        def got(me, more):
            before = sum(one[0] == me for one in list(seen))
            return lambda: failures or sum(one[0] == me for one in list(seen)) >= before + more

        loading = Background(failures, functools.partial(self.load, topic, sent))
        first = Background(failures, functools.partial(member, "first", None))
        eventually(got("first", 100))
        second = Background(failures, functools.partial(member, "second", 300))
        eventually(got("second", 100))
        eventually(got("first", 100))
        second.join()
        eventually(got("first", 200))
        loading.end()
        eventually(lambda: failures or len(seen) >= len(sent))
        time.sleep(0.2)
        first.end()
        if failures:
            raise failures[0]
        times = collections.Counter(value for _, _, _, value in seen)
        lost = [n for n in sent if not times[record(n).value]]
        twice = [value for value, count in times.items() if count > 1]
        assert not overlaps, overlaps
        assert not lost, f"{len(lost)} of {len(sent)} are lost"
        assert not twice, f"{len(twice)} of {len(sent)} were seen twice"

    def members_of_cooperative_sticky(self):
        self.two_members_join_and_leave_under_load("cooperative-sticky")

    def static_member_comes_back(self):
        """Stopped and started, it has its partitions again, and the other member notices nothing."""
        topic = self.make_topic("static", 4)
        changes, failures = [], []

        def start(instance):
            return Background(failures, lambda stop: self.client.member(
                f"{topic}-group", topic, "range", stop, None, lambda *_: None,
                lambda mine: changes.append((instance, set(mine))), instance))

        def has(instance):
            return [mine for who, mine in list(changes) if who == instance][-1:]

        def settled():
            return failures or (has("a") and has("b") and len(has("a")[0]) == len(has("b")[0]) == 2)

        members = [start("a"), start("b")]
        try:
            eventually(settled)
            time.sleep(0.5)
            if not failures:
                before = has("a")
                members[0].end()
                others = [change for change in changes if change[0] == "b"]
                members.append(start("a"))
                eventually(lambda: failures or has("a") == before)
                # Time for some heartbeats.
                time.sleep(1)
                assert [change for change in changes if change[0] == "b"] == others, changes
        finally:
            for member in members:
                member.end()
        if failures:
            raise failures[0]

    def killed_member_is_replaced(self):
        """When its session is over, the other one has its partitions, from the last commit on."""
        topic = self.make_topic("killed", 4)
        sent, seen, failures = [], set(), []
        loading = Background(failures, functools.partial(self.load, topic, sent))
        other = Background(failures, lambda stop: self.client.member(
            f"{topic}-group", topic, "range", stop, None, lambda partition, offset, value: seen.add(value),
            lambda mine: None))
        eventually(lambda: failures or len(seen) >= 100)
        # kcat is a process below it: both are killed.
        killed = subprocess.Popen(
            [sys.executable, __file__, self.name, self.servers, self.data, topic], stdout=subprocess.PIPE,
            start_new_session=True)
        of_killed = []
        reader = Background(failures, lambda _: of_killed.extend(line.rstrip(b"\n") for line in killed.stdout))
        try:
            eventually(lambda: failures or len(of_killed) >= 100)
        finally:
            os.killpg(killed.pid, signal.SIGKILL)
            killed.wait()
        reader.join()
        loading.end()
        eventually(lambda: failures or seen.union(of_killed) >= {record(n).value for n in sent})
        other.end()
        if failures:
            raise failures[0]

    # MARK: Producers

    def acks_0_1_and_all(self):
        for acks in ["0", "1", "all"]:
            topic = self.topic(f"acks-{acks}")
            self.write(topic, range(50), acks=acks)
            # Without an acknowledgement it is on its way.
            eventually(lambda: sum(batch.count for batch in batches(self.data, topic)) == 50)

    def idempotent_producer(self):
        topic = self.topic("idempotent")
        self.write(topic, range(100), idempotent=True)
        stored = batches(self.data, topic)
        assert all(batch.producer >= 0 and batch.epoch >= 0 for batch in stored), stored
        assert [batch.sequence for batch in stored] == [batch.offset for batch in stored], stored
        assert sum(batch.count for batch in stored) == 100, stored

    def transactions_commit_and_abort(self):
        topic = self.topic("transactions")
        producer = self.client.producer(topic, transaction=topic)
        for end, numbers in [(producer.commit, [0, 1]), (producer.abort, [2]), (producer.commit, [3])]:
            producer.begin()
            for n in numbers:
                producer.send(record(n))
            producer.flush()
            end()
        producer.close()
        stored = batches(self.data, topic)
        assert all(batch.transactional for batch in stored), stored
        assert sum(batch.control for batch in stored) >= 2, stored

    def read_committed(self):
        """What confluent-kafka has written in transactions: 0 and 1, 2 in one that was aborted, 3 in an open one."""
        topic = "confluent-kafka-committed"
        assert self.values(topic, 2, "read_committed") == ["0", "1"]
        assert self.values(topic, 4, "read_uncommitted") == ["0", "1", "2", "3"]

    def offsets_in_transactions(self):
        topic = self.topic("offsets")
        group = f"{topic}-group"
        producer = self.client.producer(topic, transaction=topic)
        for n, end in [(0, producer.abort), (1, producer.commit)]:
            producer.begin()
            producer.send(record(n))
            producer.flush()
            producer.send_offset(group, topic, n + 5)
            end()
            found = self.client.committed(group, topic)
            assert found == 6 if n else found is None or found < 0, (n, found)
        producer.close()

    def fencing(self):
        topic = self.topic("fencing")
        older = self.client.producer(topic, transaction=topic)
        older.begin()
        # Many: kcat reads its input in blocks.
        for n in range(COUNT):
            older.send(record(n))
        older.flush()
        eventually(lambda: batches(self.data, topic))
        newer = self.client.producer(topic, transaction=topic)
        newer.begin()
        newer.send(record(COUNT))
        newer.commit()
        newer.close()
        try:
            older.commit()
        except Refused:
            pass
        else:
            raise AssertionError("the older producer has committed")
        assert self.values(topic, 1) == [str(COUNT)]

    # MARK: Administration

    def metadata(self):
        brokers, topics = self.client.metadata()
        assert brokers == [1], brokers
        assert all(topics[f"{writer}-{codec}"] == 1 for writer in CLIENTS for codec in CODECS), topics

    def admin_topics(self):
        topic = self.topic("admin")
        self.client.create_topic(topic, 1, {"retention.ms": "3600000"})
        try:
            self.client.create_topic(topic, 1, {})
        except Refused:
            pass
        else:
            raise AssertionError("the topic was made twice")
        self.client.create_partitions(topic, 3)
        assert self.client.metadata()[1][topic] == 3
        self.client.delete_topic(topic)
        assert topic not in self.client.metadata()[1]

    def admin_settings(self):
        topic = self.topic("settings")
        self.client.create_topic(topic, 1, {"retention.ms": "3600000"})
        assert self.client.settings(topic)["retention.ms"] == "3600000"
        self.client.alter(topic, "retention.ms", "7200000")
        assert self.client.settings(topic)["retention.ms"] == "7200000"

    def admin_delete_records(self):
        topic = self.topic("deleted")
        self.write(topic, range(20))
        assert self.client.delete_records(topic, 7) == 7
        assert self.values(topic, 13)[0] == "7"

    def admin_groups(self):
        topic = self.topic("resume")
        group = f"{topic}-group"
        assert group in self.client.groups()
        assert self.client.group_state(group) == "EMPTY"
        assert self.client.group_offsets(group) == {(topic, 0): 20}

    def admin_delete_group_offset(self):
        # A group without members and offsets is gone: not the group of the other cases.
        topic = self.topic("resume")
        group = f"{topic}-other-group"
        self.client.consume(group, topic, 1)
        self.client.delete_group_offset(group, topic)
        assert self.client.committed(group, topic) is None
        joined = threading.Event()
        member = Background([], lambda stop: self.client.member(
            group, topic, "range", stop, None, lambda *_: None, lambda mine: mine and joined.set()))
        try:
            assert joined.wait(SECONDS)
            self.client.delete_group_offset(group, topic)
        except Refused as error:
            assert str(error) == "GroupSubscribedToTopicError", error
        else:
            raise AssertionError("the offset of a topic that a member reads was deleted")
        finally:
            member.end()

    def admin_delete_group(self):
        group = f"{self.topic('resume')}-group"
        self.client.delete_group(group)
        assert group not in self.client.groups()


def write_transactions(cases):
    """What the case read_committed reads; ends without a word, so that the last transaction stays open."""
    topic = "confluent-kafka-committed"
    producer = cases.client.producer(topic, transaction=topic)
    for end, numbers in [(producer.commit, [0, 1]), (producer.abort, [2]), (None, [3])]:
        producer.begin()
        for n in numbers:
            producer.send(record(n))
        producer.flush()
        if end:
            end()
    sys.stdout.flush()
    os._exit(0)


def main():
    name, servers, data, step = sys.argv[1:]
    faulthandler.dump_traceback_later(170, exit=True)
    client = importlib.import_module(READERS[name]).Client(servers)
    cases = Cases(name, client, servers, data)
    if step == "write":
        print(f"{name}: version: {client.version}", flush=True)
        todo = [(f"produce {codec}", cases.produce, [codec]) for codec in CODECS]
    elif step != "rest":
        client.member(
            f"{step}-group", step, "range", threading.Event(), None,
            lambda partition, offset, value: print(value.decode(), flush=True), lambda mine: None)
        return
    else:
        todo = [(f"fetch {codec}", cases.fetch, [codec]) for codec in CODECS]
        names = [name for name in vars(Cases) if not name.startswith("__")]
        alone = names[names.index("fetch") + 1:] if name in CLIENTS else ["read_committed"]
        todo += [(case.replace("_", " "), getattr(cases, case), []) for case in alone]
    for case, body, arguments in todo:
        try:
            body(*arguments)
            outcome = "ok"
        except NotOffered:
            outcome = "not offered by the client"
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            outcome = f"failed: {error!r} ({os.path.basename(last.filename)}:{last.lineno})"
            traceback.print_exc()
        print(f"{name}: {case}: {outcome}", flush=True)
    if step == "write" and name == "confluent-kafka":
        write_transactions(cases)


main()
