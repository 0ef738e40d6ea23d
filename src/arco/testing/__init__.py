"""What a project's tests use: `materialize`, `evaluate_sensor`, `Workbench`; the rest tries Arco.

Law: no process, file or waiting is needed. Each name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arco.testing.materializing import materialize
    from arco.testing.performing import InjectedFault
    from arco.testing.results import RunResult, TaskResult
    from arco.testing.sensing import SensorResult, evaluate_sensor
    from arco.testing.workbench import Workbench

_HOMES = {
    "InjectedFault": "arco.testing.performing",
    "RunResult": "arco.testing.results",
    "SensorResult": "arco.testing.sensing",
    "TaskResult": "arco.testing.results",
    "Workbench": "arco.testing.workbench",
    "evaluate_sensor": "arco.testing.sensing",
    "materialize": "arco.testing.materializing",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'arco.testing' has no attribute {name!r}")
    found = getattr(importlib.import_module(home), name)
    globals()[name] = found
    return found


__all__ = [
    "InjectedFault",
    "RunResult",
    "SensorResult",
    "TaskResult",
    "Workbench",
    "evaluate_sensor",
    "materialize",
]
