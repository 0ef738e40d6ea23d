"""A process that lives through everything a workspace does, stage by stage, and says what it was
told.

It is written as a careful client is: what it was not told is asked for before it is done again. So
a life that was cut short anywhere is lived on by the next process. Runs in the processes of
`lives.py`.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from arco.catalog.tables import TABLES
from arco.engine import snapshot
from arco.engine.garbage import PINS
from arco.engine.lanes.folder import Folder
from arco.engine.package import read_package, unpack
from arco.engine.pins import CreatePin, create_pin, drop_pin
from arco.errors import Unavailable
from arco.execution.following import Follower
from arco.formats.collecting import collect_garbage
from arco.formats.exporting import export
from arco.formats.restore_plans import plan_restore
from arco.formats.restoring import begin_restore, restore
from arco.model import Decision, Event, State
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.definitions import Manifest
from arco.orchestration.restores import RESTORES
from arco.orchestration.states import RunState
from arco.orchestration.tables import RUNS
from arco.service.history import meant_slot
from arco.service.retention import PROFILES
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, Workspace, assemble
from arco.store.certify import ensure_certified
from arco.store.keys import Scope
from arco.store.local import LocalStore
from arco.store.open import open_store
from arco.store.port import Store
from arco.store.scoped import ScopedStore
from arco.testing.ledger import LEDGER, noted
from arco.testing.registry import REGISTRY, TOKENS, Added, add, take_name
from tests.unit.garbage_world import MovedClock

TRIES = 400
MANY = 600
TOKEN_CHARS = 2_000
"""So many events of so many characters do not fit into a slot."""
FACTS = 3
REPLACED = "n.second"
CERTIFIED = "certified"
SNAPSHOTS = 10
"""So many that some are merged."""
RUNS_LIVED = tuple(f"01JZZZZZZZZZZZZZZZZZZZZZZ{number}" for number in (1, 2, 3))
COLLECT_DAYS = (9, 11)
ALL_DOMAINS = (*DOMAINS, REGISTRY, LEDGER)
Wrap = Callable[[Store], Store]


class Place(msgspec.Struct, frozen=True):
    """Where a life takes place."""

    folder: str
    """The project, and `told`: what the process was told, a line each."""
    store: str
    """The store's path or URL."""
    environment: dict[str, str] = {}

    @property
    def settings(self) -> Settings:
        """What every process of it is given."""
        return Settings(
            directory=Path(self.folder),
            store=self.store,
            workers=1,
            snapshot_age_seconds=3600,
            lease_seconds=0.6,
        )


class Life:
    """One process's part of it."""

    def __init__(self, place: Place, workspace: Workspace, *, root: Store) -> None:
        self.place = place
        self.root = root
        self.workspace = workspace
        self.database = workspace.database
        assert isinstance(workspace.runtime, MovedClock)
        self.clock = workspace.runtime
        self.told = heard(place)

    def hear(self, line: str) -> None:
        """Something was acknowledged: whoever reads this relies on it."""
        with open(Path(self.place.folder, "told"), "a") as file:
            file.write(f"{line}\n")
        self.told.append(line)

    async def live(self, stages: Sequence[str]) -> None:
        """What has not been lived through yet."""
        for stage in stages:
            if f"done {stage}" not in self.told:
                await self._lived_through(stage)
                self.hear(f"done {stage}")

    async def _lived_through(self, stage: str) -> None:
        """The stage is over; what had no answer is asked again, as every caller of ours does."""
        for _ in range(TRIES):
            try:
                await STAGES[stage](self)
                return
            except Unavailable as error:
                self.hear(f"again {error.code} {error.message}")
        raise AssertionError(f"{stage} found no answer {TRIES} times")

    def left(self, what: str, numbers: Iterable[int]) -> list[int]:
        """Those that it has not been heard of yet."""
        return [number for number in numbers if f"{what} {number}" not in self.told]

    async def add(self, token: str) -> None:
        """One token; the event that carries it stands in the log once."""
        await self.database.transact(add("orders", 1, token=token))
        self.hear(f"token {token}")


async def opened(place: Place, wrap: Wrap) -> Life:
    """The workspace as this process sees it; it starts again while the store does not answer."""
    os.environ.update(place.environment)
    for _ in range(TRIES):
        with suppress(Unavailable):
            return await _opened(place, wrap)
    raise AssertionError(f"the store could not be opened {TRIES} times")


async def _opened(place: Place, wrap: Wrap) -> Life:
    clock = MovedClock()
    began = clock.monotonic()
    root = wrap(_root(place, clock))
    if CERTIFIED not in heard(place):
        # A copy of a place is another place, which would be tried again.
        await ensure_certified(_root(place, clock), clock)
    workspace = await assemble(place.settings, clock, root=root, domains=ALL_DOMAINS)
    life = Life(place, workspace, root=root)
    life.hear(CERTIFIED)
    life.hear(f"opened in {clock.monotonic() - began:.2f} s")
    return life


def heard(place: Place) -> list[str]:
    """What the processes of a life were told so far."""
    path = Path(place.folder, "told")
    return path.read_text().splitlines() if path.exists() else []


async def decide(life: Life) -> None:
    """Decisions, small and too large for a slot."""
    for number in range(3):
        await life.add(f"small-{number}")
    await life.database.transact(take_name("orders", "name-1"))
    life.hear("token name-1")
    await life.database.transact(add_many("many"))
    life.hear(f"token {long_token('many', MANY - 1)}")


