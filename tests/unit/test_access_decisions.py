"""Who may do what: given grants, owners and groups, when asked, then allowed and why."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arco.access.callers import Caller, Method, local_owner
from arco.access.commands import (
    AddPrincipal,
    ChangeGrant,
    ChangeMember,
    add_member,
    add_principal,
    disable_principal,
    give_grant,
    remove_member,
    remove_principal,
    revoke_grant,
)
from arco.access.decisions import Rule, decide, principals_of
from arco.access.domain import DOMAIN
from arco.access.privileges import GRANTABLE_ON, Kind, Privilege
from arco.access.securables import WORKSPACE, Chain, Link, Securable, column_of
from arco.access.tables import GRANTS, HELD_GRANTS, KEYS, MEMBERSHIPS
from arco.errors import ArcoError
from arco.testing.folding import MemoryState

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CATALOG = Securable(Kind.CATALOG, "c1")
NAMESPACE = Securable(Kind.NAMESPACE, "n1")
TABLE = Securable(Kind.TABLE, "t1")
CHAIN: Chain = tuple(Link(securable=each) for each in (TABLE, NAMESPACE, CATALOG, WORKSPACE))
PEOPLE = ("user:ann", "user:bob", "group:analysts", "group:all", "service:loader")


def ann(**given: object) -> Caller:
    values = {
        "principal": "user:ann",
        "tenant": "t",
        "workspace": "w",
        "method": Method.TOKEN,
        **given,
    }
    return Caller(**values)


@pytest.fixture
def state() -> MemoryState:
    state = MemoryState(DOMAIN)
    for name in PEOPLE:
        state.decide(add_principal(AddPrincipal(principal=name)), NOW)
    return state


def grant(securable: Securable, principal: str, *, privilege: Privilege) -> ChangeGrant:
    return ChangeGrant(securable=securable, principal=principal, privilege=privilege)


def give(state: MemoryState, securable: Securable, *, to: str, privilege: Privilege) -> None:
    state.decide(give_grant(grant(securable, to, privilege=privilege)), NOW)


def join(state: MemoryState, member: str, *, group: str) -> None:
    state.decide(add_member(ChangeMember(group=group, member=member)), NOW)


def allowed(state: MemoryState, privilege: Privilege, *, chain: Chain = CHAIN) -> bool:
    return decide(state, ann(), privilege=privilege, chain=chain).allowed


@pytest.mark.parametrize("privilege", list(Privilege))
def test_nothing_is_allowed_that_nobody_gave(state: MemoryState, privilege: Privilege) -> None:
    decision = decide(state, ann(), privilege=privilege, chain=CHAIN)
    assert not decision.allowed
    assert decision.rule is Rule.NOTHING


@pytest.mark.parametrize("privilege", list(Privilege))
def test_the_owner_of_the_machine_is_refused_nothing(
    state: MemoryState, privilege: Privilege
) -> None:
    decision = decide(state, local_owner("t", "w"), privilege=privilege, chain=CHAIN)
    assert decision.allowed
    assert decision.rule is Rule.LOCAL


@pytest.mark.parametrize("link", CHAIN, ids=lambda link: link.securable.kind.value)
def test_a_privilege_holds_for_what_stands_inside(state: MemoryState, link: Link) -> None:
    give(state, link.securable, to="user:ann", privilege=Privilege.SELECT)
    decision = decide(state, ann(), privilege=Privilege.SELECT, chain=CHAIN)
    assert decision.allowed
    assert (decision.rule, decision.holder) == (Rule.GRANT, "user:ann")
    assert decision.held_on == str(link.securable)
    assert not allowed(state, Privilege.MODIFY)


def test_a_privilege_on_a_table_says_nothing_about_its_namespace(state: MemoryState) -> None:
    give(state, TABLE, to="user:ann", privilege=Privilege.OWN)
    assert not allowed(state, Privilege.BROWSE, chain=CHAIN[1:])


@pytest.mark.parametrize("held", [each for each in Privilege if Kind.TABLE in GRANTABLE_ON[each]])
def test_whatever_is_held_includes_knowing_the_object(state: MemoryState, held: Privilege) -> None:
    give(state, TABLE, to="user:ann", privilege=held)
    assert allowed(state, Privilege.BROWSE)


def test_who_owns_an_object_may_do_everything_with_what_is_in_it(state: MemoryState) -> None:
    owned = (CHAIN[0], Link(securable=NAMESPACE, owner="group:analysts"), *CHAIN[2:])
    assert not allowed(state, Privilege.MODIFY, chain=owned)
    join(state, "user:ann", group="group:analysts")
    decision = decide(state, ann(), privilege=Privilege.MODIFY, chain=owned)
    assert (decision.rule, decision.holder) == (Rule.OWNER, "group:analysts")


def test_a_managing_principal_does_not_read_data(state: MemoryState) -> None:
    give(state, TABLE, to="user:ann", privilege=Privilege.MANAGE)
    assert allowed(state, Privilege.MANAGE)
    assert not allowed(state, Privilege.SELECT)


def test_who_reads_a_column_knows_the_table_and_reads_nothing_else(state: MemoryState) -> None:
    amount = column_of("t1", "amount")
    give(state, amount, to="user:ann", privilege=Privilege.SELECT)
    assert allowed(state, Privilege.SELECT, chain=(Link(securable=amount), *CHAIN))
    assert allowed(state, Privilege.BROWSE)
    assert not allowed(state, Privilege.SELECT)
    other = Link(securable=column_of("t1", "name"))
    assert not allowed(state, Privilege.SELECT, chain=(other, *CHAIN))
    beside = (Link(securable=Securable(Kind.TABLE, "t")), *CHAIN[1:])
    assert not allowed(state, Privilege.BROWSE, chain=beside)


def test_groups_hold_for_their_members_through_groups(state: MemoryState) -> None:
    join(state, "user:ann", group="group:analysts")
    join(state, "group:analysts", group="group:all")
    give(state, TABLE, to="group:all", privilege=Privilege.SELECT)
    assert decide(state, ann(), privilege=Privilege.SELECT, chain=CHAIN).holder == "group:all"
    state.decide(remove_member(ChangeMember(group="group:all", member="group:analysts")), NOW)
    assert not allowed(state, Privilege.SELECT)


def test_a_group_that_the_token_names_counts_like_one_kept_here(state: MemoryState) -> None:
    give(state, TABLE, to="group:analysts", privilege=Privilege.SELECT)
    caller = ann(groups=("group:analysts",))
    assert decide(state, caller, privilege=Privilege.SELECT, chain=CHAIN).allowed
    assert "group:everyone" in principals_of(state, caller)


def test_what_everyone_holds_everyone_holds(state: MemoryState) -> None:
    give(state, WORKSPACE, to="group:everyone", privilege=Privilege.BROWSE)
    assert allowed(state, Privilege.BROWSE)


@pytest.mark.parametrize(
    ("scopes", "privilege", "expected"),
    [
        ({Privilege.SELECT}, Privilege.SELECT, True),
        ({Privilege.SELECT}, Privilege.BROWSE, True),
        ({Privilege.SELECT}, Privilege.MODIFY, False),
        ({Privilege.OWN}, Privilege.MODIFY, True),
        (set(), Privilege.BROWSE, False),
    ],
)
def test_a_credential_is_limited_to_its_scopes(
    state: MemoryState, scopes: set[Privilege], *, privilege: Privilege, expected: bool
) -> None:
    give(state, WORKSPACE, to="user:ann", privilege=Privilege.OWN)
    caller = ann(scopes=frozenset(scopes))
    decision = decide(state, caller, privilege=privilege, chain=CHAIN)
    assert decision.allowed is expected
    assert expected or decision.rule is Rule.SCOPE


def test_a_revoked_grant_is_held_no_more(state: MemoryState) -> None:
    give(state, TABLE, to="user:ann", privilege=Privilege.SELECT)
    state.decide(revoke_grant(grant(TABLE, "user:ann", privilege=Privilege.SELECT)), NOW)
    assert not allowed(state, Privilege.SELECT)
    assert not list(state.range(HELD_GRANTS))


def test_a_removed_principal_leaves_nothing_to_one_of_its_name(state: MemoryState) -> None:
    join(state, "user:ann", group="group:analysts")
    give(state, TABLE, to="user:ann", privilege=Privilege.SELECT)
    state.decide(remove_principal("user:ann"), NOW)
    state.decide(add_principal(AddPrincipal(principal="user:ann")), NOW)
    assert not allowed(state, Privilege.SELECT)
    rows = [*state.range(GRANTS), *state.range(MEMBERSHIPS), *state.range(KEYS)]
    assert not rows


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (add_principal(AddPrincipal(principal="ann")), "PRINCIPAL_INVALID"),
        (add_principal(AddPrincipal(principal="user:a nn")), "PRINCIPAL_INVALID"),
        (add_principal(AddPrincipal(principal="user:")), "PRINCIPAL_INVALID"),
        (add_principal(AddPrincipal(principal="user:ann\n")), "PRINCIPAL_INVALID"),
        (add_principal(AddPrincipal(principal="role:ann")), "PRINCIPAL_INVALID"),
        (disable_principal("user:eve"), "PRINCIPAL_NOT_FOUND"),
        (give_grant(grant(TABLE, "user:eve", privilege=Privilege.SELECT)), "PRINCIPAL_NOT_FOUND"),
        (give_grant(grant(TABLE, "user:ann", privilege=Privilege.AUDIT)), "PRIVILEGE_MISPLACED"),
        (revoke_grant(grant(TABLE, "user:ann", privilege=Privilege.SELECT)), "GRANT_NOT_FOUND"),
        (add_member(ChangeMember(group="user:bob", member="user:ann")), "GROUP_INVALID"),
        (add_member(ChangeMember(group="group:everyone", member="user:ann")), "GROUP_INVALID"),
        (add_member(ChangeMember(group="group:all", member="group:all")), "GROUP_CYCLE"),
        (add_member(ChangeMember(group="group:analysts", member="group:all")), "GROUP_CYCLE"),
        (remove_member(ChangeMember(group="group:all", member="user:ann")), "MEMBER_NOT_FOUND"),
    ],
)
def test_what_makes_no_sense_is_refused(state: MemoryState, decision: object, *, code: str) -> None:
    join(state, "group:analysts", group="group:all")
    with pytest.raises(ArcoError) as refused:
        state.decide(decision, NOW)
    assert refused.value.code == code
    assert refused.value.hint
