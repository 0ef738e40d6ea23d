"""What a catalog of a million tables costs over HTTP: a server in a process of its own, asked over
loopback by callers whose keys and grants it checks.

One caller owns the workspace; two hold a hundred thousand grants each, on every table of some
namespaces and on every tenth table of all.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from arco.access.commands import AddPrincipal, add_principal
from arco.access.events import GrantGiven
from arco.access.keys import NewKey, create_key
from arco.access.privileges import Kind, Privilege
from arco.engine import snapshot
from arco.engine.database import Database
from arco.model import Event
from arco.runtime import AsyncioRuntime
from arco.service.search.searching import Search
from arco.service.settings import FOLDER
from arco.service.workspace import DOMAINS
from arco.store.keys import Scope
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from bench import catalogs
from bench.loopback import Client, Server, Taken
from bench.results import Measurement, percentile, spelled

RUNTIME = AsyncioRuntime()
TABLES = 1_000_000
GRANTS = 100_000
GRANTS_AT_ONCE = 5_000
WARM_TABLES = 50
WARM_ROUNDS = 20
COLD_GETS = 200
SECRETS = 12
PAGES = 40
WARM_NAMESPACES = 5
CREATIONS = 200
BULK_TABLES = 10_000
JOINED_TABLES = 100_000
QUERY_RUNS = 5
BULK_RUNS = 4
BULK = "<= 1 s"
MADE = "made"
MEBIBYTE = 1024 * 1024
OWNER, SOME, SCATTERED = "user:owner", "user:some", "user:scattered"
GIVEN_AT = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = {
    "ARCO_AUTHENTICATION": "required",
    "ARCO_REQUESTS_PER_SECOND": "0",
    "ARCO_TENANT_REQUESTS_PER_SECOND": "0",
    "ARCO_VERIFY_HOURS": "0",
}
FORMS = {
    "lines of JSON": "application/x-ndjson",
    "Arrow stream": "application/vnd.apache.arrow.stream",
    "JSON": "application/json",
}


async def measurements() -> AsyncIterator[Measurement]:
    """All lines of the table, each as it is ready."""
    with tempfile.TemporaryDirectory() as folder:
        keys = await filled(Path(folder), TABLES)
        for each in figures(Path(folder), keys, count=TABLES):
            yield each


def figures(folder: Path, keys: dict[str, str], *, count: int) -> Iterator[Measurement]:
    """The lines of one workspace, the first answer before all others."""
    start = time.perf_counter()
    with Server(folder, SETTINGS) as server:
        clients = {principal: server.client(key) for principal, key in keys.items()}
        clients[OWNER].get(table_path(count // 2))
        took = time.perf_counter() - start
        yield Measurement("first answer", spelled(took), "", "a server that has just been started")
        yield memory("memory after it", server)
        yield from gets(clients[OWNER], count)
        yield from pages(clients, count)
        yield from queries(clients[OWNER], count)
        yield from bulk_reads(clients[OWNER])
        yield from creations(clients[OWNER])
        yield memory("memory after all of this", server)


def gets(client: Client, count: int) -> Iterator[Measurement]:
    """One table, of those that were asked for lately and of all."""
    page = [table_path(number) for number in range(count // 2, count // 2 + WARM_TABLES)]
    client.timed(*page)
    warm = client.timed(*page * WARM_ROUNDS)
    yield line("get a table, warm", warm, goal="p99 <= 3 ms", note="with its 20 columns")
    places = [catalogs.scattered(f"get {turn}", count) for turn in range(COLD_GETS)]
    cold = client.timed(*map(table_path, places))
    yield line("get a table from anywhere", cold, note="most stand in files")


def pages(clients: dict[str, Client], count: int) -> Iterator[Measurement]:
    """A list of a thousand tables, as each of the callers sees it."""
    names = [catalogs.namespace_name(turn % WARM_NAMESPACES) for turn in range(PAGES)]
    listed = [f"/tables?namespace={name}" for name in names]
    clients[OWNER].timed(*listed)
    free = clients[OWNER].timed(*listed)
    goal = "<= 20 ms"
    yield line("page of 1,000, of who sees everything", free, goal=goal, note="warm")
    first = clients[SOME].timed(listed[0])
    note = f"{first.p50 / free.p50:.1f} times that, <= 2 wanted"
    yield line(f"first page of who holds {GRANTS:,} grants", first, goal=goal, note=note)
    clients[SOME].timed(*listed)
    again = clients[SOME].timed(*listed)
    note = f"the same tables; {again.p50 / free.p50:.2f} times that, <= 1.2 wanted"
    yield line("page of 1,000, of the same", again, goal=goal, note=note)
    yield from secrets(clients[SCATTERED])
    few = clients[SCATTERED].timed("/tables")
    what = "first page of who may see one table in ten"
    yield line(what, few, note="1,000 of 10,000 tables")
    yield line("the same page again", clients[SCATTERED].timed(*["/tables"] * PAGES), note="warm")


def secrets(client: Client) -> Iterator[Measurement]:
    """How long it takes to hear that there is no such table, where there is one and where not."""
    hidden = [table_path(number) for number in range(10 * SECRETS) if number % 10]
    absent = [f"{path}x" for path in hidden]
    client.timed(*hidden, *absent)
    asked = list(zip(hidden, absent, strict=True))
    pairs = [(client.timed(first), client.timed(second)) for first, second in asked]
    found = [percentile([each.p50 for each in side], 0.5) for side in zip(*pairs, strict=True)]
    result = " / ".join(map(spelled, found))
    yield Measurement("a table that is hidden / not there", result, "equal", "404, medians")


def queries(client: Client, count: int) -> Iterator[Measurement]:
    """SQL over the catalog itself; each in a worker process that was handed the files it reads."""
    together = min(JOINED_TABLES, count)
    limit = catalogs.created_id(together)
    join = "FROM system.catalog.tables AS t JOIN system.catalog.columns AS c USING (table_id)"
    name = catalogs.table_name(count // 2)
    asked = (
        ("one table by name", f"SELECT * FROM system.catalog.tables WHERE name = '{name}'", ""),
        ("count all columns", "SELECT count(*) FROM system.catalog.columns", ""),
        (
            f"{together:,} tables join their columns",
            f"SELECT count(*), max(t.name) {join} WHERE t.table_id < '{limit}'",
            "<= 300 ms",
        ),
        (
            "one table in a hundred joins its columns",
            f"SELECT count(*), max(t.name) {join} WHERE hash(t.name) % 100 = 0",
            "<= 800 ms",
        ),
    )
    for what, sql, goal in asked:
        client.post("/query", {"sql": sql})
        taken = client.timed_posts("/query", *[{"sql": sql}] * QUERY_RUNS)
        rows = f"{count:,} tables, {count * catalogs.COLUMNS_PER_TABLE:,} columns"
        yield line(f"SQL, {what}", taken, goal=goal, note=rows)


def bulk_reads(client: Client) -> Iterator[Measurement]:
    """One request for every column of many tables, in each form."""
    path = f"/columns?limit={BULK_TABLES}"
    for form, accept in FORMS.items():
        client.get(path, accept=accept)
        taken = client.timed(*[path] * BULK_RUNS, accept=accept)
        rows = BULK_TABLES * catalogs.COLUMNS_PER_TABLE
        note = f"{rows:,} columns, {taken.size_bytes / 1e6:,.0f} MB"
        yield line(f"all columns of {BULK_TABLES:,} tables, {form}", taken, goal=BULK, note=note)


def creations(client: Client) -> Iterator[Measurement]:
    """Tables made one by one, each durable before it is answered, while snapshots are published."""
    columns = [
        {"name": f"column_{number:02}", "type": "bigint"}
        for number in range(catalogs.COLUMNS_PER_TABLE)
    ]
    bodies = [
        {"name": f"{catalogs.namespace_name(turn % 8)}.{MADE}_{turn}", "columns": columns}
        for turn in range(CREATIONS + 1)
    ]
    client.post("/tables", bodies[0])
    taken = client.timed_posts("/tables", *bodies[1:])
    yield line("create a table", taken, note="20 columns, fsync on")


def line(what: str, taken: Taken, *, goal: str = "", note: str) -> Measurement:
    """Median and p99, and what the server's processor did for one request."""
    result = f"{spelled(taken.p50)} / {spelled(taken.p99)}"
    return Measurement(what, result, goal, f"{note}; {spelled(taken.cpu_seconds)} of processor")


