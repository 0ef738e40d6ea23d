"""The example project declares what it promises, and its functions give the known numbers."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import polars as pl
import pytest

from arco.execution.sql import select, table_names
from arco.orchestration.definitions import Manifest
from arco.sdk.manifest import compile_manifest
from arco.sdk.project import find_project, load_project

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
RAW_ROWS = {
    "flights": 336_776,
    "weather": 26_115,
    "planes": 3_322,
    "airports": 1_458,
    "airlines": 16,
}


class Month:
    """The part of a context that the cleaning of a month asks for."""

    def __init__(self, number: int) -> None:
        self.partition = {"month": date(2013, number, 1)}
        self.metadata: dict[str, Any] = {}

    def add_metadata(self, **facts: Any) -> None:
        """Keep the facts."""
        self.metadata |= facts


@pytest.fixture(scope="module", autouse=True)
def importable() -> Iterator[None]:
    sys.path.insert(0, str(EXAMPLE))
    yield
    sys.path.remove(str(EXAMPLE))


@pytest.fixture(scope="module")
def manifest(importable: None) -> Manifest:
    loaded = load_project(find_project(EXAMPLE))
    return compile_manifest(loaded, table_names)


@pytest.fixture(scope="module")
def modules(manifest: Manifest) -> Mapping[str, ModuleType]:
    names = ("raw", "staging", "marts", "checks")
    return {name: importlib.import_module(f"flights_demo.{name}") for name in names}


@pytest.fixture(scope="module")
def raw(modules: Mapping[str, ModuleType]) -> Mapping[str, Any]:
    return {name: getattr(modules["raw"], name)() for name in RAW_ROWS}


@pytest.fixture(scope="module")
def months(modules: Mapping[str, ModuleType], raw: Mapping[str, Any]) -> list[pl.DataFrame]:
    source = pl.LazyFrame(raw["flights"])
    return [modules["staging"].flights(Month(number), source) for number in range(1, 13)]


@pytest.fixture(scope="module")
def flights(months: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(months)


def test_the_project_declares_twelve_assets_in_three_layers(manifest: Manifest) -> None:
    layers: dict[str, int] = {}
    for asset in manifest.assets:
        layers[asset.namespace] = layers.get(asset.namespace, 0) + 1
    assert layers == {"raw": 5, "staging": 2, "marts": 5}
    assert [asset.key for asset in manifest.assets if asset.kind == "sql"] == ["marts.route_stats"]
    assert all(asset.description for asset in manifest.assets)


def test_the_checks_stand_on_the_cleaned_flights(manifest: Manifest) -> None:
    found = {asset.key: asset.checks for asset in manifest.assets if asset.checks}
    assert list(found) == ["staging.flights"]
    blocking = {check.name: check.blocking for check in found["staging.flights"]}
    assert blocking == {"no_duplicate_flight_keys": True, "share_of_cancelled_flights": False}


def test_sql_finds_its_upstreams(manifest: Manifest) -> None:
    asset = next(asset for asset in manifest.assets if asset.kind == "sql")
    upstreams = [dependency.upstream for dependency in asset.dependencies]
    assert upstreams == ["raw.airports", "staging.flights"]


def test_the_raw_tables_have_the_rows_of_the_source(raw: Mapping[str, Any]) -> None:
    assert {name: table.num_rows for name, table in raw.items()} == RAW_ROWS


def test_na_is_null_and_columns_are_typed(raw: Mapping[str, Any]) -> None:
    assert raw["flights"].column("dep_time").null_count == 8_255
    assert raw["planes"].column("speed").null_count == 3_299
    assert str(raw["weather"].schema.field("time_hour").type) == "timestamp[us, tz=UTC]"


def test_the_months_are_all_flights_and_no_flight_twice(months: list[pl.DataFrame]) -> None:
    assert sum(month.height for month in months) == RAW_ROWS["flights"]
    for number, month in enumerate(months, 1):
        assert month["flight_date"].dt.month().unique().to_list() == [number]


def test_no_month_repeats_a_flight_key(
    modules: Mapping[str, ModuleType], months: list[pl.DataFrame]
) -> None:
    assert all(modules["checks"].no_duplicate_flight_keys(month).passed for month in months)


def test_february_alone_sets_off_the_warning(
    modules: Mapping[str, ModuleType], months: list[pl.DataFrame]
) -> None:
    check = modules["checks"].share_of_cancelled_flights
    warned = [number for number, month in enumerate(months, 1) if not check(month.lazy()).passed]
    assert warned == [2]


def test_delays_place_departures_where_local_times_say(
    flights: pl.DataFrame, raw: Mapping[str, Any]
) -> None:
    keys = ["flight_date", "carrier", "flight", "origin"]
    source = pl.DataFrame(raw["flights"]).select(
        pl.date("year", "month", "day").alias("flight_date"), *keys[1:], "dep_time"
    )
    local = pl.col("departure").dt.convert_time_zone("America/New_York")
    spelled = local.dt.hour().cast(int) * 100 + local.dt.minute()
    together = flights.filter(~pl.col("cancelled")).join(source, on=keys)
    assert together.height == RAW_ROWS["flights"] - 8_255
    assert together.filter(spelled != pl.col("dep_time") % 2400).is_empty()


def test_every_day_and_airport_has_its_delays(
    modules: Mapping[str, ModuleType], months: list[pl.DataFrame]
) -> None:
    days = pl.concat([modules["marts"].daily_delays(month) for month in months])
    assert days.height == 365 * 3
    assert days["flights"].sum() == RAW_ROWS["flights"]
    assert days["cancelled"].sum() == 8_255


def test_every_route_is_counted_in_sql(
    modules: Mapping[str, ModuleType], flights: pl.DataFrame, raw: Mapping[str, Any]
) -> None:
    tables = {"staging.flights": flights.to_arrow(), "raw.airports": raw["airports"]}
    routes = select(modules["marts"].route_stats.sql, tables, variables={}).pl()
    assert routes.height == 224
    assert routes["flights"].sum() == RAW_ROWS["flights"]


def test_every_carrier_has_one_score(
    modules: Mapping[str, ModuleType], flights: pl.DataFrame, raw: Mapping[str, Any]
) -> None:
    airlines = raw["airlines"].to_pandas()
    scores = modules["marts"].carrier_scorecard(flights.to_pandas(), airlines)
    assert len(scores) == 16
    assert scores["flights"].sum() == RAW_ROWS["flights"]
    assert scores["airline"].notna().all()


def test_weather_is_found_for_all_but_a_few_flights(
    modules: Mapping[str, ModuleType], flights: pl.DataFrame, raw: Mapping[str, Any]
) -> None:
    weather = modules["staging"].weather(raw["weather"])
    impact = modules["marts"].weather_impact(flights.lazy(), pl.LazyFrame(weather)).collect()
    assert impact["flights"].sum() == 335_220
    fair = impact.row(by_predicate=pl.col("weather") == "fair", named=True)
    assert (impact["cancelled_share"] >= fair["cancelled_share"]).all()


def test_planes_are_grouped_by_age(
    modules: Mapping[str, ModuleType], flights: pl.DataFrame, raw: Mapping[str, Any]
) -> None:
    given = duckdb.from_arrow(flights.to_arrow()), duckdb.from_arrow(raw["planes"])
    ages = modules["marts"].plane_age(*given).pl()
    assert ages["age_years"].is_unique().all()
    assert ages["planes"].sum() == 3_322 - 70
