"""Which columns of the demo depend on one column of the raw flights, found out by trying: the
demo's own functions run over its data as it is, and with that column replaced.

Knows no lineage: what differs afterwards depends on the column, what does not is left alone by it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from arco.execution.sql import select

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
MONTH = date(2013, 1, 1)
KEYS = {
    "staging.flights": ("scheduled_departure", "carrier", "flight", "origin"),
    "marts.daily_delays": ("flight_date", "origin"),
    "marts.route_stats": ("origin", "destination"),
    "marts.carrier_scorecard": ("carrier",),
    "marts.weather_impact": ("weather",),
    "marts.plane_age": ("age_years",),
}


class OneMonth:
    """The part of a context that the cleaning of a month asks for."""

    partition: Mapping[str, Any] = {"month": MONTH}

    def add_metadata(self, **facts: Any) -> None:
        """Nothing here keeps facts."""


def dependants(column: str) -> set[str]:
    """Every column of the demo, `table.column`, that differs when this raw one does."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        raw = {
            name: pl.DataFrame(getattr(_module("raw"), name)())
            for name in ("flights", "weather", "planes", "airports", "airlines")
        }
        flights = raw["flights"].filter(pl.col("month") == MONTH.month)
        before, after = (_everything({**raw, "flights": each}) for each in _both(flights, column))
    finally:
        sys.path.remove(str(EXAMPLE))
    return {
        f"{table}.{name}"
        for table, frame in before.items()
        for name in frame.columns
        if not frame[name].equals(after[table][name])
    }


def _both(flights: pl.DataFrame, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The flights, and the same with other values and other nulls in the column."""
    return flights, flights.with_columns((pl.col(column).reverse() + 37).alias(column))


def _everything(raw: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The cleaned flights and every mart, each in the order of its key."""
    staging, marts = _module("staging"), _module("marts")
    flights: pl.DataFrame = staging.flights(OneMonth(), raw["flights"].lazy())
    weather = pl.LazyFrame(staging.weather(raw["weather"].to_arrow()))
    tables = {"staging.flights": flights.to_arrow(), "raw.airports": raw["airports"].to_arrow()}
    scores = marts.carrier_scorecard(flights.to_pandas(), raw["airlines"].to_pandas())
    related = (duckdb.from_arrow(each.to_arrow()) for each in (flights, raw["planes"]))
    found = {
        "staging.flights": flights,
        "marts.daily_delays": marts.daily_delays(flights),
        "marts.route_stats": select(marts.route_stats.sql, tables, variables={}).pl(),
        "marts.carrier_scorecard": pl.DataFrame(scores),
        "marts.weather_impact": marts.weather_impact(flights.lazy(), weather).collect(),
        "marts.plane_age": marts.plane_age(*related).pl(),
    }
    return {name: frame.sort(KEYS[name]) for name, frame in found.items()}


def _module(name: str) -> Any:
    return importlib.import_module(f"flights_demo.{name}")


__all__ = ["dependants"]
