"""One corpus per class of bad input, over every operation of the OpenAPI document that takes such a
thing: a fresh operation is tried by itself.

Nothing fails inside, the answer has the one shape of errors, and nothing is decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from arco.api.openapi import openapi_document
from arco.testing.stores import CountingStore
from tests.integration.api_server import Answer, Server, serving
from tests.integration.guarded_server import Guarded, guarding, publish_data
from tests.integration.operations import SPEAKING
from tests.integration.test_access_restrictions import NO_RUN, World, ask, told

OPEN = {"strangers_per_second": 0.0, "requests_per_second": 0.0}
THEIRS = {
    "catalog": "vault",
    "namespace": "hx",
    "table": "hx.people",
    "view": "hx.rich",
    "volume": "hx.scans",
    "function": "hx.rank",
}
NOBODYS = {
    kind: name.replace("hx", "hz").replace("vault", "wault") for kind, name in THEIRS.items()
}

DEEP = 100_000
HUGE = 16 * 1024 * 1024 + 1
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "two values": b"{} {}",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "no UTF-8": b'{"\xff": 1}',
    "half a surrogate": b'{"\\ud800": 1}',
    "not a number": b'{"a": NaN}',
    "an unknown field": b'{"no_such_field": 1}',
    "a prototype": b'{"__proto__": {"admin": true}, "constructor": 1}',
    "a name twice": b'{"name": "a", "name": "b"}',
    "a name twice, escaped": b'{"name": "a", "n\\u0061me": "b"}',
    "too deep": b"[" * DEEP + b"]" * DEEP,
    "objects too deep": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "a huge number": b'{"name": 1' + b"0" * 5_000 + b"}",
}
NAMES = {
    "traversal": "../../etc/passwd",
    "backslash": "a\\b",
    "wildcard": "ord*",
    "quote": "o'r\"d`s",
    "statement": "x; DROP TABLE orders--",
    "nul": "a\x00b",
    "new line": "a\nb",
    "escape": "a\x1b[2J",
    "right to left": "a\u202egpj",
    "look-alike": "sales.\u043erders",
    "full width": "\uff4frders",
    "template": "{{7*7}}${7*7}",
    "escaped twice": "%252e%252e%252f",
    "long": "a" * 5_000,
}
NAMING = frozenset({"name", "to", "on", "principal", "group", "member"})
"""Fields of bodies that name a thing."""
LABELS = frozenset({("create_key", "name")})
"""A key is shown with its label and found by its id."""


class Operation(msgspec.Struct, frozen=True):
    """One operation as the document describes it."""

    name: str
    method: str
    path: str
    described: dict[str, Any]

    @property
    def body(self) -> Any:
        """The schema of its body; None: it takes none."""
        taken = self.described.get("requestBody")
        return taken["content"]["application/json"]["schema"] if taken else None


DOCUMENT = msgspec.json.decode(openapi_document())
OPERATIONS = {
    described["operationId"]: Operation(described["operationId"], method.upper(), path, described)
    for path, methods in DOCUMENT["paths"].items()
    for method, described in methods.items()
}
WITH_BODY = [name for name, each in OPERATIONS.items() if each.body is not None]
WITH_PLACE = [name for name, each in OPERATIONS.items() if "{" in each.path]
# OpenLineage's own events are taken as they are; what does not fit waits in quarantine.
OPEN_BODIES = frozenset({"report_foreign_run"})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("project")) as server:
        publish_data(Guarded(server))
        yield server


def example(schema: Any) -> Any:
    """The smallest value that fits the schema."""
    if "$ref" in schema:
        return example(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "oneOf" in schema:
        return example(schema["oneOf"][0])
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [""])[0])
    if schema.get("type") == "array":
        return [example(schema["items"])] * schema.get("minItems", 0)
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        needed = {name: example(properties[name]) for name in schema.get("required", ())}
        return needed if properties else {"duckdb": "1"}
    return {"integer": schema.get("minimum", 1), "boolean": False}.get(schema.get("type"), "x")


def fields_of(operation: Operation) -> set[str]:
    """The fields of its body."""
    schema = operation.body
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(schema.get("properties", ()))


def filled(path: str, name: str = "x") -> str:
    """The path with the same thing in all its gaps."""
    parts = (quote(name, safe="") if part.startswith("{") else part for part in path.split("/"))
    return "/".join(parts)


def refused(answer: Answer, server: Server, *, before: int, case: str) -> None:
    """It is an error in the one shape, and nothing was decided."""
    assert 400 <= answer.status < 500, (case, answer.status, answer.body[:300])
    assert answer.error()["code"] != "INTERNAL_ERROR"
    assert server.workspace.database.seq == before, case


@pytest.mark.parametrize("operation", WITH_BODY)
def test_a_body_that_is_not_wholly_understood_does_nothing(server: Server, operation: str) -> None:
    asked = OPERATIONS[operation]
    # An empty object is a request where nothing is needed.
    for case, body in BODIES.items():
        if operation in OPEN_BODIES and case in {"an unknown field", "a prototype"}:
            continue
        before = server.workspace.database.seq
        answer = server.ask(asked.method, filled(asked.path), body=body)
        refused(answer, server, before=before, case=case)


def test_a_body_that_is_too_large_is_not_read_by_any_route(server: Server) -> None:
    before = server.workspace.database.seq
    for name in ("change_catalog", "run_query", "send_facts"):
        asked = OPERATIONS[name]
        answer = server.ask(asked.method, filled(asked.path), body=b" " * HUGE)
        assert (answer.status, answer.error()["code"]) == (413, "BODY_TOO_LARGE")
    assert server.workspace.database.seq == before


@pytest.mark.parametrize("operation", WITH_PLACE)
def test_a_hostile_name_in_a_path_finds_and_changes_nothing(server: Server, operation: str) -> None:
    asked = OPERATIONS[operation]
    body = {"GET": None, "DELETE": b""}.get(asked.method, b"{}")
    for case, name in NAMES.items():
        before = server.workspace.database.seq
        answer = server.ask(asked.method, filled(asked.path, name), body=body)
        refused(answer, server, before=before, case=case)
        assert "root:" not in answer.body.decode()


@pytest.mark.parametrize("operation", WITH_BODY)
def test_a_hostile_name_in_a_body_names_nothing(server: Server, operation: str) -> None:
    asked = OPERATIONS[operation]
    for field in sorted(fields_of(asked) & NAMING):
        if (operation, field) in LABELS:
            continue
        for case, name in NAMES.items():
            before = server.workspace.database.seq
            body = {**example(asked.body), field: name}
            answer = server.ask(asked.method, filled(asked.path), body=body)
            refused(answer, server, before=before, case=f"{field}: {case}")


def test_every_operation_that_takes_a_location_is_tried_with_those_that_are_refused() -> None:
    taking = {name for name in WITH_BODY if "location" in fields_of(OPERATIONS[name])}
    # Their places are tried in `test_nothing_is_registered_or_read_where_it_must_not_be`.
    assert taking == {"create_table", "create_volume"}


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server of one tenant, asked by who owns all of it for what only another tenant has."""
    folder = tmp_path_factory.mktemp("tenants")
    store = str(folder / "shared")
    (folder / "ours").mkdir()
    (folder / "theirs").mkdir()
    with (
        guarding(folder / "ours", store=store, tenant="ours", **OPEN) as ours,
        guarding(folder / "theirs", store=store, tenant="theirs", **OPEN) as theirs,
    ):
        make = [("catalogs", {"name": "vault"}), ("namespaces", {"name": "hx"})]
        texts = {"texts": {"duckdb": "SELECT 1"}}
        make += [
            ("tables", {"name": THEIRS["table"]}),
            ("views", {"name": THEIRS["view"], **texts}),
            ("volumes", {"name": THEIRS["volume"]}),
            ("functions", {"name": THEIRS["function"], "returns": "bigint", **texts}),
        ]
        for plural, body in make:
            route = ("POST", f"/api/v1/{plural}")
            assert theirs.ask(theirs.owner, route, body=body).status == 201
        body = {"selection": ["hr.people"], "which": "all"}
        run = theirs.ask(theirs.owner, ("POST", "/api/v1/runs"), body=body).json()["run_id"]
        assert theirs.key("user:bob", key_id="b" * 16)
        hidden = {**THEIRS, "run": run, "key": "b" * 16}
        yield World(ours, ours.owner, hidden, {**NOBODYS, "run": NO_RUN, "key": "c" * 16})


@pytest.mark.parametrize("operation", SPEAKING)
def test_what_another_tenant_has_answers_and_costs_like_what_is_not_there(
    tenants: World, operation: str
) -> None:
    log = tenants.guarded.server.workspace.database.log
    for spoken in SPEAKING[operation]:
        # What no request makes, such as a schedule, is not there under either name.
        theirs = tenants.hidden.get(spoken.of, "hx.theirs")
        nobodys = tenants.absent.get(spoken.of, "hz.nobody")
        assert len(theirs) == len(nobodys)
        # One look first: what is worked out once is not part of the comparison.
        ask(tenants, spoken, name=nobodys)
        answers, works = [], []
        for name in (theirs, nobodys):
            store, log._store = log._store, CountingStore(log._store)
            try:
                answers.append(told(ask(tenants, spoken, name=name), name))
                works.append([(call.verb, call.key) for call in log._store.calls])
            finally:
                log._store = store
        assert answers[0] == answers[1], spoken
        assert works[0] == works[1], spoken
