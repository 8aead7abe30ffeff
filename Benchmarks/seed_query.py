#!/usr/bin/env python3
"""The seed's query, file to line protocol, beside DuckDB and Spark: one input, one run, whole processes.

Millrace runs it as a user would: `millrace query Benchmarks/seed.sql --format influxdb …`, from the release build.

--job group and --job dedup are the same with GROUP BY nation and year, and with each year and population once.

Millrace and its peers (--peers, by default DuckDB and Spark; Polars and Flink for the seed's query only) read the same
file of documents and write lines; runs alternate, medians count. Their outputs must be the same set of lines (dedup: of years and populations; which of several rows stays, two
threads leave to chance in DuckDB and Spark). The last line is JSON, for other programs.

--mark PROGRAM measures a program built from the shared bench/limit.cpp too: simdjson on one core, reading and writing left
out. Beside it stands the CPU time that Millrace with one lane spends outside of the system.

usage: seed_query.py [--job seed|group|dedup] [--peers duckdb,polars,spark,flink] [--no-spark] [--mark PROGRAM]
                     [--documents 200000] [--runs 5] [--threads 2] [--keep]
"""
import argparse
import ctypes
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
GENERATOR = os.path.join(os.path.dirname(ROOT), "shared/bench/gen.py")


def generate(path, documents):
    """The shared generator where it is, else documents of the same shape."""
    shared = os.environ.get("MILLRACE_SHARED")
    generator = os.path.join(shared, "bench/gen.py") if shared else GENERATOR
    if os.path.exists(generator):
        subprocess.run([sys.executable, generator, str(documents), path], check=True)
        return
    dice = random.Random(7)
    names = ["Côte d'Ivoire", 'The "Quoted" Isles', "Korea, Republic of"] + [f"Nation {i}" for i in range(197)]
    annotations = {key: "words about the survey " * 3 for key in ("source_name", "dataset_name", "topic", "table_id")}
    source = json.dumps([{"measures": ["Population"], "annotations": annotations, "name": "acs5", "substitutions": []}])
    with open(path, "w") as out:
        for _ in range(documents):
            number = dice.randrange(len(names))
            rows = [
                {
                    "ID Nation": f"{number:02d}000US", "Nation": names[number], "ID Year": year, "Year": str(year),
                    "Population": dice.randrange(100_000, 1_400_000_000), "Slug Nation": f"nation-{number}",
                }
                for year in range(2022, 2012, -1)
            ]
            out.write(f'{{"data": {json.dumps(rows)}, "source": {source}}}\n')


def run(command):
    """Wall seconds of the process; CPU seconds of it and of all that it started, also what outlives it (Spark's JVM)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    wall = None
    memory = 0
    failed = False
    while True:
        try:
            pid, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        memory = max(memory, usage.ru_maxrss // 1024)
        if pid == process.pid:
            wall = time.monotonic() - started
            failed = status != 0
    if failed:
        sys.exit(f"{' '.join(command)} failed:\n{errors.decode(errors='replace')[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory


FIGURE = re.compile(rb',Year="(\d+)",Population=(\d+)')


def meaning(job, line):
    """What of a line has to be the same."""
    if job == "dedup":
        return FIGURE.search(line).groups()
    if job == "group":
        # Numbers may be written in several ways.
        nation, *numbers = line.rsplit(b",", 6)
        return nation, tuple((name, float(value)) for name, value in (number.split(b"=") for number in numbers))
    return line


def split(source):
    """The source in eight parts, in a directory."""
    directory = source + ".parts"
    if not os.path.exists(directory):
        os.mkdir(directory)
        subprocess.run(["split", "-n", "l/8", source, os.path.join(directory, "part-")], check=True)
    return directory


def fingerprint(job, path):
    """Number of lines, and a sum over them that does not depend on their order."""
    files = [path]
    if os.path.isdir(path):
        files = [os.path.join(path, name) for name in os.listdir(path) if name.startswith("part-")]
    count, total = 0, 0
    for file in files:
        with open(file, "rb") as lines:
            for line in lines:
                count += 1
                total += hash(meaning(job, line.rstrip(b"\n")))
    return count, total & (2**64 - 1)


# Name → its Python package, the virtual environment that has it, the jobs that there are, whether it reads a directory (so
# that it can split the work).
PEERS = {
    "duckdb": ("duckdb", ".venv", ("seed", "group", "dedup"), False),
    "polars": ("polars", ".venv", ("seed",), False),
    "spark": ("pyspark", ".venv", ("seed", "group", "dedup"), False),
    "flink": ("pyflink", ".venv-flink", ("seed",), True),
}


def python_with(module, environment):
    """A Python that has the module: the checkout's or this one."""
    for python in (os.path.join(ROOT, environment, "bin/python"), sys.executable):
        if os.path.exists(python) and subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0:
            return python
    return None


