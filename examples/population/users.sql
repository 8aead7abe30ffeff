-- RandomUser's people, one row each; the time is when the document entered the log.

CREATE TEMPORARY VIEW users USING kafka OPTIONS (
  kafka.bootstrap.servers 'localhost:9092',
  subscribe 'users',
  startingOffsets 'earliest'
);

SELECT
  person.nat,
  person.gender,
  person.dob.age AS age,
  person.login.uuid AS user,
  concat(person.name.first, ' ', person.name.last) AS name,
  person.location.city AS city,
  person.location.country AS country,
  time
FROM (
  SELECT timestamp AS time, explode(parsed.results) AS person
  FROM (
    SELECT timestamp, from_json(
      CAST(value AS STRING),
      'results ARRAY<STRUCT<gender: STRING, name: STRUCT<title: STRING, first: STRING, last: STRING>,
         location: STRUCT<city: STRING, state: STRING, country: STRING, postcode: STRING>, login: STRUCT<uuid: STRING>,
         dob: STRUCT<date: STRING, age: INT>, nat: STRING>>'
    ) AS parsed
    FROM users
  )
)
