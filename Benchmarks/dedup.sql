-- The seed's query, each figure once: the seed's own key is year and population.
CREATE TEMPORARY VIEW population USING text OPTIONS (path 'documents.ndjson');
WITH figures AS (
  SELECT n.`ID Nation` AS ID_Nation, n.Nation, n.`ID Year` AS ID_Year, n.Year, n.Population,
    n.`Slug Nation` AS Slug_Nation
  FROM (SELECT explode(parsed.data) AS n FROM (SELECT from_json(value, '
    data ARRAY<STRUCT<`ID Nation`: STRING, Nation: STRING, `ID Year`: INT, Year: STRING, Population: INT,
      `Slug Nation`: STRING>>') AS parsed
    FROM population)))
SELECT * FROM figures DEDUPLICATE BY (Year, Population);
