"""Asks a real Spark for the answers in spark_queries.jsonl: one line a query with its schema and rows.
usage: spark_queries.py      (needs pyspark 4 and Java 17; prints the new file)
Rows are in Spark's order when the query has an ORDER BY of its own (ordered), else in the order of their texts."""
import json, re
from pyspark.sql import SparkSession

VIEWS = {
    "people": """SELECT * FROM VALUES
      (1, 'Ann', 'HR', 3000.5D, CAST(12.50 AS DECIMAL(5,2)), DATE '2024-01-31', true),
      (2, 'Bob', 'IT', 4000.25D, CAST(7.25 AS DECIMAL(5,2)), DATE '2023-05-01', false),
      (3, 'Cid', 'IT', NULL, NULL, DATE '2024-03-01', true),
      (4, NULL, 'HR', 1000.0D, CAST(0.05 AS DECIMAL(5,2)), NULL, NULL),
      (5, 'Eve', NULL, 4000.25D, CAST(99.99 AS DECIMAL(5,2)), DATE '2020-02-29', false),
      (6, 'Fay', 'IT', 2500.75D, CAST(-3.10 AS DECIMAL(5,2)), DATE '2024-01-31', true)
      AS t(id, name, dept, pay, rate, born, active)""",
    "depts": """SELECT * FROM VALUES ('HR', 'Staff', 10L), ('IT', 'Machines', 20L), ('PR', 'Press', 30L),
      (NULL, 'Nobody', 40L) AS t(dept, title, floor)""",
    "sales": """SELECT * FROM VALUES (1, 'a', 5), (1, 'b', 7), (2, 'a', NULL), (2, 'c', 1), (9, 'a', 2), (NULL, 'z', 3),
      (1, 'a', 5) AS t(person, item, amount)""",
    "none": "SELECT * FROM VALUES (1, 'x') AS t(a, b) WHERE a > 1",
}

