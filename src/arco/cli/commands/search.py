"""`arco search`: find anything in the catalog by words, and see where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from arco.access.callers import local_owner
from arco.cli.options import at_option, json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, print_json, table
from arco.cli.where import Where, where_option
from arco.engine.past import Past
from arco.service.past import past_at
from arco.service.search.documents import KINDS
from arco.service.search.hits import Fit, Fragment, SearchHit
from arco.service.search.searching import LIMIT_MAX, Lookup
from arco.wire.search import SearchAnswer

HEADINGS = ("name", "kind", "owner", "found in")
SHOWN_MAX = 3
LIKE = (Fit.LIKE_NAME, Fit.LIKE_OTHER)
EPILOG = """\b
Examples:
  arco search flights
  arco search "dep delay" --kind table
  arco search --tag pii=high --namespace mart
  arco search orders --fresh-since 7d --owner ann
  arco search orders --json | jq -r '.hits[].full_name'
"""


@click.command("search", epilog=EPILOG)
@click.argument("words", nargs=-1)
@click.option("--kind", default="", metavar="KIND,..", help=f"Only these: {', '.join(KINDS)}.")
@click.option("--tag", default="", metavar="TAG[=VALUE],..", help="Only what has all of these.")
@click.option("--owner", default="", metavar="OWNER,..", help="Only what one of these owns.")
@click.option(
    "--namespace", default="", metavar="NAME", help="Only in this namespace or catalog, any depth."
)
@click.option(
    "--fresh-since",
    default="",
    metavar="DAY",
    help="Only tables with data of this day (2026-03-01) or later, or so long ago (7d).",
)
@click.option(
    "--limit",
    type=click.IntRange(1, LIMIT_MAX),
    default=20,
    show_default=True,
    help="How many at most.",
)
@at_option
@where_option
@json_option
def command(
    words: tuple[str, ...],
    limit: int,
    moment: str,
    where: Where,
    as_json: bool,
    **filters: str,
) -> None:
    """Find catalogs, namespaces, tables, views, volumes, functions and assets by WORDS.

    Words of names, columns, tags, owners, comments and descriptions, or how words begin; all of
    them must fit. A word that nothing has is taken for one that is a slip away.
    """
    text = " ".join(words)
    client = where.client(moment)
    if client is not None:
        found = client.search(text, limit=limit, **filters)
    else:
        found = run_to_end(
            _found(_lookup(text, limit, filters=filters), moment, directory=where.directory)
        )
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(told(found)))


def _lookup(text: str, limit: int, *, filters: dict[str, str]) -> Lookup:
    return Lookup(
        text=text,
        kinds=filters["kind"],
        tags=filters["tag"],
        owners=filters["owner"],
        namespace=filters["namespace"],
        fresh_since=filters["fresh_since"],
        limit=limit,
    )


async def _found(lookup: Lookup, moment: str, *, directory: Path | None) -> SearchAnswer:
    async with reading(directory) as workspace:
        scope = workspace.settings.scope
        past: Past | None = await past_at(workspace, moment) if moment else None
        caller = local_owner(scope.tenant, scope.workspace)
        found = await workspace.search.asked(lookup, caller, view=lambda state: state, past=past)
        return SearchAnswer(hits=found.hits, total=found.total)


def told(found: SearchAnswer) -> Iterator[str]:
    """The lines that say what was found, best first."""
    if not found.hits:
        yield "nothing has all of these words; try fewer, or how one begins"
        return
    yield table(HEADINGS, [_cells(hit) for hit in found.hits])
    if any(hit.fit in LIKE for hit in found.hits):
        yield "nothing is spelled so: these come close"
    more = found.total - len(found.hits)
    if more > 0:
        yield f"… {counted(more, 'more object')}: narrow it down, or see --limit"


def _cells(hit: SearchHit) -> tuple[Any, ...]:
    return hit.full_name, hit.kind, hit.owner, "; ".join(map(_marked, hit.fragments[:SHOWN_MAX]))


def _marked(fragment: Fragment) -> str:
    """The fragment on one line, its words marked as `[word]`."""
    text, at, pieces = fragment.text, 0, []
    for start, end in fragment.spans:
        pieces += [text[at:start], "[", text[start:end], "]"]
        at = end
    line = " ".join("".join([*pieces, text[at:]]).split())
    return line if fragment.field == "name" else f"{fragment.field.replace('_', ' ')} {line}"


__all__ = ["command", "told"]
