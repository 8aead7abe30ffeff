"""Plays sequences of files to a real Spark's file source, and rate-micro-batch, each run until everything is done
(AvailableNow). One line of JSON a case: the rows of every micro-batch, and the lists of files in its checkpoint.
usage: spark_files.py [NAME ...]     (needs pyspark 4.3 and Java 17; prints the new spark_files.jsonl)
A step is a list of files: name (.gz: packed), seconds since it was modified, content; or "run", which runs the query over its
checkpoint; or ["remove", name]. $DIR in options and paths is the case's own directory, where the source is $DIR/in."""
import gzip, json, os, re, shutil, sys, tempfile, time
from pyspark.sql import SparkSession

ABC = [["b.txt", 300, "b1\nb2\n"], ["a.txt", 200, "a\n"], ["c c.txt", 100, "c\n"], ["old.txt", 2600000, "old\n"]]
TREE = ABC + [["sub/d.txt", 90, "d\n"], ["_no.txt", 80, "no\n"], [".no.txt", 80, "no\n"], ["x.csv", 70, "x\n"],
              ["half.txt._COPYING_", 60, "no\n"], ["_dir/no.txt", 50, "no\n"]]
MORE = [["e.txt", 20, "e1\r\ne2"], ["d.txt", 30, "d\n"], ["empty.txt", 10, ""]]
# name, format, columns, options, path below $DIR, steps
CASES = [
    ("all_at_once", "text", None, {}, "in", [ABC, "run", "run", MORE, "run"]),
    ("two_files", "text", None, {"maxFilesPerTrigger": "2"}, "in", [ABC, "run", MORE, "run"]),
    ("bytes", "text", None, {"maxBytesPerTrigger": "7"}, "in", [ABC, "run", MORE, "run"]),
    ("one_byte", "text", None, {"maxBytesPerTrigger": "1"}, "in", [ABC + MORE, "run"]),
    ("newest_first", "text", None, {"latestFirst": "true", "maxFilesPerTrigger": "2"}, "in", [ABC, "run", MORE, "run"]),
    ("newest_first_all", "text", None, {"latestFirst": "true"}, "in", [ABC, "run", MORE, "run"]),
    ("age", "text", None, {"maxFileAge": "200s"}, "in",
     [ABC, "run", [["late.txt", 290, "late\n"], ["too_late.txt", 310, "too late\n"]], "run"]),
    ("age_in_newest_first", "text", None, {"latestFirst": "true", "maxFilesPerTrigger": "1", "maxFileAge": "1s"}, "in",
     [ABC, "run"]),
    ("name_only", "text", None, {"fileNameOnly": "true", "recursiveFileLookup": "true"}, "in",
     [[["one/x", 50, "1"]], "run", [["two/x", 40, "2"], ["two/y", 30, "3"]], "run"]),
    ("same_name_together", "text", None, {"fileNameOnly": "true", "recursiveFileLookup": "true"}, "in",
     [[["one/x", 50, "1"], ["two/x", 40, "2"]], "run"]),
    ("hidden", "text", None, {"recursiveFileLookup": "true"}, "in", [TREE, "run"]),
    ("flat", "text", None, {"recursiveFileLookup": "false"}, "in", [TREE, "run"]),
    ("filter", "text", None, {"pathGlobFilter": "*.csv"}, "in", [TREE, "run"]),
    ("pattern", "text", None, {"recursiveFileLookup": "true"}, "in/*.txt", [TREE, "run"]),
    ("pattern_of_sets", "text", None, {"recursiveFileLookup": "true"}, "in/[a-b]*.{txt,csv}", [TREE, "run"]),
    ("pattern_of_directories", "text", None, {"recursiveFileLookup": "true"}, "in/s?b", [TREE, "run"]),
    ("nothing_yet", "text", None, {"recursiveFileLookup": "true"}, "in/*.txt", ["run", ABC, "run"]),
    ("again_under_its_name", "text", None, {}, "in", [ABC[:2], "run", [["a.txt", 5, "new\n"]], "run"]),
    ("removed_before", "text", None, {}, "in", [ABC[:2], "run", ["remove", "a.txt"], MORE, "run"]),
    ("removed_and_back", "text", None, {}, "in", [ABC[:2], "run", ["remove", "a.txt"], "run", ABC[1:2], "run"]),
    ("deleted", "text", None, {"cleanSource": "delete", "maxFilesPerTrigger": "1"}, "in", [ABC, "run", MORE, "run"]),
    ("many", "text", None, {"maxFilesPerTrigger": "1"}, "in",
     [[[f"f{i:02}", 1000 - i, f"{i}\n"] for i in range(12)], "run", [[f"g{i:02}", 900 - i, f"{i}\n"] for i in range(11)], "run"]),
    ("strange_names", "text", None, {}, "in",
     [[["a%b.txt", 90, "1"], ["a#b.txt", 80, "2"], ["ä+ö&.txt", 70, "3"], ["a(1)2.txt", 60, "4"], ["a'b\"c.txt", 50, "5"],
       ["a~b!@$=^;.txt", 40, "6"], ["a|b<c>`.txt", 30, "7"], ["日本.txt", 20, "8"]], "run"]),
    ("json", "json", "k INT, s STRING", {"maxFilesPerTrigger": "1"}, "in",
     [[["1.json", 50, '{"k":1,"s":"x"}\n\n{"k":"no"}\n{"k":\n'], ["2.json", 40, '{"s":"y"}\n{"k":3}']], "run"]),
    ("csv", "csv", "k INT, s STRING", {"header": "true"}, "in",
     [[["1.csv", 50, "k,s\n1,x\n\n2,\n"], ["2.csv", 40, "k,s\n3,\"y,z\"\n"]], "run"]),
    ("packed", "csv", "k INT, s STRING", {"header": "true"}, "in",
     [[["1.csv.gz", 50, "k,s\n1,x\n2,y\n"], ["2.csv", 40, "k,s\n3,z\n"], ["3.gz", 30, ""]], "run"]),
    ("partitions", "json", "k INT", {}, "in",
     [[["day=2026-11-24/hour=07/1.json", 50, '{"k":1}'], ["day=2026-11-24/hour=08/2.json", 40, '{"k":2}']], "run",
      [["day=2026-11-25/hour=07/3.json", 30, '{"k":3}']], "run"]),
    ("partitions_named", "json", "hour STRING, k INT, day DATE", {"maxFilesPerTrigger": "1"}, "in",
     [[["day=2026-11-24/hour=07/1.json", 50, '{"k":1,"hour":"no"}'], ["day=__HIVE_DEFAULT_PARTITION__/hour=x%20y/2.json", 40, '{"k":2}']],
      "run", [["day=2026-11-25/hour=09/3.json", 30, '{"k":3}']], "run"]),
    ("partitions_of_text", "text", None, {}, "in",
     [[["p=1/a", 50, "1"], ["p=2.5/b", 40, "2"]], "run", [["p=7/c", 30, "3"]], "run"]),
    ("partitions_of_csv", "csv", "k INT, p INT, s STRING", {"header": "true"}, "in",
     [[["p=1/a", 50, "k,s\n1,x"], ["p=2/b", 40, "k,s\n2,y"]], "run"]),
    ("partitions_come_later", "json", "k INT, p INT", {}, "in",
     ["run", [["p=1/a", 50, '{"k":1,"p":9}']], "run", [["p=2/b", 40, '{"k":2}']], "run"]),
    ("partitions_come_between", "json", "k INT, p INT", {"recursiveFileLookup": "false"}, "in",
     [[["a", 50, '{"k":1,"p":9}']], "run", [["p=2/b", 40, '{"k":2}']], "run"]),
    ("partition_that_does_not_fit", "text", None, {}, "in", [[["p=1/a", 50, "1"]], "run", [["p=x/b", 40, "2"]], "run"]),
    ("partition_of_another_name", "json", "k INT, p INT", {}, "in",
     [[["p=1/a", 50, '{"k":1}']], "run", [["q=1/b", 40, '{"k":2}']], "run"]),
    ("partition_of_another_name_alone", "json", "k INT, p INT", {"maxFilesPerTrigger": "1"}, "in",
     [[["p=1/a", 50, '{"k":1}'], ["q=1/b", 40, '{"k":2}']], "run"]),
    ("files_beside_partitions", "json", "k INT, p INT", {}, "in",
     [[["p=1/a", 50, '{"k":1}'], ["b", 40, '{"k":2,"p":9}']], "run"]),
    ("below_a_partition", "json", "k INT, p INT", {}, "in", [[["p=1/sub/a", 50, '{"k":1}'], ["p=2/b", 40, '{"k":2}']], "run"]),
    ("one_partition", "json", "k INT", {}, "in/p=1", [[["p=1/q=2/a", 50, '{"k":1}']], "run"]),
    ("pattern_of_partitions", "json", "k INT", {}, "in/p=[12]", [[["p=1/a", 50, '{"k":1}'], ["p=2/b", 40, '{"k":2}']], "run"]),
    ("base_path_of_pattern", "json", "k INT", {"basePath": "$DIR/in"}, "in/p=[12]",
     [[["p=1/a", 50, '{"k":1}'], ["p=2/b", 40, '{"k":2}'], ["p=3/c", 30, '{"k":3}']], "run"]),
    ("partitions_passed_over", "json", "k INT, p INT", {"recursiveFileLookup": "true"}, "in",
     [[["p=1/a", 50, '{"k":1}'], ["p=2/b", 40, '{"k":2,"p":9}']], "run"]),
    ("array_lines", "json", "k INT", {}, "in", [[["1.json", 50, '[{"k":1},{"k":2}]\n{"k":3}\n[]\n[1]\n']], "run"]),
    ("multi_line_json", "json", "k INT", {"multiLine": "true"}, "in",
     [[["1.json", 50, '[\n {"k":1},\n {"k":\n2}\n]\n'], ["2.json", 40, '{\n"k":3\n}'], ["3.json", 30, '{"k":']], "run"]),
    ("multi_line_csv", "csv", "k INT, s STRING", {"multiLine": "true", "header": "true"}, "in",
     [[["1.csv", 50, 'k,s\n1,"a\nb"\n\n2,c\n'], ["2.csv", 40, 'k,"s\nt"\n3,"d""\r\n"\n']], "run"]),
    ("rate", "rate-micro-batch", None, {"rowsPerBatch": "3", "startTimestamp": "1700000000000", "advanceMillisPerBatch": "1500"},
     None, ["run", "run", "run"]),
    ("rate_defaults", "rate-micro-batch", None, {"rowsPerBatch": "2"}, None, ["run", "run"]),
]

