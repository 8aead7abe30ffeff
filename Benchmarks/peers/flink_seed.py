"""The seed's query in Flink: a directory of documents, one a line → rows → lines. usage: flink_seed.py IN OUT THREADS"""
import os
import sys

from pyflink.table import EnvironmentSettings, TableEnvironment

source, target, threads = sys.argv[1:4]


def escaped(column):
    return f"""REPLACE(REPLACE({column}, '\\', '\\\\'), '"', '\\"')"""


table = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
table.get_config().set("parallelism.default", str(int(threads)))
table.execute_sql(
    f"""
    CREATE TABLE documents (data ARRAY<ROW<`ID Nation` STRING, Nation STRING, `ID Year` INT, `Year` STRING,
      Population INT, `Slug Nation` STRING>>)
    WITH ('connector' = 'filesystem', 'path' = 'file://{os.path.abspath(source)}', 'format' = 'json')
    """
)
table.execute_sql(
    f"""
    CREATE TABLE lines (line STRING)
    WITH ('connector' = 'filesystem', 'path' = 'file://{os.path.abspath(target)}', 'format' = 'raw')
    """
)
table.execute_sql(
    f"""
    INSERT INTO lines
    SELECT CONCAT('population_data ID_Nation="', {escaped("i")}, '",Nation="', {escaped("n")},
      '",ID_Year=', CAST(y AS STRING), ',Year="', {escaped("t")}, '",Population=', CAST(p AS STRING),
      ',Slug_Nation="', {escaped("s")}, '"')
    FROM documents CROSS JOIN UNNEST(data) AS r (i, n, y, t, p, s)
    """
).wait()
