"""Every way in which stored bytes get damaged, in every kind of object: nothing that was damaged
is served as if it were whole, `arco verify` names the object, and the rest keeps serving.

What a process serves after each damage is compared, row by row, with what it serves of the whole
store: a state at the newest slot and at older ones, every table of every domain, and every version
of two user tables. A user table's own format has no checksum for its log entries and for whole
files: pages of our files carry one, which readers look at, and `arco verify` compares both with
what their publication recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from arco.runtime import run
from arco.testing.failpoints import kinds_of
from tests.integration.damages import DAMAGES, Look, look
from tests.integration.life import Place
from tests.integration.lives import exit_code, live
from tests.integration.trials import written_project

STAGES = ["decide", "report", "photograph", "run"]
SCOPE = "tenant=local/workspace=main"
TABLE = "table n.second"
DATA = "data of n.second"
VOUCHED = ("format", "log", "log in the middle", "newest log", "payload", "lane batch")
VOUCHED_BY_SNAPSHOT = ("snapshot file", "snapshot index")
HARMLESS = ("head hint", "lead beat", "roster", "task log", "prepared entry")
CLOSED = {"format": {"start"}, "log": {"slot 3"}, "newest log": {"start"}}
"""What is refused: a state that only the first commits make, and whatever the newest may change."""
CURRENT = ("snapshot file", "snapshot index", "data file", "delta entry")
"""Kinds of which an older object may be needed by nobody."""
RESIZED = ("cut", "empty", "longer", "gone")
TORN = ("first bit", "last bit", "cut", "zeroed", "gone")


class Store(msgspec.Struct, frozen=True):
    """A workspace that lived, and what it serves while it is whole."""

    place: Place
    truth: Look
    objects: dict[str, tuple[Path, ...]]
    """By their kind, in the order of their names."""

    def chosen(self, kind: str) -> tuple[Path, bytes]:
        """One object of the kind, and the bytes of another."""
        if kind == "log in the middle":
            slots = self.objects["log"]
            return slots[len(slots) // 2], slots[1].read_bytes()
        if kind == "newest log":
            return self.objects["log"][-1], self.objects["log"][-2].read_bytes()
        if kind == "older data file":
            second, files = self.truth.places["second"], self.objects["data file"]
            older = [each for each in files if second in str(each)]
            path = next(each for each in older if not self._is_current("data file", each))
            return path, b""
        paths = self.objects[kind]
        if kind in CURRENT:
            paths = tuple(each for each in paths if self._is_current(kind, each))
        path = paths[0]
        others = [each for each in self.objects[kind] if each.read_bytes() != path.read_bytes()]
        return path, others[0].read_bytes() if others else b"{}"

    def _is_current(self, kind: str, path: Path) -> bool:
        """True for what the newest version of something is made of."""
        if kind == "snapshot index":
            return path == self._newest_index()
        if kind == "snapshot file":
            return self._name(path) in self._newest_index().read_text()
        second = self.truth.places["second"]
        if second not in str(path):
            return False
        entry = max(each for each in self.objects["delta entry"] if second in str(each))
        lines = map(json.loads, entry.read_text().splitlines())
        added = {line["add"]["path"] for line in lines if "add" in line}
        return path == entry if kind == "delta entry" else path.name in added

    def _newest_index(self) -> Path:
        newest = json.loads(self.objects["log"][-1].read_text())["snapshot"]["index"]
        return Path(self.place.store, SCOPE, newest)

    def _name(self, path: Path) -> str:
        return str(path.relative_to(Path(self.place.store, SCOPE)))

    def called(self, kind: str, path: Path) -> str:
        """What `arco verify` calls it."""
        if "log" in kind:
            return f"slot {int(path.stem)}"
        if kind == "lane batch":
            return f"slot {int(path.name.split('.')[0])} of lane {path.parent.name}"
        return self._name(path)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = written_project(tmp_path_factory.mktemp("damage") / "p")
    place = Place(str(folder), str(folder / "store"))
    assert exit_code(live, place, STAGES) == 0
    objects: dict[str, list[Path]] = {}
    for path in sorted(Path(place.store).rglob("*")):
        if path.is_file():
            (kind,) = kinds_of(str(path.relative_to(place.store)))
            objects.setdefault(kind, []).append(path)
    truth = run(look(place))
    assert truth.findings == () and truth.refused() == {}
    return Store(place, truth, {kind: tuple(paths) for kind, paths in objects.items()})


@contextmanager
def damaged(store: Store, kind: str, *, damage: str) -> Iterator[tuple[Path, Look]]:
    """The object, and what is served while it is damaged."""
    path, other = store.chosen(kind)
    whole = path.read_bytes()
    instead = DAMAGES[damage](whole, other)
    try:
        if instead is None:
            path.unlink()
        else:
            path.write_bytes(instead)
        seen = run(look(store.place))
        assert all(each.text for each in seen.refused().values())
        yield path, seen
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", [*VOUCHED, *VOUCHED_BY_SNAPSHOT])
def test_damage_is_named_and_never_served(store: Store, kind: str, damage: str) -> None:
    if (kind, damage) == ("newest log", "gone"):
        # An older state, which is whole: a rollback, which has a test of its own.
        return
    with damaged(store, kind, damage=damage) as (path, seen):
        assert seen.lies(store.truth) == []
        first = seen.findings[0]
        assert store.called(kind, path) in f"{first.subject}: {first.problem}"
        assert seen.refused().keys() == CLOSED.get(kind, set())
        assert all(each.hint for each in seen.refused().values())


def test_a_log_that_lost_its_end_is_an_older_state_and_the_loss_is_named(store: Store) -> None:
    with damaged(store, "newest log", damage="gone") as (_, seen):
        assert "head.json" in {each.subject for each in seen.findings}
        assert set(seen.lies(store.truth)) <= {"engine.snapshots", "engine.past_snapshots"}


@pytest.mark.parametrize("damage", ["middle bit", "empty", "swapped", "gone"])
@pytest.mark.parametrize("kind", HARMLESS)
def test_damage_of_what_nothing_stands_on_changes_nothing(
    store: Store, kind: str, damage: str
) -> None:
    with damaged(store, kind, damage=damage) as (_, seen):
        assert seen.seen == store.truth.seen


@pytest.mark.parametrize(
    ("kind", "damage"),
    [("data file", each) for each in RESIZED] + [("delta entry", each) for each in TORN],
)
def test_a_damaged_user_table_is_refused_and_named_and_its_neighbour_is_served(
    store: Store, kind: str, damage: str
) -> None:
    with damaged(store, kind, damage=damage) as (_, seen):
        assert seen.lies(store.truth) == []
        assert seen.refused().keys() == {DATA}
        assert TABLE in {each.subject for each in seen.findings}


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("data file", "middle bit"),
        ("data file", "swapped"),
        ("older data file", "last bit"),
        ("delta entry", "middle bit"),
        ("delta entry", "longer"),
        ("delta entry", "swapped"),
    ],
)
def test_what_a_publication_wrote_is_compared_with_what_it_recorded(
    store: Store, kind: str, damage: str
) -> None:
    with damaged(store, kind, damage=damage) as (path, seen):
        named = [each.problem for each in seen.findings if each.subject == TABLE]
        assert any(path.name in problem for problem in named)


@pytest.mark.parametrize("damage", [each for each in DAMAGES if "bit" in each or each == "zeroed"])
def test_a_page_of_a_data_file_that_changed_is_not_read(store: Store, damage: str) -> None:
    with damaged(store, "data file", damage=damage) as (_, seen):
        assert seen.lies(store.truth) == []
        assert seen.refused().keys() <= {DATA}
        assert all(each.hint for each in seen.refused().values())
