"""What every operation answers besides its own, worked out from what it takes.

Law: what a route, the door or a header can make the server answer stands in the document, without a
route that could forget it. Must not know routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arco.api.failures import MEANINGS
from arco.api.headers import Trait, traits_of
from arco.wire.headers import TAG_HEADER

FORMS = "forms"
"""The option of a route: media types of its answer besides JSON."""
OPEN = "open"
"""The option of a route that takes no credentials: its URL is one."""
SCHEME = "key_or_token"
STATUS_BY_TRAIT: Mapping[Trait, tuple[int, ...]] = {
    Trait.ANSWERS: (400, 401, 403, 429, 500, 503),
    Trait.READS: (412,),
    Trait.DECIDES: (409, 412, 422),
}
"""A state token may be of another history, an `If-Match` may not hold, a key may be another's."""
WITH_BODY = (413, 415)
UNCHANGED = 304
FAILURE = {"application/json": {"schema": {"$ref": "#/components/schemas/FailureAnswer"}}}
BYTES = {"type": "string", "format": "binary"}
TAG = {
    "schema": {"type": "string"},
    "description": "The object's version: what `If-Match` and `If-None-Match` take.",
}
CREDENTIALS = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, or a token of an issuer that the server trusts. A server on "
    "loopback may take none.",
}


def with_promises(
    document: dict[str, Any], options: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The document with every status and form of answer; `options` are those of the routes."""
    components = document["components"]
    components["securitySchemes"] = {SCHEME: CREDENTIALS}
    document["security"] = [{SCHEME: []}]
    for methods in document["paths"].values():
        for method, operation in methods.items():
            given = options[operation["operationId"]]
            _promise(operation, method, options=given)
            if given.get(OPEN):
                operation["security"] = []
    _tag_unions(document, components["schemas"])
    return document


def _promise(operation: dict[str, Any], method: str, *, options: Mapping[str, Any]) -> None:
    responses = operation["responses"]
    traits = traits_of(operation["operationId"], method, options=options)
    statuses = {status for trait in traits for status in STATUS_BY_TRAIT.get(trait, ())}
    if method != "get":
        statuses.update(WITH_BODY)
    for status in sorted(statuses):
        refused = {"description": MEANINGS[status], "content": FAILURE}
        responses.setdefault(str(status), refused)
    good = next(responses[name] for name in sorted(responses) if name.startswith("2"))
    for media_type in options.get(FORMS, ()):
        schema = {"type": "string"} if media_type.startswith("text/") else BYTES
        good["content"].setdefault(media_type, {"schema": schema})
    if Trait.TELLS_ONE in traits:
        good.setdefault("headers", {})[TAG_HEADER] = TAG
        responses[str(UNCHANGED)] = {
            "description": "It is what `If-None-Match` names.",
            "headers": {TAG_HEADER: TAG},
        }
    operation["responses"] = dict(sorted(responses.items()))


def _tag_unions(value: Any, schemas: Mapping[str, Any]) -> None:
    """Wherever one of several structs is meant, the property that says which is required."""
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            _tag_unions(each, schemas)
    if isinstance(value, dict) and isinstance(value.get("oneOf"), list):
        tag = _tag_of([part.get("$ref", "") for part in value["oneOf"]], schemas)
        if tag:
            value["required"] = [tag]
            value["discriminator"] = {"propertyName": tag}


def _tag_of(references: list[str], schemas: Mapping[str, Any]) -> str:
    """The property that has one value in each of the schemas; empty: there is none."""
    found = [schemas.get(each.rpartition("/")[2], {}).get("properties", {}) for each in references]
    constant = [{name for name, told in each.items() if "const" in told} for each in found]
    return next(iter(sorted(set.intersection(*constant))), "")


__all__ = ["FORMS", "OPEN", "with_promises"]
