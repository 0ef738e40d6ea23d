"""What a project's tests use: `materialize` and `Workbench`; the rest of this package tries Arco.

Law: no process, file or waiting is needed. Each name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arco.testing.materializing import materialize
    from arco.testing.performing import InjectedFault
    from arco.testing.results import RunResult, TaskResult
    from arco.testing.workbench import Workbench

_HOMES = {
    "InjectedFault": "arco.testing.performing",
    "RunResult": "arco.testing.results",
    "TaskResult": "arco.testing.results",
    "Workbench": "arco.testing.workbench",
    "materialize": "arco.testing.materializing",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'arco.testing' has no attribute {name!r}")
    found = getattr(importlib.import_module(home), name)
    globals()[name] = found
    return found


__all__ = ["InjectedFault", "RunResult", "TaskResult", "Workbench", "materialize"]
