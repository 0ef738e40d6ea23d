"""The benchmarks' workspaces are real: generated rows are those that creating the tables gives."""

from __future__ import annotations

from typing import Any

from arco.catalog.commands import PublishVersions, publish_versions
from arco.catalog.domain import DOMAIN as CATALOG
from arco.engine.database import Database
from arco.model import State
from arco.runtime import AsyncioRuntime, run
from arco.service.workspace import DOMAINS
from arco.store.memory import MemoryStore
from bench import catalogs

RUNTIME = AsyncioRuntime()
COUNT = 2_100


def rows_of(state: State) -> dict[str, list[Any]]:
    """Every row of the catalog."""
    return {table.name: list(state.range(table)) for table in CATALOG.tables}


async def opened(store: MemoryStore) -> Database:
    return await Database.open(store, RUNTIME, domains=DOMAINS, writer="test")


def creations() -> PublishVersions:
    """The same tables as one command, which the generator does not use."""
    spaces = range(COUNT // catalogs.TABLES_PER_NAMESPACE + 1)
    minted = {
        f"namespace:{catalogs.namespace_name(at)}": catalogs.namespace_id(at) for at in spaces
    }
    return PublishVersions(
        versions=tuple(
            catalogs.creation(
                catalogs.table_name(number),
                identity=catalogs.table_id(number),
                namespace=(catalogs.namespace_name(catalogs.namespace_of(number)), ""),
            ).versions[0]
            for number in range(COUNT)
        ),
        run_id=catalogs.RUN_ID,
        actor="bench",
        mint=lambda name: minted.get(name, catalogs.CATALOG_ID),
    )


def test_a_generated_workspace_holds_what_creating_its_tables_gives() -> None:
    async def main() -> None:
        generated, made = await opened(MemoryStore()), await opened(MemoryStore())
        await catalogs.fill(generated, COUNT)
        await made.transact(
            lambda state, now: publish_versions(creations(), state, now=catalogs.CREATED_AT)
        )
        fresh = await opened(generated.store)
        assert await fresh.asked(rows_of) == await made.asked(rows_of)

    run(main())


def test_a_table_is_created_beside_generated_ones() -> None:
    async def main() -> None:
        store = MemoryStore()
        generator = await opened(store)
        await catalogs.fill(generator, 10)
        database = await opened(store)
        command = catalogs.added_table("later", beside=3)
        await database.transact(lambda state, now: publish_versions(command, state, now=now))
        rows = await database.asked(rows_of)
        assert len(rows["catalog.tables"]) == 11
        assert len(rows["catalog.namespaces"]) == 1

    run(main())
