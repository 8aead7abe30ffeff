#!/usr/bin/env python3
"""From a record in the topic to its row at the sink.

A Kafka client (librdkafka) sends records at a fixed rate to the chain's own log; each carries the moment at which it
was handed to the client. `millrace run` runs a streaming query with the default trigger over the topic and writes its
rows to an InfluxDB, whose place a small server in this process takes: it notes when a request with the row has come. So
the figure has in it the client's sending, the append, the micro-batch with its checkpoint, and the request to the store.
Both clocks are the same one. Prints a line of JSON for each query and number of partitions.
"""
import argparse
import gc
import json
import subprocess
import sys
import time

from confluent_kafka import Producer

from chain import Chain

SCHEMA = "key STRING, sent BIGINT, number BIGINT"
QUERIES = {
    "rows": ("append", "SELECT key, sent, number, at FROM events"),
    # The last record of each group in each micro-batch.
    "groups": ("update", "SELECT key, max(sent) AS sent, count(*) AS number, max(at) AS at FROM events GROUP BY key"),
}


def produce(address, rate, seconds, keys, padding):
    """Sends in steps of a millisecond."""
    gc.disable()
    producer = Producer(
        {"bootstrap.servers": address, "linger.ms": 0, "acks": "1", "queue.buffering.max.messages": 10**6})
    begin = time.time_ns()
    number = 0
    while number < rate * seconds:
        due = min(int((time.time_ns() - begin) * rate / 1e9), int(rate * seconds))
        while number < due:
            now = time.time_ns()
            producer.produce(
                "events", f'{{"key":"k{number % keys}","sent":{now},"number":{number},"text":"{padding}"}}',
                key=f"{number}")
            number += 1
        producer.poll(0)
        time.sleep(0.001)
    took = (time.time_ns() - begin) / 1e9
    producer.flush()
    print(f"{number / took:.0f}", flush=True)


def percentile(values, part):
    return round(values[min(len(values) - 1, int(len(values) * part))], 2)


def measure(name, partitions, options):
    rows = []

    def take(body, come):
        for line in body.splitlines():
            at = line.find(b"sent=")
            if at >= 0:
                rows.append((int(line[at + 5:line.index(b"i", at + 5)]), come))

    mode, select = QUERIES[name]
    chain = Chain(
        select, SCHEMA, take, mode, "    tags: [key]\n    identity: [number]", partitions, directory=options.directory)
    try:
        chain.start()
        # A process of its own, so that sending and receiving don't wait for each other.
        sender = subprocess.Popen(
            [sys.executable, __file__, "--produce", chain.kafka, "--rate", str(options.rate), "--seconds",
             str(options.seconds + options.warm_up)], stdout=subprocess.PIPE, text=True)
        rate = int(sender.communicate()[0])
        count = -1
        while count < len(rows):
            count = len(rows)
            time.sleep(1)
        start = min(sent for sent, _ in rows) + int(options.warm_up * 1e9)
        delays = sorted((come - sent) / 1e6 for sent, come in rows if sent >= start)
        if name == "rows" and len(delays) < options.rate * options.seconds * 0.99:
            sys.exit(f"{len(delays)} rows of {options.rate * options.seconds:.0f}")
        return {
            "bench": "latency", "query": name, "partitions": partitions, "offered_per_s": options.rate,
            "sent_per_s": rate, "rows": len(delays), "p50_ms": percentile(delays, 0.5),
            "p90_ms": percentile(delays, 0.9), "p99_ms": percentile(delays, 0.99),
            "p999_ms": percentile(delays, 0.999), "max_ms": round(delays[-1], 2),
            "batches_per_s": round(chain.batches() / (options.seconds + options.warm_up)),
            "chain_cpu_s": round(chain.cpu(), 1),
        }
    finally:
        chain.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20, help="measured")
    parser.add_argument("--warm-up", type=float, default=3, help="seconds before that")
    parser.add_argument("--queries", default="rows,groups")
    parser.add_argument("--partitions", default="1,4")
    parser.add_argument("--directory", help="where the data goes: the disk that counts (default: TMPDIR)")
    parser.add_argument("--produce", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.produce:
        return produce(options.produce, options.rate, options.seconds, 100, "x" * 60)
    for name in options.queries.split(","):
        for partitions in map(int, options.partitions.split(",")):
            print(json.dumps(measure(name, partitions, options)), flush=True)


if __name__ == "__main__":
    main()
