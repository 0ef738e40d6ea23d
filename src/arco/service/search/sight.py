"""Sight: which documents of a segment a caller may know of, as a set of ordinals.

Law: existence privacy. What is not in the set is neither counted nor ranked nor taken for the right
spelling of a word; a document is in it exactly if its row is shown. Must not know what is asked.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from arco.catalog.kinds import Kind, at_key, by_id
from arco.catalog.search.bits import bits_of, ordinals_in
from arco.catalog.search.documents import WORD_END, Entry, Posting, Term, identity_of
from arco.catalog.search.matching import Readable, Sight
from arco.catalog.search.segments import identity_term, ordinal_in
from arco.catalog.tables import NAMESPACES
from arco.model import Misses, State
from arco.service.search.documents import ASSET, CONTAINERS
from arco.service.search.shelves import Shelves
from arco.service.views import View
from arco.service.visibility import Visible

ROOMS = (Term.ROOM, Term.ROOM + WORD_END)
APART = (ASSET, *(kind.value for kind in CONTAINERS))
"""Kinds of which each object is judged by itself: there are few of them."""


class Sights:
    """What callers see of segments, remembered as long as what they may know of is."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Visible, WeakKeyDictionary[Readable, int]]
        self._known = WeakKeyDictionary()

    def of(self, state: State, shelves: Shelves) -> Sight:
        """What the caller sees, whose view of the state this is."""
        if not isinstance(state, View):
            return everything
        known = self._known.setdefault(state.visible, WeakKeyDictionary())
        unseen = [each for each in shelves.segments if each not in known]
        shelves.require_ranges([(each, [ROOMS]) for each in unseen])
        shelves.require([Term.KIND + kind for kind in APART])
        judged = _Judged(state.whole, state.visible, shelves)
        for segment in unseen:
            known[segment] = judged.seen(segment)
        return known.__getitem__


def everything(segment: Readable) -> int:
    """All documents of the segment."""
    return (1 << segment.size) - 1


class _Judged:
    """What one caller sees of segments."""

    def __init__(self, state: State, visible: Visible, shelves: Shelves) -> None:
        self._state = state
        self._visible = visible
        self._shelves = shelves
        leaves = (by_id(state, object_id) for _, object_id in visible.leaves())
        self._own = [identity_of(each.kind.value, each.key) for each in leaves if each]

    def seen(self, segment: Readable) -> int:
        """The ordinals that are seen."""
        apart = 0
        for kind in APART:
            apart |= _bits(segment, segment.get(Term.KIND + kind))
        inside = self._in_rooms(segment, segment.hidden | apart)
        return inside | self._by_itself(segment) | self._apart(segment, apart)

    def _in_rooms(self, segment: Readable, without: int) -> int:
        seen = 0
        misses = Misses()
        for posting in segment.between(*ROOMS):
            inside = _bits(segment, posting) & ~without
            with misses:
                if inside and self._is_open(posting.term.removeprefix(Term.ROOM)):
                    seen |= inside
        misses.settle()
        return seen

    def _is_open(self, room: str) -> bool:
        """True when everything is visible in a namespace: no row of what it holds is read."""
        catalog, _, path = room.partition(".")
        namespace = self._state.get(NAMESPACES, catalog, path)
        return namespace is not None and self._visible.sees_all_within(self._state, namespace)

    def _by_itself(self, segment: Readable) -> int:
        self._shelves.require(list({identity_term(each) for each in self._own}))
        bits = 0
        for identity in self._own:
            ordinal = ordinal_in(segment.get(identity_term(identity)), identity)
            if ordinal is not None:
                bits |= 1 << ordinal
        return bits

    def _apart(self, segment: Readable, apart: int) -> int:
        found = list(ordinals_in(apart & ~segment.hidden))
        self._shelves.require_entries([(segment, found)])
        return sum(1 << at for at in found if self._is_shown(segment.entry(at)))

    def _is_shown(self, entry: Entry) -> bool:
        if entry.kind == ASSET:
            return self._visible.sees_asset(self._state, entry.key[0])
        found = at_key(self._state, Kind(entry.kind), key=entry.key)
        return found is not None and self._visible.sees(self._state, found)


def _bits(segment: Readable, posting: Posting | None) -> int:
    if posting is None:
        return 0
    return bits_of(posting.documents, posting.count, size=segment.size)


__all__ = ["Sights", "everything"]
