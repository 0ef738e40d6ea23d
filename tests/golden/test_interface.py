"""What a release promised its clients, and the readers of its logs, is still so."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.golden.folders import INTERFACES, named
from tests.golden.interface import Interface, api, breaches, interface, read, takes

# Bounds that the release kept, too: its document did not say so.
UNSAID = {
    "0.1": frozenset(
        f"sent {field} takes less"
        for field in (
            "Alter.comment",
            "Alter.owner",
            "AlterRequest.comment",
            "AlterRequest.owner",
            "PolicyRequest.exempt",
            "RestoreRequest.tables",
            "SentFact.seq",
            "TriggerRequest.selection",
            "UrlsRequest.tables",
        )
    )
}
PAGE: dict[str, Any] = {
    "paths": {
        "/tables": {
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 10}}
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Told"}}
                        }
                    }
                },
            },
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Sent"}}
                    }
                },
                "responses": {"201": {}},
            },
        }
    },
    "components": {
        "schemas": {
            "Told": {
                "properties": {
                    "rows": {"type": "integer"},
                    "state": {"enum": ["a"], "type": "string"},
                },
                "required": ["rows"],
            },
            "Sent": {
                "properties": {
                    "name": {"type": "string"},
                    "kind": {"enum": ["a", "b"], "type": "string"},
                },
                "required": ["name"],
            },
        }
    },
}
GET = ("paths", "/tables", "get")
SENT = ("components", "schemas", "Sent")
TOLD = ("components", "schemas", "Told")


@pytest.mark.parametrize("release", [path.name for path in named(INTERFACES)])
def test_nothing_that_was_promised_is_broken(release: str) -> None:
    found = set(breaches(read(release), interface())) - UNSAID.get(release, frozenset())
    assert not found, f"since {release}: " + "; ".join(sorted(found))


def changed(path: tuple[str, ...], value: Any) -> Interface:
    """The interface of the page with one thing in it set, or taken away."""
    document: Any = copy.deepcopy(PAGE)
    place = document
    for step in path[:-1]:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return api(document)


@pytest.mark.parametrize(
    ("path", "value", "breach"),
    [
        (GET, None, "operation GET /tables is gone"),
        ((*GET, "parameters"), [], "parameter GET /tables query.limit is gone"),
        ((*GET, "parameters", "0", "required"), True, "query.limit is needed now"),
        ((*GET, "parameters", "0", "schema", "maximum"), 5, "query.limit takes less"),
        ((*GET, "parameters", "0", "schema", "type"), "string", "query.limit takes less"),
        ((*GET, "responses", "200"), None, "answer GET /tables 200 application/json is gone"),
        ((*SENT, "properties", "name"), None, "sent Sent.name is gone"),
        ((*SENT, "required"), ["name", "kind"], "sent Sent.kind is needed now"),
        ((*SENT, "properties", "kind", "enum"), ["a"], "sent Sent.kind takes less"),
        ((*TOLD, "properties", "rows"), None, "told Told.rows is gone"),
        ((*TOLD, "required"), [], "told Told.rows is not always told"),
        ((*TOLD, "properties", "rows", "type"), "string", "told Told.rows tells something else"),
    ],
)
def test_what_breaks_a_client_is_found(path: tuple[str, ...], value: Any, breach: str) -> None:
    found = list(breaches(api(PAGE), changed(path, value)))
    assert any(breach in each for each in found), found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("paths", "/views"), {"get": PAGE["paths"]["/tables"]["get"]}),
        ((*GET, "parameters", "0", "schema", "maximum"), 20),
        ((*GET, "parameters", "0", "schema", "maximum"), None),
        ((*GET, "summary"), "Other words"),
        ((*SENT, "required"), []),
        ((*SENT, "properties", "more"), {"type": "string"}),
        ((*SENT, "properties", "kind", "enum"), ["a", "b", "c"]),
        ((*TOLD, "properties", "more"), {"type": "string"}),
        ((*TOLD, "required"), ["rows", "state"]),
        ((*TOLD, "properties", "state", "enum"), ["a", "b"]),
    ],
)
def test_what_breaks_nobody_is_no_breach(path: tuple[str, ...], value: Any) -> None:
    assert list(breaches(api(PAGE), changed(path, value))) == []


def test_an_event_that_changes_breaks_old_logs() -> None:
    today = interface()
    event = "event catalog.namespace_created 1"
    field = "field NamespaceCreated.name"
    for line, other in ((event, None), (field, None), (field, {"schema": {"type": "int"}})):
        later = {key: value for key, value in today.items() if key != line}
        later |= {line: today[line] | other} if other else {}
        assert [each for each in breaches(today, later) if line in each]
    needed = {"field NamespaceCreated.more": {"required": True, "schema": {"type": "str"}}}
    assert list(breaches(today, today | needed))


def test_one_of_many_is_taken_by_whoever_takes_them_all() -> None:
    nothing_or_text = {"oneOf": [{"type": "null"}, {"type": "string"}]}
    assert takes(nothing_or_text, {"type": "string"})
    assert not takes({"type": "string"}, nothing_or_text)
