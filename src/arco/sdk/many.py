"""`@multi_asset`: one function that makes several tables, each an asset of its own.

Law: a decorated function stays the function it was. Must not know the project around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, Unpack, cast

from arco.errors import Invalid
from arco.sdk.declarations import (
    AssetDeclaration,
    AssetOptions,
    MultiAssetOptions,
    OutputOptions,
    attach,
    record,
)
from arco.sdk.decorators import refuse_unknown, where_of

F = TypeVar("F", bound=Callable[..., Any])


class Output:
    """One table of a function that makes several: `Output("lines", write_mode="append")`."""

    def __init__(self, name: str, /, **options: Unpack[OutputOptions]) -> None:
        """`name`: `name` or `namespace.name`; the function returns the table under it."""
        refuse_unknown("Output", options, allowed=OutputOptions)
        self.name = name
        self.options = options


def multi_asset(
    *, outputs: Sequence[Output | str], **options: Unpack[MultiAssetOptions]
) -> Callable[[F], F]:
    """Declares that one function makes several tables: `@multi_asset(outputs=["orders", "lines"])`.

    It returns a dict of name -> table, or yields `(name, table)`. All of them are made by one task
    and published together; what an `Output` says goes before what is said here for all.
    """
    refuse_unknown("multi_asset", options, allowed=MultiAssetOptions)
    declared = [_output(each) for each in outputs]
    names = [each.name for each in declared]
    if not names or len(set(names)) < len(names):
        raise Invalid(
            "OUTPUTS_INVALID",
            f"multi_asset() has outputs {names!r}",
            hint='name every table once: outputs=["orders", "lines"]',
        )

    def decorate(function: F) -> F:
        source = where_of(function)
        family: list[AssetDeclaration] = []
        for each in declared:
            declaration = AssetDeclaration(
                source=source,
                options=_options(each, options),
                function=function,
                output=each.name,
                family=family,
            )
            family.append(declaration)
            record(declaration)
            attach(function, declaration)
        return function

    return decorate


def _output(given: Any) -> Output:
    if isinstance(given, str):
        return Output(given)
    if isinstance(given, Output):
        return given
    raise Invalid(
        "OUTPUTS_INVALID",
        f"multi_asset() has the output {given!r}",
        hint='an output is a name or Output("name", ...)',
    )


def _options(output: Output, shared: Mapping[str, Any]) -> AssetOptions:
    named = {"key" if "." in output.name else "name": output.name}
    return cast(AssetOptions, {**shared, **output.options, **named})


__all__ = ["Output", "multi_asset"]
