"""Quarantined facts: shown as they were sent, tried again, and which facts strangers may send."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.lanes.quarantine import (
    Quarantine,
    Retried,
    place_of,
    place_text,
    quarantined,
    quarantined_at,
)
from arco.engine.lanes.tables import FOLDINGS
from arco.engine.registry import Registry
from arco.errors import Corrupt, Invalid, NotFound
from arco.model import Change, Domain, State
from arco.runtime import run
from arco.service.workspace import DOMAINS
from arco.store import keys
from arco.store.memory import MemoryStore
from arco.testing.ledger import BALANCES, LEDGER, NOTES, AmountNoted, amount_noted, noted
from tests.unit.lane_workplace import EMPTY, amount, problems, workplace


def test_a_quarantined_fact_is_shown_as_it_was_sent() -> None:
    async def main() -> None:
        here = await workplace()
        await here.ingester.append([noted("p", 0), amount(-7, key="k")])
        await here.folder.step()
        (row,) = quarantined(here.database.state, limit=10)
        fact = await Quarantine(here.database).fact(row)
        assert (fact.key, msgspec.json.decode(fact.payload)["amount"]) == ("k", -7)
        assert quarantined_at(here.database.state, place_of(place_text(row))) == row
        assert quarantined(here.database.state, after=place_of(place_text(row)), limit=10) == []
        with pytest.raises(NotFound, match="no fact waits"):
            quarantined_at(here.database.state, ("x", 0, 0))

    run(main())


def test_a_mended_reducer_folds_what_was_refused_and_keeps_what_it_still_refuses() -> None:
    def lenient(state: State, fact: AmountNoted) -> Iterable[Change]:
        if fact.amount < -5:
            raise ValueError("far below zero")
        return amount_noted(state, msgspec.structs.replace(fact, amount=abs(fact.amount)))

    mended = Domain("ledger", (BALANCES, NOTES), {}, facts={AmountNoted: lenient})

    async def main() -> None:
        store = MemoryStore()
        old = await workplace(store)
        await old.ingester.append([amount(-3, key="k"), amount(-9), amount(-4), noted("p", 1)])
        await old.folder.step()
        assert old.codes == ["FACT_NOT_FOLDED"] * 3
        new = await workplace(store, [mended])
        # An upgrade alone tries only what was unknown: who mended a reducer says so.
        assert await new.folder.step() == 0
        rows = quarantined(new.database.state, limit=10)
        done = await Quarantine(new.database).retry(rows)
        assert done == Retried(tried=3, released=2, unreadable=0)
        assert new.balances == {"a": 8}
        (row,) = quarantined(new.database.state, limit=10)
        assert row.reason == "ValueError: far below zero"
        again = await Quarantine(new.database).retry(rows)
        assert again == Retried(tried=3, released=0, unreadable=0)
        assert new.rows(FOLDINGS)[0].facts == 3

    run(main())


def test_a_fact_whose_batch_is_damaged_stays() -> None:
    async def main() -> None:
        store = MemoryStore()
        here = await workplace(store)
        place = await here.ingester.append([amount(-1)])
        await here.folder.step()
        await store.delete(keys.lane_slot(place.lane, place.slot))
        rows = quarantined(here.database.state, limit=10)
        done = await Quarantine(here.database).retry(rows)
        assert done == Retried(tried=0, released=0, unreadable=1)
        with pytest.raises(Corrupt, match="is gone"):
            await Quarantine(here.database).fact(rows[0])

    run(main())


def test_a_retry_is_folded_again_by_verifying() -> None:
    async def main() -> None:
        store = MemoryStore()
        old = await workplace(store, [EMPTY])
        await old.ingester.append([noted("p", n) for n in range(3)])
        await old.folder.step()
        new = await workplace(store)
        rows = quarantined(new.database.state, limit=2)
        assert (await Quarantine(new.database).retry(rows)).released == 2
        assert await problems(store) == []

    run(main())


@pytest.mark.parametrize("text", ["", "x", "x/1", "x/1/2/3", "x/a/1", "x/-1/1", "x/1/" + "9" * 40])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        place_of(text)
    assert refused.value.code == "PLACE_INVALID"


def test_strangers_may_send_only_what_is_declared_open() -> None:
    registry = Registry((*DOMAINS, LEDGER, ENGINE))
    assert registry.is_open("lineage.foreign_run_reported", 1)
    assert registry.is_open("lineage.foreign_run_reported", 2)
    assert registry.is_open("weather.observed", 1)
    for closed in ("ledger.amount_noted", "ledger.unheard_of", "catalog.table_seen", "engine.x"):
        assert not registry.is_open(closed, 1)
