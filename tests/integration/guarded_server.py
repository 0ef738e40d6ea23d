"""A server that asks everybody for credentials, with tables of two teams and people who may read
some of them.

`sales` is the team whose tables callers of the tests may know; `hr` is hidden from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from arco.access.callers import local_owner
from arco.access.commands import (
    AddPrincipal,
    ChangeMember,
    add_member,
    add_principal,
)
from arco.access.keys import NewKey, create_key
from arco.access.privileges import Privilege
from arco.catalog.commands import PublishedVersion, PublishVersions, publish_versions
from arco.catalog.events import PublishedColumn
from arco.engine.lanes.folder import Folder
from arco.ids import new_uuid7
from arco.model import Decision
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.definitions import (
    AssetDefinition,
    CodeReference,
    Dependency,
    Manifest,
    SourceLine,
)
from arco.orchestration.tables import ASSETS
from arco.service.granting import GrantWish, granting, revoking
from arco.store import keys
from tests.integration.api_server import Answer, Server, serving

DATA = {
    "sales.orders": {
        "id": [1, 2, 3, 4],
        "region": ["eu", "eu", "us", "us"],
        "amount": [10, 20, 30, 40],
        "email": ["a@x", "b@x", "c@x", "d@x"],
    },
    "sales.refunds": {"id": [1, 4], "amount": [5, 6]},
    "hr.people": {"id": [1, 2], "salary": [900_001, 900_002]},
}
UPSTREAMS = {"sales.refunds": ("sales.orders",), "hr.people": ("sales.orders",)}
TYPES = {"id": "bigint", "amount": "bigint", "salary": "bigint"}
OWNER = "user:olga"
PEOPLE = (OWNER, "user:ann", "user:bob", "group:analysts", "service:loader")
HIDDEN = ("hr.", "people", "salary", "900001")


class Guarded:
    """The server, and whoever asks it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.owner = ""
        self._made = 0

    def decide(self, decision: Decision) -> None:
        """What this machine's owner decides."""
        self.server.submit(self.server.workspace.database.transact(decision))

    def key(
        self, principal: str, *scopes: Privilege, days: float | None = None, key_id: str = ""
    ) -> str:
        """A key of the principal."""
        self._made += 1
        runtime = self.server.workspace.runtime
        made = NewKey(
            key_id=key_id or f"{self._made:016x}",
            secret=f"{runtime.entropy(256):064x}",
            principal=principal,
            scopes=scopes,
            expires_at=None if days is None else runtime.now() + timedelta(days=days),
        )
        self.decide(create_key(made))
        return made.text

    def grant(self, privilege: Privilege, on: str, *, to: str) -> None:
        """Given by this machine's owner."""
        self._wished(granting, GrantWish(privilege=privilege, on=on, principal=to))

    def revoke(self, privilege: Privilege, on: str, *, principal: str) -> None:
        """Taken by this machine's owner."""
        self._wished(revoking, GrantWish(privilege=privilege, on=on, principal=principal))

    def ask(
        self,
        key: str,
        route: tuple[str, str],
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to the holder of the key."""
        sent = {"Authorization": f"Bearer {key}", **(headers or {})}
        return self.server.ask(*route, body=body, headers=sent)

    def sql(self, key: str, sql: str, **parameters: Any) -> Answer:
        """The answer to a query of the holder of the key."""
        body = {"sql": sql, "parameters": parameters or None}
        return self.ask(key, ("POST", "/api/v1/query"), body=body)

    def rows(self, key: str, sql: str) -> Any:
        """The rows that the holder of the key reads."""
        answer = self.sql(key, sql)
        assert answer.status == 200, answer.body
        return answer.json()

    def table_id(self, name: str) -> str:
        """The id of an asset's table."""
        row = self.server.workspace.database.state.get(ASSETS, name)
        assert row is not None
        return row.table_id

    def fold(self) -> None:
        """What was recorded as facts is visible."""

        async def step() -> None:
            folder = Folder(self.server.workspace.database)
            while await folder.step():
                pass

        self.server.submit(step())

    def _wished(self, deciding: Any, wish: GrantWish) -> None:
        workspace = self.server.workspace
        scope = workspace.settings.scope
        owner = local_owner(scope.tenant, scope.workspace)
        self.decide(deciding(wish, caller=owner, authority=workspace.authority))


@contextmanager
def guarding(directory: Path, **settings: Any) -> Iterator[Guarded]:
    """The server, its people, its tables, and the key of the workspace's owner."""
    with serving(directory, authentication="required", **settings) as server:
        guarded = Guarded(server)
        for name in PEOPLE:
            guarded.decide(add_principal(AddPrincipal(principal=name)))
        guarded.decide(add_member(ChangeMember(group="group:analysts", member="user:bob")))
        guarded.grant(Privilege.OWN, "workspace", to=OWNER)
        guarded.owner = guarded.key(OWNER)
        publish_data(guarded)
        yield guarded


@contextmanager
def serving_too(guarded: Guarded, **settings: Any) -> Iterator[Guarded]:
    """Another server over the same store."""
    directory = guarded.server.workspace.settings.directory
    with serving(directory, authentication="required", **settings) as server:
        yield Guarded(server)


def publish_data(guarded: Guarded) -> None:
    """Assets of the two teams, and their tables with rows in them."""
    manifest = Manifest("shop", tuple(_asset(name) for name in DATA))
    guarded.decide(deploy(Deploy(deployment_id="deployment-1", manifest=manifest, entropy=7)))
    workspace = guarded.server.workspace
    for name, columns in DATA.items():
        folder = workspace.store.location(keys.warehouse(guarded.table_id(name)).rstrip("/"))
        Path(folder).mkdir(parents=True, exist_ok=True)
        write_deltalake(folder, pa.table(columns))
    versions = tuple(_version(guarded, name) for name in DATA)
    command = PublishVersions(
        versions=versions, mint=lambda name: new_uuid7(workspace.runtime), run_id="", actor=""
    )
    guarded.decide(lambda state, now: publish_versions(command, state, now=now))


def _version(guarded: Guarded, name: str) -> PublishedVersion:
    namespace, _, short = name.partition(".")
    columns = DATA[name]
    return PublishedVersion(
        table_id=guarded.table_id(name),
        namespace=namespace,
        name=short,
        version=0,
        columns=tuple(PublishedColumn(each, TYPES.get(each, "varchar")) for each in columns),
        rows=len(columns["id"]),
        size_bytes=1,
        files=1,
        location=keys.warehouse(guarded.table_id(name)),
    )


def _asset(name: str) -> AssetDefinition:
    return AssetDefinition(
        key=name,
        code=CodeReference("shop.assets", name.partition(".")[2], "sha256:1"),
        source=SourceLine("shop/assets.py", 1),
        dependencies=tuple(Dependency(each, "rows") for each in UPSTREAMS.get(name, ())),
    )


__all__ = [
    "DATA",
    "HIDDEN",
    "OWNER",
    "PEOPLE",
    "Guarded",
    "guarding",
    "publish_data",
    "serving_too",
]
