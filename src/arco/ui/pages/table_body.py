"""How one table looks. Must not know how it was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from arco.catalog.tables import Column, SchemaVersion
from arco.lineage.walks import Step
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.partitions import display
from arco.orchestration.rows import Check
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.pages.access import grants_grid
from arco.ui.pages.listing import run_link
from arco.ui.pages.staleness import standing
from arco.ui.pages.table_facts import TablePage
from arco.ui.parts import (
    badge,
    code,
    facts,
    grid,
    link,
    moment,
    note,
    nothing,
    number,
    prose,
    section,
    size,
    tags,
)
from arco.ui.queries import identifier

SAMPLE_ROWS = 50


def table_body(page: TablePage) -> Child:
    """The table, the most asked for first."""
    row = page.detail.table
    return (
        _head(page),
        section("Columns", _columns(page)),
        section("Sample", _sample(f"{row.catalog}.{row.full_name}"), name="sample"),
        standing(page.status, page.causes) if page.status else None,
        section("Lineage", _lineage(page), extra=_lineage_ways(page)),
        section("Checks", checks_grid(page.checks), extra=link("All checks", "checks")),
        section("Schema", _schemas(page.schemas), name="schema"),
        section("Grants", _grants(page)),
        _definition(page.definition),
    )


def _head(page: TablePage) -> Child:
    row = page.detail.table
    own = {each.tag: each.value for each in page.detail.tags if not each.column}
    about = {
        "Rows": number(row.rows),
        "Size": size(row.size_bytes),
        "Files": number(row.files),
        "Version": number(row.version),
        "Format": f"{row.format}{', external' if row.is_external else ''}",
        "Data made": moment(row.materialized_at),
        "Created": moment(row.created_at),
        "Owner": row.owner or nothing(),
        "Made by run": run_link(row.run_id) if row.run_id else nothing(),
        "Namespace": link(row.namespace, "catalog", f"{row.catalog}.{row.namespace}"),
        "Tags": tags(own) if own else nothing(),
        "Location": code(row.location),
    }
    name = f"{row.catalog}.{row.full_name}"
    return joined(
        tag("p", prose(row.comment or row.description), class_="lead"),
        section(
            "About",
            facts(about),
            extra=tag(
                "span",
                link("Versions and restore", "versions", name),
                " · ",
                link("Who may read it", "access", on=f"table:{name}"),
            ),
        ),
    )


def _columns(page: TablePage) -> Html:
    found: dict[str, dict[str, str]] = {}
    for each in page.detail.tags:
        found.setdefault(each.column, {})[each.tag] = each.value
    table = page.detail.table.full_name
    rows = (_column(each, found.get(each.name, {}), table=table) for each in page.detail.columns)
    heads = ("#", "Column", "Type", "Null", "Comment", "Tags")
    return grid(heads, rows, empty="Its columns are not known yet.", numbers=(0,))


def _column(column: Column, found: dict[str, str], *, table: str) -> tuple[Child, ...]:
    name = tag("b", link(column.name, "lineage", table, column=column.name))
    return (
        column.ordinal,
        joined(name, " ", tag("span", "partition", class_="tag")) if column.is_partition else name,
        code(column.type),
        "yes" if column.nullable else "no",
        column.comment,
        tags(found),
    )


def _sample(name: str) -> Html:
    sql = f"SELECT * FROM {identifier(name)} LIMIT {SAMPLE_ROWS}"
    return tag(
        "div",
        tag("button", f"Show {SAMPLE_ROWS} rows", type="button", data_sample=sql),
        link("Open in the console", "sql", q=sql),
        class_="buttons",
        data_keep=True,
    )


def _lineage(page: TablePage) -> Html:
    return tag(
        "div",
        _ends("Made from", page.upstream, side=0),
        _ends("Used by", page.downstream, side=1),
        class_="two",
    )


def _ends(title: str, steps: Iterable[Step], *, side: int) -> Html:
    found = [(step.upstream, step.downstream)[side] for step in steps]
    items = [tag("li", link(name, "lineage", name)) for name in dict.fromkeys(found)]
    told = tag("ul", *items) if items else tag("p", "Nothing that is known.", class_="empty")
    return tag("div", tag("h3", title), told)


def _lineage_ways(page: TablePage) -> Child:
    row = page.detail.table
    return link("As a graph", "lineage", row.full_name)


def checks_grid(checks: Iterable[Check]) -> Html:
    """Results of checks, as a table."""
    rows = (
        (
            link(row.asset, "assets", row.asset),
            link(row.name, "checks", row.asset, check=row.name),
            badge("PASSED" if row.passed else "FAILED" if row.blocking else "WARNED"),
            display(row.partition_key) if row.partition_key else nothing(),
            row.message,
            moment(row.checked_at),
            run_link(row.run_id),
        )
        for row in checks
    )
    heads = ("Asset", "Check", "Result", "Partition", "Message", "Checked", "Run")
    return grid(heads, rows, empty="It has no check.")


def _schemas(schemas: Sequence[SchemaVersion]) -> Html:
    rows = (
        (
            number(row.schema_version),
            moment(row.changed_at),
            number(len(row.columns)),
            ", ".join(_changes(row, schemas[place + 1] if place + 1 < len(schemas) else None)),
        )
        for place, row in enumerate(schemas)
    )
    heads = ("Schema", "Since", "Columns", "What changed")
    return grid(heads, rows, empty="Its schema has never been told.", numbers=(0, 2))


def _changes(row: SchemaVersion, before: SchemaVersion | None) -> Iterable[str]:
    if before is None:
        yield "first"
        return
    then = {column.name: column.type for column in before.columns}
    now = {column.name: column.type for column in row.columns}
    yield from (f"+ {name} {kind}" for name, kind in now.items() if name not in then)
    yield from (f"- {name}" for name in then if name not in now)
    yield from (
        f"~ {name} {then[name]} → {kind}"
        for name, kind in now.items()
        if then.get(name, kind) != kind
    )


def _grants(page: TablePage) -> Child:
    if page.grants is None:
        return note("Only who manages this table sees who else may use it.")
    empty = "Nobody was given anything on it, or on what it stands in."
    return grants_grid(page.grants, empty=empty)


def _definition(definition: AssetDefinition | None) -> Child:
    if definition is None:
        return None
    source = definition.source
    return section(
        "Code",
        tag("p", code(f"{source.file}:{source.line}"), f" {definition.description}"),
        tag("pre", tag("code", definition.sql), tabindex=0) if definition.sql else None,
        extra=link("As an asset", "assets", definition.key),
    )


__all__ = ["checks_grid", "table_body"]
