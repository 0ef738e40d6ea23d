"""Partitions of one asset as a matrix: a million cells, read in windows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.session import Here, ask
from arco.errors import NotFound
from arco.model import State, rows_under
from arco.orchestration.partitions import PartitionSet, display
from arco.orchestration.partitions.axes import axes_of, bounds
from arco.orchestration.rows import PartitionStatus
from arco.orchestration.states import TaskState
from arco.orchestration.tables import ASSETS, PARTITION_STATUS
from arco.orchestration.views import asset_view, partitions_of
from arco.service.cells import Selected, rectangle
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, tag
from arco.ui.parts import bar, link, note, section
from arco.ui.queries import filled

WINDOW_MAX = 20_000
COUNTED_MAX = 20_000
"""Of more partitions it is not counted how many were made: that reads every one."""
NAMED_MAX = 200
LIVE = "orchestration.partition_status"
SQL = """SELECT partition_key, materialization->>'$.materialized_at' AS materialized_at,
  materialization->>'$.rows' AS rows, attempt->>'$.state' AS attempt
FROM system.orchestration.partition_status WHERE asset = {asset} ORDER BY partition_key"""
HINT = (
    "Choose a cell by a click or the arrow keys; drag, or hold Shift, to choose many; "
    "Escape lets go of them."
)
LETTERS = {"m": "made", "f": "made, and the newest attempt failed", "x": "failed", ".": "missing"}
Name = Annotated[str, Parameter(max_length=4096)]
Start = Annotated[int, Parameter(ge=0, le=2**40, description="The first cell of the window.")]
Count = Annotated[int, Parameter(ge=0, le=WINDOW_MAX, description="How many cells.")]
Until = Annotated[
    int | None, Parameter(ge=0, le=2**40, description="The other corner of what is selected.")
]


class Dimension(msgspec.Struct, frozen=True):
    """One dimension of the partitions."""

    name: str
    values: int


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One partition."""

    partition_key: str
    partition: str
    """As people, and `--partition`, say it."""
    materialized_at: datetime | None
    rows: int | None
    run_id: str
    attempt: TaskState | None
    attempt_run_id: str


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The partitions of an asset, and the states of a window of them."""

    asset: str
    dimensions: list[Dimension]
    total: int
    materialized: int | None
    """How many were made; null: there are too many to count them."""
    start: int
    cells: str
    """A letter a partition: `m` made, `f` made but the newest attempt failed, `x` failed, `.`
    missing."""
    first: Cell | None
    """The first partition of the window."""
    selected: Selected | None
    """The rectangle of cells from the window's first one to `until`; null: none was asked for."""


@page_at("/partitions/{name:str}")
async def show_partitions(
    session: Here,
    caller: CallerHere,
    request: Asked,
    name: Name,
    start: Start = 0,
    count: Count = NAMED_MAX,
    until: Until = None,
) -> Response[Any]:
    """The matrix, and a window of it."""
    key, now = plain_name(name), session.workspace.runtime.now()

    def look(state: State) -> Matrix:
        matrix = matrix_of(state, key, now=now, window=(start, count))
        if until is None:
            return matrix
        selected = rectangle(state, key, corners=(start, until), now=now)
        return msgspec.structs.replace(matrix, selected=selected)

    seen = await ask(session, look, caller=caller)
    page = Page(
        title=f"Partitions of {key}",
        section="Assets",
        sql=filled(SQL, asset=key),
        live=LIVE,
        script="partitions.js",
    )
    return Visit(session, caller, request).shown(seen, page, body=_body)


def matrix_of(state: State, key: str, *, now: datetime, window: tuple[int, int]) -> Matrix:
    """The matrix of one asset. Raises: NotFound ASSET_UNKNOWN.

    Cost: the window, and where partitions are few, those that were ever attempted.
    """
    row = state.get(ASSETS, key)
    if row is None or row.removed:
        raise NotFound("ASSET_UNKNOWN", f"no asset {key!r} is deployed", hint="Assets lists them")
    view = asset_view(state, now)
    every = partitions_of(row.definition, view.at)
    shown = every.slice(window[0], min(len(every), window[0] + window[1]))
    keys = list(shown)
    statuses = _statuses(state, key, keys=keys)
    axes = axes_of(row.definition.partitions, view.at.dynamic)
    return Matrix(
        asset=key,
        dimensions=[Dimension(axis.dimension, _length(bounds(axis, now))) for axis in axes],
        total=len(every),
        materialized=_made(state, key, every=every) if len(every) <= COUNTED_MAX else None,
        start=window[0],
        cells="".join(_letter(statuses.get(each)) for each in keys),
        first=_cell(keys[0], statuses.get(keys[0])) if keys else None,
        selected=None,
    )


def _length(found: tuple[int, int]) -> int:
    return found[1] - found[0]


def _statuses(state: State, asset: str, *, keys: list[str]) -> dict[str, PartitionStatus]:
    found = rows_under(state, PARTITION_STATUS, keys=((asset, key) for key in keys))
    return {row.partition_key: row for row in found.values()}


def _made(state: State, asset: str, *, every: PartitionSet) -> int:
    rows = state.range(PARTITION_STATUS, asset)
    return sum(row.materialization is not None and row.partition_key in every for row in rows)


def _letter(status: PartitionStatus | None) -> str:
    if status is None:
        return "."
    failed = status.attempt is not None and status.attempt.state is TaskState.FAILED
    if status.materialization is None:
        return "x" if failed else "."
    return "f" if failed else "m"


def _cell(key: str, status: PartitionStatus | None) -> Cell:
    held = status.materialization if status else None
    attempt = status.attempt if status else None
    return Cell(
        partition_key=key,
        partition=display(key) if key else "",
        materialized_at=held.materialized_at if held else None,
        rows=held.rows if held else None,
        run_id=held.run_id if held else "",
        attempt=attempt.state if attempt else None,
        attempt_run_id=attempt.run_id if attempt else "",
    )


def _body(matrix: Matrix) -> Child:
    if not matrix.total:
        return note("It has no partition yet.")
    told = " by ".join(f"{each.values:,} {each.name}" for each in matrix.dimensions if each.name)
    return section(
        f"{matrix.total:,} partitions",
        tag("p", _share(matrix), told),
        tag(
            "div",
            tag("canvas", tabindex=0, role="img", aria_label="Partitions; arrow keys move"),
            class_="matrix",
            data_matrix=matrix.asset,
            data_total=matrix.total,
            data_across=matrix.dimensions[-1].values if len(matrix.dimensions) > 1 else 0,
            data_keep=True,
        ),
        tag("p", HINT, id="cell", role="status"),
        tag("ul", *(_legend(letter) for letter in LETTERS), class_="here"),
        extra=_ways(matrix.asset),
        name="matrix",
    )


def _share(matrix: Matrix) -> Child:
    if matrix.materialized is None:
        return None
    return bar(matrix.materialized / matrix.total), f" {matrix.materialized:,} made. "


def _ways(asset: str) -> Child:
    every = tag("a", "Backfill…", href=address("backfill", selection=asset), class_="button")
    return tag("span", link("The asset", "assets", asset), every, class_="buttons")


def _legend(letter: str) -> Child:
    name = {"m": "made", "f": "again", "x": "failed", ".": "missing"}[letter]
    return tag("li", tag("span", class_=f"cell {name}"), f" {LETTERS[letter]}")


__all__ = ["COUNTED_MAX", "Cell", "Dimension", "Matrix", "matrix_of", "show_partitions"]
