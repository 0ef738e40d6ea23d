"""Commands that ask a server: the same answers as from an open store, through `arco.Client`.

The client is loaded with the first server that is named.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from arco.cli.live import LiveDisplay
from arco.cli.progress import Display, PlainDisplay, SilentDisplay
from arco.cli.telling import beginning, ending, remainder
from arco.cli.terminal import is_live
from arco.errors import NotFound
from arco.lineage.impact import Impact, Origins
from arco.lineage.walks import Walk
from arco.runtime import AsyncioRuntime
from arco.service.summaries import RunDetail
from arco.wire.lineage import LineageAnswer
from arco.wire.runs import TriggerRequest

if TYPE_CHECKING:
    from arco.client.client import Client

C = TypeVar("C")
T = TypeVar("T")
INTERRUPTED = 130


def perform(client: Client, request: TriggerRequest, *, as_json: bool) -> RunDetail | None:
    """The run that answers the request, followed to its end; None when everything is fresh."""

    def say(text: str) -> None:
        click.echo(text, err=as_json)

    triggered = client.runs.submit(request)
    if triggered.fresh:
        say("everything is fresh: nothing to run")
        return None
    say(beginning(client.runs.get(triggered.run_id), which=request.which))
    return followed(client, triggered.run_id, as_json=as_json)


def followed(client: Client, run_id: str, *, as_json: bool) -> RunDetail:
    """The run, shown on the way to its end, and told when it has ended."""
    detail = shown(client, run_id, as_json=as_json)
    click.echo(ending(detail), err=as_json)
    return detail


def shown(client: Client, run_id: str, *, as_json: bool) -> RunDetail:
    """The run, shown on the way to its end."""
    live: Callable[[], Display] = LiveDisplay if is_live() else PlainDisplay
    display = SilentDisplay if as_json else live
    try:
        return _followed(client, client.runs.get(run_id), display=display())
    except KeyboardInterrupt:
        click.echo(remainder(client.runs.get(run_id), again="", where=""), err=True)
        sys.exit(INTERRUPTED)


def cancelled(client: Client, run: str) -> RunDetail:
    """The run, once it has ended."""
    return client.runs.wait(client.runs.cancel(client.runs.get(run).run.run_id).run_id)


def walks(answer: LineageAnswer) -> tuple[Walk, Walk]:
    """Both walks that the answer tells."""
    up = Walk(answer.dataset, answer.upstream, answer.truncated)
    return up, Walk(answer.dataset, answer.downstream, answer.truncated)


def lineage_of(client: Client, name: str, *, hops: tuple[int, int]) -> LineageAnswer | Origins:
    """Edges around a table, or where a column comes from."""
    return _by_name(
        name,
        table=lambda dataset: client.lineage.walk(dataset, up=hops[0], down=hops[1], details=True),
        column=client.lineage.column_origins,
    )


def impact_of(client: Client, name: str, *, depth: int) -> Impact:
    """What depends on a table, or on a column."""
    return _by_name(
        name,
        table=lambda dataset: client.lineage.impact(dataset, depth=depth),
        column=lambda dataset, column: client.lineage.column_impact(dataset, column, depth=depth),
    )


def _followed(client: Client, detail: RunDetail, *, display: Display) -> RunDetail:
    runtime = AsyncioRuntime()
    try:
        for seen in client.runs.follow(detail.run.run_id):
            detail = seen
            display.show(detail, runtime.now())
        return detail
    finally:
        display.close()


def _by_name(name: str, *, table: Callable[[str], T], column: Callable[[str, str], C]) -> T | C:
    """What is asked of a table, or of the column of one, by whatever the name turns out to be."""
    try:
        return table(name)
    except NotFound:
        dataset, _, last = name.rpartition(".")
        if "." not in dataset:
            raise
    return column(dataset, last)


__all__ = [
    "cancelled",
    "followed",
    "impact_of",
    "lineage_of",
    "perform",
    "shown",
    "walks",
]
