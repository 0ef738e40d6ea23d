"""Clients with idempotency keys and state tokens: nothing happens twice, nobody reads backwards.

A keyed wish has no guard of its own, and is asked again of whatever process lives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import pytest

from arco.engine import batch
from arco.engine.batch import Batch, Request
from arco.engine.reading import Reads
from arco.engine.registry import Registry
from arco.engine.tokens import StateToken
from arco.testing.actors import Cast
from arco.testing.campaign import Play, Tally, campaign, shrunk
from tests.simulation.stages import open_database

CAMPAIGN = "tokens"
SHARE_OF_SEEDS = 25
MUTANT_SEEDS = range(100)
KINDS = ("keyed", "keyed", "take", "follow", "forge")
TOKENS = Play(open_database, Cast(processes=3, clients=2, wishes=6, kinds=KINDS))


@pytest.mark.timeout(0)
def test_no_world_with_keys_and_tokens_breaks_a_law(shard: range, tally: Tally) -> None:
    failure = campaign(TOKENS, shard, tally=tally)
    assert failure is None, shrunk(TOKENS, failure).report()


def result_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is asked again is carried out again."""
    monkeypatch.setattr(batch, "find_result", lambda *asked, **more: None)


def results_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results are known to the process that was asked, and to no other."""
    memory: WeakKeyDictionary[Registry, set[str]] = WeakKeyDictionary()
    carry_out = Batch._carry_out

    def remember(self: Batch, request: Request) -> None:
        intent, known = request.intent, memory.setdefault(self._registry, set())
        if intent is None or intent.key not in known:
            request.intent = intent and msgspec.structs.replace(intent, key="")
            carry_out(self, request)
            request.intent = intent
            known.add(intent.key if intent else "")

    monkeypatch.setattr(Batch, "_carry_out", remember)


def token_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever brings a token is taken to have read what it names."""

    async def reach(self: Reads, token: StateToken) -> None:
        return

    monkeypatch.setattr(Reads, "reach", reach)


def history_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is a number: which history it came from is not looked at."""

    async def reach(self: Reads, token: StateToken) -> None:
        if token.seq > self.trail.newest:
            await self._prober.look()

    monkeypatch.setattr(Reads, "reach", reach)


CAUGHT: list[tuple[Callable[[pytest.MonkeyPatch], None], str]] = [
    (result_not_looked_up, "L3"),
    (results_in_memory, "L3|L2"),
    (token_believed, "forged tokens|strong reads"),
    (history_not_compared, "forged tokens"),
]


@pytest.mark.parametrize(("sin", "laws"), CAUGHT, ids=[sin.__name__ for sin, _ in CAUGHT])
def test_an_engine_that_is_wrong_about_keys_or_tokens_breaks_its_law(
    sin: Any, laws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sin(monkeypatch)
    failure = campaign(TOKENS, MUTANT_SEEDS)
    assert failure is not None, f"it survived {len(MUTANT_SEEDS)} seeds"
    assert failure.reason.startswith(tuple(laws.split("|"))), failure.report()
