"""What a page says of its scripts before any of them runs."""

from __future__ import annotations

import re

import pytest

from arco.ui.files import FILES, file_address, imported
from arco.ui.frame import Around, document

ASKED = re.compile(r'(?:src|href)="([^"]*\.js)"')
MODULES = sorted(name for name in FILES if name.endswith(".js"))


@pytest.mark.parametrize("script", ["", *MODULES])
def test_a_page_names_every_module_that_it_needs_and_each_once(script: str) -> None:
    asked = ASKED.findall(document("Page", "", around=Around(), script=script))
    named = {"theme.js", "arco.js", script} - {""}
    needed = named | {each for name in named for each in imported(name)}
    assert set(asked) == {file_address(each) for each in needed}


@pytest.mark.parametrize("script", MODULES)
def test_no_import_of_a_module_is_overlooked(script: str) -> None:
    text = FILES[script].content.decode()
    said = set(re.findall(r'from\s*"\./([a-z]+\.js)"', text))
    assert said <= set(imported(script))
