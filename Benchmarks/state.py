#!/usr/bin/env python3
"""Memory and time of a streaming query's state: millions of distinct keys (16 characters), counted and summed, or
dropped as duplicates; in memory, and with little memory, so that most of it lies in files.

The topic is filled first. After the last micro-batch one more brings a thousand keys again and, for the deduplication,
a thousand new ones: the rows that come out say whether the state is right. Prints a line of JSON for each run.
"""
import argparse
import json
import os
import threading
import time

from chain import Chain, fill

SCHEMA = "items ARRAY<STRUCT<key: STRING, n: INT>>"
ROWS = "(SELECT i.key, i.n, at FROM (SELECT explode(items) AS i, at FROM events))"
QUERIES = {
    # The keys that come again come out; all the others are counted in silence.
    "groups": (
        "update", "SELECT key, count(*) AS c, sum(n) AS total, max(at) AS at FROM {} GROUP BY key HAVING count(*) > 1"),
    # Only the last micro-batch's rows pass the filter, which stands behind the deduplication.
    "duplicates": ("append", "SELECT key, n, at FROM (SELECT * FROM {} DEDUPLICATE BY (key)) WHERE n < 0"),
}
PER_DOCUMENT = 1000


def key(number):
    """Distinct for distinct numbers, in no order."""
    return f"{number * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF:016x}"


def document(numbers, n):
    return '{"items":[' + ",".join(f'{{"key":"{key(i)}","n":{n}}}' for i in numbers) + "]}"


def documents(keys):
    for start in range(0, keys, PER_DOCUMENT):
        yield document(range(start, start + PER_DOCUMENT), 1)
    yield document([*range(0, keys, keys // PER_DOCUMENT)][:PER_DOCUMENT] + [*range(keys, keys + PER_DOCUMENT)], -1)


def files(path):
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)


def measure(name, memory, options):
    lock, count = threading.Lock(), [0]

    def take(body, _):
        with lock:
            count[0] += body.count(b"total=" if name == "groups" else b"n=-1i")

    mode, select = QUERIES[name]
    settings = f"    tags: [key]\n    trigger: AvailableNow\n    stateMemory: {memory}"
    chain = Chain(
        select.format(ROWS), SCHEMA, take, mode, settings, directory=options.directory,
        options=f", maxOffsetsPerTrigger '{options.keys_per_batch // PER_DOCUMENT}'")
    try:
        fill(chain, documents(options.keys))
        number = -(-(options.keys // PER_DOCUMENT + 1) // (options.keys_per_batch // PER_DOCUMENT))
        started = time.monotonic()
        chain.start()
        chain.wait(lambda: chain.batches() >= number, 3600)
        seconds = time.monotonic() - started
        # The last micro-batch is committed; what follows a commit follows now.
        time.sleep(1)
        peak = chain.memory()
        if count[0] != PER_DOCUMENT:
            raise SystemExit(f"{count[0]} keys came out, not {PER_DOCUMENT}")
        return {
            "bench": "state", "query": name, "keys": options.keys + PER_DOCUMENT, "state_memory": memory,
            "peak_MB": round(peak), "peak_bytes_per_key": round(peak * 2**20 / options.keys),
            "seconds": round(seconds, 1), "cpu_s": round(chain.cpu(), 1), "keys_per_s": round(options.keys / seconds),
            "files_MB": round(files(f"{chain.data}/checkpoints/q/state") / 1e6),
        }
    finally:
        chain.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=10_000_000)
    parser.add_argument("--keys-per-batch", type=int, default=250_000)
    parser.add_argument("--queries", default="groups,duplicates")
    parser.add_argument("--memory", default="2GB,64MB", help="stateMemory, in turn")
    parser.add_argument("--directory", help="where the data goes (default: TMPDIR)")
    options = parser.parse_args()
    for name in options.queries.split(","):
        for memory in options.memory.split(","):
            print(json.dumps(measure(name, memory, options)), flush=True)


if __name__ == "__main__":
    main()
