"""What functions receive besides data: settings with their secrets, and resources while they live.

Law: secrets are looked up here, in the worker, and nowhere else; what was opened is closed, in the
reverse order, when its task or its worker ends. Must not know the store or the run.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from arco.errors import Invalid
from arco.sdk.configuration import (
    Asked,
    configured,
    fields_of,
    from_variables,
    is_settings,
    resolver,
)
from arco.sdk.declarations import Function, ResourceDeclaration
from arco.sdk.parameters import annotations_of, names_of
from arco.sdk.setting_schemas import settings_names
from arco.sdk.supplies import Config, Resources

NOTHING: Config = MappingProxyType({})


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
        self._own: Config = NOTHING

    @contextmanager
    def task(self, own: Config = NOTHING) -> Iterator[None]:
        """Resources of one task are closed at the end of the block; its run's own settings hold
        inside.
        """
        self._task = held = Held()
        self._own = own
        try:
            with held.stack:
                yield
        finally:
            self._own = NOTHING

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
        given = name in self._config or name in self._own
        given = given or bool(from_variables(name, self._environment))
        return given or parameter.default is parameter.empty

    def _settings(self, settings: type, asked: Asked) -> Any:
        table, own = self._config.get(asked.section, {}), self._own.get(asked.section, {})
        if isinstance(table, settings):
            if not own:
                return table
            table = {each.name: getattr(table, each.name) for each in fields_of(settings)}
        given = {**table, **from_variables(asked.section, self._environment), **own}
        return configured(settings, asked, given=given, resolve=self._resolve)

    def _resource(self, declaration: ResourceDeclaration) -> Any:
        # What is made with the settings of one run is not for the next.
        is_shared = declaration.per == "worker" and not self._reads_own(declaration)
        held = self._worker if is_shared else self._task
        if declaration.name not in held.values:
            held.values[declaration.name] = self._opened(declaration, held.stack)
        return held.values[declaration.name]

    def _reads_own(self, declaration: ResourceDeclaration) -> bool:
        names = settings_names((declaration.function,), self._resources) if self._own else set()
        return not names.isdisjoint(self._own)

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


__all__ = ["NOTHING", "Held", "Supplies"]
