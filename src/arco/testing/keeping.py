"""The laws of collecting garbage, checked against all that was ever asked of a world's store.

Told again from the log alone, apart from the engine: which snapshots are kept at each instant, and
whether what they name was there. Must not know how a collector works.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from arco.engine.lanes.zstd import decompress
from arco.store import keys
from arco.testing.invariants import events_of
from arco.testing.model_store import Applied, ModelStore
from arco.testing.process import BEGINNING
from arco.testing.world import Violation

INDEX = "/index.json"
PAGE = ".json.zst"
PAGE_BYTES_MAX = 1 << 24


class Keeper:
    """What is kept at one instant of a world."""

    def __init__(self, store: ModelStore, *, grace_seconds: float) -> None:
        self._store = store
        self._grace_us = grace_seconds * 1_000_000
        self._bytes: dict[str, bytes] = {}
        self._present: dict[str, int] = {}
        self._condemned: dict[str, int] = {}
        """And from when on they may be deleted, in microseconds of true time."""
        self._floor = -1
        self._newest: dict[str, Any] = {"slot": -1, "index": ""}
        self._past: dict[int, str] = {}
        self._pins: dict[str, str] = {}
        self._passes = 0
        self.deleted = 0
        self.published = 0

    def see(self, applied: Applied) -> None:
        """One operation that took effect.

        Raises: Violation.
        """
        operation = applied.operation
        if operation.verb == "create" and applied.answer is True:
            self._created(operation.key, operation.data, time_us=applied.time_us)
        elif operation.verb == "delete":
            self._deleted(operation.key, time_us=applied.time_us)

    def _created(self, key: str, data: bytes, *, time_us: int) -> None:
        self._present[key] = time_us
        if key.endswith((INDEX, PAGE)):
            self._bytes[key] = data
        if key.startswith("log/"):
            commit = msgspec.json.decode(data)
            for event in events_of(self._store, commit, created_us=time_us):
                self._told(event["type"], event["payload"], time_us=time_us)

    def _told(self, kind: str, payload: dict[str, Any], *, time_us: int) -> None:
        if kind == "engine.snapshot_published":
            self._publish(payload)
        elif kind == "engine.floor_raised" and payload["number"] == self._passes + 1:
            self._passes += 1
            self._raise_floor(payload["slot"])
            kept = set(payload["kept"])
            self._past = {slot: index for slot, index in self._past.items() if slot in kept}
        elif kind == "engine.names_condemned":
            self._condemn(payload, time_us=time_us)
        elif kind == "engine.pin_created":
            self._pin(payload)
        elif kind == "engine.pin_dropped":
            self._pins.pop(payload["name"], None)

    def _publish(self, payload: dict[str, Any]) -> None:
        built_on = payload.get("built_on", "")
        if built_on != self._newest["index"] or payload["slot"] <= self._newest["slot"]:
            return
        self.published += 1
        self._newest = payload
        self._past[payload["slot"]] = payload["index"]
        for name in self._named(payload["index"]):
            if name not in self._present:
                raise Violation("L6 every named object exists", f"{name} is gone when published")

    def _raise_floor(self, slot: int) -> None:
        if slot < self._floor:
            raise Violation("the floor never falls", f"from {self._floor} to {slot}")
        self._floor = slot

    def _pin(self, payload: dict[str, Any]) -> None:
        if payload["slot"] < self._floor:
            raise Violation("no pin below the floor", f"{payload} is below {self._floor}")
        index = self._pins.setdefault(payload["name"], payload.get("index", ""))
        for name in self._named(index) if index else ():
            if name not in self._present:
                raise Violation("L6 every named object exists", f"{name} is gone when pinned")

    def _condemn(self, payload: dict[str, Any], *, time_us: int) -> None:
        not_before = datetime.fromisoformat(payload["not_before"])
        for name in payload["names"]:
            self._condemned[name] = (not_before - BEGINNING) // timedelta(microseconds=1)
            if self._present.get(name, 0) + self._grace_us > time_us:
                raise Violation("grace", f"{name} was condemned too young")

    def _deleted(self, key: str, *, time_us: int) -> None:
        if key not in self._present:
            return
        if not key.startswith(keys.COLLECTABLE):
            raise Violation("L5 never deleted", key)
        if key not in self._condemned:
            raise Violation("condemned first", f"{key} was deleted before anybody was told")
        if time_us < self._condemned[key]:
            raise Violation("delay", f"{key} was deleted before its time")
        for index in self._roots():
            if key in self._named(index):
                raise Violation("L6 every named object exists", f"{key} is deleted, {index} kept")
        del self._present[key]
        self.deleted += 1

    def _roots(self) -> Iterator[str]:
        yield from {self._newest["index"], *self._past.values(), *self._pins.values()} - {""}

    def _named(self, index: str) -> set[str]:
        tables = msgspec.json.decode(self._bytes[index])["tables"].values()
        pages = {page["name"] for table in tables for page in table.get("pages", ())}
        listed = [*self._listed(tables), *self._listed(map(self._page, pages))]
        return {index, *pages, *listed}

    def _listed(self, tables: Iterable[dict[str, Any]]) -> Iterator[str]:
        for table in tables:
            for level in ("base", "deltas", "files"):
                yield from (file["name"] for file in table.get(level, ()))

    def _page(self, name: str) -> dict[str, Any]:
        data = decompress(self._bytes[name], size_bytes_max=PAGE_BYTES_MAX)
        page: dict[str, Any] = msgspec.json.decode(data)
        return page


def check_keeping(store: ModelStore, *, grace_seconds: float) -> Keeper:
    """What was kept and deleted in a world in which every law held.

    Raises: Violation otherwise.
    """
    keeper = Keeper(store, grace_seconds=grace_seconds)
    for applied in store.journal:
        keeper.see(applied)
    return keeper


__all__ = ["Keeper", "check_keeping"]
