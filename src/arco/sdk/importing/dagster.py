"""Dagster definitions as a plan: assets, their inputs, checks and schedules, read as syntax.

Law: nothing is imported or run; what only running could tell is a note. Must not know how assets
are written.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from arco.sdk.importing.plan import (
    ImportPlan,
    PlannedAsset,
    PlannedCheck,
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

NAMESPACE = "main"
SUPPLIED = frozenset({"context", "config", "self"})
WITHOUT_COUNTERPART: Mapping[str, str] = {
    "multi_asset": "write an asset for each of its outputs",
    "graph_asset": "its ops become functions that one asset calls",
    "op": "ops become functions that assets call",
    "sensor": "sensors are declared anew",
    "asset_sensor": "`condition=on_upstream()` does what it does",
    "AutomationCondition": "`condition=` says it in the words of this tool",
}


def dagster_plan(path: Path) -> ImportPlan:
    """What the definitions at `path` would become. Raises: Invalid IMPORT_UNREADABLE."""
    found, notes = modules(path)
    named = {name: key for module in found for name, key in _names(module)}
    checks: dict[str, list[PlannedCheck]] = {}
    for module in found:
        for asset, check in _checks(module, named):
            checks.setdefault(asset, []).append(check)
    assets = [
        _asset(module, function, mark=mark, named=named, checks=checks)
        for module in found
        for function, mark in _marked(module, "asset")
    ]
    ordered = tuple(sorted(assets, key=lambda each: each.key))
    schedules = tuple(
        sorted((each for module in found for each in _schedules(module)), key=lambda s: s.name)
    )
    for module in found:
        notes += _left_out(module)
    notes += collisions(ordered)
    return ImportPlan(tool="dagster", assets=ordered, schedules=schedules, notes=tuple(notes))


def _marked(
    module: Module, name: str
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, ast.expr]]:
    """The functions below a decorator of the name, each with it."""
    for function in functions(module.tree):
        for mark in function.decorator_list:
            if called(mark) == name:
                yield function, mark


def _names(module: Module) -> Iterator[tuple[str, str]]:
    for function, mark in _marked(module, "asset"):
        yield function.name, _key(function.name, mark)


def _key(name: str, mark: ast.expr) -> str:
    given = arguments(mark)
    prefix = [text for each in items(given.get("key_prefix")) if (text := text_of(each))]
    prefix = prefix or [text for text in [text_of(given.get("key_prefix"))] if text]
    own = text_of(given.get("name")) or name
    whole = text_of(given.get("key"))
    parts = whole.split("/") if whole else [*prefix, own]
    return key_of(*(parts if len(parts) > 1 else (NAMESPACE, parts[0])))


def _asset(
    module: Module,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    *,
    mark: ast.expr,
    named: Mapping[str, str],
    checks: Mapping[str, list[PlannedCheck]],
) -> PlannedAsset:
    key = _key(function.name, mark)
    given = arguments(mark)
    inputs = [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]
    upstreams = {named[name] for name in inputs if name in named and name not in SUPPLIED}
    upstreams |= {
        named.get(name, key_of(*name.split("/")) if "/" in name else key_of(NAMESPACE, name))
        for each in items(given.get("deps"))
        if (name := text_of(each) or called(each))
    }
    return PlannedAsset(
        key=key,
        kind="python",
        origin=function.name,
        upstreams=tuple(sorted(upstreams - {key})),
        checks=tuple(sorted(checks.get(key, ()), key=lambda each: each.name)),
        description=text_of(given.get("description")) or ast.get_docstring(function) or "",
        group=text_of(given.get("group_name")) or "",
        source=module.place(function),
    )


def _checks(module: Module, named: Mapping[str, str]) -> Iterator[tuple[str, PlannedCheck]]:
    for function, mark in _marked(module, "asset_check"):
        given = arguments(mark)
        positional = mark.args[0] if isinstance(mark, ast.Call) and mark.args else None
        target = given.get("asset") or positional
        name = text_of(target) or (called(target) if target is not None else "")
        blocking = given.get("blocking")
        yield (
            named.get(name, key_of(NAMESPACE, name or "unknown")),
            PlannedCheck(
                name=key_of(text_of(given.get("name")) or function.name),
                what=ast.get_docstring(function) or "",
                blocking=isinstance(blocking, ast.Constant) and blocking.value is True,
            ),
        )


def _schedules(module: Module) -> Iterator[PlannedSchedule]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and called(node) in ("ScheduleDefinition", "schedule"):
            given = arguments(node)
            cron = text_of(given.get("cron_schedule"))
            if cron is not None:
                yield PlannedSchedule(
                    name=key_of(text_of(given.get("name")) or f"schedule_{node.lineno}"),
                    cron=cron,
                    timezone=text_of(given.get("execution_timezone")) or "UTC",
                )


def _left_out(module: Module) -> Iterator[str]:
    seen: set[str] = set()
    for node in ast.walk(module.tree):
        name = called(node) if isinstance(node, ast.Call | ast.Name | ast.Attribute) else ""
        if name in WITHOUT_COUNTERPART and name not in seen:
            seen.add(name)
            line = getattr(node, "lineno", 0)
            yield f"{module.file}:{line}: {name}: {WITHOUT_COUNTERPART[name]}"


__all__ = ["dagster_plan"]
