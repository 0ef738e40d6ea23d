"""Writing a golden history of access: principals, grants, filters, masks and keys."""

from __future__ import annotations

from datetime import timedelta

from arco.access.commands import (
    AddPrincipal,
    ChangeGrant,
    ChangeMember,
    add_member,
    add_principal,
    disable_principal,
    enable_principal,
    forget_securable,
    give_grant,
    remove_member,
    remove_principal,
    revoke_grant,
)
from arco.access.events import (
    ColumnMaskRemoved,
    ColumnMaskSet,
    RowFilterRemoved,
    RowFilterSet,
)
from arco.access.keys import NewKey, create_key, revoke_key, rotate_key
from arco.access.privileges import Kind, Privilege
from arco.access.refusals import RefusalsForgotten
from arco.access.securables import WORKSPACE, Securable, column_of
from arco.engine.database import Database
from arco.model import Decision, Event, Payload
from tests.golden.clocks import RepeatingRuntime

TABLE = Securable(Kind.TABLE, "t1")


async def story(database: Database, runtime: RepeatingRuntime) -> None:
    """Every event of access happens."""
    for decisions in (_people(), _grants(), _policies(), _keys(), _farewells()):
        runtime.wait(1)
        receipts = await runtime.gather(database.transact(each) for each in decisions)
        assert all(receipt.events for receipt in receipts)


def _people() -> list[Decision]:
    names = ("user:ann", "user:bob", "group:analysts", "group:all", "service:loader")
    added = [add_principal(AddPrincipal(principal=name, actor="user:local")) for name in names]
    described = AddPrincipal(principal="user:ann", description="Ann", actor="user:bob")
    return [
        *added,
        add_principal(described),
        add_member(ChangeMember(group="group:analysts", member="user:ann", actor="user:bob")),
        add_member(ChangeMember(group="group:all", member="group:analysts")),
        add_member(ChangeMember(group="group:all", member="user:bob")),
        remove_member(ChangeMember(group="group:all", member="user:bob")),
        disable_principal("user:bob"),
        enable_principal("user:bob"),
        disable_principal("service:loader"),
    ]


def _grants() -> list[Decision]:
    held = [
        _grant(WORKSPACE, "user:bob", privilege=Privilege.OWN),
        _grant(TABLE, "group:analysts", privilege=Privilege.SELECT),
        _grant(TABLE, "user:ann", privilege=Privilege.MODIFY),
        _grant(column_of("t1", "amount"), "user:ann", privilege=Privilege.SELECT),
        _grant(Securable(Kind.NAMESPACE, "n1"), "group:everyone", privilege=Privilege.BROWSE),
    ]
    return [*(give_grant(command) for command in held), revoke_grant(held[2])]


def _policies() -> list[Decision]:
    at = RepeatingRuntime("policies").now()
    exempt = ("group:analysts",)
    return [
        _event(RowFilterSet(table_id="t1", predicate="region = 'eu'", set_at=at, exempt=exempt)),
        _event(RowFilterSet(table_id="t2", predicate="true", set_at=at)),
        _event(RowFilterRemoved(table_id="t2")),
        _event(ColumnMaskSet(table_id="t1", column="name", expression="'***'", set_at=at)),
        _event(ColumnMaskSet(table_id="t1", column="mail", expression="NULL", set_at=at)),
        _event(ColumnMaskRemoved(table_id="t1", column="mail")),
    ]


def _keys() -> list[Decision]:
    return [
        create_key(_key(1, "user:ann", name="laptop", scopes=(Privilege.SELECT,))),
        create_key(_key(2, "service:loader")),
        rotate_key("0" * 15 + "1", _key(3, ""), overlap=timedelta(days=1)),
        revoke_key("0" * 15 + "2"),
    ]


def _farewells() -> list[Decision]:
    return [
        _event(RefusalsForgotten(through="0" * 26)),
        forget_securable(Securable(Kind.NAMESPACE, "n1")),
        give_grant(_grant(Securable(Kind.TABLE, "t2"), "user:ann", privilege=Privilege.SELECT)),
        remove_principal("user:ann", "user:bob"),
    ]


def _grant(securable: Securable, principal: str, *, privilege: Privilege) -> ChangeGrant:
    return ChangeGrant(
        securable=securable, principal=principal, privilege=privilege, actor="user:bob"
    )


def _key(
    number: int, principal: str, *, name: str = "", scopes: tuple[Privilege, ...] = ()
) -> NewKey:
    return NewKey(
        key_id=f"{number:016x}",
        secret=f"{number:064x}",
        principal=principal,
        name=name,
        scopes=scopes,
        actor="user:bob",
    )


def _event(payload: Payload) -> Decision:
    return lambda state, now: [Event(payload, "user:bob")]
