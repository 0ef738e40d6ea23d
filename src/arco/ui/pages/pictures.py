"""A picture that a task made, under an address of its own.

Law: a picture is no page of ours: it may style itself, and neither runs, nor loads, nor frames.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import msgspec
from litestar import Response

from arco.api.callers import CallerHere
from arco.api.session import Here, ask
from arco.errors import NotFound
from arco.model import State
from arco.service.metadata import KIND, given
from arco.ui.answering import page_at
from arco.ui.pages.task import Place, RunNamed, find_task
from arco.ui.pages.task_facts import PICTURES

ALONE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


class Picture(msgspec.Struct, frozen=True):
    """A picture as it is sent."""

    content: bytes
    media_type: str


@page_at("/runs/{run_id:str}/tasks/{place:str}/pictures/{number:str}")
async def show_picture(
    session: Here, caller: CallerHere, run_id: RunNamed, place: Place, number: Place
) -> Response[Any]:
    """One picture of a task's newest attempt."""
    seen = await ask(
        session, lambda state: picture(state, run_id, place=place, number=number), caller=caller
    )
    headers = {"Content-Security-Policy": ALONE}
    return Response(seen.value.content, media_type=seen.value.media_type, headers=headers)


def picture(state: State, run_id: str, *, place: str, number: str) -> Picture:
    """The picture among what the task said.

    Raises: NotFound RUN_NOT_FOUND, TASK_NOT_FOUND, ROUTE_NOT_FOUND.
    """
    said = list(given(find_task(state, run_id, place=place).metadata).values())
    is_there = number.isascii() and number.isdigit() and int(number) < len(said)
    fact = said[int(number)] if is_there else None
    if not isinstance(fact, dict) or fact.get(KIND) != "plot":
        raise _unknown()
    media_type, data = fact.get("media_type"), str(fact.get("data", ""))
    if media_type not in PICTURES:
        raise _unknown()
    try:
        content = data.encode() if media_type == PICTURES[0] else b64decode(data, validate=True)
    except ValueError:
        raise _unknown() from None
    return Picture(content, media_type)


def _unknown() -> NotFound:
    hint = "the page of the task shows its pictures"
    return NotFound("ROUTE_NOT_FOUND", "there is no such picture", hint=hint)


__all__ = ["Picture", "picture", "show_picture"]
