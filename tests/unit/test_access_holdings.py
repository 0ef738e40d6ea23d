"""What somebody may know of, gathered bit by bit, and what makes it be gathered anew."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from arco.access.callers import Caller, Method
from arco.access.commands import (
    AddPrincipal,
    ChangeGrant,
    ChangeMember,
    add_member,
    add_principal,
    give_grant,
    remove_member,
    revoke_grant,
)
from arco.access.decisions import principals_of
from arco.access.privileges import Kind, Privilege
from arco.access.securables import WORKSPACE, Securable, column_of
from arco.catalog.commands import PublishedVersion, PublishVersions, publish_versions
from arco.catalog.events import PublishedColumn
from arco.engine.database import Database
from arco.model import Decision
from arco.runtime import AsyncioRuntime, run
from arco.service.authority import Authority
from arco.service.holdings import Holdings
from arco.service.views import View
from arco.service.visibility import Visible
from arco.service.workspace import DOMAINS
from arco.store.memory import MemoryStore

RUNTIME = AsyncioRuntime()
ANN = Caller(principal="user:ann", tenant="t", workspace="w", method=Method.KEY)
BOB = Caller(principal="user:bob", tenant="t", workspace="w", method=Method.KEY)
TABLES = tuple(f"t{number}" for number in range(9))
GIVEN = (
    *(Securable(Kind.TABLE, each) for each in TABLES[::2]),
    column_of("t1", "id"),
    Securable(Kind.TABLE, "gone"),
    Securable(Kind.CATALOG, "other"),
)


class Place:
    """A workspace with tables, and what one of its callers may know of."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.authority = Authority(database)

    async def decide(self, *decisions: Decision) -> None:
        for decision in decisions:
            await self.database.transact(decision)

    async def seen(self, caller: Caller = ANN) -> Visible | None:
        await self.authority.acquainted(caller)
        view = await self.database.asked(lambda state: self.authority.visible(state, caller))
        return view.visible if isinstance(view, View) else None


async def place() -> Place:
    database = await Database.open(MemoryStore(), RUNTIME, domains=DOMAINS, writer="test")
    found = Place(database)
    for name in (ANN.principal, BOB.principal, "group:team"):
        await found.decide(add_principal(AddPrincipal(principal=name)))
    await found.decide(published(TABLES), *(give(each) for each in GIVEN))
    return found


def published(names: Sequence[str], *, namespace: str = "sales") -> Decision:
    versions = tuple(
        PublishedVersion(
            table_id=name,
            namespace=namespace,
            name=name,
            version=1,
            columns=(PublishedColumn("id", "bigint"),),
            rows=0,
            size_bytes=0,
            files=0,
            location=f"warehouse/{name}",
        )
        for name in names
    )
    command = PublishVersions(versions=versions, mint=lambda name: name, run_id="", actor="")
    return lambda state, now: publish_versions(command, state, now=now)


def give(on: Securable, to: str = ANN.principal) -> Decision:
    return give_grant(ChangeGrant(securable=on, principal=to, privilege=Privilege.SELECT))


def take(on: Securable, of: str = ANN.principal) -> Decision:
    return revoke_grant(ChangeGrant(securable=on, principal=of, privilege=Privilege.SELECT))


@pytest.mark.parametrize("count", range(1, 12))
def test_bits_of_any_size_are_the_whole(count: int) -> None:
    async def main() -> None:
        state = (await place()).database.state
        whole, bits = (Holdings(principals_of(state, ANN)) for _ in range(2))
        assert whole.gather(state)
        while not bits.gather(state, count):
            pass
        assert (bits.objects, bits.tables) == (whole.objects, whole.tables)
        assert bits.names == whole.names
        assert len(whole.tables) == len(GIVEN) - 1
        assert list(whole.names.values()) == [["t0", "t1", "t2", "t4", "t6", "t8"]]

    run(main())


def test_who_holds_the_workspace_is_not_asked_what_else() -> None:
    async def main() -> None:
        here = await place()
        await here.decide(give(WORKSPACE))
        holdings = Holdings(principals_of(here.database.state, ANN))
        assert holdings.gather(here.database.state, 1)
        assert (holdings.objects, holdings.tables) == ({WORKSPACE}, set())
        assert await here.seen() is None

    run(main())


UNRELATED = {
    "a grant to another": give(Securable(Kind.TABLE, "t1"), to=BOB.principal),
    "a principal": add_principal(AddPrincipal(principal="user:eve")),
    "another's group": add_member(ChangeMember(group="group:team", member=BOB.principal)),
    "a table that it does not hold": published(["t3"]),
}
TELLING = {
    "a grant": (give(Securable(Kind.TABLE, "t3")), {"t3"}),
    "a revocation": (take(Securable(Kind.TABLE, "t0")), {"t0"}),
    "a group of it": (add_member(ChangeMember(group="group:team", member="user:ann")), {"t5"}),
    "a grant to everybody": (give(Securable(Kind.TABLE, "t7"), to="group:everyone"), {"t7"}),
}


@pytest.mark.parametrize("case", UNRELATED)
def test_what_tells_a_caller_nothing_leaves_what_it_knows(case: str) -> None:
    async def main() -> None:
        here = await place()
        before = await here.seen()
        await here.decide(UNRELATED[case])
        assert before is not None
        assert await here.seen() is before

    run(main())


@pytest.mark.parametrize("case", TELLING)
def test_what_tells_a_caller_something_counts_at_once(case: str) -> None:
    async def main() -> None:
        here = await place()
        await here.decide(give(Securable(Kind.TABLE, "t5"), to="group:team"))
        before, (decision, differing) = await here.seen(), TELLING[case]
        await here.decide(decision)
        after = await here.seen()
        assert before is not None
        assert after is not None
        assert before.tables ^ after.tables == differing

    run(main())


def test_leaving_a_group_hides_what_it_holds_at_once() -> None:
    async def main() -> None:
        here = await place()
        member = ChangeMember(group="group:team", member="user:ann")
        await here.decide(give(Securable(Kind.TABLE, "t5"), to="group:team"), add_member(member))
        before = await here.seen()
        await here.decide(remove_member(member))
        after = await here.seen()
        assert before is not None
        assert after is not None
        assert before.tables - after.tables == {"t5"}

    run(main())


def test_a_revocation_while_grants_are_gathered_counts() -> None:
    async def main() -> None:
        here = await place()
        state = here.database.state
        holdings = Holdings(principals_of(state, ANN))
        here.authority._gathering[("user:ann",)] = holdings
        while "t0" not in holdings.tables:
            holdings.gather(state, 1)
        await here.decide(take(Securable(Kind.TABLE, "t0")))
        seen = await here.seen()
        assert seen is not None
        assert "t0" not in seen.tables

    run(main())
