"""What a function's result comes to, asset by asset: a staged table, a version, or nothing.

Law: of a function that makes several tables every one is spoken of, or the attempt failed. Must not
know how the result came about.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from arco.errors import Invalid
from arco.execution.checking import checks_of, unchecked
from arco.execution.protocol import Envelope
from arco.execution.versions import version_of
from arco.execution.workshops import Work
from arco.orchestration.outcomes import CURSOR, Completion, Made, Observation, Read
from arco.sdk.context import output_unknown
from arco.sdk.declarations import AssetDeclaration
from arco.sdk.tracebacks import relative

Parts: TypeAlias = Iterator[tuple[Any, Any, str]]
"""Name, table, and where that was said."""
END = object()
RETURNS = "return a dict of name -> table, or yield (name, table)"


def of_asset(
    work: Work, envelope: Envelope, *, result: object, metadata: Mapping[str, Any]
) -> Made:
    """What the result comes to for the asset of the envelope.

    Raises: Invalid for data that cannot be stored or does not fit the published schema.
    """
    shop, asset = work.shop, envelope.asset
    if asset.format == "none":
        version = version_of(result, work.fingerprint)
        return Made(asset=asset.key, observation=Observation(version, dict(metadata)))
    if result is None:
        said = Observation("", dict(metadata)) if metadata else None
        checks = tuple(map(unchecked, asset.checks))
        return Made(asset=asset.key, observation=said, checks=checks)
    tables = shop.tables()
    output = tables.stage_output(shop.store, envelope, result=result, metadata=metadata)
    found = checks_of(work, asset, data=lambda: tables.staged_dataset(shop.store, output))
    return Made(asset=asset.key, output=output, checks=tuple(found))


def completion_of(
    made: Made, *, reads: tuple[Read, ...], others: tuple[Made, ...] = ()
) -> Completion:
    """The answer of an attempt that made this for the asset of its task."""
    return Completion(
        output=made.output,
        observation=made.observation,
        checks=made.checks,
        reads=reads,
        others=others,
    )


def together(
    work: Work, declaration: AssetDeclaration, *, result: Any, reads: tuple[Read, ...]
) -> Completion:
    """What a function that makes several tables came to for those that are asked for; each is
    staged as soon as it is yielded.

    Raises: Invalid OUTPUTS_INVALID, OUTPUT_UNKNOWN, CURSOR_WITHOUT_OUTPUT.
    """
    asked = _asked(work)
    family = {each.output: asked.get(_key(work, each)) for each in declaration.family}
    seen: set[str] = set()
    made: dict[str, Made] = {}
    for name, table, where in _parts(work, declaration, result=result):
        if name not in family:
            raise output_unknown(name, family, where=where)
        if name in seen:
            raise _refused(f"output {name!r} is yielded twice{where}")
        seen.add(name)
        envelope = family[name]
        if envelope is not None:
            metadata = work.context.output_metadata(name)
            made[envelope.asset.key] = of_asset(work, envelope, result=table, metadata=metadata)
    missing = [name for name in family if name not in seen]
    if missing:
        said = f"output {missing[0]!r} is missing{_defined(work, declaration)}"
        raise _refused(said)
    is_kept = all(envelope.asset.format != "none" for envelope in asked.values())
    if is_kept and not any(each.output for each in made.values()):
        refuse_lost_cursor(work)
    own = made.pop(work.envelope.asset.key)
    return completion_of(own, reads=reads, others=tuple(made.values()))


def refuse_lost_cursor(work: Work) -> None:
    """Nothing, unless an attempt that returned no data moved its cursor.

    Raises: Invalid CURSOR_WITHOUT_OUTPUT.
    """
    moved = work.context.metadata.get(CURSOR)
    if moved != work.envelope.cursor:
        raise Invalid(
            "CURSOR_WITHOUT_OUTPUT",
            f"{work.envelope.asset.key} moved its cursor to {moved!r} and returned nothing",
            hint="a cursor moves with what is published: return the rows, or an empty table",
        )


def _asked(work: Work) -> dict[str, Envelope]:
    """Asset -> the envelope of an attempt at it alone."""
    own = msgspec.structs.replace(work.envelope, others=())
    others = {
        each.asset.key: msgspec.structs.replace(
            own, asset=each.asset, table_id=each.table_id, table_version=each.table_version
        )
        for each in work.envelope.others
    }
    return {own.asset.key: own, **others}


def _key(work: Work, declaration: AssetDeclaration) -> str:
    named = (key for key, each in work.shop.assets.items() if each is declaration)
    return next(named, "")


def _parts(work: Work, declaration: AssetDeclaration, *, result: Any) -> Parts:
    """What the function returned or yields, one table after the other."""
    if isinstance(result, Mapping):
        where = _defined(work, declaration)
        yield from ((name, table, where) for name, table in result.items())
        return
    if not inspect.isgenerator(result):
        said = f"the function returned {type(result).__name__}{_defined(work, declaration)}"
        raise _refused(said)
    while True:
        with work.shop.cancellation.window():
            part = next(result, END)
        if part is END:
            return
        line = result.gi_frame.f_lineno if result.gi_frame else 0
        where = f" ({relative(result.gi_code.co_filename, work.shop.project)}:{line})"
        if not isinstance(part, tuple) or len(part) != 2:
            said = f"the function yielded {type(part).__name__}{where}"
            raise _refused(said)
        yield *part, where


def _defined(work: Work, declaration: AssetDeclaration) -> str:
    source = declaration.source
    return f" ({relative(source.file, work.shop.project)}:{source.line})"


def _refused(message: str) -> Invalid:
    hint = f"{RETURNS}; None for a table that stays as it is"
    return Invalid("OUTPUTS_INVALID", message, hint=hint)


__all__ = ["completion_of", "of_asset", "refuse_lost_cursor", "together"]
