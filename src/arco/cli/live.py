"""A run on a terminal: a table that redraws itself, one line per asset and a bar for all.

The only file that knows rich.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from arco.cli.progress import AssetLine, LineState, asset_lines
from arco.cli.terminal import counted, seconds
from arco.orchestration.states import RunState
from arco.service.summaries import RunDetail

STYLES: dict[LineState, tuple[str, str]] = {
    LineState.FAILED: ("✗", "bold red"),
    LineState.CANCELLED: ("-", "yellow"),
    LineState.SKIPPED: ("-", "yellow"),
    LineState.RUNNING: ("●", "cyan"),
    LineState.WAITING: ("·", "dim"),
    LineState.DONE: ("✓", "green"),
}
# What is worth a line when there are more assets than lines.
INTEREST = (
    LineState.FAILED,
    LineState.RUNNING,
    LineState.SKIPPED,
    LineState.CANCELLED,
    LineState.DONE,
    LineState.WAITING,
)
LINES_RESERVED = 5


class LiveDisplay:
    """Redraws the run in place."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._live.start()

    def show(self, detail: RunDetail, now: datetime) -> None:
        """The run stands so now."""
        lines = asset_lines(detail, now)
        room = max(3, self._console.height - LINES_RESERVED)
        self._live.update(picture(detail, lines, room=room), refresh=True)

    def close(self) -> None:
        """The last picture stays."""
        self._live.stop()


@contextmanager
def spinning(words: str) -> Iterator[Callable[[str], None]]:
    """A spinner below what is printed, until the work is done; the value prints whole lines."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with console.status(Text(words)):
        yield console.print


def picture(detail: RunDetail, lines: Sequence[AssetLine], *, room: int) -> Group:
    """The run as a table of at most `room` assets and a bar."""
    shown = chosen(lines, room)
    grid = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "right", "right"):
        grid.add_column(justify=justify)
    for line in shown:
        grid.add_row(*_cells(line))
    parts: list[Table | Text] = [grid]
    if len(shown) < len(lines):
        parts.append(Text(f"… and {len(lines) - len(shown):,} more assets", style="dim"))
    return Group(*parts, _bar(detail))


def chosen(lines: Sequence[AssetLine], room: int) -> list[AssetLine]:
    """At most `room` lines, the most interesting ones, in the order they had."""
    if len(lines) <= room:
        return list(lines)
    ranked = sorted(range(len(lines)), key=lambda at: (INTEREST.index(lines[at].state), at))
    return [lines[at] for at in sorted(ranked[:room])]


def _cells(line: AssetLine) -> list[Text]:
    mark, style = STYLES[line.state]
    parts = f"{line.done}/{line.total}" if line.total > 1 else ""
    rows = counted(line.rows, "row") if line.rows is not None else ""
    return [
        Text(mark, style=style),
        Text(line.asset, style="dim" if line.state is LineState.WAITING else ""),
        Text(parts),
        Text(rows),
        Text(seconds(line.seconds), style="dim"),
    ]


def _bar(detail: RunDetail) -> Table:
    run = detail.run
    done = run.succeeded + run.failed + run.skipped + run.cancelled
    grid = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=max(1, run.total), completed=done, width=40)
    grid.add_row(bar, Text(f"{done:,}/{run.total:,} tasks"), Text(_phase(detail)))
    return grid


def _phase(detail: RunDetail) -> str:
    run = detail.run
    publishes = run.state is RunState.RUNNING and run.succeeded == run.total
    return "publishing" if publishes else run.state.lower()


__all__ = ["LiveDisplay", "chosen", "picture", "spinning"]
