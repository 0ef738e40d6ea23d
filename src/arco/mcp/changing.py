"""What an assistant may change, where it is let: each change is done once, however often asked.

Law: asked again with the same arguments, a tool changes nothing more. Must not know the protocol.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from arco.catalog.kinds import Kind
from arco.client.client import Client
from arco.mcp.tools import Described, KindName, Tool, Wish
from arco.wire.objects import PLURALS

Name = Annotated[str, Described(min_length=1, description="Such as `sales.orders`, or its id.")]
Column = Annotated[str, Described(description="A column of the table; empty: the object itself.")]


class TagWish(Wish, frozen=True, kw_only=True):
    """Arguments of `tag`."""

    name: Name
    tags: Annotated[
        dict[str, str | None],
        Described(description='Tags to set, such as {"layer": "gold"}; null removes one.'),
    ]
    kind: KindName = "table"
    column: Column = ""


class CommentWish(Wish, frozen=True, kw_only=True):
    """Arguments of `comment`."""

    name: Name
    comment: Annotated[str, Described(description="What it is; empty: nothing is said.")]
    kind: KindName = "table"
    column: Column = ""


class RunAssetsWish(Wish, frozen=True, kw_only=True):
    """Arguments of `run_assets`."""

    request_name: Annotated[
        str,
        Described(
            min_length=1,
            max_length=200,
            description="A name for this request, of your own: asked again with it, the same run "
            "answers.",
        ),
    ]
    selection: Annotated[
        tuple[str, ...],
        Described(description='Such as ["raw.orders+"]; none: every asset that is stale.'),
    ] = ()
    partition: Annotated[str, Described(description="Such as `2013-05`.")] = ""


def tagged(client: Client, wish: TagWish) -> Any:
    """Set and remove tags of an object, or of one column of a table; other tags stay."""
    body = {"tags": wish.tags, "column": wish.column}
    return client.ask("POST", f"{_place(wish.kind, wish.name)}/tags", body=body)


def commented(client: Client, wish: CommentWish) -> Any:
    """Say what an object, or one column of a table, is."""
    column = {"column_comments": {wish.column: wish.comment}}
    body = column if wish.column else {"comment": wish.comment}
    return client.ask("PATCH", _place(wish.kind, wish.name), body=body)


def started(client: Client, wish: RunAssetsWish) -> Any:
    """Start a run of assets that are missing or stale, and of nothing when everything is fresh;
    `show_run` tells how it goes."""
    triggered = client.runs.trigger(
        *wish.selection, partition=wish.partition, run_key=f"mcp:{wish.request_name}"
    )
    return {
        "run_id": triggered.run_id,
        "everything_is_fresh": triggered.fresh,
        "a_process_performs_runs": client.overview().led_by is not None,
    }


CHANGING = (
    Tool("tag", TagWish, tagged, writes=True),
    Tool("comment", CommentWish, commented, writes=True),
    Tool("run_assets", RunAssetsWish, started, writes=True),
)


def _place(kind: str, name: str) -> str:
    return f"/{PLURALS[Kind(kind)]}/{quote(name, safe='')}"


__all__ = ["CHANGING", "CommentWish", "RunAssetsWish", "TagWish", "commented", "started", "tagged"]
