"""What every route works with: one workspace, its query workers, and how reads and their slot meet.

Law L4: an answer is made from state(N) for one N, and names it. Must not know HTTP routes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Generic, TypeAlias, TypeVar

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import Parameter

from arco.access.callers import Caller
from arco.model import State
from arco.query.pool import QueryPool
from arco.service.workspace import Workspace

SLOT_HEADER = "Arco-Slot"
PAGE_SIZE = 1000
PageSize: TypeAlias = Annotated[
    int, Parameter(ge=1, le=PAGE_SIZE, description="How many at most on one page.")
]
T = TypeVar("T")


class Session(msgspec.Struct, frozen=True, eq=False):
    """An open workspace as the API serves it."""

    workspace: Workspace
    queries: QueryPool
    version: str
    hosts: tuple[str, ...] = ()
    """`Host` values to answer besides the loopback names, such as `arco.example:8321`."""


class Seen(msgspec.Struct, Generic[T], frozen=True):
    """An answer and the slot it was read at."""

    value: T
    slot: int


Here: TypeAlias = NamedDependency[Session]


async def ask(session: Session, question: Callable[[State], T], *, caller: Caller) -> Seen[T]:
    """The answer at the newest slot, asked of the state without what the caller may not know of;
    `question` returns values, never a generator.

    Cost: 1 GET when this process knows the newest slot already.
    """
    database = session.workspace.database
    await database.refresh()
    visible = session.workspace.authority.visible
    return await database.asked(lambda state: Seen(question(visible(state, caller)), database.seq))


async def read(session: Session, question: Callable[[State], T], *, caller: Caller) -> Response[T]:
    """The answer as a response that names its slot."""
    seen = await ask(session, question, caller=caller)
    return answer(seen.value, seen.slot)


def answer(value: T, slot: int, *, status: int = 200) -> Response[T]:
    """The value as a response that names its slot."""
    return Response(value, status_code=status, headers={SLOT_HEADER: str(slot)})


__all__ = [
    "PAGE_SIZE",
    "SLOT_HEADER",
    "Here",
    "PageSize",
    "Seen",
    "Session",
    "answer",
    "ask",
    "read",
]
