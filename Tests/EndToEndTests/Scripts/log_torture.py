"""log_torture.py MILLRACE DIRECTORY SEED SECONDS: clients that work while their broker is killed, stopped, cut off and
has its disk torn. What they did and saw goes to DIRECTORY/history.tsv, a line for each event, for a checker.

The seed decides what each client does and which faults come when; the threads' timing is the machine's.

  sent       actor topic partition value transaction|-     before it is given to the producer
  acked      topic partition offset value                  the producer heard that it is kept
  ended      transaction commit|abort|unknown              what the producer heard of its end
  read       isolation topic partition offset value        by a reader that goes on while the faults happen
  delivered  topic partition offset value                  to a member of a consumer group
  committed  topic partition offset value                  in the end, all that read_committed sees
  stored     topic partition offset value                  in the end, all that read_uncommitted sees
  fault      what ...                                      for people
  wrong      what                                          what must not happen
"""

import faulthandler
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib

from confluent_kafka import (OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition)
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 3
# Flushed before it is acknowledged, but for "lazy", whose files are never torn.
TOPICS = {"plain": "1", "txn": "1", "out": "1", "lazy": None}
# Files that say what the segments say too.
MADE_ANEW = ("index", "timeindex", "snapshot", "transactions", "checkpoint", "checkpoint-index")
DRAIN_SECONDS = 60
HERE = os.path.dirname(os.path.abspath(__file__))

millrace, directory, seed, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
servers = f"127.0.0.1:{port}"
settings = random.Random(f"{seed}/settings")
common = {
    "bootstrap.servers": servers, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "log_level": 0,
    "socket.timeout.ms": 5000, "topic.metadata.refresh.interval.ms": 2000}
producing, working, over = threading.Event(), threading.Event(), threading.Event()
producing.set()
working.set()
# Producers in a call that may stand still, and since when.
giving = {}
# How many records a reader has to see, by isolation level; known in the end.
wanted = {}
begun = time.monotonic()


class History:
    def __init__(self, path):
        self.file = open(path, "w")
        self.lock = threading.Lock()
        self.wrongs = 0

    def note(self, *words):
        with self.lock:
            self.wrongs += words[0] == "wrong"
            self.file.write("\t".join(map(str, words)) + "\n")

    def close(self):
        self.file.close()


history = History(f"{directory}/history.tsv")


def wrong(what):
    history.note("wrong", f"{time.monotonic() - begun:.3f} s: {what}".replace("\n", " ").replace("\t", " "))


def fault(*words):
    history.note("fault", f"{time.monotonic() - begun:.3f}", *words)


# --- values: a name, and filling that follows from it

def filled(name):
    length = zlib.crc32(name.encode()) % 200
    return f"{name}#{(name * (length // len(name) + 1))[:length]}".encode()


def name_of(message):
    value = message.value().decode(errors="replace")
    name = value.split("#")[0]
    if filled(name) != message.value():
        wrong(f"{message.topic()}-{message.partition()}@{message.offset()} holds {value}")
    return name


def place(message):
    return message.topic(), message.partition(), message.offset()


def on_delivery(error, message):
    name = message.value().decode().split("#")[0]
    if error is None and message.offset() >= 0:
        history.note("acked", *place(message), name)
    elif error is None:
        wrong(f"{name} was acknowledged without an offset")


# --- producers

def send(producer, actor, topic, partition, name, transaction="-"):
    history.note("sent", actor, topic, partition, name, transaction)
    while True:
        try:
            return producer.produce(topic, filled(name), partition=partition, on_delivery=on_delivery)
        except BufferError:
            producer.poll(0.1)


def producer_settings(rng, **more):
    return {**common, "enable.idempotence": True, "linger.ms": rng.choice([0, 0, 5, 20]),
            "batch.num.messages": rng.choice([1, 3, 10, 100]), "retry.backoff.ms": 20, "retry.backoff.max.ms": 100,
            "compression.type": rng.choice(["none", "gzip", "snappy", "lz4", "zstd"]), **more}


