"""One attempt: inputs, user code, staging, checks; the answer is always a completion.

Law: whatever user code does, short of ending the process, becomes a completion. Must not know the
stream the completion travels on.
"""

from __future__ import annotations

import inspect
from typing import Any

from arco.errors import Invalid
from arco.execution import sql
from arco.execution.checking import checks_of
from arco.execution.contexts import context_of
from arco.execution.failures import task_error
from arco.execution.outputs import completion_of, of_asset, refuse_lost_cursor, together
from arco.execution.protocol import Envelope, Input
from arco.execution.versions import version_of
from arco.execution.workshops import Work, Workshop, call
from arco.orchestration.outcomes import (
    Completion,
    Observation,
    Read,
)
from arco.sdk.declarations import AssetDeclaration, Function
from arco.sdk.parameters import CONTEXT, annotations_of, names_of


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
    names = [each.output for each in declaration.family]
    work = Work(shop, envelope, context_of(envelope, outputs=names))
    with shop.supplies.task(envelope.settings):
        if declaration.family:
            return _made_together(work, declaration)
        return _made(work, declaration.function)


def _made_together(work: Work, declaration: AssetDeclaration) -> Completion:
    """Of one function every table that the envelope asks for."""
    with work.shop.cancellation.window():
        result = _result(work, declaration.function)
    return together(work, declaration, result=result, reads=tuple(map(read_of, work.inputs)))


def _made(work: Work, function: Function | None) -> Completion:
    shop, asset = work.shop, work.envelope.asset
    reads = tuple(map(read_of, work.inputs))
    if asset.kind == "external":
        return _observed(work, function)
    with shop.cancellation.window():
        result = _result(work, function)
    if result is None and asset.format != "none":
        refuse_lost_cursor(work)
    made = of_asset(work, work.envelope, result=result, metadata=work.context.metadata)
    return completion_of(made, reads=reads)


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
    observation = Observation(version, dict(work.context.metadata))
    checks = checks_of(
        work,
        asset,
        data=lambda: shop.tables().external_dataset(asset.location, asset.format, version=version),
    )
    return Completion(observation=observation, checks=tuple(checks))


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


__all__ = ["attempt", "perform", "read_of"]
