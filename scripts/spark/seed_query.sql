-- The same query as seed_query.py in SQL.
SELECT
  year.`ID Nation` AS ID_Nation,
  year.Nation,
  year.`ID Year` AS ID_Year,
  year.Year,
  year.Population,
  year.`Slug Nation` AS Slug_Nation
FROM (
  SELECT explode(parsed.data) AS year
  FROM (
    SELECT from_json(
      CAST(value AS STRING),
      'data ARRAY<STRUCT<`ID Nation`: STRING, Nation: STRING, `ID Year`: INT, Year: STRING, Population: INT,
         `Slug Nation`: STRING>>,
       source ARRAY<STRUCT<measures: ARRAY<STRING>, annotations: STRUCT<source_name: STRING,
         source_description: STRING, dataset_name: STRING, dataset_link: STRING, table_id: STRING, topic: STRING,
         subtopic: STRING>, name: STRING, substitutions: ARRAY<STRING>>>'
    ) AS parsed
    FROM pop
  )
)
