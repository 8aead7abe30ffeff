"""from_json over random documents of a random schema: valid ones, odd ones, broken ones."""
import base64, json, re
import literals
from literals import DATES, TIMES, inner
from tree import Items, Node, Table, Text, quoted


def random_type(r, depth=2):
    return literals.random_type(r, depth, keys=["STRING"])


NAMES = ["a", "b", "A", "ab", "a b", "é", "k", "_corrupt_record"]
ODD = [
    "1", "0", "-0", "-1", "01", "+1", "1.0", "1.5", "-1.25", "1e2", "1E400", "1e-400", "1.50", "123456789012", "2147483648", "-2147483649", "127",
    "128", "-128", "32768", "9223372036854775807", "9223372036854775808", "123456789012345678901234567890", "0.1", "1.005", "4799277.0", "0.00001",
    "100000000000000000000000000000000000000", "1e10", "12345678.9", "NaN", "Infinity", "-Infinity", "INF", "+INF", "-INF", ".5", "5.", "1e", "0x10",
    "true", "false", "null", "True", "nul", "{}", "[]", "[1]", "[null]", "{\"a\":1}", "[[1]]", "\"\"", "\"x\"", "\"1\"", "\"1.5\"", "\"true\"",
    "\"NaN\"", "\"Infinity\"", "\"-INF\"", "\"+INF\"", "\"null\"", "\"2024-02-29\"", "\"2024-02-30\"", "\"2024-1-5\"", "\"2024-02-29T12:34:56Z\"",
    "\"2024-02-29 12:34:56.123456\"", "\"2024-02-29T12:34:56.789+02:00\"", "\"2024\"", "\"aGk=\"", "\"\\u00e9\"", "\"\\ud83d\\ude00\"",
    "\"a\\nb\"", "\"a\\\\\"", "\"a\\/b\"", "\"\\x\"", "\"\\u12\"", "\"é😀\"", "\"a\tb\"", "\"a\nb\"", "\"\u0001\"", "'x'", "'it\"s'",
    "\"it's\"", "x", "\"\\\"\"", "\"\\u0000\"", "1 ", " 1", "/*c*/1", "1//c\n", "\"12:34\"", "1700000000", "1.7e9", "-1700000000", "\" 1 \"", "\"1,000\"",
]


def value(r, type, depth=0):
    """JSON text for a value of the type; sometimes of another one."""
    choice = r.random()
    if choice < 0.22:
        return r.choice(ODD)
    if choice < 0.3:
        return "null"
    if choice < 0.34 and depth < 3:
        return value(r, random_type(r, 1), depth + 1)
    space = r.choice(["", "", "", " ", "\n", "\t "])
    if type.startswith("ARRAY"):
        element = inner(type)[0]
        return "[" + space + ",".join(value(r, element, depth + 1) for _ in range(r.choice([0, 1, 2, 3]))) + space + "]"
    if type.startswith("MAP"):
        keys = [r.choice(["a", "b", "", "1", "é", "2024-01-01"]) for _ in range(r.choice([0, 1, 2, 3]))]
        element = inner(type)[1]
        return "{" + ",".join(json.dumps(key, ensure_ascii=False) + ":" + space + value(r, element, depth + 1) for key in keys) + "}"
    if type.startswith("STRUCT"):
        members = []
        for name, field in inner(type):
            name = name.strip("`")
            if r.random() < 0.12:
                continue
            if r.random() < 0.06:
                name = r.choice([name.upper(), name + " ", "zz"])
            members.append((name, field))
            if r.random() < 0.07:
                members.append((name, field))
        if r.random() < 0.3:
            members.insert(r.randint(0, len(members)), (r.choice(["zz", "", "x.y"]), random_type(r, 1)))
        if r.random() < 0.2:
            r.shuffle(members)
        quote = lambda name: json.dumps(name, ensure_ascii=r.random() < 0.3) if r.random() < 0.97 else r.choice([name, f"'{name}'"])
        return "{" + space + ",".join(quote(name) + space + ":" + value(r, field, depth + 1) for name, field in members) + "}"
    if type == "BOOLEAN":
        return r.choice(["true", "false"])
    if type in ("DOUBLE", "FLOAT"):
        return r.choice([repr(round(r.uniform(-1000, 1000), r.randint(0, 9))), repr(r.uniform(-1, 1) * 10.0 ** r.randint(-30, 30)), str(r.randint(-9, 9))])
    if type.startswith("DECIMAL"):
        return r.choice(["", "-"]) + str(r.randint(0, 10 ** r.randint(1, 9))) + r.choice(["", ".5", ".25", ".005", ".00"])
    if type == "DATE":
        return json.dumps(r.choice(DATES))
    if type == "TIMESTAMP":
        return json.dumps(r.choice(DATES) + r.choice("T ") + r.choice(TIMES) + r.choice(["", "", "Z", "+01:00", "-0530"]))
    if type == "STRING":
        return json.dumps(r.choice(["", "x", "é", "日本", "a\"b", "\\", "line\nbreak", "😀", "2024", "long " * 9]), ensure_ascii=r.random() < 0.5)
    if type == "BINARY":
        return r.choice(["\"aGk=\"", "\"\"", "\"/+8=\"", "\"aGVsbG8gd29ybGQ=\""])
    return str(r.choice([0, 1, -1, 7, 100, 127, 32767, 2147483647, r.randint(-10 ** 6, 10 ** 6)]))


