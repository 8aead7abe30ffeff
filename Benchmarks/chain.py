"""A chain of log, one query and a store for the benchmarks: Millrace's own log, and in the store's place a server here
that takes InfluxDB's writes."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("MILLRACE_BINARY", os.path.join(ROOT, ".build/release/millrace"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sink:
    """Takes InfluxDB's writes: hands each body to `take` with the moment at which it had come."""

    def __init__(self, take):
        self.take = take
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.socket.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = connection.recv(1 << 20)
                if not more:
                    return
                data += more
            head, data = data.split(b"\r\n\r\n", 1)
            headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            length = int(headers.get(b"content-length", b"0"))
            while len(data) < length:
                data += connection.recv(1 << 20)
            come = time.time_ns()
            body, data = data[:length], data[length:]
            connection.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
            self.take(zlib.decompress(body, 31) if headers.get(b"content-encoding") == b"gzip" else body, come)


class Chain:
    """`millrace run` with the topic `events` and the query `q` over it, in a directory of its own."""

    def __init__(self, select, schema, take=None, mode="append", settings="", partitions=1, options="", directory=None):
        """
        select: over the view `events`, which has the columns of `schema` and `at`, the record's timestamp.
        take: of the sink; None = the chain's own store. settings: further lines of the query; options: of the source.
        """
        self.directory = tempfile.mkdtemp(prefix="millrace-bench", dir=directory)
        self.data = f"{self.directory}/var"
        self.kafka = f"127.0.0.1:{free_port()}"
        self.process = None
        self.output = open(f"{self.directory}/log", "w")
        store = f"url: http://127.0.0.1:{Sink(take).port}" if take else f"listen: 127.0.0.1:{free_port()}"
        with open(f"{self.directory}/pipeline.yaml", "w") as f:
            f.write(f"""\
name: bench
data: {self.data}
log:
  listen: {self.kafka}
  topics:
    events: {{ partitions: {partitions}, configuration: {{ max.message.bytes: 33554432 }} }}
queries:
  q:
    file: q.sql
    measurement: m
    time: at
    outputMode: {mode}
{settings}
store:
  {store}
  database: d
""")
        with open(f"{self.directory}/q.sql", "w") as f:
            f.write(f"""\
CREATE TEMPORARY VIEW raw USING kafka OPTIONS (
  kafka.bootstrap.servers '{self.kafka}', subscribe 'events', startingOffsets 'earliest'{options});
CREATE TEMPORARY VIEW events AS SELECT j.*, timestamp AS at FROM (
  SELECT from_json(CAST(value AS STRING), '{schema}') AS j, timestamp FROM raw);
{select}
""")

    def start(self):
        self.process = subprocess.Popen(
            [BINARY, "run", self.directory, "--quiet"], stdout=self.output, stderr=self.output)
        self.wait(lambda: os.path.exists(f"{self.data}/checkpoints/q/sources/0/0"))

    def wait(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"the chain does not get on: {open(self.output.name).read()[-2000:]}")
            time.sleep(0.02)

    def batches(self):
        """Micro-batches that are committed."""
        try:
            names = os.listdir(f"{self.data}/checkpoints/q/commits")
        except FileNotFoundError:
            return 0
        return max((int(name) for name in names if name.isdigit()), default=-1) + 1

    def memory(self):
        """Greatest resident memory so far, MiB."""
        with open(f"/proc/{self.process.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            return sum(map(int, f.read().split()[13:15])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory)


class Broker:
    """The chain's log alone, to be filled before the chain runs."""

    def __init__(self, chain):
        self.process = subprocess.Popen(
            [BINARY, "broker", "--data", f"{chain.data}/log", "--listen", chain.kafka], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        host, port = chain.kafka.split(":")
        for _ in range(500):
            with socket.socket() as s:
                if s.connect_ex((host, int(port))) == 0:
                    return
            time.sleep(0.02)
        sys.exit("the broker does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def fill(chain, documents):
    """Puts documents into the topic, before the chain runs."""
    from confluent_kafka import Producer
    broker = Broker(chain)
    producer = Producer({
        "bootstrap.servers": chain.kafka, "log_level": 2, "linger.ms": 5, "message.max.bytes": 33554432,
        "queue.buffering.max.kbytes": 65536})
    for document in documents:
        while True:
            try:
                producer.produce("events", document)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(120):
        sys.exit("the topic does not take the documents")
    broker.stop()
