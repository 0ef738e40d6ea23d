"""The laws of the log, checked against what a world's store holds and what its clients were told.

The reference fold here is written apart from every engine's, so that both would have to be wrong in
the same way. Must not know how an engine works, only the storage format.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from arco.ids import sha256
from arco.store import keys
from arco.testing.actors import Answer, History, Reading, Wish
from arco.testing.model_store import ModelStore
from arco.testing.world import Violation, World

EMPTY = "0" * 64
CLOCK_LEAD_MAX = timedelta(minutes=5)
"""A time further ahead of the next writer's clock than this one is not kept up with."""


class Book(msgspec.Struct, frozen=True):
    """The registry after one event, by the reference fold."""

    names: dict[str, str] = {}
    totals: dict[str, int] = {}

    def after(self, kind: str, payload: dict[str, Any]) -> Book:
        """The book with one more event in it. Raises: Violation when the event cannot follow."""
        if kind == "registry.name_taken":
            if payload["name"] in self.names:
                raise Violation("unique names", f"taken twice: {payload}")
            return Book(self.names | {payload["name"]: payload["token"]}, self.totals)
        if kind == "registry.name_freed":
            if payload["name"] not in self.names:
                raise Violation("unique names", f"freed twice: {payload}")
            rest = {name: token for name, token in self.names.items() if name != payload["name"]}
            return Book(rest, self.totals)
        counter, amount = payload["counter"], payload["amount"]
        return Book(self.names, self.totals | {counter: self.totals.get(counter, 0) + amount})

    def refuses(self, wish: Wish) -> bool:
        """True when the wish is impossible now."""
        return (wish.subject in self.names) == (wish.kind == "take")


class Chapter(msgspec.Struct, frozen=True):
    """One slot: when it came to be, and the book before it, after each of its events."""

    seq: int
    created_us: int
    hash: str
    tokens: tuple[str, ...]
    books: tuple[Book, ...]


class Chronicle:
    """The whole log, told slot by slot."""

    def __init__(self, chapters: list[Chapter]) -> None:
        self.chapters = chapters
        self.slot_of = {token: chapter for chapter in chapters for token in chapter.tokens}
        self._times = [chapter.created_us for chapter in chapters]

    def head(self, time_us: int) -> int:
        """The newest slot that stood at `time_us`, -1 when there was none."""
        return bisect_right(self._times, time_us) - 1

    def book(self, seq: int) -> Book:
        """The book after slot `seq`."""
        return self.chapters[seq].books[-1] if seq >= 0 else Book()

    def books_between(self, first_seq: int, last_seq: int) -> Iterator[Book]:
        """Every book that was true between these slots, each event a step."""
        yield self.book(first_seq)
        for chapter in self.chapters[first_seq + 1 : last_seq + 1]:
            yield from chapter.books


def chronicle(store: ModelStore) -> Chronicle:
    """The log of a world.

    Raises: Violation when a slot is missing, was rewritten, breaks the chain or repeats a token
    (L1, L3, L5).
    """
    _check_never_rewritten(store)
    slots = sorted(key for key in store.objects if key.startswith("log/"))
    chapters: list[Chapter] = []
    book, prev, told_at = Book(), EMPTY, ""
    for seq, key in enumerate(slots):
        if key != keys.slot(seq):
            raise Violation("L5 contiguous", f"slot {seq} is missing before {key}")
        data = store.objects[key]
        commit = msgspec.json.decode(data)
        if commit["prev"] != prev:
            raise Violation("chain", f"slot {seq} does not name its predecessor")
        created_us = store.written_us[key]
        events = events_of(store, commit, created_us=created_us)
        told_at = _checked_time(commit, after=told_at)
        book, tokens, books = _folded(events, book)
        chapters.append(Chapter(seq, created_us, sha256(data), tokens, books))
        prev = chapters[-1].hash
    counts = Counter(token for chapter in chapters for token in chapter.tokens)
    twice = [token for token, count in counts.items() if count > 1]
    if twice:
        raise Violation("L3 nothing twice", f"in the log more than once: {twice}")
    return Chronicle(chapters)


def _check_never_rewritten(store: ModelStore) -> None:
    for applied in store.journal:
        verb, key = applied.operation.verb, applied.operation.key
        if verb in ("put", "delete") and key.startswith(("log/", "payload/")):
            raise Violation("L5 never reused", f"{applied.process} did {verb} {key}")


