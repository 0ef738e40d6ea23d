"""Whether and when a failed attempt is tried again: the asset's policy, and a budget of our own for
lost attempts.

Anchored on the decision's time, never on a worker's clock. Pure arithmetic; must not know state.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from arco.ids import sha256
from arco.orchestration.definitions import RetryPolicy
from arco.orchestration.outcomes import ErrorCategory
from arco.orchestration.rows import Task

LOST_ATTEMPTS_MAX = 3
LOST_DELAY_MS = 1000
JITTER_STEPS = 1 << 32
DOUBLINGS_MAX = 40
RETRYABLE = frozenset({ErrorCategory.USER_CODE, ErrorCategory.TIMEOUT})


def retry_after_error(
    policy: RetryPolicy, task: Task, *, category: ErrorCategory, dispatch: str, now: datetime
) -> datetime | None:
    """When the task runs again after an error of this category; None: it does not."""
    if category is ErrorCategory.INFRASTRUCTURE:
        return retry_after_loss(task, now)
    ended = task.user_attempts + 1
    if category not in RETRYABLE or ended >= policy.max_attempts:
        return None
    return now + timedelta(milliseconds=delay_ms(policy, ended, dispatch=dispatch))


def retry_after_loss(task: Task, now: datetime) -> datetime | None:
    """When the task runs again after this attempt was lost to us; None: the budget is spent.

    At once the first time, then after one and two seconds: a task that kills its workers must
    not spin.
    """
    if task.infra_attempts >= LOST_ATTEMPTS_MAX:
        return None
    return now + timedelta(milliseconds=LOST_DELAY_MS * task.infra_attempts)


def delay_ms(policy: RetryPolicy, ended_attempts: int, *, dispatch: str) -> int:
    """The wait before the next attempt: backoff, capped, then spread by the policy's jitter.

    The jitter is drawn from the dispatch id, so that asking twice gives one answer.
    """
    delay = policy.delay_ms
    if policy.backoff == "exponential":
        delay <<= min(ended_attempts - 1, DOUBLINGS_MAX)
    delay = min(delay, policy.cap_ms)
    spread = delay * policy.jitter_percent // 100
    draw = int(sha256(f"jitter:{dispatch}".encode())[:8], 16)
    return delay - spread + 2 * spread * draw // JITTER_STEPS


__all__ = ["LOST_ATTEMPTS_MAX", "delay_ms", "retry_after_error", "retry_after_loss"]
