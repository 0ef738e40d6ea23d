"""The composition root: one store, one scope, one database with every domain in it.

Holds things together and does nothing itself.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

from arco.access.domain import DOMAIN as ACCESS
from arco.catalog.domain import DOMAIN as CATALOG
from arco.engine.database import Database
from arco.engine.feed import Feed
from arco.engine.lanes.ingest import Ingester
from arco.engine.lanes.lag import LagMeter
from arco.engine.pasts import Pasts
from arco.engine.sizes import Sizes
from arco.lineage.domain import DOMAIN as LINEAGE
from arco.model import Domain
from arco.orchestration.domain import DOMAIN as ORCHESTRATION
from arco.runtime import Runtime
from arco.service.authority import Authority
from arco.service.search.searching import Search
from arco.service.settings import Settings
from arco.store.certify import ensure_certified
from arco.store.local import LocalStore
from arco.store.open import open_store
from arco.store.port import Store
from arco.store.scoped import ScopedStore

BYTES_PER_MEGABYTE = 1024 * 1024
DOMAINS: tuple[Domain, ...] = (CATALOG, ACCESS, LINEAGE, ORCHESTRATION)


class Workspace(msgspec.Struct, frozen=True, eq=False):
    """An open workspace."""

    settings: Settings
    runtime: Runtime
    store: ScopedStore
    database: Database
    ingester: Ingester
    """This process's lane; it is opened with the first fact."""
    authority: Authority
    lag: LagMeter
    """How far folding is behind, for whoever asks often."""
    pasts: Pasts
    feed: Feed
    search: Search


async def open_workspace(settings: Settings, runtime: Runtime) -> Workspace:
    """The workspace the settings name, at its newest slot; an empty one is created.

    A cloud store is certified when it is opened for the first time. Raises: Invalid for a store
    that cannot be opened or is unfit; Corrupt when its log cannot be used.
    """
    root = open_root(settings, runtime)
    await ensure_certified(root, runtime)
    return await assemble(settings, runtime, root=root)


async def assemble(
    settings: Settings, runtime: Runtime, *, root: Store, domains: Sequence[Domain] = DOMAINS
) -> Workspace:
    """The workspace on a store that is open already."""
    store = ScopedStore(root, settings.scope)
    writer = f"{socket.gethostname()}:{os.getpid()}:{runtime.entropy(32):08x}"
    sizes = Sizes(cache_bytes=settings.cache_megabytes * BYTES_PER_MEGABYTE)
    database = await Database.open(store, runtime, domains=domains, writer=writer, sizes=sizes)
    return workspace_of(settings, runtime, store=store, database=database)


def workspace_of(
    settings: Settings, runtime: Runtime, *, store: ScopedStore, database: Database
) -> Workspace:
    """The workspace around an open database."""
    return Workspace(
        settings,
        runtime,
        store,
        database,
        ingester=Ingester(database),
        authority=Authority(database),
        lag=LagMeter(database),
        pasts=Pasts(database),
        feed=Feed(database),
        search=Search(database),
    )


def open_scope(settings: Settings, runtime: Runtime) -> ScopedStore:
    """The store the settings name, confined to their tenant and workspace; nothing is read yet.

    Raises: Invalid for a store that cannot be opened.
    """
    return ScopedStore(open_root(settings, runtime), settings.scope)


def open_root(settings: Settings, runtime: Runtime) -> Store:
    """The store the settings name, with every scope in it; nothing is read yet.

    Raises: Invalid for a store that cannot be opened.
    """
    if "://" in settings.store_url:
        return open_store(settings.store_url, runtime)
    return LocalStore(Path(settings.store_url), runtime, fsync=settings.fsync)


__all__ = [
    "DOMAINS",
    "Workspace",
    "assemble",
    "open_root",
    "open_scope",
    "open_workspace",
    "workspace_of",
]
