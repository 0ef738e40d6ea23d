"""What it costs to say how ten thousand assets of a hundred partitions stand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

from msgspec.structs import replace

from arco.engine.tables import Tables
from arco.model import Change, Put, State, Unfinished
from arco.orchestration.definitions import Dependency
from arco.orchestration.domain import DOMAIN
from arco.orchestration.partitions import DailyPartitions, all_keys
from arco.orchestration.rows import Asset, Materialization, PartitionStatus
from arco.orchestration.tables import ASSETS, PARTITION_STATUS
from arco.service.assets import list_assets
from arco.service.stale import stale_list
from arco.testing.orchestration_samples import START, Bench, asset
from bench import projects
from bench.results import Measurement, seconds, spelled

ASSETS_COUNT = 10_000
PARTITIONS = 100
ROUNDS = 5
HOW = "three upstreams each; in process, every row in memory"

Answer = TypeVar("Answer")


def measurements() -> Iterator[Measurement]:
    """The first time, again, and after one partition in the middle was made."""
    tables = filled()
    whole = f"{ASSETS_COUNT:,} assets x {PARTITIONS} partitions"
    first, _ = timed(tables, lambda state: stale_list(state, START))
    yield Measurement(f"staleness of {whole}, first time", spelled(first), "", HOW)
    again, after, listed = [], [], []
    for number in range(ROUNDS):
        again.append(timed(tables, lambda state: stale_list(state, START))[0])
        listed.append(timed(tables, lambda state: list_assets(state, START))[0])
        tables.apply([made_again(tables, number)], number + 2)
        after.append(timed(tables, lambda state: stale_list(state, START))[0])
    yield Measurement(f"staleness of {whole}", seconds(again), "<= 200 ms", f"nothing stale; {HOW}")
    how = "of which half of all assets goes stale, with the path of each"
    yield Measurement("the same, a partition made of other data", seconds(after), "", how)
    yield Measurement(
        "the list of these assets", seconds(listed), "", "counts, rows, newest; stale"
    )


def timed(state: State, question: Callable[[State], Answer]) -> tuple[float, Answer]:
    """Seconds of processor time, with the pauses that the question makes for others, and what was
    answered.
    """
    start = time.process_time()
    while True:
        try:
            answer = question(state)
        except Unfinished:
            continue
        return time.process_time() - start, answer


def filled() -> Tables:
    """A state in which nothing is stale."""
    days = DailyPartitions(start=f"{START - timedelta(days=PARTITIONS):%Y-%m-%d}")
    sample, tables = Bench(), Tables(DOMAIN.tables)
    sample.deploy(asset("bench.a0", partitions=days))
    row = sample.state.get(ASSETS, "bench.a0")
    assert row is not None
    keys = list(all_keys(days, START))
    for number, upstreams in enumerate(projects.layered_upstreams(ASSETS_COUNT, 3)):
        needs = tuple(Dependency(f"bench.a{each}", f"p{each}") for each in upstreams)
        definition = replace(row.definition, key=f"bench.a{number}", dependencies=needs)
        one = replace(row, key=definition.key, definition=definition)
        tables.apply([Put(ASSETS, one), *(made(one, key) for key in keys)], 1)
    return tables


def made(row: Asset, key: str) -> Change:
    """The partition as a run left it that read the same partition upstream."""
    held = Materialization(
        run_id="01" + "0" * 24,
        index=0,
        code_version=row.definition.code.version,
        data_version="sha256:" + "0" * 64,
        materialized_at=START,
        rows=1_000,
        reads={each.upstream: {key: "sha256:" + "0" * 64} for each in row.definition.dependencies},
    )
    return Put(
        PARTITION_STATUS, PartitionStatus(asset=row.key, partition_key=key, materialization=held)
    )


def made_again(state: State, number: int) -> Change:
    """A partition of an asset in the middle of the graph holds other data, or again the same."""
    (row, *_) = state.range(PARTITION_STATUS, f"bench.a{ASSETS_COUNT // 2}")
    assert row.materialization is not None
    version = f"sha256:{(number + 1) % 2:064}"
    held = replace(row.materialization, data_version=version)
    return Put(PARTITION_STATUS, replace(row, materialization=held))


__all__ = ["filled", "measurements", "timed"]
