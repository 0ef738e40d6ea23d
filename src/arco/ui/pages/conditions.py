"""Conditions: what each says, how it stands, and why something was run or was not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Annotated, Any

from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.paging import PAGE_SIZE, Cursor, page_of, read_cursor, write_cursor
from arco.api.session import Here, ask
from arco.model import State
from arco.service.conditions import (
    ConditionDetail,
    ConditionSummary,
    EvaluationLine,
    EvaluationStory,
    TermStory,
    condition_detail,
    conditions,
)
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.pages.listing import run_link
from arco.ui.parts import (
    badge,
    code,
    facts,
    grid,
    link,
    links,
    moment,
    more,
    note,
    nothing,
    number,
    section,
)
from arco.ui.queries import filled
from arco.wire.conditions import ConditionList

LIVE = "orchestration.conditions,orchestration.evaluations"
LIST_SQL = """SELECT asset, enabled, due_at, evaluations, last_run_id
FROM system.orchestration.conditions WHERE NOT removed ORDER BY asset"""
ONE_SQL = """SELECT number, evaluated_at, judged, requested, run_id, message, sets, held_back
FROM system.orchestration.evaluations WHERE asset = {asset}
ORDER BY number DESC LIMIT 10"""
Name = Annotated[str, Parameter(max_length=200)]
Partition = Annotated[str, Parameter(max_length=1000)]


@page_at("/conditions")
async def show_conditions(
    session: Here, caller: CallerHere, request: Asked, cursor: Cursor = ""
) -> Response[Any]:
    """Every condition, by asset."""
    after = read_cursor(cursor, "conditions", types=(str,))

    def look(state: State) -> ConditionList:
        rows = conditions(state, after=str(after[0]) if after else "")
        found = page_of(rows, limit=PAGE_SIZE, key=lambda row: (row.asset,))
        return ConditionList(found.rows, write_cursor(found.behind, "conditions"))

    seen = await ask(session, look, caller=caller)
    page = Page(title="Conditions", section="Conditions", sql=LIST_SQL, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_list_body)


@page_at("/conditions/{name:str}")
async def show_condition(
    session: Here, caller: CallerHere, request: Asked, name: Name, partition: Partition = ""
) -> Response[Any]:
    """One condition, and why the asset or one partition of it was run or was not."""
    asset, now = plain_name(name), session.workspace.runtime.now()
    question = partial(condition_detail, now=now, asset=asset, partition=partition)
    seen = await ask(session, question, caller=caller)
    sql = filled(ONE_SQL, asset=asset)
    page = Page(title=f"Condition of {asset}", section="Conditions", sql=sql, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_one_body)


def _list_body(found: ConditionList) -> Child:
    rows = (
        (
            link(each.asset, "conditions", each.asset),
            _state(each),
            code(each.condition),
            number(each.holds) if each.evaluated_at else nothing(),
            moment(each.evaluated_at),
            moment(each.due_at),
            run_link(each.last_run_id) if each.last_run_id else nothing(),
        )
        for each in found.conditions
    )
    heads = ("Asset", "State", "Condition", "Holds of", "Judged", "Next by the clock", "Newest run")
    empty = joined(
        "No asset with a condition is deployed, or you may not know of any. ",
        code("@asset(condition=…)"),
        " declares one.",
    )
    return section(
        f"{len(found.conditions):,} conditions",
        grid(heads, rows, empty=empty, numbers=(3,)),
        more(found.next_cursor, address("conditions", cursor=found.next_cursor)),
        name="conditions",
    )


def _state(condition: ConditionSummary) -> Html:
    return badge("ON", "good") if condition.enabled else badge("OFF", "warn")


def _one_body(page: ConditionDetail) -> Child:
    condition = page.condition
    return (
        section("About", facts(_about(condition)), extra=_way(condition)),
        section("Why, and why not", _partition(page), _judged(page.evaluation), name="why"),
        section("Evaluations", _lines(page.evaluations)),
    )


def _about(condition: ConditionSummary) -> dict[str, Child]:
    newest = run_link(condition.last_run_id) if condition.last_run_id else nothing()
    return {
        "Asset": link(condition.asset, "assets", condition.asset),
        "State": _state(condition),
        "Condition": code(condition.condition),
        "Looks at": links(condition.watches, "assets") if condition.watches else nothing(),
        "Judged": f"{condition.evaluations:,} times",
        "Next by the clock": moment(condition.due_at),
        "Newest run": newest,
        "Project": condition.project,
    }


def _way(condition: ConditionSummary) -> Html:
    told, doing = ("Disable…", "disable") if condition.enabled else ("Enable…", "enable")
    where = address("conditions", condition.asset, doing)
    return tag("span", tag("a", told, href=where, class_="button"), class_="buttons")


def _partition(page: ConditionDetail) -> Html:
    field = tag("input", name="partition", value=page.partition, placeholder="all of them")
    return tag(
        "form",
        tag("label", "Partition", field),
        tag("button", "Tell why"),
        action=address("conditions", page.condition.asset),
        class_="filters",
    )


def _judged(story: EvaluationStory | None) -> Child:
    if story is None:
        return note("It was not judged yet.")
    told = joined(
        f"Evaluation {story.number:,} at ",
        moment(story.evaluated_at),
        f" looked at {story.partitions:,} partitions.",
    )
    return (
        tag("p", told),
        _tree(story.terms) if story.terms else None,
        tag("p", _outcome(story)),
        note(story.message, tone="warn") if story.message else None,
        _held_back(story),
    )


def _tree(terms: Sequence[TermStory]) -> Html:
    """The terms as a list of lists; the first is as deep as none of the others is less."""
    depth = terms[0].depth
    starts = [place for place, each in enumerate(terms) if each.depth == depth]
    return tag(
        "ul",
        *(
            tag(
                "li",
                _term(terms[begin]),
                _tree(terms[begin + 1 : end]) if end > begin + 1 else None,
            )
            for begin, end in pairwise((*starts, len(terms)))
        ),
    )


def _term(term: TermStory) -> Html:
    held = f" held of {term.partitions:,} "
    if term.holds is None:
        return joined(code(term.term), held)
    answer = badge("HELD", "good") if term.holds else badge("DID NOT HOLD", "warn")
    return joined(code(term.term), held, answer)


def _outcome(story: EvaluationStory) -> Child:
    if not story.requested:
        return "It asked for no run."
    examples = f": {', '.join(story.examples)}" if story.examples else ""
    told = f"It asked for a run of {story.requested:,} partitions{examples} "
    return joined(told, run_link(story.run_id) if story.run_id else None)


def _held_back(story: EvaluationStory) -> Child:
    if not story.held_back:
        return None
    rows = (
        (number(each.partitions), each.why, ", ".join(each.examples) or nothing())
        for each in story.held_back
    )
    heads = ("Held of, and not run", "Because", "Such as")
    return grid(heads, rows, empty="", numbers=(0,))


def _lines(lines: Sequence[EvaluationLine]) -> Html:
    rows = (
        (
            number(each.number),
            moment(each.evaluated_at),
            number(each.holds),
            number(each.requested),
            run_link(each.run_id) if each.run_id else nothing(),
        )
        for each in lines
    )
    heads = ("Evaluation", "Judged", "Held of", "Asked for", "Run")
    return grid(heads, rows, empty="It was not judged yet.", numbers=(0, 2, 3))


__all__ = ["show_condition", "show_conditions"]
