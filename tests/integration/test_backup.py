"""A backup is a copy: of a workspace at rest, or of a running one when the log is copied first."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.verify import Report, Verifier
from arco.errors import Corrupt
from arco.runtime import AsyncioRuntime, run
from arco.store.keys import Scope
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from arco.testing.registry import NAMES, REGISTRY, take_name
from tests.tidy.source import ROOT

RUNTIME = AsyncioRuntime()
PAGE = (ROOT / "docs/operations.md").read_text("utf-8")


def scoped(folder: Path) -> ScopedStore:
    return ScopedStore(LocalStore(folder, RUNTIME, fsync=True), Scope())


async def opened(folder: Path) -> Database:
    return await Database.open(scoped(folder), RUNTIME, domains=(REGISTRY,), writer="test")


async def verified(folder: Path) -> Report:
    return await Verifier(scoped(folder), RUNTIME, (REGISTRY, ENGINE)).run()


async def take(database: Database, *numbers: int) -> None:
    for number in numbers:
        await database.transact(take_name(f"n{number:04d}", f"t{number}"))
        if number % 5 == 4:
            await snapshot.publish(database)


def live_copy_commands() -> str:
    """The commands of the page that copy a running workspace."""
    return PAGE.split("<!-- live copy -->\n```bash\n")[1].split("```")[0]


def test_a_copy_of_a_workspace_at_rest_is_the_workspace(tmp_path: Path) -> None:
    async def main() -> None:
        database = await opened(tmp_path / "a")
        await take(database, *range(12))
        await database.close()
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        assert (await verified(tmp_path / "b")).findings == ()
        restored = await opened(tmp_path / "b")
        assert restored.position == database.position
        await take(restored, 12)

    run(main())


def test_a_running_workspace_is_copied_with_the_commands_on_the_page(tmp_path: Path) -> None:
    async def main() -> None:
        database = await opened(tmp_path / ".arco")
        await take(database, *range(10))
        before = database.seq
        copying = RUNTIME.spawn(RUNTIME.thread(copy), "copy")
        number = 10
        while not copying.done():
            await take(database, number)
            number += 1
        await copying.join()
        report = await verified(tmp_path / "backup")
        assert report.findings == ()
        assert report.slots > before
        restored = await opened(tmp_path / "backup")
        names = await restored.asked(lambda state: list(state.range(NAMES)))
        assert len(names) >= 10

    def copy() -> None:
        subprocess.run(["bash", "-euc", live_copy_commands()], cwd=tmp_path, check=True)

    run(main())


def test_a_process_that_saw_more_than_the_restored_backup_stops(tmp_path: Path) -> None:
    async def main() -> None:
        folder = tmp_path / "a"
        database = await opened(folder)
        await take(database, 0, 1)
        shutil.copytree(folder, tmp_path / "backup")
        await take(database, 2)
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "backup", folder)
        other = await opened(folder)
        await take(other, 7, 8)
        with pytest.raises(Corrupt, match="does not follow"):
            await database.refresh()

    run(main())
