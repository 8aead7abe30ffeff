"""The seed's query in DuckDB: newline-delimited documents → rows → lines.
usage: duckdb_seed.py IN OUT THREADS [seed|group|dedup]"""
import sys

import duckdb

source, target, threads = sys.argv[1:4]
job = sys.argv[4] if len(sys.argv) > 4 else "seed"
ROW = """STRUCT("ID Nation" VARCHAR, "Nation" VARCHAR, "ID Year" INTEGER, "Year" VARCHAR, "Population" INTEGER,
  "Slug Nation" VARCHAR)"""


def escaped(value):
    return f"""replace(replace({value}, '\\', '\\\\'), '"', '\\"')"""


rows = f"""SELECT unnest(data) AS r FROM read_json(
  '{source}', format = 'newline_delimited', columns = {{data: '{ROW}[]'}})"""
if job == "dedup":
    rows = f'SELECT first(r) AS r FROM ({rows}) GROUP BY r."Year", r."Population"'
line = f"""concat(
  'population_data ID_Nation="', {escaped('r."ID Nation"')}, '",Nation="', {escaped('r."Nation"')},
  '",ID_Year=', r."ID Year", ',Year="', {escaped('r."Year"')}, '",Population=', r."Population",
  ',Slug_Nation="', {escaped('r."Slug Nation"')}, '"')"""
if job == "group":
    rows = f"""SELECT r."Nation" AS nation, r."ID Year" AS year, count(*) AS figures, sum(r."Population") AS total,
      avg(r."Population") AS mean, min(r."Population") AS least, max(r."Population") AS most
      FROM ({rows}) GROUP BY r."Nation", r."ID Year\""""
    line = f"""concat('population_data Nation="', {escaped("nation")}, '",ID_Year=', year, ',Figures=', figures,
      ',Total=', total, ',Mean=', mean, ',Least=', least, ',Most=', most)"""

connection = duckdb.connect()
connection.execute(f"SET threads = {int(threads)}")
connection.execute("SET preserve_insertion_order = false")
connection.execute(
    f"COPY (SELECT {line} FROM ({rows})) TO '{target}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"
)
