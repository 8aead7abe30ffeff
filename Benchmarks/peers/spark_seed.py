"""The seed's query in Spark: text file of documents → from_json → explode → lines. usage: spark_seed.py IN OUT THREADS"""
import sys

from pyspark.sql import SparkSession

source, target, threads = sys.argv[1:4]


def escaped(column):
    return f"""replace(replace({column}, '\\\\', '\\\\\\\\'), '"', '\\\\"')"""


spark = (
    SparkSession.builder.appName("seed")
    .master(f"local[{int(threads)}]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.memory", "4g")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.host", "127.0.0.1")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
spark.read.text(source).createOrReplaceTempView("documents")
spark.sql(
    f"""
    SELECT concat(
      'population_data ID_Nation="', {escaped("n.`ID Nation`")}, '",Nation="', {escaped("n.Nation")},
      '",ID_Year=', n.`ID Year`, ',Year="', {escaped("n.Year")}, '",Population=', n.Population,
      ',Slug_Nation="', {escaped("n.`Slug Nation`")}, '"') AS value
    FROM (SELECT explode(parsed.data) AS n FROM (
      SELECT from_json(value, 'data ARRAY<STRUCT<`ID Nation`: STRING, Nation: STRING, `ID Year`: INT, Year: STRING,
        Population: INT, `Slug Nation`: STRING>>') AS parsed
      FROM documents))
    """
).write.mode("overwrite").text(target)
spark.stop()
