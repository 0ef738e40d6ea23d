"""Attempts performed by a real worker process: data in, data out, checks and contexts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from arco.execution.protocol import Envelope, Input
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.outcomes import Completion, ErrorCategory, Output, Read
from tests.integration.worker_process import SCOPE, WorkerProcess, assets_of, envelope_of, worker

ATTEMPTS = itertools.count(1)
MAY = "month=d:2013-05-01"
PROJECT = '''
from __future__ import annotations
import os
import pandas as pd
import polars as pl
from arco import AssetContext, CheckOutcome, MonthlyPartitions, asset, check, sql_asset

MONTHS = MonthlyPartitions(start="2013-01", end="2014-01")

@asset(namespace="raw", partitions=MONTHS)
def flights(context: AssetContext):
    context.add_metadata(source="a list", window=str(context.partition_window.start))
    return [{"carrier": "UA", "delay": 3, "day": context.partition["month"]},
            {"carrier": "AA", "delay": None, "day": context.partition_window.end.date()}]

@asset(namespace="staging", partitions=MONTHS)
def delays(raw_flights: pl.DataFrame):
    assert "_month" in raw_flights.columns
    return raw_flights.drop_nulls("delay").drop("_month")

@asset(namespace="staging", partitions=MONTHS)
def frame(raw_flights: pd.DataFrame):
    return raw_flights[["carrier"]]

@asset(namespace="staging", partitions=MONTHS)
def lazily(raw_flights):
    return raw_flights

@check("staging.delays")
def is_positive(data: pl.DataFrame, context):
    return CheckOutcome(bool((data["delay"] > 0).all()), metadata={"lowest": data["delay"].min()})

@check("staging.delays", blocking=False)
def has_many_rows(data):
    return data.count_rows() > 10, f"{data.count_rows()} rows"

@check("staging.delays")
def crashes(data):
    raise RuntimeError("no such column")

@check("staging.delays", name="answers_badly")
def answers_badly(data):
    return 1

counts = sql_asset("marts.counts", sql="""
    with f as (select * from raw.flights)
    select carrier, count(*) as flights, max(getvariable('month')) as month from f group by all
""", partitions=MONTHS)

@asset(namespace="marts")
def nothing():
    pass

@asset(namespace="marts")
def number():
    return 42

@asset(namespace="marts")
def modules():
    import sys
    return [{"loaded": ",".join(m for m in ("pyarrow", "duckdb", "deltalake") if m in sys.modules)}]

@asset(namespace="marts")
async def later():
    return [{"a": 1}]

@asset(namespace="marts")
def where():
    return [{"folder": os.getcwd()}]
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "assets.py").write_text(
        PROJECT.replace("import pandas as pd\nimport polars as pl", HEAD)
    )
    return folder


HEAD = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
"""


@pytest.fixture(scope="module")
def assets(project: Path) -> dict[str, AssetDefinition]:
    return assets_of(project)


