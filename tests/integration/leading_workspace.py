"""A small project on disk and a process that leads it: what the tests of running systems share."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from arco.engine.database import Database
from arco.engine.verify import Finding, Verifier
from arco.execution.deploying import deploy_project
from arco.execution.leading import try_to_lead
from arco.ids import new_ulid
from arco.orchestration.commands.runs import CancelRun, TriggerRun, cancel_run, trigger_run
from arco.orchestration.rows import Run, Task
from arco.orchestration.settling import is_running
from arco.orchestration.tables import RUNS, TASKS
from arco.runtime import AsyncioRuntime, run
from arco.service.loop import Leader
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, Workspace, open_workspace
from arco.store.keys import Scope
from arco.store.local import LocalStore
from arco.store.port import Store
from arco.store.scoped import ScopedStore

T = TypeVar("T")
PATIENCE_SECONDS = 40.0
HEAD = "import os, sys, time, subprocess, signal\nfrom arco import asset\n"
PROOF = 'def proof(name): open(os.path.join(os.path.dirname(__file__), name), "a").write("x")\n'


def write_project(folder: Path, code: str) -> Path:
    """A project of one module; `proof(name)` leaves a file beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text('[project]\nname="p"\n[tool.arco]\nmodules=["assets"]\n')
    (folder / "assets.py").write_text(HEAD + PROOF + code)
    return folder


class System:
    """An open workspace, and what a test asks of it."""

    def __init__(self, workspace: Workspace, project: Path) -> None:
        self.workspace = workspace
        self.project = project
        self.leader: Leader | None = None

    @property
    def database(self) -> Database:
        """The state."""
        return self.workspace.database

    async def lead(self) -> Leader:
        """This process leads from now on."""
        self.leader = await try_to_lead(self.workspace, self.project)
        assert self.leader is not None
        return self.leader

    async def trigger(self, *selection: str) -> str:
        """A new run of the selected assets."""
        command = TriggerRun(
            run_id=new_ulid(self.workspace.runtime),
            tenant=self.workspace.settings.tenant,
            workspace=self.workspace.settings.workspace,
            which="all",
            selection=selection,
        )
        await self.database.transact(trigger_run(command))
        return command.run_id

    async def cancel(self, run_id: str) -> None:
        """The run is asked to end."""
        await self.database.transact(cancel_run(CancelRun(run_id=run_id)))

    async def run_of(self, run_id: str) -> Run:
        """The run as it stands."""
        found = await self.database.asked(lambda state: state.get(RUNS, run_id))
        assert found is not None
        return found

    async def tasks(self, run_id: str) -> list[Task]:
        """The run's tasks in their order."""
        return await self.database.asked(lambda state: list(state.range(TASKS, run_id)))

    async def ended(self, run_id: str) -> Run:
        """The run once it has ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while is_running(found := await self.run_of(run_id)):
                await asyncio.sleep(0.01)
        return found

    async def done(self, *selection: str) -> Run:
        """A new run of the selected assets, ended."""
        return await self.ended(await self.trigger(*selection))

    async def until(self, holds: Callable[[], Any]) -> None:
        """Return once it holds."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                await asyncio.sleep(0.01)

    def proved(self, name: str) -> int:
        """How often user code called `proof(name)`."""
        path = self.project / name
        return path.stat().st_size if path.exists() else 0

    async def findings(self) -> tuple[Finding, ...]:
        """What a full verification of the store finds."""
        verifier = Verifier(
            self.workspace.store, self.workspace.runtime, self.database.registry.domains
        )
        return (await verifier.run()).findings


Wrap = Callable[[Store], Store]


@asynccontextmanager
async def opened(project: Path, wrap: Wrap | None = None, **chosen: Any) -> AsyncIterator[System]:
    """The project's workspace with its code deployed; its leader stops in the end."""
    settings = Settings(directory=project, **{"snapshot_age_seconds": 0.2, **chosen})
    runtime = AsyncioRuntime()
    workspace = await open_workspace(settings, runtime)
    if wrap is not None:
        disk: Store = wrap(LocalStore(Path(settings.store_url), runtime))
        store = ScopedStore(disk, Scope(settings.tenant, settings.workspace))
        database = await Database.open(store, runtime, domains=DOMAINS, writer="test")
        workspace = msgspec.structs.replace(workspace, store=store, database=database)
    system = System(workspace, project)
    await deploy_project(workspace, project)
    try:
        yield system
    finally:
        if system.leader is not None:
            await system.leader.stop()


def play(story: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The story's result; what it leaves behind on the loop is a failure."""

    async def told() -> T:
        problems: list[str] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: problems.append(str(context)))
        result = await story()
        assert not problems
        return result

    return run(told())


def children_of(pid: int) -> list[int]:
    """The living processes whose parent this is."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and parent_of(entry) == pid:
            found.append(int(entry.name))
    return found


def workers() -> list[int]:
    """The worker processes of this process."""
    return [pid for pid in children_of(os.getpid()) if "arco.execution.worker" in command_of(pid)]


def command_of(pid: int) -> str:
    """The command line of a process; empty once it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def parent_of(entry: Path) -> int:
    """The parent's number in a folder of /proc; -1 for what ended."""
    try:
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return -1
    return -1 if fields[0] == "Z" else int(fields[1])


def is_alive(pid: int) -> bool:
    """True while the process runs."""
    return parent_of(Path(f"/proc/{pid}")) != -1


def gone(pids: Sequence[int], seconds_max: float = 5.0) -> bool:
    """True once all of them have ended."""
    end = time.monotonic() + seconds_max
    while any(map(is_alive, pids)):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
