"""Random types, and literals of them: plain ones, odd ones, null."""
from tree import Node, Text, quoted

INTEGRAL = ["TINYINT", "SMALLINT", "INT", "BIGINT"]
FLOATING = ["DOUBLE", "FLOAT"]
DECIMALS = ["DECIMAL(5,2)", "DECIMAL(10,0)", "DECIMAL(18,6)", "DECIMAL(38,10)", "DECIMAL(38,0)", "DECIMAL(3,3)", "DECIMAL(38,18)",
            "DECIMAL(38,37)", "DECIMAL(20,0)", "DECIMAL(19,9)"]
INTERVALS = ["INTERVAL DAY TO SECOND", "INTERVAL YEAR TO MONTH"]
ATOMIC = INTEGRAL + FLOATING + DECIMALS[:4] + ["DECIMAL(38,18)", "STRING", "BOOLEAN", "DATE", "TIMESTAMP", "BINARY"]

BOUNDS = {"TINYINT": 7, "SMALLINT": 15, "INT": 31, "BIGINT": 63}
SUFFIX = {"TINYINT": "Y", "SMALLINT": "S", "INT": "", "BIGINT": "L"}

TEXTS = [
    "", "a", "A", "abc", "aBc dEf", " a ", "  ", "0", "1", "-1", "12", "+3", "1.5", "-0.0", "1e3", "1E-2", ".5", "5.",
    "1.5d", "0x1F", "1_000", "999999999999", "9223372036854775807", "9223372036854775808", "NaN", "Infinity", "-inf",
    "true", "FALSE", "t", "no", "null", "NULL", "é", "e\u0301", "ß", "İ", "ǅ", "日本語", "😀", "a😀b", "x,y,z", "a.b.c", "k:v,l:w",
    "2024-02-29", "2023-02-29", "2024-1-5", "2024", "2024-02", "2024-02-29 12:34:56", "2024-02-29T12:34:56.789Z",
    "2024-02-29 12:34:56.123456789", "2024-02-29 25:00:00", "1969-12-31 23:59:59.999999", "0001-01-01", "9999-12-31",
    "2024-02-29 12:34:56+02:00", "12:34", "T12:34:56", "+2024-01-01", "-0001-01-01", "2024-13-01", "2024-02-29 1:2:3",
    "%", "_", "a%b", "a_c", "\\", "\\d", "a\\%", "[a-z]+", "(a)(b)?", "^a", "b$", "a|b", "\n", "a\nb", "\t", "'", "\"",
    "2024-03-31 02:30:00 Europe/Berlin", "2024-11-03 01:30:00 America/New_York", "2024-02-29T12:34:56 UTC+3", "2024-02-29 12:34:56 GMT-01:30",
    "2024-02-29 12:34:56 Z", "+12024-06-30 01:02:03", "10000-01-01", "1 02:03:04", "-0 00:00:01.5", "1-2", "INTERVAL '1' DAY", "x=1&y=2",
    "$.a", "$[0]", "{\"a\":1}", "[1,2]", "{\"a\":{\"b\":[1,null,\"x\"]}}", "aGVsbG8=", "616263", "zz", "MTIz", "%41%zz",
    "http://u:p@h.example:80/p/q?a=1&b=2#r", "1 day", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "Ünïcödé", "ΑΣ", "\u00a0x\u00a0",
]
DATES = ["2024-02-29", "2023-12-31", "2024-01-01", "1970-01-01", "1969-12-31", "1900-02-28", "2000-02-29", "0001-01-01",
         "9999-12-31", "1582-10-04", "1582-10-15", "2024-03-31", "2024-10-27", "2020-12-28", "2021-01-03",
         # Clocks that were set forward or back, a day that an island left out, years of other than four digits.
         "2024-03-10", "2024-11-03", "2018-11-04", "2018-02-17", "2011-12-30", "1883-11-18", "1941-05-05", "2024-04-07", "2040-03-25",
         "1500-02-28", "0004-02-29", "0000-01-01", "-0044-03-15", "+12024-06-30"]
TIMES = ["00:00:00", "12:34:56", "23:59:59.999999", "01:30:00.5", "02:30:00", "00:00:00.000001", "12:00:00.123", "01:59:59.999999", "03:00:00",
         "00:30:00"]
DOUBLES = ["0.0", "-0.0", "1.0", "-1.0", "1.5", "2.5", "-2.5", "0.1", "3.3333333333", "1.0E10", "1.0E-10", "123456789.125",
           "9.223372036854775E18", "1.0E19", "2147483647.5", "4.9E-324", "1.7976931348623157E308", "NaN", "Infinity", "-Infinity",
           "1.0E7", "9999999.999", "0.001", "0.00099", "100.0", "1.0E20", "-128.7", "32768.0"]
FLOATS = ["0.0", "-0.0", "1.0", "-1.5", "0.1", "3.4028235E38", "1.4E-45", "NaN", "Infinity", "-Infinity", "1.6777216E7",
          "16777217", "0.3", "1.0E10", "2.5", "1.23456789"]


def random_type(r, depth=2, keys=("STRING", "INT", "BIGINT", "DATE")):
    if depth > 0 and r.random() < 0.3:
        kind = r.randrange(3)
        if kind == 0:
            return f"ARRAY<{random_type(r, depth - 1, keys)}>"
        if kind == 1:
            return f"MAP<{r.choice(keys)}, {random_type(r, depth - 1, keys)}>"
        fields = [f"{name}: {random_type(r, depth - 1, keys)}" for name in "pqr"[:r.randint(1, 3)]]
        return f"STRUCT<{', '.join(fields)}>"
    return r.choice(ATOMIC)


