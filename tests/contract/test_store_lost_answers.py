"""A log on S3 whose requests and answers get lost on the way, each in turn.

Laws L2 and L3 over real HTTP: whatever is lost, no acknowledged write is, and none happens twice.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.log import Log
from arco.engine.verify import Verifier
from arco.runtime import AsyncioRuntime, run
from arco.store.open import open_store
from arco.store.port import Store, StoreFault
from arco.testing.registry import REGISTRY, TOTALS, Added, tally
from tests.contract.emulators import BUCKET, S3_ENVIRONMENT, s3_service
from tests.contract.proxies import Loss, Plan, losing_proxy

RUNTIME = AsyncioRuntime()
FOLDERS = itertools.count()
COMMITS = 5
TRIES = 3
REQUESTS_MIN = 12


@pytest.fixture(scope="module")
def endpoints() -> Iterator[tuple[str, str, Plan]]:
    with s3_service() as direct, losing_proxy(direct) as (losing, plan):
        yield direct, losing, plan


@pytest.mark.parametrize("loss", Loss, ids=lambda loss: loss.name.lower())
def test_whatever_request_is_lost_every_acknowledged_commit_stands_exactly_once(
    endpoints: tuple[str, str, Plan], loss: Loss, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in S3_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    direct, losing, plan = endpoints
    plan.lose(loss, -1)
    folder, acknowledged = scenario(losing)
    judge(direct, folder, acknowledged=acknowledged)
    requests = plan.asked
    assert requests >= REQUESTS_MIN
    for number in range(requests):
        plan.lose(loss, number)
        folder, acknowledged = scenario(losing)
        assert plan.asked > number, "the scenario ended before the loss"
        judge(direct, folder, acknowledged=acknowledged)


def scenario(endpoint: str) -> tuple[str, list[str]]:
    """Open, five commits, a snapshot; the folder, and the tokens that were acknowledged."""
    folder = f"lost/{next(FOLDERS)}"
    store = opened(folder, endpoint)
    acknowledged: list[str] = []

    async def main() -> None:
        database = await opened_database(store)
        for number in range(COMMITS):
            await database.transact(tally("orders", 1, token=f"token-{number}"))
            acknowledged.append(f"token-{number}")
        await published(database)
        await database.close()

    run(main())
    return folder, acknowledged


def judge(endpoint: str, folder: str, *, acknowledged: list[str]) -> None:
    """Fail unless the store, seen directly, holds each acknowledged commit once, and is sound."""
    store = opened(folder, endpoint)

    async def main() -> None:
        verifier = Verifier(store, RUNTIME, (REGISTRY, ENGINE))
        report = await verifier.run()
        assert report.findings == ()
        assert report.snapshot_rows > 0
        total = verifier.tables.get(TOTALS, "orders")
        assert total is not None
        assert total.amount == COMMITS
        assert await tokens(store) == Counter(acknowledged)

    run(main())
    assert len(acknowledged) == COMMITS


async def tokens(store: Store) -> Counter[str]:
    """How often each token's event stands in the log."""
    found: Counter[str] = Counter()
    slots = await Log(store, RUNTIME).after(-1)
    for wire in (wire for slot in slots for wire in slot.commit.events):
        if wire.type == REGISTRY.event_type(Added):
            found[msgspec.json.decode(wire.payload, type=Added).token] += 1
    return found


async def opened_database(store: Store) -> Database:
    """The database; like a process that is started again when it could not start."""
    for _ in range(TRIES):
        try:
            return await Database.open(store, RUNTIME, domains=(REGISTRY,), writer="test")
        except StoreFault:
            continue
    raise AssertionError("the store could not be opened")


async def published(database: Database) -> None:
    """A snapshot; like the service's loop, which tries again."""
    for _ in range(TRIES):
        try:
            assert await snapshot.publish(database)
            return
        except StoreFault:
            continue
    raise AssertionError("no snapshot could be published")


def opened(folder: str, endpoint: str) -> Store:
    """The folder's store, reached at the endpoint."""
    return open_store(f"s3://{BUCKET}/{folder}?endpoint={endpoint}", RUNTIME)
