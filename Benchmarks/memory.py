#!/usr/bin/env python3
"""Resident memory for a gigabyte of input: the seed's query from a file to line protocol, and from a topic to the
store.

Prints a line of JSON for each.
"""
import argparse
import json
import os
import re
import shutil
import tempfile
import time

from chain import Chain, fill
from seed_query import generate, millrace, run

SEED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seed.sql")
PER_BATCH = 20_000


def file_to_lines(source):
    target = source + ".lines"
    wall, cpu, memory = run(millrace(source, target, "2"))
    size = os.path.getsize(source)
    os.remove(target)
    return {
        "bench": "memory", "path": "file to line protocol", "input_MB": round(size / 1e6), "peak_MB": memory,
        "seconds": round(wall, 1), "cpu_s": round(cpu, 1)}


def topic_to_store(source):
    """The store is the chain's own, in the same process."""
    with open(SEED) as f:
        text = f.read()
    schema = re.search(r"from_json\(value, '(.*?)'\)", text, re.S).group(1)
    select = (
        "SELECT n.`ID Nation` AS ID_Nation, n.Nation, n.`ID Year` AS ID_Year, n.Population,"
        " n.`Slug Nation` AS Slug_Nation, try_cast(n.Year AS TIMESTAMP) AS at"
        " FROM (SELECT explode(data) AS n FROM events)")
    chain = Chain(
        select, schema, settings="    tags: [ID_Nation]\n    trigger: AvailableNow",
        options=f", maxOffsetsPerTrigger '{PER_BATCH}'")
    try:
        with open(source, "rb") as lines:
            count = 0

            def documents():
                nonlocal count
                for line in lines:
                    count += 1
                    yield line.rstrip(b"\n")

            fill(chain, documents())
        started = time.monotonic()
        chain.start()
        chain.wait(lambda: chain.batches() >= -(-count // PER_BATCH), 3600)
        peak = chain.memory()
        return {
            "bench": "memory", "path": "topic to store", "input_MB": round(os.path.getsize(source) / 1e6),
            "peak_MB": round(peak), "seconds": round(time.monotonic() - started, 1),
            "cpu_s": round(chain.cpu(), 1)}
    finally:
        chain.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=560_000, help="about 1.8 KB each")
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="millrace-memory")
    try:
        source = os.path.join(directory, "documents.ndjson")
        generate(source, options.documents)
        for measure in (file_to_lines, topic_to_store):
            print(json.dumps(measure(source)), flush=True)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
