"""Assets: how much of each is there, what is stale, and the change at the root of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.assets import OfGroup, OfOwner, OfProject, WithTag
from arco.api.callers import CallerHere
from arco.api.paging import Cursor, page_of, read_cursor, write_cursor
from arco.api.session import Here, ask
from arco.catalog.finding import look_up
from arco.catalog.kinds import Kind
from arco.errors import NotFound
from arco.model import State
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.evaluations import CONDITIONS
from arco.orchestration.rows import Check
from arco.orchestration.tables import ASSETS
from arco.service.assets import AssetFilter, AssetStatus, asset_statuses
from arco.service.causes import Cause, stale_causes
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.pages.staleness import cause_told, made_of, standing
from arco.ui.pages.table_body import checks_grid
from arco.ui.pages.table_facts import newest_checks
from arco.ui.parts import (
    badge,
    code,
    facts,
    grid,
    link,
    links,
    moment,
    more,
    nothing,
    number,
    prose,
    section,
    span,
    tags,
)
from arco.ui.queries import filled

ROWS = 200
LIVE = "orchestration.assets,orchestration.partition_status"
LIST_SQL = """SELECT key, project, definition->>'$.group' AS "group",
  definition->>'$.description' AS description
FROM system.orchestration.assets WHERE NOT removed ORDER BY key"""
ONE_SQL = """SELECT partition_key, materialization->>'$.materialized_at' AS materialized_at,
  materialization->>'$.rows' AS rows, attempt->>'$.state' AS attempt
FROM system.orchestration.partition_status WHERE asset = {asset} ORDER BY partition_key"""
Name = Annotated[str, Parameter(max_length=4096)]


class Standing(msgspec.Struct, frozen=True):
    """How one asset stands, and why it is stale."""

    status: AssetStatus
    causes: tuple[Cause, ...] | None
    """Null: it has too many partitions to judge."""


class Assets(msgspec.Struct, frozen=True, kw_only=True):
    """A page of deployed assets."""

    assets: list[Standing]
    next_cursor: str
    only: AssetFilter


class OneAsset(msgspec.Struct, frozen=True, kw_only=True):
    """One deployed asset."""

    definition: AssetDefinition
    project: str
    standing: Standing
    has_table: bool
    """True once something of it was published."""
    has_condition: bool
    """True for one that is run by itself when something holds."""
    downstream: list[str]
    """The assets that depend on it directly."""
    checks: list[Check]


@page_at("/assets")
async def show_assets(
    session: Here,
    caller: CallerHere,
    request: Asked,
    cursor: Cursor = "",
    project: OfProject = "",
    group: OfGroup = "",
    owner: OfOwner = "",
    tag: WithTag = "",
) -> Response[Any]:
    """Deployed assets with their status."""
    only = AssetFilter(project=project, group=group, owner=owner, tag=tag)
    now = session.workspace.runtime.now()

    def look(state: State) -> Assets:
        asked = ("assets", *msgspec.structs.astuple(only))
        after = read_cursor(cursor, *asked, types=(str,))
        rows = state.range(ASSETS, after=after)
        page = page_of(rows, limit=ROWS, key=ASSETS.key_of, keep=only.keeps)
        statuses = asset_statuses(state, page.rows, now=now)
        causes = stale_causes(state, [row.key for row in page.rows], now=now)
        found = [
            Standing(each, None if causes is None else causes.get(each.key, ()))
            for each in statuses
        ]
        return Assets(assets=found, next_cursor=write_cursor(page.behind, *asked), only=only)

    seen = await ask(session, look, caller=caller)
    page = Page(title="Assets", section="Assets", sql=LIST_SQL, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_list_body)


@page_at("/assets/{name:str}")
async def show_asset(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """One asset: what makes it, how it stands, why it is stale."""
    key, now = plain_name(name), session.workspace.runtime.now()
    seen = await ask(session, lambda state: one_asset(state, key, now=now), caller=caller)
    sql = filled(ONE_SQL, asset=key)
    page = Page(title=key, section="Assets", sql=sql, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_asset_body)


def one_asset(state: State, key: str, *, now: datetime) -> OneAsset:
    """What is told of one asset.

    Raises: NotFound ASSET_UNKNOWN. Cost: linear in the deployed assets and in its partitions.
    """
    row = state.get(ASSETS, key)
    if row is None or row.removed:
        raise NotFound("ASSET_UNKNOWN", f"no asset {key!r} is deployed", hint="Assets lists them")
    causes = stale_causes(state, [key], now=now)
    condition = state.get(CONDITIONS, key)
    return OneAsset(
        definition=row.definition,
        project=row.project,
        standing=Standing(
            asset_statuses(state, [row], now=now)[0],
            None if causes is None else causes.get(key, ()),
        ),
        has_table=look_up(state, Kind.TABLE, name=key) is not None,
        has_condition=condition is not None and not condition.removed,
        downstream=[
            each.key
            for each in state.range(ASSETS)
            if not each.removed and key in {need.upstream for need in each.definition.dependencies}
        ],
        checks=newest_checks(state, key),
    )


def _list_body(found: Assets) -> Child:
    rows = map(_row, found.assets)
    heads = ("Asset", "Partitions", "State", "Because", "Made", "Rows", "Group")
    only = {name: getattr(found.only, name) for name in ("project", "group", "owner", "tag")}
    following = address("assets", **only, cursor=found.next_cursor)
    empty = (
        "No asset fits these filters."
        if any(only.values())
        else "Nothing is deployed yet: `arco dev` in a project deploys it."
    )
    ways = joined(link("Materialize what is stale…", "materialize"))
    return (
        _filters(only),
        section(
            f"{len(found.assets):,} assets",
            grid(heads, rows, empty=empty, numbers=(5,)),
            more(found.next_cursor, following),
            extra=ways,
            name="assets",
        ),
    )


def _filters(only: dict[str, str]) -> Html:
    fields = (
        tag("label", name.capitalize(), tag("input", name=name, value=value))
        for name, value in only.items()
    )
    return tag("form", *fields, tag("button", "Filter"), action="/assets", class_="filters")


def _row(each: Standing) -> tuple[Child, ...]:
    status = each.status
    return (
        link(status.key, "assets", status.key),
        made_of(status),
        state_of(status),
        [tag("div", cause_told(cause, status.key)) for cause in (each.causes or ())[:2]],
        moment(status.materialized_at),
        number(status.rows),
        status.group,
    )


def state_of(status: AssetStatus) -> Html:
    """The asset's state in a word."""
    if status.stale is None:
        return nothing()
    if not status.stale:
        return badge("FRESH")
    return badge("STALE" if status.materialized else "MISSING")


