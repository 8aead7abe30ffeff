"""Views over files of random JSON documents or CSV lines, and a query that wants some of their columns."""
import json, os, tempfile
import documents
from literals import ATOMIC, TEXTS, null
from tree import Items, Node, Text, quoted

JSON_OPTIONS = [("mode", ["PERMISSIVE", "DROPMALFORMED", "FAILFAST"]), ("multiLine", ["true"]), ("columnNameOfCorruptRecord", ["bad"]),
                ("allowComments", ["true"]), ("allowSingleQuotes", ["false"]), ("primitivesAsString", ["true"]),
                ("dateFormat", ["dd/MM/yyyy"]), ("timestampFormat", ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]", "yyyy-MM-dd HH:mm[:ss] VV"]),
                ("allowUnquotedFieldNames", ["true"]), ("allowNumericLeadingZeros", ["true"]), ("allowNonNumericNumbers", ["false"]),
                ("allowBackslashEscapingAnyCharacter", ["true"]), ("allowUnquotedControlChars", ["true"]), ("timeZone", ["America/New_York"])]
CSV_OPTIONS = [("header", ["true"]), ("sep", [";", "|", "\\t", "||", "; ", "\u0001", " "]), ("quote", ["\'", ""]), ("escape", ["\"", "|"]), ("nullValue", ["null", "x"]),
               ("emptyValue", ["e"]), ("mode", ["PERMISSIVE", "DROPMALFORMED", "FAILFAST"]), ("ignoreLeadingWhiteSpace", ["true"]),
               ("ignoreTrailingWhiteSpace", ["true"]), ("comment", ["#"]), ("nanValue", ["n/a"]), ("positiveInf", ["big"]), ("multiLine", ["true"]), ("negativeInf", ["-big"]), ("timeZone", ["Asia/Kolkata"]),
               ("dateFormat", ["dd/MM/yyyy"]), ("timestampFormat", ["yyyy-MM-dd HH:mm:ss"]), ("columnNameOfCorruptRecord", ["bad"])]
CELLS = ["", "1", "-1", "1.5", "1e3", "true", "FALSE", "x", "null", " a ", "\"a\"", "\"a,b\"", "\"a\"\"b\"", "\"a\\\"b\"", "a\"b", "\"\"", "\"", "NaN", "n/a", "big",
         "Infinity", "2024-02-29", "29/02/2024", "2024-02-29 12:34:56", "2024-02-29T12:34:56Z", "#c", "é", "a\\b", "'a,b'", "1,5", "1;5", "-big", "1.5E400", "1e-400", "0x10", "1_0", " 1 ", "\t", "a||b", "\"a||b\"", "\"a\\\\\"", "2024-02-29 12:34:56 Europe/Berlin", "2024-2-9",
         "20240229", "2024-02-29T12:34:56.789+01:00", "12:34", "10000-01-01", "99999999999", "+1", "01", "aGk="]

LONG_CELLS = ["\"a\nb\"", "\"\n\"", "\"a\n\n,b\" ", "\"a\"\"\nb\"", "a\"\nb", "\"a\r\nb\"", "\"a\rb\"", "\"a\n", "\"a\\\"\nb\"", "\n", "'a\nb'"]


class File:
    """Lines of a file, its schema and its options; a node, so that all of them get less."""

    def __init__(self, format, columns, lines, options):
        self.format = format
        self.columns = Node([", ".join(f"`{name}` {type}" for name, type in columns)])
        self.lines = Items([Text(line) for line in lines], separator="\n", least=1)
        self.options = Items([Node([f", {key} {quoted(value)}"]) for key, value in options], separator="")
        self.node = Node([self.columns, self.lines, self.options])

    def write(self):
        path = os.path.join(tempfile.gettempdir(), f"differential.{os.getpid()}.{self.format}")
        with open(path, "w", encoding="utf8", newline="") as file:
            file.write("".join(line.text + "\n" for line in self.lines.parts))
        return (f"CREATE OR REPLACE TEMPORARY VIEW f ({self.columns.sql()}) USING {self.format} "
                f"OPTIONS (path {quoted(path)}{self.options.sql()})")

    def shown(self):
        view = f"f ({self.columns.sql()}) USING {self.format} OPTIONS ({self.options.sql()[2:]})"
        return f"\n  {view}\n  " + "\n  ".join(line.sql() for line in self.lines.parts)

    def is_tolerated(self):
        """See documents.is_tolerated: Spark may read a part of a document with a mistake."""
        if self.format == "csv":
            return False
        texts = [line.text for line in self.lines.parts if line.text.strip()]
        return any(documents.is_tolerated(text, self.columns.sql(), [None]) for text in texts)


