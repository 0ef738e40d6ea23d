"""Exceptions become task errors: whose matter it is, what happened, and the next step.

Must not know the worker or the store.
"""

from __future__ import annotations

import errno
from pathlib import Path

from arco.errors import ArcoError, Conflict, Corrupt, Unavailable
from arco.orchestration.outcomes import ErrorCategory, TaskError
from arco.sdk.secrets import redacted
from arco.sdk.tracebacks import stands_in_project, user_message, user_traceback

OUT_OF_MEMORY = "give the asset smaller partitions, read fewer columns, or run fewer tasks at once"
DISK_FULL = "free space on the disk that is full, then run the task again"


class Cancelled(BaseException):
    """The attempt was told to end; not an `Exception`, so that user code does not swallow it."""


def task_error(error: BaseException, project: Path) -> TaskError:
    """The error in the user's terms."""
    category, hint = judged(error, project)
    shown = category in (ErrorCategory.USER_CODE, ErrorCategory.INFRASTRUCTURE)
    plain = isinstance(error, ArcoError) and category is not ErrorCategory.USER_CODE
    return TaskError(
        category=category,
        message=redacted(str(error) if plain else user_message(error)),
        traceback=redacted(user_traceback(error, project)) if shown and not plain else "",
        hint=hint,
    )


def judged(error: BaseException, project: Path) -> tuple[ErrorCategory, str]:
    """Who has to act, and the next step."""
    if isinstance(error, Cancelled):
        return ErrorCategory.CANCELLED, ""
    if isinstance(error, MemoryError):
        return ErrorCategory.INFRASTRUCTURE, OUT_OF_MEMORY
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ErrorCategory.INFRASTRUCTURE, DISK_FULL
    if not isinstance(error, ArcoError):
        return ErrorCategory.USER_CODE, ""
    if stands_in_project(error, project):
        return ErrorCategory.USER_CODE, error.hint
    if isinstance(error, Unavailable | Corrupt | Conflict):
        return ErrorCategory.INFRASTRUCTURE, error.hint
    return ErrorCategory.CONFIGURATION, error.hint


__all__ = ["Cancelled", "judged", "task_error"]
