"""Search that is wrong on purpose: each mistake is noticed in one story of a catalog that changes.

After each step what is found, how often and in which order is compared with a look at every row.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco.catalog.search import matching, ranking
from arco.catalog.search.documents import WORD_END, Document
from arco.catalog.search.matching import Readable
from arco.catalog.search.segments import Segment
from arco.catalog.search.words import Word, fold
from arco.model import State
from arco.runtime import run
from arco.service.search import footing, hits, publishing, searching
from arco.service.search import shelves as shelving
from arco.service.search.documents import Object
from arco.service.search.gathering import told_of
from arco.service.search.searching import Found, Lookup, asked_of
from arco.service.search.shelves import Shelves
from arco.service.search.sight import Sights, everything
from tests.property.search_oracle import found
from tests.property.test_search_laws import ANN, CALLER, Story, documents_in, seen_by

Sin = Callable[[pytest.MonkeyPatch], None]
TEXTS = (
    "flights",
    "flight",
    "raw",
    "fligths",
    "lightsf",
    "flighty",
    "secrets",
    "secert",
    "vols",
    "f",
    "",
)
SEEN_BY_ALL, SEEN_BY_ANN = "the owner", "Ann"
ACCENTED = "E\u0301te\u0301 de\u0301parts vols de chaque jour"


def created(name: str, **more: Any) -> dict[str, Any]:
    return {"change": "create_table", "name": name, **more}


def of_table(change: str, name: str, **more: Any) -> dict[str, Any]:
    return {"change": change, "kind": "table", "name": name, **more}


SPACES = [{"change": "create_namespace", "name": name} for name in ("raw", "hidden")]
STEPS: tuple[Any, ...] = (
    created("raw.flights", comment=ACCENTED),
    created("raw.flights_daily"),
    created("hidden.secrets"),
    ("namespace", "raw"),
    "publish",
    created("raw.a_flights"),
    of_table("move", "raw.flights_daily", to="main.raw.planes"),
    "publish",
    of_table("drop", "raw.a_flights"),
    created("hidden.flights"),
    created("hidden.flighty"),
    created("raw.zz_flightplans"),
    created("raw.flocks"),
    "publish",
    *chain.from_iterable((created(f"raw.flights_{n}"), "publish") for n in range(8)),
    of_table("drop", "raw.flights_3"),
    "publish",
)


async def pages(search: Callable[[Lookup], Awaitable[Found]], text: str) -> list[Found]:
    """All that is found, three hits a page."""
    told = [await search(Lookup(text=text, limit=3))]
    while told[-1].behind is not None and len(told) < 50:
        told.append(await search(Lookup(text=text, limit=3, after=told[-1].behind)))
    return told


async def flaw(story: Story) -> str:
    """What search says otherwise than the rows; empty when that is nothing."""
    database, authority = story.workspace.database, story.workspace.authority
    every = await database.asked(documents_in)
    open_ = await database.asked(lambda state: seen_by(state, authority))
    for text in TEXTS:
        first = await compared(story, text, documents=every)
        second = await compared(story, text, documents=open_, as_ann=True)
        if first or second:
            return first or second
    return ""


async def compared(
    story: Story, text: str, *, documents: Sequence[Document], as_ann: bool = False
) -> str:
    """The first law that an answer breaks."""
    who = SEEN_BY_ANN if as_ann else SEEN_BY_ALL
    now = story.workspace.database.runtime.now()
    asked = asked_of(Lookup(text=text), ANN if as_ann else CALLER, now=now)
    asked = msgspec.structs.replace(asked, weighs_popularity=not as_ann)
    expected = [name for _, name, _ in found(documents, asked)]
    told = await pages((lambda look: story.search_as(ANN, look)) if as_ann else story.search, text)
    names = [hit.full_name for page in told for hit in page.hits]
    if any(page.total != len(expected) for page in told):
        return f"counts: {who} is told of {told[0].total} for {text!r}, not of {len(expected)}"
    if sorted(names) != sorted(expected):
        return f"finds: {who} is told {names} for {text!r}, not {expected}"
    if names != expected:
        return f"orders: {who} is told {names} for {text!r}, not {expected}"
    return next((flaw for page in told for hit in page.hits if (flaw := wrongly_marked(hit))), "")


def wrongly_marked(hit: hits.SearchHit) -> str:
    """A mark that cuts a word."""
    for fragment in hit.fragments:
        for start, end in fragment.spans:
            text = fragment.text
            around = text[start - 1 : start] + text[end : end + 1]
            if not fold(text[start:end]).isalnum() or any(map(letter, around)):
                return f"marks: {text[start:end]!r} of {text!r}"
    return ""


def letter(character: str) -> bool:
    return character.isalpha() or unicodedata.combining(character) > 0


def first_flaw() -> str:
    """The story is told, and looked at after each step, by its process and by a fresh one."""

    async def main() -> str:
        story = Story(Path("/nowhere"))
        await story.open()
        for step in (*SPACES, *STEPS):
            await story.take(step)
            if wrong := await flaw(story):
                return wrong
            if step == "publish":
                await story.open()
                if wrong := await flaw(story):
                    return wrong
        return ""

    return run(main())


def test_search_as_it_is_has_no_flaw() -> None:
    assert first_flaw() == ""


def changes_since_the_snapshot_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changed since segments were published is not laid over them."""
    monkeypatch.setattr(footing, "TOUCHED", ())