async def report(life: Life) -> None:
    """Facts, handed in and folded."""
    accepted = await life.workspace.ingester.append([noted("p", n) for n in range(FACTS)])
    assert accepted.count == FACTS
    life.hear(f"facts {FACTS}")
    folder = Folder(life.database)
    while await folder.step():
        pass


async def photograph(life: Life) -> None:
    """Snapshots on snapshots, and one that is held."""
    for number in life.left("photographed", range(SNAPSHOTS)):
        await life.add(f"between-{number}")
        await snapshot.publish(life.database)
        life.hear(f"photographed {number}")
    if "pinned" not in life.told:
        if not await is_pinned(life):
            pin = CreatePin(name="held", slot=life.database.seq)
            await life.database.transact(create_pin(pin))
        life.hear("pinned")
    if await is_pinned(life):
        await life.database.transact(drop_pin("held"))


async def is_pinned(life: Life) -> bool:
    """True while the pin stands."""
    return await life.database.asked(lambda state: state.get(PINS, "held") is not None)


async def run_again(life: Life) -> None:
    """Runs one after the other, each published."""
    manifest = msgspec.json.decode(Path(life.place.folder, "manifest").read_bytes(), type=Manifest)
    command = Deploy(
        deployment_id="01JZZZZZZZZZZZZZZZZZZZZZZ0", manifest=manifest, entropy=7, actor="life"
    )
    await life.database.transact(deploy(command))
    follower = Follower(life.workspace, Path(life.place.folder))
    await follower.start()
    for run_id in RUNS_LIVED:
        if await life.database.asked(lambda state, run_id=run_id: state.get(RUNS, run_id)) is None:
            await life.database.transact(trigger_run(triggered(life, run_id)))
            life.hear(f"run {run_id}")
        ended = await follower.follow(run_id, lambda state: None)
        assert ended.state is RunState.SUCCEEDED, ended.message
    await follower.stop()


async def restore_a_table(life: Life) -> None:
    """One table is what it was after the last run but one."""
    workspace = life.workspace
    begun = await workspace.database.asked(lambda state: list(state.range(RESTORES)))
    restores = [row.restore_id for row in begun]
    if not restores:
        slot = await meant_slot(workspace, [REPLACED], to=f"v{len(RUNS_LIVED) - 2}")
        plan = await plan_restore(workspace, [REPLACED], slot=slot)
        restores = [await begin_restore(workspace, plan, actor="life")]
        life.hear(f"restore {restores[0]}")
    for restore_id in restores:
        await restore(workspace, restore_id)


async def move(life: Life) -> None:
    """All of it goes into a file, and from there into another workspace."""
    path = Path(life.place.folder, "package")
    path.unlink(missing_ok=True)
    await export(life.workspace, path)
    manifest = await read_package(life.clock, path)
    await unpack(copy_of(life), life.clock, path=path, manifest=manifest)


def copy_of(life: Life) -> ScopedStore:
    """The other workspace."""
    return ScopedStore(life.root, Scope(workspace="copy"))


async def collect(life: Life) -> None:
    """Time passes, and what nothing leads to goes."""
    for days in life.left("collected", COLLECT_DAYS):
        life.clock.ahead = timedelta(days=days)
        await life.add(f"day-{days}")
        await snapshot.publish(life.database)
        await collect_garbage(life.workspace, PROFILES["dev"])
        life.hear(f"collected {days}")


STAGES: dict[str, Callable[[Life], Awaitable[None]]] = {
    "decide": decide,
    "report": report,
    "photograph": photograph,
    "run": run_again,
    "restore": restore_a_table,
    "move": move,
    "collect": collect,
}


def add_many(prefix: str) -> Decision:
    """Tokens that only a payload holds; asked again: nothing."""

    def decided(state: State, _: datetime) -> Sequence[Event]:
        if state.get(TOKENS, long_token(prefix, 0)) is not None:
            return ()
        return [Event(Added("many", 1, long_token(prefix, number))) for number in range(MANY)]

    return decided


def long_token(prefix: str, number: int) -> str:
    """A token that is most of its event."""
    return f"{prefix}-{number}".ljust(TOKEN_CHARS, ".")


def triggered(life: Life, run_id: str) -> TriggerRun:
    """A run of everything."""
    settings = life.workspace.settings
    scope = {"tenant": settings.tenant, "workspace": settings.workspace}
    return TriggerRun(run_id=run_id, which="all", **scope)


async def table_locations(life: Life) -> dict[str, str]:
    """Where the tables are, by name."""
    rows = await life.database.asked(lambda state: list(state.range(TABLES)))
    place = life.workspace.store.location
    return {f"{row.namespace}.{row.name}": place(f"warehouse/{row.table_id}") for row in rows}


def _root(place: Place, clock: MovedClock) -> Store:
    return (
        open_store(place.store, clock)
        if "://" in place.store
        else LocalStore(Path(place.store), clock)
    )


__all__ = [
    "ALL_DOMAINS",
    "FACTS",
    "MANY",
    "REPLACED",
    "RUNS_LIVED",
    "STAGES",
    "Life",
    "Place",
    "copy_of",
    "heard",
    "opened",
    "table_locations",
]
