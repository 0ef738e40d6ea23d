"""Settings of one run: who reads them, what is refused before it starts, what they leave behind."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import click
import msgspec
import pytest

from arco import Secret, asset, check, resource
from arco.cli.run_settings import asked_settings
from arco.errors import Invalid
from arco.orchestration.commands.reruns import RerunRun, rerun_run
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.events import RunKeyConflicted, RunTriggered
from arco.orchestration.rows import Run
from arco.orchestration.run_settings import accepted_settings, settings_version
from arco.orchestration.staleness import StaleReason
from arco.orchestration.tables import PARTITION_STATUS, RUNS
from arco.sdk.setting_schemas import settings_of
from arco.testing import RunResult, Workbench
from arco.testing.orchestration_samples import Bench
from arco.testing.orchestration_samples import asset as defined


class Window(msgspec.Struct):
    start: datetime.date
    days: int = 1


class Source(msgspec.Struct):
    url: str = "http://orders"
    pages: Annotated[int, msgspec.Meta(ge=1)] = 10
    ratio: float = 1.0
    mode: Literal["full", "slice"] = "full"
    regions: tuple[str, ...] = ()
    window: Window | None = None
    token: Secret | None = None


@dataclasses.dataclass
class Limits:
    rows: int = 5


@resource(per="worker")
def client(source: Source) -> Iterator[str]:
    yield f"{source.url}?pages={source.pages}"


@asset(namespace="raw")
def orders(client: str, source: Source) -> list[dict[str, Any]]:
    return [{"client": client, "pages": source.pages}]


@asset(namespace="raw")
def customers(client: str) -> list[dict[str, Any]]:
    return [{"client": client}]


@asset(namespace="mart")
def report(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"pages": orders[0]["pages"]}]


@check(report)
def is_small(data: list[dict[str, Any]], limits: Limits) -> bool:
    return data[0]["pages"] <= limits.rows * 100


def read_by(function: Any) -> AssetDefinition:
    return defined("raw.orders", settings=settings_of([function], {}))


def by_source(source: Source) -> None: ...


def by_limits(limits: Limits, source: Source) -> None: ...


def refusal(given: Any, function: Any = by_source) -> Invalid:
    with pytest.raises(Invalid) as refused:
        accepted_settings([read_by(function)], given)
    return refused.value


def bench() -> Workbench:
    return Workbench(orders, customers, report, is_small, client)


def pages(run: RunResult) -> int:
    return int(rows(run, "raw.orders")[0]["pages"])


def rows(run: RunResult, asset: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run[asset].data.to_arrow().to_pylist()
    return found


def run_row(work: Workbench, run_id: str) -> Run:
    run = work.state.get(RUNS, run_id)
    assert run is not None
    return run


def reasons(work: Workbench) -> dict[str, StaleReason]:
    return {each.asset: each.reason for each in work.stale()}


def test_a_runs_settings_go_over_the_projects_and_hold_for_that_run_alone() -> None:
    work = Workbench(orders, client, supplies={"source": {"pages": 2, "url": "http://x"}})
    own = work.run(settings={"source": {"pages": "3"}})
    assert rows(own, "raw.orders") == [{"client": "http://x?pages=3", "pages": 3}]
    assert pages(work.run()) == 2


def test_settings_given_as_an_object_are_overridden_field_by_field() -> None:
    work = Workbench(orders, client, supplies={"source": Source(url="http://x", pages=2)})
    own = work.run(settings={"source": {"pages": 3}})
    assert rows(own, "raw.orders") == [{"client": "http://x?pages=3", "pages": 3}]


def test_a_workers_resource_made_with_other_settings_is_not_shared() -> None:
    work = bench()
    assert rows(work.run("raw.customers"), "raw.customers") == [
        {"client": "http://orders?pages=10"}
    ]
    own = work.run("raw.customers", settings={"source": {"pages": 3}})
    assert rows(own, "raw.customers") == [{"client": "http://orders?pages=3"}]
    again = work.run("raw.customers")
    assert rows(again, "raw.customers") == [{"client": "http://orders?pages=10"}]


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("pages", "3", 3),
        ("pages", 3, 3),
        ("ratio", "0.5", 0.5),
        ("ratio", 2, 2),
        ("url", "10", "10"),
        ("mode", "slice", "slice"),
        ("regions", '["eu", "us"]', ["eu", "us"]),
        ("window", '{"start": "2026-03-01"}', {"start": "2026-03-01"}),
        ("window", "null", None),
    ],
)
def test_values_are_read_as_their_field_takes_them(field: str, given: Any, kept: Any) -> None:
    accepted = accepted_settings([read_by(by_source)], {"source": {field: given}})
    assert accepted == {"source": {field: kept}}


@pytest.mark.parametrize(
    ("field", "given", "sentence"),
    [
        ("pages", "many", "source.pages of raw.orders: expected integer, given 'many'"),
        ("pages", 1.5, "source.pages of raw.orders: expected integer, given 1.5"),
        ("pages", True, "source.pages of raw.orders: expected integer, given True"),
        ("pages", 0, "source.pages of raw.orders: expected at least 1, given 0"),
        ("ratio", float("nan"), "source.ratio of raw.orders: expected number, given nan"),
        ("url", 10, "source.url of raw.orders: expected string, given 10"),
        ("mode", "half", "source.mode of raw.orders: expected one of 'full', 'slice', given"),
        ("regions", [1], "source.regions of raw.orders: [0]: expected string, given 1"),
        ("window", {"days": 2}, "source.window of raw.orders: expected object or null, given"),
        ("window", {"start": "soon"}, "source.window of raw.orders: expected object or null"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_field(
    field: str, given: Any, sentence: str
) -> None:
    error = refusal({"source": {field: given}})
    assert (error.code, error.message[: len(sentence)]) == ("SETTING_INVALID", sentence)
    assert f"--set source.{field}=VALUE" in (error.hint or "")


def test_unknown_names_and_fields_are_refused_with_those_that_there_are() -> None:
    field = refusal({"source": {"page": 3}})
    assert (field.code, field.message) == (
        "SETTING_UNKNOWN",
        "source.page is no setting of raw.orders; did you mean source.pages?",
    )
    name = refusal({"sauce": {"pages": 3}}, by_limits)
    assert name.message == "no selected asset reads 'sauce'; did you mean source?"
    nothing = refusal({"source": {}, "other": {}})
    assert nothing.message == "no selected asset reads 'other'; there is source"


def test_a_secret_is_refused_and_not_repeated() -> None:
    error = refusal({"source": {"token": "open sesame"}})
    assert error.code == "SETTING_SECRET"
    assert "open sesame" not in f"{error.message} {error.hint}"


def test_settings_too_large_to_keep_are_refused() -> None:
    assert refusal({"source": {"url": "x" * 20_000}}).code == "SETTINGS_TOO_LARGE"


def test_nothing_runs_when_a_setting_does_not_fit() -> None:
    work = bench()
    with pytest.raises(Invalid, match=r"source\.pages"):
        work.run(settings={"source": {"pages": "many"}})
    assert list(work.state.range(RUNS)) == []


def test_settings_of_checks_and_of_resources_count_as_the_assets() -> None:
    found = {each.key: each.settings for each in bench().definitions.manifest.assets}
    assert [each.name for each in found["raw.customers"]] == ["source"]
    assert [each.name for each in found["mart.report"]] == ["limits"]
    assert [each.name for each in found["raw.orders"]] == ["source"]


def test_the_run_keeps_its_settings_and_its_data_says_what_made_it() -> None:
    work = bench()
    run = work.run(settings={"source": {"pages": "3"}})
    assert run_row(work, run.run_id).settings == {"source": {"pages": 3}}
    version = settings_version({"source": {"pages": 3}})
    held = {
        key: status.materialization.settings_version
        for key in ("raw.orders", "raw.customers", "mart.report")
        if (status := work.state.get(PARTITION_STATUS, key, "")) and status.materialization
    }
    assert held == {"raw.orders": version, "raw.customers": version, "mart.report": None}


def test_data_made_with_a_runs_settings_is_stale_until_the_projects_make_it() -> None:
    work = bench()
    work.run()
    work.run(settings={"source": {"pages": 3}})
    assert reasons(work)["raw.orders"] is StaleReason.SETTINGS_CHANGED
    assert reasons(work)["mart.report"] is StaleReason.UPSTREAM_CHANGED
    work.run(which="stale")
    assert reasons(work) == {}


def test_other_settings_make_stale_and_the_same_again_do_not() -> None:
    work = bench()
    work.run()
    own = work.run("raw.orders", which="stale", settings={"source": {"pages": 3}})
    assert own.run_id and pages(own) == 3
    before = len(list(work.state.range(RUNS)))
    work.run("raw.orders", which="stale", settings={"source": {"pages": 3}})
    assert len(list(work.state.range(RUNS))) == before


def test_a_rerun_keeps_the_settings_that_somebody_in_it_reads() -> None:
    work = bench()
    first = work.run(settings={"source": {"pages": 3}, "limits": {"rows": 1}})
    for only, kept in (
        ((), {"source": {"pages": 3}, "limits": {"rows": 1}}),
        (
            ("mart.report",),
            {"limits": {"rows": 1}},
        ),
    ):
        command = RerunRun(
            run_id=f"again{len(only)}",
            tenant="t",
            workspace="w",
            parent=first.run_id,
            only=only,
        )
        (event,) = rerun_run(command)(work.state, work.now)
        assert isinstance(event.payload, RunTriggered)
        assert getattr(event.payload, "settings", None) == kept


def test_a_run_key_stands_for_its_settings_too() -> None:
    work = Bench()
    work.deploy(read_by(by_source))
    asked: dict[str, Any] = {"run_key": "daily", "settings": {"source": {"pages": 3}}}
    work.trigger("R1", **asked)
    assert work.trigger("R2", **asked) == ()
    (conflict,) = work.trigger("R3", **{**asked, "settings": {"source": {"pages": 4}}})
    assert isinstance(conflict, RunKeyConflicted)


def test_a_run_without_settings_says_nothing_of_them() -> None:
    work = Bench()
    work.deploy(read_by(by_source))
    said = work.trigger("R1")
    assert type(said[0]) is RunTriggered
    run = work.state.get(RUNS, "R1")
    assert run is not None and run.settings is None


def test_the_command_line_reads_a_file_and_lays_what_is_said_over_it(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("[source]\npages = 3\nwindow = {start = 2026-03-01}\n")
    found = asked_settings(["source.pages=4", "limits.rows=7"], file)
    assert found == {
        "source": {"pages": "4", "window": {"start": "2026-03-01"}},
        "limits": {"rows": "7"},
    }
    other = tmp_path / "own.json"
    other.write_text('{"source": {"pages": 3}}')
    assert asked_settings([], other) == {"source": {"pages": 3}}


@pytest.mark.parametrize("text", ["source.pages", "source=3", ".pages=3", "source.=3"])
def test_what_is_no_setting_is_refused_by_the_command_line(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"NAME\.FIELD=VALUE"):
        asked_settings([text], None)


def test_a_file_that_is_no_table_of_tables_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    for text in ("{", "[]", '{"source": 3}'):
        file.write_text(text)
        with pytest.raises(click.BadParameter, match="a table for each name"):
            asked_settings([], file)


def test_a_class_without_a_schema_is_left_to_the_worker() -> None:
    class Odd(msgspec.Struct):
        value: complex | None = None

    def by_odd(odd: Odd) -> None: ...

    by_odd.__annotations__["odd"] = Odd
    assert accepted_settings([read_by(by_odd)], {"odd": {"value": 1}}) == {"odd": {"value": 1}}
