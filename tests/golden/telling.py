"""Writing the golden history of a story: the log of what it does, and the state that makes.

A module beside this one tells each story; the commands and controllers that decide are the real
ones.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from arco.engine.database import Database
from arco.ids import sha256
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from tests.golden.clocks import RepeatingRuntime
from tests.golden.folders import HISTORIES, SCOPE, fresh
from tests.golden.states import folded

Story: TypeAlias = Callable[[Database, RepeatingRuntime], Awaitable[None]]


async def told(name: str, story: Story) -> None:
    """The folder `histories/{name}`: the log, and the state it makes."""
    runtime = RepeatingRuntime(name)
    with tempfile.TemporaryDirectory() as folder:
        store = ScopedStore(LocalStore(Path(folder), runtime, fsync=False), SCOPE)
        database = await Database.open(store, runtime, domains=DOMAINS, writer="golden")
        await story(database, runtime)
        text = await folded(store, runtime)
        shutil.copytree(folder, fresh(HISTORIES / name) / "store")
    (HISTORIES / name / "state.ndjson").write_text(text, "utf-8")
    (HISTORIES / name / "state.sha256").write_text(sha256(text.encode()) + "\n", "utf-8")


__all__ = ["Story", "told"]
