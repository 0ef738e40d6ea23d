"""Generated projects of assets that do nothing, in the shapes orchestrators are compared by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

HEAD = "from arco import StaticPartitions, asset\n"
PYPROJECT = '[tool.arco]\nname = "bench"\nmodules = ["noop"]\n'


def write_project(folder: Path, module: str) -> Path:
    """A project in `folder` with the one module."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "noop.py").write_text(module)
    return folder


def independent(count: int) -> str:
    """So many assets that wait for nothing."""
    return HEAD + "".join(_asset(number, ()) for number in range(count))


def chain(length: int) -> str:
    """Assets of which each waits for the one before."""
    return HEAD + "".join(_asset(number, (number - 1,)) for number in range(length))


def partitioned(count: int) -> str:
    """One asset with so many partitions."""
    options = f"partitions=StaticPartitions([f'p{{n}}' for n in range({count})])"
    return f"{HEAD}\n\n@asset('bench.wide', {options})\ndef wide():\n    pass\n"


def layered_upstreams(count: int, fan_in: int) -> Iterator[tuple[int, ...]]:
    """For each node of a graph the earlier nodes it reads: up to `fan_in`, near and far."""
    for node in range(count):
        yield tuple(sorted({node - 1, node // 2, node // 3} - {node, -1}))[:fan_in]


def _asset(number: int, upstreams: Sequence[int]) -> str:
    deps = ", ".join(f"'bench.a{up}'" for up in upstreams if up >= 0)
    options = f", deps=[{deps}]" if deps else ""
    return f"\n\n@asset('bench.a{number}'{options})\ndef a{number}():\n    pass\n"


__all__ = ["chain", "independent", "layered_upstreams", "partitioned", "write_project"]
