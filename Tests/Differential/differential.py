"""Random documents, expressions and queries for Millrace and for a real Spark; prints where the answers differ, made small.
usage: differential.py [--seed N] [--for 10m | --cases N] [--kind KIND] [--case KIND/N] [--engine PATH]
A case is known by seed, kind and number: `--seed 1 --case documents/17` asks it again.
Exits with 1 when there are differences, and prints them as lines for Tests/Golden too."""
import argparse, logging, random, re, sys, time
import documents, expressions, files, queries
from engines import Millrace, Spark, difference
from tree import shrink


class Case:
    def __init__(self, seed, kind, number):
        r = random.Random(f"{seed}/{kind}/{number}")
        self.kind, self.ansi, self.zone, self.ordered = kind, r.random() < 0.5, "UTC", False
        if r.random() < 0.25:
            self.zone = r.choice(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo",
                                  "Pacific/Apia", "+05:45"])
        self.table = self.expression = self.file = None
        if kind == "documents":
            self.root, self.table, self.expression = documents.case(r)
        elif kind == "expressions":
            self.root, self.table, self.expression = expressions.case(r, self.ansi)
        elif kind == "files":
            self.root, self.file = files.case(r)
        else:
            self.root, self.ordered = queries.case(r)

    def compare(self, spark, millrace):
        sql, view = self.root.sql(), self.file.write() if self.file else ""
        self.sparks = spark.answer(sql, self.ansi, self.zone, view)
        self.ours = millrace.answer(sql, self.ansi, self.zone, view)
        different = difference(self.sparks, self.ours, self.ordered, self.kind == "queries")
        if different == "values" and self.file and self.file.is_tolerated():
            return None
        # Java takes a character above U+FFFF for two: an empty match falls between them.
        if different == "values" and re.search("[\U00010000-\U0010ffff]", sql) and re.search("regexp|split", sql):
            return None
        if different == "values" and self.kind == "documents":
            rows = zip(self.table.rows, self.sparks["rows"], self.ours["rows"])
            if all(a == b or documents.is_tolerated(row[0].text, self.expression.sql(), b) for row, a, b in rows):
                return None
        # Which rows of a query are computed, and so may fail, is up to the plan.
        if self.kind == "queries" and not (self.sparks.get("analysis") or self.ours.get("analysis")):
            if "error" in self.sparks or self.ours.get("error", "CRASH") != "CRASH":
                return None
        return different

    def minimize(self, kind, spark, millrace):
        shrink(self.root, lambda: self.compare(spark, millrace) == kind)
        # With values in place of columns it is a line for a golden file of expressions.
        self.golden = self.root.sql() + (self.file.shown() if self.file else "")
        if self.table and len(self.table.rows) == 1:
            inlined = self.table.inlined(self.expression.sql())
            sql = f"SELECT {inlined} AS x"
            answers = spark.answer(sql, self.ansi, self.zone), millrace.answer(sql, self.ansi, self.zone)
            if difference(*answers):
                self.golden = inlined
        self.compare(spark, millrace)


def shown(answer, different):
    if different == "names":
        return ", ".join(name for name, _ in answer["schema"])
    if "error" in answer:
        return answer["error"] + (f": {answer['says'][:160]}" if "says" in answer else "")
    return f"{', '.join(type for _, type in answer['schema'])}: {answer['rows']}"[:600]


def seconds(text):
    return float(text[:-1]) * 60 if text.endswith("m") else float(text.removesuffix("s"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default="1")
    parser.add_argument("--for", dest="seconds", type=seconds)
    parser.add_argument("--cases", type=int)
    parser.add_argument("--kind", choices=["documents", "expressions", "files", "queries"])
    parser.add_argument("--case")
    parser.add_argument("--engine", default=".build/debug/differential-answers")
    options = parser.parse_args()
    # PySpark logs every error with its whole trace.
    logging.disable(logging.CRITICAL)
    spark, millrace = Spark(), Millrace(options.engine)
    kinds = [options.kind] if options.kind else ["documents", "expressions", "expressions", "queries", "expressions", "files"]
    numbers = ((kinds[number % len(kinds)], number) for number in range(10 ** 9))
    if options.case:
        kind, number = options.case.split("/")
        numbers = [(kind, int(number))]
    end = time.monotonic() + options.seconds if options.seconds else None
    asked, failed, found, known = 0, 0, 0, {}
    for kind, number in numbers:
        if (options.cases and asked >= options.cases) or (end and time.monotonic() > end):
            break
        asked += 1
        case = Case(options.seed, kind, number)
        different = case.compare(spark, millrace)
        failed += "error" in case.sparks
        if not different:
            continue
        found += 1
        case.minimize(different, spark, millrace)
        if known.setdefault(case.golden, number) != number:
            continue
        print(f"--- --seed {options.seed} --case {kind}/{number}: {different}, ANSI {'on' if case.ansi else 'off'}"
              + ("" if case.zone == "UTC" else f", {case.zone}"))
        print(case.golden)
        print(f"  Spark:    {shown(case.sparks, different)}\n  Millrace: {shown(case.ours, different)}", flush=True)
    print(f"differential: seed {options.seed}: {asked} cases ({failed} with an error in Spark), {found} differences")
    sys.exit(1 if found else 0)


main()
