"""Asks a real Spark for the answers in spark_4.0.1_expressions.tsv or spark_4.0.1_functions.tsv again: the
expressions are read from that file (lines of expressions alone do as well).
A line `# zone: NAME` sets the session's time zone for those below it.
usage: spark_expressions.py FILE.tsv      (needs pyspark 4.0.1 and Java 17; prints the new file)"""
import re, sys
from pyspark.sql import SparkSession

spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
         .config("spark.sql.session.timeZone", "UTC").getOrCreate())
spark.sparkContext.setLogLevel("OFF")


def answer(expression, ansi):
    spark.conf.set("spark.sql.ansi.enabled", ansi)
    try:
        frame = spark.sql("select " + expression + " as x")
        value = frame.selectExpr("cast(x as string)").collect()[0][0]
        text = "NULL" if value is None else value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
        return [frame.schema[0].dataType.simpleString(), text]
    except Exception as error:
        found = re.search(r"\[([A-Z_.0-9]+)\]", str(error))
        return ["error", found.group(1) if found else str(error).strip().split("\n")[0][:80]]


for line in open(sys.argv[1], encoding="utf8"):
    if line.startswith("#"):
        print(line, end="")
        if line.startswith("# zone: "):
            spark.conf.set("spark.sql.session.timeZone", line[8:].strip())
        continue
    expression = line.split("\t")[0].rstrip("\n")
    with_ansi, without = answer(expression, "true"), answer(expression, "false")
    print("\t".join([expression] + with_ansi + ([] if with_ansi == without else without)))
