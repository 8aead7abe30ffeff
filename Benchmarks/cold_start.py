#!/usr/bin/env python3
"""Cold start and memory of the whole chain running the example.

From starting the process, on an empty data directory, to the first population figure in the dashboard's own answer;
then the resident memory after some seconds of running. Prints one line of JSON.
"""
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.path.join(ROOT, ".build/release/millrace")
RUNS = int(os.environ.get("RUNS", "5"))
SECONDS = float(os.environ.get("SECONDS_RUNNING", "15"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def example():
    """A copy of the example on free ports, so that nothing else is disturbed."""
    directory = tempfile.mkdtemp(prefix="millrace-bench")
    target = os.path.join(directory, "population")
    shutil.copytree(os.path.join(ROOT, "examples/population"), target, ignore=shutil.ignore_patterns("var"))
    ports = {p: free_port() for p in (9092, 8086, 3000, 8071)}
    for folder, _, names in os.walk(target):
        for name in names:
            path = os.path.join(folder, name)
            with open(path) as f:
                text = f.read()
            for old, new in ports.items():
                text = text.replace(f":{old}", f":{new}")
            with open(path, "w") as f:
                f.write(text)
    return target, ports


def first_point(page):
    """True when the dashboard's data source answers with a population figure."""
    query = {
        "queries": [{
            "refId": "A", "datasource": {"type": "influxdb", "uid": "millrace"}, "rawQuery": True,
            "query": "SELECT last(\"Population\") FROM \"population_data\"", "resultFormat": "time_series",
        }],
        "from": "2000-01-01T00:00:00Z", "to": str(int(time.time() * 1000)),
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{page}/api/ds/query", json.dumps(query).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=1) as response:
            frames = json.load(response)["results"]["A"].get("frames", [])
    except (OSError, KeyError, ValueError):
        return False
    return any(any(v is not None for v in column) for f in frames for column in f["data"]["values"][1:])


def resident(pid, key):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(key)) / 1024


def run(seconds):
    target, ports = example()
    log = open(os.path.join(target, "log"), "w")
    started = time.monotonic()
    process = subprocess.Popen([BINARY, "run", target], stdout=log, stderr=log)
    try:
        while not first_point(ports[3000]):
            if process.poll() is not None or time.monotonic() - started > 30:
                sys.exit(f"no point: {open(log.name).read()}")
            time.sleep(0.005)
        cold = time.monotonic() - started
        time.sleep(seconds)
        return cold, resident(process.pid, "VmRSS"), resident(process.pid, "VmHWM")
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(os.path.dirname(target))


colds = [run(0)[0] for _ in range(RUNS - 1)]
cold, rss, peak = run(SECONDS)
colds.append(cold)
print(json.dumps({
    "bench": "cold start", "first_point_s_median": round(statistics.median(colds), 3),
    "first_point_s_max": round(max(colds), 3), "runs": RUNS, "rss_MB": round(rss, 1), "rss_peak_MB": round(peak, 1),
    "after_s": SECONDS,
}))
