"""The documentation is complete and true as far as a machine can tell."""

from __future__ import annotations

import msgspec
import pytest

from arco.codes import CODES
from arco.orchestration.rows import Run
from tests.reference.meanings import field_meaning
from tests.reference.pages import FOLDER, PAGES, rendered, undocumented
from tests.tidy import documents, faults
from tests.tidy.source import ROOT, repository

PAGES_HERE = rendered()
TEXTS = documents.documents()


@pytest.mark.parametrize("path", PAGES_HERE)
def test_a_generated_page_is_what_the_code_says(path: str) -> None:
    target = ROOT / path
    standing = target.read_text("utf-8") if target.is_file() else ""
    assert standing == PAGES_HERE[path], f"{path} is out of date: run `make docs`"


def test_no_page_describes_what_is_gone() -> None:
    standing = {f"{FOLDER}/{name}" for name in PAGES if (ROOT / FOLDER / name).is_file()}
    assert standing <= PAGES_HERE.keys()


def test_nothing_a_user_meets_is_undocumented() -> None:
    missing = list(undocumented())
    assert not missing, "\n".join(missing)


def test_every_test_that_a_document_names_exists() -> None:
    found = [str(finding) for finding in documents.cited_tests(repository(), TEXTS)]
    assert not found, "\n".join(found)


def test_every_fault_of_the_protocol_has_a_test() -> None:
    page = (ROOT / faults.PAGE).read_text("utf-8")
    found = [str(finding) for finding in faults.unproved(page, faults.FAULTS)]
    assert not found, "\n".join(found)


def test_a_fault_without_a_test_is_found() -> None:
    page = f"{faults.SECTION}\n\n| Fault | Test |\n| rain | none |\n| snow | `test_a` |\n"
    assert len(list(faults.unproved(page, ["rain", "hail", "snow"]))) == 2
    assert len(list(faults.unproved(page, ["snow"]))) == 1


def test_every_relative_link_leads_somewhere() -> None:
    found = [str(finding) for finding in documents.links(TEXTS)]
    assert not found, "\n".join(found)


def test_every_decision_is_short_and_names_what_was_rejected() -> None:
    found = [str(finding) for finding in documents.decisions(TEXTS)]
    assert not found, "\n".join(found)


def test_operations_say_what_to_do_about_every_kind_of_damage() -> None:
    page = (ROOT / "docs/operations.md").read_text("utf-8")
    damage = [code for code, (error, _) in CODES.items() if error == "Corrupt"]
    assert [code for code in damage if f"| `{code}` |" not in page] == []


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")
    pages = {
        path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")
    } - {"README.md"}
    missing = [path for path in sorted(pages) if f"({path})" not in index]
    assert not missing, f"docs/README.md does not link {missing}"


def test_an_untrue_document_is_found() -> None:
    text = "# 2. X\nProved by `test_that_nobody_wrote`, see [there](nowhere.md).\n" + "x\n" * 150
    bad = [("docs/adr/0003-x.md", text)]
    assert len(list(documents.cited_tests(repository(), bad))) == 1
    assert len(list(documents.links(bad))) == 1
    # The number in the name, the number in the heading, the length, and four missing sections.
    assert len(list(documents.decisions(bad))) == 7


def test_a_field_without_words_is_found() -> None:
    class Row(msgspec.Struct):
        """A row."""

        unheard_of: int

    assert field_meaning(Row, "unheard_of") == ""
    assert field_meaning(Run, "number") == (
        "Counts runs in the order of the log; the only order runs have."
    )
    assert field_meaning(Run, "run_id") == "The run's identity (ULID)."