def mark(program, source, command):
    """Prints what simdjson makes of the source on one core, and what Millrace does outside of the system."""
    printed = subprocess.run([program, "lp", source, "5"], check=True, capture_output=True, text=True).stdout
    theirs = float(re.search(r"median ([0-9.]+)s", printed).group(1))
    ours = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run(command, check=True, capture_output=True)
        ours.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    ours = statistics.median(ours)
    size = os.path.getsize(source)
    print(
        f"simdjson  {size / theirs / 1e6:7.0f} MB per CPU second of one core; Millrace with one lane, outside of the system: "
        f"{size / ours / 1e6:.0f}, {theirs / ours:.2f} ×"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--job", choices=["seed", "group", "dedup"], default="seed")
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", default="duckdb,spark", help="of " + ",".join(PEERS))
    parser.add_argument("--no-spark", action="store_true")
    parser.add_argument("--mark", help="a program built from bench/limit.cpp")
    parser.add_argument("--keep", action="store_true", help="keep input and outputs, and say where")
    options = parser.parse_args()
    # What a job leaves behind becomes our child, so that its CPU time counts (prctl PR_SET_CHILD_SUBREAPER).
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)

    directory = tempfile.mkdtemp(prefix="seed-query-")
    source = os.path.join(directory, "documents.ndjson")
    generate(source, options.documents)
    size = os.path.getsize(source)
    print(f"{options.job}: {options.documents} documents, {size / 1e6:.0f} MB; {options.threads} threads, {options.runs} runs")

    def output(name):
        return os.path.join(directory, f"{name}.lines")

    threads = str(options.threads)
    jobs = {"millrace": millrace(options.job, source, output("millrace"), threads)}
    for name in options.peers.split(","):
        if name not in PEERS:
            sys.exit(f"there is no peer {name}: {', '.join(PEERS)}")
        module, environment, done, wants_directory = PEERS[name]
        if name == "spark" and options.no_spark:
            continue
        if options.job not in done:
            print(f"skipped: {name} (it has no job {options.job})")
            continue
        python = python_with(module, environment)
        if python is None:
            print(f"skipped: {name} (no Python package {module}; 'make setup-bench' installs it)")
            continue
        script = os.path.join(HERE, f"peers/{name}_seed.py")
        jobs[name] = [python, script, split(source) if wants_directory else source, output(name), threads, options.job]

    times = {name: [] for name in jobs}
    for _ in range(options.runs):
        for name, command in jobs.items():
            # Emptying the output of the run before is not the query's work.
            if os.path.isdir(output(name)):
                shutil.rmtree(output(name))
            elif os.path.exists(output(name)):
                os.remove(output(name))
            times[name].append(run(command))

    result = {"job": options.job, "bytes": size, "threads": options.threads}
    prints = {name: fingerprint(options.job, output(name)) for name in jobs}
    for name, measured in times.items():
        wall, cpu = (statistics.median(values) for values in list(zip(*measured))[:2])
        memory = max(values[2] for values in measured)
        result[name] = {"MBps": size / wall / 1e6, "cpuMBps": size / cpu / 1e6, "rssMB": memory, "lines": prints[name][0]}
        print(
            f"{name:9} {size / wall / 1e6:7.0f} MB/s  {size / cpu / 1e6:7.0f} MB per CPU second"
            f"  {memory:6} MB resident  {prints[name][0]} lines"
        )
    for name in jobs:
        if name == "millrace":
            continue
        wall = result["millrace"]["MBps"] / result[name]["MBps"]
        cpu = result["millrace"]["cpuMBps"] / result[name]["cpuMBps"]
        result[f"ratio_{name}"] = wall
        print(f"Millrace is {wall:.1f} × {name} ({cpu:.1f} × by CPU time)")
    if options.mark:
        mark(options.mark, source, millrace(options.job, source, output("millrace"), "1"))
    is_same = len(set(prints.values())) == 1
    print("outputs: the same lines" if is_same else f"outputs DIFFER: {prints}")
    if options.keep:
        print(f"kept in {directory}")
    else:
        shutil.rmtree(directory)
    print(json.dumps(result))
    sys.exit(0 if is_same else 1)


def millrace(job, source, target, threads):
    return [
        os.path.join(ROOT, ".build/release/millrace"), "query", os.path.join(HERE, f"{job}.sql"), "--input", source,
        "--output", target, "--format", "influxdb", "--measurement", "population_data", "--server-time",
        "--integers-as-floats", "--lanes", threads,
    ]


if __name__ == "__main__":
    main()
