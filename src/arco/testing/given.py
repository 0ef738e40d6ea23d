"""Which definitions a test works with: the assets it names, and data that stands in for others.

Law: a given input takes its asset's place, so that names, mappings and dependencies mean what they
mean in the project. Must not know runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.compute as pc

from arco.errors import Invalid
from arco.execution.sql import table_names
from arco.formats import arrow
from arco.formats.partition import column_values
from arco.orchestration.definitions import Manifest, ScheduleDefinition, SourceLine
from arco.sdk.configuration import is_settings
from arco.sdk.context import AssetContext
from arco.sdk.declarations import (
    AssetDeclaration,
    Declaration,
    ResourceDeclaration,
    declaration_of,
    declared_by,
)
from arco.sdk.manifest import compile_manifest, key_of
from arco.sdk.parameters import annotations_of
from arco.sdk.project import Loaded, Project, nearest_settings
from arco.sdk.scheduling import compile_schedules

NOTHING_KEPT = frozenset(
    {"inputs", "deps", "column_lineage", "write_mode", "schema_policy", "format"}
)
"""Options of an asset that do not hold for data that is given in its place."""


class Definitions(msgspec.Struct, frozen=True, eq=False):
    """What a test works with, as it was declared and as it is deployed."""

    loaded: Loaded
    manifest: Manifest
    schedules: tuple[ScheduleDefinition, ...]
    given: frozenset[str]
    """The assets whose data is given."""


def definitions_of(
    things: Iterable[Any], *, inputs: Mapping[Any, Any], supplies: Mapping[str, Any]
) -> Definitions:
    """The declarations among `things` (modules count as all they hold), an asset for each input,
    and a resource or settings for each supply.

    Raises: Invalid DEFINITIONS_INVALID, TEST_INPUT_UNKNOWN, PROJECT_INVALID.
    """
    declared = [each for thing in things for each in _declared(thing)]
    settings = {name for each in declared for name in _settings_of(each)}
    config = {name: value for name, value in supplies.items() if name in settings}
    declared = [each for each in declared if _is_kept(each, supplies)] + [
        handed(name, value) for name, value in supplies.items() if name not in settings
    ]
    project = _project(declared, config)
    stand_ins = [
        _stand_in(reference, value, declared=declared, project=project)
        for reference, value in inputs.items()
    ]
    replaced = {id(each.replaces) for each in stand_ins}
    kept = [each for each in declared if id(each) not in replaced]
    loaded = Loaded(project, (*kept, *stand_ins), ())
    manifest = _compiled(loaded)
    given = frozenset(key_of(each, project) for each in stand_ins)
    return Definitions(loaded, manifest, compile_schedules(loaded), given)


def key_in(reference: Any, project: Project) -> str:
    """The asset key that a string or a decorated function means."""
    declaration = declaration_of(reference)
    if isinstance(declaration, AssetDeclaration):
        return key_of(declaration, project)
    if isinstance(reference, str):
        return reference if "." in reference else f"{project.namespace}.{reference}"
    raise Invalid(
        "TEST_INPUT_UNKNOWN",
        f"{reference!r} names no asset",
        hint="use 'namespace.name' or the decorated function",
    )


def _compiled(loaded: Loaded) -> Manifest:
    try:
        return compile_manifest(loaded, table_names)
    except Invalid as error:
        error.hint = "mend the named lines; an upstream that is not tried comes as inputs={...}"
        raise


def _declared(thing: Any) -> tuple[Declaration, ...]:
    found = declared_by(thing)
    if not found:
        raise Invalid(
            "TEST_ASSET_UNKNOWN",
            f"{thing!r} is no asset, check, schedule or module of them",
            hint="put @asset above the function, or pass the data as inputs={...}",
        )
    return found


def _settings_of(declaration: Declaration) -> Iterator[str]:
    """The names under which a declaration's function receives settings."""
    function = getattr(declaration, "function", None)
    annotations = annotations_of(function) if function is not None else {}
    return (name for name, annotation in annotations.items() if is_settings(annotation))


def _is_kept(declaration: Declaration, supplies: Mapping[str, Any]) -> bool:
    return not isinstance(declaration, ResourceDeclaration) or declaration.name not in supplies


def handed(name: str, value: Any) -> ResourceDeclaration:
    """A resource that is there already."""
    return ResourceDeclaration(
        source=SourceLine("", 0), function=lambda: value, name=name, per="worker"
    )


def _project(declared: Iterable[Declaration], config: Mapping[str, Any]) -> Project:
    """Where the first declaration stands, with the settings that hold there."""
    files = (Path(each.source.file) for each in declared)
    folder = next((file.parent for file in files if file.is_file()), Path.cwd())
    directory, settings = nearest_settings(folder.resolve())
    whole = {**settings.config, **config}
    return Project(directory, settings.name or "test", settings.namespace, (), whole)


def _stand_in(
    reference: Any, value: Any, *, declared: Iterable[Declaration], project: Project
) -> AssetDeclaration:
    key = key_in(reference, project)
    known = [each for each in declared if isinstance(each, AssetDeclaration)]
    named = declaration_of(reference)
    before = next((each for each in known if key_of(each, project) == key), named)
    assert before is None or isinstance(before, AssetDeclaration)
    source = before.source if before else SourceLine(str(project.directory / "test"), 0)
    options: Any = dict(before.options) if before else {}
    for name in NOTHING_KEPT:
        options.pop(name, None)
    function = value if callable(value) else _giving(value, options.get("partition_columns", {}))
    return AssetDeclaration(
        source=source, options=options | {"key": key}, function=function, replaces=before
    )


def _giving(value: Any, columns: Mapping[str, str]) -> Callable[..., Any]:
    """An asset function that returns the value; of a partitioned asset, the partition's rows."""

    def given(context: AssetContext) -> Any:
        if not context.partition_key:
            return value
        table = arrow.to_arrow(value)
        for name, wanted in column_values(context.partition_key, columns).items():
            if name in table.column_names:
                table = table.filter(pc.equal(table.column(name), wanted))
        return table

    return given


__all__ = ["Definitions", "definitions_of", "handed", "key_in"]
