"""The seed's query in Polars: newline-delimited documents → rows → lines. usage: polars_seed.py IN OUT THREADS"""
import os
import sys

source, target, threads = sys.argv[1:4]
# Read when the library is loaded.
os.environ["POLARS_MAX_THREADS"] = threads
import polars  # noqa: E402

ROW = polars.Struct(
    {
        "ID Nation": polars.String, "Nation": polars.String, "ID Year": polars.Int32, "Year": polars.String,
        "Population": polars.Int32, "Slug Nation": polars.String,
    }
)


def escaped(name):
    text = polars.col(name)
    for mark in ("\\", '"'):
        text = text.str.replace_all(mark, "\\" + mark, literal=True)
    return text


rows = polars.scan_ndjson(source, schema={"data": polars.List(ROW)}).explode("data").unnest("data")
line = polars.format(
    'population_data ID_Nation="{}",Nation="{}",ID_Year={},Year="{}",Population={},Slug_Nation="{}"',
    escaped("ID Nation"), escaped("Nation"), "ID Year", escaped("Year"), "Population", escaped("Slug Nation"),
)
rows.select(line).sink_csv(target, include_header=False, quote_style="never")
