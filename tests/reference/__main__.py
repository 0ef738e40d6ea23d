"""`python -m tests.reference`: what is undocumented or out of date; `--write` writes them all."""

from __future__ import annotations

import sys

from tests.contract import http_fixtures
from tests.reference.pages import rendered, undocumented
from tests.tidy.source import ROOT


def main(arguments: list[str]) -> int:
    """The exit code: 1 when something is left to do."""
    missing = list(undocumented())
    for problem in missing:
        print(f"undocumented: {problem}")
    stale = []
    for path, text in rendered().items():
        target = ROOT / path
        if not target.is_file() or target.read_text("utf-8") != text:
            stale.append(path)
            if "--write" in arguments:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8")
    if "--write" in arguments:
        http_fixtures.write()
    for path in stale:
        print(f"{'written' if '--write' in arguments else 'out of date'}: {path}")
    return 1 if missing or (stale and "--write" not in arguments) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
