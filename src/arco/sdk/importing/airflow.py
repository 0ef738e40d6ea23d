"""Airflow DAGs as a plan: tasks, what they wait for, and when the DAG runs, read as syntax.

Law: nothing is imported or run; what only running could tell is a note. Each task becomes an asset
of the DAG's namespace. Must not know how assets are written.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import msgspec

from arco.sdk.importing.plan import (
    ImportPlan,
    PlannedAsset,
    PlannedSchedule,
    collisions,
    key_of,
)
from arco.sdk.importing.reading import (
    Module,
    arguments,
    called,
    functions,
    items,
    modules,
    text_of,
)

MAKERS = ("Operator", "Sensor")
CHAINS = frozenset({"chain", "cross_downstream"})


Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Decorated: TypeAlias = Mapping[str, Function]
"""The functions that `@task` makes tasks, by name."""


class Found(msgspec.Struct, eq=False):
    """What one DAG holds, as it is read."""

    name: str
    module: Module
    body: ast.AST
    given: dict[str, ast.expr]
    tasks: dict[str, ast.AST] = {}
    """Task -> where it is declared."""
    variables: dict[str, str] = {}
    """Variable or function -> the task it stands for."""
    edges: set[tuple[str, str]] = set()
    """(task, the task that waits for it)."""


def airflow_plan(path: Path) -> ImportPlan:
    """What the DAGs at `path` would become. Raises: Invalid IMPORT_UNREADABLE."""
    read, notes = modules(path)
    assets: list[PlannedAsset] = []
    schedules: list[PlannedSchedule] = []
    for module in read:
        for dag in _dags(module):
            _gather(dag)
            assets += _assets(dag)
            schedule, note = _schedule(dag)
            schedules += [schedule] if schedule is not None else []
            notes += [note] if note else []
    ordered = tuple(sorted(assets, key=lambda each: each.key))
    if not assets:
        notes.append("no DAG was found: `with DAG(...)` and `@dag` are what is read")
    return ImportPlan(
        tool="airflow",
        assets=ordered,
        schedules=tuple(sorted(schedules, key=lambda each: each.name)),
        notes=(*notes, *collisions(ordered)),
    )


def _dags(module: Module) -> Iterator[Found]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.With):
            made = [each.context_expr for each in node.items if called(each.context_expr) == "DAG"]
            yield from (_found(module, node, call=call, name="") for call in made)
        elif isinstance(node, ast.FunctionDef):
            marks = [mark for mark in node.decorator_list if called(mark) == "dag"]
            yield from (_found(module, node, call=mark, name=node.name) for mark in marks)


def _found(module: Module, body: ast.AST, *, call: ast.expr, name: str) -> Found:
    given = dict(arguments(call))
    positional = text_of(call.args[0]) if isinstance(call, ast.Call) and call.args else None
    line = module.place(body).line
    named = text_of(given.get("dag_id")) or positional or name or f"dag_{line}"
    return Found(named, module, body, given)


def _gather(dag: Found) -> None:
    """The tasks of the DAG, and what waits for what."""
    decorated: Decorated = {
        function.name: function
        for function in functions(dag.module.tree)
        if any(called(mark) == "task" or _is_task_of(mark) for mark in function.decorator_list)
    }
    for node in ast.walk(dag.body):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            _name(dag, node.targets, task=_task_of_call(dag, node.value, decorated=decorated))
    for node in ast.walk(dag.body):
        if isinstance(node, ast.Call):
            _task_of_call(dag, node, decorated=decorated)
    for node in ast.walk(dag.body):
        if isinstance(node, ast.BinOp):
            _shifted(dag, node, decorated=decorated)
        elif isinstance(node, ast.Call):
            _waits(dag, node, decorated=decorated)


def _name(dag: Found, targets: list[ast.expr], *, task: str) -> None:
    """The variables that stand for the task."""
    names = [each.id for each in targets if isinstance(each, ast.Name)]
    dag.variables.update({name: task for name in names if task})


def _is_task_of(mark: ast.expr) -> bool:
    """`@task.branch` and the like."""
    inner = mark.func if isinstance(mark, ast.Call) else mark
    return isinstance(inner, ast.Attribute) and called(inner.value) == "task"


def _task_of_call(dag: Found, node: ast.Call, *, decorated: Decorated) -> str:
    """The task that the call makes, which is noted; empty: it makes none."""
    name = called(node)
    if name in decorated and isinstance(node.func, ast.Name):
        dag.tasks.setdefault(name, decorated[name])
        return name
    if name.endswith(MAKERS):
        task = text_of(arguments(node).get("task_id")) or f"task_{node.lineno}"
        dag.tasks.setdefault(task, node)
        return task
    return ""


def _ends(dag: Found, node: ast.AST, *, decorated: Decorated) -> set[str]:
    """The tasks that an expression stands for; of `a >> b`, the right end."""
    if isinstance(node, ast.Name):
        return {dag.variables[node.id]} if node.id in dag.variables else set()
    if isinstance(node, ast.Call):
        task = _task_of_call(dag, node, decorated=decorated)
        return {task} if task else set()
    if isinstance(node, ast.BinOp):
        return _ends(dag, node.right, decorated=decorated)
    return {task for each in items(node) for task in _ends(dag, each, decorated=decorated)}


def _shifted(dag: Found, node: ast.BinOp, *, decorated: Decorated) -> None:
    left, right = (
        _ends(dag, node.left, decorated=decorated),
        _ends(dag, node.right, decorated=decorated),
    )
    if isinstance(node.op, ast.RShift):
        dag.edges |= {(up, down) for up in left for down in right}
    elif isinstance(node.op, ast.LShift):
        dag.edges |= {(up, down) for up in right for down in left}


def _waits(dag: Found, node: ast.Call, *, decorated: Decorated) -> None:
    """`a.set_downstream(b)`, `chain(a, b)`, and a task that receives another's result."""
    name = called(node)
    given = [_ends(dag, each, decorated=decorated) for each in node.args]
    if name in ("set_downstream", "set_upstream") and isinstance(node.func, ast.Attribute):
        own = _ends(dag, node.func.value, decorated=decorated)
        for others in given:
            pairs = {(up, down) for up in own for down in others}
            dag.edges |= pairs if name == "set_downstream" else {(b, a) for a, b in pairs}
    elif name in CHAINS:
        for before, after in pairwise(given):
            dag.edges |= {(up, down) for up in before for down in after}
    elif name in decorated:
        received = [
            *given,
            *(_ends(dag, each, decorated=decorated) for each in arguments(node).values()),
        ]
        dag.edges |= {(up, name) for ups in received for up in ups if up != name}


def _assets(dag: Found) -> Iterator[PlannedAsset]:
    keys = {task: key_of(dag.name, task) for task in dag.tasks}
    for task, node in dag.tasks.items():
        ups = {keys[up] for up, down in dag.edges if down == task and up in keys}
        docstring = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else ""
        yield PlannedAsset(
            key=keys[task],
            kind="python",
            origin=f"{dag.name}.{task}",
            upstreams=tuple(sorted(ups)),
            description=docstring or "",
            group=key_of(dag.name),
            source=dag.module.place(node),
        )


def _schedule(dag: Found) -> tuple[PlannedSchedule | None, str]:
    """The DAG's schedule; or why it has none here."""
    given = dag.given.get("schedule") or dag.given.get("schedule_interval")
    where = f"{dag.module.file}: {dag.name}"
    if given is None or (isinstance(given, ast.Constant) and given.value is None):
        return None, ""
    cron = text_of(given)
    if cron is None or cron == "@once":
        return None, f"{where}: its schedule is not a cron expression; a condition may say it"
    selection = (f"{key_of(dag.name)}.*",)
    return PlannedSchedule(name=key_of(dag.name), cron=cron, selection=selection), ""


__all__ = ["Decorated", "Found", "Function", "airflow_plan"]
