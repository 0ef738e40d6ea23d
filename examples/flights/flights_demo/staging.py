"""The staging layer: clean names, true instants, one meaning per column."""

from __future__ import annotations

from datetime import date

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from arco import AssetContext, MonthlyPartitions, asset

MONTHS = MonthlyPartitions(start="2013-01", end="2014-01")
MONTH_COLUMN = {"month": "month"}

# Where the columns of `staging.flights` come from; "*": what decides which rows there are.
FLIGHT_COLUMNS = {
    "flight_date": ["raw_flights.year", "raw_flights.month", "raw_flights.day"],
    "carrier": "raw_flights.carrier",
    "flight": "raw_flights.flight",
    "tail_number": "raw_flights.tailnum",
    "origin": "raw_flights.origin",
    "destination": "raw_flights.dest",
    "scheduled_departure": ["raw_flights.time_hour", "raw_flights.minute"],
    "departure": ["raw_flights.time_hour", "raw_flights.minute", "raw_flights.dep_delay"],
    "departure_delay": "raw_flights.dep_delay",
    "arrival_delay": "raw_flights.arr_delay",
    "air_minutes": "raw_flights.air_time",
    "distance_miles": "raw_flights.distance",
    "cancelled": "raw_flights.dep_delay",
    "*": ["raw_flights.year", "raw_flights.month"],
}


@asset(
    namespace="staging",
    partitions=MONTHS,
    partition_columns=MONTH_COLUMN,
    column_lineage=FLIGHT_COLUMNS,
)
def flights(context: AssetContext, raw_flights: pl.LazyFrame) -> pl.DataFrame:
    """The flights of one month, one row per flight; delays are in minutes, early is negative.

    Only the month's rows leave the disk: the filter on the lazy frame reaches the files.
    """
    month = context.partition["month"]
    assert isinstance(month, date)
    rows = in_month(raw_flights, month).select(clean_columns()).collect()
    context.add_metadata(cancelled=rows["cancelled"].sum())
    return rows.sort("scheduled_departure", "carrier", "flight", "origin")


@asset(
    namespace="staging",
    column_lineage={
        "origin": "raw_weather.origin",
        "observed_at": "raw_weather.time_hour",
        "temperature_celsius": "raw_weather.temp",
        "wind_kmh": "raw_weather.wind_speed",
        "rain_mm": "raw_weather.precip",
        "visibility_km": "raw_weather.visib",
    },
)
def weather(raw_weather: pa.Table) -> pa.Table:
    """The weather in metric units, one row per airport and hour."""
    column = raw_weather.column
    return pa.table(
        {
            "origin": column("origin"),
            "observed_at": column("time_hour"),
            "temperature_celsius": pc.multiply(pc.subtract(column("temp"), 32.0), 5 / 9),
            "wind_kmh": pc.multiply(column("wind_speed"), 1.609344),
            "rain_mm": pc.multiply(column("precip"), 25.4),
            "visibility_km": pc.multiply(column("visib"), 1.609344),
        }
    )


def in_month(flights: pl.LazyFrame, month: date) -> pl.LazyFrame:
    """The source rows whose scheduled departure lies in the month, in local time."""
    return flights.filter((pl.col("year") == month.year) & (pl.col("month") == month.month))


def clean_columns() -> list[pl.Expr | str]:
    """What a source row becomes. Delays, not HHMM, place a late flight on the right day."""
    scheduled = pl.col("time_hour") + pl.duration(minutes="minute")
    return [
        pl.date("year", "month", "day").alias("flight_date"),
        "carrier",
        "flight",
        pl.col("tailnum").alias("tail_number"),
        "origin",
        pl.col("dest").alias("destination"),
        scheduled.alias("scheduled_departure"),
        (scheduled + pl.duration(minutes="dep_delay")).alias("departure"),
        pl.col("dep_delay").alias("departure_delay"),
        pl.col("arr_delay").alias("arrival_delay"),
        pl.col("air_time").alias("air_minutes"),
        pl.col("distance").alias("distance_miles"),
        pl.col("dep_delay").is_null().alias("cancelled"),
    ]
