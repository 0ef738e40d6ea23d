"""An asset is a function: these tests call them with small frames, without Arco."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pandas as pd
import polars as pl
from flights_demo import marts

NOON = datetime(2013, 7, 1, 12, 40, tzinfo=UTC)


def flight(**facts: Any) -> dict[str, Any]:
    """A flight from JFK to Boston that was on time, unless told otherwise."""
    known = {
        "flight_date": date(2013, 7, 1),
        "carrier": "B6",
        "flight": 1,
        "tail_number": "N1",
        "origin": "JFK",
        "destination": "BOS",
        "scheduled_departure": NOON,
        "departure_delay": 0,
        "arrival_delay": 0,
        "distance_miles": 187,
        "cancelled": False,
    }
    return known | facts


CANCELLED = {"departure_delay": None, "arrival_delay": None, "cancelled": True}


def test_a_cancelled_flight_counts_but_has_no_delay() -> None:
    flights = pl.DataFrame([flight(departure_delay=30), flight(**CANCELLED)])
    (day,) = marts.daily_delays(flights).to_dicts()
    assert day["flights"] == 2
    assert day["cancelled"] == 1
    assert day["mean_departure_delay"] == 30
    assert day["late_share"] == 1


def test_a_cancelled_flight_is_not_on_time() -> None:
    flights = pd.DataFrame([flight(arrival_delay=-5), flight(**CANCELLED)])
    airlines = pd.DataFrame({"carrier": ["B6"], "name": ["JetBlue Airways"]})
    (score,) = marts.carrier_scorecard(flights, airlines).to_dict("records")
    assert score["airline"] == "JetBlue Airways"
    assert score["on_time_share"] == 0.5
    assert score["cancelled_share"] == 0.5


def test_a_flight_meets_the_weather_of_its_scheduled_hour() -> None:
    flights = pl.LazyFrame([flight(departure_delay=80)])
    weather = pl.LazyFrame(
        {
            "origin": ["JFK", "JFK"],
            "observed_at": [NOON.replace(minute=0), NOON.replace(hour=13, minute=0)],
            "wind_kmh": [10.0, 60.0],
            "rain_mm": [2.0, 0.0],
            "visibility_km": [16.0, 16.0],
        }
    )
    (kind,) = marts.weather_impact(flights, weather).collect().to_dicts()
    assert kind["weather"] == "rain or snow"
    assert kind["mean_departure_delay"] == 80


def test_planes_of_one_age_are_one_row() -> None:
    known = [flight(tail_number="N1"), flight(tail_number="N2"), flight(tail_number="N9")]
    flights = pl.DataFrame(known).to_arrow()
    planes = pl.DataFrame({"tailnum": ["N1", "N2"], "year": [2003, 2003]}).to_arrow()
    ages = marts.plane_age(duckdb.from_arrow(flights), duckdb.from_arrow(planes))
    assert ages.fetchall() == [(10, 2, 2, 0.0)]
