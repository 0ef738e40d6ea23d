"""Errors of user code as the user should see them: their frames, their paths, none of ours.

Must not know workers or compiles.
"""

from __future__ import annotations

import functools
import traceback
from pathlib import Path

TRACEBACK_CHARS_MAX = 16_000
MESSAGE_CHARS_MAX = 4_000
OURS = str(Path(__file__).parents[1])
INTERNAL = ("<frozen importlib", "importlib/__init__.py")
SEPARATORS = {
    "cause": "\nwhich caused:\n\n",
    "context": "\nand while that was handled:\n\n",
}


def user_traceback(error: BaseException, project: Path) -> str:
    """The error with the frames of the project's code; of everybody's but ours when it has none."""
    seen: set[int] = set()
    return _shorten("".join(_sections(error, project, seen=seen)), TRACEBACK_CHARS_MAX)


def user_message(error: BaseException) -> str:
    """`ValueError: what it says`."""
    text = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError):
        text = f"{type(error).__name__}: {error.msg}"
    return _shorten(text, MESSAGE_CHARS_MAX)


def last_user_line(error: BaseException, project: Path) -> tuple[str, int] | None:
    """File (relative to the project) and line where the project's code stood when it failed."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return relative(error.filename, project), error.lineno
    frames = user_frames(error, project)
    return (frames[-1].filename, frames[-1].lineno or 0) if frames else None


def user_frames(error: BaseException, project: Path) -> list[traceback.FrameSummary]:
    """The frames that are in the project, with paths relative to it."""
    stack = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in stack if _is_within(frame.filename, project)]
    chosen = ours or [frame for frame in stack if not _is_machinery(frame.filename)]
    return [
        traceback.FrameSummary(
            relative(frame.filename, project), frame.lineno, frame.name, line=frame.line
        )
        for frame in chosen
    ]


def stands_in_project(error: BaseException, project: Path) -> bool:
    """Whether any of the project's own code was running when the error was raised."""
    stack = traceback.extract_tb(error.__traceback__)
    return any(_is_within(frame.filename, project) for frame in stack)


@functools.lru_cache(maxsize=4096)
def relative(file: str, project: Path) -> str:
    """The path as seen from the project; unchanged when it lies elsewhere."""
    return Path(file).relative_to(project).as_posix() if _is_within(file, project) else file


def _sections(error: BaseException, project: Path, *, seen: set[int]) -> list[str]:
    seen.add(id(error))
    before: list[str] = []
    inner = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if inner is not None and id(inner) not in seen:
        separator = SEPARATORS["cause" if error.__cause__ else "context"]
        before = [*_sections(inner, project, seen=seen), separator]
    frames = user_frames(error, project)
    heading = ["Traceback (most recent call last):\n"] if frames else []
    return [*before, *heading, *traceback.format_list(frames), *_last_lines(error, project)]


def _last_lines(error: BaseException, project: Path) -> list[str]:
    lines = traceback.format_exception_only(error)
    return [line.replace(f"{project}/", "") for line in lines]


def _is_within(file: str, project: Path) -> bool:
    return Path(file).is_relative_to(project) and "site-packages" not in Path(file).parts


def _is_machinery(file: str) -> bool:
    return file.startswith(OURS) or any(part in file for part in INTERNAL)


def _shorten(text: str, chars_max: int) -> str:
    if len(text) <= chars_max:
        return text
    return text[: chars_max // 2] + "\n...\n" + text[-chars_max // 2 :]


__all__ = [
    "MESSAGE_CHARS_MAX",
    "TRACEBACK_CHARS_MAX",
    "last_user_line",
    "relative",
    "stands_in_project",
    "user_frames",
    "user_message",
    "user_traceback",
]
