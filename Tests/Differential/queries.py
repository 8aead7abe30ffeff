"""Random queries over two small random tables: filters, groups, joins, windows, sets, orders."""
from expressions import Generator
from literals import literal, null
from tree import Items, Node, Table

TYPES = ["INT", "STRING", "BIGINT", "DOUBLE", "DECIMAL(10,2)", "DATE", "BOOLEAN", "TIMESTAMP", "FLOAT", "DECIMAL(38,10)",
         "SMALLINT", "ARRAY<INT>", "STRUCT<p: INT, q: STRING>", "BINARY", "TIMESTAMP", "INTERVAL DAY TO SECOND", "ARRAY<STRING>"]
NUMBERS = ["INT", "BIGINT", "SMALLINT", "DOUBLE", "FLOAT", "DECIMAL(10,2)", "DECIMAL(38,10)"]
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
    if type == "TIMESTAMP" and r.random() < 0.7:
        return Node([f"TIMESTAMP '2024-03-31 0{r.randint(0, 3)}:{r.choice(['00', '10', '59'])}:00'"], type, [null(type)])
    if type in ("DOUBLE", "FLOAT") and r.random() < 0.7:
        return Node([f"{r.choice(['0', '0.5', '1.5', '-0.0', '2', '1E3'])}{type[0]}"], type, [null(type)])
    return literal(r, type, nulls=0)


