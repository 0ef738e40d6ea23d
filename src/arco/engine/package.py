"""A workspace as one file: a plain tar of its objects, and a manifest with the hash of each.

The manifest comes last with its own hash, so a cut file has none. Nothing is packed that is not
what its index or its chain says, and nothing is unpacked before all of it was checked; slot 0 is
created last, so that a store that was half unpacked is no workspace yet. Must not know what the
objects mean.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from arco.engine.commit import Position, SnapshotReference
from arco.engine.database import Database
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.past import Past
from arco.errors import AlreadyExists, Corrupt, Invalid
from arco.ids import sha256
from arco.runtime import Runtime
from arco.store import keys
from arco.store.creating import create_patiently
from arco.store.names import is_key
from arco.store.port import Store
from arco.store.text import decoded

MANIFEST = "manifest.json"
DIGEST = "manifest.sha256"
FORMAT = 1
READ_BYTES = 1024 * 1024
BATCH_OBJECTS = 16
BATCH_BYTES = 32 * 1024 * 1024


class Content(msgspec.Struct, frozen=True):
    """An object that belongs to the workspace; its hash where something says it."""

    name: str
    sha256: str = ""
    is_spare: bool = False
    """Left out when it is gone: nothing of the present needs it."""


class PackedObject(msgspec.Struct, frozen=True):
    """One object of a package."""

    name: str
    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a package holds: the workspace at one slot."""

    tenant: str
    workspace: str
    slot: int
    hash: str
    committed_at: datetime
    objects: tuple[PackedObject, ...]
    format: int = msgspec.field(default_factory=lambda: FORMAT)


_MANIFEST = msgspec.json.Decoder(Manifest)


async def log_contents(database: Database, past: Past) -> list[Content]:
    """Everything a state is made of: log, payloads, newest snapshot; and the facts that wait.

    Cost: one GET a slot, two LISTs. Raises: Corrupt CHAIN_BROKEN, SLOT_MISSING.
    """
    slots: list[Content] = []
    payloads: list[Content] = []
    previous = ""
    async for slot in database.replay.slots(0, past.seq):
        if slots and slot.commit.prev != previous:
            raise Corrupt(
                "CHAIN_BROKEN",
                f"log slot {slot.commit.seq} does not follow slot {slot.commit.seq - 1}",
                hint="run `arco verify`; a broken log is not packed",
            )
        previous = slot.hash
        slots.append(Content(keys.slot(slot.commit.seq), slot.hash))
        reference = slot.commit.events_payload
        if reference is not None:
            payloads.append(Content(reference.name, reference.sha256))
    lanes = await _lane_contents(database.store)
    files = await _snapshot_contents(database, past)
    return [Content(keys.FORMAT), *payloads, *lanes, *files, *slots]


async def _lane_contents(store: Store) -> list[Content]:
    """Facts that were acknowledged, folded or not; each lane with its registration."""
    listed = [*await store.list(keys.LANES), *await store.list(keys.ROSTER)]
    return [Content(name) for name in sorted({entry.key for entry in listed})]


async def _snapshot_contents(database: Database, past: Past) -> list[Content]:
    newest = await past.asked(lambda state: state.get(SNAPSHOTS, NEWEST))
    if newest is None:
        return []
    reader = database.replay.reader
    index = await reader.index(SnapshotReference(newest.slot, newest.index, newest.sha256))
    files = await reader.objects(index)
    return [
        Content(newest.index, newest.sha256),
        *(Content(name, digest) for name, digest in files.items()),
    ]


