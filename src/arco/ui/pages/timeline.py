"""When the tasks of a run ran, as a picture: one bar a task, or as many as can be told apart.

Law: the picture's size does not grow with the run. Must not know runs beyond their tasks.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from arco.orchestration.partitions import display
from arco.orchestration.rows import Task
from arco.orchestration.states import TaskState
from arco.ui.markup import Html, joined, tag
from arco.ui.parts import TONES, span

WIDTH = 1000
NAMED_MAX = 60
"""So many tasks get a line and a name of their own; more share lines."""
LINES_MAX = 40
BARS_MAX = 2_000
"""Of more bars those of one state that stand near each other become one."""
GAP_PIXELS_MAX = 64
NAMED_HEIGHT = 20
LINE_HEIGHT = 12
LABELS_WIDTH = 250
LABEL_CHARACTERS = 36


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One task's newest attempt, or several that cannot be told apart at this width."""

    line: int
    start: float
    """Seconds after the run was triggered."""
    end: float
    state: TaskState
    tasks: int = 1
    name: str = ""
    """The task, where it has a line of its own."""


def bars_of(rows: Sequence[Task], *, first: datetime, last: datetime) -> list[Bar]:
    """The bars of the tasks that have begun, in the order in which they began."""
    begun = sorted((row.started_at, row.index, row) for row in rows if row.started_at is not None)
    whole = max((last - first).total_seconds(), 0.001)
    spans = [
        (
            max(0.0, (started - first).total_seconds()),
            max(0.0, ((row.ended_at or last) - first).total_seconds()),
            row,
        )
        for started, _, row in begun
    ]
    if len(spans) <= NAMED_MAX:
        return [
            Bar(line=line, start=start, end=end, state=row.state, name=_name(row))
            for line, (start, end, row) in enumerate(spans)
        ]
    gap = whole / WIDTH
    bars = _merged(_on_lines(spans), gap)
    while len(bars) > BARS_MAX and gap < GAP_PIXELS_MAX * whole / WIDTH:
        gap *= 2
        bars = _merged(bars, gap)
    return bars


def timeline(bars: Sequence[Bar], *, first: datetime, last: datetime) -> Html:
    """The bars as a picture, with what it shows in words."""
    if not bars:
        return tag("p", "No task has begun yet.", class_="empty")
    whole = max((last - first).total_seconds(), max(each.end for each in bars), 0.001)
    is_named = bool(bars[0].name)
    height = NAMED_HEIGHT if is_named else LINE_HEIGHT
    left = LABELS_WIDTH if is_named else 0
    lines = max(each.line for each in bars) + 1
    told = f"{sum(each.tasks for each in bars):,} tasks in {span(whole)}"
    return tag(
        "div",
        tag(
            "svg",
            tag("title", told),
            *(_bar(each, scale=(WIDTH - left) / whole, left=left, height=height) for each in bars),
            *_marks(whole, left=left, top=lines * height),
            viewBox=f"0 0 {WIDTH} {lines * height + 20}",
            class_="timeline",
            role="img",
            aria_label=told,
        ),
        class_="scroll",
        tabindex=0,
        role="group",
        aria_label="Timeline",
    )


def _on_lines(spans: Iterable[tuple[float, float, Task]]) -> Iterator[Bar]:
    """Tasks share lines, each on the first that is free."""
    free: list[tuple[float, int]] = []
    for start, end, row in spans:
        if free and (free[0][0] <= start or len(free) >= LINES_MAX):
            line = heapq.heappop(free)[1]
        else:
            line = len(free)
        heapq.heappush(free, (end, line))
        yield Bar(line=line, start=start, end=end, state=row.state)


def _merged(bars: Iterable[Bar], gap: float) -> list[Bar]:
    """Neighbours on a line that are of one state and nearer than `gap` become one bar."""
    newest: dict[int, int] = {}
    found: list[Bar] = []
    for bar in bars:
        place = newest.get(bar.line)
        before = found[place] if place is not None else None
        if place is None or before is None or not _joins(before, bar, gap=gap):
            newest[bar.line] = len(found)
            found.append(bar)
            continue
        end, tasks = max(bar.end, before.end), before.tasks + bar.tasks
        found[place] = msgspec.structs.replace(before, end=end, tasks=tasks)
    return found


def _joins(before: Bar, bar: Bar, *, gap: float) -> bool:
    return before.state is bar.state and bar.start - before.end < gap


def _bar(each: Bar, *, scale: float, left: float, height: int) -> Html:
    told = each.name or f"{each.tasks:,} tasks"
    label = tag(
        "text",
        each.name
        if len(each.name) <= LABEL_CHARACTERS
        else f"…{each.name[1 - LABEL_CHARACTERS :]}",
        x=left - 8,
        y=each.line * height + height * 0.7,
        text_anchor="end",
    )
    return joined(
        label if each.name else None,
        tag(
            "rect",
            tag("title", f"{told}: {each.state.lower()}, {span(each.end - each.start)}"),
            x=f"{left + each.start * scale:.1f}",
            y=each.line * height + 2,
            width=f"{max(1.0, (each.end - each.start) * scale):.1f}",
            height=height - 4,
            rx=2,
            class_=TONES.get(each.state, "calm"),
        ),
    )


def _marks(whole: float, *, left: float, top: int) -> list[Html]:
    ends = ((0.0, "start"), (0.5, "middle"), (1.0, "end"))
    return [
        tag(
            "text",
            span(whole * share),
            x=f"{left + (WIDTH - left) * share:.0f}",
            y=top + 15,
            text_anchor=anchor,
            class_="mark",
        )
        for share, anchor in ends
    ]


def _name(row: Task) -> str:
    return f"{row.asset}[{display(row.partition_key)}]" if row.partition_key else row.asset


__all__ = ["BARS_MAX", "Bar", "bars_of", "timeline"]
