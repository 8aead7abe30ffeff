"""The seed's query in Spark: text file of documents → from_json → explode → lines.
usage: spark_seed.py IN OUT THREADS [seed|group|dedup]"""
import sys

from pyspark.sql import SparkSession

source, target, threads = sys.argv[1:4]
job = sys.argv[4] if len(sys.argv) > 4 else "seed"


def escaped(column):
    return f"""replace(replace({column}, '\\\\', '\\\\\\\\'), '"', '\\\\"')"""


LINE = f"""concat(
  'population_data ID_Nation="', {escaped("n.`ID Nation`")}, '",Nation="', {escaped("n.Nation")},
  '",ID_Year=', n.`ID Year`, ',Year="', {escaped("n.Year")}, '",Population=', n.Population,
  ',Slug_Nation="', {escaped("n.`Slug Nation`")}, '"') AS value"""
GROUP_LINE = f"""concat(
  'population_data Nation="', {escaped("n.Nation")}, '",ID_Year=', n.`ID Year`, ',Figures=', count(*),
  ',Total=', sum(n.Population), ',Mean=', avg(n.Population), ',Least=', min(n.Population),
  ',Most=', max(n.Population)) AS value"""

spark = (
    SparkSession.builder.appName("seed")
    .master(f"local[{int(threads)}]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.memory", "4g")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.sql.shuffle.partitions", threads)
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
spark.read.text(source).createOrReplaceTempView("documents")
rows = spark.sql(
    """
    SELECT explode(parsed.data) AS n FROM (
      SELECT from_json(value, 'data ARRAY<STRUCT<`ID Nation`: STRING, Nation: STRING, `ID Year`: INT, Year: STRING,
        Population: INT, `Slug Nation`: STRING>>') AS parsed
      FROM documents)
    """
)
if job == "dedup":
    rows = rows.selectExpr("n", "n.Year", "n.Population").dropDuplicates(["Year", "Population"])
rows.createOrReplaceTempView("rows")
if job == "group":
    lines = spark.sql(f"SELECT {GROUP_LINE} FROM rows GROUP BY n.Nation, n.`ID Year`")
else:
    lines = spark.sql(f"SELECT {LINE} FROM rows")
lines.write.mode("overwrite").text(target)
spark.stop()
