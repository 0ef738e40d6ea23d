"""What functions receive besides data: settings with their secrets, and resources while they live.

Law: secrets are looked up here, in the worker, and nowhere else; what was opened is closed, in the
reverse order, when its task or its worker ends. Must not know the store or the run.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from arco.errors import Invalid
from arco.sdk.configuration import (
    Asked,
    configured,
    from_variables,
    is_settings,
    resolver,
)
from arco.sdk.declarations import Function, ResourceDeclaration
from arco.sdk.parameters import annotations_of, names_of
from arco.sdk.supplies import Config, Resources


class Held:
    """Resources that are open, and how to close them."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.stack = ExitStack()


class Supplies:
    """Settings and resources of one worker."""

    def __init__(
        self,
        resources: Resources,
        config: Config,
        *,
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        self._resources = resources
        self._config = config
        self._environment = environment
        self._resolve = resolver(environment, folder)
        self._worker = Held()
        self._task = Held()

    @contextmanager
    def task(self) -> Iterator[None]:
        """Resources of one task are closed at the end of the block."""
        self._task = held = Held()
        with held.stack:
            yield

    def close(self) -> None:
        """Resources of the worker are closed."""
        held, self._worker = self._worker, Held()
        held.stack.close()

    def arguments(self, function: Function, reader: str) -> dict[str, Any]:
        """Parameter -> settings or resource, of every parameter that receives one.

        Raises: Invalid CONFIG_INVALID; what a resource's function raises.
        """
        annotations = annotations_of(function)
        found: dict[str, Any] = {}
        for name, parameter in names_of(function).items():
            if name in self._resources:
                found[name] = self._resource(self._resources[name])
            elif is_settings(annotations.get(name)) and self._is_wanted(name, parameter):
                found[name] = self._settings(annotations[name], Asked(reader, name))
        return found

    def _is_wanted(self, name: str, parameter: inspect.Parameter) -> bool:
        """A default stands where nobody gives anything."""
        given = name in self._config or bool(from_variables(name, self._environment))
        return given or parameter.default is parameter.empty

    def _settings(self, settings: type, asked: Asked) -> Any:
        table = self._config.get(asked.section, {})
        if isinstance(table, settings):
            return table
        given = {**table, **from_variables(asked.section, self._environment)}
        return configured(settings, asked, given=given, resolve=self._resolve)

    def _resource(self, declaration: ResourceDeclaration) -> Any:
        held = self._worker if declaration.per == "worker" else self._task
        if declaration.name not in held.values:
            held.values[declaration.name] = self._opened(declaration, held.stack)
        return held.values[declaration.name]

    def _opened(self, declaration: ResourceDeclaration, stack: ExitStack) -> Any:
        function = declaration.function
        arguments = self.arguments(function, f"resource {declaration.name}")
        if inspect.isgeneratorfunction(function):
            return _yielded(function(**arguments), declaration, stack=stack)
        made = function(**arguments)
        if inspect.isawaitable(made):
            raise Invalid(
                "RESOURCE_ASYNC",
                f"resource {declaration.name} is an async function",
                hint="open it in a plain function; an async asset may await what it receives",
            )
        return made


def _yielded(running: Iterator[Any], declaration: ResourceDeclaration, *, stack: ExitStack) -> Any:
    """What the function yields; the rest of it runs when the stack is closed, whatever happened."""
    for made in running:
        stack.callback(next, running, None)
        return made
    raise Invalid(
        "RESOURCE_EMPTY",
        f"resource {declaration.name} yields nothing",
        hint="yield the resource once; what stands after the yield closes it",
    )


__all__ = ["Held", "Supplies"]
