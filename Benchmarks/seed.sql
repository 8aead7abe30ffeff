-- The seed's query: documents of the population API → one row a nation and year.
CREATE TEMPORARY VIEW population USING text OPTIONS (path 'documents.ndjson');
SELECT n.`ID Nation` AS ID_Nation, n.Nation, n.`ID Year` AS ID_Year, n.Year, n.Population,
  n.`Slug Nation` AS Slug_Nation
FROM (SELECT explode(parsed.data) AS n FROM (SELECT from_json(value, '
  data ARRAY<STRUCT<`ID Nation`: STRING, Nation: STRING, `ID Year`: INT, Year: STRING, Population: INT,
    `Slug Nation`: STRING>>,
  source ARRAY<STRUCT<measures: ARRAY<STRING>, name: STRING, substitutions: ARRAY<STRING>>>') AS parsed
  FROM population));