def inner(type):
    """The types between the angle brackets, names cut off."""
    body, parts, level, start = type[type.index("<") + 1:-1], [], 0, 0
    for index, character in enumerate(body + ","):
        if character in "<(":
            level += 1
        elif character in ">)":
            level -= 1
        elif character == "," and level == 0:
            parts.append(body[start:index].strip())
            start = index + 1
    if type.startswith("STRUCT"):
        return [tuple(part.split(": ", 1)) for part in parts]
    return parts


def null(type):
    return Node([f"CAST(NULL AS {type})"], type)


def integer(r, type):
    bits = BOUNDS[type]
    choice = r.random()
    if choice < 0.6:
        value = r.randint(-5, 20)
    elif choice < 0.8:
        value = r.choice([-2 ** bits, 2 ** bits - 1, -2 ** bits + 1, 100, -100, 127, -128])
    else:
        value = r.randint(-2 ** (bits - 1), 2 ** (bits - 1))
    return max(-2 ** bits, min(2 ** bits - 1, value))


def digits(r, type):
    precision, scale = map(int, type[8:-1].split(","))
    whole = precision - scale
    if r.random() < 0.6:
        text = "".join(r.choice("0123456789") for _ in range(min(whole, r.randint(1, 3)))) or "0"
        part = "".join(r.choice("0123456789") for _ in range(min(scale, r.randint(0, 3))))
    else:
        digit = r.choice("019")
        text = digit * whole or "0"
        part = r.choice("0159") * scale
    return r.choice(["", "", "-"]) + text + ("." + part if part else "")


def literal(r, type, nulls=0.12):
    """A literal, with simpler ones to shrink to."""
    if r.random() < nulls:
        return null(type)
    simple = [null(type)]
    if type in INTEGRAL:
        value = integer(r, type)
        simple += [Node([f"{number}{SUFFIX[type]}"], type) for number in (0, 1, 2)]
        return Node([f"{value}{SUFFIX[type]}"], type, simple)
    if type == "STRING":
        text = r.choice(TEXTS)
        if r.random() < 0.15:
            text += r.choice(TEXTS)
        return Text(text)
    if type == "BOOLEAN":
        return Node([r.choice(["true", "false"])], type)
    if type in FLOATING:
        text = r.choice(DOUBLES if type == "DOUBLE" else FLOATS)
        if text[-1].isdigit() and r.random() < 0.2:
            text = str(round(r.uniform(-1000, 1000), r.randint(0, 6)))
        suffix = type[0]
        sql = f"CAST('{text}' AS {type})" if text[-1] in "Ny" or type == "FLOAT" else f"{text}D"
        return Node([sql], type, simple + [Node([f"{number}{suffix}"], type) for number in ("0", "1", "1.5")])
    if type.startswith("DECIMAL"):
        return Node([f"CAST('{digits(r, type)}' AS {type})"], type, simple + [Node([f"CAST(0 AS {type})"], type)])
    if type == "DATE":
        return Node([f"DATE '{r.choice(DATES)}'"], type, simple)
    if type == "TIMESTAMP":
        text = r.choice(DATES) + " " + r.choice(TIMES)
        return Node([f"TIMESTAMP '{text}'"], type, simple + [Node(["TIMESTAMP '2024-01-01'"], type)])
    if type == "BINARY":
        return Node(["X'" + r.choice(["", "00", "41", "616263", "FF00", "C3A9", "F09F9880", "80"]) + "'"], type, simple)
    if type == "INTERVAL DAY TO SECOND":
        text = r.choice(["0 00:00:00", "1 02:03:04", "-1 00:00:00", "0 00:00:00.000001", "30 23:59:59.999999", "365 00:00:00"])
        return Node([f"INTERVAL '{text}' DAY TO SECOND"], type, simple)
    if type == "INTERVAL YEAR TO MONTH":
        return Node([f"INTERVAL '{r.choice(['0-0', '1-2', '-0-1', '100-11', '-5-0'])}' YEAR TO MONTH"], type, simple)
    if type.startswith("ARRAY"):
        element = inner(type)[0]
        count = r.choice([0, 1, 2, 2, 3, 4])
        if count == 0:
            return Node([f"CAST(array() AS {type})"], type, simple)
        return Node(["array(", many([literal(r, element) for _ in range(count)]), ")"], type, simple)
    if type.startswith("MAP"):
        key, value = inner(type)
        keys = {}
        for _ in range(r.choice([0, 1, 2, 3])):
            made = literal(r, key, nulls=0)
            # Key by value: two of the same would be an error.
            keys.setdefault(made.sql().lower(), made)
        if not keys:
            return Node([f"CAST(map() AS {type})"], type, simple)
        return Node(["map(", many([many([made, literal(r, value)]) for made in keys.values()]), ")"], type, simple)
    if type.startswith("STRUCT"):
        parts = ["named_struct("]
        for index, (name, field) in enumerate(inner(type)):
            parts += [", " if index else "", quoted(name) + ", ", literal(r, field)]
        return Node(parts + [")"], type, simple)
    raise ValueError(type)


def many(nodes):
    return Node([part for index, node in enumerate(nodes) for part in ([", "] if index else []) + [node]])
