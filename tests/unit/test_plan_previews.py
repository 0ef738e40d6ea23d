"""What a run would do, and why, and every difference from the last plan with its reason."""

from __future__ import annotations

import pytest

from arco.errors import ArcoError
from arco.orchestration.commands.runs import TriggerRun
from arco.orchestration.definitions import Dependency
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.orchestration.partitions import StaticPartitions
from arco.orchestration.tables import RUNS, TASKS
from arco.service.partition_ranges import AssetPartitions, PartitionState, asset_partitions
from arco.service.plans import Comparison, PlanAnswer, PlanDifference, plan_answer
from arco.testing.orchestration_samples import Bench, asset, trigger

CITIES = StaticPartitions(("ams", "ber", "cph", "dub", "edi"), dimension="city")


def answer(bench: Bench, *selection: str, run_id: str = "", **asked: str) -> PlanAnswer:
    comparison = Comparison(True, run_id)
    request: TriggerRun = trigger("", *selection, **asked)
    return plan_answer(bench.state, bench.now, asked=request, comparison=comparison)


def difference(bench: Bench, *selection: str, **asked: str) -> PlanDifference:
    found = answer(bench, *selection, **asked).difference
    assert found is not None
    return found


def told(found: PlanDifference) -> list[tuple[str, str, str]]:
    return [(each.kind.value, each.task_key, each.because) for each in found.changes]


def two() -> Bench:
    """Two assets, one made from the other, and a run that made both."""
    bench = Bench()
    bench.deploy(asset("raw.a"), asset("raw.b", dependencies=(Dependency("raw.a"),)))
    bench.trigger("R1")
    bench.succeed("R1", "raw.a")
    bench.succeed("R1", "raw.b")
    return bench


def test_a_plan_tells_each_task_with_the_reason_for_it() -> None:
    bench = Bench()
    bench.deploy(asset("raw.a"), asset("raw.b", "raw.a"))
    plan = answer(bench).plan
    assert [(task.asset, task.reason, task.upstreams) for task in plan.tasks] == [
        ("raw.a", "NEVER_MATERIALIZED", ()),
        ("raw.b", "NEVER_MATERIALIZED", ("raw/a:materialize",)),
    ]
    bench.trigger("R1")
    run = bench.state.get(RUNS, "R1")
    assert run is not None
    assert plan.fingerprint == run.fingerprint


def test_the_same_plan_is_told_to_be_the_same() -> None:
    bench = two()
    found = difference(bench, which="all")
    assert (found.against, found.is_same, found.changes) == ("R1", True, ())


def test_what_is_fresh_now_is_told_with_the_run_that_made_it() -> None:
    found = difference(two())
    assert told(found) == [
        ("REMOVED", "raw/a:materialize", "it is fresh: run R1 made it"),
        ("REMOVED", "raw/b:materialize", "it is fresh: run R1 made it"),
    ]
    assert found.counts == {"REMOVED": 2}


def test_every_way_in_which_definitions_differ_is_told() -> None:
    bench = two()
    bench.deploy(asset("raw.a", version="2"), asset("raw.b", "raw.c", priority=3), asset("raw.c"))
    assert told(difference(bench, which="all")) == [
        ("CHANGED", "raw/a:materialize", "its code changed"),
        (
            "CHANGED",
            "raw/b:materialize",
            "its priority is 3, it was 0; it also waits for raw/c:materialize; "
            "it no longer waits for raw/a:materialize",
        ),
        ("ADDED", "raw/c:materialize", "it is asked for now"),
    ]


def test_what_is_not_deployed_any_more_is_told() -> None:
    bench = two()
    bench.deploy(asset("raw.a"))
    assert ("REMOVED", "raw/b:materialize", "the asset is not deployed any more") in told(
        difference(bench)
    )


def test_a_plan_is_compared_with_the_newest_run_that_was_asked_for_the_same() -> None:
    bench = two()
    bench.trigger("R2", "raw.a", which="all")
    assert difference(bench, which="all").against == "R1"
    assert difference(bench, "raw.a", which="all").against == "R2"
    assert difference(bench, "raw.b", which="all").against == ""
    assert difference(bench, run_id="R2", which="all").against == "R2"
    with pytest.raises(ArcoError) as caught:
        difference(bench, run_id="nobody")
    assert caught.value.code == "RUN_NOT_FOUND"


def stands(bench: Bench, only: PartitionState | None = None) -> AssetPartitions:
    return asset_partitions(bench.state, bench.now, asset="raw.a", only=only)


def test_partitions_are_told_in_counts_and_in_ranges_that_stand_alike() -> None:
    bench = Bench()
    bench.deploy(asset("raw.a", partitions=CITIES))
    for city in ("ams", "ber", "cph", "dub"):
        bench.trigger(f"R-{city}", partition=city)
        failed = TaskError(ErrorCategory.USER_CODE, "it broke") if city == "cph" else None
        (task,) = bench.state.range(TASKS, f"R-{city}")
        bench.answer(task, Completion(error=failed))
    found = stands(bench)
    assert (found.total, found.dimensions) == (5, ("city",))
    assert found.counts == {"FRESH": 3, "FAILED": 1, "MISSING": 1}
    assert [(each.state, each.first, each.last, each.partitions) for each in found.ranges] == [
        ("FRESH", "ams", "ber", 2),
        ("FAILED", "cph", "cph", 1),
        ("FRESH", "dub", "dub", 1),
        ("MISSING", "edi", "edi", 1),
    ]
    (missing,) = stands(bench, PartitionState.MISSING).ranges
    assert missing.first == "edi"
    bench.deploy(asset("raw.a", partitions=CITIES, version="2"))
    assert stands(bench).counts["STALE"] == 3


def test_an_asset_that_is_not_deployed_has_no_partitions_to_tell() -> None:
    with pytest.raises(ArcoError) as caught:
        stands(Bench())
    assert caught.value.code == "ASSET_UNKNOWN"