QUERIES = """
SELECT count(*) FROM people
SELECT count(*), count(name), count(dept), count(pay) FROM people
SELECT count(1), count(name, dept), count(NULL) FROM people
SELECT count(DISTINCT dept), count(DISTINCT pay), count(DISTINCT dept, pay) FROM people
SELECT sum(id), sum(pay), sum(rate), sum(CAST(id AS FLOAT)), sum(CAST(id AS TINYINT)) FROM people
SELECT avg(id), avg(pay), avg(rate), mean(id) FROM people
SELECT min(id), max(id), min(name), max(name), min(rate), max(rate), min(born), max(born), max(active) FROM people
SELECT first(name), last(name), any_value(dept), first(pay), last(pay) FROM people
SELECT first(name, true), last(dept, true), last(name) IGNORE NULLS, first_value(id), last_value(id) FROM people
SELECT collect_list(name), collect_list(pay), array_agg(id) FROM people
SELECT size(collect_set(dept)), size(collect_set(pay)) FROM people
SELECT stddev(id), stddev_samp(id), stddev_pop(id), variance(id), var_samp(id), var_pop(id), std(id) FROM people
SELECT max_by(name, pay), min_by(name, pay), max_by(id, born), min_by(pay, name) FROM people
SELECT bool_and(active), bool_or(active), every(active), some(active), any(active) FROM people
SELECT count_if(active), count_if(pay > 3000), count_if(pay IS NULL) FROM people
SELECT sum(DISTINCT pay), avg(DISTINCT pay), count(DISTINCT active) FROM people
SELECT sum(id) FILTER (WHERE active), count(*) FILTER (WHERE pay > 2000), max(id) FILTER (WHERE dept = 'HR') FROM people
SELECT count(*), sum(a), avg(a), min(b), first(b), collect_list(a), stddev(a), count_if(a > 0), bool_and(a > 0) FROM none
SELECT b, count(*) FROM none GROUP BY b
SELECT sum('5'), avg('5'), sum(NULL), max(NULL) FROM people
SELECT sum(CAST(id AS BIGINT) * 2), avg(CAST(id AS SMALLINT)), stddev(pay), variance(rate) FROM people
SELECT sum(1), sum(1.5), avg(1.5), max('x'), count('x') FROM people
SELECT sum(id) + count(*) * 2 AS x, sum(id) / count(*) AS y, round(avg(pay), 2) AS z FROM people
SELECT CASE WHEN count(*) > 5 THEN 'many' ELSE 'few' END AS s FROM people
SELECT dept, count(*) FROM people GROUP BY dept
SELECT dept, sum(pay) AS total, avg(pay) AS mean FROM people GROUP BY dept
SELECT dept, active, count(*) AS n FROM people GROUP BY dept, active
SELECT count(*) AS n FROM people GROUP BY dept
SELECT dept FROM people GROUP BY dept
SELECT upper(dept), count(*) FROM people GROUP BY upper(dept)
SELECT concat(upper(dept), '!') AS d, max(id) FROM people GROUP BY upper(dept)
SELECT dept AS d, count(*) FROM people GROUP BY d
SELECT substring(name, 1, 1) AS initial, count(*) FROM people GROUP BY initial
SELECT dept, count(*) FROM people GROUP BY 1
SELECT active, dept, sum(id) FROM people GROUP BY 1, 2
SELECT id % 2 AS odd, collect_list(id) FROM people GROUP BY id % 2
SELECT id % 2 + 1 AS odd, sum(id) FROM people GROUP BY id % 2
SELECT dept, active, count(*) FROM people GROUP BY ALL
SELECT pay, count(*) FROM people GROUP BY pay
SELECT rate > 5 AS high, count(*), sum(rate) FROM people GROUP BY rate > 5
SELECT born, count(*) FROM people GROUP BY born
SELECT year(born), count(*), min(name) FROM people GROUP BY year(born)
SELECT p.dept, sum(p.id) AS s FROM people p GROUP BY p.dept
SELECT dept, people.dept AS e, count(*) FROM people GROUP BY people.dept
SELECT s.d, count(*) FROM (SELECT named_struct('d', dept) AS s FROM people) GROUP BY s.d
SELECT s, count(*) FROM (SELECT named_struct('d', dept, 'a', active) AS s FROM people) GROUP BY s
SELECT x, count(*) FROM VALUES (0.0D), (-0.0D), (CAST('NaN' AS DOUBLE)), (CAST('NaN' AS DOUBLE)), (NULL) AS t(x) GROUP BY x
SELECT a, sum(b) FROM VALUES (array(1, 2), 1), (array(1, 2), 2), (array(2, 1), 3) AS t(a, b) GROUP BY a
SELECT dept, count(*) FROM people GROUP BY dept HAVING count(*) > 1
SELECT dept, count(*) AS n FROM people GROUP BY dept HAVING n > 1 AND dept IS NOT NULL
SELECT dept FROM people GROUP BY dept HAVING max(pay) > 3500
SELECT count(*) FROM people HAVING count(*) > 100
SELECT dept, sum(id) AS id FROM people GROUP BY dept HAVING id > 5
SELECT dept, count(DISTINCT active), sum(DISTINCT id % 2) FROM people GROUP BY dept
SELECT dept, max_by(name, id), min_by(name, id), first(name), last(name) FROM people GROUP BY dept
SELECT dept, collect_list(name) AS names, size(collect_set(active)) AS n FROM people GROUP BY dept
SELECT dept, stddev(id), var_pop(id), stddev_pop(pay) FROM people GROUP BY dept
SELECT dept, max(struct(pay, name)) AS top FROM people GROUP BY dept
SELECT 1 AS one, 'x' AS x, dept FROM people GROUP BY dept
SELECT DISTINCT dept FROM people
SELECT DISTINCT dept, active FROM people
SELECT DISTINCT pay > 3000 AS high FROM people
SELECT DISTINCT count(*) FROM people GROUP BY dept
SELECT DISTINCT * FROM sales
SELECT DISTINCT dept FROM people ORDER BY dept DESC
SELECT id, name FROM people ORDER BY name, id
SELECT id, name FROM people ORDER BY name DESC, id
SELECT id, pay FROM people ORDER BY pay NULLS LAST, id DESC
SELECT id, pay FROM people ORDER BY pay DESC NULLS FIRST, id ASC
SELECT id FROM people ORDER BY 1 DESC
SELECT name AS n FROM people ORDER BY n
SELECT name FROM people ORDER BY id DESC
SELECT -id AS id FROM people ORDER BY id
SELECT id FROM people ORDER BY abs(id - 4), id
SELECT id, id * 2 AS d FROM people ORDER BY d + 1 DESC
SELECT dept, count(*) AS n FROM people GROUP BY dept ORDER BY n DESC, dept
SELECT dept FROM people GROUP BY dept ORDER BY max(id)
SELECT dept, count(*) FROM people GROUP BY dept ORDER BY count(*) DESC, 1 LIMIT 2
SELECT id FROM people ORDER BY rate DESC LIMIT 3
SELECT id FROM people ORDER BY id LIMIT 2 OFFSET 3
SELECT id FROM people ORDER BY id OFFSET 4
SELECT id FROM people ORDER BY id LIMIT 0
SELECT id FROM people ORDER BY id LIMIT ALL
SELECT active, born, id FROM people ORDER BY active, born DESC, id
SELECT count(*) FROM (SELECT id FROM people LIMIT 4)
SELECT x FROM VALUES (1.0D), (CAST('NaN' AS DOUBLE)), (CAST('-Infinity' AS DOUBLE)), (NULL), (CAST('Infinity' AS DOUBLE)) AS t(x) ORDER BY x
SELECT x FROM VALUES ('b'), ('a'), ('B'), ('ä'), ('') AS t(x) ORDER BY x
SELECT a FROM VALUES (array(2)), (array(1, 5)), (array(1)), (NULL) AS t(a) ORDER BY a
SELECT id FROM people UNION ALL SELECT floor FROM depts
SELECT dept FROM people UNION SELECT dept FROM depts
SELECT dept FROM people UNION ALL SELECT dept FROM depts ORDER BY dept DESC LIMIT 4
SELECT 1 AS a UNION ALL SELECT 2.5 UNION ALL SELECT NULL
SELECT a FROM (SELECT 1 AS a UNION SELECT 1 UNION ALL SELECT 1)
SELECT id AS x, name FROM people WHERE id < 3 UNION ALL SELECT person, item FROM sales WHERE amount > 5
SELECT 'p' AS kind, count(*) AS n FROM people UNION ALL SELECT 's', count(*) FROM sales
(SELECT id FROM people ORDER BY id LIMIT 1) UNION ALL (SELECT id FROM people ORDER BY id DESC LIMIT 1)
WITH it AS (SELECT * FROM people WHERE dept = 'IT') SELECT count(*), sum(pay) FROM it
WITH a AS (SELECT dept, sum(id) AS s FROM people GROUP BY dept), b AS (SELECT max(s) AS m FROM a) SELECT m FROM b
WITH t(x, y) AS (SELECT id, name FROM people) SELECT x FROM t WHERE y = 'Bob'
WITH a AS (SELECT 1 AS x) SELECT * FROM (WITH a AS (SELECT 2 AS x) SELECT x FROM a)
SELECT avg(n) FROM (SELECT count(*) AS n FROM people GROUP BY dept)
SELECT t.n FROM (SELECT dept, count(*) AS n FROM people GROUP BY dept) AS t WHERE t.n > 1
SELECT a, b FROM (SELECT id, name FROM people WHERE id = 1) AS t(a, b)
SELECT col1, col2 FROM VALUES (1, 'a'), (2, NULL)
SELECT * FROM people p JOIN depts d ON p.dept = d.dept
SELECT p.name, d.title FROM people p JOIN depts d ON p.dept = d.dept ORDER BY p.id
SELECT name, title FROM people p LEFT JOIN depts d ON p.dept = d.dept
SELECT name, title FROM people p LEFT OUTER JOIN depts d ON p.dept = d.dept AND d.floor > 10
SELECT name, title FROM people p INNER JOIN depts d ON p.dept <=> d.dept
SELECT * FROM people JOIN depts USING (dept)
SELECT dept, title, count(*) FROM people LEFT JOIN depts USING (dept) GROUP BY dept, title
SELECT people.dept, depts.dept FROM people JOIN depts USING (dept)
SELECT p.id, s.item FROM people p LEFT JOIN sales s ON p.id = s.person AND s.amount > 4
SELECT p.id, s.amount FROM people p JOIN sales s ON p.id = s.person WHERE s.amount IS NOT NULL
SELECT p.id, q.id FROM people p JOIN people q ON p.pay = q.pay AND p.id < q.id
SELECT p.id, q.id FROM people p JOIN people q ON p.id < q.id WHERE q.id <= 3
SELECT count(*) FROM people CROSS JOIN depts
SELECT count(*) FROM people, depts WHERE people.dept = depts.dept
SELECT p.id, d.title, s.item FROM people p JOIN depts d ON p.dept = d.dept JOIN sales s ON s.person = p.id
SELECT d.title, sum(s.amount) AS total FROM people p JOIN depts d ON p.dept = d.dept LEFT JOIN sales s ON s.person = p.id GROUP BY d.title ORDER BY total DESC NULLS LAST
SELECT p.id FROM people p LEFT SEMI JOIN sales s ON p.id = s.person
SELECT p.id FROM people p LEFT ANTI JOIN sales s ON p.id = s.person
SELECT p.id, d.floor FROM people p JOIN depts d ON p.id * 10 = d.floor
SELECT p.id, t.n FROM people p JOIN (SELECT person, count(*) AS n FROM sales GROUP BY person) t ON p.id = t.person
SELECT id, s.* FROM people LEFT JOIN none s ON id = a
SELECT e, count(*) FROM (SELECT explode(array(id, id % 2)) AS e FROM people) GROUP BY e ORDER BY e
SELECT id, e FROM people LATERAL VIEW explode(array(1, 2)) t AS e WHERE id < 3 ORDER BY id DESC, e DESC
SELECT e, sum(id) FROM people LATERAL VIEW explode(array('x', dept)) t AS e GROUP BY e
SELECT sum(x) FROM VALUES (9223372036854775807L), (1L) AS t(x)
SELECT sum(x) FROM VALUES (99999999999999999999999999999999999999BD), (99999999999999999999999999999999999999BD) AS t(x)
SELECT sum(x) FROM VALUES ('a') AS t(x)
SELECT 1 / sum(id - id) FROM people
SELECT dept, name FROM people GROUP BY dept
SELECT sum(sum(id)) FROM people
SELECT id FROM people WHERE sum(id) > 1
SELECT id FROM people GROUP BY 4
SELECT id FROM people ORDER BY 4
SELECT sum(active) FROM people
SELECT id FROM people HAVING id > 1
SELECT dept FROM people JOIN depts ON people.dept = depts.dept
SELECT id FROM people LIMIT -1
SELECT DISTINCT dept FROM people ORDER BY id
"""


