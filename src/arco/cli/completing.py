"""Names of objects for the shell, while somebody types one.

Law: nothing is changed, and whatever goes wrong completes nothing: a shell shows no errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias

import click

import arco
from arco.catalog.finding import DEFAULT_CATALOG
from arco.catalog.kinds import LEAVES, Found, Kind
from arco.cli.profiles import Target
from arco.cli.session import reading, run_to_end
from arco.cli.where import Where
from arco.service.objects import objects_behind

NAMES_MAX = 100
NAMESPACES_MAX = 10
EXAMINED_MAX = 2_000
SECONDS_MAX = 3.0
"""Somebody waits for the shell: a server that does not answer by then completes nothing."""
Listing: TypeAlias = Callable[..., Iterator[Any]]
"""Rows of a kind, where it stands in namespaces those of one `catalog` and `namespace`."""
Completer: TypeAlias = Callable[..., Sequence[str]]
"""Told the context, the parameter and what was begun."""


def names_of(kind: Kind) -> Completer:
    """What completes the name of an object of this kind, on the folder or server that was named."""

    def complete(context: click.Context, *asked: Any) -> Sequence[str]:
        begun: str = asked[-1]
        given = context.params
        where = Where(given.get("server") or "", given.get("directory"))
        with suppress(Exception, SystemExit):
            target = where.target()
            if target is None:
                return run_to_end(_names_here(where.directory, kind, begun=begun))
            return _names_there(target, kind, begun=begun)
        return ()

    return complete


def names_begun(listing: Listing, kind: Kind, *, begun: str) -> list[str]:
    """The names of this kind that begin so, as people say them. Cost: some thousand rows."""
    if kind not in LEAVES:
        return list(islice(_begun(kind, listing(kind), begun=begun), NAMES_MAX))
    home = begun.removeprefix(f"{DEFAULT_CATALOG}.")
    spaces = (row for row in listing(Kind.NAMESPACE) if _may_hold(row, home))
    found = (
        _begun(kind, listing(kind, catalog=row.catalog, namespace=row.name), begun=begun)
        for row in islice(spaces, NAMESPACES_MAX)
    )
    return list(islice(chain.from_iterable(found), NAMES_MAX))


def _begun(kind: Kind, rows: Iterator[Any], *, begun: str) -> Iterator[str]:
    for row in islice(rows, EXAMINED_MAX):
        full = Found(kind, row).full_name
        name = full.removeprefix(f"{DEFAULT_CATALOG}.")
        if name.startswith(begun):
            yield name
        elif full.startswith(begun):
            yield full


def _may_hold(namespace: Any, begun: str) -> bool:
    """Whether something that stands in the namespace itself may have a name that begins so."""
    inside = f"{Found(Kind.NAMESPACE, namespace).full_name.removeprefix(f'{DEFAULT_CATALOG}.')}."
    return inside.startswith(begun) or begun.startswith(inside)


def _names_there(target: Target, kind: Kind, *, begun: str) -> list[str]:
    with arco.Client(
        target.url, key=target.key, timeout_seconds=SECONDS_MAX, patience_seconds=SECONDS_MAX
    ) as client:
        return names_begun(lambda kind, **of: client.objects(kind).list(**of), kind, begun=begun)


async def _names_here(directory: Path | None, kind: Kind, *, begun: str) -> list[str]:
    async with reading(directory) as workspace:
        return await workspace.database.asked(
            lambda state: names_begun(
                lambda kind, **of: objects_behind(state, kind, after=None, **of), kind, begun=begun
            )
        )


__all__ = ["NAMES_MAX", "names_begun", "names_of"]
