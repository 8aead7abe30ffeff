-- The seed's rows, grouped: one row a nation and year, by a text and a number.
CREATE TEMPORARY VIEW population USING text OPTIONS (path 'documents.ndjson');
SELECT n.Nation, n.`ID Year` AS ID_Year, count(*) AS Figures, sum(n.Population) AS Total, avg(n.Population) AS Mean,
  min(n.Population) AS Least, max(n.Population) AS Most
FROM (SELECT explode(parsed.data) AS n FROM (SELECT from_json(value, '
  data ARRAY<STRUCT<`ID Nation`: STRING, Nation: STRING, `ID Year`: INT, Year: STRING, Population: INT,
    `Slug Nation`: STRING>>') AS parsed
  FROM population))
GROUP BY n.Nation, n.`ID Year`;