def main():
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.sql.shuffle.partitions", "1").config("spark.sql.session.timeZone", "UTC").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    for name, query in VIEWS.items():
        spark.sql(query).createOrReplaceTempView(name)
        print(json.dumps({"view": name, "query": " ".join(query.split())}, ensure_ascii=False))
    for query in filter(None, QUERIES.split("\n")):
        line = {"query": query}
        try:
            frame = spark.sql(query)
            columns = [[field.name, field.dataType.simpleString()] for field in frame.schema]
            # Names may repeat: give them numbers before casting.
            numbered = frame.toDF(*[f"c{index}" for index in range(len(columns))])
            texts = numbered.selectExpr(*[f"CAST(c{index} AS STRING)" for index in range(len(columns))])
            rows = [list(row) for row in texts.collect()]
            outside = query
            while "(" in outside:
                outside = re.sub(r"\([^()]*\)", "", outside)
            ordered = " ORDER BY " in outside
            if not ordered:
                rows.sort(key=lambda row: json.dumps(row, ensure_ascii=False))
            line |= {"ordered": ordered, "schema": columns, "rows": rows}
        except Exception as error:
            text = str(error)
            line["error"] = text[text.index("[") + 1:text.index("]")]
        print(json.dumps(line, ensure_ascii=False))


main()
