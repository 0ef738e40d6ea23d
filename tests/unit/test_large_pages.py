"""Pages of large things: what they tell stays bounded, and nothing of it is lost."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from arco.engine.database import Database
from arco.errors import Invalid
from arco.model import Put, Unfinished
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.definitions import Manifest
from arco.orchestration.domain import DOMAIN
from arco.orchestration.partitions import (
    HourlyPartitions,
    ProductPartitions,
    StaticPartitions,
    all_keys,
)
from arco.orchestration.rows import Materialization, PartitionStatus, Task
from arco.orchestration.states import TaskState
from arco.orchestration.tables import PARTITION_STATUS
from arco.runtime import AsyncioRuntime, run
from arco.service.assets import JUDGED_PARTITIONS_MAX, list_assets
from arco.service.stale import stale_list
from arco.store.memory import MemoryStore
from arco.testing.orchestration_samples import START, Bench, asset
from arco.ui.pages.graph import graph_drawn
from arco.ui.pages.lineage import Node
from arco.ui.pages.partitions import COUNTED_MAX, matrix_of
from arco.ui.pages.timeline import BARS_MAX, bars_of

WHOLE = timedelta(hours=1)


def many_partitions(hours: int) -> ProductPartitions:
    end = f"{START + timedelta(hours=1):%Y-%m-%dT%H}"
    start = f"{START - timedelta(hours=hours - 1):%Y-%m-%dT%H}"
    regions = StaticPartitions([f"r{number}" for number in range(100)], dimension="region")
    return ProductPartitions((HourlyPartitions(start=start, end=end), regions))


def with_one_made(hours: int, place: int) -> Bench:
    """An asset of a hundred partitions an hour, of which the one at this place was made."""
    bench = Bench()
    bench.now = START + WHOLE
    partitions = many_partitions(hours)
    bench.deploy(asset("raw.orders", partitions=partitions))
    every = all_keys(partitions, bench.now)
    key = every.slice(place, place + 1).first()
    assert key is not None
    held = Materialization(
        run_id="R",
        index=0,
        code_version="sha256:0",
        data_version="sha256:0",
        materialized_at=START,
    )
    row = PartitionStatus(asset="raw.orders", partition_key=key, materialization=held)
    bench.state.apply([Put(PARTITION_STATUS, row)])
    return bench


def task(number: int, *, state: TaskState) -> Task:
    started = START + timedelta(milliseconds=100 * number)
    return Task(
        run_id="R",
        index=number,
        task_key=f"raw.a{number}:materialize",
        asset=f"raw.a{number}",
        state=state,
        started_at=started,
        ended_at=started + timedelta(milliseconds=60),
    )


def test_a_window_of_a_million_partitions_tells_its_cells_and_counts_none() -> None:
    bench = with_one_made(10_500, place=700_003)
    matrix = matrix_of(bench.state, "raw.orders", now=bench.now, window=(700_000, 8))
    assert matrix.total == 1_050_000 > COUNTED_MAX
    assert (matrix.cells, matrix.materialized) == ("...m....", None)


def test_a_matrix_of_few_partitions_counts_them() -> None:
    bench = with_one_made(20, place=3)
    matrix = matrix_of(bench.state, "raw.orders", now=bench.now, window=(0, 5))
    assert (matrix.cells, matrix.materialized, matrix.total) == ("...m.", 1, 2_000)


def test_an_asset_of_too_many_partitions_says_what_is_there_at_least() -> None:
    bench = with_one_made(10_500, place=0)
    (status,) = list_assets(bench.state, bench.now)
    assert status.partitions > JUDGED_PARTITIONS_MAX
    assert (status.materialized, status.is_counted, status.stale) == (1, False, None)
    (few,) = list_assets((small := with_one_made(20, place=0)).state, small.now)
    assert (few.materialized, few.is_counted, few.partitions) == (1, True, 2_000)


def test_an_asset_of_too_many_partitions_hides_only_itself_and_what_is_made_from_it() -> None:
    bench = Bench()
    bench.now = START + WHOLE
    large = asset("raw.large", partitions=many_partitions(10_500))
    bench.deploy(large, asset("raw.small"), asset("mart.sums", "raw.large"))
    found = {each.key: each.stale for each in list_assets(bench.state, bench.now)}
    assert found == {"raw.large": None, "mart.sums": None, "raw.small": 1}


def test_more_stale_partitions_than_can_be_explained_are_refused_with_their_number() -> None:
    bench = Bench()
    bench.now = START + WHOLE
    bench.deploy(*(asset(f"raw.a{each}", partitions=many_partitions(400)) for each in range(6)))
    with pytest.raises(Invalid, match=r"^240,000 partitions .* are stale"):
        stale_list(bench.state, bench.now)


def test_a_question_about_many_partitions_lets_others_have_their_turn() -> None:
    async def main() -> None:
        database = await Database.open(
            MemoryStore(), AsyncioRuntime(), domains=(DOMAIN,), writer="test"
        )
        assets = [asset(f"raw.a{each}", partitions=many_partitions(400)) for each in range(4)]
        manifest = Manifest("demo", tuple(assets))
        command = Deploy(deployment_id="D", manifest=manifest, entropy=1)
        await database.transact(deploy(command))
        now = START + WHOLE
        with pytest.raises(Unfinished):
            list_assets(database.tables, now)
        found = await database.asked(lambda state: list_assets(state, now))
        assert [each.stale for each in found] == [40_000] * 4
        assert list_assets(database.tables, now) == found

    run(main())


def test_a_timeline_of_ten_thousand_tasks_is_bounded_and_loses_no_task() -> None:
    states = [
        TaskState.FAILED if number % 500 == 0 else TaskState.SUCCEEDED for number in range(10_000)
    ]
    rows = [task(number, state=state) for number, state in enumerate(states)]
    long = [replace(row, index=row.index + 10_000) for row in rows]
    bars = bars_of([*rows, *long], first=START, last=START + timedelta(seconds=1_000))
    assert len(bars) <= BARS_MAX
    assert sum(bar.tasks for bar in bars) == 20_000
    assert sum(bar.tasks for bar in bars if bar.state is TaskState.FAILED) == 40


def test_a_large_graph_hands_its_script_names_as_data_and_addresses_of_pages() -> None:
    names = ["</script><img src=x onerror=alert(1)>", "raw.a/b"]
    nodes = [Node(name=name, dataset="raw.a/b", layer=0, row=0.0) for name in names]
    text = graph_drawn(nodes, [(0, 1)], is_picture=False).text
    assert text.count("</script>") == 1 and "<img" not in text
    data = json.loads(text.partition('id="graph-data">')[2].partition("</script>")[0])
    assert [node[0] for node in data["nodes"]] == names
    assert [node[1] for node in data["nodes"]] == ["/lineage/raw.a%2Fb", 0]
    assert data["edges"] == [[0, 1]]