def idempotent(actor):
    rng = random.Random(f"{seed}/{actor}")
    number = 0
    producer = Producer(producer_settings(rng, **{"message.timeout.ms": 0}), error_cb=lambda error: error.fatal() and
                        wrong(f"{actor}: {error}"))
    while producing.is_set():
        topic = rng.choice(["plain", "plain", "lazy"])
        for _ in range(rng.randint(1, 12)):
            send(producer, actor, topic, rng.randrange(PARTITIONS), f"{actor}:{number}")
            number += 1
        producer.poll(0)
        time.sleep(rng.random() * 0.1)
    left = producer.flush(DRAIN_SECONDS)
    if left:
        wrong(f"{actor}: {left} records were never acknowledged")


def transactional(rng, actor):
    """A producer whose predecessor is fenced from here on."""
    producer = Producer(producer_settings(rng, **{"transactional.id": actor, "transaction.timeout.ms": 8000}))
    end = time.monotonic() + DRAIN_SECONDS
    while True:
        try:
            producer.init_transactions(5)
            return producer
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > end:
                wrong(f"{actor}: can't begin: {error}")
                raise


def finish(producer, commit):
    """What became of the transaction, and whether the producer can go on."""
    wanted = commit
    end = time.monotonic() + DRAIN_SECONDS
    while True:
        try:
            (producer.commit_transaction if commit else producer.abort_transaction)(5)
            return "commit" if commit else "abort", True
        except KafkaException as error:
            reason = error.args[0]
            if reason.retriable() and time.monotonic() < end:
                continue
            if reason.txn_requires_abort() and commit:
                commit = False
                continue
            fault("transaction", reason)
            return "unknown" if wanted else "abort", False


def transactor(actor):
    rng = random.Random(f"{seed}/{actor}")
    number = 0
    zombies = []
    producer = transactional(rng, actor)
    while producing.is_set():
        transaction = f"{actor}:{number}"
        number += 1
        outcome, usable = "abort", True
        try:
            producer.begin_transaction()
            for record in range(rng.randint(1, 15)):
                send(producer, actor, "txn", rng.randrange(PARTITIONS), f"{transaction}.{record}", transaction)
                if rng.random() < 0.1:
                    producer.poll(rng.random() * 0.05)
            if rng.random() < 0.05:
                # Somebody else takes over in the middle.
                zombies.append((transaction, producer))
                usable = False
        except KafkaException as error:
            fault("transaction", error)
            usable = False
        if usable:
            outcome, usable = finish(producer, rng.random() < 0.7)
        history.note("ended", transaction, outcome)
        if not usable:
            producer = transactional(rng, actor)
        time.sleep(rng.random() * 0.2)
    for transaction, zombie in zombies:
        try:
            zombie.commit_transaction(5)
            wrong(f"{transaction} was committed by a producer that had been fenced")
        except KafkaException:
            pass


# --- consumers

def consumer_settings(group, isolation="read_committed", **more):
    return {**common, "group.id": group, "isolation.level": isolation, "enable.auto.commit": False,
            "auto.offset.reset": "earliest", "session.timeout.ms": 6000, "heartbeat.interval.ms": 300,
            "fetch.wait.max.ms": 50, "fetch.error.backoff.ms": 20, "check.crcs": True,
            "partition.assignment.strategy": settings_strategy, **more}


settings_strategy = settings.choice(["range", "roundrobin", "cooperative-sticky"])


def transformer(actor):
    """plain → out, each record once: offsets are committed in the transaction."""
    rng = random.Random(f"{seed}/{actor}")
    number = 0
    while working.is_set():
        producer = transactional(rng, actor)
        batch = []

        def forget(*_):
            # Positions begin again at what is committed.
            batch.clear()

        consumer = Consumer(consumer_settings("transformers", **{"partition.assignment.strategy": eager}))
        consumer.subscribe(["plain"], on_assign=forget, on_revoke=forget, on_lost=forget)
        for _ in range(rng.randint(5, 60)):
            if not working.is_set():
                break
            wanted, end = rng.randint(1, 60), time.monotonic() + 0.2
            while len(batch) < wanted and time.monotonic() < end:
                message = consumer.poll(0.05)
                if message is not None and message.error() is None:
                    batch.append(message)
            if not batch:
                continue
            transaction = f"{actor}:{number}"
            number += 1
            outcome, usable = "abort", True
            try:
                producer.begin_transaction()
                offsets = {}
                for message in batch:
                    name = f"{transaction}|{name_of(message)}"
                    send(producer, actor, "out", message.partition(), name, transaction)
                    offsets[message.partition()] = message.offset() + 1
                batch.clear()
                next_offsets = [TopicPartition("plain", partition, offset) for partition, offset in offsets.items()]
                give_offsets(producer, next_offsets, consumer)
                outcome, usable = finish(producer, rng.random() < 0.85)
            except KafkaException as error:
                fault("transaction", error)
                outcome, usable = finish(producer, False)
            history.note("ended", transaction, outcome)
            if outcome != "commit" and (not usable or not rewind(consumer)):
                break
            batch.clear()
        close(consumer)
        time.sleep(rng.random() * 0.3)


