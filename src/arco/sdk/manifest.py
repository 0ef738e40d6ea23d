"""Compiling: what a project declares becomes one manifest, or every problem it has.

Law: the same declarations give the same bytes on any machine and hash seed; all problems are found
before any is reported. Must not know deployments or stores.
"""

from __future__ import annotations

import re
import sys
import typing
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from arco.orchestration.definitions import (
    DEFAULT_EXECUTOR,
    AssetDefinition,
    CheckDefinition,
    CodeReference,
    DeclaredSource,
    Dependency,
    Executor,
    Manifest,
    RetryPolicy,
    SchemaPolicy,
    SourceLine,
    WriteMode,
)
from arco.orchestration.partitions import (
    Partitions,
    dimensions,
    mapping_problem,
    own_mapping_problem,
    validate,
)
from arco.sdk.code_version import CodeVersions, sql_version
from arco.sdk.column_lineage import declared_sources
from arco.sdk.declarations import (
    AssetDeclaration,
    AssetOptions,
    CheckDeclaration,
    Declaration,
    Function,
)
from arco.sdk.decorators import documentation
from arco.sdk.names import NameIndex, cycles
from arco.sdk.parameters import is_input, names_of, parameters, unusable
from arco.sdk.problems import Problem, definitions_invalid, problem_at
from arco.sdk.project import Loaded, Project
from arco.sdk.source import ProjectSource
from arco.sdk.supplies import resource_sentences, resources_of, settings_sentences
from arco.sdk.tracebacks import relative
from arco.sdk.upstreams import TableNames, upstreams_of

KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z")
CHECK_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
DURATION_MS_MAX = 30 * 86_400_000

PARTITIONS = typing.get_args(Partitions)
KEY_RULE = "use namespace.name, each of lower-case letters, digits and _, starting with a letter"
FIELD_DEFAULTS = {each.name: each.default for each in msgspec.structs.fields(AssetDefinition)}

Count = Annotated[int, msgspec.Meta(ge=1)]
PoolName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
PoolSlots = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Duration = Annotated[int, msgspec.Meta(ge=0, le=DURATION_MS_MAX)]


class PlainOptions(msgspec.Struct, frozen=True):
    """Options that are plain values, with what they may be."""

    executor: Executor = DEFAULT_EXECUTOR
    write_mode: WriteMode = "replace"
    merge_keys: tuple[str, ...] = ()
    schema_policy: SchemaPolicy = "evolve"
    timeout_ms: Annotated[int, msgspec.Meta(ge=1, le=DURATION_MS_MAX)] = 3_600_000
    priority: int = 0
    pools: dict[PoolName, PoolSlots] = {}
    memory_bytes: Count = 536_870_912
    cpu_millicores: Count = 1000
    tags: dict[str, str] = {}
    group: str = ""
    owners: tuple[str, ...] = ()
    partition_columns: dict[str, str] = {}


class RetryOptions(msgspec.Struct, frozen=True):
    """How `retries=` and its companions become a `RetryPolicy`."""

    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    delay_ms: Duration = 0
    backoff: Annotated[str, msgspec.Meta(pattern="^(constant|exponential)$")] = "constant"
    jitter_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


def asset_keys(loaded: Loaded) -> tuple[dict[str, AssetDeclaration], list[Problem]]:
    """Key -> declaration of each asset with a good key of its own; what is wrong with others."""
    project = loaded.project
    keys: dict[str, AssetDeclaration] = {}
    problems: list[Problem] = []
    for declaration in loaded.declarations:
        if not isinstance(declaration, AssetDeclaration):
            continue
        key = key_of(declaration, project)
        where = place(declaration, project)
        if not KEY.match(key):
            problems.append(problem_at(where, f"{key!r} is no asset key: {KEY_RULE}"))
        elif key in keys:
            first = place(keys[key], project)
            sentence = f"{key} is declared twice: first at {first.file}:{first.line}"
            problems.append(problem_at(where, sentence))
        else:
            keys[key] = declaration
    return keys, problems


def compile_manifest(loaded: Loaded, table_names: TableNames) -> Manifest:
    """Everything the project declares, assets sorted by key.

    Raises: Invalid DEFINITIONS_INVALID with all problems, each with its file and line.
    """
    if loaded.problems:
        raise definitions_invalid(loaded.problems)
    keys, problems = asset_keys(loaded)
    resources = resources_of(loaded.declarations)
    compiler = Compiler(loaded.project, keys, table_names, resources=resources)
    compiler.resources(loaded.declarations)
    checks = compiler.checks(loaded.declarations)
    assets = [compiler.asset(key, checks.get(key, [])) for key in sorted(keys)]
    compiler.relations({asset.key: asset for asset in assets})
    problems += compiler.problems
    if problems:
        raise definitions_invalid(problems)
    return Manifest(loaded.project.name, tuple(assets))


