"""The TypeScript client's cases, compiled once, run by Node or in a real browser."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from tests.contract.needs import needs
from tests.tidy.source import ROOT

CLIENT = ROOT / "clients" / "typescript"
SECONDS_MAX = 100


class Browsed(msgspec.Struct):
    """What a case came to in a browser."""

    result: Any
    asked: list[str]
    """Every address that the browser asked for."""


def compiled(folder: Path) -> Path:
    """The folder with the client and its cases as JavaScript."""
    compiler = needs("tsc")
    _run(compiler, "-p", str(CLIENT / "tests"), "--outDir", str(folder))
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    return folder


def compiler_says(folder: Path, source: str) -> str:
    """What the compiler objects to in a module of the client's types; nothing: it fits."""
    file = folder / "examples.ts"
    file.write_text(f'import type {{ Operations }} from "{CLIENT}/src/api.js";\n{source}', "utf-8")
    options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022"]
    command = [needs("tsc"), *options, "--ignoreConfig", "--types", "", str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX).stdout


def in_node(code: Path, case: str, *given: Any) -> Any:
    """What the case returns, run by Node."""
    told = [json.dumps(each) for each in given]
    return json.loads(_run(needs("node"), str(CLIENT / "tests/node.mjs"), str(code), case, *told))


def in_browser(code: Path, case: str, *, url: str) -> Browsed:
    """What the case returns, run in Chromium on a page of the server's own origin."""
    needs("playwright-core")
    driver = str(CLIENT / "tests/browser.mjs")
    said = _run(needs("node"), driver, needs("chromium"), str(code), case, url)
    return msgspec.json.decode(said, type=Browsed)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


__all__ = ["CLIENT", "Browsed", "compiled", "compiler_says", "in_browser", "in_node"]