# A cooperative rebalance leaves positions where they are, which the code above does not reckon with.
eager = settings.choice(["range", "roundrobin"])


def give_offsets(producer, offsets, consumer):
    end = time.monotonic() + DRAIN_SECONDS
    while True:
        giving[producer] = time.monotonic()
        try:
            return producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 5)
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > end:
                raise
        finally:
            del giving[producer]


def nudge(broker):
    """librdkafka's send_offsets_to_transaction may wait, whatever its time-out, until a connection changes its state
    (confluentinc/librdkafka issue 5456)."""
    if any(time.monotonic() - began > 2 for began in list(giving.values())):
        cut_connections(broker.rng, 1)
        time.sleep(1)


def rewind(consumer):
    """Back to what is committed; false when that can't be."""
    try:
        for partition in consumer.committed(consumer.assignment(), 5):
            if partition.error:
                return False
            if partition.offset < 0:
                partition.offset = OFFSET_BEGINNING
            consumer.seek(partition)
        return True
    except KafkaException:
        return False


def close(consumer):
    try:
        # Without an assignment: else a rebalance in the middle of close() stops librdkafka, and Python with it.
        consumer.unsubscribe()
        end = time.monotonic() + 1
        while consumer.assignment() and time.monotonic() < end:
            consumer.poll(0.05)
        consumer.close()
    except KafkaException as error:
        fault("close", error)


def member(actor):
    """Of a group whose members come and go; commits what it has noted."""
    rng = random.Random(f"{seed}/{actor}")
    while working.is_set():
        consumer = Consumer(consumer_settings("readers"))
        consumer.subscribe(["plain", "lazy"])
        for _ in range(rng.randint(5, 80)):
            if not working.is_set():
                break
            messages = consumer.consume(rng.randint(1, 100), 0.1)
            for message in messages:
                if message.error() is None:
                    history.note("delivered", *place(message), name_of(message))
            if messages and rng.random() < 0.8:
                try:
                    consumer.commit(asynchronous=False)
                except KafkaException:
                    # Not a member any more, or no broker: others get these records again.
                    pass
        close(consumer)
        time.sleep(rng.random() * 0.5)


def reader(isolation):
    """Reads each partition from its start to its end while everything happens, and nothing twice."""
    consumer = Consumer(consumer_settings(f"reader-{isolation}", isolation, **{"auto.offset.reset": "error"}))
    consumer.assign([TopicPartition(topic, partition, 0) for topic in TOPICS for partition in range(PARTITIONS)])
    count = 0
    while count < wanted.get(isolation, sys.maxsize) and not over.is_set():
        for message in consumer.consume(200, 0.1):
            if message.error() is None:
                count += 1
                history.note("read", isolation, *place(message), name_of(message))
            elif message.error().code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
                wrong(f"reader {isolation}: {message.error()}")
    close(consumer)


def final(event, isolation):
    """All that there is."""
    consumer = Consumer(consumer_settings("final", isolation, **{"enable.partition.eof": True}))
    count = 0
    todo = {(topic, partition) for topic in TOPICS for partition in range(PARTITIONS)}
    consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in sorted(todo)])
    end = time.monotonic() + DRAIN_SECONDS
    while todo and time.monotonic() < end:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error() is None:
            count += 1
            history.note(event, *place(message), name_of(message))
        elif message.error().code() == KafkaError._PARTITION_EOF:
            todo.discard((message.topic(), message.partition()))
    if todo:
        wrong(f"{isolation}: no end of {sorted(todo)}")
    wanted[isolation] = count
    close(consumer)


# --- the broker and what happens to it