def only_creations_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever publishes segments does not hide what became of older documents."""
    monkeypatch.setattr(publishing, "_hidden", none_hidden)


def none_hidden(state: State, *, shelves: Shelves, objects: Any) -> list[int]:
    return [0 for _ in shelves.segments]


def old_names_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object that was renamed is found by its old name, too."""
    monkeypatch.setattr(shelving, "_held_by", lambda segment, identities: 0)


def what_is_gone_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects that were dropped are left as they were."""

    def standing(state: State, objects: Any) -> Mapping[Object, Document | None]:
        return {each: told for each, told in told_of(state, objects).items() if told is not None}

    monkeypatch.setattr(footing, "told_of", standing)


def access_after_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hits that the caller may not know of are taken out of the page, after everything."""
    monkeypatch.setattr(Sights, "of", lambda self, state, shelves: everything)


def hidden_words_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word is no slip when only hidden objects have it."""

    def has(self: Any, *named: Any) -> bool:
        return bool(self.levels(*named)[-1])

    monkeypatch.setattr(matching._Look, "_has", has)


def sight_outlives_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen of the first segment is taken for what is seen of any."""
    right = Sights.of

    def of(self: Sights, *seen: Any) -> Any:
        sight, (first, *_) = right(self, *seen), seen[1].segments
        return lambda segment: sight(first) & everything(segment)

    monkeypatch.setattr(Sights, "of", of)


def two_slips_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every word that shares a remainder is taken for meant."""
    monkeypatch.setattr(matching, "is_one_slip", lambda left, right: True)


def swaps_are_no_slips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two letters that changed places are two slips."""
    right = matching.is_one_slip
    monkeypatch.setattr(
        matching,
        "is_one_slip",
        lambda one, other: right(one, other) and sorted(one) != sorted(other),
    )


def ties_by_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equals stand in the order of the segments they are in."""
    monkeypatch.setattr(ranking, "_in_order", lambda lists: chain(*lists))


def beginnings_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The range of words that begin alike ends too early."""

    def cut(field: str, word: str) -> tuple[str, str]:
        return field + word, field + word + ("m" if field == "n:" else WORD_END)

    monkeypatch.setattr(matching, "_beginning_with", cut)


def marks_of_short_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The marks are asked for more of a word than they were made of."""
    monkeypatch.setattr(
        matching, "may_begin", lambda marks, word: len(word) > 1 and bool(marks) and word != "raw"
    )


def pages_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page begins with the last hit of the one before."""

    def later(segment: Readable, bits: int, *, behind: Any) -> int:
        place = max(0, segment.place(behind) - 1)
        return bits >> place << place

    monkeypatch.setattr(ranking, "_later", later)


def whole_names_are_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for a whole name gets what has it in its name, the popular and fresh first."""
    monkeypatch.setattr(matching, "_whole", lambda segment, words, *, among: 0)


def merging_forgets_what_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments that become one are taken with all they ever held."""
    right = publishing.merged

    def merged(parts: Sequence[tuple[Segment, int]]) -> Segment:
        return right([(segment, 0) for segment, _ in parts])

    monkeypatch.setattr(publishing, "merged", merged)


def marks_measured_in_another_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where words stand is measured in the text with its accents apart, and told of it joined."""
    right = hits.words_in

    def apart(text: str) -> Iterator[Word]:
        return right(unicodedata.normalize("NFD", text))

    monkeypatch.setattr(hits, "words_in", apart)


def matched_for_another_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """What words matched is kept for whoever asks the same next."""
    kept: dict[object, Any] = {}

    def matched(self: Any, *asked: Any) -> Any:
        (shelves, seq, question, _), find = asked
        return kept.setdefault((id(shelves), seq, question.words), find())

    monkeypatch.setattr(searching._Asking, "matched", matched)


CAUGHT: list[tuple[Sin, str]] = [
    (changes_since_the_snapshot_ignored, "counts|finds"),
    (only_creations_published, "counts|finds"),
    (old_names_kept, "counts|finds"),
    (what_is_gone_stays, "counts|finds"),
    (access_after_counting, "counts"),
    (hidden_words_are_known, "counts"),
    (sight_outlives_segments, "counts"),
    (two_slips_are_one, "counts"),
    (swaps_are_no_slips, "counts"),
    (ties_by_segment, "orders"),
    (beginnings_cut, "counts"),
    (marks_of_short_words, "counts"),
    (pages_overlap, "finds|orders"),
    (whole_names_are_nothing, "orders"),
    (merging_forgets_what_is_hidden, "counts|finds"),
    (marks_measured_in_another_form, "marks"),
    (matched_for_another_caller, "counts|finds"),
]


@pytest.mark.parametrize(("sin", "laws"), CAUGHT, ids=[sin.__name__ for sin, _ in CAUGHT])
def test_a_wrong_search_breaks_its_law(
    sin: Sin, laws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sin(monkeypatch)
    flaw_ = first_flaw()
    assert flaw_.startswith(tuple(laws.split("|"))), flaw_ or "it survived the story"
