"""moto's S3, one request at a time: `python -m tests.contract.s3_emulator PORT`.

moto looks whether a name is free and takes it in two steps, so two of its threads can both win a
race that S3 decides in one. The lock gives it the promise that is under test here: ours to the
caller, not moto's to us.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

TURN = threading.Lock()
EMULATOR = DomainDispatcherApplication(create_backend_app)


def one_at_a_time(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """The answer of the emulator, alone while it makes it."""
    with TURN:
        return list(EMULATOR(environ, start))


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), one_at_a_time, threaded=True)

__all__ = ["one_at_a_time"]
