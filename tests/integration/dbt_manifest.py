"""`python -m tests.integration.dbt_manifest FILE`: a dbt manifest without what nobody reads."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from arco.sdk.importing.dbt import Manifest

READ = ("materialized", "severity", "fail_calc", "warn_if", "error_if", "column_types", "delimiter")


def trimmed(text: bytes) -> bytes:
    """The manifest, indented, with the fields and settings that are read."""
    manifest = msgspec.to_builtins(msgspec.json.decode(text, type=Manifest))
    for node in (*manifest["nodes"].values(), *manifest["sources"].values()):
        node["config"] = {name: node["config"][name] for name in READ if name in node["config"]}
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1)


if __name__ == "__main__":
    sys.stdout.buffer.write(trimmed(Path(sys.argv[1]).read_bytes()) + b"\n")

__all__ = ["trimmed"]