class Broker:
    def __init__(self, rng):
        self.rng = rng
        self.data = f"{directory}/data"
        self.lives = 0
        self.process = None
        self.recorder = self.compile()
        self.record = f"{directory}/syncs"

    def compile(self):
        compiler = next(filter(None, map(shutil.which, ["clang", "gcc", "cc"])), None)
        if compiler is None:
            fault("no compiler: disks are not torn")
            return None
        library = f"{directory}/sync_recorder.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, f"{HERE}/sync_recorder.c", "-ldl"],
                       check=True)
        return library

    def start(self, die=0):
        environment = dict(os.environ)
        if self.recorder:
            environment |= {"LD_PRELOAD": self.recorder, "SYNC_RECORD": self.record, "SYNC_DIE": str(die),
                            "SYNC_DELAY": str(self.rng.choice([0, 300, 1000, 3000]))}
        self.lives += 1
        with open(f"{directory}/broker.{self.lives}.log", "wb") as output:
            self.process = subprocess.Popen(
                [millrace, "broker", "--data", self.data, "--listen", servers], stdout=output, stderr=output,
                env=environment)

    def is_up(self):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    def wait(self, limit=30):
        end = time.monotonic() + limit
        while not self.is_up():
            if self.process.poll() is not None:
                return False
            if time.monotonic() > end:
                wrong(f"the broker's life {self.lives} does not begin")
                return False
            time.sleep(0.02)
        return True

    def killed(self):
        """Dead by SIGKILL, now or before."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        code = self.process.wait()
        if code != -signal.SIGKILL:
            wrong(f"the broker's life {self.lives} ended with {code}")

    def tear(self):
        """What a power cut could do to the files' unsynced ends, and a little more to files that can be made anew."""
        if not self.recorder:
            return
        synced = {}
        if os.path.exists(self.record):
            with open(self.record) as lines:
                for line in lines:
                    inode, size = line.split()
                    synced[int(inode)] = int(size)
        for folder in sorted(os.listdir(self.data)):
            if folder.startswith("lazy-") or not os.path.isdir(f"{self.data}/{folder}"):
                continue
            for name in sorted(os.listdir(f"{self.data}/{folder}")):
                path = f"{self.data}/{folder}/{name}"
                state = os.stat(path)
                kind = name.rpartition(".")[2]
                if kind == "log":
                    self.tear_file(path, synced.get(state.st_ino, 0), state.st_size)
                elif kind in MADE_ANEW and self.rng.random() < 0.1:
                    self.tear_file(path, 0, state.st_size)
            if self.rng.random() < 0.2:
                for left in [f"{0:020}.log.cleaned", f".{0:020}.snapshot.{self.rng.randrange(1000)}.tmp"]:
                    with open(f"{self.data}/{folder}/{left}", "wb") as file:
                        file.write(self.rng.randbytes(100))

    def tear_file(self, path, safe, size):
        if size <= safe or self.rng.random() < 0.3:
            return
        way = self.rng.choice(["cut", "overwrite", "zero", "longer"])
        at = self.rng.randint(safe, size)
        with open(path, "r+b") as file:
            if way == "cut":
                file.truncate(at)
            elif way == "longer":
                file.seek(size)
                file.write(bytes(self.rng.randint(1, 600)))
            else:
                length = min(size - at, self.rng.randint(1, 600))
                file.seek(at)
                file.write(bytes(length) if way == "zero" else self.rng.randbytes(length))
        fault("tear", os.path.relpath(path, self.data), way, f"at {at}, {safe} of {size} are safe")


def cut_connections(rng, share=0.4):
    """Shuts some of the clients' connections, in one direction or both."""
    cut = 0
    for number in sorted(map(int, os.listdir("/proc/self/fd"))):
        try:
            if not os.readlink(f"/proc/self/fd/{number}").startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(number)) as connection:
                if connection.family != socket.AF_INET or connection.getpeername()[1] != port:
                    continue
                if rng.random() < share:
                    how = rng.choice([socket.SHUT_RDWR, socket.SHUT_RDWR, socket.SHUT_RD, socket.SHUT_WR])
                    connection.shutdown(how)
                    cut += 1
        except OSError:
            continue
    fault("cut", cut)