def key_of(declaration: AssetDeclaration, project: Project) -> str:
    """`namespace.name` as the options, the function and the project's default say."""
    options = declaration.options
    name = options.get("name") or (declaration.function.__name__ if declaration.function else "")
    return options.get("key") or f"{options.get('namespace') or project.namespace}.{name}"


def place(declaration: Declaration, project: Project) -> SourceLine:
    """Where the declaration stands, as seen from the project; a foreign file by its name."""
    file = relative(declaration.source.file, project.directory)
    return SourceLine(
        Path(file).name if Path(file).is_absolute() else file, declaration.source.line
    )


class Compiler:
    """One compile: it gathers problems while it turns declarations into definitions."""

    def __init__(
        self,
        project: Project,
        keys: Mapping[str, AssetDeclaration],
        table_names: TableNames,
        *,
        resources: Collection[str] = (),
    ) -> None:
        self.problems: list[Problem] = []
        self._project = project
        self._keys = keys
        self._resources = resources
        self._index = NameIndex(keys, resources)
        self._table_names = table_names
        self._versions = CodeVersions(ProjectSource(project.roots, sys.modules))

    def asset(self, key: str, checks: list[CheckDefinition]) -> AssetDefinition:
        """The definition of one asset; its problems are noted."""
        declaration = self._keys[key]
        options = declaration.options
        found = upstreams_of(key, declaration, self._index, self._table_names)
        for sentence in found.sentences:
            self._note(declaration, f"{key}: {sentence}")
        for sentence in self._supply_sentences(key, declaration):
            self._note(declaration, f"{key}: {sentence}")
        plain = self._plain(key, declaration)
        self._judge_partitions(key, declaration, plain=plain)
        wanted: dict[str, Any] = {
            "kind": "sql" if declaration.function is None else "python",
            "sql": declaration.sql,
            "description": options.get("description") or documentation(declaration.function),
            "dependencies": found.dependencies,
            "partitions": options.get("partitions"),
            "checks": tuple(checks),
            "retry": self._retry(key, declaration),
            "column_lineage": self._column_lineage(
                key, declaration, dependencies=found.dependencies
            ),
            **msgspec.structs.asdict(plain),
        }
        return AssetDefinition(
            key=key,
            code=self._code(declaration.function, key, declaration=declaration),
            source=place(declaration, self._project),
            **without_defaults(wanted),
        )

    def checks(self, declarations: tuple[Declaration, ...]) -> dict[str, list[CheckDefinition]]:
        """Asset key -> its checks, sorted by name."""
        found: dict[str, list[CheckDefinition]] = {}
        for each in declarations:
            if isinstance(each, CheckDeclaration):
                key, wrong = self._index.of_reference(each.asset, f"{self._project.namespace}.")
                if wrong:
                    self._note(each, f"check {each.name}: {wrong}")
                else:
                    self._add_check(each, key, found=found.setdefault(key, []))
        return {key: sorted(each, key=lambda one: one.name) for key, each in found.items()}

    def resources(self, declarations: tuple[Declaration, ...]) -> None:
        """Notes what is wrong with resources and their settings."""
        for each, sentence in resource_sentences(declarations, config=self._project.config):
            self._note(each, f"resource {each.name}: {sentence}")

    def relations(self, assets: Mapping[str, AssetDefinition]) -> None:
        """Notes cycles, and partitions that cannot be mapped."""
        for path in cycles(
            {
                key: [each.upstream for each in asset.dependencies if each.upstream != key]
                for key, asset in assets.items()
            }
        ):
            route = " -> ".join(path)
            self._note(self._keys[path[0]], f"{path[0]} waits for itself: {route}")
        if self.problems:
            return
        for asset in assets.values():
            for each in asset.dependencies:
                own = each.upstream == asset.key
                wrong = (own_mapping_problem(each.mapping) if own else None) or mapping_problem(
                    each.mapping,
                    downstream=asset.partitions,
                    upstream=assets[each.upstream].partitions,
                )
                if wrong:
                    self._note(self._keys[asset.key], f"{asset.key} <- {each.upstream}: {wrong}")

    def _add_check(self, each: CheckDeclaration, key: str, *, found: list[CheckDefinition]) -> None:
        given = parameters(each.function)
        wrong = [sentence for sentence in map(unusable, given) if sentence]
        wrong += settings_sentences(each.function, each.name, config=self._project.config)
        if sum(is_input(each.function, one, self._resources) for one in given) > 1:
            wrong.append("it receives the data of one asset, so it has one parameter and `context`")
        if not CHECK_NAME.match(each.name):
            wrong.append("its name is lower-case letters, digits and _, starting with a letter")
        if any(other.name == each.name for other in found):
            wrong.append(f"{key} has another check of this name")
        for sentence in wrong:
            self._note(each, f"check {each.name}: {sentence}")
        found.append(
            CheckDefinition(
                name=each.name,
                code=self._code(each.function, each.name, declaration=None),
                source=place(each, self._project),
                blocking=each.blocking,
                description=each.description,
            )
        )

    def _code(
        self, function: Function | None, key: str, *, declaration: AssetDeclaration | None
    ) -> CodeReference:
        given = declaration.options.get("code_version") if declaration else None
        if function is None:
            sql = declaration.sql if declaration else ""
            return CodeReference("", key, given or sql_version(sql))
        version = given or self._versions.of(function)
        return CodeReference(function.__module__, function.__qualname__, version)

    def _supply_sentences(self, key: str, declaration: AssetDeclaration) -> Iterator[str]:
        function = declaration.function
        if function is None:
            return
        yield from settings_sentences(function, key, config=self._project.config)
        for name in names_of(function):
            asset, wrong = self._index.of_name(name, key)
            if name in self._resources and not wrong:
                yield f"{name!r} is a resource and may mean {asset}: rename one of them"

    def _plain(self, key: str, declaration: AssetDeclaration) -> PlainOptions:
        given = {"executor": self._project.executor, **plain_values(declaration.options)}
        try:
            return msgspec.convert(given, PlainOptions)
        except msgspec.ValidationError as error:
            self._note(declaration, f"{key}: {spelled(error)}")
            return PlainOptions()

    def _column_lineage(
        self, key: str, declaration: AssetDeclaration, *, dependencies: tuple[Dependency, ...]
    ) -> tuple[DeclaredSource, ...]:
        declared = declared_sources(declaration.options.get("column_lineage", {}), dependencies)
        for sentence in declared.sentences:
            self._note(declaration, f"{key}: {sentence}")
        return declared.sources

    def _retry(self, key: str, declaration: AssetDeclaration) -> RetryPolicy:
        options = declaration.options
        retries = options.get("retries", 0)
        if isinstance(retries, RetryPolicy):
            return retries
        given = {
            "max_attempts": retries + 1 if isinstance(retries, int) else retries,
            "delay_ms": milliseconds(options.get("retry_delay_seconds", 0)),
            "backoff": options.get("retry_backoff", "constant"),
            "jitter_percent": options.get("retry_jitter_percent", 0),
        }
        try:
            msgspec.convert(given, RetryOptions)
            return msgspec.convert(given, RetryPolicy)
        except msgspec.ValidationError as error:
            self._note(declaration, f"{key}: retries: {spelled(error)}")
            return RetryPolicy()

    def _judge_partitions(
        self, key: str, declaration: AssetDeclaration, *, plain: PlainOptions
    ) -> None:
        partitions = declaration.options.get("partitions")
        if not isinstance(partitions, (*PARTITIONS, type(None))):
            sentence = f"{key}: partitions is {partitions!r}; use MonthlyPartitions(...) or another"
            self._note(declaration, sentence)
            return
        for sentence in validate(partitions) if partitions is not None else ():
            self._note(declaration, f"{key}: {sentence}")
        known = {each.dimension for each in dimensions(partitions)}
        for name in plain.partition_columns:
            if name not in known:
                have = ", ".join(sorted(known)) or "none"
                self._note(declaration, f"{key}: partition_columns names {name!r}; there is {have}")

    def _note(self, declaration: Declaration, sentence: str) -> None:
        self.problems.append(problem_at(place(declaration, self._project), sentence))


