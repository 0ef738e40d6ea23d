"""Starts the processes of a life, kills them, and judges what the last one left.

A server forks them, so that each is a process of its own and none has to import anything. What one
leaves to the next is in the store, and `told`.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from deltalake import DeltaTable

from arco.access.callers import local_owner
from arco.engine import snapshot
from arco.engine.history import Replay
from arco.engine.lanes.folder import Folder
from arco.engine.log import Log
from arco.engine.registry import WireEvent
from arco.engine.verify import Verifier
from arco.formats.inspecting import inspect_tables
from arco.formats.places import storage_options, table_uri
from arco.runtime import run
from arco.service.search.checking import search_findings
from arco.service.search.searching import Lookup
from arco.store.port import Store
from arco.testing.failpoints import Failpoint, StoppingStore
from arco.testing.ledger import NOTES
from arco.testing.registry import REGISTRY, Added, NameTaken
from tests.integration.life import (
    FACTS,
    REPLACED,
    RUNS_LIVED,
    Life,
    Place,
    copy_of,
    heard,
    opened,
    table_locations,
)

PATIENCE_SECONDS = 600
OWNER = local_owner("local", "main")
PRELOADED = ["tests.integration.lives"]
Report = dict[str, Any]


def forks() -> Any:
    """A server that has imported what lives need, and forks."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(PRELOADED)
    return server


def exit_code(work: Callable[..., None], *arguments: Any, **named: Any) -> int:
    """How a process of its own that did the work ended."""
    process = forks().Process(target=work, args=arguments, kwargs=named)
    process.start()
    process.join(PATIENCE_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"a process did not end within {PATIENCE_SECONDS} s")
    return int(process.exitcode)


def live(place: Place, stages: Sequence[str], *, point: Failpoint | None = None) -> None:
    """The stages, until they are over or the point is reached."""
    stores: list[StoppingStore] = []

    def wrap(store: Store) -> Store:
        stores.append(StoppingStore(store, point))
        return stores[-1]

    async def lived() -> None:
        life = await opened(place, wrap)
        await life.live(stages)
        await life.workspace.ingester.close()

    _told(place, lambda: run(lived()))
    Path(place.folder, "reached").write_bytes(msgspec.json.encode(alone(stores[-1])))


def alone(store: StoppingStore) -> list[tuple[str, str]]:
    """What was asked so far, once for each moment."""
    return [pair for pair, is_alone in store.reached.items() if is_alone]


def judge(place: Place, stages: Sequence[str]) -> None:
    """What is wrong, into the file `problems`."""
    _told(place, lambda: run(_judge(place, stages)))


async def _judge(place: Place, stages: Sequence[str]) -> None:
    life = await opened(place, lambda store: store)
    problems = [f"{each.subject}: {each.problem}" for each in await _findings(life)]
    problems += _token_problems(await _tokens(life), heard(place))
    if "report" in stages:
        problems += await _fact_problems(life)
    if "run" in stages:
        problems += await _run_problems(life, stages)
        problems += await _search_problems(life)
    if "collect" in stages and await snapshot.is_incomplete(life.database):
        problems.append("search is not published")
    if "move" in stages:
        problems += await _copy_problems(life)
    Path(place.folder, "problems").write_bytes(msgspec.json.encode(problems))


async def _findings(life: Life) -> Sequence[Any]:
    verifier = Verifier(life.workspace.store, life.clock, life.database.registry.domains)
    found = list((await verifier.run()).findings)
    searched = await search_findings(life.workspace.store, life.clock, tables=verifier.tables)
    inspected = await inspect_tables(life.workspace.store, life.clock, state=verifier.tables)
    return [*found, *searched, *inspected.findings]


async def _tokens(life: Life) -> Counter[str]:
    """How often each token's event stands in the log."""
    replay = Replay(life.workspace.store, life.clock, life.database.registry)
    log = Log(life.workspace.store, life.clock)
    found: Counter[str] = Counter()
    seq = -1
    while slots := await log.after(seq):
        for slot in slots:
            found.update(_tokens_of(await replay.events(slot.commit)))
        seq = slots[-1].commit.seq
    return found


def _tokens_of(wires: Iterable[WireEvent]) -> Iterator[str]:
    wanted = {REGISTRY.event_type(Added): Added, REGISTRY.event_type(NameTaken): NameTaken}
    for wire in wires:
        if wire.type in wanted:
            yield msgspec.json.decode(wire.payload, type=wanted[wire.type]).token


def _token_problems(found: Counter[str], told: Sequence[str]) -> list[str]:
    acknowledged = [line.removeprefix("token ") for line in told if line.startswith("token ")]
    lost = [f"{token} was acknowledged and is lost" for token in acknowledged if not found[token]]
    return lost + [f"{token} stands {n} times" for token, n in found.items() if n != 1]


async def _fact_problems(life: Life) -> list[str]:
    folder = Folder(life.database)
    while await folder.step():
        pass
    rows = await life.database.asked(lambda state: list(state.range(NOTES)))
    times = {row.token: row.times for row in rows}
    expected = {f"p.0.{number}": 1 for number in range(FACTS)}
    return [] if times == expected else [f"facts were counted so often: {times}"]


async def _run_problems(life: Life, stages: Sequence[str]) -> list[str]:
    """The table that grows holds all runs; the one that is replaced the last, or the one before
    that once it was restored.
    """
    *_, former, last = RUNS_LIVED
    newest = len(RUNS_LIVED) - 1
    replaced = (Counter([former]), newest + 1) if "restore" in stages else (Counter([last]), newest)
    expected = {"n.first": (Counter(RUNS_LIVED), newest), REPLACED: replaced}
    found = {name: _content(place) for name, place in (await table_locations(life)).items()}
    return [] if found == expected else [f"the tables hold {found}"]


def _content(location: str) -> tuple[Counter[str], int]:
    """What a library that is not ours reads there, and at which version."""
    table = DeltaTable(table_uri(location), storage_options=storage_options(location))
    return Counter(table.to_pyarrow_table()["run"].to_pylist()), table.version()


async def _search_problems(life: Life) -> list[str]:
    """What is not found by its name."""
    problems = []
    for name in await table_locations(life):
        lookup = Lookup(text=name.rpartition(".")[2], kinds="table")
        found = await life.workspace.search.asked(lookup, OWNER, view=lambda state: state)
        if [hit.full_name for hit in found.hits] != [f"main.{name}"]:
            problems.append(f"{lookup.text} finds {found.hits}")
    return problems


async def _copy_problems(life: Life) -> list[str]:
    verifier = Verifier(copy_of(life), life.clock, life.database.registry.domains)
    report = await verifier.run()
    found = [f"copied {each.subject}: {each.problem}" for each in report.findings]
    return found if report.slots > 1 else [*found, "nothing was copied"]


def _told(place: Place, work: Callable[[], None]) -> None:
    """Do it; why it failed is left in a file for whoever waits."""
    try:
        work()
    except BaseException:
        Path(place.folder, "crash").write_text(traceback.format_exc())
        raise
