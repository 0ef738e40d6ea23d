"""A tiny domain of facts to shake lanes with: amounts on accounts, and how often each was counted.

Its reducer commutes and counts what it is given, so a fact that is folded twice shows. Must not
know lanes or worlds.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from arco.engine.lanes.batches import Fact
from arco.model import Change, Domain, Payload, Put, State, Table


class Balance(msgspec.Struct, frozen=True):
    """What was noted on an account."""

    account: str
    amount: int


class Note(msgspec.Struct, frozen=True):
    """How often one fact was counted."""

    token: str
    times: int


BALANCES = Table("ledger.balances", Balance, ("account",))
NOTES = Table("ledger.notes", Note, ("token",))


class AmountNoted(Payload, frozen=True):
    """An amount on an account; the token is the fact's own name."""

    account: str
    amount: int
    token: str


def amount_noted(state: State, fact: AmountNoted) -> Iterator[Change]:
    """A larger balance, each time it is folded: safe only if that is once."""
    if fact.amount < 0:
        raise ValueError("an amount below zero cannot be folded")
    balance, note = state.get(BALANCES, fact.account), state.get(NOTES, fact.token)
    amount = (balance.amount if balance else 0) + fact.amount
    yield Put(BALANCES, Balance(fact.account, amount))
    yield Put(NOTES, Note(fact.token, (note.times if note else 0) + 1))


LEDGER = Domain("ledger", (BALANCES, NOTES), {}, facts={AmountNoted: amount_noted})


def noted(producer: str, seq: int, *, amount: int = 1, account: str = "a", epoch: int = 0) -> Fact:
    """A numbered fact of one producer."""
    token = f"{producer}.{epoch}.{seq}"
    payload = msgspec.json.encode(AmountNoted(account, amount, token))
    return Fact(
        type="ledger.amount_noted",
        payload=msgspec.Raw(payload),
        producer=producer,
        epoch=epoch,
        seq=seq,
    )


def keyed(key: str, *, amount: int = 1, account: str = "a") -> Fact:
    """A fact with a name of its own, from somebody who does not count."""
    payload = msgspec.json.encode(AmountNoted(account, amount, key))
    return Fact(type="ledger.amount_noted", payload=msgspec.Raw(payload), key=key)


__all__ = [
    "BALANCES",
    "LEDGER",
    "NOTES",
    "AmountNoted",
    "Balance",
    "Note",
    "amount_noted",
    "keyed",
    "noted",
]
