#!/usr/bin/env python3
"""The log as a Kafka server: throughput by librdkafka's own rdkafka_performance, latency, start, memory, idle CPU.

Beside each rate stands the ratio to a real Kafka 3.6.1 measured once on a machine of the same kind (two cores, one
partition, uncompressed); that Kafka can't be installed from Debian or PyPI, so it isn't measured in the same run.
"""
import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

from confluent_kafka import Producer

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HERE = os.path.join(ROOT, "Benchmarks")
BINARY = os.path.join(ROOT, ".build/release/millrace")
SOURCE = "/usr/share/doc/librdkafka-dev/examples/rdkafka_performance.c"
TICKS = os.sysconf("SC_CLK_TCK")
# messages/s; the higher end where a range was measured.
KAFKA = {("produce", 100): 457e3, ("produce", 1024): 210e3, ("consume", 100): 974e3, ("consume", 1024): 568e3}


def performance_tool(directory):
    """rdkafka_performance, built from Debian's copy."""
    folder = os.path.join(directory, "rdkafka_performance")
    shutil.copytree(os.path.join(HERE, "rdkafka_performance"), folder)
    os.mkdir(os.path.join(folder, "examples"))
    shutil.copy(SOURCE, os.path.join(folder, "examples"))
    tool = os.path.join(directory, "tool")
    subprocess.run(
        ["gcc", "-O2", "-w", "-D_GNU_SOURCE", "-I", f"{folder}/src", "-o", tool,
         f"{folder}/examples/rdkafka_performance.c", "-lrdkafka", "-lpthread", "-lz", "-lm"], check=True)
    return tool


class Broker:
    def __init__(self, data):
        self.data = data
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            [BINARY, "broker", "--data", data, "--listen", self.address], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except ConnectionRefusedError:
                if self.process.poll() is not None:
                    raise SystemExit("the broker ended")
                time.sleep(0.0005)
        self.start_seconds = time.perf_counter() - begin

    def cpu(self):
        """Seconds in the program, seconds in the kernel."""
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) / TICKS, int(fields[12]) / TICKS

    def resident(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024

    def stop(self, kill=False):
        self.process.kill() if kill else self.process.terminate()
        self.process.wait()


def rate(tool, broker, arguments):
    """messages/s, seconds of server CPU in program and kernel, messages."""
    before = broker.cpu()
    done = subprocess.run([tool, "-b", broker.address, "-q", *arguments], capture_output=True, text=True)
    text = done.stdout + done.stderr
    match = re.findall(r"(\d+) messages .*(?:produced|consumed).* (\d+) msgs/s", text)
    if not match:
        raise SystemExit(f"rdkafka_performance {' '.join(arguments)}: {text}")
    after = broker.cpu()
    return int(match[-1][1]), after[0] - before[0], after[1] - before[1], int(match[-1][0])


def throughput(tool, runs):
    print(f"{'':28}{'messages/s':>12}{'MB/s':>8}{'× Kafka 3.6.1':>15}{'server µs/record':>18}{'in kernel':>11}")
    cases = [("produce", size, acks) for size in (100, 1024) for acks in (1, -1)]
    cases += [("consume", 100, None), ("consume", 1024, None)]
    results = {case: [] for case in cases}
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="millrace-bench") as data:
            broker = Broker(data)
            for case in cases:
                what, size, acks = case
                if what == "produce":
                    count = 3_000_000 if size == 100 else 1_000_000
                    arguments = ["-P", "-t", f"t{size}a{acks}", "-p", "0", "-s", str(size), "-c", str(count), "-a",
                                 str(acks), "-X", "queue.buffering.max.messages=500000", "-X", "linger.ms=5"]
                else:
                    arguments = ["-C", "-t", f"t{size}a1", "-p", "0", "-o", "beginning", "-e"]
                results[case].append(rate(tool, broker, arguments))
            broker.stop()
    for case in cases:
        what, size, acks = case
        rates, user, system, counts = zip(*results[case])
        middle = statistics.median(rates)
        label = f"{what} {size} B" + (f", acks {'all' if acks == -1 else acks}" if acks else "")
        cpu = sum(user) + sum(system)
        print(f"{label:28}{middle:>12,.0f}{middle * size / 1e6:>8.0f}{middle / KAFKA[what, size]:>15.1f}"
              f"{cpu / sum(counts) * 1e6:>18.2f}{sum(system) / max(cpu, 1e-9):>11.0%}", flush=True)


def latency(seconds):
    """From produce() to the acknowledgement, 500 records a second, acks all, no lingering."""
    with tempfile.TemporaryDirectory(prefix="millrace-bench") as data:
        broker = Broker(data)
        producer = Producer({"bootstrap.servers": broker.address, "linger.ms": 0, "acks": "all"})
        times = []

        def send():
            begin = time.perf_counter()
            producer.produce("latency", b"x" * 100, on_delivery=lambda error, _: error or times.append(
                time.perf_counter() - begin))

        send()
        producer.flush()
        times.clear()
        due = time.perf_counter()
        for _ in range(500 * seconds):
            send()
            due += 0.002
            while (left := due - time.perf_counter()) > 0:
                producer.poll(min(left, 0.001))
        producer.flush()
        broker.stop()
    times.sort()
    print(f"produce latency at 500/s: p50 {times[len(times) // 2] * 1e3:.2f} ms, "
          f"p99 {times[len(times) * 99 // 100] * 1e3:.2f} ms, most {times[-1] * 1e3:.1f} ms "
          f"({len(times)} records; Kafka 3.6.1: p50 0.43 ms, p99 4.7 ms)")


def start_and_idle(tool, seconds):
    with tempfile.TemporaryDirectory(prefix="millrace-bench") as data:
        broker = Broker(data)
        rate(tool, broker, ["-P", "-t", "big", "-p", "0", "-s", "1024", "-c", "1000000", "-a", "1",
                            "-X", "queue.buffering.max.messages=500000"])
        broker.stop()
        starts = {}
        for how, kill in (("after an orderly end", False), ("after kill -9", True)):
            starts[how] = []
            for _ in range(5):
                broker = Broker(data)
                starts[how].append(broker.start_seconds * 1e3)
                broker.stop(kill)
        # The first start of the second list followed an orderly end, the last kill is followed by this one.
        broker = Broker(data)
        starts["after kill -9"] = starts["after kill -9"][1:] + [broker.start_seconds * 1e3]
        for how, values in starts.items():
            print(f"start with 1 GB of log {how}: median {statistics.median(values):.0f} ms, "
                  f"most {max(values):.0f} ms (Kafka 3.6.1: 3300 ms)")
        before = broker.cpu()
        time.sleep(seconds)
        after = broker.cpu()
        print(f"idle for {seconds} s with 1 GB of log: {broker.resident():.1f} MB resident (Kafka 3.6.1: 335 MB), "
              f"{(sum(after) - sum(before)) / seconds:.2%} of a core")
        broker.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10, help="of the latency and the idle measurement")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="millrace-bench") as directory:
        tool = performance_tool(directory)
        throughput(tool, arguments.runs)
        latency(arguments.seconds)
        start_and_idle(tool, arguments.seconds)


if __name__ == "__main__":
    main()