async def pack(
    database: Database,
    path: Path,
    *,
    contents: Iterable[Content],
    position: Position,
    scope: keys.Scope,
) -> Manifest:
    """The contents, a state at this position, stand in the file at `path`, whole or not at all.

    Raises: AlreadyExists FILE_EXISTS; Corrupt OBJECT_DAMAGED. Cost: one GET an object.
    """
    thread = database.runtime.thread
    draft = path.with_name(f"{path.name}.partial-{database.runtime.entropy(32):08x}")
    _refuse_standing(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as archive:
            packed = await _append_all(archive, database, contents=contents)
            manifest = Manifest(
                tenant=scope.tenant,
                workspace=scope.workspace,
                slot=position.seq,
                hash=position.hash,
                committed_at=position.committed_at,
                objects=packed,
            )
            last = msgspec.json.encode(manifest, order="sorted")
            await thread(_append, archive, (MANIFEST, last))
            await thread(_append, archive, (DIGEST, _digest_line(last)))
        await thread(_publish, draft, path)
    except OSError as error:
        raise Invalid(
            "FILE_UNWRITABLE",
            f"{path} cannot be written: {error.strerror or error}",
            hint="name a file in a folder you may write to, on a disk with room",
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink()
    return manifest


async def _append_all(
    archive: tarfile.TarFile, database: Database, *, contents: Iterable[Content]
) -> tuple[PackedObject, ...]:
    packed = []
    for content in contents:
        data = await _bytes(database, content)
        if data is not None:
            await database.runtime.thread(_append, archive, (content.name, data))
            packed.append(PackedObject(content.name, len(data), sha256(data)))
    return tuple(packed)


async def read_package(runtime: Runtime, path: Path) -> Manifest:
    """The manifest of the package at `path`, after every byte of it was checked.

    Raises: Invalid PACKAGE_INVALID; Corrupt PACKAGE_DAMAGED.
    """
    return await runtime.thread(_checked, path)


async def unpack(store: Store, runtime: Runtime, *, path: Path, manifest: Manifest) -> None:
    """The objects of a checked package stand in the store; a repeated call goes on where one died.

    Raises: AlreadyExists STORE_NOT_EMPTY; Corrupt PACKAGE_DAMAGED. Cost: one PUT an object.
    """
    await refuse_used(store, manifest)
    first = keys.slot(0)
    objects = [each for each in manifest.objects if each.name != first]
    last = [each for each in manifest.objects if each.name == first]
    with tarfile.open(path, "r:") as archive:
        for batch in (*_batches(objects), last):
            found = [await runtime.thread(_member, archive, each) for each in batch]
            pairs = zip(batch, found, strict=True)
            await runtime.gather(
                _create(store, runtime, name=each.name, data=data) for each, data in pairs
            )


async def refuse_used(store: Store, manifest: Manifest) -> None:
    """Nothing but what this package brings stands in the store, and no workspace does.

    Raises: AlreadyExists STORE_NOT_EMPTY. Cost: one LIST.
    """
    known = {each.name for each in manifest.objects}
    foreign = [entry.key for entry in await store.list("") if entry.key not in known]
    if foreign or await store.get(keys.slot(0)) is not None:
        what = foreign[0] if foreign else keys.slot(0)
        raise _used(what)


def _used(name: str) -> AlreadyExists:
    return AlreadyExists(
        "STORE_NOT_EMPTY",
        f"there is a workspace already: {name} stands in it",
        hint="import into an empty folder, or under another tenant or workspace",
    )


async def _create(store: Store, runtime: Runtime, *, name: str, data: bytes) -> None:
    if not await create_patiently(store, runtime, key=name, data=data):
        if await store.get(name) != data:
            raise _used(name)
        await store.confirm(name)


async def _bytes(database: Database, content: Content) -> bytes | None:
    if content.sha256:
        return await database.replay.reader.checked(content.name, content.sha256)
    data = await database.store.get(content.name)
    if data is None and not content.is_spare:
        raise Corrupt(
            "OBJECT_DAMAGED",
            f"{content.name} is gone",
            hint="run `arco verify`, bring it back from a backup, and export again",
        )
    return data


def _append(archive: tarfile.TarFile, entry: tuple[str, bytes]) -> None:
    name, data = entry
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o644
    archive.addfile(member, io.BytesIO(data))


def _refuse_standing(path: Path) -> None:
    if path.exists():
        raise AlreadyExists(
            "FILE_EXISTS", f"{path} exists", hint="name another file, or remove that one"
        )


def _publish(draft: Path, path: Path) -> None:
    """The file has its name and survives a power loss; a file that stands there is kept."""
    _sync(draft, os.O_RDONLY)
    try:
        os.link(draft, path)
    except FileExistsError:
        _refuse_standing(path)
    _sync(path.parent, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checked(path: Path) -> Manifest:
    try:
        with tarfile.open(path, "r:") as archive:
            return _checked_archive(path, archive)
    except FileNotFoundError as error:
        raise _no_package(path, "there is no such file") from error
    except (tarfile.TarError, OSError) as error:
        raise _no_package(path, str(error)) from error


def _checked_archive(path: Path, archive: tarfile.TarFile) -> Manifest:
    members = {member.name: member for member in archive.getmembers()}
    last, digest = members.pop(MANIFEST, None), members.pop(DIGEST, None)
    if last is None or digest is None:
        raise _no_package(path, f"it has no {MANIFEST} at its end: it may have been cut")
    data = _read(archive, last)
    if _read(archive, digest) != _digest_line(data):
        raise _damaged(path, f"{MANIFEST} does not match its hash")
    manifest = decoded(data, _MANIFEST.decode, damaged=partial(_no_package, path))
    if manifest.format != FORMAT:
        raise _no_package(path, f"its format is {manifest.format}, this release reads {FORMAT}")
    listed = {each.name for each in manifest.objects}
    if listed != members.keys() or len(listed) != len(manifest.objects):
        differing = min(listed ^ members.keys(), default="an object twice")
        raise _damaged(path, f"file and manifest do not agree on {differing}")
    for each in manifest.objects:
        if not is_key(each.name) or not members[each.name].isreg():
            raise _damaged(path, f"{each.name!r} cannot be an object")
        if _digest(archive, members[each.name]) != each.sha256:
            raise _damaged(path, f"{each.name} does not match its hash")
    return manifest


def _digest_line(manifest: bytes) -> bytes:
    """What `sha256sum -c` reads."""
    return f"{sha256(manifest)}  {MANIFEST}\n".encode()


def _member(archive: tarfile.TarFile, each: PackedObject) -> bytes:
    data = _read(archive, archive.getmember(each.name))
    if sha256(data) != each.sha256:
        raise _damaged(Path(str(archive.name)), f"{each.name} changed while it was read")
    return data


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    return stream.read() if stream is not None else b""


def _digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    stream = archive.extractfile(member)
    digest = hashlib.sha256()
    while stream is not None and (chunk := stream.read(READ_BYTES)):
        digest.update(chunk)
    return digest.hexdigest()


def _batches(objects: Sequence[PackedObject]) -> Iterator[list[PackedObject]]:
    batch: list[PackedObject] = []
    for each in objects:
        size_bytes = sum(member.size_bytes for member in batch) + each.size_bytes
        if batch and (len(batch) == BATCH_OBJECTS or size_bytes > BATCH_BYTES):
            yield batch
            batch = []
        batch.append(each)
    if batch:
        yield batch


def _no_package(path: Path, reason: str) -> Invalid:
    return Invalid(
        "PACKAGE_INVALID",
        f"{path} is no package of a workspace: {reason}",
        hint="`arco export FILE.tar` writes one",
    )


def _damaged(path: Path, reason: str) -> Corrupt:
    return Corrupt(
        "PACKAGE_DAMAGED",
        f"{path} is damaged: {reason}",
        hint="copy the file again, or export again; nothing was imported",
    )


__all__ = [
    "BATCH_BYTES",
    "BATCH_OBJECTS",
    "DIGEST",
    "MANIFEST",
    "Content",
    "Manifest",
    "PackedObject",
    "log_contents",
    "pack",
    "read_package",
    "refuse_used",
    "unpack",
]
