"""`system.access.audit`: who did what, from the log itself, and who was refused, from its lane.

Law: what was done is read from the commits that did it. Their chain of hashes is the evidence;
`arco verify` checks it. Must not know who may read this.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from arco.access.mints import UrlsMinted
from arco.access.refusals import AccessRefused
from arco.engine.log import Slot
from arco.engine.registry import WireEvent
from arco.model import Table

# The first of these that an event has says what it was about.
SUBJECTS = ("run_id", "key_id", "principal", "group", "table_id", "project", "name", "securable_id")


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody did, or was refused."""

    audited_at: datetime
    """When it was decided."""
    outcome: str
    """`done` or `refused`."""
    principal: str
    action: str
    """The event's type; the request, where it was refused."""
    subject: str
    """The id or name of what it was about."""
    seq: int | None = None
    """The slot that holds it; nothing for a refusal."""
    position: int | None = None
    """Its place among the slot's events."""
    code: str = ""
    """What a refusal was answered."""
    rule: str = ""
    """Why it was refused."""
    request_id: str = ""
    address: str = ""
    """Where a refused request came from."""


AUDIT = Table("access.audit", AuditLine, ("audited_at",))


def done_lines(slot: Slot, wires: Iterable[WireEvent]) -> list[AuditLine]:
    """What people decided in the commit; what followed by itself names nobody."""
    return [
        AuditLine(
            audited_at=slot.commit.committed_at,
            outcome="done",
            principal=wire.actor,
            action=wire.type,
            subject=_subject(wire),
            seq=slot.commit.seq,
            position=position,
            request_id=wire.trace,
        )
        for position, wire in enumerate(wires)
        if wire.actor
    ]


def refused_lines(rows: Iterable[AccessRefused]) -> list[AuditLine]:
    """These refusals."""
    return [
        AuditLine(
            audited_at=row.refused_at,
            outcome="refused",
            principal=row.principal,
            action=f"{row.method} {row.path}",
            subject=row.securable,
            code=row.code,
            rule=row.rule,
            request_id=row.request_id,
            address=row.address,
        )
        for row in rows
    ]


def minted_lines(rows: Iterable[UrlsMinted]) -> list[AuditLine]:
    """These times that signed URLs were given away."""
    return [
        AuditLine(
            audited_at=row.minted_at,
            outcome="done",
            principal=row.principal,
            action="access.urls_minted",
            subject=f"{row.files} files of {row.tables} tables at slot {row.slot}",
            request_id=row.request_id,
            address=row.address,
        )
        for row in rows
    ]


def _subject(wire: WireEvent) -> str:
    payload: Any = msgspec.json.decode(wire.payload)
    found = (payload.get(name) for name in SUBJECTS)
    return next((each for each in found if isinstance(each, str) and each), "")


__all__ = ["AUDIT", "AuditLine", "done_lines", "minted_lines", "refused_lines"]