def broken(r, text):
    """The document with something wrong in it."""
    choice, at = r.randrange(9), r.randint(0, len(text))
    if choice == 0:
        return text[:at]
    if choice == 1:
        return text[at:]
    if choice == 2:
        return text[:at] + r.choice(["{", "}", "[", "]", ",", ":", "\"", "x", "\\", "\u0000", " ", "\u00a0", "'", "//", "0"]) + text[at:]
    if choice == 3:
        return text[:at] + text[at + 1:]
    if choice == 4:
        return "\ufeff" + text
    if choice == 5:
        return text + r.choice([" x", "{}", ",", "]", "}", text, "\u0000", " /*c*/", " null"])
    if choice == 6:
        return r.choice(["", " ", "\n", "null", "x", "[]", "{}", "[{}]", "1", "\"s\"", "[" * 30, "{\"a\":" * 30, "]", "\u00a0"])
    if choice == 7:
        return r.choice([" ", "\n\t", "\u00a0", "/*c*/", "//c\n"]) + text
    end = r.randint(at, min(len(text), at + 8))
    return text[:at] + text[end:]


OPTIONS = [
    ("allowComments", ["true"]), ("allowUnquotedFieldNames", ["true"]), ("allowSingleQuotes", ["false"]),
    ("allowNumericLeadingZeros", ["true"]), ("allowNonNumericNumbers", ["false", "true"]),
    ("allowBackslashEscapingAnyCharacter", ["true"]), ("allowUnquotedControlChars", ["true"]),
    ("mode", ["PERMISSIVE", "FAILFAST"]), ("columnNameOfCorruptRecord", ["bad"]), ("primitivesAsString", ["true"]),
    ("dateFormat", ["dd/MM/yyyy", "yyyy-MM-dd"]), ("timestampFormat", ["yyyy-MM-dd HH:mm", "dd/MM/yyyy HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"]),
    ("dropFieldIfAllNull", ["true"]), ("locale", ["en-US"]), ("prefersDecimal", ["true"]), ("timeZone", ["Europe/Berlin"]),
]


def is_tolerated(text, schema, ours):
    """Different on purpose (docs/from-spark.md): a document with a mistake is malformed as a whole, where Spark keeps what
    it read before the mistake if its parser finds the document's end all the same; and a text that is not base64 is no
    such mistake."""
    try:
        document = json.loads(text)
    except ValueError:
        empty = re.compile(r"[{}\[\]: ,]|null|\"[^\"]*\":|\"\"")
        forms = text, json.dumps(text, ensure_ascii=False)[1:-1]
        return all(cell is None or not empty.sub("", cell.replace(forms[1], "").replace(forms[0], "")) for cell in ours)
    return "BINARY" in schema and not all(map(is_base64, strings(document)))


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def is_base64(text):
    try:
        base64.b64decode(text.encode(), validate=True)
        return True
    except ValueError:
        return False


def case(r):
    root = r.random()
    if root < 0.8:
        names = r.sample(NAMES, r.randint(1, 4))
        names = [name for index, name in enumerate(names) if name.lower() not in [other.lower() for other in names[:index]]]
        fields = [(f"`{name}`" if not name.isascii() or " " in name else name, "STRING" if name == "_corrupt_record" else random_type(r)) for name in names]
        if r.random() < 0.06:
            fields.append(("bad", "STRING"))
        type = "STRUCT<" + ", ".join(f"{name}: {field}" for name, field in fields) + ">"
        schema = Items([Node([f"{name} {field}"]) for name, field in fields], least=1)
    else:
        type = f"ARRAY<{random_type(r)}>" if root < 0.9 else f"MAP<STRING, {random_type(r)}>"
        schema, fields = Node([type]), []
    options = [Node([quoted(key) + ", " + quoted(r.choice(choices))]) for key, choices in
               r.sample(OPTIONS, r.choice([0, 0, 0, 1, 1, 2]))]
    documents = []
    for _ in range(6):
        text = value(r, type)
        if r.random() < 0.3:
            text = broken(r, text)
        documents.append([Text(text)])
    table = Table("t", [("d", "STRING")], documents)
    call = Node(["from_json(d, '", schema, "'", Items(options, prefix=", map(", suffix=")"), ")"])
    select = "SELECT x, to_json(x, map('ignoreNullFields', 'false')) AS j FROM (SELECT "
    if fields and r.random() < 0.25:
        # Only some columns are wanted.
        names = [name for name, _ in r.sample(fields, r.randint(1, len(fields)))]
        select = f"SELECT {', '.join('x.' + name for name in names)} FROM (SELECT "
    # FAILFAST stops at the first document.
    if "FAILFAST" in call.sql():
        table.rows = table.rows[:1]
    return Node([select, call, " AS x FROM ", table, ")"]), table, call
