"""Gathering: what the newest lines of a table's files say of the objects that were asked for."""

from __future__ import annotations

import msgspec

from arco.engine.gathering import Gathered, Gathering
from arco.engine.parquet import Changed, write_base, write_delta
from arco.model import Table


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a thing, as rows of a table under the thing's id."""

    thing: str
    number: int
    name: str
    comment: str | None = None


PARTS = Table("shop.parts", Part, ("thing", "number"))
BASE = [
    Part(thing="a", number=1, name="wheel"),
    Part(thing="a", number=2, name="bell", comment="rings"),
    Part(thing="b", number=1, name="wheel", comment="rings"),
    Part(thing="c", number=1, name="sail"),
]


def gathered(*files: bytes, of: tuple[str, ...]) -> list[list[tuple[str | None, ...]]]:
    """What is gathered of each object."""
    gathering = Gathering(PARTS, ("name", "comment"), of=of)
    for data in files:
        gathering.add(data)
    found: Gathered = gathering.end()
    return [found.of(place) for place in range(len(of))]


def test_objects_are_told_in_the_order_in_which_they_were_asked_for() -> None:
    found = gathered(write_base(PARTS, BASE), of=("b", "a"))
    assert found == [[("wheel", "rings")], [("wheel", None), ("bell", "rings")]]


def test_an_object_without_rows_has_none() -> None:
    assert gathered(write_base(PARTS, BASE), of=("x", "c")) == [[], [("sail", None)]]
    assert gathered(of=("x",)) == [[]]


def test_a_later_file_changes_adds_and_drops_rows() -> None:
    oar = Part(thing="c", number=2, name="oar")
    horn = Part(thing="a", number=2, name="horn")
    later = [
        Changed(("a", 1), None, 7),
        Changed(("a", 2), horn, 7),
        Changed(("c", 2), oar, 7),
    ]
    newest = [Changed(("c", 1), None, 9), Changed(("c", 2), oar, 9)]
    files = write_base(PARTS, BASE), write_delta(PARTS, later), write_delta(PARTS, newest)
    assert gathered(*files, of=("a", "b", "c")) == [
        [("horn", None)],
        [("wheel", "rings")],
        [("oar", None)],
    ]


def test_a_field_that_an_older_file_lacks_is_null() -> None:
    class OldPart(msgspec.Struct, frozen=True, kw_only=True):
        thing: str
        number: int
        name: str

    old = Table("shop.parts", OldPart, ("thing", "number"))
    data = write_base(old, [OldPart(thing="a", number=1, name="wheel")])
    assert gathered(data, of=("a",)) == [[("wheel", None)]]


def test_rows_of_many_row_groups_are_gathered_like_those_of_one() -> None:
    rows = [
        Part(thing=f"t{thing:04}", number=number, name=f"part {number}")
        for thing in range(1_000)
        for number in range(9)
    ]
    ids = tuple(f"t{thing:04}" for thing in range(999, -1, -7))
    found = gathered(write_base(PARTS, rows), of=ids)
    assert found == [[(f"part {number}", None) for number in range(9)]] * len(ids)
