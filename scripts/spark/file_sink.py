"""file_sink.py read DIR FORMAT DDL | write IN DIR: directories of Spark's file sink, with a real Spark.

`read` prints the rows of a directory as JSON, sorted: as a batch, then as a stream. `write` writes the JSON lines of IN,
a micro-batch a file, into DIR.
"""

import sys

from pyspark.sql import SparkSession


def session():
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    return spark


def show(frame):
    rows = frame.selectExpr("to_json(struct(*), map('ignoreNullFields', 'false')) AS row").collect()
    for row in sorted(row.row for row in rows):
        print("row", row)


def read(directory, form, ddl):
    spark = session()
    show(spark.read.schema(ddl).format(form).load(directory))
    print("stream")
    stream = spark.readStream.schema(ddl).format(form).load(directory)
    query = stream.writeStream.format("memory").queryName("seen").trigger(availableNow=True).start()
    query.awaitTermination()
    show(spark.table("seen"))


def write(source, directory):
    spark = session()
    stream = spark.readStream.schema("a INT, b STRING, day STRING").option("maxFilesPerTrigger", 1).json(source)
    query = (
        stream.writeStream.format("json")
        .partitionBy("day")
        .option("compression", "gzip")
        .option("checkpointLocation", directory + ".checkpoint")
        .trigger(availableNow=True)
        .start(directory)
    )
    query.awaitTermination()


{"read": read, "write": write}[sys.argv[1]](*sys.argv[2:])
