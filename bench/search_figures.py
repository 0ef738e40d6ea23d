"""The figures of search in one workspace, as a process that has just started finds them.

`python -m bench.search_figures FOLDER TABLES publish|search|commit` prints them as JSON.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from arco.access.callers import Caller, Method, local_owner
from arco.access.events import GrantGiven
from arco.access.privileges import Kind, Privilege
from arco.engine import snapshot
from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.model import Event
from arco.runtime import AsyncioRuntime, run
from arco.service.authority import Authority
from arco.service.search.searching import Found, Lookup, Search
from bench import catalogs
from bench.results import percentile
from bench.state_figures import Subject, resident_bytes

RUNTIME = AsyncioRuntime()
TIMES = 40
ROUNDS = 6
TABLES_A_ROUND = 64
LOCAL = local_owner("local", "main")
ANN = Caller(principal="user:ann", tenant="local", workspace="main", method=Method.KEY)


class Figures(msgspec.Struct):
    """Seconds and bytes."""

    tables: int = 0
    published_seconds: float = 0.0
    size_bytes: int = 0
    segments: int = 0
    first_seconds: float = 0.0
    cold_seconds: float = 0.0
    searches: dict[str, tuple[float, float]] = {}
    before_bytes: int = 0
    after_bytes: int = 0
    commits: tuple[float, float] = (0.0, 0.0)
    snapshots: tuple[float, float] = (0.0, 0.0)
    puts: float = 0.0


async def publish(found: Figures, folder: Path) -> None:
    """Everything that search reads, made from rows alone."""
    subject = Subject(folder)
    database = await subject.open()
    Search(database)
    await subject.create(0)
    start = time.perf_counter()
    await snapshot.publish(database)
    found.published_seconds = time.perf_counter() - start
    newest = await database.asked(lambda state: state.get(SNAPSHOTS, NEWEST))
    assert newest is not None
    reference = SnapshotReference(newest.slot, newest.index, newest.sha256)
    files = (await database.replay.reader.index(reference)).derived["search"].tables
    found.size_bytes = sum(each.size_bytes for each in files.values())
    found.segments = len(files["search.postings"].deltas)
    await database.close()


async def search(found: Figures, folder: Path) -> None:
    """Words that few and words that all tables have."""
    subject = Subject(folder)
    database = await subject.open()
    searching, authority = Search(database), Authority(database)
    space = catalogs.namespace_id(catalogs.namespace_of(catalogs.scattered("ann", found.tables)))
    found.before_bytes = resident_bytes()

    def by(caller: Caller, *texts: str, **filters: Any) -> Callable[[int], Awaitable[Found]]:
        view = partial(authority.visible, caller=caller)
        return lambda turn: searching.asked(
            Lookup(text=texts[turn % len(texts)], **filters), caller, view=view
        )

    numbers = [f"{catalogs.scattered(f'search {n}', found.tables):07}" for n in range(TIMES)]
    found.first_seconds = await seconds_of(by(LOCAL, f"table {numbers[0]}"))
    found.cold_seconds = await seconds_of(by(LOCAL, "namespace holds"))
    named = [f"table {number}" for number in numbers]
    found.searches["a name"] = await spread(by(LOCAL, *named))
    found.searches["how a name begins"] = await spread(by(LOCAL, *(each[:11] for each in named)))
    found.searches["a column"] = await spread(by(LOCAL, "column 07", kinds="table"))
    found.searches["a slip"] = await spread(by(LOCAL, "tabel"))
    found.searches["one letter"] = await spread(by(LOCAL, "t"))
    found.searches["the commonest word"] = await spread(by(LOCAL, "column"))
    await database.transact(lambda state, now: [Event(granted(space, database))])
    found.searches["as a restricted caller"] = await spread(by(ANN, *named))
    found.searches["everything, as a restricted caller"] = await spread(by(ANN, "table"))
    found.after_bytes = resident_bytes()
    await database.close()


def granted(space: str, database: Database) -> GrantGiven:
    """Ann may know of one namespace."""
    return GrantGiven(
        kind=Kind.NAMESPACE,
        securable_id=space,
        principal=ANN.principal,
        privilege=Privilege.BROWSE,
        granted_at=database.runtime.now(),
        granted_by="bench",
    )


async def commit(found: Figures, folder: Path) -> None:
    """Tables made by turns in a workspace that keeps search up and in one that does not."""
    with tempfile.TemporaryDirectory() as beside:
        plain, searched = Subject(Path(beside)), Subject(folder)
        await plain.open()
        Search(await searched.open())
        await searched.database.asked(lambda state: state.get(SNAPSHOTS, NEWEST))
        taken: tuple[list[float], list[float]] = ([], [])
        published: tuple[list[float], list[float]] = ([], [])
        counted = []
        for _ in range(ROUNDS):
            for number in range(TABLES_A_ROUND):
                taken[0].append(await plain.create(number % found.tables))
                taken[1].append(await searched.create(number % found.tables))
            searched.store.reset()
            published[0].append(await seconds_of(lambda _: snapshot.publish(plain.database)))
            published[1].append(await seconds_of(lambda _: snapshot.publish(searched.database)))
            counted.append(searched.store.counts("data/search/*")["create"])
        found.commits = (percentile(taken[0], 0.5), percentile(taken[1], 0.5))
        found.snapshots = (percentile(published[0], 0.5), percentile(published[1], 0.5))
        found.puts = sum(counted) / len(counted)


async def seconds_of(asked: Callable[[int], Awaitable[Any]], turn: int = 0) -> float:
    """How long the answer takes."""
    start = time.perf_counter()
    await asked(turn)
    return time.perf_counter() - start


async def spread(asked: Callable[[int], Awaitable[Any]]) -> tuple[float, float]:
    """The median and the p99 of answers after a first one each."""
    for turn in range(TIMES):
        await asked(turn)
    taken = [await seconds_of(asked, turn) for turn in range(TIMES)]
    return percentile(taken, 0.5), percentile(taken, 0.99)


STEPS = {"publish": publish, "search": search, "commit": commit}


def main(folder: str, tables: str, *, step: str) -> None:
    """One step's figures, printed."""
    found = Figures(tables=int(tables))
    run(STEPS[step](found, Path(folder)))
    told = msgspec.to_builtins(found)
    print(msgspec.json.encode({k: v for k, v in told.items() if v != FIGURES[k]}).decode())


FIGURES = msgspec.to_builtins(Figures())

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], step=sys.argv[3])