class Query:
    def __init__(self, r):
        self.r, self.isOrdered, self.hasDistinct = r, False, True
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

    def wider(self, type):
        if type in NUMBERS:
            return self.r.choice(NUMBERS)
        return self.r.choice({"DATE": ["TIMESTAMP"], "TIMESTAMP": ["DATE"], "ARRAY<INT>": ["ARRAY<BIGINT>", "ARRAY<DOUBLE>"]}.get(type, [type]))

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
            function = r.choice(["corr", "covar_pop", "covar_samp", "regr_slope", "regr_r2", "regr_count", "regr_avgx", "regr_avgy", "regr_sxx",
                                 "regr_sxy", "regr_syy", "regr_intercept"])
            choices += [f"{function}({name}, {other})"]
        if isNumber:
            choices += [f"percentile_cont({r.choice(['0.5', '0.9'])}) WITHIN GROUP (ORDER BY {name}{r.choice(['', ' DESC'])})",
                        f"percentile_disc(0.4) WITHIN GROUP (ORDER BY {name})", f"percentile_approx({name}, {r.choice(['0.5', 'array(0.25, 1)']) if 'DECIMAL' not in type else '0.5'})",
                        f"{r.choice(['std', 'var_samp', 'stddev_pop'])}({name})", f"sum({name} + 1)", f"sum({name}) / count(*)",
                        f"max({name}) - min({name})", f"avg({name}) > 1"]
            # Numbers that add up to the same in any order.
            choices += [f"sum({name} * {name})"] if type not in ("FLOAT", "DOUBLE") else []
        if "INTERVAL" in type:
            choices += [f"{r.choice(['sum', 'avg', 'try_sum', 'try_avg', 'min', 'max'])}({name})"] * 3
        choices += [f"approx_count_distinct({name})", f"count(DISTINCT {name}, {other})", f"max(struct({name}, {other}))" if isSortable else "count(1)",
                    f"count(DISTINCT struct({name}, {other}))", f"size(collect_set(struct({name})))" if type not in ("FLOAT", "DOUBLE") else "count(2)",
                    f"bool_or({name} IS NULL)", f"count({name}) = count(*)"]
        if isNumber and otherType not in ("BINARY",):
            choices += [f"{r.choice(['max_by', 'min_by'])}({other}, struct({name}, {other}))"]
        if type == "BOOLEAN":
            choices += [f"{r.choice(['bool_and', 'bool_or', 'every', 'some'])}({name})"] * 3
        # Beside DISTINCT the rows come in another order.
        if ordered and not self.hasDistinct:
            choices = [choice for choice in choices if "DISTINCT" not in choice]
            choices += [f"{r.choice(['first', 'last', 'any_value'])}({name}{r.choice(['', ', true'])})", f"collect_list({name})"]
        if type == "STRING":
            choices += [f"listagg({name}, ',') WITHIN GROUP (ORDER BY {name}{r.choice(['', ' DESC', ' NULLS LAST'])})",
                        f"listagg(DISTINCT {name}) WITHIN GROUP (ORDER BY {name})"]
        text = r.choice(choices)
        isOne = text.endswith(")") and text.count("(") == text.count(")") and not any(sign in text for sign in (" / ", " - ", " = ", " > "))
        if r.random() < 0.15 and isOne and "sort_array" not in text and "size(" not in text:
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
                                 f"lag({name})", f"lead({name}, 2)", f"lag({name}, {r.choice([0, 1, 2, -1])})",
                                 f"lag({name}) IGNORE NULLS", f"lead({name}, 1) IGNORE NULLS"])
            order = everything if "(" in function[-2:] or function[:3] in ("row", "nti", "lag", "lea") else f"{name} {r.choice(['ASC', 'DESC'])}"
            return Node([f"{function} OVER ({partition} ORDER BY {order})"])
        if choice < 0.6:
            text = self.aggregate(columns, False).sql()
            if any(part in text for part in ("WITHIN", "DISTINCT", " / ", " - ", " = ", " > ", "sort_array", "size(")):
                text = f"count({name})"
            return self.named(Node([text, f" OVER ({partition})"]), "w")
        if choice < 0.75:
            # RANGE with distances: one key.
            keys = [(name, kind) for name, kind in columns if kind in NUMBERS + ["DATE", "TIMESTAMP"]]
            if keys:
                key, kind = r.choice(keys)
                far = {"DATE": ["1", "INTERVAL '1' MONTH", "INTERVAL '30' DAY"], "TIMESTAMP": ["INTERVAL '1' HOUR", "INTERVAL '10' MINUTE", "INTERVAL '1' MONTH"],
                       "DOUBLE": ["1.0D", "0.5D"], "FLOAT": ["1.0F"]}.get(kind, ["1", "2"])
                low = r.choice([f"{r.choice(far)} {r.choice(['PRECEDING', 'PRECEDING', 'FOLLOWING'])}", "UNBOUNDED PRECEDING", "CURRENT ROW"])
                high = r.choice([f"{r.choice(far)} {r.choice(['FOLLOWING', 'FOLLOWING', 'PRECEDING'])}", "UNBOUNDED FOLLOWING", "CURRENT ROW"])
                order = r.choice(["", " DESC", " NULLS LAST", " DESC NULLS FIRST"])
                function = r.choice(["count(*)", f"count({name})", f"max({key})", f"min({key})", f"sum({key})" if kind in NUMBERS[:3] else "count(*)"])
                return Node([f"{function} OVER ({partition} ORDER BY {key}{order} RANGE BETWEEN {low} AND {high})"])
        kind = r.choice(["ROWS", "RANGE"])
        low = r.choice(["UNBOUNDED PRECEDING", "CURRENT ROW"] + (["1 PRECEDING", "2 FOLLOWING"] if kind == "ROWS" else []))
        high = r.choice(["UNBOUNDED FOLLOWING", "CURRENT ROW"] + (["1 FOLLOWING", "1 PRECEDING"] if kind == "ROWS" else []))
        nulls = r.choice(["", "", " IGNORE NULLS"])
        function = r.choice([f"first_value({name}){nulls}", f"last_value({name}){nulls}", f"nth_value({name}, 2){nulls}", "count(*)", f"count({name})", f"max({name})"])
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
        if choice < 0.5:
            # One column of each, with the same name: USING merges them, null keys have no partner.
            pairs = [(a, b, type) for a, type in t for b, other in u if type == other and type != "BINARY"]
            if pairs:
                a, b, type = r.choice(pairs)
                others = [(name, kind) for name, kind in t + u if name not in (a, b)]
                kind = r.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL OUTER JOIN"])
                return (Node([f"(SELECT *, {a} AS k FROM t) AS t {kind} (SELECT *, {b} AS k FROM u) AS u USING (k)"]),
                        [("k", type)] + others, False)
        if choice < 0.8:
            kind = r.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN", "CROSS JOIN"])
            pairs = [(a, b) for a, type in t for b, other in u if type == other and type != "BINARY"]
            on = [f"{a} {r.choice(['=', '=', '=', '<=>', '<'])} {b}" for a, b in r.sample(pairs, min(len(pairs), r.choice([1, 1, 2])))]
            if not on:
                on = [f"CAST({t[0][0]} AS STRING) = CAST({u[0][0]} AS STRING)"]
            conditions = Items([Node([part]) for part in on] + ([self.condition(t + u)] if r.random() < 0.3 else []), separator=" AND ", prefix=" ON ", least=1)
            columns = t if "SEMI" in kind or "ANTI" in kind else t + u
            return Node([f"t {kind} u", "" if kind == "CROSS JOIN" else conditions]), columns, False
        if choice < 0.95:
            parts, columns = ["t"], list(t)
            for number in range(r.choice([1, 1, 2])):
                view, made = self.lateral(columns, number)
                parts += view
                columns += made
            return Node(parts), columns, False
        query, columns = self.select(inner=True)
        return Node(["(", query, ") AS q"]), columns, False

    def lateral(self, columns, number):
        """LATERAL VIEW of a generator: its parts, its columns."""
        r = self.r
        a, b = f"e{number}", f"f{number}"
        call, made = r.choice([
            (["explode(", self.expression("ARRAY<INT>", columns), ")"], [(a, "INT")]),
            (["posexplode(", self.expression("ARRAY<STRING>", columns), ")"], [(a, "INT"), (b, "STRING")]),
            (["explode(", self.expression("MAP<STRING, INT>", columns), ")"], [(a, "STRING"), (b, "INT")]),
            (["inline(", self.expression("ARRAY<STRUCT<p: INT, q: STRING>>", columns), ")"], [(a, "INT"), (b, "STRING")]),
            (["explode(", self.expression("ARRAY<STRUCT<p: INT, q: STRING>>", columns), ")"], [(a, "STRUCT<p: INT, q: STRING>")]),
            (["explode(split(", self.expression("STRING", columns), ", ''))"], [(a, "STRING")]),
            (["stack(2, ", self.expression("INT", columns), ", ", self.expression("STRING", columns), ", 7, 'x')"], [(a, "INT"), (b, "STRING")]),
            ([f"json_tuple(to_json(struct({columns[0][0]}, {columns[-1][0]})), '{columns[0][0]}', '{columns[-1][0]}')"], [(a, "STRING"), (b, "STRING")]),
        ])
        return [" LATERAL VIEW ", r.choice(["", "OUTER "]), *call, f" v{number} AS ", ", ".join(name for name, _ in made)], made

    def times(self, source, columns):
        """GROUP BY a window of time; None without a column of times."""
        r = self.r
        times = [name for name, type in columns if type == "TIMESTAMP"]
        if not times:
            return None
        lengths = r.choice(["'1 hour'", "'10 minutes'", "'1 hour', '20 minutes'", "'90 minutes', '1 hour'", "'1 day', '1 day', '2 hours'",
                            "'1 hour', '30 minutes', '5 minutes'", "'1 week'", "'45 seconds'", "'2 hours', '2 hours', '-15 minutes'"])
        call = f"window({r.choice(times)}, {lengths})"
        keys = r.sample(columns, r.choice([0, 0, 1]))
        items = [Node([r.choice(["window", "window.start, window.end", "window.end"])])] + [Node([name]) for name, _ in keys]
        items += [self.named(self.aggregate(columns, False), f"a{index}") for index in range(r.randint(1, 2))]
        group = ", ".join([call] + [name for name, _ in keys])
        return Node(["SELECT ", Items(items, least=1), " FROM ", source, self.where(columns), f" GROUP BY {group}", self.having(columns)])

    def having(self, columns):
        r = self.r
        if r.random() > 0.25:
            return Node([""])
        name, type = r.choice(columns)
        return Node([" HAVING " + r.choice(["count(*) > 1", "count(*) < 2", f"count({name}) <= 1 OR count(DISTINCT {name}) > 1",
                                            f"max({name}) IS NOT NULL" if type not in ("BINARY",) else "true"])])

    def exists(self, columns):
        """A condition with a sub-query that names the row around it, or the largest of a column."""
        r = self.r
        pairs = [(a, b) for a, type in columns for b, other in self.tables["u"] if type == other]
        if not pairs:
            return []
        a, b = r.choice(pairs)
        return [Node([r.choice([f"{r.choice(['', 'NOT '])}EXISTS (SELECT 1 FROM u AS z WHERE z.{b} {r.choice(['=', '<=>'])} {a})",
                                f"{a} {r.choice(['=', '<', '<=>'])} (SELECT max(z.{b}) FROM u AS z)",
                                f"{a} = (SELECT min(z.{b}) FROM u AS z WHERE z.{b} = {a})"])])]

    def where(self, columns):
        r = self.r
        conditions = [self.condition(columns)] if r.random() < 0.4 else []
        if r.random() < 0.12:
            name, type = r.choice(columns)
            partners = [other for other, kind in self.tables["u"] if kind == type]
            if partners:
                conditions.append(Node([f"{name} {r.choice(['IN', 'NOT IN'])} (SELECT {r.choice(partners)} FROM u)"]))
        if r.random() < 0.1:
            conditions += self.exists(columns)
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
        if choice < 0.38 and not inner:
            made = self.times(source, columns)
            if made:
                return made, None
        if choice < 0.75 or inner:
            keys = r.sample(columns, min(len(columns), r.choice([0, 1, 1, 1, 2])))
            items = [Node([name]) for name, _ in keys]
            group = Items([Node([name]) for name, _ in keys], prefix=" GROUP BY ")
            self.hasDistinct = r.random() < 0.5
            names, isUnique = ", ".join(name for name, _ in keys), not inner
            if keys and not inner and r.random() < 0.3:
                numbers = ", ".join(str(index + 1) for index in range(len(keys)))
                group = Node([r.choice([f" GROUP BY {numbers}", f" GROUP BY {numbers}", " GROUP BY ALL"])])
            elif keys and r.random() < 0.2:
                group = Node([" GROUP BY " + r.choice([f"ROLLUP ({names})", f"CUBE ({names})", f"{names} WITH ROLLUP",
                                                      f"GROUPING SETS (({names}), ())", f"GROUPING SETS (({names}), ({keys[-1][0]}))"])])
                items += [Node([f"grouping({keys[0][0]})"]), Node(["grouping_id()"])] if not inner else []
                isUnique = False
            aggregates = [self.named(self.aggregate(columns, ordered and not keys), f"a{index}") for index in range(r.randint(1, 3))]
            having = self.having(columns) if keys else ""
            if inner:
                items = [Node([name, f" AS {name}"]) for name, _ in keys] + [Node(["count(*) AS n"])]
                return Node(["SELECT ", Items(items, least=1), " FROM ", source, self.where(columns), group]), keys + [("n", "BIGINT")]
            order = ""
            if keys and isUnique and not any(type in ("FLOAT", "DOUBLE") for _, type in keys) and r.random() < 0.3:
                order = " ORDER BY " + ", ".join(f"{name} {r.choice(['', 'ASC', 'DESC'])} {r.choice(['', 'NULLS FIRST', 'NULLS LAST'])}" for name, _ in keys)
                order = r.choice([order, f" ORDER BY count(*) DESC, {order[10:]}", f"{order} LIMIT 2"])
                self.isOrdered = True
            # Ordinals stay right.
            isFixed = "BY 1" in group.sql() or "BY ALL" in group.sql()
            wanted = [Node(["SELECT ", Items(items, least=len(items)), ", ", Items(aggregates, least=1)])] if isFixed else ["SELECT ", Items(items + aggregates, least=1)]
            return Node([*wanted, " FROM ", source, self.where(columns), group, having, order]), None
        windows = [self.window(columns) for _ in range(r.randint(1, 2))]
        return Node(["SELECT ", Items([Node([name]) for name, _ in columns[:2]] + windows, least=1), " FROM ", source, self.where(columns)]), None


def case(r):
    query = Query(r)
    made, columns = query.select()
    ordered = False
    if columns and r.random() < 0.3:
        operator = r.choice(["UNION ALL", "UNION", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL"])
        types = [type for _, type in columns]
        # Other types on the other side: both become one that holds them.
        kinds = [query.wider(type) if r.random() < 0.3 else type for type in types]
        others = [Node([query.expression(type, query.tables["u"])]) for type in kinds]
        made = Node([made, f" {operator} SELECT ", Items(others, least=1), " FROM u"])
    if columns and r.random() < 0.35:
        numbers = list(range(1, len(columns) + 1))
        r.shuffle(numbers)
        keys = [Node([f"{number} {r.choice(['ASC', 'DESC'])}{r.choice(['', ' NULLS FIRST', ' NULLS LAST'])}"]) for number in numbers]
        first = f"{columns[0][0]} IS NULL, " if r.random() < 0.2 else ""
        made = Node([made, f" ORDER BY {first}", Items(keys, least=len(keys)), r.choice(["", "", " LIMIT 2", " LIMIT 3 OFFSET 1", " OFFSET 1"])])
        ordered = True
    return Node(["WITH ", query.definition("t"), ", ", query.definition("u"), " ", made]), ordered or query.isOrdered