def plain_values(options: AssetOptions) -> dict[str, Any]:
    """The options that `PlainOptions` judges, with durations and tags in their stored form."""
    names = PlainOptions.__struct_fields__
    given: dict[str, Any] = {name: value for name, value in options.items() if name in names}
    if "timeout_seconds" in options:
        given["timeout_ms"] = milliseconds(options["timeout_seconds"])
    tags = given.get("tags", {})
    if isinstance(tags, list | tuple):
        tags = dict.fromkeys(tags, "")
    columns = given.get("partition_columns", {})
    sorted_maps = {"tags": tags, "partition_columns": columns, "pools": given.get("pools", {})}
    for name, mapping in sorted_maps.items():
        given[name] = dict(sorted(mapping.items())) if isinstance(mapping, Mapping) else mapping
    return given


def without_defaults(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something: the encoder would only leave out the default objects."""
    blank: tuple[Any, ...] = ({}, (), "", None)
    return {
        name: value
        for name, value in fields.items()
        if value != FIELD_DEFAULTS[name] and value not in blank
    }


def milliseconds(seconds: Any) -> Any:
    """Whole milliseconds of a number; anything else stays as it is and is refused by name."""
    return round(seconds * 1000) if isinstance(seconds, int | float) else seconds


def spelled(error: msgspec.ValidationError) -> str:
    """A validation error with the option first: `priority: Expected ...`."""
    sentence, _, where = str(error).partition(" - at `$")
    option = where.strip("`.").partition(".")[0].partition("[")[0]
    return f"{option.replace('_ms', '_seconds')}: {sentence}" if option else sentence


__all__ = [
    "Compiler",
    "PlainOptions",
    "RetryOptions",
    "asset_keys",
    "compile_manifest",
    "key_of",
    "milliseconds",
    "place",
    "plain_values",
    "spelled",
    "without_defaults",
]
