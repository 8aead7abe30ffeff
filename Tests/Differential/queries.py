"""Random queries over two small random tables: filters, groups, joins, windows, sets, orders."""
from expressions import Generator
from literals import literal, null
from tree import Items, Node, Table

TYPES = ["INT", "STRING", "BIGINT", "DOUBLE", "DECIMAL(10,2)", "DATE", "BOOLEAN", "TIMESTAMP", "FLOAT", "DECIMAL(38,10)",
         "SMALLINT", "ARRAY<INT>", "STRUCT<p: INT, q: STRING>", "BINARY"]
TEXTS = ["a", "b", "A", "", "é", "ab"]


def value(r, type, nulls=0.15):
    """Values of few kinds, so that there are groups and partners."""
    if r.random() < nulls:
        return null(type)
    if type in ("INT", "BIGINT", "SMALLINT"):
        return Node([f"CAST({r.choice([0, 1, 1, 2, 2, 3, -1])} AS {type})"], type, [null(type)])
    if type == "STRING":
        return Node([f"'{r.choice(TEXTS)}'"], type, [null(type)])
    if type == "DATE":
        return Node([f"DATE '2024-0{r.randint(1, 3)}-0{r.randint(1, 2)}'"], type, [null(type)])
    if type in ("DOUBLE", "FLOAT") and r.random() < 0.7:
        return Node([f"{r.choice(['0', '0.5', '1.5', '-0.0', '2', '1E3'])}{type[0]}"], type, [null(type)])
    return literal(r, type, nulls=0)


