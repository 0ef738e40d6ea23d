"""A graph on the screen: a picture of links while it is small, a canvas when it is large.

Must not know what its nodes are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from arco.ui.addresses import address
from arco.ui.markup import Html, data, tag

COLUMN = 270
ROW = 38
WIDTH = 215
HEIGHT = 28
CHARACTERS = 30
MARGIN = 12


class Placed(Protocol):
    """A node with a place."""

    @property
    def name(self) -> str: ...

    @property
    def dataset(self) -> str: ...

    @property
    def layer(self) -> int: ...

    @property
    def row(self) -> float: ...


def graph_drawn(
    nodes: Sequence[Placed], edges: Sequence[tuple[int, int]], *, is_picture: bool
) -> Html:
    """The nodes where they were placed, and the edges between them."""
    if is_picture:
        return _picture(nodes, edges)
    places = [(node.name, _other(node), node.layer, node.row) for node in nodes]
    canvas = tag("canvas", tabindex=0, role="img", aria_label="The graph; below it as a list")
    hint = "Drag to move, wheel or + and - to zoom, click a dataset to go there."
    return tag(
        "div",
        canvas,
        tag("p", hint, class_="muted", role="status"),
        data("graph-data", {"nodes": places, "edges": edges}),
        class_="graph large",
        data_graph=True,
        data_keep=True,
    )


def _other(node: Placed) -> str | int:
    """Where a node leads: the script builds the address of a dataset from its name. A node that is
    called otherwise, as a column is, says the address.
    """
    return 0 if node.name == node.dataset else address("lineage", node.dataset)


def _picture(nodes: Sequence[Placed], edges: Sequence[tuple[int, int]]) -> Html:
    left = min(node.layer for node in nodes)
    top = min(node.row for node in nodes)
    places = [
        (MARGIN + (node.layer - left) * COLUMN, MARGIN + (node.row - top) * ROW) for node in nodes
    ]
    width = max(x for x, _ in places) + WIDTH + MARGIN
    height = max(y for _, y in places) + HEIGHT + MARGIN
    lines = (
        tag("path", d=_curve(places[one], places[other]), data_from=one, data_to=other)
        for one, other in edges
    )
    boxes = (
        _box(node, place, number=number)
        for number, (node, place) in enumerate(zip(nodes, places, strict=True))
    )
    return tag(
        "div",
        tag(
            "svg",
            *lines,
            *boxes,
            width=f"{width:.0f}",
            height=f"{height:.0f}",
            viewBox=f"0 0 {width:.0f} {height:.0f}",
            class_="graph",
            role="group",
            aria_label="Lineage, upstream left, downstream right",
        ),
        class_="scroll",
        tabindex=0,
        role="group",
        aria_label="Graph",
    )


def _box(node: Placed, place: tuple[float, float], *, number: int) -> Html:
    x, y = place
    told = node.name if len(node.name) <= CHARACTERS else f"…{node.name[1 - CHARACTERS :]}"
    side = "start" if not node.layer else "below" if node.layer > 0 else "above"
    return tag(
        "a",
        tag("title", node.name),
        tag("rect", x=f"{x:.0f}", y=f"{y:.0f}", width=WIDTH, height=HEIGHT, rx=6),
        tag("text", told, x=f"{x + 10:.0f}", y=f"{y + 18:.0f}"),
        href=address("lineage", node.dataset),
        class_=side,
        data_node=number,
    )


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1 = start[0] + WIDTH, start[1] + HEIGHT / 2
    x2, y2 = end[0], end[1] + HEIGHT / 2
    middle = (x1 + x2) / 2
    return f"M{x1:.0f},{y1:.0f}C{middle:.0f},{y1:.0f},{middle:.0f},{y2:.0f},{x2:.0f},{y2:.0f}"


__all__ = ["Placed", "graph_drawn"]
