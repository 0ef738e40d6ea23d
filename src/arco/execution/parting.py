"""How a worker process ends with its leader, and what user code started ends with the worker.

The kernel tells both (Linux): the worker is killed when its leader dies; a guard, which is forked
from the worker before any user code runs, hears that the worker ended and kills its group. Law: a
dead leader leaves no user code behind. What user code puts into a session of its own is its own.
Must not know what a worker does.
"""

from __future__ import annotations

import ctypes
import os
import signal

PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG."""
EXIT_PARENT_GONE = 3
WORD = signal.SIGUSR1
"""What the guard hears when the worker ends."""


def die_with_parent() -> None:
    """The kernel ends this process when the thread that started it ends."""
    parent = os.getppid()
    _on_death_of_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(EXIT_PARENT_GONE)


def leave_nobody_behind(lifeline: int) -> None:
    """Whatever is in this process's group when it ends, however it ends, ends with it.

    To be called while there is one thread and no user code. The guard does not hold `lifeline`, so
    that whoever listens at its other end hears at once that this process has gone. A process that
    leads no group leaves its neighbours alone.
    """
    worker = os.getpid()
    if os.getpgrp() != worker:
        return
    # Nothing that is sent to the group by the way may end the guard, or be taken for the word.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    if os.fork() == 0:
        _guard(worker, lifeline)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _guard(worker: int, lifeline: int) -> None:
    """Never returns."""
    try:
        _on_death_of_parent(WORD)
        # Neither may anybody wait for the end of what we have inherited.
        os.closerange(0, lifeline + 1)
        while os.getppid() == worker:
            signal.sigwait((WORD,))
        os.killpg(worker, signal.SIGKILL)
    finally:
        os._exit(EXIT_PARENT_GONE)


def _on_death_of_parent(number: signal.Signals) -> None:
    ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, number)


__all__ = ["EXIT_PARENT_GONE", "die_with_parent", "leave_nobody_behind"]