spark = (
    SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC").config("spark.driver.memory", "1g").getOrCreate()
)
spark.sparkContext.setLogLevel("OFF")


def play(source, columns, options, path, steps, folder):
    batches = []

    def take(batch, number):
        texts = batch.selectExpr(*[f"CAST(`{name}` AS STRING)" for name in batch.columns]).collect()
        batches.append(sorted(([list(row) for row in texts]), key=json.dumps))

    for step in steps:
        if step == "run":
            reader = spark.readStream.format(source).options(**{k: v.replace("$DIR", folder) for k, v in options.items()})
            if columns:
                reader = reader.schema(columns)
            try:
                frame = reader.load(f"{folder}/{path}") if path else reader.load()
                query = (frame.writeStream.option("checkpointLocation", f"{folder}/checkpoint").foreachBatch(take)
                         .trigger(availableNow=True).start())
                query.awaitTermination()
            except Exception as error:
                found = re.findall(r"\[([A-Z][A-Z_0-9.]+)\]", str(error))
                batches.append(found[-1] if found else str(error)[:300])
        elif step[0] == "remove":
            os.remove(f"{folder}/in/{step[1]}")
        else:
            for name, age, text in step:
                target = f"{folder}/in/{name}"
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with (gzip.open if name.endswith(".gz") else open)(target, "wt", newline="") as file:
                    file.write(text)
                moment = int(time.time()) - age
                os.utime(target, (moment, moment))
    return batches


def lists(folder):
    """Names of the lists, each with the paths and numbers in it."""
    found = {}
    log = f"{folder}/checkpoint/sources/0"
    for name in sorted(os.listdir(log) if os.path.isdir(log) else []):
        if not name.startswith("."):
            lines = [json.loads(line) for line in open(f"{log}/{name}", encoding="utf-8").read().split("\n")[1:]]
            found[name] = [[line["path"].replace(folder, "$DIR"), line["batchId"]] for line in lines]
    return found


wanted = sys.argv[1:]
for name, source, columns, options, path, steps in CASES:
    if wanted and name not in wanted:
        continue
    folder = tempfile.mkdtemp()
    os.mkdir(f"{folder}/in")
    line = {"name": name, "format": source, "columns": columns, "options": options, "path": path, "steps": steps}
    line["batches"] = play(source, columns, options, path, steps, folder)
    if path:
        # Cleaning up takes a thread of its own, after the query.
        time.sleep(1)
        line["lists"] = lists(folder)
    print(json.dumps(line, ensure_ascii=False), flush=True)
    shutil.rmtree(folder, ignore_errors=True)
