"""Compiling in a process of its own: `python -m arco.execution.compile DIR` prints one object.

`{"manifest": ...}` with exit code 0, or `{"problems": [...]}` with exit code 1. What user code
prints goes to standard error. Must not know the control plane, which reads the answer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from arco.errors import Invalid
from arco.execution.compiled import Compiled
from arco.execution.parting import die_with_parent
from arco.execution.sql import table_names
from arco.orchestration.commands.conditions import condition_problems
from arco.orchestration.commands.freshness import freshness_problems
from arco.orchestration.commands.notifications import notifier_problems
from arco.orchestration.commands.schedules import schedule_problems
from arco.orchestration.commands.sensors import sensor_problems
from arco.sdk.conditioning import compile_conditions, compile_freshness
from arco.sdk.manifest import compile_manifest
from arco.sdk.notifying import compile_notifiers
from arco.sdk.problems import Problem, problem_at
from arco.sdk.project import find_project, load_project
from arco.sdk.scheduling import compile_schedules
from arco.sdk.sensors import compile_sensors

PROBLEMS_EXIT_CODE = 1


def compile_project(directory: Path) -> Compiled:
    """What the project declares, or everything that is wrong with it; imports user code."""
    try:
        project = find_project(directory)
        loaded = load_project(project)
        manifest = compile_manifest(loaded, table_names)
        schedules = compile_schedules(loaded)
        conditions = compile_conditions(loaded, manifest)
        freshness = compile_freshness(loaded)
        sensors = compile_sensors(loaded)
        notifiers = compile_notifiers(loaded)
        assets = {asset.key: asset for asset in manifest.assets}
        promised = {each.asset for each in freshness}
        judged = condition_problems(conditions, assets, promised=promised)
        found = [(each.source, why) for each, why in schedule_problems(schedules, assets)]
        found += ((each.source, why) for each, why in judged)
        found += ((each.source, why) for each, why in freshness_problems(freshness))
        found += ((each.source, why) for each, why in sensor_problems(sensors, assets))
        found += ((each.source, why) for each, why in notifier_problems(notifiers))
        wrong = tuple(problem_at(source, sentence) for source, sentence in found)
        if wrong:
            return Compiled(problems=wrong)
        return Compiled(
            manifest,
            schedules,
            conditions,
            freshness=freshness,
            sensors=sensors,
            notifiers=notifiers,
        )
    except Invalid as error:
        problems = error.details.get("problems") or [Problem(str(directory), 0, _spelled(error))]
        return Compiled(problems=tuple(problems))


def main(arguments: Sequence[str]) -> int:
    """Prints the answer for the directory in the first argument."""
    die_with_parent()
    answer = os.dup(1)
    os.dup2(2, 1)
    compiled = compile_project(Path(arguments[0]))
    with os.fdopen(answer, "wb") as stream:
        stream.write(msgspec.json.encode(compiled, order="sorted") + b"\n")
    return PROBLEMS_EXIT_CODE if compiled.problems else 0


def _spelled(error: Invalid) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

__all__ = ["compile_project", "main"]