@pytest.fixture(scope="module")
def running(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    with worker(project, tmp_path_factory.mktemp("store")) as process:
        yield process


def raw_output(running: WorkerProcess, assets: dict[str, AssetDefinition]) -> Output:
    envelope = envelope_of(assets["raw.flights"], next(ATTEMPTS), partition_key=MAY)
    output = running.perform(envelope).completion.output
    assert output is not None
    return output


def reading(asset: AssetDefinition, output: Output, *, attempt: int = 1) -> Envelope:
    source = Input(
        upstream="raw.flights",
        parameter=asset.dependencies[0].parameter,
        table_id=output.table_id,
        partition_columns={"month": "_month"},
        partition_keys=(MAY,),
        staged=(output,),
    )
    return envelope_of(asset, attempt, partition_key=MAY, inputs=(source,))


def succeeded(completion: Completion) -> Output:
    assert completion.error is None, completion.error
    assert completion.output is not None
    return completion.output


def test_a_task_that_returns_nothing_stages_nothing_and_loads_no_heavy_library(
    project: Path, assets: dict[str, AssetDefinition], tmp_path: Path
) -> None:
    with worker(project, tmp_path) as fresh:
        assert fresh.perform(envelope_of(assets["marts.nothing"])).completion == Completion()
        completion = fresh.perform(envelope_of(assets["marts.modules"])).completion
        rows = pq.read_table(tmp_path / SCOPE.prefix() / succeeded(completion).files[0].key)
        assert rows.to_pylist() == [{"loaded": ""}]
        assert fresh.stop() == 0


def test_a_list_of_rows_is_staged_with_its_partition_window_and_metadata(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    output = raw_output(running, assets)
    assert output.rows == 2
    assert output.partition_values == {"_month": "2013-05-01"}
    assert output.metadata["window"] == "2013-05-01 00:00:00+00:00"
    table = pq.read_table(running.store / SCOPE.prefix() / output.files[0].key)
    assert [str(row["day"]) for row in table.to_pylist()] == ["2013-05-01", "2013-06-01"]


@pytest.mark.parametrize(
    ("key", "rows"), [("staging.delays", 1), ("staging.frame", 2), ("staging.lazily", 2)]
)
def test_what_a_run_staged_arrives_as_the_annotated_type(
    running: WorkerProcess, assets: dict[str, AssetDefinition], key: str, rows: int
) -> None:
    output = raw_output(running, assets)
    completion = running.perform(reading(assets[key], output, attempt=next(ATTEMPTS))).completion
    assert succeeded(completion).rows == rows
    expected = Read(
        upstream="raw.flights",
        parameter="raw_flights",
        partition_keys=(MAY,),
        data_versions=(output.data_version,),
    )
    assert completion.reads == (expected,)


def test_checks_judge_the_staged_data_and_a_crashing_one_has_failed(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    output = raw_output(running, assets)
    completion = running.perform(reading(assets["staging.delays"], output, attempt=200)).completion
    found = {each.name: each for each in completion.checks}
    assert found["is_positive"].passed
    assert found["is_positive"].metadata == {"lowest": 3}
    assert (found["has_many_rows"].passed, found["has_many_rows"].blocking) == (False, False)
    assert found["has_many_rows"].message == "1 rows"
    assert found["crashes"].message.startswith("RuntimeError: no such column (assets.py:")
    assert "returned int" in found["answers_badly"].message


def test_a_select_reads_tables_by_name_and_partitions_as_variables(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    output = raw_output(running, assets)
    completion = running.perform(reading(assets["marts.counts"], output)).completion
    staged = succeeded(completion)
    rows = pq.read_table(running.store / SCOPE.prefix() / staged.files[0].key).to_pylist()
    found = [(row["carrier"], row["flights"], str(row["month"])) for row in rows]
    assert sorted(found) == [("AA", 1, "2013-05-01"), ("UA", 1, "2013-05-01")]


def test_an_upstream_that_was_never_materialized_names_the_command_to_run(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    source = Input(upstream="raw.flights", parameter="raw_flights", table_id="t")
    envelope = envelope_of(assets["staging.lazily"], 9, partition_key=MAY, inputs=(source,))
    error = running.perform(envelope).completion.error
    assert error is not None
    assert error.category is ErrorCategory.CONFIGURATION
    assert "raw.flights was never materialized" in error.message
    assert "arco run" in error.hint


def test_a_result_that_is_no_table_is_refused_with_what_is_accepted(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    error = running.perform(envelope_of(assets["marts.number"])).completion.error
    assert error is not None
    assert error.category is ErrorCategory.CONFIGURATION
    assert "int" in error.message


def test_an_asset_the_worker_did_not_load_asks_for_a_deployment(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    unknown = msgspec.structs.replace(assets["marts.nothing"], key="marts.absent")
    error = running.perform(envelope_of(unknown)).completion.error
    assert error is not None
    assert "marts.absent" in error.message
    assert "deploy" in error.hint


def test_a_coroutine_function_runs_to_its_end(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    completion = running.perform(envelope_of(assets["marts.later"])).completion
    assert succeeded(completion).rows == 1


def test_an_attempt_that_is_performed_again_stages_under_names_of_its_own(
    running: WorkerProcess, assets: dict[str, AssetDefinition]
) -> None:
    envelope = envelope_of(assets["marts.where"])
    first = succeeded(running.perform(envelope).completion)
    second = succeeded(running.perform(envelope).completion)
    assert first.data_version == second.data_version
    assert first.files[0].key != second.files[0].key
