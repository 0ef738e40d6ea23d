"""The laws of partitions: strict codecs, and symbolic sets that agree with plain ones."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arco.canonical import canonical_json, parse_canonical
from arco.errors import Invalid
from arco.orchestration.partitions import (
    AllMapping,
    DailyPartitions,
    HourlyPartitions,
    IdentityMapping,
    LastMapping,
    MonthlyPartitions,
    PartitionMapping,
    Partitions,
    PartitionSet,
    ProductPartitions,
    QuarterlyPartitions,
    StaticPartitions,
    TimePartitions,
    TimeWindowMapping,
    WeeklyPartitions,
    YearlyPartitions,
    all_keys,
    display,
    format_partition_key,
    parse_partition_key,
    parse_selector,
    some_keys,
    upstream_partitions,
)

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]
NOW = datetime(2013, 3, 1, tzinfo=UTC)
UNIVERSE = ProductPartitions(
    [
        MonthlyPartitions("2012-11"),
        StaticPartitions(["b", "a", "c"], dimension="letter"),
        StaticPartitions(["y", "x"], dimension="region"),
    ]
)
KEYS = list(all_keys(UNIVERSE, NOW))

texts = st.text(st.characters(codec="utf-8"), max_size=20)
names = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
values = st.one_of(
    texts,
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.none(),
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
subsets = st.sets(st.sampled_from(KEYS))
grains: list[type[Any]] = [
    HourlyPartitions,
    DailyPartitions,
    WeeklyPartitions,
    MonthlyPartitions,
    QuarterlyPartitions,
    YearlyPartitions,
]


@st.composite
def times(draw: st.DrawFn, grains_to_choose: list[type[Any]] = grains) -> TimePartitions:
    """Time partitions of a few years at most, in any zone."""
    grain = draw(st.sampled_from(grains_to_choose))
    start = draw(st.dates(date(2011, 1, 1), date(2012, 12, 31)))
    return grain(  # type: ignore[no-any-return]
        start.isoformat(),
        timezone=draw(st.sampled_from(ZONES)),
        end_offset=draw(st.integers(-2, 2)),
    )


def chosen(keys: set[str]) -> PartitionSet:
    """The symbolic set of these keys of the small universe."""
    return some_keys(UNIVERSE, keys)


@given(st.dictionaries(names, values, max_size=4))
def test_every_key_is_read_back_as_it_was(key: dict[str, Any]) -> None:
    text = format_partition_key(key)
    again = parse_partition_key(text)
    assert again == key
    assert {name: type(value) for name, value in again.items()} == {
        name: type(value) for name, value in key.items()
    }


@given(st.dictionaries(names, values, min_size=1, max_size=3), st.data())
def test_a_mutated_key_is_refused_or_canonical(key: dict[str, Any], data: st.DataObject) -> None:
    text = format_partition_key(key)
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 2))
    insert = data.draw(st.text("=:,+-_0aAZ \n=", max_size=2))
    mutated = text[:at] + insert + text[at + cut :]
    try:
        again = parse_partition_key(mutated)
    except Invalid as refused:
        assert refused.code == "PARTITION_KEY_INVALID"
    else:
        assert format_partition_key(again) == mutated


@given(documents)
def test_canonical_json_is_json_and_reads_back(document: Any) -> None:
    data = canonical_json(document)
    assert json.loads(data) == document
    assert parse_canonical(data) == document


@given(st.dictionaries(texts, st.integers(0, 9), max_size=6))
def test_keys_are_sorted_by_their_bytes(document: dict[str, int]) -> None:
    keys = [key.encode() for key in parse_canonical(canonical_json(document))]
    assert keys == sorted(keys)


@given(st.binary(max_size=30))
def test_any_bytes_are_refused_or_canonical(data: bytes) -> None:
    try:
        value = parse_canonical(data)
    except Invalid as refused:
        assert refused.code == "CANONICAL_JSON_INVALID"
    else:
        assert canonical_json(value) == data


@given(subsets, subsets)
def test_operations_agree_with_plain_sets(one: set[str], other: set[str]) -> None:
    first, second = chosen(one), chosen(other)
    assert set(first.union(second)) == one | other
    assert set(first.intersection(second)) == one & other
    assert set(first.difference(second)) == one - other
    assert first.count == len(one)
    assert bool(first) == bool(one)
    assert {key for key in KEYS if key in first} == one


@given(subsets, subsets)
def test_equal_sets_are_equal_however_they_were_made(one: set[str], other: set[str]) -> None:
    first, second = chosen(one), chosen(other)
    assert first.union(second) == chosen(one | other)
    assert first.difference(second) == chosen(one - other)
    assert first.intersection(second) == first.difference(first.difference(second))
    assert (first == second) == (one == other)


@given(subsets, st.integers(-2, 40), st.integers(-2, 40))
def test_a_slice_is_a_part_of_the_iteration(keys: set[str], start: int, stop: int) -> None:
    ordered = [key for key in KEYS if key in keys]
    found = chosen(keys)
    assert list(found) == ordered
    part = found.slice(start, stop)
    assert list(part) == ordered[max(start, 0) : max(stop, 0)]
    assert part == chosen(set(part))
    assert (found.first(), found.last()) == ((ordered[0], ordered[-1]) if ordered else (None, None))


@settings(max_examples=60)
@given(times(), st.datetimes(datetime(2011, 1, 1), datetime(2013, 6, 1)))
def test_windows_of_time_follow_each_other_and_are_complete(
    partitions: TimePartitions, naive: datetime
) -> None:
    now = naive.replace(tzinfo=UTC)
    existing = all_keys(partitions, now)
    axis: Any = existing.axes[0]
    for start, stop, _ in existing.spans:
        assert axis.window_start(stop - partitions.end_offset) <= now
        assert axis.window_start(stop - partitions.end_offset + 1) > now
        for ordinal in (start, (start + stop) // 2, stop - 1):
            assert axis.ordinal(axis.value(ordinal)) == ordinal
            assert axis.window_start(ordinal) <= axis.window_start(ordinal + 1)
            middle = axis.window_start(ordinal + 1) - timedelta(microseconds=1)
            if axis.window_start(ordinal) <= middle:
                assert axis.containing(middle) == ordinal


@settings(max_examples=60)
@given(times(), st.integers(0, 10**6))
def test_what_is_displayed_selects_the_same_partition(
    partitions: TimePartitions, position: int
) -> None:
    existing = all_keys(partitions, NOW)
    if existing:
        key = existing.slice(position % existing.count, position % existing.count + 1).first()
        assert key is not None
        assert list(parse_selector(partitions, display(key), now=NOW)) == [key]
        assert list(parse_selector(partitions, key, now=NOW)) == [key]


@settings(max_examples=60)
@given(times(grains[1:]), times(grains[1:]), st.integers(0, 10**6))
def test_time_maps_to_exactly_the_windows_that_overlap(
    lower: TimePartitions, upper: TimePartitions, position: int
) -> None:
    existing = all_keys(lower, NOW)
    if not existing or lower.timezone == upper.timezone == "Pacific/Apia":
        return
    one = existing.slice(position % existing.count, position % existing.count + 1)
    axis: Any = one.axes[0]
    start, stop = (axis.window_start(one.spans[0][0] + step) for step in (0, 1))
    candidates = all_keys(upper, NOW)
    line: Any = candidates.axes[0]
    expected = [
        format_partition_key({line.dimension: line.value(ordinal)})
        for low, high, _ in candidates.spans
        for ordinal in range(low, high)
        if line.window_start(ordinal) < stop and line.window_start(ordinal + 1) > start
        if line.window_start(ordinal) < line.window_start(ordinal + 1)
    ]
    if start < stop:
        assert list(upstream_partitions(None, one, upstream=upper, now=NOW)) == expected


@pytest.mark.parametrize(
    "mapping",
    [None, AllMapping(), IdentityMapping(), LastMapping(), TimeWindowMapping(-1, 1)],
)
@pytest.mark.parametrize(
    "upstream",
    [
        UNIVERSE,
        DailyPartitions("2013-02-01", dimension="month"),
        ProductPartitions(
            [QuarterlyPartitions("2012"), StaticPartitions(["a"], dimension="letter")]
        ),
        StaticPartitions(["x", "z"], dimension="region"),
        None,
    ],
)
@settings(max_examples=12)
@given(keys=subsets)
def test_mapping_a_set_is_the_union_of_mapping_its_keys(
    mapping: PartitionMapping | None, upstream: Partitions | None, keys: set[str]
) -> None:
    together = upstream_partitions(mapping, chosen(keys), upstream=upstream, now=NOW)
    apart: set[str] = set()
    for key in keys:
        apart |= set(upstream_partitions(mapping, chosen({key}), upstream=upstream, now=NOW))
    assert set(together) == apart
