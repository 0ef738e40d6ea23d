"""The checks of an attempt's data, each with its result; whatever a check raises is a result, too.

Must not know how the data came about.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from arco.errors import Invalid
from arco.execution.judging import outcome_of
from arco.execution.workshops import Work, Workshop, call
from arco.orchestration.definitions import AssetDefinition, CheckDefinition
from arco.orchestration.outcomes import CheckResult
from arco.sdk.context import CheckOutcome
from arco.sdk.declarations import Function
from arco.sdk.parameters import CONTEXT, annotations_of, names_of
from arco.sdk.secrets import redacted
from arco.sdk.tracebacks import last_user_line, user_message


def checks_of(
    work: Work, asset: AssetDefinition, *, data: Callable[[], Any]
) -> Iterator[CheckResult]:
    """The result of each check of the asset's data.

    Raises: Invalid CHECK_NOT_LOADED.
    """
    for definition in asset.checks:
        function = work.shop.checks.get((asset.key, definition.name))
        if function is None:
            raise Invalid(
                "CHECK_NOT_LOADED",
                f"the code this worker loaded declares no check {definition.name}",
                hint="deploy the project again, so that the workers load what was deployed",
            )
        arguments = _check_arguments(work, function, asset=asset, data=data)
        yield _check(work.shop, definition, call=functools.partial(call, function, arguments))


def unchecked(definition: CheckDefinition) -> CheckResult:
    """The result of a check that has no data to look at."""
    message = "the asset returned nothing, so there is no data to check"
    return CheckResult(definition.name, False, definition.blocking, message)


def _check_arguments(
    work: Work, function: Function, *, asset: AssetDefinition, data: Callable[[], Any]
) -> dict[str, Any]:
    tables = work.shop.tables()
    annotations = annotations_of(function)
    arguments = work.shop.supplies.arguments(function, asset.key)
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


__all__ = ["checks_of", "unchecked"]