def _asset_body(page: OneAsset) -> Child:
    definition = page.definition
    needs = [each.upstream for each in definition.dependencies]
    others = [key for key in definition.made_with if key != definition.key]
    told: dict[str, Child] = {
        "Table": link(definition.key, "tables", definition.key) if page.has_table else "not yet",
        "Made from": links(dict.fromkeys(needs), "assets") if needs else "outside",
        "Made with": links(others, "assets") if others else nothing(),
        "Used by": links(page.downstream, "assets") if page.downstream else nothing(),
        "Project": page.project,
        "Kind": definition.kind,
        "Code": code(f"{definition.source.file}:{definition.source.line}"),
        "Group": definition.group or nothing(),
        "Owners": ", ".join(definition.owners) or nothing(),
        "Tags": tags(definition.tags),
        "Condition": link("what it says, and how it stands", "conditions", definition.key)
        if page.has_condition
        else nothing(),
        "Attempts": number(definition.retry.max_attempts),
        "Time limit": span(definition.timeout_ms / 1000),
        "Writes": definition.write_mode,
    }
    return (
        tag("p", prose(definition.description), class_="lead"),
        standing(page.standing.status, page.standing.causes),
        section("About", facts(told), extra=link("Lineage", "lineage", definition.key)),
        section("Checks", checks_grid(page.checks)),
        section("SQL", tag("pre", tag("code", definition.sql), tabindex=0))
        if definition.sql
        else None,
    )


__all__ = ["Assets", "OneAsset", "Standing", "one_asset", "show_asset", "show_assets", "state_of"]
