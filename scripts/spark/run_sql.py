"""run_sql.py SCRIPT.sql...: runs each script with a real Spark, as `millrace query` does with the same file.

The rows of its last statement go to SCRIPT.sql.spark, an object a line with its nulls. When Spark refuses the data
(ANSI) it has the error's class in brackets alone. A statement ends with a semicolon at the end of a line.
"""

import re
import sys

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession


def session():
    spark = (
        SparkSession.builder.master("local[2]")
        .appName("millrace-comparison")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    return spark


def write(frame, path):
    """Spark's own JSON of each row: what a number, a text and a time are is visible, and so are nulls."""
    try:
        rows = frame.selectExpr("to_json(struct(*), map('ignoreNullFields', 'false')) AS row").collect()
        lines = [row.row for row in rows]
    except PySparkException as error:
        lines = [f"[{error.getCondition()}]"]
    with open(path + ".spark", "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


def main(paths):
    spark = session()
    for path in paths:
        with open(path, encoding="utf-8") as file:
            statements = [text for text in re.split(r";[ \t]*(?:\n|$)", file.read()) if text.strip()]
        for statement in statements:
            frame = spark.sql(statement)
        write(frame, path)
        for table in spark.catalog.listTables():
            spark.catalog.dropTempView(table.name)
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
