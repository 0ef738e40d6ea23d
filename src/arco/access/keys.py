"""Keys that open the API: made, replaced with overlap, revoked, and recognised.

Law: the secret is known to its holder alone; the state keeps its hash, which is compared in
constant time. A secret has 256 random bits, so its hash need not be slow.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from arco.access.callers import Caller, Method
from arco.access.commands import known_principal
from arco.access.events import KeyCreated, KeyReplaced, KeyRevoked
from arco.access.principals import EVERYONE, GROUP, kind_of
from arco.access.privileges import Privilege
from arco.access.tables import KEYS, PRINCIPALS, ApiKey
from arco.errors import Conflict, Invalid, NotFound
from arco.ids import sha256
from arco.model import Decision, Event, State

PREFIX = "arco"
SHAPE = re.compile(r"arco_([0-9a-f]{16})_([0-9a-f]{64})\Z")
DAYS_MAX = 3_660


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key to be created. `secret` is random and told once."""

    key_id: str
    secret: str
    principal: str
    name: str = ""
    scopes: tuple[Privilege, ...] = ()
    expires_at: datetime | None = None
    actor: str = ""

    @property
    def text(self) -> str:
        """The key as its holder sends it."""
        return f"{PREFIX}_{self.key_id}_{self.secret}"


def create_key(command: NewKey) -> Decision:
    """KeyCreated.

    Raises: NotFound PRINCIPAL_NOT_FOUND; Invalid KEY_HOLDER_INVALID, KEY_EXPIRY_INVALID.
    """

    def decide(state: State, now: datetime) -> Sequence[Event]:
        _check_holder(state, command.principal)
        _check_expiry(command.expires_at, now)
        return [_created(command, now)]

    return decide


def rotate_key(key_id: str, successor: NewKey, *, overlap: timedelta) -> Decision:
    """KeyCreated for the successor, with the same holder, scopes and name; KeyReplaced for the key,
    which opens until the overlap has passed.

    Raises: NotFound KEY_NOT_FOUND; Conflict KEY_ENDED.
    """

    def decide(state: State, now: datetime) -> Sequence[Event]:
        row = find_key(state, key_id)
        if row.replaced_by or not is_open(row, now):
            raise Conflict(
                "KEY_ENDED",
                f"key {key_id} was replaced, was revoked or has expired",
                hint="`arco key create` makes another",
            )
        _check_expiry(successor.expires_at, now)
        created = msgspec.structs.replace(
            successor, principal=row.principal, scopes=row.scopes, name=row.name
        )
        replaced = KeyReplaced(
            key_id=key_id, replaced_by=successor.key_id, expires_at=now + overlap
        )
        return [_created(created, now), Event(replaced, successor.actor)]

    return decide


def revoke_key(key_id: str, actor: str = "") -> Decision:
    """KeyRevoked; nothing when it was.

    Raises: NotFound KEY_NOT_FOUND.
    """

    def decide(state: State, now: datetime) -> Sequence[Event]:
        row = find_key(state, key_id)
        if row.revoked_at is not None:
            return ()
        return [Event(KeyRevoked(key_id=key_id, revoked_at=now), actor)]

    return decide


def find_key(state: State, key_id: str) -> ApiKey:
    """The key with this id.

    Raises: NotFound KEY_NOT_FOUND.
    """
    row = state.get(KEYS, key_id)
    if row is None:
        raise key_not_found(key_id)
    return row


def key_not_found(key_id: str) -> NotFound:
    """The error for a key that is not there or is somebody else's."""
    return NotFound(
        "KEY_NOT_FOUND", f"there is no key {key_id[:80]!r}", hint="`arco key list` lists them"
    )


def is_open(row: ApiKey, now: datetime) -> bool:
    """True while the key opens the API."""
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


def parsed_key(text: str) -> tuple[str, str] | None:
    """Id and secret of a key as it is sent; None for anything else.

    >>> parsed_key("arco_0123456789abcdef_" + "0" * 64)[0]
    '0123456789abcdef'
    """
    found = SHAPE.match(text)
    return (found[1], found[2]) if found else None


def recognised(state: State, now: datetime, *, key_id: str, secret: str) -> ApiKey | None:
    """The open key with this id, when the secret is its own and its holder is let in."""
    row = state.get(KEYS, key_id)
    # The comparison is made for an unknown id, too: both answers take as long.
    expected = row.secret_sha256 if row else sha256(b"")
    matches = hmac.compare_digest(sha256(secret.encode()), expected)
    if row is None or not matches or not is_open(row, now):
        return None
    holder = state.get(PRINCIPALS, row.principal)
    return None if holder is None or holder.disabled else row


def caller_by_key(row: ApiKey, *, tenant: str, workspace: str) -> Caller:
    """The caller that holds the key, in the scope whose log holds it."""
    return Caller(
        principal=row.principal,
        tenant=tenant,
        workspace=workspace,
        method=Method.KEY,
        scopes=frozenset(row.scopes) if row.scopes else None,
        key_id=row.key_id,
    )


def _created(command: NewKey, now: datetime) -> Event:
    created = KeyCreated(
        key_id=command.key_id,
        principal=command.principal,
        name=command.name,
        secret_sha256=sha256(command.secret.encode()),
        scopes=tuple(sorted(set(command.scopes))),
        created_at=now,
        created_by=command.actor,
        expires_at=command.expires_at,
    )
    return Event(created, command.actor)


def _check_holder(state: State, principal: str) -> None:
    if kind_of(principal) == GROUP or principal == EVERYONE:
        raise Invalid(
            "KEY_HOLDER_INVALID",
            f"{principal} cannot hold a key",
            hint="name a user or a service account, and put it into the group",
        )
    known_principal(state, principal)


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and not now < expires_at <= now + timedelta(days=DAYS_MAX):
        raise Invalid(
            "KEY_EXPIRY_INVALID",
            f"a key cannot expire at {expires_at.isoformat()}",
            hint="name a moment in the next ten years",
        )


__all__ = [
    "NewKey",
    "caller_by_key",
    "create_key",
    "find_key",
    "is_open",
    "key_not_found",
    "parsed_key",
    "recognised",
    "revoke_key",
    "rotate_key",
]
