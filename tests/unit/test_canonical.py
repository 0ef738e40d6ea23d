"""Canonical JSON: one spelling per value, everything else refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arco.canonical import canonical_json, canonical_piece, canonical_record, parse_canonical
from arco.errors import Invalid


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        ({"\U0001f600": 1, "\uffff": 2}, '{"\uffff":2,"\U0001f600":1}'),
        ('"\\/\b\f\n\r\t\x01\x7fé', '"\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7fé"'),
        ([-(2**63), 2**64 - 1], "[-9223372036854775808,18446744073709551615]"),
        ((1, (2, [])), "[1,[2,[]]]"),
    ],
)
def test_a_value_has_one_spelling(value: Any, expected: str) -> None:
    assert canonical_json(value) == expected.encode()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1, 1.0]}, "$.a[1]"),
        ({"a": {"b": float("nan")}}, "$.a.b"),
        ([2**64], "$[0]"),
        ([-(2**63) - 1], "$[0]"),
        ({"a": {1: 2}}, "$.a"),
        ({"a": {1: 2, "b": 3}}, "$.a"),
        (["\ud800"], "$[0]"),
        ({"\udfff": 1}, "$"),
        ({"a": b"bytes"}, "$.a"),
        ({"a": {1, 2}}, "$.a"),
    ],
)
def test_what_has_no_single_spelling_is_refused_with_its_path(value: Any, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        canonical_json(value)
    assert refused.value.code == "CANONICAL_JSON_INVALID"
    assert refused.value.details["path"] == path
    assert refused.value.hint


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(Invalid) as refused:
        canonical_json(value)
    assert refused.value.code == "CANONICAL_JSON_INVALID"


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b"1.0",
        b"1e2",
        b"-0",
        b"01",
        b"NaN",
        b"18446744073709551616",
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u001F"',
        b'"\\ud800"',
        b'"\xff"',
        b"[1]\n",
        b"",
        b"[" * 100_000,
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        parse_canonical(data)
    assert refused.value.code == "CANONICAL_JSON_INVALID"


def test_the_refusal_of_bytes_names_where_they_differ() -> None:
    with pytest.raises(Invalid) as refused:
        parse_canonical(b'{"a":1, "b":2}')
    assert refused.value.details["position"] == 7


class Described(msgspec.Struct, rename="camel"):
    """A record with a field of every kind, not in the order of their names."""

    upstream_keys: list[str]
    key: str
    limits: msgspec.Raw


texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(key=texts, upstreams=st.lists(texts), limits=st.dictionaries(texts, st.integers(0, 9)))
def test_a_record_has_the_bytes_of_the_same_value_as_a_dict(
    key: str, *, upstreams: list[str], limits: dict[str, int]
) -> None:
    record = Described(upstreams, key, canonical_piece(limits))
    value = {"key": key, "limits": limits, "upstreamKeys": upstreams}
    assert canonical_record(record) == canonical_json(value)


def test_a_record_with_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        canonical_record(Described([], "\ud800", canonical_piece(1)))
    assert refused.value.code == "CANONICAL_JSON_INVALID"
