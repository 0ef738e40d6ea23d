"""A client that knows nothing but the OpenAPI document of the server it asks.

It spells requests from what the document says, and holds every answer against its schema.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

Schema = Mapping[str, Any]
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class Described(msgspec.Struct, frozen=True):
    """One operation of the document."""

    method: str
    path: str
    said: Schema


class Stranger:
    """Asks a server by the names of its document's operations."""

    def __init__(self, address: str) -> None:
        self._host = urlsplit(address).netloc
        self._document: dict[str, Any] = json.loads(self._exchange("GET", "/openapi.json")[1])
        self.operations = {
            said["operationId"]: Described(method.upper(), path, said)
            for path, methods in self._document["paths"].items()
            for method, said in methods.items()
        }

    def example(self, name: str) -> Any:
        """The body that the document gives as an example."""
        content = self.operations[name].said["requestBody"]["content"]
        return content["application/json"]["example"]

    def ask(self, name: str, body: Any = None, **given: Any) -> Any:
        """The answer, which is one of those that the document describes."""
        operation = self.operations[name]
        described = operation.said.get("parameters", [])
        known = {each["name"]: each["in"] for each in described}
        needed = {each["name"] for each in described if each["required"]}
        assert needed <= given.keys() <= known.keys(), (name, needed, given)
        place = {key: quote(str(given[key])) for key in given if known[key] == "path"}
        query = urlencode({key: given[key] for key in given if known[key] == "query"})
        target = operation.path.format(**place) + ("?" + query if query else "")
        status, content = self._exchange(operation.method, target, body=body)
        answer = operation.said["responses"].get(str(status))
        assert answer is not None, (name, status, content)
        assert status < 300, (name, content)
        told = json.loads(content)
        described_content = answer["content"]["application/json"]
        # Whoever asks for some fields is told of no others.
        wrong = "fields" not in given and self._misfit(told, described_content["schema"], at=name)
        assert not wrong, wrong
        return told

    def _misfit(self, value: Any, schema: Schema, *, at: str) -> str:
        """Where the value is not what the schema says; empty: it is."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self._misfit(value, self._document["components"]["schemas"][name], at=at)
        choices = schema.get("oneOf") or schema.get("anyOf")
        if choices:
            wrong = [self._misfit(value, choice, at=at) for choice in choices]
            return "" if "" in wrong else wrong[0]
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(isinstance(value, TYPES[kind]) for kind in kinds):
            return f"{at}: {value!r} is no {kinds}"
        if isinstance(value, list) and "items" in schema:
            found = (self._misfit(each, schema["items"], at=f"{at}[]") for each in value)
            return next((each for each in found if each), "")
        return self._misfit_object(value, schema, at=at) if isinstance(value, dict) else ""

    def _misfit_object(self, value: Mapping[str, Any], schema: Schema, *, at: str) -> str:
        fields = schema.get("properties", {})
        missing = set(schema.get("required", ())) - value.keys()
        if missing or (fields and value.keys() - fields.keys()):
            return f"{at}: {sorted(value)} is not {sorted(fields)}"
        found = (
            self._misfit(each, fields[name], at=f"{at}.{name}")
            for name, each in value.items()
            if name in fields
        )
        return next((each for each in found if each), "")

    def _exchange(self, method: str, target: str, *, body: Any = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._host, timeout=30)
        headers = {} if method == "GET" else {"Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        try:
            connection.request(method, target, content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
