-- DataUSA's population of a nation, one row a year.
-- Spark runs this file as it is, and Millrace gives Spark's answer.

CREATE TEMPORARY VIEW pop USING kafka OPTIONS (
  kafka.bootstrap.servers 'localhost:9092',
  subscribe 'pop',
  startingOffsets 'earliest'
);

SELECT
  nation_data.`ID Nation` AS ID_Nation,
  nation_data.Nation,
  nation_data.`ID Year` AS ID_Year,
  nation_data.Population,
  nation_data.`Slug Nation` AS Slug_Nation,
  Dataset,
  -- The point's time is the year that the figure is of, not the moment of writing.
  try_cast(nation_data.Year AS TIMESTAMP) AS time
FROM (
  SELECT
    -- The same year has another figure in the 1-year and the 5-year survey: the survey is part of the identity.
    get(parsed.source, 0).name AS Dataset,
    explode(parsed.data) AS nation_data
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
