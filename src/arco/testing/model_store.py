"""A linearizable store in memory: each operation takes effect at one instant; a journal says when.

It never fails: faults live between client and store. Must not know processes, networks or what the
bytes mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias
from zlib import crc32

import msgspec

from arco.store.port import Entry
from arco.testing.process import BEGINNING
from arco.testing.scheduler import SECOND_US

EPOCH = BEGINNING.timestamp()
"""The store's own clock is the true one."""

Verb: TypeAlias = Literal["create", "get", "put", "delete", "list"]


class Operation(msgspec.Struct, frozen=True):
    """What a client asks of the store."""

    verb: Verb
    key: str
    data: bytes = b""
    start: int = 0
    end: int | None = None


class Applied(msgspec.Struct, frozen=True):
    """One operation that took effect."""

    time_us: int
    process: str
    operation: Operation
    answer: Any

    def __str__(self) -> str:
        """A short description that still tells different bytes apart."""
        data = self.answer if isinstance(self.answer, bytes) else self.operation.data
        answer = self.answer if isinstance(self.answer, bool) else type(self.answer).__name__
        verb, key = self.operation.verb, self.operation.key
        return f"{self.time_us} {self.process} {verb} {key} {crc32(data):08x} {answer}"


class ModelStore:
    """Objects under keys, and the journal of everything that was done to them."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.journal: list[Applied] = []
        self.written_us: dict[str, int] = {}
        self.former: dict[str, list[bytes]] = {}
        self._answers: dict[Verb, Callable[[Operation, int], Any]] = {
            "create": self._create,
            "get": self._get,
            "put": self._put,
            "delete": self._delete,
            "list": self._list,
        }

    def apply(self, operation: Operation, *, process: str, time_us: int) -> Applied:
        """The operation's one effect and its answer."""
        answer = self._answers[operation.verb](operation, time_us)
        applied = Applied(time_us, process, operation, answer)
        self.journal.append(applied)
        return applied

    def _create(self, operation: Operation, time_us: int) -> bool:
        if operation.key in self.objects:
            return False
        self._write(operation, time_us)
        return True

    def _get(self, operation: Operation, _: int) -> bytes | None:
        data = self.objects.get(operation.key)
        return None if data is None else data[operation.start : operation.end]

    def _put(self, operation: Operation, time_us: int) -> None:
        if operation.key in self.objects:
            self.former.setdefault(operation.key, []).append(self.objects[operation.key])
        self._write(operation, time_us)

    def _write(self, operation: Operation, time_us: int) -> None:
        self.objects[operation.key] = operation.data
        self.written_us[operation.key] = time_us

    def _delete(self, operation: Operation, _: int) -> None:
        self.objects.pop(operation.key, None)

    def _list(self, operation: Operation, _: int) -> list[Entry]:
        return [
            Entry(key, len(data), EPOCH + self.written_us[key] / SECOND_US)
            for key, data in sorted(self.objects.items())
            if key.startswith(operation.key)
        ]


__all__ = ["Applied", "ModelStore", "Operation", "Verb"]
