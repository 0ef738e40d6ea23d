"""Search finds, counts and orders what a look at every document would, however the catalog came
about and however its segments are cut.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arco.access.callers import Caller, Method, local_owner
from arco.access.events import GrantGiven
from arco.access.privileges import Kind as SecurableKind
from arco.access.privileges import Privilege
from arco.catalog.changes import CatalogChange
from arco.catalog.finding import look_up
from arco.catalog.kinds import Kind, at_key
from arco.catalog.search.documents import Document
from arco.catalog.search.matching import Asked, matches
from arco.catalog.search.ranking import level_of, page
from arco.catalog.search.segments import CROWD_WORDS, MemorySegment, Segment, built, merged
from arco.catalog.search.words import words_of
from arco.engine import snapshot
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.past import state_at
from arco.engine.verify import Verifier
from arco.errors import ArcoError, NotFound
from arco.model import Event, State
from arco.runtime import AsyncioRuntime, run
from arco.service.authority import Authority
from arco.service.changing import Changing
from arco.service.search.checking import search_findings
from arco.service.search.documents import KINDS, all_objects, document_of
from arco.service.search.searching import Found, Lookup, asked_of
from arco.service.search.shelves import Shelves
from arco.service.search.sight import everything
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, Workspace, assemble
from arco.store.memory import MemoryStore
from tests.property.search_oracle import found

TODAY = date(2026, 11, 21)
WORDS = ("flight", "flights", "fligth", "dep_delay", "weather", "2013", "a", "über", "s3", "月次")
NAMES = st.lists(
    st.sampled_from(("flights", "weather", "daily", "dep", "a", "2013")), min_size=1, max_size=3
)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)
OWNERS = st.sampled_from(("ann", "bob", "the team"))
CALLER = local_owner("local", "main")

DOCUMENTS = st.builds(
    lambda name, **rest: Document(
        full_name=f"main.{rest['room']}.{'_'.join(name)}",
        name=words_of(" ".join(name)),
        **{**rest, "room": f"main.{rest['room']}"},
    ),
    name=NAMES,
    kind=st.sampled_from(("table", "view")),
    key=st.just(()),
    about=TEXTS.map(words_of),
    said=TEXTS.map(words_of),
    room=st.sampled_from(("raw", "mart", "mart.eu")),
    tags=st.sampled_from(((), ("pii",), ("pii", "pii=high"))),
    owners=st.sets(OWNERS).map(tuple),
    fresh_on=st.sampled_from((None, TODAY, TODAY - timedelta(days=6), TODAY - timedelta(days=7))),
    popularity=st.integers(0, 4),
).map(lambda each: msgspec.structs.replace(each, key=(each.full_name,)))
CATALOGS = st.lists(DOCUMENTS, max_size=20, unique_by=lambda each: (each.kind, each.full_name))
QUESTIONS = st.builds(
    Asked,
    words=st.lists(
        st.sampled_from(
            (
                "flights",
                "f",
                "fligths",
                "weahter",
                "dep",
                "delay",
                "2013",
                "201",
                "raw",
                "uber",
                "月",
            )
        ),
        max_size=3,
        unique=True,
    ).map(tuple),
    kinds=st.sampled_from(((), ("table",), ("view", "table"))),
    tags=st.sampled_from(((), ("pii",), ("pii=high",))),
    owners=st.sampled_from(((), ("ann",), ("ann", "the team"))),
    room=st.sampled_from(("", "main", "main.mart", "main.mart.eu", "main.ma")),
    fresh_since=st.sampled_from((None, TODAY, TODAY - timedelta(days=7))),
    today=st.just(TODAY),
    mine=st.sampled_from(((), ("bob",))),
    weighs_popularity=st.booleans(),
)


def told(shelves: Shelves, asked: Asked, *, limit: int) -> list[tuple[str, str, int]]:
    """Everything that is found, page by page."""
    results = matches(shelves, asked, sight=everything)
    hits: list[Any] = []
    while some := page(shelves, results, after=hits[-1].place if hits else None, limit=limit):
        hits += some
    assert len(hits) == sum(each.count for each in results)
    return [(each.entry.kind, each.entry.full_name, level_of(each.rank)) for each in hits]


@given(CATALOGS, QUESTIONS, st.integers(1, 7), st.data())
def test_any_cut_into_segments_is_searched_like_one_look_at_every_document(
    documents: list[Document], asked: Asked, limit: int, data: st.DataObject
) -> None:
    shelves = Shelves()
    standing: dict[Any, Document | None] = {}
    versions = (
        data.draw(st.lists(st.lists(st.sampled_from(documents), unique=True), max_size=12))
        if documents
        else []
    )
    for some in versions:
        gone = data.draw(st.booleans())
        laid = {
            (each.kind, each.key): None if gone and index % 3 == 0 else each
            for index, each in enumerate(some)
        }
        shelves.lay(laid)
        standing |= laid
    expected = found([each for each in standing.values() if each], asked)
    assert told(shelves, asked, limit=limit) == expected


@given(CATALOGS, st.integers(0, 20))
def test_merging_segments_gives_what_building_one_gives(documents: list[Document], at: int) -> None:
    first, second = documents[:at], documents[at:]
    hidden = sum(1 << index for index in range(0, len(first), 2))
    ordered = sorted(first, key=lambda each: each.entry.order)
    left = [each for index, each in enumerate(ordered) if index % 2]
    whole = merged([(built(first), hidden), (built(second), 0)])
    assert content(whole) == content(built([*left, *second]))


def content(segment: Segment) -> tuple[Any, ...]:
    return tuple(segment.entries), tuple(segment.postings)


def test_a_beginning_that_a_crowd_of_words_has_is_answered_from_one_posting() -> None:
    documents = [
        Document(
            kind="table",
            key=(str(n),),
            full_name=f"main.x.t{n}",
            name=(f"crowd{chr(97 + n // 26)}{chr(97 + n % 26)}",),
            about=("x",),
        )
        for n in range(2 * CROWD_WORDS)
    ]
    segment = MemorySegment(built(documents))
    posting = segment.get("n*crowd")
    assert posting is not None and posting.count == len(documents)
    assert segment.get("n*crowda") is None
    shelves = Shelves()
    shelves.lay({(each.kind, each.key): each for each in documents})
    for word in ("c", "crow", "crowd", "crowda", "crowdab"):
        asked = Asked(words=(word,), today=TODAY)
        assert told(shelves, asked, limit=100) == found(documents, asked)


# A catalog that is changed by decisions, on a store, with snapshots and restarts in between.

PLACES = ("raw", "mart")
TABLES = ("flights", "weather", "flights_daily", "planes")
QUALIFIED = st.builds("{}.{}".format, st.sampled_from(PLACES), st.sampled_from(TABLES))
STEPS = st.one_of(
    st.builds(
        lambda name, comment, column: {
            "change": "create_table",
            "name": name,
            "comment": comment,
            "columns": [{"name": column, "type": "bigint", "comment": "Counted in minutes"}],
        },
        QUALIFIED,
        TEXTS,
        st.sampled_from(("dep_delay", "ArrDelay", "id")),
    ),
    st.builds(
        lambda name, to: {"change": "move", "kind": "table", "name": name, "to": to},
        QUALIFIED,
        st.builds("main.{}.{}".format, st.sampled_from(PLACES), st.sampled_from(TABLES)),
    ),
    st.builds(
        lambda change, name: {"change": change, "kind": "table", "name": name},
        st.sampled_from(("drop", "undrop")),
        QUALIFIED,
    ),
    st.builds(
        lambda name, comment, owner: {
            "change": "alter",
            "kind": "table",
            "name": name,
            "comment": comment,
            "owner": owner,
        },
        QUALIFIED,
        TEXTS,
        OWNERS,
    ),
    st.builds(
        lambda name, tag: {
            "change": "set_tags",
            "kind": "table",
            "name": name,
            "tags": {tag: "high"},
        },
        QUALIFIED,
        st.sampled_from(("pii", "gold")),
    ),
    st.sampled_from(("publish", "reopen", "search")),
)
GRANTS = st.one_of(
    st.tuples(st.just("namespace"), st.sampled_from(PLACES)),
    st.tuples(st.just("table"), QUALIFIED),
    st.tuples(st.just("view"), st.builds("{}.late".format, st.sampled_from(PLACES))),
)
VIEWED = st.builds(
    lambda place: {
        "change": "create_view",
        "name": f"{place}.late",
        "texts": {"duckdb": "select 1"},
    },
    st.sampled_from(PLACES),
)
LOOKUPS = st.builds(
    Lookup,
    text=st.sampled_from(("flights", "raw.flights", "delay", "wether", "minutes", "", "ann")),
    tags=st.sampled_from(("", "pii", "pii=high")),
    owners=st.sampled_from(("", "ann,bob")),
    namespace=st.sampled_from(("", "mart", "main")),
    limit=st.just(50),
)


ANN = Caller(principal="user:ann", tenant="local", workspace="main", method=Method.KEY)


class Story:
    """A workspace on a store in memory that lives through steps."""

    def __init__(self, folder: Path) -> None:
        self._root = MemoryStore()
        self._settings = Settings(directory=folder)
        self.workspace: Workspace

    async def open(self) -> None:
        """Another process begins."""
        self.workspace = await assemble(self._settings, AsyncioRuntime(), root=self._root)

    async def change(self, step: dict[str, Any]) -> None:
        """The change happens, unless it cannot."""
        command: Any = msgspec.convert(step, CatalogChange)
        changing = Changing(self.workspace, [command], caller=CALLER)
        try:
            await self.workspace.database.transact(changing.decide)
        except ArcoError as error:
            assert error.status < 500

    async def search(self, lookup: Lookup, **rest: Any) -> Found:
        """What is found."""
        return await self.workspace.search.asked(lookup, CALLER, view=lambda state: state, **rest)

    async def search_as(self, caller: Caller, lookup: Lookup) -> Found:
        """What the caller finds."""
        view = partial(self.workspace.authority.visible, caller=caller)
        return await self.workspace.search.asked(lookup, caller, view=view)

    async def grant(self, kind: str, name: str) -> None:
        """Ann may know of the object, if there is one."""
        database = self.workspace.database
        found = await database.asked(lambda state: look_up(state, Kind(kind), name=name))
        if found is None:
            return
        given = GrantGiven(
            kind=SecurableKind(kind),
            securable_id=found.object_id,
            principal=ANN.principal,
            privilege=Privilege.BROWSE,
            granted_at=database.runtime.now(),
            granted_by="the test",
        )
        await database.transact(lambda state, now: [Event(given)])

    async def take(self, step: Any) -> None:
        """One step of the story."""
        database = self.workspace.database
        if step == "publish":
            await snapshot.publish(database)
        elif step == "reopen":
            await self.open()
        elif step == "search":
            await self.search(Lookup(text="flights"))
            await self.search_as(ANN, Lookup(text="flights"))
        elif isinstance(step, tuple):
            await self.grant(*step)
        else:
            await self.change(step)


def documents_in(state: Any) -> list[Document]:
    objects = [each for kind in KINDS for each in all_objects(state, kind)]
    return [document for each in objects if (document := document_of(state, each))]


def expected_of(state: Any, lookup: Lookup, *, now: datetime) -> list[tuple[str, str]]:
    asked = asked_of(lookup, CALLER, now=now)
    room = {"": "", "main": "main", "mart": "main.mart"}[lookup.namespace]
    asked = msgspec.structs.replace(asked, room=room)
    return [(kind, name) for kind, name, _ in found(documents_in(state), asked)]


def names_of(result: Found) -> list[tuple[str, str]]:
    assert result.total == len(result.hits)
    return [(each.kind, each.full_name) for each in result.hits]


@settings(deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=25), LOOKUPS)
def test_after_any_changes_snapshots_and_restarts_search_tells_what_the_rows_say(
    steps: list[Any], lookup: Lookup
) -> None:
    async def main() -> None:
        story = Story(Path("/nowhere"))
        await story.open()
        for place in PLACES:
            await story.change({"change": "create_namespace", "name": place})
        for step in steps:
            await story.take(step)
        database = story.workspace.database
        expected = await database.asked(
            lambda state: expected_of(state, lookup, now=database.runtime.now())
        )
        assert names_of(await story.search(lookup)) == expected
        await story.open()
        assert names_of(await story.search(lookup)) == expected
        workspace = story.workspace
        verifier = Verifier(workspace.store, workspace.runtime, (*DOMAINS, ENGINE))
        assert (await verifier.run()).findings == ()
        store, runtime = workspace.store, workspace.runtime
        assert await search_findings(store, runtime, tables=verifier.tables) == ()

    run(main())


def seen_by(state: State, authority: Authority) -> list[Document]:
    """The documents of rows that Ann is shown."""
    view = authority.visible(state, ANN)
    return [
        document
        for document in documents_in(state)
        if at_key(view, Kind(document.kind), key=document.key) is not None
    ]


@settings(deadline=None)
@given(st.lists(st.one_of(STEPS, GRANTS, VIEWED), min_size=1, max_size=30), LOOKUPS)
def test_who_may_know_of_a_part_finds_counts_and_ranks_as_if_there_were_no_more(
    steps: list[Any], lookup: Lookup
) -> None:
    async def main() -> None:
        story = Story(Path("/nowhere"))
        await story.open()
        for place in PLACES:
            await story.change({"change": "create_namespace", "name": place})
        for step in steps:
            await story.take(step)
        database, authority = story.workspace.database, story.workspace.authority
        seen = await database.asked(lambda state: seen_by(state, authority))
        places = {document.full_name for document in seen}
        room = {"": "", "main": "main", "mart": "main.mart"}[lookup.namespace]
        if room and room not in places:
            with pytest.raises(NotFound):
                await story.search_as(ANN, lookup)
            return
        asked = asked_of(lookup, ANN, now=database.runtime.now())
        asked = msgspec.structs.replace(asked, room=room, weighs_popularity=False)
        expected = [(kind, name) for kind, name, _ in found(seen, asked)]
        assert names_of(await story.search_as(ANN, lookup)) == expected

    run(main())


@given(st.lists(STEPS, min_size=1, max_size=25), LOOKUPS, st.integers(0, 30))
def test_a_moment_of_the_past_is_searched_as_it_was(
    steps: list[Any], lookup: Lookup, back: int
) -> None:
    async def main() -> None:
        story = Story(Path("/nowhere"))
        await story.open()
        for place in PLACES:
            await story.change({"change": "create_namespace", "name": place})
        for step in steps:
            await story.take(step)
        database = story.workspace.database
        past = await state_at(database, max(2, database.seq - back))
        expected = await past.asked(
            lambda state: expected_of(state, lookup, now=database.runtime.now())
        )
        assert names_of(await story.search(lookup, past=past)) == expected

    run(main())
