"""The raw layer: the five source tables, typed and otherwise as they came."""

from __future__ import annotations

import pyarrow as pa

from arco import asset
from flights_demo.csv_files import read_csv

INT = pa.int32()
FLOAT = pa.float64()
TEXT = pa.string()
INSTANT = pa.timestamp("us", "UTC")

FLIGHTS = {
    "year": INT,
    "month": INT,
    "day": INT,
    "dep_time": INT,
    "sched_dep_time": INT,
    "dep_delay": INT,
    "arr_time": INT,
    "sched_arr_time": INT,
    "arr_delay": INT,
    "carrier": TEXT,
    "flight": INT,
    "tailnum": TEXT,
    "origin": TEXT,
    "dest": TEXT,
    "air_time": INT,
    "distance": INT,
    "hour": INT,
    "minute": INT,
    "time_hour": INSTANT,
}
WEATHER = {
    "origin": TEXT,
    "year": INT,
    "month": INT,
    "day": INT,
    "hour": INT,
    "temp": FLOAT,
    "dewp": FLOAT,
    "humid": FLOAT,
    "wind_dir": INT,
    "wind_speed": FLOAT,
    "wind_gust": FLOAT,
    "precip": FLOAT,
    "pressure": FLOAT,
    "visib": FLOAT,
    "time_hour": INSTANT,
}
PLANES = {
    "tailnum": TEXT,
    "year": INT,
    "type": TEXT,
    "manufacturer": TEXT,
    "model": TEXT,
    "engines": INT,
    "seats": INT,
    "speed": INT,
    "engine": TEXT,
}
AIRPORTS = {
    "faa": TEXT,
    "name": TEXT,
    "lat": FLOAT,
    "lon": FLOAT,
    "alt": INT,
    "tz": INT,
    "dst": TEXT,
    "tzone": TEXT,
}
AIRLINES = {"carrier": TEXT, "name": TEXT}


@asset(namespace="raw", group="ingest")
def flights() -> pa.Table:
    """Every flight that was scheduled from EWR, JFK or LGA in 2013, one row per flight.

    Times such as `dep_time` are local and spelled HHMM (517 is 5:17); a cancelled flight has none.
    `time_hour` is the scheduled hour of departure as an instant.
    """
    return read_csv("flights.csv.zip", FLIGHTS)


@asset(namespace="raw", group="ingest")
def weather() -> pa.Table:
    """The weather at the three airports, one row per airport and hour."""
    return read_csv("weather.csv", WEATHER)


@asset(namespace="raw", group="ingest")
def planes() -> pa.Table:
    """What the aviation authority knows about the planes, one row per tail number."""
    return read_csv("planes.csv", PLANES)


@asset(namespace="raw", group="ingest")
def airports() -> pa.Table:
    """Name and place of airports in the United States, one row per code."""
    return read_csv("airports.csv", AIRPORTS)


@asset(namespace="raw", group="ingest")
def airlines() -> pa.Table:
    """The names of the airlines, one row per carrier code."""
    return read_csv("airlines.csv", AIRLINES)
