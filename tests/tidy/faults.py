"""Every fault a store, a machine or a person can inflict, and the page that names its tests.

The list is the storage protocol's. A fault without a row, or a row without a test, is found here;
that a named test exists is checked with all other documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tests.tidy.documents import TEST_NAME
from tests.tidy.source import Finding

PAGE = "docs/explanation/reliability.md"
SECTION = "## Every fault and its test"
FAULTS = (
    "a request lost before it is applied",
    "a request applied, its answer lost",
    "a request applied long after its client gave up",
    "an own write seen as a conflict",
    "storms of 409, 429 and 503",
    "503 although it was applied",
    "a truncated or flipped body",
    "a crash at every await",
    "a pause of seconds to days",
    "clocks skewed, stepped, frozen, a year ahead",
    "two leaders",
    "ten writers",
    "a busy and an occasional writer",
    "racing compactors",
    "racing snapshotters",
    "racing collectors",
    "a hint lost, stale or wrong",
    "a torn write",
    "a full disk",
    "an I/O error on write, fsync and link",
    "a lost directory entry",
    "a poisoned slot",
    "a deleted slot",
    "a restored old backup",
    "an old writer with a new reader, and the reverse",
    "a thousand clients creating one name",
)


def unproved(page: str, faults: Sequence[str]) -> Iterator[Finding]:
    """Faults without a row, rows without a test, rows that are no fault of the list."""
    section = page.partition(SECTION)[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (.+?) \| (.+) \|$", section, re.MULTILINE))
    rows.pop("Fault", None)
    for fault in faults:
        if not TEST_NAME.search(rows.get(fault, "")):
            yield Finding(PAGE, 1, f"{fault!r} has no test: add it to {SECTION!r}")
    for row in rows.keys() - set(faults):
        yield Finding(PAGE, 1, f"{row!r} is no fault of the list")
