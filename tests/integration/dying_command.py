"""The command line in a process that is killed just before its n-th call to the store.

`python -m tests.integration.dying_command VERB N ARGUMENTS...`: exit code 137 when it died.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arco.store.local import LocalStore
from tests.integration.cli_project import SECONDS_MAX, SOURCES
from tests.tidy.source import ROOT

DIED = 137


def arm(verb: str, nth: int) -> None:
    """From now on the n-th call of this verb is the end."""
    answer: Callable[..., Any] = getattr(LocalStore, verb)
    calls = 0

    async def counted(self: LocalStore, *arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            os._exit(DIED)
        return await answer(self, *arguments, **options)

    setattr(LocalStore, verb, counted)


def dies(folder: Path, *arguments: str, verb: str, nth: int) -> bool:
    """Whether the command died; False: it ended well before its n-th call."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.integration.dying_command", verb, str(nth), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{SOURCES}{os.pathsep}{ROOT}", "ARCO_WORKERS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    assert ended.returncode in (0, DIED), ended.stdout + ended.stderr
    return ended.returncode == DIED


def main() -> None:
    """Run the command that stands in the arguments."""
    from arco.cli.main import main as command_line

    arm(sys.argv[1], int(sys.argv[2]))
    sys.argv = ["arco", *sys.argv[3:]]
    command_line()


if __name__ == "__main__":
    main()
