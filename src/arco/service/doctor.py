"""Examining a store before it is relied on: can this process work here, and what must be mended.

Every check is a finding, told as soon as it is known; one that cannot be made says why. Changes
nothing but objects of its own and, once, the store's certificate. Must not know how it is shown.
"""

from __future__ import annotations

import os
import platform
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from arco.engine.database import Database
from arco.engine.format import VERSION as FORMAT
from arco.engine.log import Log
from arco.errors import ArcoError, Invalid
from arco.runtime import Runtime
from arco.service.findings import Finding, bad, doubtful, good, left_out, refused
from arco.service.rights import rights_found
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, open_root
from arco.store import keys
from arco.store.address import is_cloud_url
from arco.store.certify import certify, ensure_certified, recorded_certificate
from arco.store.cors import bucket_rule, cors_shortage
from arco.store.local import LocalStore
from arco.store.port import Certifiable, Store
from arco.store.scoped import ScopedStore

LIBRARIES = ("msgspec", "pyarrow", "duckdb", "deltalake", "litestar", "uvicorn", "obstore", "ray")
EXTRAS = frozenset({"obstore", "ray"})


async def examine(
    settings: Settings, runtime: Runtime, *, release: str, origin: str
) -> AsyncIterator[Finding]:
    """A finding for every check, in order; `origin` is that of the pages that will read the store.

    Cost: about twenty requests; four hundred more for a bucket that was never certified.
    """
    yield _versions(release)
    try:
        root = open_root(settings, runtime)
        scoped = ScopedStore(root, settings.scope)
    except Invalid as error:
        yield refused("store", error)
        return
    if isinstance(root, LocalStore) and not _folder(root).is_dir():
        yield _absent(_folder(root))
        return
    yield _place(root, settings)
    usable = True
    async for finding in rights_found(scoped, runtime):
        usable = usable and not _stops(finding)
        yield finding
    if not usable:
        yield left_out("certificate", "the rights above come first")
        return
    yield await _certificate(root, runtime)
    yield await _workspace(scoped, runtime, settings=settings)
    yield await _pages(scoped, runtime, origin=origin)


def _stops(finding: Finding) -> bool:
    return finding.check in {"look", "create"} and bool(finding.fix)


def _versions(release: str) -> Finding:
    found, missing = [f"Arco {release}", f"Python {platform.python_version()}"], []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing += [name] if name not in EXTRAS else []
    said = f"{', '.join(found)}; store format {FORMAT}"
    if missing:
        fix = f"install it again: {', '.join(missing)} is missing"
        return bad("versions", said, fix=fix)
    return good("versions", said)


def _folder(root: LocalStore) -> Path:
    return Path(root.location("x")).parent


def _absent(folder: Path) -> Finding:
    parent = next(each for each in folder.parents if each.is_dir())
    if not os.access(parent, os.W_OK):
        fix = f"let the user of this process write to {parent}, or name another store"
        return bad("store", f"nothing stands at {folder}, and it cannot be made", fix=fix)
    return good("store", f"nothing stands at {folder} yet; the first `arco run` makes it")


def _place(root: Store, settings: Settings) -> Finding:
    where = root.location("x").removesuffix("x")
    endpoint = root.identity[1] if isinstance(root, Certifiable) else ""
    where += f", reached at {endpoint}" if endpoint else ""
    said = f"{where}, for {settings.tenant}/{settings.workspace}"
    if isinstance(root, LocalStore) and not settings.fsync:
        fix = "unset ARCO_FSYNC, unless the store may be thrown away"
        return doubtful("store", f"{said}; a power loss destroys it: fsync is off", fix=fix)
    return good("store", said)


async def _certificate(root: Store, runtime: Runtime) -> Finding:
    try:
        if not isinstance(root, Certifiable):
            await certify(root, runtime)
            return good(
                "certificate", "64 creators of one name raced on this disk: one won, thrice"
            )
        known = await recorded_certificate(root)
        await ensure_certified(root, runtime)
        found = known or await recorded_certificate(root)
    except ArcoError as error:
        return refused("certificate", error)
    if found is None:
        said = "the store kept its promises, but the record of it was not kept"
        return doubtful("certificate", said, fix="let this process write under certificates/")
    when = "certified now" if known is None else f"certified {found.certified_at:%Y-%m-%d %H:%MZ}"
    return good("certificate", f"{when} with {found.driver}: one name, one winner")


async def _workspace(store: ScopedStore, runtime: Runtime, *, settings: Settings) -> Finding:
    name = f"{settings.tenant}/{settings.workspace}"
    try:
        if await Log(store, runtime).head() < 0:
            return good("workspace", f"nothing stands in {name} yet; the first command begins it")
        database = await Database.open(store, runtime, domains=DOMAINS, writer="doctor")
    except ArcoError as error:
        return refused("workspace", error)
    if database.unknown is not None:
        said = f"the log of {name} holds {database.unknown.type}, which this release does not know"
        return doubtful("workspace", f"{said}: it reads and does not write", fix="upgrade Arco")
    when = database.position.committed_at
    return good("workspace", f"{name} stands at slot {database.seq}, of {when:%Y-%m-%d %H:%M:%SZ}")


async def _pages(store: ScopedStore, runtime: Runtime, *, origin: str) -> Finding:
    """Whether pages of the origin may read objects by signed URLs."""
    key = f"{keys.probe_folder(f'{runtime.entropy(128):032x}')}page"
    if not is_cloud_url(store.location(key)):
        return good("pages", "the server hands files of this store to browsers: no rule is needed")
    try:
        bucket_rule(store.location(key), origin)
        await store.create(key, b"0123456789")
        try:
            shortage = await cors_shortage(store, runtime, key=key, origin=origin)
        finally:
            await store.delete(key)
    except ArcoError as error:
        return doubtful("pages", error.message, fix=error.hint)
    if shortage is None:
        return good("pages", f"pages of {origin} may read the bucket by signed URLs")
    found = doubtful("pages", shortage.problem, fix=shortage.rule.command)
    return msgspec.structs.replace(found, document=shortage.rule.document)


__all__ = ["examine"]
