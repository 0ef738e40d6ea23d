"""Merges and cursors with real workers and tables of files, read back by another library."""

from __future__ import annotations

from pathlib import Path

import pytest

from arco.errors import Invalid
from arco.formats import delta
from arco.formats.merging import refuse_other_base
from tests.integration.cli_project import Project
from tests.integration.delta_table import Table

ASSETS = """
from arco import asset

@asset(namespace="shop", write_mode="append")
def events(context):
    since = context.cursor or 0
    context.move_cursor(since + 2)
    return [{"id": since % 3, "n": n} for n in (since + 1, since + 2)]

@asset(namespace="shop", write_mode="merge", merge_keys=["id"])
def newest(events: list):
    latest = {row["id"]: row for row in events}
    return [row for row in latest.values() if row["n"] > max(r["n"] for r in events) - 2]
"""


def test_runs_go_on_from_the_cursor_and_merge_into_what_is_there(tmp_path: Path) -> None:
    project = Project(tmp_path, ASSETS)
    for _ in range(2):
        project.arco("run", "--all")
    events = project.arco("sql", "--json", "select n from shop.events order by n").json()
    newest = project.arco("sql", "--json", "select id, n from shop.newest order by id").json()
    assert [list(row.values()) for row in rows_of(events)] == [[n] for n in range(1, 5)]
    assert [list(row.values()) for row in rows_of(newest)] == [[0, 2], [2, 4]]


def rows_of(answer: object) -> list[dict[str, object]]:
    """The rows of a JSON answer, whether they stand in a list or under `rows`."""
    found = answer["rows"] if isinstance(answer, dict) else answer
    assert isinstance(found, list)
    return found


def test_a_merge_into_a_partition_that_moved_on_is_refused(tmp_path: Path) -> None:
    table = Table(tmp_path)
    first = [table.stage([{"id": 1}], day=day) for day in ("mon", "tue")]
    base = table.publish(*first, partition_columns=("day",))
    mine = table.stage([{"id": 1}, {"id": 2}], day="mon")
    table.publish(table.stage([{"id": 9}], day="tue"), partition_columns=("day",))
    beside = delta.snapshot(table.location, 1)
    refuse_other_base(table.location, [mine], base=base, before=beside)
    table.publish(table.stage([{"id": 7}], day="mon"), partition_columns=("day",))
    moved = delta.snapshot(table.location, 2)
    with pytest.raises(Invalid, match="after this run began to merge") as refused:
        refuse_other_base(table.location, [mine], base=base, before=moved)
    assert refused.value.code == "MERGE_BASE_CHANGED"
    with pytest.raises(Invalid):
        refuse_other_base(table.location, [mine], base=None, before=beside)
