"""Settings, secrets and resources in a real worker process, with its environment and its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.worker_process import assets_of, envelope_of, worker

PROJECT = """
import msgspec
from arco import Secret, asset, resource

class Source(msgspec.Struct):
    url: str
    token: Secret
    pages: int = 1

@resource(per="worker")
def pool(source: Source):
    with open("events.txt", "a") as events:
        events.write("open ")
    yield source.url
    with open("events.txt", "a") as events:
        events.write("closed ")

@asset(namespace="shop")
def orders(pool, source: Source):
    print("token", source.token.reveal())
    return [{"url": pool, "pages": source.pages, "length": len(source.token.reveal())}]

@asset(namespace="shop")
def broken(pool, source: Source):
    raise ValueError(source.token.reveal())
"""
CONFIG = """
[tool.arco]
modules = ["assets"]
[tool.arco.config.source]
url = "http://orders"
token = "env:ORDERS_TOKEN"
"""


def test_a_worker_gives_settings_and_resources_and_keeps_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, store = tmp_path / "project", tmp_path / "store"
    project.mkdir()
    (project / "assets.py").write_text(PROJECT)
    (project / "pyproject.toml").write_text(CONFIG)
    assets = assets_of(project)
    monkeypatch.setenv("ORDERS_TOKEN", "open sesame")
    monkeypatch.setenv("ARCO_CONFIG__SOURCE__PAGES", "3")
    with worker(project, store) as running:
        made = envelope_of(assets["shop.orders"])
        completion = running.perform(made).completion
        assert completion.error is None, completion.error
        assert completion.output is not None
        assert (
            '"minValues":{"url":"http://orders","pages":3' in completion.output.files[0].statistics
        )
        assert [line["line"] for line in running.log(made)] == ["token ***"]
        failed = running.perform(envelope_of(assets["shop.broken"])).completion.error
        assert failed is not None
        assert failed.message == "ValueError: ***"
        assert running.stop() == 0
    assert (project / "events.txt").read_text() == "open closed "
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"open sesame" not in stored
