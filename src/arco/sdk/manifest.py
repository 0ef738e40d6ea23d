"""Compiling: what a project declares becomes one manifest, or every problem it has.

Law: the same declarations give the same bytes on any machine and hash seed; all problems are found
before any is reported. Must not know deployments or stores.
"""

from __future__ import annotations

import re
import sys
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from arco.orchestration.definitions import (
    AssetDefinition,
    CheckDefinition,
    CodeReference,
    DeclaredSource,
    Dependency,
    Manifest,
    RetryPolicy,
    SourceLine,
)
from arco.orchestration.partitions import (
    Partitions,
    dimensions,
    mapping_problem,
    own_mapping_problem,
    validate,
)
from arco.sdk.code_version import CodeVersions, sql_version, version_of
from arco.sdk.column_lineage import declared_sources
from arco.sdk.declarations import (
    AssetDeclaration,
    CheckDeclaration,
    Declaration,
    Function,
)
from arco.sdk.decorators import documentation
from arco.sdk.keeping import keeping_sentences, kind_of, own_sentences, reading_sentences
from arco.sdk.names import NameIndex, cycles
from arco.sdk.options import (
    PlainOptions,
    RetryOptions,
    milliseconds,
    plain_values,
    spelled,
    without_defaults,
)
from arco.sdk.parameters import is_input, names_of, parameters, unusable
from arco.sdk.problems import Problem, definitions_invalid, problem_at
from arco.sdk.project import Loaded, Project
from arco.sdk.setting_schemas import settings_names, settings_of, supplying
from arco.sdk.source import ProjectSource
from arco.sdk.supplies import Resources, resource_sentences, resources_of, settings_sentences
from arco.sdk.tracebacks import relative
from arco.sdk.upstreams import TableNames, upstreams_of

KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z")
CHECK_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
PARTITIONS = typing.get_args(Partitions)
NO_RESOURCES: Resources = MappingProxyType({})
KEY_RULE = "use namespace.name, each of lower-case letters, digits and _, starting with a letter"


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
        resources: Resources = NO_RESOURCES,
    ) -> None:
        self.problems: list[Problem] = []
        self._checking: dict[str, list[Function]] = {}
        self._project = project
        self._keys = keys
        self._resources = resources
        self._index = NameIndex(keys, resources)
        self._table_names = table_names
        self._versions = CodeVersions(ProjectSource(project.roots, sys.modules))

    def asset(self, key: str, checks: list[CheckDefinition]) -> AssetDefinition:
        """The definition of one asset; its problems are noted."""
        declaration = self._keys[key]
        options, elsewhere = declaration.options, declaration.elsewhere
        family = self._family(key)
        # Names mean the same for all that one function makes: what they mean for the first.
        found = upstreams_of(family[0], declaration, self._index, self._table_names)
        sentences = [*keeping_sentences(declaration, self._resources)]
        if key == family[0]:
            sentences += [*found.sentences, *self._supply_sentences(key, declaration)]
        for sentence in sentences:
            self._note(declaration, f"{key}: {sentence}")
        plain, functions = self._plain(key, declaration), self._functions(family, declaration)
        self._judge_partitions(key, declaration, plain=plain)
        wanted: dict[str, Any] = {
            "kind": kind_of(declaration),
            "sql": declaration.sql,
            "description": options.get("description") or documentation(declaration.function),
            "dependencies": found.dependencies,
            "partitions": options.get("partitions"),
            "checks": tuple(checks),
            "retry": self._retry(key, declaration),
            "settings": settings_of(functions, self._resources),
            "column_lineage": self._column_lineage(
                key, declaration, dependencies=found.dependencies
            ),
            "made_with": family if len(family) > 1 else (),
            **msgspec.structs.asdict(plain),
            **(msgspec.structs.asdict(elsewhere) if elsewhere else {}),
        }
        code = self._code(declaration.function, key, declaration=declaration)
        if plain.memoize and "code_version" not in options:
            code = self._of_everything(code, checks, functions=functions)
        return AssetDefinition(
            key=key,
            code=code,
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
                    self._checking.setdefault(key, []).append(each.function)
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
            for sentence in (*reading_sentences(asset, assets), *own_sentences(asset)):
                self._note(self._keys[asset.key], sentence)
            for each in asset.dependencies:
                own = each.upstream == asset.key
                wrong = (own_mapping_problem(each.mapping) if own else None) or mapping_problem(
                    each.mapping,
                    downstream=asset.partitions,
                    upstream=assets[each.upstream].partitions,
                )
                if wrong:
                    self._note(self._keys[asset.key], f"{asset.key} <- {each.upstream}: {wrong}")

    def _family(self, key: str) -> tuple[str, ...]:
        """What the asset's function makes of all that is declared, sorted."""
        members = {id(each) for each in self._keys[key].family}
        if not members:
            return (key,)
        found = (each for each, declared in self._keys.items() if id(declared) in members)
        return tuple(sorted(found))

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
            elsewhere = declaration.elsewhere if declaration else None
            sql = elsewhere.location if elsewhere else declaration.sql if declaration else ""
            return CodeReference("", key, given or sql_version(sql))
        version = given or self._versions.of(function)
        return CodeReference(function.__module__, function.__qualname__, version)

    def _functions(self, family: tuple[str, ...], declaration: AssetDeclaration) -> list[Function]:
        """What an attempt calls: its function, and the checks of all that this makes."""
        own = [declaration.function] if declaration.function else []
        return [*own, *(check for key in family for check in self._checking.get(key, ()))]

    def _of_everything(
        self, code: CodeReference, checks: list[CheckDefinition], *, functions: list[Function]
    ) -> CodeReference:
        """The code with all in its version that the project says of how the asset comes out."""
        resources = supplying(functions, self._resources)
        names = settings_names(functions, self._resources)
        given = {name: value for name, value in self._project.config.items() if name in names}
        lines = [code.version, *(check.code.version for check in checks)]
        lines += (self._versions.of(each.function) for each in resources)
        lines.append(msgspec.json.encode(given, enc_hook=repr, order="sorted").decode())
        return msgspec.structs.replace(code, version=version_of("\n".join(lines)))

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


__all__ = [
    "Compiler",
    "asset_keys",
    "compile_manifest",
    "key_of",
    "place",
]
