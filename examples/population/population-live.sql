-- The same figures from DataUSA's new address, whose documents have another shape:
-- {"annotations": {…}, "page": {…}, "columns": […], "data": [{"Nation ID": …, "Nation": …, "Year": 2023, "Population": 3.3e8}]}

CREATE TEMPORARY VIEW pop USING kafka OPTIONS (
  kafka.bootstrap.servers 'localhost:9092',
  subscribe 'pop',
  startingOffsets 'earliest'
);

SELECT
  nation_data.`Nation ID` AS ID_Nation,
  nation_data.Nation,
  nation_data.Year AS ID_Year,
  CAST(nation_data.Population AS BIGINT) AS Population,
  lower(replace(nation_data.Nation, ' ', '-')) AS Slug_Nation,
  'acs_yg_total_population_5' AS Dataset,
  try_cast(CAST(nation_data.Year AS STRING) AS TIMESTAMP) AS time
FROM (
  SELECT explode(parsed.data) AS nation_data
  FROM (
    SELECT from_json(
      CAST(value AS STRING),
      'data ARRAY<STRUCT<`Nation ID`: STRING, Nation: STRING, Year: INT, Population: DOUBLE>>'
    ) AS parsed
    FROM pop
  )
)
