"""The two engines, and what makes their answers different."""
import json, re, select, struct, subprocess

# Errors that have another name in Millrace: Spark 4.0 had it, which Millrace follows.
RENAMED = {
    "REMAINDER_BY_ZERO": "DIVIDE_BY_ZERO",
    # Around an error of the reader.
    "FAILED_READ_FILE.NO_HINT": "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
    "DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION": "DATETIME_FIELD_OUT_OF_BOUNDS",
    # A bracket where an object is wanted: the reason is in the message.
    "MALFORMED_RECORD_IN_PARSING.CANNOT_PARSE_JSON_ARRAYS_AS_STRUCTS": "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
    # Patterns that Java's older formatter knew.
    "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION": "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER",
    "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN": "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER",
}
# Spark refuses what Millrace takes, by casts of its own (docs/from-spark.md).
REFUSED = re.compile(r"DATATYPE_MISMATCH\..*|MISSING_AGGREGATION|UNSUPPORTED_EXPR_FOR_OPERATOR")
# What Spark's optimizer takes out may be what fails: the rules that do that are off while errors are compared.
RULES = ["BooleanSimplification", "NullPropagation", "SimplifyConditionals", "PushFoldableIntoBranches",
         "SimplifyBinaryComparison", "OptimizeIn", "ReplaceNullWithFalseInPredicate", "NullDownPropagation"]


class Spark:
    def __init__(self):
        from pyspark.sql import SparkSession
        self.session = (
            SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
            .config("spark.driver.memory", "1g").config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.adaptive.enabled", "false").config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.codegen.wholeStage", "false").config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
            .config("spark.sql.optimizer.excludedRules",
                    ",".join("org.apache.spark.sql.catalyst.optimizer." + rule for rule in RULES))
            .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC").getOrCreate())
        self.session.sparkContext.setLogLevel("OFF")
        self.settings = {}

    def set(self, key, value):
        if self.settings.get(key) != value:
            self.session.conf.set(key, value)
            self.settings[key] = value

    def answer(self, query, ansi, zone, view=""):
        from pyspark.errors import AnalysisException
        self.set("spark.sql.ansi.enabled", "true" if ansi else "false")
        self.set("spark.sql.session.timeZone", zone)
        isRunning = False
        try:
            if view:
                self.session.sql(view)
            frame = self.session.sql(query)
            schema = [[field.name, field.dataType.simpleString()] for field in frame.schema]
            numbered = frame.toDF(*[f"c{index}" for index in range(len(schema))])
            texts = numbered.selectExpr(*[f"CAST(c{index} AS STRING)" for index in range(len(schema))])
            isRunning = True
            return {"schema": schema, "rows": [list(row) for row in texts.collect()]}
        except Exception as error:
            found = re.search(r"\[([A-Z_.0-9]+)\]", str(error))
            name = found.group(1) if found else str(error).strip().split("\n")[0][:80]
            isAnalysis = isinstance(error, AnalysisException) and not isRunning
            return {"error": RENAMED.get(name, name), "analysis": isAnalysis, "says": str(error).split("\n")[0]}


class Millrace:
    def __init__(self, path):
        self.path, self.process = path, None

    def answer(self, query, ansi, zone, view=""):
        if self.process is None:
            self.process = subprocess.Popen([self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.PIPE)
        self.process.stdin.write(json.dumps({"ansi": ansi, "zone": zone, "view": view, "query": query}).encode() + b"\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], 60)[0]:
            self.process.kill()
        line = self.process.stdout.readline()
        if not line:
            said = self.process.stderr.read().decode(errors="replace")
            self.process.wait()
            self.process = None
            found = re.search(r"Fatal error.*|[^\n]*[Ee]rror:.*", said)
            return {"error": "CRASH", "analysis": False, "says": found.group(0) if found else said[:200]}
        answer = json.loads(line)
        if "error" in answer:
            found = re.match(r"\[([A-Z_.0-9]+)\]", answer["error"])
            # What is found before the query runs is said in Millrace's own words.
            return {"error": found.group(1) if found else "analysis", "analysis": not found, "says": answer["error"]}
        return answer


def difference(spark, millrace, ordered=False, rounds=False):
    """None, or what is different, in a few words that stay the same while a case shrinks.

    `rounds`: the order in which numbers are added may be another one."""
    if millrace.get("error") == "CRASH":
        return "crash"
    if "error" in spark or "error" in millrace:
        if "error" in spark and "error" in millrace:
            # Java's own errors have no class, and some say more in Millrace. "long overflow" has one since Spark 4.3.
            if not re.fullmatch(r"[A-Z_.0-9]+", spark["error"]) or millrace["says"] == "long overflow":
                return None
            if millrace["analysis"] or spark["error"] == millrace["error"]:
                isSooner = millrace["analysis"] and not spark["analysis"] and spark["error"] != "PARSE_MODE_UNSUPPORTED"
                return "error before the query runs" if isSooner else None
            if spark["analysis"] and REFUSED.fullmatch(spark["error"]):
                return None
            return f"error {spark['error']} / {millrace['error']}"
        if spark.get("analysis") and REFUSED.fullmatch(spark["error"]):
            return None
        return f"only Spark fails: {spark['error']}" if "error" in spark else f"only Millrace fails: {millrace['error']}"
    if [type for _, type in spark["schema"]] != [type for _, type in millrace["schema"]]:
        return "types"
    if spark["schema"] != millrace["schema"]:
        return "names"
    order = (lambda rows: rows) if ordered else (lambda rows: sorted(rows, key=json.dumps))
    # Numbers that are written otherwise have another order as texts: the order of the engines may be the same.
    pairs = [(order(spark["rows"]), order(millrace["rows"])), (spark["rows"], millrace["rows"])]
    isSame = any(a == b or same_numbers(json.dumps(a), json.dumps(b), rounds) for a, b in pairs)
    return None if isSame else "values"


NUMBER = re.compile(r"-?\d+\.\d+(?:E-?\d+)?")


def same_numbers(a, b, rounds):
    """Are the texts equal but for digits that Java before 19 prints without need (JDK-4511638)?"""
    if NUMBER.split(a) != NUMBER.split(b):
        return False
    for x, y in zip(NUMBER.findall(a), NUMBER.findall(b)):
        if rounds and abs(float(x) - float(y)) <= 1e-12 * abs(float(x)):
            continue
        digits = max(len(re.sub(r"E.*|\D", "", text)) for text in (x, y))
        isSame = float(x) == float(y) or (digits < 11 and single(x) == single(y))
        if x != y and not (("E" in x) == ("E" in y) and digits > 7 and isSame):
            return False
    return True


def single(text):
    try:
        return struct.pack("f", float(text))
    except OverflowError:
        return text