def memory(what: str, server: Server) -> Measurement:
    """How much the server holds now."""
    return Measurement(what, f"{server.memory_bytes() // MEBIBYTE} MiB", "<= 300 MB", "resident")


def table_path(number: int) -> str:
    """Where a table is asked for by its name."""
    namespace = catalogs.namespace_name(catalogs.namespace_of(number))
    return f"/tables/{namespace}.{catalogs.table_name(number)}"


async def filled(folder: Path, count: int) -> dict[str, str]:
    """A workspace of so many tables with three callers; their keys."""
    place = LocalStore(folder / FOLDER, RUNTIME, fsync=False)
    store = ScopedStore(place, Scope())
    database = await Database.open(store, RUNTIME, domains=DOMAINS, writer="generator")
    Search(database)
    await catalogs.fill(database, count, ids=catalogs.created_id)
    keys = {each: await known(database, each) for each in (OWNER, SOME, SCATTERED)}
    await give(database, [granted(OWNER, Kind.WORKSPACE, privilege=Privilege.OWN)])
    held = min(GRANTS, count // 10)
    for principal, step in ((SOME, 1), (SCATTERED, 10)):
        tables = [catalogs.created_id(number * step) for number in range(held)]
        await give(database, [granted(principal, Kind.TABLE, identity=each) for each in tables])
    # The server looks for it when it starts; from rows alone it takes minutes.
    await snapshot.publish(database)
    await database.close()
    return keys


async def known(database: Database, principal: str) -> str:
    """The principal is there; its key."""
    await database.transact(add_principal(AddPrincipal(principal=principal)))
    key = NewKey(
        key_id=f"{RUNTIME.entropy(64):016x}",
        secret=f"{RUNTIME.entropy(256):064x}",
        principal=principal,
    )
    await database.transact(create_key(key))
    return key.text


def granted(
    principal: str, kind: Kind, *, identity: str = "", privilege: Privilege = Privilege.BROWSE
) -> GrantGiven:
    """A privilege that is held."""
    return GrantGiven(
        kind=kind,
        securable_id=identity,
        principal=principal,
        privilege=privilege,
        granted_at=GIVEN_AT,
        granted_by="bench",
    )


async def give(database: Database, grants: Sequence[GrantGiven]) -> None:
    """All of them are held."""
    for first in range(0, len(grants), GRANTS_AT_ONCE):
        events = [Event(each) for each in grants[first : first + GRANTS_AT_ONCE]]
        await database.transact(lambda state, now, events=events: events)


__all__ = ["measurements"]
