"""The decorators users write: `@asset`, `@check`, `@sensor`, `@resource`, `sql_asset`, `schedule`.

Law: a decorated function stays the function it was, so that it is called and tested like any other.
Must not know the project around it.
"""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, Unpack, cast, overload

from arco.errors import Invalid
from arco.orchestration.definitions import Format, SourceLine
from arco.sdk.declarations import (
    MARK,
    AssetDeclaration,
    AssetOptions,
    CheckDeclaration,
    Elsewhere,
    ExternalOptions,
    Function,
    NotifierDeclaration,
    NotifierOptions,
    ResourceDeclaration,
    ScheduleDeclaration,
    ScheduleOptions,
    SensorDeclaration,
    SensorOptions,
    attach,
    record,
)

F = TypeVar("F", bound=Callable[..., Any])


@overload
def asset(function: F, /) -> F: ...


@overload
def asset(function: str = "", /, **options: Unpack[AssetOptions]) -> Callable[[F], F]: ...


def asset(function: Any = "", /, **options: Unpack[AssetOptions]) -> Any:
    """Declares that the function's result is a table: `@asset` or `@asset("namespace.name", ...)`.

    Parameters without a default name the upstream assets they receive; `context` receives an
    `AssetContext`.
    """
    if callable(function):
        return _declare_asset(function, options)
    if function:
        options["key"] = function
    refuse_unknown("asset", options)

    def decorate(decorated: F) -> F:
        return _declare_asset(decorated, options)

    return decorate


def sql_asset(key: str, /, sql: str, **options: Unpack[AssetOptions]) -> AssetDeclaration:
    """Declares that the rows of a SELECT are a table; the tables it names are its upstreams.

    A table is named plainly (`from raw.flights`) or in braces (`from {{raw.flights}}`).
    """
    refuse_unknown("sql_asset", options)
    options["key"] = key
    frame = sys._getframe(1)
    source = SourceLine(frame.f_code.co_filename, frame.f_lineno)
    declaration = AssetDeclaration(source=source, options=options, sql=sql)
    record(declaration)
    return declaration


def external_asset(
    key: str,
    /,
    *,
    location: str = "",
    format: Format = "delta",
    observe: Function | None = None,
    **options: Unpack[ExternalOptions],
) -> AssetDeclaration:
    """Declares data that somebody else writes: assets read it, and a run records its version.

    `location`: the folder of a Delta table, or of Parquet files with `format="parquet"`. `observe`:
    a function whose result says which version stands there, in place of the table's own.
    """
    refuse_unknown("external_asset", options, allowed=ExternalOptions)
    frame = sys._getframe(1)
    declaration = AssetDeclaration(
        source=SourceLine(frame.f_code.co_filename, frame.f_lineno),
        options=cast(AssetOptions, {**options, "key": key}),
        function=observe,
        elsewhere=Elsewhere(location, format if location else "none"),
    )
    record(declaration)
    return declaration


def check(
    asset: Any, *, blocking: bool = True, name: str = "", description: str = ""
) -> Callable[[F], F]:
    """Declares a test of the asset's staged data: `@check("staging.flights")`.

    The function receives the data of one partition and returns a bool, `(bool, message)` or a
    `CheckOutcome`.
    """

    def decorate(function: F) -> F:
        declaration = CheckDeclaration(
            source=where_of(function),
            function=function,
            asset=asset,
            name=name or function.__name__,
            blocking=blocking,
            description=description or documentation(function),
        )
        record(declaration)
        attach(function, declaration)
        return function

    return decorate


def schedule(cron: str, /, **options: Unpack[ScheduleOptions]) -> ScheduleDeclaration:
    """Declares when to run: `schedule("0 6 * * *", name="nightly", select="marts.*")`.

    As a decorator above `@asset` it runs that asset and is called like it:
    `@schedule("@hourly", timezone="Europe/Berlin")`.
    """
    refuse_unknown("schedule", options, allowed=ScheduleOptions)
    frame = sys._getframe(1)
    source = SourceLine(frame.f_code.co_filename, frame.f_lineno)
    declaration = ScheduleDeclaration(source=source, cron=cron, options=options)
    record(declaration)
    return declaration


def notify(name: str, /, **options: Unpack[NotifierOptions]) -> NotifierDeclaration:
    """Declares who is told what happened: `notify("ops", slack="env:SLACK_URL")`, or `webhook=`,
    `teams=`, `email=` with `smtp=` and `sender=`.

    `on=` names what is told: `run_failed`, `run_recovered`, `backfill_ended`, `freshness_missed`,
    `freshness_recovered`, `breach`, `breach_ended`; all of it by default.
    """
    refuse_unknown("notify", options, allowed=NotifierOptions)
    frame = sys._getframe(1)
    source = SourceLine(frame.f_code.co_filename, frame.f_lineno)
    declaration = NotifierDeclaration(source=source, name=name, options=options)
    record(declaration)
    return declaration


@overload
def sensor(function: F, /) -> F: ...


@overload
def sensor(**options: Unpack[SensorOptions]) -> Callable[[F], F]: ...


def sensor(function: Any = None, /, **options: Unpack[SensorOptions]) -> Any:
    """Declares that the function looks at the world outside and asks for runs: `@sensor`, or
    `@sensor(interval_seconds=60, select="raw.*")`.

    It receives a `SensorContext` as `context`, and returns or yields a `RunRequest` for every run,
    or a `SkipReason`. With `on="message"` it is asked once for every message that it is sent.
    """
    refuse_unknown("sensor", options, allowed=SensorOptions)

    def decorate(decorated: F) -> F:
        declaration = SensorDeclaration(
            source=where_of(decorated), function=decorated, options=options
        )
        record(declaration)
        attach(decorated, declaration)
        return decorated

    return decorate if function is None else decorate(function)


def resource(
    function: Any = None, /, *, per: Literal["task", "worker"] = "task", name: str = ""
) -> Any:
    """Declares what assets receive by a parameter of its name: a client, a connection, a folder.

    The function returns the resource, or yields it once and closes it after the `yield`. With
    `per="worker"` it is made once in each worker process. Its parameters are other resources and
    settings.
    """

    def decorate(decorated: F) -> F:
        declaration = ResourceDeclaration(
            source=where_of(decorated),
            function=decorated,
            name=name or decorated.__name__,
            per=per,
        )
        record(declaration)
        attach(decorated, declaration)
        return decorated

    return decorate if function is None else decorate(function)


def documentation(function: Function | None) -> str:
    """The function's docstring without its indentation."""
    return inspect.cleandoc(function.__doc__) if function and function.__doc__ else ""


def where_of(function: Function) -> SourceLine:
    """The line a function is defined at."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return SourceLine(code.co_filename, code.co_firstlineno) if code else SourceLine("", 0)


def refuse_unknown(
    decorator: str, options: Mapping[str, Any], *, allowed: type[Any] = AssetOptions
) -> None:
    """Nothing, when every option is one of the decorator's. Raises: Invalid OPTION_UNKNOWN."""
    known = allowed.__annotations__
    for name in options:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise Invalid(
                "OPTION_UNKNOWN",
                f"{decorator}() has no option {name!r}",
                hint=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}",
            )


def _declare_asset(function: F, options: AssetOptions) -> F:
    declaration = AssetDeclaration(source=where_of(function), options=options, function=function)
    record(declaration)
    setattr(function, MARK, declaration)
    return function


__all__ = [
    "asset",
    "check",
    "documentation",
    "external_asset",
    "notify",
    "refuse_unknown",
    "resource",
    "schedule",
    "sensor",
    "sql_asset",
    "where_of",
]
