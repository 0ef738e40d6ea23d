"""Each rule finds what breaks it and is silent about what keeps it: else it would be no rule."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import cast

import msgspec
import pytest

from arco.model import Domain, Payload, Table
from tests.tidy import codes
from tests.tidy.domains import event_types, reducers, tables
from tests.tidy.package_samples import SOURCES_SAMPLES, coded
from tests.tidy.rules import DOMAIN_RULES, MODULE_RULES, SOURCES_RULES, TEXT_RULES
from tests.tidy.samples import MODULE_SAMPLES, TEXT_SAMPLES, Sample
from tests.tidy.source import Finding, Module, Sources, read_sources

SAMPLES = MODULE_SAMPLES | TEXT_SAMPLES | SOURCES_SAMPLES
BREAKING = [(rule, sample) for rule, (breaking, _) in SAMPLES.items() for sample in breaking]
KEEPING = [(rule, sample) for rule, (_, keeping) in SAMPLES.items() for sample in keeping]


def findings(rule: str, sample: Sample) -> Iterator[Finding]:
    """What the rule says about the sample."""
    if rule in TEXT_RULES:
        for path, text in sample.items():
            yield from TEXT_RULES[rule](path, text)
        return
    sources = Sources(tuple(Module(path, text) for path, text in sample.items()))
    if rule in SOURCES_RULES:
        yield from SOURCES_RULES[rule](sources)
        return
    for module in sources.modules:
        yield from MODULE_RULES[rule](module)


def test_every_rule_has_samples_of_both_kinds() -> None:
    assert set(SAMPLES) == set(MODULE_RULES) | set(TEXT_RULES) | set(SOURCES_RULES)
    assert all(breaking and keeping for breaking, keeping in SAMPLES.values())


@pytest.mark.parametrize(("rule", "sample"), BREAKING)
def test_a_rule_finds_what_breaks_it(rule: str, sample: Sample) -> None:
    assert list(findings(rule, sample))


@pytest.mark.parametrize(("rule", "sample"), KEEPING)
def test_a_rule_is_silent_about_what_keeps_it(rule: str, sample: Sample) -> None:
    assert [str(finding) for finding in findings(rule, sample)] == []


def test_sources_are_read_from_a_directory(tmp_path: Path) -> None:
    folder = tmp_path / "src" / "arco" / "engine"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "log.py").write_text("x = 1\n")
    (tmp_path / "elsewhere.py").write_text("x = 1\n")
    names = [module.name for module in read_sources(tmp_path).modules]
    assert names == ["arco.engine", "arco.engine.log"]


def test_missing_codes_are_rendered_with_the_meaning_their_message_gives() -> None:
    files = coded("{}", "raise Invalid('NAME_TAKEN', f'{name} is taken')")
    sources = Sources(tuple(Module(path, text) for path, text in files.items()))
    assert codes.missing(sources) == {"NAME_TAKEN": ("Invalid", "{} is taken")}
    assert codes.render(codes.missing(sources)) == '    "NAME_TAKEN": ("Invalid", "{} is taken"),'


class TableCreated(Payload, frozen=True):
    """An event of the sample domain."""

    table_id: str


class Line(Payload, frozen=True):
    """A row of the sample domain; its struct settings are those of a row."""

    table_id: str


LINES = Table("lines", Line, ("table_id",))
THIS = sys.modules[__name__]


def sample(*kept: Table[Line], events: tuple[type[Payload], ...] = ()) -> Domain:
    """A domain with these tables, and a reducer for each of these events."""
    return Domain("sample", kept, {event: lambda state, event: () for event in events})


def test_domain_rules_are_all_tried_here() -> None:
    assert len(DOMAIN_RULES) == 3


def test_an_event_without_a_reducer_is_found() -> None:
    whole = sample(LINES, events=(TableCreated, Line))
    assert list(reducers(whole, [THIS])) == []
    assert "TableCreated" in str(*reducers(sample(LINES, events=(Line,)), [THIS]))


def test_a_table_must_be_listed_once_and_have_its_key_fields() -> None:
    modules: list[ModuleType] = [THIS]
    assert list(tables(sample(LINES), modules)) == []
    assert "is in no domain" in str(*tables(sample(), modules))
    absent = Table("absent", Line, ("missing",))
    assert "lacks key fields ['missing']" in str(*tables(sample(LINES, absent), modules))
    assert "two tables" in str(*tables(sample(LINES, LINES), modules))


def test_two_events_may_not_share_a_type_and_version() -> None:
    made = msgspec.defstruct("TableCreatedV2", [], bases=(TableCreated,), frozen=True)
    successor = cast("type[Payload]", made)
    assert list(event_types(sample(events=(TableCreated,)))) == []
    assert "are both" in str(*event_types(sample(events=(TableCreated, successor))))