class Query:
    def __init__(self, r):
        self.r = r
        self.tables = {}
        for name in "tu":
            types = [r.choice(["INT", "STRING", "BIGINT"])] + [r.choice(TYPES) for _ in range(r.randint(1, 3))]
            self.tables[name] = [(f"{name}{index}", type) for index, type in enumerate(types)]

    def definition(self, name):
        r, columns = self.r, self.tables[name]
        rows = [[value(r, type) for _, type in columns] for _ in range(r.choice([1, 2, 4, 6, 9]))]
        table = Table(name, columns, rows)
        return Node([f"{name} AS (SELECT * FROM ", table, " WHERE false" if r.random() < 0.05 else "", ")"])

    # Expressions

    def expression(self, type, columns, depth=1):
        generator = Generator(self.r, fixed=True)
        known = [name for name, other in columns if other == type]
        if known and self.r.random() < 0.5:
            return Node([self.r.choice(known)], type)
        return generator.make(type, depth, list(columns))

    def condition(self, columns):
        r = self.r
        name, type = r.choice(columns)
        plain = [f"{name} IS {r.choice(['NULL', 'NOT NULL'])}"]
        if type not in ("BOOLEAN",) and r.random() < 0.5:
            plain = [f"{name} {r.choice(['=', '<', '>=', '<>', '<=>'])} ", value(r, type, 0.05)]
        made = Node(plain, "BOOLEAN", [Node(["true"], "BOOLEAN")])
        if r.random() < 0.4:
            made = self.expression("BOOLEAN", columns)
        if r.random() < 0.25:
            return Node([made, r.choice([" AND ", " OR "]), self.condition(columns)], "BOOLEAN")
        return made

    def aggregate(self, columns, ordered):
        """`ordered`: are the rows in an order that both engines have? (Spark may sort them by a group's key.)"""
        r = self.r
        name, type = r.choice(columns)
        other, otherType = r.choice(columns)
        isNumber = type.split("(")[0] in ("INT", "BIGINT", "SMALLINT", "DOUBLE", "FLOAT", "DECIMAL")
        isSortable = type != "BINARY"
        choices = ["count(*)", f"count({name})", f"count(DISTINCT {name})", f"count({name}, {other})", f"count_if({name} IS NULL)"]
        if isSortable:
            choices += [f"min({name})", f"max({name})", f"sort_array(collect_list({name}))"]
            # Equal zeros: docs/from-spark.md.
            choices += [f"sort_array(collect_set({name}))"] if type not in ("FLOAT", "DOUBLE") else []
        if isNumber:
            choices += [f"{r.choice(['sum', 'avg', 'sum', 'avg', 'stddev', 'var_pop', 'skewness', 'kurtosis', 'median', 'try_sum', 'try_avg'])}({name})"] * 3
            choices += [f"{r.choice(['sum', 'avg'])}(DISTINCT {name})", f"percentile({name}, {r.choice(['0.5', '0.25', '1', 'array(0.1, 0.9)'])})"]
        if type in ("INT", "BIGINT", "SMALLINT"):
            choices += [f"{r.choice(['bit_and', 'bit_or', 'bit_xor'])}({name})"]
        if isNumber and otherType in ("INT", "DOUBLE", "BIGINT", "FLOAT"):
            choices += [f"{r.choice(['corr', 'covar_pop', 'covar_samp', 'regr_slope', 'regr_r2', 'regr_count', 'regr_avgx'])}({name}, {other})"]
        if type == "BOOLEAN":
            choices += [f"{r.choice(['bool_and', 'bool_or', 'every', 'some'])}({name})"] * 3
        if ordered:
            choices += [f"{r.choice(['first', 'last', 'any_value'])}({name}{r.choice(['', ', true'])})", f"collect_list({name})"]
        if type == "STRING":
            choices += [f"listagg({name}, ',') WITHIN GROUP (ORDER BY {name})"]
        text = r.choice(choices)
        if r.random() < 0.15 and "DISTINCT" not in text and "WITHIN" not in text:
            return Node([text, " FILTER (WHERE ", self.condition(columns), ")"])
        return Node([text])

    def named(self, item, name):
        """Random conditions have no names that are worth comparing."""
        return Node([item, f" AS {name}"]) if "FILTER" in item.sql() else item

    def window(self, columns):
        r = self.r
        everything = ", ".join(f"{name} {r.choice(['ASC', 'DESC'])}{r.choice(['', ' NULLS FIRST', ' NULLS LAST'])}" for name, type in columns)
        name, type = r.choice(columns)
        partition = f"PARTITION BY {r.choice(columns)[0]}" if r.random() < 0.7 else ""
        choice = r.random()
        if choice < 0.45:
            function = r.choice(["row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", f"ntile({r.randint(1, 3)})",
                                 f"lag({name})", f"lead({name}, 2)", f"lag({name}, {r.choice([0, 1, 2, -1])})"])
            order = everything if "(" in function[-2:] or function[:3] in ("row", "nti", "lag", "lea") else f"{name} {r.choice(['ASC', 'DESC'])}"
            return Node([f"{function} OVER ({partition} ORDER BY {order})"])
        if choice < 0.6:
            return self.named(Node([self.aggregate(columns, False), f" OVER ({partition})"]), "w")
        kind = r.choice(["ROWS", "RANGE"])
        low = r.choice(["UNBOUNDED PRECEDING", "CURRENT ROW"] + (["1 PRECEDING", "2 FOLLOWING"] if kind == "ROWS" else []))
        high = r.choice(["UNBOUNDED FOLLOWING", "CURRENT ROW"] + (["1 FOLLOWING", "1 PRECEDING"] if kind == "ROWS" else []))
        function = r.choice([f"first_value({name})", f"last_value({name})", f"nth_value({name}, 2)", "count(*)", f"count({name})", f"max({name})"])
        if type in ("INT", "BIGINT", "DOUBLE", "DECIMAL(10,2)") and r.random() < 0.5:
            function = r.choice([f"sum({name})", f"avg({name})"])
        return Node([f"{function} OVER ({partition} ORDER BY {everything} {kind} BETWEEN {low} AND {high})"])

    # Relations

    def source(self):
        """Node, its columns, and whether its rows have an order."""
        r = self.r
        choice = r.random()
        t, u = self.tables["t"], self.tables["u"]
        if choice < 0.45:
            return Node(["t"]), t, True
        if choice < 0.85:
            kind = r.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN", "CROSS JOIN"])
            pairs = [(a, b) for a, type in t for b, other in u if type == other and type != "BINARY"]
            on = [f"{a} {r.choice(['=', '=', '=', '<=>', '<'])} {b}" for a, b in r.sample(pairs, min(len(pairs), r.choice([1, 1, 2])))]
            if not on:
                on = [f"CAST({t[0][0]} AS STRING) = CAST({u[0][0]} AS STRING)"]
            conditions = Items([Node([part]) for part in on] + ([self.condition(t + u)] if r.random() < 0.3 else []), separator=" AND ", prefix=" ON ", least=1)
            columns = t if "SEMI" in kind or "ANTI" in kind else t + u
            return Node([f"t {kind} u", "" if kind == "CROSS JOIN" else conditions]), columns, False
        if choice < 0.93:
            return Node(["t LATERAL VIEW ", r.choice(["", "OUTER "]), "explode(", self.expression("ARRAY<INT>", t), ") e AS e0"]), t + [("e0", "INT")], False
        query, columns = self.select(inner=True)
        return Node(["(", query, ") AS q"]), columns, False

    def where(self, columns):
        r = self.r
        conditions = [self.condition(columns)] if r.random() < 0.4 else []
        if r.random() < 0.12:
            name, type = r.choice(columns)
            partners = [other for other, kind in self.tables["u"] if kind == type]
            if partners:
                conditions.append(Node([f"{name} {r.choice(['IN', 'NOT IN'])} (SELECT {r.choice(partners)} FROM u)"]))
        return Items(conditions, separator=" AND ", prefix=" WHERE ")

    def select(self, inner=False):
        r = self.r
        source, columns, ordered = self.source() if not inner else (Node(["t"]), self.tables["t"], True)
        choice = r.random()
        if choice < 0.3:
            types = [type for _, type in r.sample(columns, min(len(columns), r.randint(1, 3)))]
            items = [Node([self.expression(type, columns, r.choice([0, 1, 1, 2])), f" AS x{index}"]) for index, type in enumerate(types)]
            made = [(f"x{index}", type) for index, type in enumerate(types)]
            distinct = "DISTINCT " if r.random() < 0.2 else ""
            return Node([f"SELECT {distinct}", Items(items, least=1), " FROM ", source, self.where(columns)]), made
        if choice < 0.75 or inner:
            keys = r.sample(columns, min(len(columns), r.choice([0, 1, 1, 1, 2])))
            items = [Node([name]) for name, _ in keys]
            group = Items([Node([name]) for name, _ in keys], prefix=" GROUP BY ")
            if keys and r.random() < 0.15:
                group = Node([" GROUP BY ", r.choice(["ROLLUP", "CUBE"]), " (", ", ".join(name for name, _ in keys), ")"])
                items += [Node([f"grouping({keys[0][0]})"])]
            aggregates = [self.named(self.aggregate(columns, ordered and not keys), f"a{index}") for index in range(r.randint(1, 3))]
            having = Items([Node([r.choice(["count(*) > 1", "count(*) < 2", f"max({columns[0][0]}) IS NOT NULL"])])] if keys and r.random() < 0.2 else [], prefix=" HAVING ")
            if inner:
                items = [Node([name, f" AS {name}"]) for name, _ in keys] + [Node(["count(*) AS n"])]
                return Node(["SELECT ", Items(items, least=1), " FROM ", source, self.where(columns), group]), keys + [("n", "BIGINT")]
            return Node(["SELECT ", Items(items + aggregates, least=1), " FROM ", source, self.where(columns), group, having]), None
        windows = [self.window(columns) for _ in range(r.randint(1, 2))]
        return Node(["SELECT ", Items([Node([name]) for name, _ in columns[:2]] + windows, least=1), " FROM ", source, self.where(columns)]), None


def case(r):
    query = Query(r)
    made, columns = query.select()
    ordered = False
    if columns and r.random() < 0.3:
        operator = r.choice(["UNION ALL", "UNION", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL"])
        types = [type for _, type in columns]
        others = [Node([query.expression(type, query.tables["u"])]) for type in types]
        made = Node([made, f" {operator} SELECT ", Items(others, least=1), " FROM u"])
    if columns and r.random() < 0.35:
        numbers = list(range(1, len(columns) + 1))
        r.shuffle(numbers)
        keys = [Node([f"{number} {r.choice(['ASC', 'DESC'])}{r.choice(['', ' NULLS FIRST', ' NULLS LAST'])}"]) for number in numbers]
        made = Node([made, " ORDER BY ", Items(keys, least=len(keys)), r.choice(["", "", " LIMIT 2", " LIMIT 3 OFFSET 1"])])
        ordered = True
    return Node(["WITH ", query.definition("t"), ", ", query.definition("u"), " ", made]), ordered
