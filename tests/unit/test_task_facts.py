"""What a task said about its output, as its page tells it: all of it, and none of it as markup."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from arco.errors import NotFound
from arco.model import State
from arco.orchestration.outcomes import Completion
from arco.orchestration.tables import ASSETS
from arco.sdk.metadata import Markdown, Plot, Sample, Url, stored
from arco.service.metadata import summary
from arco.testing.orchestration_samples import Bench, asset, staged
from arco.ui.markdown import written
from arco.ui.pages.pictures import picture
from arco.ui.pages.task_facts import said

HOSTILE = "<img src=x onerror=alert(1)>"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PNG = b"\x89PNG\r\n\x1a\nrest"
FACTS = {
    "rows read": 12_345,
    "share": 0.25,
    "is whole": True,
    HOSTILE: HOSTILE,
    "report": Url("javascript:alert(2)"),
    "notes": Markdown(f"# {HOSTILE}\n- [one]({HOSTILE})\n```sql\nSELECT 1 < 2\n```"),
    "sample": Sample.of([{"name": HOSTILE, "n": 1}, {"name": "plain", "n": None}]),
    "drawn": Plot.svg(SVG),
    "shot": Plot.png(PNG),
    "nested": {"a": [1, HOSTILE]},
}


def page(facts: dict[str, Any]) -> str:
    found = said(summary(stored(facts)), "runs", "01R", "tasks", "3")
    return found.text if found else ""


def test_everything_that_was_said_is_told_and_nothing_of_it_is_markup() -> None:
    text = page(FACTS)
    for told in ("12,345", "0.25", "true", "javascript:alert(2)", "SELECT 1 &lt; 2", "plain"):
        assert told in text
    assert "<img src=x" not in text and "href" not in text and "<script" not in text
    assert text.count("<img ") == 2 and text.count("<table>") == 1
    assert '<img src="/runs/01R/tasks/3/pictures/7"' in text


def test_of_a_task_that_said_nothing_nothing_is_told() -> None:
    assert page({}) == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a *b* **c** `d*e*f`", "<p>a <i>b</i> <b>c</b> <code>d*e*f</code></p>"),
        ("one\ntwo\n\nthree", "<p>one\ntwo</p><p>three</p>"),
        ("### A ##\n1. x\n2) y", "<h3>A</h3><ul><li>x</li><li>y</li></ul>"),
        ("```\n<b>", '<pre tabindex="0"><code>&lt;b&gt;</code></pre>'),
        ("2 * 3 * 4 and #1 and -5", "<p>2 * 3 * 4 and #1 and -5</p>"),
        ("![x](https://evil.example/a.png)", "<p>![x](https://evil.example/a.png)</p>"),
        ("", ""),
    ],
)
def test_a_few_marks_are_read_and_all_others_are_text(text: str, told: str) -> None:
    assert written(text).text == told


def test_a_picture_is_found_by_its_place_among_what_was_said() -> None:
    state = with_facts({"arco.cursor": "hidden", "n": 1, **FACTS})
    names = ["n", *FACTS]
    drawn = picture(state, "01R", place="0", number=str(names.index("drawn")))
    assert (drawn.media_type, drawn.content) == ("image/svg+xml", SVG.encode())
    shot = picture(state, "01R", place="0", number=str(names.index("shot")))
    assert (shot.media_type, shot.content) == ("image/png", PNG)


@pytest.mark.parametrize("number", ["0", "99", "-1", "x", "²", ""])
def test_what_is_no_picture_is_not_there(number: str) -> None:
    with pytest.raises(NotFound):
        picture(with_facts({"n": 1}), "01R", place="0", number=number)


def with_facts(facts: dict[str, Any]) -> State:
    """A state whose only run made one asset and said that of it."""
    bench = Bench()
    bench.deploy(asset("a.b"))
    bench.trigger("01R")
    row = bench.state.get(ASSETS, "a.b")
    assert row is not None
    output = staged("a.b", table_id=row.table_id, data_version="1")
    told = msgspec.structs.replace(output, metadata=stored(facts))
    bench.answer(bench.task("01R", "a.b"), Completion(output=told))
    return bench.state
