"""What the commands about access share: how privileges are spelled, and decisions of this machine's
owner.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from arco.access.callers import Caller, local_owner
from arco.access.privileges import Privilege
from arco.cli.session import reading, run_to_end
from arco.cli.where import Where
from arco.model import Decision, State
from arco.service.granting import GrantWish
from arco.service.workspace import Workspace

T = TypeVar("T")
PRIVILEGE = click.Choice([each.value for each in Privilege], case_sensitive=False)
on_option = click.option(
    "--on",
    required=True,
    metavar="OBJECT",
    help="workspace, catalog:main, namespace:sales, table:sales.orders, ...",
)


def owner_of(workspace: Workspace) -> Caller:
    """Whoever can write the store's files owns what is in them."""
    scope = workspace.settings.scope
    return local_owner(scope.tenant, scope.workspace)


def wish_of(privilege: str, on: str, *, principal: str) -> GrantWish:
    """The grant that a command line spells."""
    return GrantWish(privilege=Privilege(privilege.upper()), on=on, principal=principal)


def wished(where: Where, wish: GrantWish, *, deciding: Callable[..., Decision]) -> bool:
    """True when what is wished was otherwise before."""
    return run_to_end(_wished(where.directory, wish, deciding=deciding))


def decided(where: Where, decision: Decision) -> bool:
    """True when the decision changed something."""
    return run_to_end(_decided(where.directory, decision))


def answered(where: Where, question: Callable[[State, Caller], T]) -> T:
    """The answer of the newest state."""
    return run_to_end(_answered(where.directory, question))


async def _wished(
    directory: Path | None, wish: GrantWish, *, deciding: Callable[..., Decision]
) -> bool:
    async with reading(directory) as workspace:
        decision = deciding(wish, caller=owner_of(workspace), authority=workspace.authority)
        return bool((await workspace.database.transact(decision)).events)


async def _decided(directory: Path | None, decision: Decision) -> bool:
    async with reading(directory) as workspace:
        return bool((await workspace.database.transact(decision)).events)


async def _answered(directory: Path | None, question: Callable[[State, Caller], T]) -> T:
    async with reading(directory) as workspace:
        await workspace.database.refresh()
        caller = owner_of(workspace)
        return await workspace.database.asked(lambda state: question(state, caller))


__all__ = ["PRIVILEGE", "answered", "decided", "on_option", "owner_of", "wish_of", "wished"]
