"""influxdb_client_v1.py PORT: the client of InfluxDB 1.x writes points and asks for them."""

import sys

from influxdb import InfluxDBClient

client = InfluxDBClient("127.0.0.1", int(sys.argv[1]))
client.ping()
client.create_database("case_study")
assert {"name": "case_study"} in client.get_list_database()
client.switch_database("case_study")
years = {2020: 326569308, 2021: 329725481, 2022: 331097593}
points = [
    {
        "measurement": "population_data",
        "tags": {"Nation": "United States", "Slug_Nation": "united-states"},
        "time": f"{year}-01-01T00:00:00Z",
        "fields": {"ID_Year": year, "Population": population, "Note": 'a "quoted", odd = text', "Share": 0.5, "Final": True},
    }
    for year, population in years.items()
]
assert client.write_points(points, batch_size=2)
# The same points again change nothing.
assert client.write_points(points)
rows = list(client.query('SELECT * FROM "population_data" WHERE "Nation" = \'United States\'').get_points())
assert [(row["ID_Year"], row["Population"]) for row in rows] == list(years.items()), rows
assert rows[0]["time"] == "2020-01-01T00:00:00Z" and rows[0]["Slug_Nation"] == "united-states", rows[0]
assert rows[0]["Note"] == 'a "quoted", odd = text' and rows[0]["Share"] == 0.5 and rows[0]["Final"] is True, rows[0]
result = client.query("SELECT count(Population), mean(Population), max(Population) FROM population_data GROUP BY Nation")
(key, series), = result.items()
assert key == ("population_data", {"Nation": "United States"}), key
assert next(series) == {
    "time": "1970-01-01T00:00:00Z", "count": 3, "mean": sum(years.values()) / 3, "max": 331097593}
bound = client.query("SELECT Population FROM population_data WHERE ID_Year = $year", bind_params={"year": 2021})
assert [row["Population"] for row in bound.get_points()] == [329725481]
assert client.get_list_measurements() == [{"name": "population_data"}]
client.close()
print("v1 ok")
