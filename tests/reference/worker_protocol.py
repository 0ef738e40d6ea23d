"""The page about the worker protocol, its JSON Schema, and examples of every message.

All of it is made from the structs that travel, so that none can differ from what is sent.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from arco.execution.protocol import (
    Accepted,
    Completed,
    Envelope,
    Heard,
    Heartbeat,
    Offer,
    Roll,
    Started,
)
from arco.model import field_types
from arco.orchestration.outcomes import Completion, Output, StagedFile
from tests.contract.http_fixtures import Examples
from tests.reference.markdown import code, page, section, table
from tests.reference.meanings import field_meaning, summary, type_name

MESSAGES: tuple[type[msgspec.Struct], ...] = (
    Offer,
    Accepted,
    Roll,
    Started,
    Heartbeat,
    Completed,
    Heard,
)
PARTS: tuple[type[msgspec.Struct], ...] = (Envelope, Completion, Output, StagedFile)
SCHEMA = "docs/reference/worker-protocol.json"
FIXTURES = "tests/contract/worker_protocol.json"
INTRODUCTION = """
What a server and a worker service say to each other, all of it JSON over HTTP. `arco worker` is one
worker service; [`examples/minimal_worker`](../../examples/minimal_worker/minimal_worker.py) is
another, in the standard library of Python alone, and both pass the same tests
(`tests/contract/test_worker_protocol.py`). The [JSON Schema](worker-protocol.json) has every
message under its name. Readers ignore fields that they do not know; no field changes its meaning.
How to run worker services: [Run tasks on other machines](../how-to/run-worker-services.md).

## The course of an attempt

1. The server sends `POST {worker}/v1/attempts` with an `Offer`. The service answers 202 with
   `Accepted`, or 503 when all its processes are taken: then it is asked again. 401, 403 and other
   refusals fail the attempt as a mistake of configuration.
2. Once a process is free the service asks `POST {callback_url}/api/v1/tasks/{attempt_id}/started`
   with `Started`. Only if the answer, `Heard`, does not say `should_cancel` does user code begin.
3. Every `heartbeat_seconds`, from the offer on until `completed` is answered, it sends `Heartbeat`
   to `.../heartbeat`. `should_cancel` in `Heard` asks it to end the attempt.
4. It sends `Completed` to `.../completed`, again and again until it is answered 200: then what it
   told is durable, or nobody wanted it any more.

Everything may be sent twice, by either side, and arrive late. An offer of an attempt that the
service has already replaces the address and the token it answers with; after 401 the service keeps
asking, with the token of such an offer. A `token` in `Heard` replaces the one so far. A server that
begins to lead asks `GET {worker}/v1/attempts` for a `Roll` and offers each attempt to the service
that has it; a service that does not answer this is only offered things twice.

## Proofs

Both sides know a secret of at least 32 bytes. `mac(text)` is HMAC-SHA256 under the secret over
`arco-worker\\n` and the text, in lower-case hex.

- Requests to a service carry `Arco-Signature: {t}.{mac}` with the seconds since 1970 and
  `mac("offer\\n{t}\\n" + body)`, for `GET` `mac("roll\\n{t}\\n")`. One that is wrong, or older or
  newer than five minutes, is refused with 401 before the body is read as an offer.
- Requests to a server carry `Authorization: Bearer {token}.{mac}` with `mac("answer\\n" + token)`.
  The token is opaque; it is good for one attempt, and for fifteen minutes at most.
- A service refuses, with 403, offers of another tenant or workspace than its own, and offers to be
  answered where it was not told that a server is. It follows no redirect.

## Data

A service reads `inputs` from the store and stages Parquet files there, with credentials of its own,
under `warehouse/{table_id}/{attempt_id}-{8 hex}-{n}-{sha256}.parquet`; `Output` lists them. Servers
refuse an output for another asset, partition or table, or with a file of another attempt: then the
attempt is lost. What a task prints is stored as `logs/{run_id}/{attempt_id}/{n, six
digits}.ndjson`, one object with `ts`, `stream` and `line` per line, while it runs. A task without
data answers with an empty `completion`.
"""


def worker_protocol_page() -> str:
    """The page."""
    sections = [_described(each) for each in (*MESSAGES, *PARTS)]
    return page("Worker protocol", INTRODUCTION, sections=sections)


def schema_text() -> str:
    """The JSON Schema of every message."""
    _, parts = msgspec.json.schema_components(MESSAGES, ref_template="#/$defs/{name}")
    names = [each.__name__ for each in MESSAGES]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The worker protocol of Arco",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in names],
        "$defs": parts,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def fixtures_text() -> str:
    """Message -> an example with every field, and one with as few as it may have."""
    schemas: dict[str, Any] = json.loads(schema_text())["$defs"]
    made = {kind: Examples(schemas, full=kind == "full") for kind in ("full", "minimal")}
    examples = {
        each.__name__: {
            kind: makes.of({"$ref": f"#/$defs/{each.__name__}"}) for kind, makes in made.items()
        }
        for each in MESSAGES
    }
    return json.dumps(examples, indent=1, ensure_ascii=False) + "\n"


def _described(struct: type[msgspec.Struct]) -> str:
    tag = struct.__struct_config__.tag
    rows = [(code("type"), code(f'"{tag}"'), "which message it is")] if tag else []
    kinds = field_types(struct)
    for name in struct.__struct_fields__:
        rows.append((code(name), type_name(kinds[name]), field_meaning(struct, name)))
    return section(struct.__name__, summary(struct), table(("Field", "Type", "Meaning"), rows))


__all__ = ["FIXTURES", "MESSAGES", "SCHEMA", "fixtures_text", "schema_text", "worker_protocol_page"]
