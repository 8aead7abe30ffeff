"""Plays sequences of micro-batches to a real Spark: late rows, restarts, failing sinks. One line of JSON a case, with the
rows of every batch and what its progress says of the state.
usage: spark_streams.py [NAME ...]     (needs pyspark 4.3 and Java 17; prints the new spark_streams.jsonl)
A step is a list of lines: one file, so one micro-batch of `events`; "restart" stops the query and starts it again over
its checkpoint; "fail" is the next step with a sink that fails once. Rows are sorted by their texts unless the query is
in Spark's order."""
import json, os, shutil, sys, tempfile
from pyspark.sql import SparkSession

W = "events WATERMARK ts DELAY OF INTERVAL 10 SECONDS"
STATIC = "SELECT * FROM VALUES ('x', 'Xenia'), ('y', 'Yves'), ('y', 'Yann'), (NULL, 'Nobody') AS t(k, title)"


def row(k, time, n):
    return json.dumps({"k": k, "ts": None if time is None else f"2024-01-01T00:{time}Z", "n": n})


# Late data: a row at 0:11 comes when the watermark is past 0:30.
LATE = [
    [row("x", "00:10", 1), row("x", "00:20", 2), row("y", "00:31", 3)],
    [row("y", "01:00", 4), row("x", "00:12", 5)],
    [row("x", "00:11", 6), row("x", "00:12", 60), row("z", "01:05", 7)],
    [row("x", "00:13", 8)],
    [row("z", "05:00", 9), row(None, "04:59", 10), row("q", None, 11)],
    [row("z", "05:01", 12)],
]
TWICE = LATE[:2] + ["restart"] + LATE[2:4] + ["fail"] + LATE[4:]
WINDOWED = "SELECT window.start AS s, window.end AS e, k, count(*) AS c, sum(n) AS total FROM {} GROUP BY window(ts, '30 seconds'), k"

