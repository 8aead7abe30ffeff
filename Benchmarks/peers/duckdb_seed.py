"""The seed's query in DuckDB: newline-delimited documents → rows → lines. usage: duckdb_seed.py IN OUT THREADS"""
import sys

import duckdb

source, target, threads = sys.argv[1:4]
ROW = """STRUCT("ID Nation" VARCHAR, "Nation" VARCHAR, "ID Year" INTEGER, "Year" VARCHAR, "Population" INTEGER,
  "Slug Nation" VARCHAR)"""


def escaped(column):
    return f"""replace(replace(r."{column}", '\\', '\\\\'), '"', '\\"')"""


connection = duckdb.connect()
connection.execute(f"SET threads = {int(threads)}")
connection.execute("SET preserve_insertion_order = false")
connection.execute(
    f"""COPY (
      SELECT concat(
        'population_data ID_Nation="', {escaped("ID Nation")}, '",Nation="', {escaped("Nation")},
        '",ID_Year=', r."ID Year", ',Year="', {escaped("Year")}, '",Population=', r."Population",
        ',Slug_Nation="', {escaped("Slug Nation")}, '"')
      FROM (SELECT unnest(data) AS r FROM read_json(
        '{source}', format = 'newline_delimited', columns = {{data: '{ROW}[]'}}))
    ) TO '{target}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"""
)
