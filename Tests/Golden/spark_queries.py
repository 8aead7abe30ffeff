"""Asks a real Spark for the answers in spark_queries.jsonl: one line a query with its schema and rows.
usage: spark_queries.py      (needs pyspark 4 and Java 17; prints the new file)
Rows are in Spark's order when the query has an ORDER BY of its own (ordered), else in the order of their texts. `off` is the
answer with ANSI off, where it is another one."""
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
    "docs": """SELECT * FROM VALUES
      (1, array('x', 'y'), map('a', 1, 'b', 2), '{"k":"v","n":{"m":1},"l":[1,2]}', named_struct('p', 1, 'q', 'one')),
      (2, CAST(array() AS ARRAY<STRING>), CAST(map() AS MAP<STRING, INT>), '{}', named_struct('p', 2, 'q', NULL)),
      (3, NULL, NULL, NULL, NULL),
      (4, array('z', NULL), map('c', NULL), 'bad', named_struct('p', NULL, 'q', 'four'))
      AS t(id, tags, attrs, doc, s)""",
    "events": """SELECT * FROM VALUES
      (1, 'ann', TIMESTAMP '2024-03-01 10:00:00', 5.0D, 'view'),
      (2, 'bob', TIMESTAMP '2024-03-01 10:04:00', 2.5D, 'buy'),
      (3, 'ann', TIMESTAMP '2024-03-01 10:07:30', NULL, 'buy'),
      (4, 'ann', TIMESTAMP '2024-03-01 11:00:00', 8.0D, 'view'),
      (5, 'bob', TIMESTAMP '2024-03-02 09:00:00', 2.5D, 'view'),
      (6, 'cid', NULL, 1.0D, NULL)
      AS t(id, who, at, amount, kind)""",
    "nums": "SELECT * FROM VALUES (1), (2), (3), (3), (NULL) AS t(n)",
    "more": "SELECT * FROM VALUES (2), (3), (3), (4), (NULL), (NULL) AS t(n)",
}

