"""Conditions in lines: why something was run or was not. Must not know how it is judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from arco.cli.telling import place
from arco.cli.terminal import counted, harmless, moment, table
from arco.service.conditions import ConditionDetail, ConditionSummary, EvaluationStory, TermStory
from arco.service.rehearsing import Rehearsal, RehearsedRun

HEADINGS = ("asset", "condition", "holds of", "judged", "looked at again", "run")
RUN_HEADINGS = ("at", "asset", "partitions", "because")
TOTAL_HEADINGS = ("asset", "would have run", "really ran")
TERM_HEADINGS = ("term", "holds of")


def conditions_text(found: Sequence[ConditionSummary]) -> str:
    """Conditions as a table."""
    return table(HEADINGS, [_cells(each) for each in found])


def why_not_text(found: ConditionDetail) -> str:
    """Why the asset was run or was not, as the tree of its condition."""
    row, story = found.condition, found.evaluation
    what = place(row.asset, found.partition)
    state = "" if row.enabled else " (off)"
    if story is None:
        return f"{what}: {row.condition}{state} was not judged yet; `arco dev` and `arco serve` do"
    lines = [f"{what}: {_outcome(story)}", f"judged {moment(story.evaluated_at)}{state}", ""]
    lines.append(table(TERM_HEADINGS, [_term_cells(each, story) for each in story.terms]))
    lines += _held_back(story)
    if story.message:
        lines += ["", harmless(story.message)]
    if row.due_at is not None:
        lines += ["", f"looked at again when something changes, or at {moment(row.due_at)}"]
    return "\n".join(lines)


def rehearsal_text(found: Rehearsal) -> str:
    """What would have run, run by run, and beside what really did."""
    span = f"from {moment(found.since)} to {moment(found.until)}"
    if not found.recorded:
        return "no asset of the project has a condition; `@asset(condition=...)` declares one"
    wanted = Counter(run.asset for run in found.runs)
    totals = [
        (asset, f"{wanted[asset]:,}", f"{recorded:,}")
        for asset, recorded in sorted(found.recorded.items())
    ]
    lines = [f"{counted(len(found.runs), 'run')} would have been started {span}", ""]
    if found.runs:
        lines += [table(RUN_HEADINGS, [_run_cells(run) for run in found.runs]), ""]
    lines.append(table(TOTAL_HEADINGS, totals))
    if not found.is_complete:
        lines += ["", "given up after too many evaluations: name a later --since"]
    return "\n".join(lines)


def _run_cells(run: RehearsedRun) -> tuple[str, ...]:
    more = ", ..." if run.partitions > len(run.examples) > 0 else ""
    which = f"{run.partitions:,} ({', '.join(run.examples)}{more})" if run.examples else "1"
    return (moment(run.at), run.asset, which, ", ".join(run.because))


def _outcome(story: EvaluationStory) -> str:
    if story.run_id:
        return f"run {story.run_id} makes {counted(story.requested, 'partition')}"
    if not story.terms or not story.terms[0].partitions:
        return "its condition does not hold"
    return "its condition holds, and nothing is run"


def _held_back(story: EvaluationStory) -> Iterator[str]:
    for each in story.held_back:
        shown = ", ".join(each.examples)
        some = f" ({shown}{', ...' if each.partitions > len(each.examples) else ''})"
        yield ""
        yield f"{counted(each.partitions, 'partition')}{some if shown else ''}: {each.why}"


def _term_cells(term: TermStory, story: EvaluationStory) -> tuple[str, ...]:
    text = f"{'  ' * term.depth}{term.term}"
    if term.holds is not None:
        return (text, "yes" if term.holds else "no")
    if story.partitions == 1:
        return (text, "yes" if term.partitions else "no")
    return (text, f"{term.partitions:,} of {story.partitions:,}")


def _cells(row: ConditionSummary) -> tuple[str, ...]:
    return (
        row.asset,
        row.condition if row.enabled else f"{row.condition} (off)",
        f"{row.holds:,}" if row.evaluated_at else "",
        moment(row.evaluated_at),
        moment(row.due_at),
        row.last_run_id,
    )


__all__ = ["conditions_text", "rehearsal_text", "why_not_text"]