def torment(broker, until):
    rng = broker.rng
    while time.monotonic() < until:
        time.sleep(rng.uniform(0.2, 1.5))
        what = rng.choices(["kill", "kill and tear", "stop", "cut"], [3, 3, 1, 2])[0]
        if broker.process.poll() is not None:
            # Died at the sync that was chosen.
            what = rng.choice(["kill", "kill and tear"])
        if what == "stop":
            fault("stop")
            broker.process.send_signal(signal.SIGSTOP)
            time.sleep(rng.uniform(0.1, 1.0))
            broker.process.send_signal(signal.SIGCONT)
        elif what == "cut":
            cut_connections(rng)
        else:
            fault(what, broker.lives)
            broker.killed()
            if what != "kill":
                broker.tear()
            for _ in range(rng.choice([0, 0, 0, 1, 2])):
                # Killed while it starts.
                broker.start()
                time.sleep(rng.uniform(0, 0.2))
                fault("kill at start", broker.lives)
                broker.killed()
            time.sleep(rng.choice([0, 0, 0.2]))
            broker.start(die=rng.choice([0, rng.randint(1, 400)]) if broker.recorder else 0)
            broker.wait()


def ends_of(topic):
    """The high watermarks."""
    consumer = Consumer(consumer_settings("ends", "read_uncommitted"))
    ends = {}
    for partition in range(PARTITIONS):
        ends[partition] = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)[1]
    consumer.close()
    return ends


def drained(group, topics):
    """The group has committed the ends."""
    consumer = Consumer(consumer_settings(group))
    try:
        for topic in topics:
            ends = ends_of(topic)
            wanted = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
            for partition in consumer.committed(wanted, timeout=20):
                if partition.error or ends[partition.partition] > max(0, partition.offset):
                    return False
        return True
    except KafkaException:
        return False
    finally:
        consumer.close()


def join(broker, threads):
    end = time.monotonic() + DRAIN_SECONDS
    for thread in threads:
        while thread.is_alive() and time.monotonic() < end:
            nudge(broker)
            thread.join(0.2)
        if thread.is_alive():
            wrong(f"{thread} does not end")
            faulthandler.dump_traceback()


def main():
    broker = Broker(random.Random(f"{seed}/faults"))
    broker.start()
    broker.wait()
    admin = AdminClient(common)
    topics = []
    for name, messages in TOPICS.items():
        config = {"segment.bytes": "16384", "index.interval.bytes": "500"}
        if messages:
            config["flush.messages"] = messages
        topics.append(NewTopic(name, PARTITIONS, 1, config=config))
    for made in admin.create_topics(topics).values():
        made.result(20)
    makers = [threading.Thread(target=idempotent, args=(f"i{n}",)) for n in range(3)]
    makers += [threading.Thread(target=transactor, args=(f"t{n}",)) for n in range(3)]
    workers = [threading.Thread(target=transformer, args=(f"w{n}",)) for n in range(2)]
    workers += [threading.Thread(target=member, args=(f"m{n}",)) for n in range(3)]
    readers = [threading.Thread(target=reader, args=(isolation,)) for isolation in ["read_committed", "read_uncommitted"]]
    for thread in makers + workers + readers:
        thread.daemon = True
        thread.start()
    torment(broker, begun + seconds)
    # Peace: from here on everything has to come to its end.
    broker.killed()
    broker.start()
    broker.wait()
    fault("peace")
    producing.clear()
    end = time.monotonic() + DRAIN_SECONDS
    for thread in makers:
        thread.join(max(0, end - time.monotonic()))
    while not (drained("transformers", ["plain"]) and drained("readers", ["plain", "lazy"])):
        if time.monotonic() > end:
            wrong("the consumer groups don't reach the end")
            faulthandler.dump_traceback()
            break
        nudge(broker)
        time.sleep(0.2)
    fault("drained")
    working.clear()
    join(broker, makers + workers)
    final("stored", "read_uncommitted")
    final("committed", "read_committed")
    for thread in readers:
        thread.join(20)
    # What they still lack, the checker says.
    over.set()
    join(broker, readers)
    broker.process.send_signal(signal.SIGINT)
    if broker.process.wait(30) != 0:
        wrong(f"the broker ended with {broker.process.returncode}")
    for life in range(1, broker.lives + 1):
        with open(f"{directory}/broker.{life}.log", errors="replace") as lines:
            for line in lines:
                # What was synced is never torn here.
                if " are lost" in line or " are missing" in line or "Fatal error" in line:
                    wrong(f"the broker's life {life} says: {line}")
    fault("end", broker.lives, "lives")
    history.close()
    # Threads of a client that is stuck must not keep this process.
    sys.stdout.flush()
    os._exit(0)


main()
