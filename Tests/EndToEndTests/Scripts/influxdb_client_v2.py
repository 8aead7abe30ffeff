"""influxdb_client_v2.py PORT: the client of InfluxDB 2.x writes; the bucket is read with InfluxQL."""

import sys

from influxdb import InfluxDBClient as V1
from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS, WriteOptions

port = sys.argv[1]
with InfluxDBClient(f"http://127.0.0.1:{port}", token="any", org="any", enable_gzip=True) as client:
    assert client.ping()
    writer = client.write_api(write_options=SYNCHRONOUS)
    writer.write(
        "case_two", record=Point("m").tag("t", "a b").field("n", 7).field("s", "é").time(1_600_000_000, WritePrecision.S))
    writer.write("case_two", record={"measurement": "m", "tags": {"t": "c"}, "fields": {"n": 8}, "time": 1_600_000_001_000},
                 write_precision=WritePrecision.MS)
    # Batches from a thread of the client's own.
    with client.write_api(write_options=WriteOptions(batch_size=50, flush_interval=100)) as batches:
        for n in range(120):
            batches.write("case_two", record=f"batched n={n}i {1_600_000_000_000_000_000 + n}")
reader = V1("127.0.0.1", int(port), database="case_two")
rows = list(reader.query("SELECT t, n, s FROM m").get_points())
assert rows == [
    {"time": "2020-09-13T12:26:40Z", "t": "a b", "n": 7, "s": "é"},
    {"time": "2020-09-13T12:26:41Z", "t": "c", "n": 8, "s": None},
], rows
assert [row["sum"] for row in reader.query("SELECT sum(n) FROM batched").get_points()] == [sum(range(120))]
print("v2 ok")
