"""The repository keeps the rules of the house. A failure lists every place and what to do there."""

from __future__ import annotations

import doctest
import importlib
import json
import subprocess
import sys
from collections.abc import Iterable

import pytest

from tests.tidy.domains import load_domains
from tests.tidy.layers import HEAVY_AT_STARTUP
from tests.tidy.rules import DOMAIN_RULES, MODULE_RULES, SOURCES_RULES, TEXT_RULES
from tests.tidy.source import ROOT, Finding, repository, text_files


@pytest.mark.parametrize("rule", MODULE_RULES)
def test_every_module_keeps_the_rule(rule: str) -> None:
    check = MODULE_RULES[rule]
    expect_none(rule, (found for module in repository().modules for found in check(module)))


@pytest.mark.parametrize("rule", TEXT_RULES)
def test_every_file_keeps_the_rule(rule: str) -> None:
    check = TEXT_RULES[rule]
    expect_none(rule, (found for path, text in text_files() for found in check(path, text)))


@pytest.mark.parametrize("rule", SOURCES_RULES)
def test_the_package_keeps_the_rule(rule: str) -> None:
    expect_none(rule, SOURCES_RULES[rule](repository()))


@pytest.mark.parametrize("rule", DOMAIN_RULES)
def test_every_domain_keeps_the_rule(rule: str) -> None:
    check = DOMAIN_RULES[rule]
    loaded = load_domains(repository())
    expect_none(rule, (found for domain, modules in loaded for found in check(domain, modules)))


def test_start_up_loads_no_heavy_library() -> None:
    program = (
        "import sys, json, arco, arco.cli; arco.Client; print(json.dumps(sorted(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    ).stdout
    loaded = {name.split(".")[0] for name in json.loads(output)}
    assert not loaded & set(HEAVY_AT_STARTUP)


def test_examples_in_docstrings_are_true() -> None:
    failures = []
    for module in repository().modules:
        if ">>> " in module.text and not module.path.endswith("test_house.py"):
            result = doctest.testmod(importlib.import_module(module.name))
            failures += [module.path] if result.failed or not result.attempted else []
    assert not failures


def test_the_repository_is_what_is_judged() -> None:
    paths = {module.path for module in repository().modules}
    assert "src/arco/model.py" in paths
    assert "tests/tidy/test_house.py" in paths
    assert (ROOT / "pyproject.toml").is_file()


def expect_none(rule: str, findings: Iterable[Finding]) -> None:
    """Fail with every finding, one a line."""
    found = sorted({str(finding) for finding in findings})
    assert not found, f"{rule}: {len(found)} findings\n" + "\n".join(found)