class Files(Node):
    """The query; what makes the file less is beneath it without being in its text."""

    def __init__(self, parts, file):
        super().__init__(parts)
        self.file = file

    def sql(self):
        return super().sql()

    def children(self):
        return super().children() + [(None, self.file.node)]

    def size(self):
        return len(self.sql()) + len(self.file.node.sql())


def case(r):
    isCSV = r.random() < 0.5
    names = r.sample(["a", "b", "c", "d", "A1", "x y"], r.randint(1, 4))
    columns = [(name, r.choice(ATOMIC) if isCSV else documents.random_type(r, 1)) for name in names]
    if isCSV:
        columns = [(name, type if type != "BINARY" else "STRING") for name, type in columns]
    options = [(key, r.choice(values)) for key, values in r.sample(CSV_OPTIONS if isCSV else JSON_OPTIONS, r.choice([0, 0, 1, 1, 2, 3]))]
    if r.random() < 0.25:
        name = dict(options).get("columnNameOfCorruptRecord", "_corrupt_record")
        columns.append((name, "STRING"))
    lines = []
    if isCSV:
        separator = dict(options).get("sep", ",").replace("\\t", "\t")
        if dict(options).get("header"):
            lines.append(separator.join(name for name, _ in columns))
        for _ in range(r.choice([1, 3, 6])):
            count = len(columns) if r.random() < 0.8 else r.randint(0, 5)
            lines.append(separator.join(r.choice(LONG_CELLS) if "multiLine" in dict(options) and r.random() < 0.3 else cell(r, type) for _, type in (columns * 2)[:count]))
    else:
        type = "STRUCT<" + ", ".join(f"{name}: {kind}" for name, kind in columns) + ">"
        for _ in range(r.choice([1, 3, 6])):
            text = documents.value(r, type)
            if r.random() < 0.3:
                text = "[" + ", ".join([text] + [documents.value(r, type) for _ in range(r.randint(0, 3))]) + "]"
            if r.random() < 0.2:
                text = documents.broken(r, text)
            lines.append(text.replace("\n", " ").replace("\r", " "))
    file = File("csv" if isCSV else "json", columns, lines, options)
    # Whether a line is malformed is up to the columns that are wanted, in Spark (docs/from-spark.md).
    isStrict = any(type == "STRING" and name in ("bad", "_corrupt_record") for name, type in columns) or "mode" in dict(options)
    wanted = r.sample([name for name, _ in columns], len(columns) if isStrict else r.randint(1, len(columns)))
    items = Items([Node([f"`{name}`"]) for name in wanted], least=len(wanted) if isStrict else 1)
    if r.random() < 0.15 and not isStrict:
        items = Node(["count(*)"])
    where = Items([Node([f"`{r.choice(columns)[0]}` IS NOT NULL"])] if r.random() < 0.2 else [], prefix=" WHERE ")
    return Files(["SELECT ", items, " FROM f", where], file), file


def cell(r, type):
    choice = r.random()
    if choice < 0.4:
        return r.choice(CELLS)
    if choice < 0.5:
        return r.choice(TEXTS).replace("\n", "").replace("\r", "")
    kind = type.split("(")[0]
    if kind in ("DATE", "TIMESTAMP"):
        return r.choice(["2024-02-29", "2024-02-29 12:34:56", "2024-02-29T12:34:56.789", "1969-12-31 23:59:59+02:00"])
    if kind in ("DOUBLE", "FLOAT", "DECIMAL"):
        return str(round(r.uniform(-100, 100), r.randint(0, 3)))
    return str(r.randint(-200, 200)) if kind.endswith("INT") else r.choice(["true", "false", "abc"])
