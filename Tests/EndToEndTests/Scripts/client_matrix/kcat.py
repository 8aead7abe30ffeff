"""kcat: a process for each thing asked."""

import re
import signal
import subprocess
import threading

from adapter import SECONDS, SESSION, Adapter, NotOffered, Record, Refused

HEADER = ("source", b"matrix")


class Writer:
    def __init__(self, start, topic, codec, acks, idempotent, transaction):
        self.arguments = ["-P", "-t", topic, "-K\t", "-z", codec, "-H", f"{HEADER[0]}={HEADER[1].decode()}",
                          "-X", "linger.ms=20", "-X", f"acks={acks}"]
        if idempotent or transaction:
            self.arguments += ["-X", "enable.idempotence=true"]
        if transaction:
            self.arguments += ["-X", f"transactional.id={transaction}"]
        self.start, self.transaction, self.process = start, transaction, None
        if not transaction:
            self.begin()

    def begin(self):
        """A transaction is a process: it commits when its input ends."""
        self.process = self.start(self.arguments, stdin=subprocess.PIPE)

    def send(self, record):
        self.process.stdin.write(record.key + b"\t" + record.value + b"\n")
        self.process.stdin.flush()

    def flush(self):
        """Each line is on its way when it is read."""

    def commit(self):
        output, errors = self.process.communicate(timeout=SECONDS)
        if self.process.returncode != 0:
            raise Refused(errors.decode())
        self.process = None

    def close(self):
        if self.process:
            self.commit()

    def abort(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=SECONDS)
        self.process = None

    def send_offset(self, group, topic, offset):
        raise NotOffered()


class Client(Adapter):
    def __init__(self, servers):
        self.servers = servers
        text = subprocess.run(["kcat", "-V"], capture_output=True, text=True, check=True).stdout
        self.version = "{} (librdkafka {})".format(*re.search(r"Version (\S+) .*librdkafka (\S+)", text).groups())

    def start(self, arguments, **settings):
        return subprocess.Popen(
            ["kcat", "-b", self.servers] + arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **settings)

    def run(self, arguments):
        process = self.start(arguments)
        output, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, errors.decode()
        return output.decode()

    def producer(self, topic, codec="none", acks="all", idempotent=False, transaction=None):
        return Writer(self.start, topic, codec, acks, idempotent, transaction)

    def fetch(self, counts, isolation="read_uncommitted"):
        found = {}
        for topic in counts:
            # It ends at the first fetch that brings nothing, which must not wait for the next record.
            lines = self.run([
                "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%o\t%k\t%s\t%T\t%h\n", "-X", "check.crcs=true",
                "-X", "fetch.wait.max.ms=10", "-X", f"isolation.level={isolation}"]).splitlines()
            fields = [line.split("\t") for line in lines]
            found[topic] = [
                (int(offset), Record(key.encode(), value.encode(), int(time), tuple(
                    (name, text.encode()) for name, text in (each.split("=") for each in headers.split(",") if each))))
                for offset, key, value, time, headers in fields]
        return found

    def offset_for_time(self, topic, at):
        return int(self.run(["-Q", "-t", f"{topic}:0:{at}"]).split()[-1])

    def ends(self, topic):
        return self.offset_for_time(topic, -2), self.offset_for_time(topic, -1)

    GROUP = ["-X", "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=200", "-X", f"session.timeout.ms={SESSION}"]

    def consume(self, group, topic, count):
        lines = self.run(["-G", group, "-q", "-c", str(count), *self.GROUP, topic]).splitlines()
        return [line.encode() for line in lines]

    def member(self, group, topic, assignor, stop, limit, seen, owns, instance=None):
        # Told to end, kcat drops the record that it has just taken and commits it nevertheless: one that leaves under
        # load counts its records instead.
        count = ["-c", str(limit)] if limit else []
        static = ["-X", f"group.instance.id={instance}"] if instance else ["-q"]
        process = self.start([
            "-G", group, "-u", "-f", "%p %o %s\n", *count, *self.GROUP, *static, "-X",
            f"partition.assignment.strategy={assignor}", topic])

        def read():
            for line in process.stdout:
                partition, offset, value = line.rstrip(b"\n").split(b" ", 2)
                seen(int(partition), int(offset), value)

        errors = []

        def watch():
            for line in process.stderr:
                errors.append(line.decode())
                # What it owns, it says on another stream than the records: no order between the two.
                if instance and b" rebalanced " in line:
                    owns({int(each) for each in re.findall(rb"\[(\d+)\]", line)} if b"assigned: " in line else set())

        readers = [threading.Thread(target=each) for each in (read, watch)]
        for reader in readers:
            reader.start()
        stop.wait()
        if not limit:
            process.send_signal(signal.SIGTERM)
        for reader in readers:
            reader.join(SECONDS)
        assert process.wait(SECONDS) == 0, errors

    def metadata(self):
        text = self.run(["-L"])
        return (
            [int(each) for each in re.findall(r"  broker (\d+) at ", text)],
            {name: int(count) for name, count in re.findall(r'  topic "([^"]+)" with (\d+) partitions', text)})
