"""The marts: what people ask of the flights. Each asset uses the tool that suits it."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl

from arco import asset, sql_asset
from flights_demo.staging import MONTH_COLUMN, MONTHS


@asset(
    namespace="marts",
    partitions=MONTHS,
    partition_columns=MONTH_COLUMN,
    column_lineage={
        "flight_date": "staging_flights.flight_date",
        "origin": "staging_flights.origin",
        "cancelled": "staging_flights.cancelled",
        "mean_departure_delay": "staging_flights.departure_delay",
        "worst_departure_delay": "staging_flights.departure_delay",
        "late_share": "staging_flights.departure_delay",
        "*": ["staging_flights.flight_date", "staging_flights.origin"],
    },
)
def daily_delays(staging_flights: pl.DataFrame) -> pl.DataFrame:
    """How late the flights of a day were, one row per day and airport of departure.

    `late_share` counts more than 15 minutes, among the flights that left. A month is computed from
    the same month of `staging.flights`, and is stale only when that is.
    """
    late = pl.col("departure_delay") > 15
    return (
        staging_flights.group_by("flight_date", "origin")
        .agg(
            flights=pl.len(),
            cancelled=pl.col("cancelled").sum(),
            mean_departure_delay=pl.col("departure_delay").mean().round(2),
            worst_departure_delay=pl.col("departure_delay").max(),
            late_share=late.mean().round(4),
        )
        .sort("flight_date", "origin")
    )


route_stats = sql_asset(
    "marts.route_stats",
    description="Volume and punctuality of every route, one row per origin and destination.",
    sql="""
        select
            f.origin,
            f.destination,
            coalesce(a.name, f.destination) as destination_name,
            count(*) as flights,
            count(*) filter (where f.cancelled) as cancelled,
            round(avg(f.arrival_delay), 2) as mean_arrival_delay,
            quantile_disc(f.arrival_delay, 0.9) as p90_arrival_delay,
            max(f.distance_miles) as distance_miles
        from staging.flights as f
        left join raw.airports as a on a.faa = f.destination
        group by all
        order by f.origin, f.destination
    """,
)


@asset(
    namespace="marts",
    column_lineage={
        "carrier": "staging_flights.carrier",
        "airline": "raw_airlines.name",
        "cancelled_share": "staging_flights.cancelled",
        "mean_arrival_delay": "staging_flights.arrival_delay",
        "on_time_share": "staging_flights.arrival_delay",
        "*": ["staging_flights.carrier", "raw_airlines.carrier"],
    },
)
def carrier_scorecard(staging_flights: pd.DataFrame, raw_airlines: pd.DataFrame) -> pd.DataFrame:
    """The airlines from most to least punctual, one row per carrier.

    On time is at most 15 minutes late; a flight that was cancelled or diverted is not on time.
    """
    flights = staging_flights.assign(on_time=staging_flights["arrival_delay"] <= 15)
    score = flights.groupby("carrier", as_index=False).agg(
        flights=("flight", "size"),
        cancelled_share=("cancelled", "mean"),
        mean_arrival_delay=("arrival_delay", "mean"),
        on_time_share=("on_time", "mean"),
    )
    airlines = raw_airlines.rename(columns={"name": "airline"})
    return airlines.merge(score.round(4), on="carrier").sort_values(
        "on_time_share", ascending=False
    )


@asset(
    namespace="marts",
    column_lineage={
        "weather": [
            "staging_weather.visibility_km",
            "staging_weather.rain_mm",
            "staging_weather.wind_kmh",
        ],
        "cancelled_share": "staging_flights.cancelled",
        "mean_departure_delay": "staging_flights.departure_delay",
        "*": [
            "staging_flights.scheduled_departure",
            "staging_flights.origin",
            "staging_weather.observed_at",
            "staging_weather.origin",
            "staging_weather.visibility_km",
            "staging_weather.rain_mm",
            "staging_weather.wind_kmh",
        ],
    },
)
def weather_impact(staging_flights: pl.LazyFrame, staging_weather: pl.LazyFrame) -> pl.LazyFrame:
    """Delays and cancellations by kind of weather, one row per kind.

    Each flight meets the weather of its airport in its scheduled hour; 1,556 flights meet none.
    """
    kind = (
        pl.when(pl.col("visibility_km") < 5)
        .then(pl.lit("low visibility"))
        .when(pl.col("rain_mm") > 0)
        .then(pl.lit("rain or snow"))
        .when(pl.col("wind_kmh") >= 40)
        .then(pl.lit("strong wind"))
        .otherwise(pl.lit("fair"))
    )
    hour = pl.col("scheduled_departure").dt.truncate("1h")
    return (
        staging_flights.with_columns(observed_at=hour)
        .join(staging_weather, on=["origin", "observed_at"])
        .group_by(weather=kind)
        .agg(
            flights=pl.len(),
            cancelled_share=pl.col("cancelled").mean().round(4),
            mean_departure_delay=pl.col("departure_delay").mean().round(2),
        )
        .sort("weather")
    )


@asset(
    namespace="marts",
    column_lineage={
        "age_years": "raw_planes.year",
        "planes": "raw_planes.tailnum",
        "mean_departure_delay": "staging_flights.departure_delay",
        "*": ["raw_planes.tailnum", "staging_flights.tail_number", "raw_planes.year"],
    },
)
def plane_age(
    staging_flights: duckdb.DuckDBPyRelation, raw_planes: duckdb.DuckDBPyRelation
) -> duckdb.DuckDBPyRelation:
    """Whether old planes are late planes, one row per age in years; unknown planes are left out."""
    return duckdb.sql(
        """
        select
            2013 - p.year as age_years,
            count(distinct p.tailnum) as planes,
            count(*) as flights,
            round(avg(f.departure_delay), 2) as mean_departure_delay
        from staging_flights as f
        join raw_planes as p on p.tailnum = f.tail_number
        where p.year is not null
        group by age_years
        order by age_years
        """
    )
