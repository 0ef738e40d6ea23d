"""Fixed commits, whose bytes must never differ from what a release wrote."""

from __future__ import annotations

from datetime import UTC, datetime

from arco.engine.commit import (
    Commit,
    PayloadReference,
    SnapshotReference,
    encode_commit,
    encode_events,
)
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.registry import Registry, WireEvent
from arco.ids import sha256
from arco.model import Event
from arco.orchestration.definitions import Manifest, RetryPolicy
from arco.orchestration.events import AssetIds, Deployed, RunTriggered
from arco.orchestration.rows import PlannedTask
from arco.service.workspace import DOMAINS
from arco.store import keys
from arco.testing.orchestration_samples import asset
from tests.golden.folders import COMMITS, fresh

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
CID = f"{2026:032x}"
INDEX = "data/engine/00000000000000000040-00000000000007ea/index.json"


def fixed_objects() -> dict[str, bytes]:
    """File name -> bytes that today's code writes for it."""
    events = encode_events(_events())
    reference = PayloadReference(keys.payload(42, CID, 0), sha256(events), len(events))
    return {
        "commit.json": encode_commit(_commit(events=_events())),
        "large.json": encode_commit(_commit(events_payload=reference)),
        "payload.json": events,
    }


def write(name: str) -> None:
    """The fixed commits as today's code spells them."""
    folder = fresh(COMMITS / name)
    for file, data in fixed_objects().items():
        (folder / file).write_bytes(data)


def _commit(
    events: tuple[WireEvent, ...] = (), events_payload: PayloadReference | None = None
) -> Commit:
    return Commit(
        seq=42,
        prev=sha256(b"slot 41"),
        cid=CID,
        writer="host:1:00000000",
        committed_at=NOON,
        epoch=3,
        snapshot=SnapshotReference(40, INDEX, sha256(b"index")),
        events=events,
        events_payload=events_payload,
    )


def _events() -> tuple[WireEvent, ...]:
    registry = Registry((*DOMAINS, ENGINE))
    definition = asset("raw.flüge", retry=RetryPolicy(max_attempts=3, delay_ms=1500))
    deployed = Deployed(
        deployment_id="01KJM8QG000000000000000001",
        manifest=Manifest("demo", (definition,)),
        fingerprint="sha256:" + sha256(b"manifest"),
        deployed_at=NOON,
        new_assets=(AssetIds("raw.flüge", "0-asset", "0-table"),),
    )
    triggered = RunTriggered(
        run_id="01KJM8QG000000000000000002",
        tasks=(PlannedTask("raw.flüge", "month=d:2026-03-01", priority=1),),
        fingerprint="sha256:" + sha256(b"plan"),
        triggered_at=NOON,
        pins={"raw.zonen": 7},
    )
    return tuple(
        registry.encode(event) for event in (Event(deployed, "cli"), Event(triggered, trace="t"))
    )
