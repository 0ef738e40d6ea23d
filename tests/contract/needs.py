"""Tools that are no Python packages, and what is left out where one is missing.

The only place that may leave a test out: by name here, and not at all when ARCO_TEST_ALL is set.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / "node_modules" / ".bin"
SCRIPTS = {
    "axe-core": INSTALLED.parent / "axe-core" / "axe.min.js",
    "duckdb-wasm": ROOT / "src/arco/ui/vendored/duckdb.wasm.gz",
}
"""Tools that are no commands."""
LEFT_OUT = {
    "azurite-blob": "stores on Azure: install npm, then `make setup` installs the emulator",
    "tsc": "the TypeScript client: install npm, then `make setup` installs the compiler",
    "node": "the TypeScript client: install Node 20 or newer",
    "playwright-core": "the TypeScript client in a browser: install npm, then `make setup`",
    "axe-core": "pages in a browser: install npm, then `make setup` installs what judges them",
    "duckdb-wasm": "queries in a browser: install npm, then `make setup` copies the engine",
    "chromium": "the TypeScript client in a browser: install Chromium (apt-get install chromium)",
}


def needs(tool: str) -> str:
    """The path of a tool; without it the test is left out, or fails where nothing may be."""
    found = shutil.which(tool, path=f"{INSTALLED}{os.pathsep}{os.environ.get('PATH', '')}")
    script = SCRIPTS.get(tool)
    if script is not None and script.exists():
        return str(script)
    if found is not None:
        return found
    if os.environ.get("ARCO_TEST_ALL"):
        pytest.fail(f"no test may be left out here, but {tool} is missing: {LEFT_OUT[tool]}")
    pytest.skip(LEFT_OUT[tool])
