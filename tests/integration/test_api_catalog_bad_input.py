"""What should not be sent: names, locations, types and bodies that must do nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.api_server import Answer, Server, serving

API = "/api/v1"
NAMES = {
    "empty": "",
    "blank": " ",
    "traversal": "../../etc/passwd",
    "traversal in a part": "sales.../x",
    "only dots": "...",
    "trailing dot": "orders.",
    "slash": "a/b",
    "backslash": "a\\b",
    "encoded slash": "a%2Fb",
    "wildcard": "ord*",
    "question mark": "ord?rs",
    "like": "ord%",
    "quote": "o'rders",
    "double quote": 'o"rders',
    "backtick": "o`rders",
    "statement": "x; DROP TABLE orders",
    "comment": "x--y",
    "first a dash": "-rf",
    "space": "two words",
    "new line": "a\nb",
    "tab": "a\tb",
    "nul": "a\x00b",
    "escape": "a\x1b[2Jb",
    "right to left": "a\u202egpj",
    "zero width": "ord\u200bers",
    "no-break space": "a\u00a0b",
    "Cyrillic look-alike": "\u043erders",
    "full width": "\uff4frders",
    "dotless i": "\u0131d",
    "combining": "e\u0301t\u00e9",
    "ligature": "\ufb01le",
    "emoji": "\U0001f4a9",
    "256 bytes": "a" * 256,
    "100 kB": "a" * 100_000,
    "html": "<script>alert(1)</script>",
    "template": "{{7*7}}",
    "format": "%s%n",
    "shell": "$(id)",
}
CARRIED = {"comment": "x--y"}
"""Harmless as it stands: a dash is a letter of names, and SQL quotes it."""
LOCATIONS = {
    "loopback": "http://127.0.0.1:8321/x",
    "loopback name": "http://localhost/x",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata, IPv6": "http://[fd00:ec2::254]/",
    "metadata as an endpoint": "s3://lake/x?endpoint=http://169.254.169.254",
    "metadata as a bucket": "s3://169.254.169.254/x",
    "password file": "/etc",
    "file URL": "file:///etc",
    "file URL of a host": "file://evil.example/x",
    "process": "/proc/self",
    "relative": "../x",
    "upwards": "{project}/../x",
    "upwards, encoded": "file://{project}/%2e%2e/x",
    "our store": "{project}/.arco",
    "another tenant": "{project}/.arco/tenant=other/workspace=main/warehouse/t",
    "secret": "s3://key:secret@lake/x",
    "unknown scheme": "gopher://lake/x",
    "nul": "{project}/a\x00b",
    "new line": "{project}/a\nb",
}
BODIES: dict[str, Any] = {
    "no object": [],
    "no change": {"changes": []},
    "too many": {"changes": [{"change": "create_namespace", "name": f"n{i}"} for i in range(1001)]},
    "unknown change": {"changes": [{"change": "grant", "name": "x"}]},
    "no kind of change": {"changes": [{"name": "x"}]},
    "unknown field": {"changes": [{"change": "create_namespace", "name": "x", "sudo": True}]},
    "unknown kind": {"changes": [{"change": "drop", "kind": "workspace", "name": "x"}]},
    "wrong type": {"changes": [{"change": "create_namespace", "name": 7}]},
    "deep": {"changes": [{"change": "create_namespace", "name": "x", "properties": {"a": {}}}]},
    "control characters": {
        "changes": [{"change": "create_namespace", "name": "x", "comment": "a\x1b[2J"}]
    },
    "nasty tag": {"changes": [{"change": "create_namespace", "name": "x", "tags": {"a b": "c"}}]},
    "system": {"changes": [{"change": "create_namespace", "name": "system"}]},
}
TYPES = ("struct<", "decimal(99,2)", "array<>", "drop table", "map<string>", "", "x" * 100_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("project")) as server:
        assert server.post(f"{API}/namespaces", {"name": "sales"}).status == 201
        yield server


def refused(server: Server, answer: Answer, *, before: int) -> dict[str, Any]:
    """The error; nothing was committed."""
    assert answer.status in {400, 404}, answer.body
    assert server.get(f"{API}/health").slot == before
    return answer.error()


@pytest.mark.parametrize("case", sorted(NAMES.keys() - CARRIED.keys()))
def test_no_object_can_be_made_under_a_name_that_means_something_else(
    server: Server, case: str
) -> None:
    before = server.get(f"{API}/health").slot
    for plural, body in (("catalogs", {}), ("namespaces", {}), ("tables", {}), ("volumes", {})):
        prefix = "sales." if plural in {"tables", "volumes"} else ""
        answer = server.post(f"{API}/{plural}", {"name": prefix + NAMES[case], **body})
        refused(server, answer, before=before)


@pytest.mark.parametrize("case", sorted(NAMES.keys() - {"empty", "100 kB"}))
def test_no_path_with_such_a_name_finds_or_changes_anything(server: Server, case: str) -> None:
    before = server.get(f"{API}/health").slot
    path = f"{API}/tables/{quote('sales.' + NAMES[case], safe='')}"
    for method in ("GET", "PATCH", "DELETE"):
        refused(server, server.ask(method, path, body={}), before=before)
    refused(server, server.post(f"{path}/move", {"to": "sales.x"}), before=before)
    refused(server, server.post(f"{path}/undrop", {}), before=before)


@pytest.mark.parametrize("case", LOCATIONS)
def test_nothing_is_registered_or_read_where_it_must_not_be(server: Server, case: str) -> None:
    before = server.get(f"{API}/health").slot
    project = str(server.workspace.settings.directory)
    location = LOCATIONS[case].replace("{project}", project)
    for plural in ("tables", "volumes"):
        body = {"name": "sales.stolen", "location": location}
        error = refused(server, server.post(f"{API}/{plural}", body), before=before)
        assert error["code"] == "LOCATION_REFUSED"
        assert "secret" not in str(error).replace("repeats no secret", "")


@pytest.mark.parametrize("case", BODIES)
def test_a_batch_that_is_not_wholly_understood_does_nothing(server: Server, case: str) -> None:
    before = server.get(f"{API}/health").slot
    answer = server.post(f"{API}/catalog/changes", BODIES[case])
    refused(server, answer, before=before)


@pytest.mark.parametrize("type", TYPES)
def test_a_column_of_no_readable_type_makes_no_table(server: Server, type: str) -> None:
    before = server.get(f"{API}/health").slot
    body = {"name": "sales.odd", "columns": [{"name": "a", "type": type}]}
    refused(server, server.post(f"{API}/tables", body), before=before)


def test_a_link_that_is_put_in_the_way_later_leads_nowhere(server: Server, tmp_path: Path) -> None:
    project = Path(server.workspace.settings.directory)
    (tmp_path / "part-0.parquet").write_bytes(b"PAR1")
    (project / "linked").symlink_to(tmp_path)
    before = server.get(f"{API}/health").slot
    body = {"name": "sales.linked", "format": "parquet", "location": str(project / "linked")}
    error = refused(server, server.post(f"{API}/tables", body), before=before)
    assert error["code"] == "LOCATION_REFUSED"
