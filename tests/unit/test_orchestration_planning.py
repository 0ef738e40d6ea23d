"""Deploying, selecting, choosing partitions, planning and staleness."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from arco.errors import ArcoError
from arco.ids import sha256
from arco.orchestration.commands.deployments import (
    ChangeDynamicPartitions,
    add_dynamic_partitions,
    remove_dynamic_partitions,
)
from arco.orchestration.definitions import AssetDefinition, Dependency, RetryPolicy
from arco.orchestration.outcomes import Completion, Read
from arco.orchestration.partitions import (
    DailyPartitions,
    DynamicPartitions,
    MonthlyPartitions,
    StaticPartitions,
)
from arco.orchestration.plan import dependencies, plan_run
from arco.orchestration.retrying import delay_ms
from arco.orchestration.rows import Task
from arco.orchestration.selection import select_assets
from arco.orchestration.staleness import Staleness, stale_partitions
from arco.orchestration.tables import ASSETS, DEPLOYMENTS, PLANS, TASKS
from arco.orchestration.views import Partitioning, asset_view
from arco.testing.orchestration_samples import START, Bench, asset, graph

DIAMOND = {"raw.a": (), "mid.b": ("raw.a",), "mid.c": ("raw.a",), "end.d": ("mid.b", "mid.c")}
REGIONS = StaticPartitions(["eu", "us"], dimension="region")
EU, US = "region=s:ZXU", "region=s:dXM"


def definitions(assets: list[AssetDefinition]) -> dict[str, AssetDefinition]:
    return {each.key: each for each in assets}


def run_tasks(bench: Bench, run_id: str) -> list[str]:
    return [task.task_key for task in bench.state.range(TASKS, run_id)]


def stale(bench: Bench, *assets: str) -> list[Staleness]:
    return list(stale_partitions(asset_view(bench.state, bench.now), assets))


def finish(bench: Bench, run_id: str) -> None:
    """Every task succeeds and reports that it read what is upstream in this run."""
    for row in list(bench.state.range(TASKS, run_id)):
        task = bench.task(run_id, row.asset, partition_key=row.partition_key)
        bench.answer(task, read_all(bench, row))


def read_all(bench: Bench, task: Task) -> Completion:
    view = asset_view(bench.state, bench.now)
    plan = bench.state.get(PLANS, task.run_id)
    assert plan is not None
    upstream = [plan.tasks[index] for index in plan.tasks[task.index].upstreams]
    reads = tuple(
        Read(
            dependency.upstream,
            dependency.parameter,
            tuple(up.partition_key for up in upstream if up.asset == dependency.upstream),
            tuple(f"{task.run_id}/{up.key}" for up in upstream if up.asset == dependency.upstream),
        )
        for dependency in view.definitions[task.asset].dependencies
    )
    return Completion(reads=reads)


def diamond_with_new_code(changed: str) -> list[AssetDefinition]:
    return [
        asset(key, *upstreams, version="2" if key == changed else "1")
        for key, upstreams in DIAMOND.items()
    ]


def test_a_manifest_that_did_not_change_deploys_nothing() -> None:
    bench = Bench()
    assert len(bench.deploy(*graph(DIAMOND))) == 1
    assert bench.deploy(*graph(DIAMOND)) == ()


def test_an_asset_keeps_its_ids_when_it_changes_is_removed_and_comes_back() -> None:
    bench = Bench()
    ids = []
    for assets in (graph({"raw.a": ()}), graph({"raw.b": ()}), graph({"raw.a": ()}, version="2")):
        bench.deploy(*assets)
        row = bench.state.get(ASSETS, "raw.a")
        assert row is not None
        ids.append((row.asset_id, row.table_id, row.removed))
    assert ids == [ids[0], (*ids[0][:2], True), ids[0]]
    assert len(list(bench.state.range(DEPLOYMENTS))) == 3


def test_projects_do_not_remove_or_take_each_others_assets() -> None:
    bench = Bench()
    bench.deploy(asset("raw.a"), project="one")
    bench.deploy(asset("end.b", "raw.a"), project="two")
    row = bench.state.get(ASSETS, "raw.a")
    assert row is not None and not row.removed
    with pytest.raises(ArcoError) as taken:
        bench.deploy(asset("raw.a"), project="two")
    assert taken.value.code == "ASSET_TAKEN"


@pytest.mark.parametrize(
    ("assets", "sentence"),
    [
        ([asset("end.b", "raw.a")], "depends on raw.a, which does not exist"),
        ([asset("raw.a", "end.b"), asset("end.b", "raw.a")], "in a circle"),
        ([asset("raw.a", "raw.a")], "reads itself only of earlier time"),
        ([asset("raw.a"), asset("raw.a")], "is defined 2 times"),
        ([asset("Raw")], "is not an asset key"),
        ([asset("raw.a", retry=RetryPolicy(max_attempts=0))], "one is the least"),
    ],
)
def test_a_manifest_with_a_problem_is_refused(assets: list[AssetDefinition], sentence: str) -> None:
    with pytest.raises(ArcoError) as refused:
        Bench().deploy(*assets)
    assert refused.value.code == "MANIFEST_INVALID"
    assert sentence in refused.value.message


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ((), ["end.d", "mid.b", "mid.c", "raw.a"]),
        (("mid.b",), ["mid.b"]),
        (("+mid.b",), ["mid.b", "raw.a"]),
        (("mid.b+",), ["end.d", "mid.b"]),
        (("+mid.b+",), ["end.d", "mid.b", "raw.a"]),
        (("mid.*",), ["mid.b", "mid.c"]),
        (("raw.a", "end.*"), ["end.d", "raw.a"]),
        (("tag:tier",), ["end.d", "mid.b", "mid.c", "raw.a"]),
        (("tag:tier=gold",), ["end.d", "mid.b", "mid.c", "raw.a"]),
        (("group:g,mid.*",), ["mid.b", "mid.c"]),
    ],
)
def test_a_selection_names_assets(selection: tuple[str, ...], expected: list[str]) -> None:
    known = definitions(graph(DIAMOND, tags={"tier": "gold"}, group="g"))
    assert list(select_assets(known, selection)) == expected


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ("raw.b", "ASSET_UNKNOWN"),
        ("tag:tier", "SELECTION_EMPTY"),
        ("nope.*", "SELECTION_EMPTY"),
        ("colour:red", "SELECTION_INVALID"),
        ("+", "SELECTION_INVALID"),
    ],
)
def test_a_selection_that_names_nothing_says_why(term: str, code: str) -> None:
    with pytest.raises(ArcoError) as refused:
        select_assets(definitions(graph(DIAMOND)), (term,))
    assert refused.value.code == code
    assert refused.value.hint


def test_an_unknown_asset_is_answered_with_close_matches() -> None:
    known = definitions(graph({"raw.flights": (), "raw.planes": ()}))
    with pytest.raises(ArcoError) as refused:
        select_assets(known, ("raw.flight",))
    assert "raw.flights" in refused.value.hint
    with pytest.raises(ArcoError) as refused:
        select_assets(known, ("planes",))
    assert "raw.planes" in refused.value.hint


def test_a_plan_puts_upstream_first_and_has_the_documented_fingerprint() -> None:
    known = definitions(graph({"raw.a": (), "mid.b": ("raw.a",)}))
    at = Partitioning(START, {})
    plan = plan_run(known, {"raw.a": ("",), "mid.b": ("",)}, at=at, tenant="t", workspace="w")
    assert [task.key for task in plan.tasks] == ["raw/a:materialize", "mid/b:materialize"]
    assert plan.tasks[1].upstreams == (0,)
    resources = {"cpuMillicores": 1000, "memoryBytes": 536870912, "timeoutMs": 3600000}
    described = [
        {
            "key": "mid/b:materialize",
            "priority": 0,
            "resources": resources,
            "upstreamKeys": ["raw/a:materialize"],
        },
        {"key": "raw/a:materialize", "priority": 0, "resources": resources, "upstreamKeys": []},
    ]
    identity = {"tasks": described, "tenantId": "t", "version": 1, "workspaceId": "w"}
    canonical = json.dumps(identity, separators=(",", ":"), sort_keys=True)
    assert plan.fingerprint == "sha256:" + sha256(f"arco-plan:v1:{canonical}".encode())


def test_a_plan_is_the_same_whatever_the_hash_seed() -> None:
    script = (
        "from arco.testing.orchestration_samples import START, graph\n"
        "from arco.orchestration.plan import plan_run\n"
        "from arco.orchestration.views import Partitioning\n"
        "edges = {f'n.a{i}': [f'n.a{j}' for j in range(max(0, i - 3), i)] for i in range(50)}\n"
        "known = {a.key: a for a in graph(edges)}\n"
        "chosen = {key: ('',) for key in known}\n"
        "at = Partitioning(START, {})\n"
        "print(plan_run(known, chosen, at=at, tenant='t', workspace='w'))\n"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(seen) == 1


def test_a_partition_waits_for_the_same_partition_upstream_and_a_total_for_all() -> None:
    bench = Bench()
    bench.deploy(
        *graph({"raw.a": (), "mid.b": ("raw.a",)}, partitions=REGIONS), asset("end.c", "mid.b")
    )
    bench.trigger()
    plan = bench.state.get(PLANS, "R1")
    assert plan is not None
    edges = {(edge.task_key, edge.upstream_task_key) for edge in dependencies(plan)}
    assert edges == {
        (f"mid/b[{EU}]:materialize", f"raw/a[{EU}]:materialize"),
        (f"mid/b[{US}]:materialize", f"raw/a[{US}]:materialize"),
        ("end/c:materialize", f"mid/b[{EU}]:materialize"),
        ("end/c:materialize", f"mid/b[{US}]:materialize"),
    }


def test_a_named_partition_runs_alone_and_unpartitioned_assets_with_it() -> None:
    bench = Bench()
    bench.deploy(asset("raw.a", partitions=REGIONS), asset("end.c", "raw.a"))
    bench.trigger("R1", "+end.c", partition="eu")
    assert run_tasks(bench, "R1") == [f"raw/a[{EU}]:materialize", "end/c:materialize"]


def test_an_upstream_that_is_cut_finer_follows_the_named_partition() -> None:
    bench = Bench()
    bench.now = datetime(2026, 3, 1, tzinfo=UTC)
    days = DailyPartitions(start="2026-01-01")
    months = MonthlyPartitions(start="2026-01")
    bench.deploy(asset("raw.a", partitions=days), asset("end.c", "raw.a", partitions=months))
    bench.trigger("R1", "+end.c", partition="month=2026-02")
    assert len(run_tasks(bench, "R1")) == 29
    plan = bench.state.get(PLANS, "R1")
    assert plan is not None and len(plan.tasks[28].upstreams) == 28


@pytest.mark.parametrize(
    ("partition", "selection", "code"),
    [("mars", "raw.a", "PARTITION_UNKNOWN"), ("eu", "raw.plain", "PARTITION_NOT_TAKEN")],
)
def test_a_partition_that_nobody_has_is_refused(partition: str, selection: str, code: str) -> None:
    bench = Bench()
    bench.deploy(asset("raw.a", partitions=REGIONS), asset("raw.plain"))
    with pytest.raises(ArcoError) as refused:
        bench.trigger("R1", selection, partition=partition)
    assert refused.value.code == code


def test_a_plan_that_is_too_large_is_refused() -> None:
    bench = Bench()
    bench.deploy(asset("raw.a", partitions=DailyPartitions(start="1600-01-01")))
    with pytest.raises(ArcoError) as refused:
        bench.trigger("R1", which="all")
    assert refused.value.code == "PLAN_TOO_LARGE"


def test_dynamic_values_become_partitions_and_leave_again() -> None:
    bench = Bench()
    bench.deploy(asset("raw.a", partitions=DynamicPartitions("cities", dimension="city")))
    assert bench.trigger("R0") == ()
    for values in (("rome", "oslo"), ("oslo", "bern")):
        change = ChangeDynamicPartitions(name="cities", values=values)
        bench.ask(add_dynamic_partitions(change))
    bench.ask(
        remove_dynamic_partitions(ChangeDynamicPartitions(name="cities", values=("rome", "x")))
    )
    bench.trigger("R1")
    keys = [task.partition_key for task in bench.state.range(TASKS, "R1")]
    assert keys == ["city=s:b3Nsbw", "city=s:YmVybg"]


def test_only_what_is_missing_or_stale_runs_and_everything_below_it() -> None:
    bench = Bench()
    bench.deploy(*graph(DIAMOND))
    bench.trigger("R1")
    finish(bench, "R1")
    assert bench.trigger("R2") == ()
    bench.deploy(*diamond_with_new_code("mid.b"))
    bench.trigger("R3")
    assert run_tasks(bench, "R3") == ["mid/b:materialize", "end/d:materialize"]


def test_staleness_names_the_reason_and_the_path_to_the_root() -> None:
    bench = Bench()
    bench.deploy(*graph(DIAMOND))
    reasons = {row.asset: (row.reason, row.root_reason) for row in stale(bench, "end.d")}
    assert reasons == {"end.d": ("NEVER_MATERIALIZED", "NEVER_MATERIALIZED")}
    bench.trigger("R1")
    finish(bench, "R1")
    assert stale(bench, *DIAMOND) == []
    bench.deploy(*diamond_with_new_code("raw.a"))
    (row,) = stale(bench, "end.d")
    assert (row.reason, row.root_reason) == ("UPSTREAM_CHANGED", "CODE_CHANGED")
    assert row.path == (("end.d", ""), ("mid.b", ""), ("raw.a", ""))
    assert not row.is_runnable


def test_a_new_upstream_version_makes_stale_and_the_same_version_does_not() -> None:
    bench = Bench()
    bench.deploy(*graph({"raw.a": (), "end.b": ("raw.a",)}))
    bench.trigger("R1")
    finish(bench, "R1")
    bench.trigger("R2", "raw.a", which="all")
    finish(bench, "R2")
    (row,) = stale(bench, "raw.a", "end.b")
    assert (row.asset, row.reason, row.is_runnable) == ("end.b", "UPSTREAM_CHANGED", True)
    bench.trigger("R3", "end.b")
    assert run_tasks(bench, "R3") == ["end/b:materialize"]


def test_a_new_upstream_that_holds_nothing_is_named() -> None:
    bench = Bench()
    bench.deploy(asset("end.b"))
    bench.trigger("R1")
    finish(bench, "R1")
    bench.deploy(asset("raw.a"), asset("end.b", "raw.a"))
    (row,) = stale(bench, "end.b")
    assert (row.reason, row.root_reason) == ("UPSTREAM_NEVER_MATERIALIZED", "NEVER_MATERIALIZED")
    assert bench.trigger("R2", "end.b") == ()


def test_an_upstream_for_order_only_makes_nothing_stale() -> None:
    bench = Bench()
    bench.deploy(asset("raw.a"), asset("end.b", dependencies=(Dependency("raw.a"),)))
    bench.trigger("R1")
    for key in ("raw.a", "end.b"):
        bench.succeed("R1", key)
    bench.trigger("R2", "raw.a", which="all")
    bench.succeed("R2", "raw.a")
    assert stale(bench, "end.b") == []


@pytest.mark.parametrize(
    ("policy", "delays"),
    [
        (RetryPolicy(delay_ms=100), [100, 100, 100]),
        (RetryPolicy(delay_ms=100, backoff="exponential"), [100, 200, 400]),
        (RetryPolicy(delay_ms=100, backoff="exponential", cap_ms=250), [100, 200, 250]),
    ],
)
def test_backoff_follows_the_policy(policy: RetryPolicy, delays: list[int]) -> None:
    assert [delay_ms(policy, n, dispatch="d") for n in (1, 2, 3)] == delays


def test_jitter_spreads_within_its_percentage_and_is_the_same_when_asked_again() -> None:
    policy = RetryPolicy(delay_ms=1000, jitter_percent=20)
    drawn = [delay_ms(policy, 1, dispatch=f"d{i}") for i in range(200)]
    assert drawn == [delay_ms(policy, 1, dispatch=f"d{i}") for i in range(200)]
    assert 800 <= min(drawn) < 850 and 1150 < max(drawn) <= 1200
