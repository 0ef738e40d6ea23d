"""One attempt: inputs, user code, staging, checks; the answer is always a completion.

Law: whatever user code does, short of ending the process, becomes a completion. Must not know the
stream the completion travels on.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from arco.errors import Invalid
from arco.execution import sql
from arco.execution.contexts import context_of
from arco.execution.failures import Cancelled, task_error
from arco.execution.judging import outcome_of
from arco.execution.protocol import Envelope, Input
from arco.execution.supplies import Supplies
from arco.execution.versions import version_of
from arco.orchestration.definitions import CheckDefinition, Format
from arco.orchestration.outcomes import (
    CURSOR,
    CheckResult,
    Completion,
    Observation,
    Output,
    Read,
)
from arco.runtime import run_anywhere
from arco.sdk.context import AssetContext, CheckOutcome
from arco.sdk.declarations import (
    AssetDeclaration,
    CheckDeclaration,
    Declaration,
    Function,
    SensorDeclaration,
)
from arco.sdk.manifest import asset_keys
from arco.sdk.names import NameIndex
from arco.sdk.parameters import CONTEXT, annotations_of, names_of
from arco.sdk.problems import definitions_invalid
from arco.sdk.project import Loaded
from arco.sdk.secrets import redacted
from arco.sdk.supplies import resources_of
from arco.sdk.tracebacks import last_user_line, user_message
from arco.store.port import Store

NOTHING: Mapping[str, str] = {}


class Tables(Protocol):
    """The data side of an attempt, `execution/tables.py`."""

    def open_input(self, store: Store, source: Input, *, annotation: object) -> Any: ...

    def input_dataset(self, store: Store, source: Input) -> Any: ...

    def stage_output(
        self, store: Store, envelope: Envelope, *, result: object, metadata: Mapping[str, Any]
    ) -> Output: ...

    def staged_dataset(self, store: Store, output: Output) -> Any: ...

    def as_annotated(self, dataset: Any, annotation: object) -> Any: ...

    def observed(self, location: str, format: Format) -> Any: ...

    def external_dataset(self, location: str, format: Format, *, version: str) -> Any: ...

    def fingerprint(self, value: object) -> str: ...


class Cancellation:
    """Whether the attempt should end, and whether it may be interrupted right now."""

    def __init__(self) -> None:
        self.requested = False
        self.interruptible = False

    def reset(self) -> None:
        """The next attempt starts without a request."""
        self.requested = False
        self.interruptible = False

    @contextmanager
    def window(self) -> Iterator[None]:
        """User code runs inside: a request raises `Cancelled` there.

        Raises: Cancelled at once when it was requested before.
        """
        self.interruptible = True
        try:
            if self.requested:
                raise Cancelled
            yield
        finally:
            self.interruptible = False


class Workshop(msgspec.Struct, frozen=True, eq=False):
    """Everything attempts share: the loaded project, the store, and the data side on demand."""

    project: Path
    namespace: str
    assets: Mapping[str, AssetDeclaration]
    checks: Mapping[tuple[str, str], Function]
    sensors: Mapping[str, Function]
    store: Store
    tables: Callable[[], Tables]
    cancellation: Cancellation
    supplies: Supplies


def workshop(
    loaded: Loaded,
    store: Store,
    *,
    tables: Callable[[], Tables],
    cancellation: Cancellation,
    environment: Mapping[str, str] = NOTHING,
) -> Workshop:
    """What a loaded project can execute; settings and secrets come from its `environment`, too.

    Raises: Invalid DEFINITIONS_INVALID when a module of the project cannot be imported.
    """
    if loaded.problems:
        raise definitions_invalid(loaded.problems)
    keys, _ = asset_keys(loaded)
    index = NameIndex(keys)
    checks: dict[tuple[str, str], Function] = {}
    for each in loaded.declarations:
        if isinstance(each, CheckDeclaration):
            key, _ = index.of_reference(each.asset, f"{loaded.project.namespace}.")
            checks[key, each.name] = each.function
    project = loaded.project
    supplies = Supplies(
        resources_of(loaded.declarations),
        project.config,
        environment=environment,
        folder=project.directory,
    )
    return Workshop(
        project=project.directory,
        namespace=project.namespace,
        assets=keys,
        checks=checks,
        sensors=sensors_of(loaded.declarations),
        store=store,
        tables=tables,
        cancellation=cancellation,
        supplies=supplies,
    )


def sensors_of(declarations: Iterable[Declaration]) -> dict[str, Function]:
    """Name -> function of every sensor."""
    sensors = (each for each in declarations if isinstance(each, SensorDeclaration))
    return {each.name: each.function for each in sensors}


class Work(msgspec.Struct, frozen=True, eq=False):
    """One attempt and what it works with."""

    shop: Workshop
    envelope: Envelope
    context: AssetContext

    @property
    def inputs(self) -> list[Input]:
        """What the attempt reads; a dependency without a parameter only orders."""
        return [each for each in self.envelope.inputs if each.parameter]

    def fingerprint(self, value: object) -> str:
        """The data version of a value that is a table. Raises: Invalid for what is none."""
        return self.shop.tables().fingerprint(value)


def attempt(shop: Workshop, envelope: Envelope) -> Completion:
    """How the attempt ended; never raises."""
    try:
        return perform(shop, envelope)
    except BaseException as error:
        return Completion(error=task_error(error, shop.project))


def perform(shop: Workshop, envelope: Envelope) -> Completion:
    """What the attempt read, staged and checked. Raises: what user code raised, or what refuses
    its result.
    """
    shop.cancellation.reset()
    declaration = shop.assets.get(envelope.asset.key)
    if declaration is None:
        raise Invalid(
            "ASSET_NOT_LOADED",
            f"the code this worker loaded declares no {envelope.asset.key}",
            hint="deploy the project again, so that the workers load what was deployed",
        )
    with shop.supplies.task(envelope.settings):
        return _made(Work(shop, envelope, context_of(envelope)), declaration.function)


def _made(work: Work, function: Function | None) -> Completion:
    shop, asset = work.shop, work.envelope.asset
    reads = tuple(map(read_of, work.inputs))
    if asset.kind == "external":
        return _observed(work, function)
    with shop.cancellation.window():
        result = _result(work, function)
    if asset.format == "none":
        return Completion(
            reads=reads, observation=_said(work, version_of(result, work.fingerprint))
        )
    if result is None:
        _refuse_lost_cursor(work)
        checks = tuple(map(_unchecked, asset.checks))
        said = _said(work, "") if work.context.metadata else None
        return Completion(reads=reads, checks=checks, observation=said)
    output = shop.tables().stage_output(
        shop.store, work.envelope, result=result, metadata=work.context.metadata
    )
    checks = tuple(_checks(work, lambda: shop.tables().staged_dataset(shop.store, output)))
    return Completion(output=output, reads=reads, checks=checks)


def _observed(work: Work, function: Function | None) -> Completion:
    """The version of data that somebody else writes, with the checks of what stands there."""
    shop, asset = work.shop, work.envelope.asset
    if function is not None:
        with shop.cancellation.window():
            version = version_of(_result(work, function), work.fingerprint)
    else:
        found = shop.tables().observed(asset.location, asset.format)
        version = found.data_version
        work.context.add_metadata(**found.facts)
    observation = _said(work, version)
    checks = _checks(
        work,
        lambda: shop.tables().external_dataset(asset.location, asset.format, version=version),
    )
    return Completion(observation=observation, checks=tuple(checks))


def _said(work: Work, version: str) -> Observation:
    return Observation(version, dict(work.context.metadata))


def _refuse_lost_cursor(work: Work) -> None:
    moved = work.context.metadata.get(CURSOR)
    if moved != work.envelope.cursor:
        raise Invalid(
            "CURSOR_WITHOUT_OUTPUT",
            f"{work.envelope.asset.key} moved its cursor to {moved!r} and returned nothing",
            hint="a cursor moves with what is published: return the rows, or an empty table",
        )


def read_of(source: Input) -> Read:
    """What the input really is: what this run staged where there is some, else the pinned data."""
    staged = {output.partition_key: output.data_version for output in source.staged}
    names = source.partition_keys or ("",)
    pinned = dict(zip(names, source.data_versions, strict=False))
    versions = tuple(staged.get(key, pinned.get(key, "")) for key in names)
    return Read(
        upstream=source.upstream,
        parameter=source.parameter,
        partition_keys=source.partition_keys,
        data_versions=versions if any(versions) else (),
        table_version=source.table_version,
    )


def _result(work: Work, function: Function | None) -> Any:
    if function is None:
        return _select(work)
    shop = work.shop
    annotations = annotations_of(function)
    arguments: dict[str, Any] = {}
    for each in work.inputs:
        wanted = annotations.get(each.parameter, inspect.Parameter.empty)
        arguments[each.parameter] = (
            None
            if _is_before_first(each, work.envelope)
            else shop.tables().open_input(shop.store, each, annotation=wanted)
        )
    arguments |= shop.supplies.arguments(function, work.envelope.asset.key)
    if CONTEXT in names_of(function):
        arguments[CONTEXT] = work.context
    return call(function, arguments)


def _is_before_first(source: Input, envelope: Envelope) -> bool:
    """Whether the first partition asks for the one before: an asset that reads itself is
    partitioned, so that no keys are no partitions.
    """
    return source.upstream == envelope.asset.key and not source.partition_keys


def _select(work: Work) -> Any:
    shop = work.shop
    if any(_is_before_first(each, work.envelope) for each in work.inputs):
        raise Invalid(
            "SQL_BEFORE_FIRST",
            f"{work.envelope.asset.key} reads its own earlier partitions and this is the first",
            hint="write the asset in Python: its parameter is None there",
        )
    data = {each.parameter: shop.tables().input_dataset(shop.store, each) for each in work.inputs}
    variables: dict[str, Any] = {**work.context.partition}
    window = work.context.partition_window
    if window:
        variables |= {"partition_start": window.start, "partition_end": window.end}
    return sql.select(work.envelope.asset.sql, data, variables=variables)


def _checks(work: Work, data: Callable[[], Any]) -> Iterator[CheckResult]:
    asset = work.envelope.asset
    for definition in asset.checks:
        function = work.shop.checks.get((asset.key, definition.name))
        if function is None:
            raise Invalid(
                "CHECK_NOT_LOADED",
                f"the code this worker loaded declares no check {definition.name}",
                hint="deploy the project again, so that the workers load what was deployed",
            )
        arguments = _check_arguments(work, function, data=data)
        yield _check(work.shop, definition, call=functools.partial(call, function, arguments))


def _check_arguments(work: Work, function: Function, *, data: Callable[[], Any]) -> dict[str, Any]:
    tables = work.shop.tables()
    annotations = annotations_of(function)
    arguments = work.shop.supplies.arguments(function, work.envelope.asset.key)
    for name, parameter in names_of(function).items():
        if name == CONTEXT:
            arguments[name] = work.context
        elif parameter.default is parameter.empty and name not in arguments:
            wanted = annotations.get(name, parameter.empty)
            arguments[name] = tables.as_annotated(data(), wanted)
    return arguments


def _check(shop: Workshop, definition: CheckDefinition, *, call: Callable[[], Any]) -> CheckResult:
    try:
        with shop.cancellation.window():
            outcome = outcome_of(call())
    except Exception as error:
        place = last_user_line(error, shop.project)
        where = f" ({place[0]}:{place[1]})" if place else ""
        outcome = CheckOutcome(False, f"{user_message(error)}{where}")
    return CheckResult(
        name=definition.name,
        passed=outcome.passed,
        blocking=definition.blocking,
        message=redacted(outcome.message),
        metadata=outcome.metadata,
    )


def _unchecked(definition: CheckDefinition) -> CheckResult:
    message = "the asset returned nothing, so there is no data to check"
    return CheckResult(definition.name, False, definition.blocking, message)


def call(function: Function, arguments: Mapping[str, Any]) -> Any:
    """The function's result; an `async def` runs to its end on a loop of its own."""
    result = function(**arguments)
    return run_anywhere(result) if inspect.iscoroutine(result) else result


__all__ = [
    "Cancellation",
    "Tables",
    "Work",
    "Workshop",
    "attempt",
    "call",
    "perform",
    "read_of",
    "sensors_of",
    "workshop",
]
