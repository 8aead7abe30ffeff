"""seed_query.py DOCUMENTS...: the population query as a Spark program writes it, with the DataFrame API.

Each file has a document a line. Its rows go to DOCUMENTS.spark, as run_sql.py writes them.
"""

import sys

from pyspark.sql.functions import col, explode, from_json
from pyspark.sql.types import ArrayType, IntegerType, StringType, StructField, StructType

from run_sql import session, write

TEXT = StringType()


def struct(**types):
    return StructType([StructField(name.replace("__", " "), kind) for name, kind in types.items()])


YEAR = struct(ID__Nation=TEXT, Nation=TEXT, ID__Year=IntegerType(), Year=TEXT, Population=IntegerType(), Slug__Nation=TEXT)
ANNOTATIONS = struct(
    **dict.fromkeys(
        ["source_name", "source_description", "dataset_name", "dataset_link", "table_id", "topic", "subtopic"], TEXT
    )
)
SOURCE = struct(measures=ArrayType(TEXT), annotations=ANNOTATIONS, name=TEXT, substitutions=ArrayType(TEXT))


def rows(documents):
    parsed = documents.select(from_json(col("value"), struct(data=ArrayType(YEAR), source=ArrayType(SOURCE))).alias("parsed"))
    year = parsed.select(explode("parsed.data").alias("year"))
    return year.select(*[col(f"year.`{name}`").alias(name.replace(" ", "_")) for name in YEAR.fieldNames()])


if __name__ == "__main__":
    spark = session()
    for path in sys.argv[1:]:
        write(rows(spark.read.text(path)), path)
    spark.stop()