QUERIES = r"""
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
SELECT id, t FROM docs LATERAL VIEW explode(tags) v AS t
SELECT id, t FROM docs LATERAL VIEW OUTER explode(tags) v AS t
SELECT id, pos, t FROM docs LATERAL VIEW posexplode(tags) v AS pos, t
SELECT id, pos, t FROM docs LATERAL VIEW OUTER posexplode(tags) v AS pos, t
SELECT id, k, n FROM docs LATERAL VIEW explode(attrs) v AS k, n
SELECT id, k, n FROM docs LATERAL VIEW OUTER explode(attrs) v AS k, n
SELECT id, key, value FROM docs LATERAL VIEW explode(attrs) v
SELECT id, col FROM docs LATERAL VIEW explode(tags) v
SELECT v.col, v.* FROM docs LATERAL VIEW explode(tags) v
SELECT * FROM docs LATERAL VIEW explode(tags) v AS t WHERE id = 1
SELECT id, a, b FROM docs LATERAL VIEW explode(tags) x AS a LATERAL VIEW explode(tags) y AS b
SELECT id, a, k FROM docs LATERAL VIEW OUTER explode(tags) x AS a LATERAL VIEW OUTER explode(attrs) y AS k, v
SELECT id, outer_, inner_ FROM docs LATERAL VIEW explode(array(tags, array('w'))) x AS outer_ LATERAL VIEW explode(outer_) y AS inner_
SELECT id, p, q FROM docs LATERAL VIEW inline(array(s, s)) v
SELECT id, v.p, v.q FROM docs LATERAL VIEW inline(array(s)) v AS p, q
SELECT id, x, y FROM docs LATERAL VIEW OUTER inline(CAST(NULL AS ARRAY<STRUCT<x: INT, y: STRING>>)) v
SELECT id, c0, c1 FROM docs LATERAL VIEW json_tuple(doc, 'k', 'n') v
SELECT id, k, l, missing FROM docs LATERAL VIEW json_tuple(doc, 'k', 'l', 'zz') v AS k, l, missing
SELECT id, col0, col1 FROM docs LATERAL VIEW stack(2, id, 'a', id * 10, 'b') v WHERE id < 3
SELECT id, n, c FROM docs LATERAL VIEW stack(2, 1, 'x', 2) v AS n, c WHERE id = 1
SELECT stack(2, 1, 'a', 2, 'b')
SELECT stack(2, 1, 'a', 2, 'b') AS (n, s)
SELECT stack(3, 1, 2, 3, 4, 5)
SELECT stack(2, 1, 2.5, 3, NULL)
SELECT json_tuple('{"a":1,"b":"x","c":{"d":2}}', 'a', 'b', 'c', 'd')
SELECT json_tuple('{"a":1}', 'a') AS a
SELECT json_tuple('bad', 'a'), 1 AS one
SELECT json_tuple(NULL, 'a')
SELECT posexplode(array('a', 'b'))
SELECT posexplode(array('a', 'b')) AS (i, v)
SELECT posexplode(map('a', 1, 'b', 2))
SELECT posexplode_outer(map('a', 1)) AS (i, k, v)
SELECT explode_outer(CAST(NULL AS ARRAY<INT>))
SELECT explode(CAST(NULL AS ARRAY<INT>))
SELECT id, explode_outer(tags) AS t FROM docs
SELECT id, posexplode_outer(tags) FROM docs
SELECT id, inline_outer(array(s)) FROM docs
SELECT inline(array(struct(1 AS a, 'x' AS b), struct(2, 'y')))
SELECT explode(map('a', 1, 'b', 2))
SELECT explode(map('a', 1, 'b', 2)) AS (k, v)
SELECT explode(sequence(1, 3)) AS n
SELECT explode(array(array(1), array(2, 3)))
SELECT id, explode(transform(tags, t -> upper(t))) AS t FROM docs
SELECT * FROM range(4)
SELECT id * 2 AS d FROM range(2, 5)
SELECT id FROM range(0, 10, 3)
SELECT id FROM range(3, 0, -1) ORDER BY id
SELECT r.id, count(*) FROM range(3) r JOIN people p ON p.id > r.id GROUP BY r.id
SELECT * FROM explode(array(1, 2))
SELECT * FROM explode(array(1, 2)) AS t(x)
SELECT * FROM posexplode(array('a', 'b')) AS t(i, v)
SELECT n, sum(n) FROM explode(array(1, 1, 2)) AS t(n) GROUP BY n
SELECT count(*) FROM docs LATERAL VIEW explode(array(1, 2, 3)) v AS x WHERE x > 1
SELECT t, count(*) AS n FROM docs LATERAL VIEW OUTER explode(tags) v AS t GROUP BY t ORDER BY n DESC, t
SELECT name, title FROM people p RIGHT JOIN depts d ON p.dept = d.dept
SELECT * FROM people p RIGHT OUTER JOIN depts d ON p.dept = d.dept AND p.id > 2
SELECT name, title FROM people p FULL JOIN depts d ON p.dept = d.dept
SELECT p.id, s.person, s.item FROM people p FULL OUTER JOIN sales s ON p.id = s.person AND s.amount > 1
SELECT * FROM people RIGHT JOIN depts USING (dept)
SELECT * FROM people FULL JOIN depts USING (dept)
SELECT dept, name, title FROM people FULL OUTER JOIN depts USING (dept) WHERE floor IS NULL OR name IS NULL
SELECT * FROM people NATURAL JOIN depts
SELECT name, title FROM people NATURAL LEFT JOIN depts
SELECT dept, title FROM people NATURAL FULL OUTER JOIN depts
SELECT a.n, b.n FROM nums a FULL JOIN more b ON a.n = b.n
SELECT a.n, b.n FROM nums a FULL JOIN more b ON a.n <=> b.n
SELECT a.n, b.n FROM nums a RIGHT JOIN more b ON a.n < b.n
SELECT a.n, b.n FROM nums a FULL JOIN more b ON a.n > b.n
SELECT count(*) FROM nums a FULL JOIN more b ON false
SELECT count(*) FROM nums a LEFT JOIN more b ON true
SELECT n FROM nums LEFT SEMI JOIN more USING (n)
SELECT n FROM nums LEFT ANTI JOIN more USING (n)
SELECT p.id FROM people p SEMI JOIN depts d ON p.dept = d.dept AND d.floor > 10
SELECT p.id FROM people p ANTI JOIN depts d ON p.dept = d.dept AND d.floor > 10
SELECT p.name, q.name AS boss FROM people p LEFT JOIN people q ON q.id = p.id DIV 2 ORDER BY p.id
SELECT d.title, p.name, s.item FROM depts d LEFT JOIN people p USING (dept) LEFT JOIN sales s ON s.person = p.id
SELECT * FROM (SELECT 1 AS a) x JOIN (SELECT 1 AS a, 2 AS b) y ON x.a = y.a
SELECT * FROM (SELECT 1 AS a) x CROSS JOIN (SELECT 2 AS b) y
SELECT p.* FROM people p JOIN depts d ON p.dept = d.dept WHERE d.title = 'Staff'
SELECT d.*, p.id FROM people p JOIN depts d ON p.dept = d.dept ORDER BY p.id
SELECT id FROM people WHERE dept IN (SELECT dept FROM depts)
SELECT id FROM people WHERE dept NOT IN (SELECT dept FROM depts)
SELECT id FROM people WHERE dept NOT IN (SELECT dept FROM depts WHERE dept IS NOT NULL)
SELECT id FROM people WHERE id IN (SELECT person FROM sales WHERE amount > 4)
SELECT id FROM people WHERE id NOT IN (SELECT person FROM sales WHERE person IS NOT NULL)
SELECT id, dept IN (SELECT dept FROM depts) AS known FROM people
SELECT n, n IN (SELECT n FROM more) AS x, n NOT IN (SELECT n FROM more) AS y FROM nums
SELECT n, n IN (SELECT n FROM more WHERE n IS NOT NULL) AS x FROM nums
SELECT n, n IN (SELECT a FROM none) AS x FROM nums
SELECT id FROM people WHERE id = 1 OR dept IN (SELECT dept FROM depts WHERE floor = 20)
SELECT id FROM people WHERE (dept, active) IN (SELECT dept, true FROM depts)
SELECT id FROM people p WHERE EXISTS (SELECT 1 FROM sales s WHERE s.person = p.id)
SELECT id FROM people p WHERE NOT EXISTS (SELECT * FROM sales s WHERE s.person = p.id)
SELECT id FROM people p WHERE EXISTS (SELECT 1 FROM sales s WHERE s.person = p.id AND s.amount > 5)
SELECT id FROM people p WHERE EXISTS (SELECT 1 FROM sales s WHERE s.person < p.id AND s.item = 'c')
SELECT id FROM people WHERE EXISTS (SELECT 1 FROM none)
SELECT id FROM people WHERE EXISTS (SELECT 1 FROM depts WHERE floor > 30) AND id < 3
SELECT id, EXISTS (SELECT 1 FROM sales s WHERE s.person = p.id) AS sold FROM people p
SELECT id FROM people p WHERE id IN (SELECT person FROM sales s WHERE s.item = lower(substring(p.name, 1, 1)))
SELECT id FROM people p WHERE pay > (SELECT avg(pay) FROM people)
SELECT id, (SELECT max(floor) FROM depts) AS top FROM people
SELECT id, pay / (SELECT sum(pay) FROM people) AS share FROM people
SELECT (SELECT count(*) FROM people) AS p, (SELECT count(*) FROM depts) AS d
SELECT (SELECT 1 FROM none) AS x
SELECT (SELECT id FROM people) AS x
SELECT id, (SELECT count(*) FROM sales s WHERE s.person = p.id) AS n FROM people p
SELECT id, (SELECT sum(amount) FROM sales s WHERE s.person = p.id) AS n FROM people p
SELECT id, (SELECT title FROM depts d WHERE d.dept = p.dept) AS title FROM people p
SELECT id, (SELECT max(amount) + 1 FROM sales s WHERE p.id = s.person AND s.item = 'a') AS n FROM people p
SELECT id, (SELECT coalesce(sum(amount), -1) FROM sales s WHERE p.id = s.person) AS n FROM people p
SELECT p.id FROM people p WHERE p.pay = (SELECT max(q.pay) FROM people q WHERE q.dept = p.dept)
SELECT dept, sum(pay) / (SELECT sum(pay) FROM people) AS share FROM people GROUP BY dept
SELECT dept, count(*) FROM people GROUP BY dept HAVING count(*) > (SELECT 1)
SELECT dept, count(*) FROM people GROUP BY dept HAVING dept IN (SELECT dept FROM depts WHERE floor < 30)
SELECT count(*) FROM people WHERE id > (SELECT min(id) FROM people) AND id < (SELECT max(id) FROM people)
SELECT id FROM people WHERE id BETWEEN (SELECT 2) AND (SELECT 4)
SELECT CASE WHEN EXISTS (SELECT 1 FROM none) THEN 'some' ELSE 'none' END AS c
SELECT n FROM nums INTERSECT SELECT n FROM more
SELECT n FROM nums EXCEPT SELECT n FROM more
SELECT n FROM more EXCEPT SELECT n FROM nums
SELECT n FROM nums MINUS SELECT n FROM more
SELECT n FROM nums INTERSECT ALL SELECT n FROM more
SELECT n FROM more EXCEPT ALL SELECT n FROM nums
SELECT n FROM nums UNION DISTINCT SELECT n FROM more
SELECT n FROM nums UNION ALL SELECT n FROM more INTERSECT SELECT 3
SELECT n FROM nums EXCEPT SELECT 1 UNION ALL SELECT 9
(SELECT n FROM nums UNION SELECT n FROM more) EXCEPT SELECT 3
SELECT dept FROM people INTERSECT SELECT dept FROM depts ORDER BY dept
SELECT id, dept FROM people EXCEPT SELECT id, dept FROM people WHERE active
SELECT 1 INTERSECT SELECT 1.0
SELECT n FROM nums EXCEPT SELECT n, 1 FROM more
SELECT dept, active, count(*) FROM people GROUP BY ROLLUP (dept, active)
SELECT dept, active, count(*) FROM people GROUP BY CUBE (dept, active)
SELECT dept, active, sum(id) FROM people GROUP BY GROUPING SETS ((dept, active), (dept), ())
SELECT dept, active, sum(id) FROM people GROUP BY dept, active WITH ROLLUP
SELECT dept, active, sum(id) FROM people GROUP BY dept, active WITH CUBE
SELECT dept, active, sum(id) FROM people GROUP BY dept, active GROUPING SETS ((dept), (active))
SELECT dept, active, sum(id) FROM people GROUP BY dept, ROLLUP (active)
SELECT dept, grouping(dept) AS g, count(*) FROM people GROUP BY ROLLUP (dept)
SELECT dept, active, grouping_id() AS g, count(*) FROM people GROUP BY CUBE (dept, active)
SELECT dept, active, grouping_id(dept, active) AS g, max(pay) FROM people GROUP BY CUBE (dept, active) HAVING g > 0
SELECT upper(dept) AS d, count(*) FROM people GROUP BY ROLLUP (upper(dept))
SELECT dept, sum(id) AS s FROM people GROUP BY ROLLUP (dept) ORDER BY s DESC
SELECT count(*) FROM people GROUP BY GROUPING SETS (())
SELECT year(born) AS y, active, count(*) FROM people GROUP BY ROLLUP (1, 2)
SELECT item, person, sum(amount) FROM sales GROUP BY GROUPING SETS (item, person)
SELECT dept, count(DISTINCT active), sum(rate) FROM people GROUP BY ROLLUP (dept)
SELECT dept, count(*) FILTER (WHERE active) FROM people GROUP BY CUBE (dept)
SELECT id, s.p, s.q, s.* FROM docs
SELECT id, attrs['a'] AS a, tags[0] AS t FROM docs WHERE id = 1
SELECT id, size(tags), size(attrs), array_contains(tags, 'x') FROM docs
SELECT id, from_json(doc, 'k STRING, n STRUCT<m: INT>') AS j FROM docs
SELECT id, from_json(doc, 'k STRING, n STRUCT<m: INT>').n.m AS m FROM docs
SELECT id, get_json_object(doc, '$.n.m') AS m FROM docs
SELECT id, map_keys(attrs), map_values(attrs) FROM docs
SELECT id, transform(tags, t -> concat(t, '!')) AS t FROM docs
SELECT id, filter(tags, t -> t IS NOT NULL) AS t, exists(tags, t -> t = 'x') AS e FROM docs
SELECT id, aggregate(transform(tags, t -> length(t)), 0, (a, x) -> a + coalesce(x, 0)) AS n FROM docs
SELECT id, transform(tags, (t, i) -> concat(id, ':', i, ':', t)) AS t FROM docs
SELECT id, transform_values(attrs, (k, v) -> concat(k, v)) AS m FROM docs
SELECT id, to_json(s) AS j FROM docs
SELECT id, named_struct('a', id, 'b', tags) AS x FROM docs
SELECT s.p + 1 AS p FROM docs WHERE s.q LIKE 'o%'
SELECT collect_list(s) FROM docs
SELECT sum(s.p), max(s.q) FROM docs
SELECT explode(tags) AS t, count(*) FROM docs GROUP BY id
SELECT who, count(*), sum(amount) FROM events GROUP BY who
SELECT date_trunc('HOUR', at) AS h, count(*), sum(amount) FROM events GROUP BY date_trunc('HOUR', at)
SELECT CAST(at AS DATE) AS d, kind, count(*) FROM events GROUP BY 1, 2
SELECT who, max(at) - min(at) AS span FROM events GROUP BY who
SELECT id, at + INTERVAL 5 MINUTES AS later, at - INTERVAL '1' DAY AS before FROM events
SELECT id, at + INTERVAL '1' MONTH AS m, CAST(at AS DATE) + INTERVAL '1' DAY AS d FROM events
SELECT id FROM events WHERE at > TIMESTAMP '2024-03-01 10:05:00' - INTERVAL 2 MINUTES
SELECT sum(INTERVAL '1' HOUR * id) AS s, avg(INTERVAL '1' DAY * id) AS a, min(at - TIMESTAMP '2024-03-01 00:00:00') AS m FROM events
SELECT sum(INTERVAL '1' MONTH) AS s, avg(INTERVAL '5' MONTH) AS a, max(INTERVAL '1' YEAR) AS m FROM events
SELECT at - TIMESTAMP '2024-03-01 10:00:00' AS d, count(*) FROM events GROUP BY 1
SELECT id FROM events ORDER BY at - TIMESTAMP '2024-03-01 10:00:00' DESC NULLS LAST, id
SELECT unix_timestamp(at) AS u, hour(at), minute(at), dayofweek(at) FROM events
SELECT date_format(at, 'yyyy/MM/dd HH:mm') AS f FROM events
SELECT who, first(kind) AS f, last(kind) AS l, collect_list(kind) AS ks FROM events GROUP BY who
SELECT who, count(DISTINCT kind), max_by(kind, at), min_by(kind, at) FROM events GROUP BY who
SELECT kind, count(*) FILTER (WHERE amount > 2) AS n FROM events GROUP BY kind
SELECT median(pay), median(id) FROM people
SELECT percentile(pay, 0.5), percentile(id, 0.25), percentile(id, array(0.0, 0.5, 1.0)) FROM people
SELECT percentile(id, 0.3, 2), percentile(amount, 0.9) FROM people CROSS JOIN (SELECT 1 AS amount)
SELECT percentile_approx(id, 0.5), approx_percentile(id, array(0.25, 0.75)), percentile_approx(pay, 0.5, 100) FROM people
SELECT dept, percentile_approx(pay, 0.5), median(pay) FROM people GROUP BY dept
SELECT approx_count_distinct(dept), approx_count_distinct(id), approx_count_distinct(pay) FROM people
SELECT dept, approx_count_distinct(active) FROM people GROUP BY dept
SELECT mode(dept), mode(active), mode(pay) FROM people
SELECT corr(id, pay), covar_samp(id, pay), covar_pop(id, pay) FROM people
SELECT regr_count(pay, id), regr_avgx(pay, id), regr_avgy(pay, id), regr_r2(pay, id) FROM people
SELECT regr_slope(pay, id), regr_intercept(pay, id), regr_sxx(pay, id), regr_syy(pay, id), regr_sxy(pay, id) FROM people
SELECT skewness(id), kurtosis(id), skewness(pay), kurtosis(pay) FROM people
SELECT bit_and(id), bit_or(id), bit_xor(id) FROM people
SELECT product(id) FROM people
SELECT try_sum(id), try_avg(pay), try_sum(x) FROM people CROSS JOIN (SELECT 9223372036854775807L AS x)
SELECT array_sort(collect_set(dept)) AS s, sort_array(collect_list(pay)) FROM people
SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY pay) AS c, percentile_disc(0.25) WITHIN GROUP (ORDER BY id) AS d, percentile_cont(0.25) WITHIN GROUP (ORDER BY id DESC) AS e FROM people
SELECT listagg(DISTINCT dept, ',') AS d FROM people
SELECT listagg(name), listagg(name, ', ') FROM people
SELECT string_agg(name, '-') WITHIN GROUP (ORDER BY name DESC) FROM people
SELECT dept, listagg(name, '|') FROM people GROUP BY dept
SELECT grouping(dept) FROM people GROUP BY dept
SELECT count(*), count(DISTINCT a), median(a), percentile(a, 0.5), mode(a), corr(a, a), skewness(a), approx_count_distinct(a), percentile_approx(a, 0.5), listagg(b), bit_and(a) FROM none
SELECT any_value(dept, true), first_value(dept, true), last_value(pay) IGNORE NULLS FROM people
SELECT bool_and(active) FILTER (WHERE dept = 'IT'), some(pay > 4000), count_if(NOT active) FROM people
SELECT max(struct(pay, id)).id AS best FROM people
SELECT min(array(id, id)), max(array(id)) FROM people
SELECT sum(p.id), avg(p.pay), count(p.dept), max(p.name) FROM people p
SELECT p.id + 1, upper(p.name), p.id FROM people p WHERE p.id = 1
SELECT p.id AS x, -p.id, NOT p.active, p.pay IS NULL, p.id IN (1, 2), p.name LIKE 'A%' FROM people p WHERE p.id = 1
SELECT CASE p.id WHEN 1 THEN p.name ELSE 'z' END, CAST(p.id AS STRING), coalesce(p.dept, 'x') FROM people p WHERE id < 3
SELECT id, row_number() OVER (ORDER BY id DESC) AS r FROM people
SELECT id, dept, row_number() OVER (PARTITION BY dept ORDER BY id) AS r FROM people
SELECT id, rank() OVER (ORDER BY pay) AS r, dense_rank() OVER (ORDER BY pay) AS d FROM people
SELECT id, percent_rank() OVER (ORDER BY pay) AS p, cume_dist() OVER (ORDER BY pay) AS c, ntile(4) OVER (ORDER BY id) AS n FROM people
SELECT id, lag(id) OVER (ORDER BY id) AS l, lead(id) OVER (ORDER BY id) AS n, lag(id, 2, -1) OVER (ORDER BY id) AS l2 FROM people
SELECT id, lag(name) IGNORE NULLS OVER (ORDER BY id) AS l, lead(name, 1, 'none') OVER (ORDER BY id) AS n FROM people
SELECT id, sum(id) OVER (ORDER BY id) AS running, sum(id) OVER () AS total FROM people
SELECT id, dept, sum(pay) OVER (PARTITION BY dept) AS s, avg(pay) OVER (PARTITION BY dept ORDER BY id) AS a FROM people
SELECT id, count(*) OVER (PARTITION BY dept) AS n, min(id) OVER (PARTITION BY dept) AS lo, max(id) OVER (PARTITION BY dept ORDER BY id) AS hi FROM people
SELECT id, first_value(name) OVER (PARTITION BY dept ORDER BY id) AS f, last_value(name) OVER (PARTITION BY dept ORDER BY id) AS l, nth_value(name, 2) OVER (PARTITION BY dept ORDER BY id) AS n FROM people
SELECT id, sum(id) OVER (ORDER BY pay) AS peers FROM people
SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS s FROM people
SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s, avg(id) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS a FROM people
SELECT id, sum(id) OVER (ORDER BY id ROWS 2 PRECEDING) AS s, count(*) OVER (ORDER BY id ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING) AS c FROM people
SELECT id, sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND 2 FOLLOWING) AS s FROM people
SELECT id, sum(id) OVER (ORDER BY pay RANGE BETWEEN 500 PRECEDING AND CURRENT ROW) AS s FROM people
SELECT id, collect_list(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS l FROM people
SELECT * FROM (SELECT id, dept, row_number() OVER (PARTITION BY dept ORDER BY pay DESC) AS r FROM people) WHERE r = 1
SELECT dept, sum(id) AS s, rank() OVER (ORDER BY sum(id) DESC) AS r FROM people GROUP BY dept
SELECT id, id - lag(id, 1, 0) OVER (ORDER BY id) AS d, sum(id) OVER (ORDER BY id) / sum(id) OVER () AS share FROM people
SELECT id, row_number() OVER w AS r, sum(id) OVER w AS s FROM people WINDOW w AS (PARTITION BY dept ORDER BY id)
SELECT id, max(pay) OVER (PARTITION BY dept ORDER BY born) AS m FROM people ORDER BY id
SELECT who, at, lag(at) OVER (PARTITION BY who ORDER BY at) AS prev, at - lag(at) OVER (PARTITION BY who ORDER BY at) AS gap FROM events
SELECT row_number() OVER (PARTITION BY dept) FROM people
SELECT id, row_number() FROM people
SELECT id, count(DISTINCT dept) OVER () FROM people
VALUES (1, 'a'), (2, 'b')
VALUES (1), (2) AS t(x)
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(x, y)
SELECT * FROM VALUES 1, 2, NULL AS t(x)
TABLE nums
FROM nums SELECT n WHERE n > 1
SELECT n FROM nums t WHERE t.n > 1
SELECT DISTINCT n FROM nums ORDER BY n NULLS LAST
SELECT n, count(*) FROM nums GROUP BY n HAVING n IS NOT NULL ORDER BY count(*) DESC, n
SELECT * EXCEPT (name, pay) FROM people WHERE id = 1
SELECT id, CASE WHEN pay > 3000 THEN 'high' WHEN pay IS NULL THEN 'unknown' ELSE 'low' END AS level FROM people
SELECT id, coalesce(dept, 'none') AS d, nullif(id, 3) AS n, if(active, 1, 0) AS f FROM people
SELECT id, concat_ws('-', id, dept, name) AS s, length(name) AS l FROM people
SELECT id FROM people WHERE name LIKE '%a%' OR name RLIKE '^[BC]'
SELECT id FROM people WHERE name IN ('Ann', 'Bob') AND NOT active
SELECT id FROM people WHERE pay BETWEEN 1000 AND 3500 ORDER BY id
SELECT id FROM people WHERE dept <=> NULL
SELECT id FROM people WHERE dept IS NOT DISTINCT FROM 'IT'
SELECT id, round(pay * 1.1, 1) AS r, pay % 1000 AS m, CAST(pay AS INT) AS i FROM people
SELECT id, rate * 2 AS a, rate + id AS b, rate / 3 AS c, rate - 0.5 AS d FROM people
SELECT id, born + 1 AS d, datediff(DATE '2024-12-31', born) AS n, add_months(born, 1) AS m FROM people
SELECT id, id * 2 AS d, d + 1 AS e FROM people WHERE id < 3
SELECT max(id) AS m, m + 1 AS n FROM people
SELECT sum(id) AS s FROM people WHERE false
SELECT 1 AS x WHERE 1 > 2
SELECT t.* FROM people t WHERE t.id = 2
SELECT p.id, p.* FROM people p WHERE p.id = 2
SELECT struct(id, name) AS s, array(id, id + 1) AS a, map('k', id) AS m FROM people WHERE id = 1
SELECT s.id, s.name FROM (SELECT struct(id, name) AS s FROM people) WHERE s.id > 4
SELECT count(*) AS `a b`, max(id) AS `select` FROM people
SELECT id AS `order` FROM people ORDER BY `order` DESC LIMIT 1
WITH x AS (SELECT 1 AS a), y AS (SELECT a + 1 AS a FROM x) SELECT x.a, y.a FROM x, y
WITH r AS (SELECT dept, count(*) AS n FROM people GROUP BY dept) SELECT a.dept, b.n FROM r a JOIN r b ON a.dept = b.dept
SELECT x.n FROM (SELECT n FROM (SELECT n FROM nums WHERE n > 1) a WHERE n < 3) x
SELECT a.x, b.y FROM VALUES (1, 'a') AS a(x, k) JOIN VALUES (10, 'a') AS b(y, k) ON a.k = b.k
SELECT id FROM people ORDER BY CASE WHEN dept = 'IT' THEN 0 ELSE 1 END, id
SELECT dept, max(pay) - min(pay) AS spread FROM people GROUP BY dept ORDER BY spread DESC NULLS LAST
SELECT count(*), dept FROM people GROUP BY dept ORDER BY 2 NULLS FIRST, 1
SELECT id FROM people LIMIT 2 + 1
SELECT id FROM people SORT BY id DESC
SELECT id FROM people WHERE nosuch = 1
SELECT nosuch(id) FROM people
SELECT id FROM nosuch
SELECT p.nosuch FROM people p
SELECT id + active FROM people
SELECT id FROM people WHERE id IN (SELECT dept, floor FROM depts)
SELECT dept FROM people GROUP BY ROLLUP (dept) HAVING id > 1
SELECT n FROM nums NATURAL JOIN more
SELECT id FROM people, LATERAL (SELECT title FROM depts d WHERE d.dept = people.dept)
SELECT id, title FROM people p, LATERAL (SELECT title FROM depts d WHERE d.dept = p.dept)
SELECT id, x FROM people, LATERAL explode(array(id, id * 10)) AS t(x) WHERE id < 3
SELECT at + INTERVAL 5 MINUTES FROM events WHERE id = 1
SELECT at - INTERVAL '1' MONTH, INTERVAL '1' HOUR + at FROM events WHERE id = 1
SELECT born + INTERVAL '1' DAY, born - INTERVAL 1 MONTH, born + 1, born - 1 FROM people WHERE id = 1
SELECT at - TIMESTAMP '2024-03-01 00:00:00', born - DATE '2024-01-01' FROM events JOIN people USING (id) WHERE id = 1
SELECT INTERVAL '1' DAY * id, INTERVAL '1' DAY / 2, -INTERVAL '1' DAY FROM people WHERE id = 1
SELECT row_number() OVER (PARTITION BY dept ORDER BY id) FROM people
SELECT sum(id) OVER (PARTITION BY dept), rank() OVER (ORDER BY dept DESC NULLS LAST, id) FROM people
SELECT lag(id) OVER (ORDER BY id), avg(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM people
SELECT count(*) OVER (), ntile(2) OVER (ORDER BY id), first_value(id) OVER (ORDER BY id) FROM people
SELECT id << 1, id >> 1, id >>> 1, ~id, id & 1 | 2 ^ 3 FROM people WHERE id = 1
SELECT transform(array(id), x -> x + 1), filter(array(id), x -> x > 1), exists(array(id), x -> x = 1) FROM people WHERE id = 1
SELECT aggregate(array(id), 0, (a, x) -> a + x), zip_with(array(id), array(1), (x, y) -> x + y) FROM people WHERE id = 1
SELECT map_filter(map('a', id), (k, v) -> v > 0), transform_values(map('a', id), (k, v) -> v + 1) FROM people WHERE id = 1
SELECT EXTRACT(YEAR FROM born), date_part('month', born), year(born) FROM people WHERE id = 1
SELECT id IN (1, 2), id NOT IN (3), id BETWEEN 1 AND 2, id IS NOT NULL, NOT active FROM people WHERE id = 1
SELECT id::STRING, CAST(pay AS INT), TRY_CAST(name AS INT), name::INT IS NULL FROM people WHERE name IS NULL
SELECT CASE WHEN id = 1 THEN 'a' ELSE 'b' END, CASE id WHEN 1 THEN 2 END, if(id = 1, 'x', 'y'), nvl(dept, 'z') FROM people WHERE id = 1
SELECT concat(name, '!'), name || '!', substring(name, 1, 2), trim(name), upper(name), length(name) FROM people WHERE id = 1
SELECT trim(BOTH 'A' FROM name), position('n' IN name), left(name, 1), lpad(name, 5, '*'), split(name, 'n') FROM people WHERE id = 1
SELECT round(pay), round(pay, 1), ceil(pay), abs(id), -id, +id, id % 2, id DIV 2, mod(id, 2), pow(id, 2) FROM people WHERE id = 1
SELECT to_date('2024-01-01'), to_timestamp('2024-01-01 00:00:00'), date_trunc('DAY', at), date_format(at, 'yyyy'), datediff(born, born) FROM events JOIN people USING (id) WHERE id = 1
SELECT struct(id, name), named_struct('a', id), array(id, 2), map('a', id), tags[0], attrs['a'], s.p FROM docs JOIN people USING (id) WHERE id = 1
SELECT from_json(doc, 'k STRING'), get_json_object(doc, '$.k'), to_json(s), size(tags), element_at(tags, 1), array_contains(tags, 'x') FROM docs WHERE id = 1
SELECT coalesce(dept, 'x'), nullif(id, 1), greatest(id, 2), least(id, 2), isnull(dept), isnotnull(dept) FROM people WHERE id = 1
SELECT count(DISTINCT dept, active), sum(DISTINCT id), collect_set(dept), max(id) FILTER (WHERE active), count(*) FILTER (WHERE id > 1) FROM people
SELECT TIMESTAMP '2024-01-01 00:00:00', DATE '2024-01-01', INTERVAL '1 02' DAY TO HOUR, X'1F', 1.5, 1L, 'x', NULL, true
SELECT (SELECT 1), EXISTS (SELECT 1), 1 IN (SELECT 1)
SELECT id, (SELECT max(id) FROM people) FROM people WHERE id = 1
SELECT timestampadd(HOUR, 1, at), timestampdiff(DAY, at, at), dateadd(born, 1), make_date(2024, 1, id) FROM events JOIN people USING (id) WHERE id = 1
SELECT n + CAST(x AS INT), n * CAST(x AS INT), n = CAST(x AS INT), n IN (CAST(x AS INT)), n BETWEEN CAST(x AS INT) AND 2 FROM VALUES (CAST(NULL AS INT), 'x') AS t(n, x)
SELECT CAST(x AS INT) + n FROM VALUES (CAST(NULL AS INT), 'x') AS t(n, x)
SELECT CAST(x AS INT) / n, CAST(x AS INT) % n, CAST(x AS INT) DIV n, pmod(CAST(x AS INT), n), array_repeat(CAST(x AS INT), n) FROM VALUES (CAST(NULL AS INT), 'x') AS t(n, x)
SELECT n / CAST(x AS INT) FROM VALUES (CAST(NULL AS INT), 'x') AS t(n, x)
SELECT n <=> CAST(x AS INT) FROM VALUES (CAST(NULL AS INT), 'x') AS t(n, x)
SELECT greatest(n, CAST(x AS INT)) FROM VALUES (CAST(NULL AS INT), 'x') AS t(n, x)
SELECT concat(n, CAST(CAST(x AS INT) AS STRING)) FROM VALUES (CAST(NULL AS STRING), 'x') AS t(n, x)
SELECT a[CAST(x AS INT)], element_at(a, CAST(x AS INT)), array_contains(a, CAST(x AS INT)), slice(a, CAST(x AS INT), 1), aggregate(a, CAST(x AS INT), (p, q) -> p) FROM VALUES (CAST(NULL AS ARRAY<INT>), 'x') AS t(a, x)
SELECT substring(s, CAST(x AS INT), 1), lpad(s, CAST(x AS INT), 'y'), s LIKE CAST(CAST(x AS INT) AS STRING), overlay(s PLACING 'z' FROM CAST(x AS INT)) FROM VALUES (CAST(NULL AS STRING), 'x') AS t(s, x)
SELECT date_add(d, CAST(x AS INT)), d - to_date(x, 'dd/MM/yyyy'), trunc(CAST(x AS DATE), m) FROM VALUES (CAST(NULL AS DATE), CAST(NULL AS STRING), 'x') AS t(d, m, x)
SELECT n + CAST(x AS INT) FROM VALUES (CAST(NULL AS INT), 'x'), (1, '2'), (NULL, 'y'), (3, NULL) AS t(n, x)
SELECT n + CAST(x AS INT) FROM VALUES (CAST(NULL AS INT), 'x'), (1, 'y') AS t(n, x)
SELECT arrays_zip(a, b), arrays_zip(s.x, array(1)), arrays_zip(t.a, array(2)) FROM (SELECT array(1) AS a, array(2) AS b, named_struct('x', array(3)) AS s) AS t
SELECT lag(n, 1) OVER (ORDER BY n), lead(n, 2) OVER (ORDER BY n), cume_dist() OVER (ORDER BY n), nth_value(n, 2) IGNORE NULLS OVER (ORDER BY n), lag(n, 1) IGNORE NULLS OVER (ORDER BY n) FROM nums
SELECT first_value(n) OVER (ORDER BY n ROWS BETWEEN 2 FOLLOWING AND 1 PRECEDING) FROM nums
SELECT first_value(n) OVER (ORDER BY n RANGE BETWEEN 1 PRECEDING AND 2 PRECEDING) FROM nums
SELECT first_value(n) OVER (ORDER BY n ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) FROM nums
SELECT percentile(a, 0.25), percentile(a, 0.3) FROM VALUES (-9BD), (0.11BD), (781.08BD), (99999999.55BD) AS t(a)
SELECT percentile_cont(0.3) WITHIN GROUP (ORDER BY a DESC) AS p FROM VALUES (-9BD), (0.11BD), (781.08BD), (99999999.55BD) AS t(a)
SELECT regr_avgx(y, x), regr_avgy(y, x), regr_avgx(d, x), regr_avgx(x, d) FROM VALUES (1, 2, 0.1BD), (3, NULL, 0.2BD), (NULL, 5, 0.7BD), (7, 8, NULL) AS t(y, x, d)
SELECT regr_avgx(0, n) FROM VALUES (-1), (1), (-1), (2) AS t(n)
SELECT corr(a, b) FROM VALUES (0, 3), (0, 3) AS t(a, b)
SELECT array(0.0000000001), to_json(s, map('ignoreNullFields', 'false')), to_csv(s, map('sep', ';')), div(7, 2) FROM (SELECT named_struct('a', 1) AS s)
SELECT n FROM nums UNION ALL SELECT CAST(1 AS DECIMAL(38,0)) UNION ALL SELECT CAST(0.125 AS DECIMAL(3,3))
SELECT p.id FROM people p JOIN nums m ON p.id = m.n UNION ALL SELECT n FROM more ORDER BY id IS NULL, 1 LIMIT 3 OFFSET 1
SELECT n FROM nums UNION ALL SELECT n FROM more ORDER BY n DESC LIMIT 4 OFFSET 2
SELECT percentile_disc(0.4) WITHIN GROUP (ORDER BY pay), percentile_cont(0.5) WITHIN GROUP (ORDER BY id DESC) FROM people
SELECT listagg(DISTINCT dept) WITHIN GROUP (ORDER BY dept) FROM people
SELECT string_agg(name), listagg(name, '-') FROM (SELECT * FROM people WHERE id < 3)
SELECT sum(DISTINCT id), max(DISTINCT id), count(DISTINCT id, dept) FROM people
SELECT count(*) OVER (ORDER BY born RANGE BETWEEN INTERVAL '1' MONTH PRECEDING AND CURRENT ROW) AS n, id FROM people
SELECT count(*) OVER (ORDER BY at DESC RANGE BETWEEN CURRENT ROW AND INTERVAL '1' YEAR FOLLOWING) AS n, id FROM events
SELECT count(*) OVER (ORDER BY floor RANGE BETWEEN 10 PRECEDING AND 10 FOLLOWING), count(*) OVER (ORDER BY floor RANGE BETWEEN 10L PRECEDING AND CURRENT ROW) FROM depts
SELECT id FROM people WHERE struct(id, name) = named_struct('x', 1, 'y', 'Ann') OR struct(id) IN (struct(3), named_struct('k', 4))
SELECT elt(n, CAST(x AS INT), 'b') FROM VALUES (2, 'x'), (NULL, 'x') AS t(n, x)
SELECT elt(n, CAST(x AS INT), 'b') FROM VALUES (1, 'x') AS t(n, x)
SELECT elt(n, X'41', X'42') FROM VALUES (1), (2) AS t(n)
SELECT CASE WHEN n > 1 THEN CAST(x AS INT) ELSE 0 END, if(n > 1, CAST(x AS INT), 0), coalesce(n, CAST(x AS INT)), n IN (1, CAST(x AS INT)), n = 2 AND CAST(x AS INT) = 1, nvl2(n, 1, CAST(x AS INT)) FROM VALUES (1, 'x') AS t(n, x)
SELECT sqrt(id), log(2, id), power(id, 2), int(pay), string(id), substring(name, 2), lpad(name, 5), from_unixtime(id), signum(id), e(), bigint(id) + 1 FROM people WHERE id = 1
SELECT from_json(doc, 'k STRING').k, from_json(doc, 'MAP<STRING, STRING>'), array(s)[0].p, named_struct('z', id).z, s['p'], CAST(s.p AS STRING), CAST(NULL AS ARRAY<INT>) FROM docs WHERE id = 1
SELECT born - INTERVAL '1' DAY, born + 1S, unix_timestamp(born), months_between(born, born), regexp_extract(name, '(A)'), replace(name, 'A'), approx_count_distinct(id, 0.1) FROM people WHERE id = 1 GROUP BY born, name
SELECT avg(x), sum(x) FROM VALUES ('1'), ('a'), (NULL) AS t(x)
SELECT id, element_at(tags, 5), tags[7], attrs['zz'] FROM docs WHERE id = 1
SELECT id / 0, id % 0, CAST(name AS INT), CAST(pay AS TINYINT), CAST(born AS INT), to_date(name), id + 2147483647 FROM people WHERE id = 1
SELECT * FROM people WHERE name = 1
SELECT id FROM people WHERE id = '2' OR born = '2023-05-01' OR active = 'true'
SELECT dept, sum(CAST(id AS TINYINT) * 100Y) FROM people GROUP BY dept
SELECT count(*) FROM people p JOIN sales s ON p.id = s.item
SELECT id FROM people UNION ALL SELECT name FROM people
SELECT coalesce(name, id), if(active, id, name), array(id, name), greatest(id, pay) FROM people WHERE id = 2
SELECT id FROM people ORDER BY name + 1
SELECT max(at) - min(at), avg(amount) / 0 FROM events
SELECT who, sum(amount) FROM events GROUP BY who HAVING sum(amount) > '3'
SELECT window.start, count(*) FROM events GROUP BY window(at, '1 hour', '20 minutes')
SELECT window.end, count(*) FROM events WHERE id IN (SELECT n FROM nums) AND amount = (SELECT max(z.amount) FROM events z WHERE z.who = events.who) GROUP BY window(at, '1 hour')
SELECT window, who, count(*) FROM events GROUP BY window(at, '2 hours', '1 hour', '15 minutes'), who HAVING count(*) > 1
"""


def answer(spark, query, ansi):
    spark.conf.set("spark.sql.ansi.enabled", ansi)
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
        return {"ordered": ordered, "schema": columns, "rows": rows}
    except Exception as error:
        text = str(error)
        return {"error": text[text.index("[") + 1:text.index("]")] if "[" in text else text.split("\n")[0]}


def main():
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.sql.shuffle.partitions", "1").config("spark.sql.session.timeZone", "UTC").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    for name, query in VIEWS.items():
        spark.sql(query).createOrReplaceTempView(name)
        print(json.dumps({"view": name, "query": " ".join(query.split())}, ensure_ascii=False))
    for query in filter(None, QUERIES.split("\n")):
        on, off = answer(spark, query, "true"), answer(spark, query, "false")
        print(json.dumps({"query": query} | on | ({} if on == off else {"off": off}), ensure_ascii=False))


main()