CASES = [
    ("tumbling_append", WINDOWED.format(W), "append", TWICE),
    ("tumbling_update", WINDOWED.format(W), "update", TWICE),
    ("tumbling_complete", WINDOWED.format(W), "complete", TWICE),
    ("tumbling_update_without_watermark", WINDOWED.format("events"), "update", TWICE),
    ("window_as_struct", f"SELECT window, max(n) FROM {W} GROUP BY window(ts, '1 minute')", "append", LATE),
    ("window_by_alias", f"SELECT window(ts, '1 minute') AS w, min(n) FROM {W} GROUP BY w", "append", LATE),
    ("sliding_append", f"SELECT window.start, window.end, count(*) FROM {W} GROUP BY window(ts, '30 seconds', '10 seconds')", "append", TWICE),
    ("sliding_update", f"SELECT window.start, window.end, k, count(*) FROM {W} GROUP BY window(ts, '25 seconds', '10 seconds'), k", "update", LATE),
    ("sliding_with_start", f"SELECT window.start, window.end, count(*) FROM {W} GROUP BY window(ts, '20 seconds', '10 seconds', '3 seconds')", "append", LATE),
    ("window_without_group", "SELECT k, window(ts, '20 seconds', '10 seconds') AS w FROM events", "append", LATE),
    ("by_time_itself", f"SELECT ts, count(*) FROM {W} GROUP BY ts", "append", LATE),
    ("by_time_and_key_update", f"SELECT ts, k, sum(n) FROM {W} GROUP BY ts, k", "update", LATE),
    ("counts_update", "SELECT k, count(*) AS c FROM events GROUP BY k", "update", TWICE),
    ("counts_complete", "SELECT k, count(*) AS c FROM events GROUP BY k ORDER BY c DESC, k", "complete", TWICE),
    ("top_complete", "SELECT k, sum(n) AS t FROM events GROUP BY k ORDER BY t DESC LIMIT 2", "complete", LATE),
    ("watermark_not_in_key", f"SELECT k, count(*) FROM {W} GROUP BY k", "update", LATE),
    ("functions_update", "SELECT k, count(n), sum(n), avg(n), min(n), max(ts), stddev(n), var_pop(n), sum(n * 1.5D), avg(CAST(n AS DECIMAL(6,2))), sum(CAST(n AS DECIMAL(6,2))) FROM events GROUP BY k", "update", TWICE),
    ("picks_update", "SELECT k, first(n), last(n), max_by(ts, n), min_by(n, ts), bool_and(n > 1), bool_or(n > 8), count_if(n > 2), collect_list(n), any_value(k), first(ts, true) FROM events GROUP BY k", "update", TWICE),
    ("sets_update", "SELECT k, sort_array(collect_set(n % 3)) AS s FROM events GROUP BY k", "update", TWICE),
    ("filtered_aggregate", "SELECT k, count(*) FILTER (WHERE n > 4), sum(n) FILTER (WHERE n < 9) FROM events GROUP BY k", "update", LATE),
    ("global_update", "SELECT count(*), sum(n) FROM events WHERE n > 4", "update", TWICE),
    ("global_complete", "SELECT count(*), max(k) FROM events WHERE n > 4", "complete", TWICE),
    ("having_update", "SELECT k, count(*) AS c FROM events GROUP BY k HAVING c > 1", "update", LATE),
    ("having_append", f"SELECT window.end, sum(n) AS t FROM {W} GROUP BY window(ts, '30 seconds') HAVING t > 4", "append", LATE),
    ("expression_keys", f"SELECT upper(k) AS u, n % 2 AS odd, count(*) + 1 FROM events GROUP BY upper(k), n % 2", "update", LATE),
    ("array_key", "SELECT array(k, 'a') AS a, named_struct('n', n % 2) AS s, count(*) FROM events GROUP BY 1, 2", "update", LATE),
    ("float_keys", "SELECT CAST(n % 3 AS DOUBLE) * -1 AS d, count(*) FROM events GROUP BY 1", "update", LATE),
    ("derived_time", "SELECT window.start, count(*) FROM events WATERMARK ts + INTERVAL 1 MINUTE AS t DELAY OF INTERVAL 5 SECONDS GROUP BY window(t, '30 seconds')", "append", LATE),
    ("subquery_watermark", "SELECT window.start, count(*) FROM (SELECT ts, k FROM events WHERE k = 'x') WATERMARK ts DELAY OF INTERVAL '10' SECOND AS e GROUP BY window(ts, '30 seconds')", "append", LATE),
    ("distinct_update", "SELECT DISTINCT k FROM events", "update", TWICE),
    ("distinct_complete", "SELECT DISTINCT k, n % 2 AS odd FROM events", "complete", LATE),
    ("distinct_append_watermark", f"SELECT DISTINCT ts, k FROM {W}", "append", LATE),
    ("distinct_append", "SELECT DISTINCT k FROM events", "append", LATE),
    ("inner_join", "SELECT e.k, n, title FROM events e JOIN names t ON e.k = t.k", "append", TWICE),
    ("left_join", "SELECT e.k, n, title FROM events e LEFT JOIN names t ON e.k = t.k", "append", LATE),
    ("static_left_inner", "SELECT e.k, n, title FROM names t JOIN events e ON e.k = t.k AND n > 3", "append", LATE),
    ("semi_join", "SELECT k, n FROM events e LEFT SEMI JOIN names t ON e.k = t.k", "append", LATE),
    ("anti_join", "SELECT k, n FROM events e LEFT ANTI JOIN names t ON e.k = t.k", "append", LATE),
    ("join_then_group", "SELECT title, count(*) FROM events e JOIN names t ON e.k = t.k GROUP BY title", "update", TWICE),
    ("group_then_join", "SELECT g.k, c, title FROM (SELECT k, count(*) AS c FROM events GROUP BY k) g LEFT JOIN names t ON g.k = t.k", "update", LATE),
    ("window_of_window", f"SELECT window.start, sum(c) FROM (SELECT window AS w, count(*) AS c FROM {W} GROUP BY window(ts, '10 seconds'), k) GROUP BY window(w, '1 minute')", "append", TWICE),
    ("window_of_window_time", f"SELECT window(window_time(w), '30 seconds').end AS e, max(c) FROM (SELECT window AS w, k, count(*) AS c FROM {W} GROUP BY window(ts, '10 seconds'), k) GROUP BY window(window_time(w), '30 seconds')", "append", LATE),
    # What Spark refuses.
    ("no_append_without_watermark", WINDOWED.format("events"), "append", LATE[:1]),
    ("no_append_without_time_in_key", f"SELECT k, count(*) FROM {W} GROUP BY k", "append", LATE[:1]),
    ("no_complete_without_group", "SELECT k FROM events", "complete", LATE[:1]),
    ("no_sort_in_update", "SELECT k, count(*) AS c FROM events GROUP BY k ORDER BY c", "update", LATE[:1]),
    ("no_sort_in_append", "SELECT k FROM events ORDER BY k", "append", LATE[:1]),
    ("no_limit_in_update", "SELECT k, count(*) AS c FROM events GROUP BY k LIMIT 1", "update", LATE[:1]),
    ("no_count_distinct", "SELECT k, count(DISTINCT n) FROM events GROUP BY k", "update", LATE[:1]),
    ("no_two_groups_in_update", "SELECT c, count(*) FROM (SELECT k, count(*) AS c FROM events GROUP BY k) GROUP BY c", "update", LATE[:1]),
    ("no_static_left_outer", "SELECT e.k, title FROM names t LEFT JOIN events e ON e.k = t.k", "append", LATE[:1]),
    ("two_windows", "SELECT window(ts, '1 minute'), window(ts, '2 minutes') FROM events", "append", LATE[:1]),
]
# name, columns, within the watermark?, watermark's delay or nothing, a query over the rows that are left, mode, steps
DEDUPLICATED = [
    ("drop_duplicates", ["k"], False, None, None, "append", TWICE),
    ("drop_duplicates_update", ["k"], False, None, None, "update", LATE),
    ("drop_duplicates_all_columns", [], False, None, None, "append", LATE + LATE[-1:]),
    ("drop_duplicates_watermark_not_in_key", ["k"], False, "10 seconds", None, "append", TWICE),
    ("drop_duplicates_with_time", ["k", "ts"], False, "10 seconds", None, "append", LATE[:2] + LATE[1:2] + TWICE[2:] + LATE[-1:]),
    ("drop_within_watermark", ["k"], True, "10 seconds", None, "append", TWICE),
    ("drop_within_watermark_all", [], True, "10 seconds", None, "append", LATE[:2] + LATE[1:2] + LATE[2:]),
    ("drop_within_then_window", ["k"], True, "10 seconds", "SELECT window.start, count(*) FROM left GROUP BY window(ts, '30 seconds')", "append", TWICE),
    ("no_drop_within_without_watermark", ["k"], True, None, None, "append", LATE[:1]),
]