def events_of(
    store: ModelStore, commit: dict[str, Any], *, created_us: int
) -> list[dict[str, Any]]:
    """The events of a commit, wherever they stand.

    Raises: Violation when the object it names is not what it names, or came after it.
    """
    reference = commit.get("events_payload")
    if reference is None:
        return list(commit.get("events", ()))
    name = reference["name"]
    data = store.objects.get(name)
    if data is None or store.written_us[name] > created_us:
        raise Violation("L6 every named object exists", f"{name} came after the slot that names it")
    if sha256(data) != reference["sha256"]:
        raise Violation("L6 every named object exists", f"{name} has another hash than its name")
    events: list[dict[str, Any]] = msgspec.json.decode(data)
    return events


def _checked_time(commit: dict[str, Any], *, after: str) -> str:
    told = str(commit.get("committed_at", after))
    if told < after:
        early = datetime.fromisoformat(after) - datetime.fromisoformat(told)
        if timedelta(0) < early <= CLOCK_LEAD_MAX:
            raise Violation("commit times", f"slot {commit['seq']} is {early} before the last one")
    return told


def _folded(
    events: list[dict[str, Any]], book: Book
) -> tuple[Book, tuple[str, ...], tuple[Book, ...]]:
    books, tokens = [book], []
    for event in events:
        if event["type"].startswith("registry."):
            book = book.after(event["type"], event["payload"])
            books.append(book)
            tokens.append(event["payload"]["token"])
    return book, tuple(tokens), tuple(books)


def check(world: World, history: History) -> Chronicle:
    """The chronicle of a world in which every law held.

    Raises: Violation otherwise.
    """
    _check_failures(world)
    told = chronicle(world.store)
    for answer in history.answers:
        CHECKS[answer.verdict](told, answer)
    for reading in history.readings:
        check_reading(told, reading)
    return told


def _check_failures(world: World) -> None:
    for process in world.processes.values():
        for task in process.failures:
            if not task.observed:
                raise Violation(
                    "no surprise", f"{task.name} died of {task.error!r}"
                ) from task.error


def check_acknowledged(told: Chronicle, answer: Answer) -> None:
    """L1, L2: the slot stood before the answer, holds the request and has the hash told."""
    chapter = told.slot_of.get(answer.wish.token)
    if chapter is None:
        raise Violation("L2 acknowledged write stands", f"{answer} is not in the log")
    if chapter.created_us > answer.answered_us:
        raise Violation("L2 durable first", f"{answer} came too early")
    if not chapter.seq <= answer.seq < len(told.chapters):
        raise Violation("state token", f"{answer} names no slot")
    at_slot = told.chapters[answer.seq]
    if at_slot.hash != answer.hash:
        raise Violation("state token", f"{answer} has another hash than its slot")


def check_refused(told: Chronicle, answer: Answer) -> None:
    """L7: what was refused never happened, and the refusal was true while the client waited."""
    token = answer.wish.token
    if token in told.slot_of:
        raise Violation("L7 definite failure", f"{answer} was committed all the same")
    first, last = told.head(answer.asked_us), told.head(answer.answered_us)
    if not any(book.refuses(answer.wish) for book in told.books_between(first, last)):
        raise Violation(
            "refusals are reads", f"{answer} was not true at any slot in {first}..{last}"
        )


def check_unknown(_told: Chronicle, _answer: Answer) -> None:
    """Nothing was claimed; whether it counts at most once is the chronicle's business."""


def check_reading(told: Chronicle, reading: Reading) -> None:
    """L4: exactly the state at one slot; a strong reading is at least as new as its question."""
    first = told.head(reading.asked_us) if reading.strong else -1
    last = told.head(reading.answered_us)
    at = f"{reading.process} at {reading.answered_us} us, slot {reading.seq}"
    if not first <= reading.seq <= last:
        raise Violation("strong reads", f"{at} is not within {first}..{last}")
    book = told.book(reading.seq)
    seen = (dict(reading.names), dict(reading.totals))
    if seen != (book.names, book.totals):
        raise Violation("L4 one state", f"{at}: saw {seen}, stands {book}")


CHECKS = {
    "acknowledged": check_acknowledged,
    "refused": check_refused,
    "unknown": check_unknown,
}


__all__ = [
    "CHECKS",
    "Book",
    "Chapter",
    "Chronicle",
    "check",
    "check_acknowledged",
    "check_reading",
    "check_refused",
    "check_unknown",
    "chronicle",
    "events_of",
]
