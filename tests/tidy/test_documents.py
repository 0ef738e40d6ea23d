"""The documentation is complete and true as far as a machine can tell."""

from __future__ import annotations

import pytest

from arco.codes import CODES
from tests.reference.pages import FOLDER, PAGES, rendered, undocumented
from tests.tidy import documents
from tests.tidy.source import ROOT, repository

PAGES_HERE = rendered()


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
    found = [str(finding) for finding in documents.cited_tests(repository())]
    assert not found, "\n".join(found)


def test_every_relative_link_leads_somewhere() -> None:
    found = [str(finding) for finding in documents.links()]
    assert not found, "\n".join(found)


def test_every_decision_is_short_and_names_what_was_rejected() -> None:
    found = [str(finding) for finding in documents.decisions()]
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