spark = (
    SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "2").config("spark.sql.session.timeZone", "UTC")
    .config("spark.driver.memory", "1g").config("spark.sql.streaming.noDataProgressEventInterval", "100000000")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("OFF")
STATE = ["operatorName", "numRowsTotal", "numRowsUpdated", "numRowsRemoved", "numRowsDroppedByWatermark"]


def play(frame, mode, steps, folder, ordered):
    batches, progress, fails = [], {}, []

    def take(batch, number):
        if fails:
            fails.clear()
            raise RuntimeError("told to fail")
        texts = batch.selectExpr(*[f"CAST(`{name}` AS STRING)" for name in batch.columns]).collect()
        rows = [list(line) for line in texts]
        batches.append({"id": number, "rows": rows if ordered else sorted(rows, key=json.dumps)})

    def start():
        return (frame.writeStream.outputMode(mode).option("checkpointLocation", f"{folder}/checkpoint")
                .foreachBatch(take).start())

    def wait(query):
        try:
            query.processAllAvailable()
        except Exception as error:
            if "told to fail" not in str(error):
                raise
        for item in query.recentProgress:
            item = json.loads(item.json) if hasattr(item, "json") else item
            if "addBatch" in item["durationMs"]:
                progress[item["batchId"]] = item
        return query

    query, number = start(), 0
    for step in steps:
        if step == "restart":
            wait(query).stop()
            query = start()
        elif step == "fail":
            fails.append(True)
        else:
            number += 1
            path = f"{folder}/in/{number:03}.json"
            with open(f"{folder}/.next", "w") as file:
                file.write("\n".join(step) + "\n")
            os.rename(f"{folder}/.next", path)
            failing = bool(fails)
            wait(query)
            if failing:
                query = wait(start())
    query.stop()
    for batch in batches:
        item = progress[batch["id"]]
        batch["watermark"] = item.get("eventTime", {}).get("watermark")
        batch["eventTime"] = {k: v for k, v in item.get("eventTime", {}).items() if k != "watermark"}
        batch["state"] = [{key: operator[key] for key in STATE} for operator in item["stateOperators"]]
    return batches


wanted = sys.argv[1:]
rest = [(*case, None) for case in CASES]
rest += [(name, query, mode, steps, (columns, within, delay)) for name, columns, within, delay, query, mode, steps in DEDUPLICATED]
print(json.dumps({"view": "names", "query": STATIC}))
for name, query, mode, steps, deduplicated in rest:
    if wanted and name not in wanted:
        continue
    folder = tempfile.mkdtemp()
    os.mkdir(f"{folder}/in")
    line = {"name": name, "query": query, "mode": mode, "steps": steps}
    try:
        events = spark.readStream.schema("k STRING, ts TIMESTAMP, n INT").option("maxFilesPerTrigger", 1).json(f"{folder}/in")
        if deduplicated:
            columns, within, delay = deduplicated
            line.update(keys=columns, within=within, delay=delay)
            if delay:
                events = events.withWatermark("ts", delay)
            drop = events.dropDuplicatesWithinWatermark if within else events.dropDuplicates
            events = drop(columns) if columns else drop()
            events.createOrReplaceTempView("left")
        events.createOrReplaceTempView("events")
        spark.sql(STATIC).createOrReplaceTempView("names")
        frame = spark.sql(query) if query else events
        ordered = bool(query) and "ORDER BY" in query
        line["schema"] = [[field.name, field.dataType.simpleString()] for field in frame.schema.fields]
        line["batches"] = play(frame, mode, steps, folder, ordered)
    except Exception as error:
        text = str(error).split("\n")[0]
        line["error"] = text
    print(json.dumps(line), flush=True)
    shutil.rmtree(folder, ignore_errors=True)
