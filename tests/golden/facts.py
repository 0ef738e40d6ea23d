"""Writing a golden history of facts: a fold that opens a lane, one that seals it, one that retries;
and of what becomes of lanes then.

The bytes of lanes are not pinned here: compression may change, what a fold commit means may not.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from arco.engine.database import Database
from arco.engine.lanes.batches import Fact, encode_fact, encode_slot
from arco.engine.lanes.collecting import collect_below, watermarks
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Ingester
from arco.engine.lanes.lane import heading_of
from arco.engine.rounds.patrol import Patrol
from arco.store import keys
from tests.golden.clocks import RepeatingRuntime


async def collected(database: Database, _: RepeatingRuntime) -> None:
    """A lane that goes on is released and deleted, but for what quarantine needs; one that ended
    is forgotten.
    """
    folder = Folder(database)
    ended, open_lane = (Ingester(database, linger_seconds=0.001) for _ in range(2))
    report = _report("r1", "COMPLETE", inputs=("raw",), outputs=("m",))
    await ended.append([_fact(report, seq=0)])
    await ended.close()
    await open_lane.append([_fact({"run": 3}, seq=1)])
    await open_lane.append([_fact(report, seq=2)])
    await folder.step()
    await collect_below(database, await database.asked(watermarks))


async def folded_facts(database: Database, _: RepeatingRuntime) -> None:
    """Two runs of another system, a repeated report, a fact nobody knows, a bad one."""
    ingester, folder = Ingester(database, linger_seconds=0.001), Folder(database)
    begun, ended = (
        _report("r1", "START", inputs=("raw",)),
        _report("r1", "COMPLETE", outputs=("m",)),
    )
    await ingester.append([_fact(begun, seq=0), _fact(ended, seq=1)])
    await folder.step()
    unknown = Fact(type="golden.unheard_of", payload=msgspec.Raw(b"{}"))
    again = _report("r2", "COMPLETE", inputs=("raw",), outputs=("m",))
    await ingester.append([_fact(ended, seq=1), _fact(again, seq=4), unknown])
    await ingester.append([_fact({"run": 3}, seq=5)])
    await ingester.close()
    await folder.step()


async def forgotten(database: Database, runtime: RepeatingRuntime) -> None:
    """Keys and epochs of which the oldest are not remembered any more."""
    ingester, folder = (
        Ingester(database, linger_seconds=0.001),
        Folder(database, remembered_hours=2),
    )
    report = _report("r1", "COMPLETE", inputs=("raw",), outputs=("m",))
    for hour in range(5):
        keyed = msgspec.structs.replace(_fact(report, seq=-1), producer="", key=f"k{hour}")
        epoch = msgspec.structs.replace(_fact(report, seq=0), epoch=hour)
        await ingester.append([keyed, epoch])
        await folder.step()
        runtime.wait(3600)


async def patrolled(database: Database, _: RepeatingRuntime) -> None:
    """A batch is lost and brought back, and a lane is found that nobody had announced."""
    ingester, folder = Ingester(database, linger_seconds=0.001), Folder(database)
    report = _report("r1", "COMPLETE", inputs=("raw",), outputs=("m",))
    place = await ingester.append([_fact(report, seq=0)])
    await folder.step()
    key = keys.lane_slot(place.lane, place.slot)
    data = await database.store.get(key) or b""
    await database.store.delete(key)
    unannounced = place.lane[:-2] + "00"
    heading = msgspec.structs.replace(heading_of(database, unannounced, slot=0), count=1)
    fact = encode_fact(_fact(report, seq=1))
    await database.store.create(keys.lane_slot(unannounced, 0), encode_slot(heading, [fact]))
    await _round(database)
    await database.store.create(key, data)
    await _round(database)
    await folder.step()


async def _round(database: Database) -> None:
    patrol = Patrol(database, every=timedelta(0))
    for _ in range(4):
        await patrol.step()


def _report(
    run_id: str, kind: str, *, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()
) -> dict[str, object]:
    return {
        "eventType": kind,
        "eventTime": "2026-03-01T12:00:00Z",
        "run": {"runId": run_id},
        "job": {"namespace": "etl", "name": "nightly"},
        "inputs": [{"namespace": "db", "name": name} for name in inputs],
        "outputs": [{"namespace": "db", "name": name} for name in outputs],
    }


def _fact(body: dict[str, object], *, seq: int) -> Fact:
    raw = msgspec.Raw(msgspec.json.encode(body))
    return Fact(type="lineage.foreign_run_reported", payload=raw, producer="etl", seq=seq)
