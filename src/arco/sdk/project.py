"""A project on disk: where it is, which modules it has, and what they declare when imported.

Law: importing happens in a process of its own, never in the control plane. Must not know what
declarations mean.
"""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from arco.errors import Invalid
from arco.orchestration.definitions import DEFAULT_EXECUTOR, Executor, Maintenance
from arco.sdk.declarations import Declaration, collecting
from arco.sdk.problems import Problem
from arco.sdk.tracebacks import last_user_line, user_message, user_traceback

PYPROJECT = "pyproject.toml"
NAMESPACE_DEFAULT = "main"
FOLDERS_SKIPPED = frozenset({"tests", "test", "build", "dist", "node_modules", "site-packages"})
FILES_SKIPPED = frozenset({"conftest.py", "setup.py", "noxfile.py"})


class Settings(msgspec.Struct, frozen=True):
    """`[tool.arco]` of a `pyproject.toml`."""

    modules: tuple[str, ...] = ()
    package: str = ""
    name: str = ""
    namespace: str = NAMESPACE_DEFAULT
    executor: Executor = DEFAULT_EXECUTOR
    config: dict[str, dict[str, Any]] = {}
    maintenance: Maintenance = Maintenance()


class Project(msgspec.Struct, frozen=True):
    """Where a project is, and what to import from it."""

    directory: Path
    name: str
    namespace: str
    """Where an asset belongs that names no namespace."""
    modules: tuple[str, ...]
    config: Mapping[str, Any] = {}
    """Settings of user code, by the name of the parameter that receives them."""
    executor: Executor = DEFAULT_EXECUTOR
    """Who performs assets that name no executor."""

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders imports start from."""
        source = self.directory / "src"
        return (source, self.directory) if source.is_dir() else (self.directory,)


class Loaded(msgspec.Struct, frozen=True, eq=False):
    """What a project declares, and what kept some of it from being imported."""

    project: Project
    declarations: tuple[Declaration, ...]
    problems: tuple[Problem, ...]


def find_project(start: Path) -> Project:
    """The project that `start` lies in: the nearest `[tool.arco]` upwards, else the folder itself.

    Raises: Invalid PROJECT_INVALID.
    """
    directory = start.resolve()
    if not directory.is_dir():
        raise Invalid(
            "PROJECT_INVALID",
            f"{start} is not a folder",
            hint="name the folder that holds your pyproject.toml or your asset modules",
        )
    return _described(*nearest_settings(directory))


def nearest_settings(directory: Path) -> tuple[Path, Settings]:
    """The folder of the nearest `[tool.arco]` upwards and what it says, else the folder itself.

    Raises: Invalid PROJECT_INVALID.
    """
    for folder in (directory, *directory.parents):
        settings = read_settings(folder / PYPROJECT)
        if settings is not None:
            return folder, settings
    return directory, Settings()


def read_settings(file: Path) -> Settings | None:
    """`[tool.arco]` of the file, or None when there is none.

    Raises: Invalid PROJECT_INVALID.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("arco")
        return None if table is None else msgspec.convert(table, Settings)
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, OSError, UnicodeError) as error:
        raise Invalid(
            "PROJECT_INVALID",
            f"[tool.arco] in {file.name} cannot be read: {error}",
            hint="it may hold modules = [...], package, name, namespace, executor, [config] "
            "and [maintenance]",
        ) from None


def load_project(project: Project) -> Loaded:
    """Imports the project's modules afresh and collects what they declare; libraries stay."""
    _forget(project)
    for root in reversed(project.roots):
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    problems: list[Problem] = []
    with collecting() as declarations:
        for module in project.modules:
            problems.extend(_import(module, project.directory))
    if not project.modules:
        problems.append(Problem(PYPROJECT, 0, no_modules(project)))
    return Loaded(project, tuple(declarations), tuple(problems))


def no_modules(project: Project) -> str:
    """The sentence for a project without a module."""
    return (
        f"no module of {project.name} declares an asset; "
        'list them as [tool.arco] modules = ["..."] or write a module that imports arco'
    )


def _described(directory: Path, settings: Settings) -> Project:
    name = settings.name or directory.name
    bare = Project(directory, name, settings.namespace, (), settings.config, settings.executor)
    modules = [*settings.modules]
    if settings.package:
        modules.extend(_package_modules(bare, settings.package))
    if not settings.modules and not settings.package:
        modules.extend(_discovered(bare.roots[:1]))
    return msgspec.structs.replace(bare, modules=tuple(dict.fromkeys(modules)))


def _package_modules(project: Project, package: str) -> list[str]:
    for root in project.roots:
        folder = root.joinpath(*package.split("."))
        if folder.is_dir():
            return [package, *_below(folder, package)]
    return [package]


def _below(folder: Path, package: str) -> Iterator[str]:
    for entry in sorted(folder.iterdir()):
        name = f"{package}.{entry.stem}" if package else entry.stem
        if not entry.stem.isidentifier():
            continue
        if (
            entry.is_dir()
            and (entry / "__init__.py").exists()
            and entry.name not in FOLDERS_SKIPPED
        ):
            yield name
            yield from _below(entry, name)
        elif _is_module(entry):
            yield name


def _is_module(entry: Path) -> bool:
    test = entry.name.startswith("test_") or entry.name in FILES_SKIPPED
    return entry.suffix == ".py" and entry.stem != "__init__" and not test and entry.is_file()


def _discovered(roots: Sequence[Path]) -> list[str]:
    # A file that never mentions arco may be a script with effects: it is not imported.
    found: list[str] = []
    for root in roots:
        for module in _below(root, ""):
            path = root.joinpath(*module.split("."))
            file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            if b"arco" in file.read_bytes():
                found.append(module)
    return found


def _import(module: str, directory: Path) -> list[Problem]:
    # User code may raise anything, SystemExit included: all of it becomes a problem.
    try:
        importlib.import_module(module)
    except BaseException as error:
        if isinstance(error, ModuleNotFoundError) and error.name == module:
            return [Problem(PYPROJECT, 0, f"module {module!r} was not found in the project")]
        file, line = last_user_line(error, directory) or (module, 0)
        hint = f" ({error.hint})" if isinstance(error, Invalid) and error.hint else ""
        sentence = f"importing {module} failed: {user_message(error)}{hint}"
        return [Problem(file, line, sentence, user_traceback(error, directory))]
    return []


def _forget(project: Project) -> None:
    for name, module in list(sys.modules.items()):
        file: Any = getattr(module, "__file__", None)
        if file and name != "__main__" and _owns(project, Path(file)):
            del sys.modules[name]


def _owns(project: Project, file: Path) -> bool:
    if not file.is_relative_to(project.directory):
        return False
    inner = file.relative_to(project.directory).parts
    # An environment or an editable Arco inside the folder is not the user's project.
    return "site-packages" not in inner and "arco" not in inner[:2]


__all__ = [
    "NAMESPACE_DEFAULT",
    "PYPROJECT",
    "Loaded",
    "Project",
    "Settings",
    "find_project",
    "load_project",
    "nearest_settings",
    "no_modules",
    "read_settings",
]
