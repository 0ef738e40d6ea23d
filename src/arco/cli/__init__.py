"""The command line: what users type, and the one place where errors become text and exit codes.

Start-up counts: a command's module is loaded when it is called.
"""

from __future__ import annotations

from arco.cli.main import main

__all__ = ["main"]
