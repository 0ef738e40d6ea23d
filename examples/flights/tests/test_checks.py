"""The checks, on frames that keep and break what they demand."""

from __future__ import annotations

from datetime import date

import polars as pl
from flights_demo import checks

DAY = date(2013, 7, 1)


def flights(numbers: list[int]) -> pl.DataFrame:
    """One carrier's flights of a day from one airport."""
    return pl.DataFrame({"flight": numbers}).with_columns(
        flight_date=pl.lit(DAY), carrier=pl.lit("B6"), origin=pl.lit("JFK")
    )


def test_a_flight_number_may_occur_once_a_day_at_an_airport() -> None:
    assert checks.no_duplicate_flight_keys(flights([1, 2, 3])).passed
    outcome = checks.no_duplicate_flight_keys(flights([1, 2, 2]))
    assert not outcome.passed
    assert outcome.metadata == {"duplicates": 1}


def test_more_than_four_percent_cancelled_is_worth_a_warning() -> None:
    calm = pl.LazyFrame({"cancelled": [True] + [False] * 99})
    storm = pl.LazyFrame({"cancelled": [True] * 5 + [False] * 95})
    assert checks.share_of_cancelled_flights(calm).passed
    assert not checks.share_of_cancelled_flights(storm).passed
