"""What attempts work with: the loaded project, the store, the data side, and one attempt's part.

Must not know what an attempt does with it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from arco.execution.failures import Cancelled
from arco.execution.protocol import Envelope, Input
from arco.execution.supplies import Supplies
from arco.orchestration.definitions import Format
from arco.orchestration.outcomes import (
    Output,
)
from arco.runtime import run_anywhere
from arco.sdk.context import AssetContext
from arco.sdk.declarations import (
    AssetDeclaration,
    CheckDeclaration,
    Declaration,
    Function,
    SensorDeclaration,
)
from arco.sdk.manifest import asset_keys
from arco.sdk.names import NameIndex
from arco.sdk.problems import definitions_invalid
from arco.sdk.project import Loaded
from arco.sdk.supplies import resources_of
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


def call(function: Function, arguments: Mapping[str, Any]) -> Any:
    """The function's result; an `async def` runs to its end on a loop of its own."""
    result = function(**arguments)
    return run_anywhere(result) if inspect.iscoroutine(result) else result


__all__ = ["Cancellation", "Tables", "Work", "Workshop", "call", "sensors_of", "workshop"]
