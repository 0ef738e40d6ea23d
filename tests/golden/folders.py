"""Where the golden files are, and the one rule: what stands is not written again."""

from __future__ import annotations

from pathlib import Path

from arco.store.keys import Scope

GOLDEN = Path(__file__).parent
SCHEMAS = GOLDEN / "schemas"
COMMITS = GOLDEN / "commits"
HISTORIES = GOLDEN / "histories"
STORES = GOLDEN / "stores"
INTERFACES = GOLDEN / "interfaces"
SCOPE = Scope()
BYTES_MAX = 800_000


def named(folder: Path) -> list[Path]:
    """The goldens of one kind, by name."""
    return sorted(path for path in folder.iterdir() if path.is_dir())


def fresh(path: Path) -> Path:
    """`path`, which must not stand yet, as a new folder."""
    if path.exists():
        raise SystemExit(f"{path.name} stands: a golden file is added and never changed")
    path.mkdir(parents=True)
    return path
