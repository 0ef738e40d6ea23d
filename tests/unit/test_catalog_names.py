"""Names and types as people write them: what is carried, what is folded, what is refused."""

from __future__ import annotations

import pytest

from arco.catalog.tables import TABLES
from arco.catalog.types import normal_type
from arco.errors import ArcoError, Invalid, NotFound
from tests.unit.catalog_shop import shop_with_orders

BAD_NAMES = {
    "empty": "",
    "only dots": "..",
    "empty part": "sales..orders",
    "parent folder": "sales.../../etc/passwd",
    "encoded parent folder": "sales.%2e%2e%2fsecret",
    "slash": "sales.a/b",
    "backslash": "sales.a\\b",
    "wildcard": "sales.*",
    "question mark": "sales.a?",
    "glob": "sales.[ab]",
    "single quote": "sales.o'brien",
    "double quote": 'sales."orders"',
    "statement": "sales.a; drop table b",
    "comment": "sales.a--b/*",
    "space": "sales.my orders",
    "leading space": " sales.orders",
    "new line": "sales.orders\n",
    "carriage return": "sales.a\rb",
    "tab": "sales.a\tb",
    "nul": "sales.a\x00b",
    "escape": "sales.a\x1b[31m",
    "delete": "sales.a\x7f",
    "no-break space": "sales.a\u00a0b",
    "zero width": "sales.ord\u200bers",
    "right to left": "sales.\u202esredro",
    "cyrillic look-alike": "sales.\u043erders",
    "full-width": "sales.\uff4frders",
    "combining": "sales.o\u0301rders",
    "lone surrogate": "sales.a\ud800",
    "emoji": "sales.\U0001f600",
    "leading hyphen": "sales.-rf",
    "256 bytes": "sales." + "a" * 256,
    "dollar": "sales.${HOME}",
    "percent": "sales.%s",
    "angle": "sales.<script>",
    "colon": "sales.c:orders",
    "tilde": "~.orders",
}


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
@pytest.mark.parametrize("change", ["create_table", "create_namespace", "create_volume"])
def test_a_name_that_could_mean_something_else_is_refused(change: str, name: str) -> None:
    shop = shop_with_orders()
    with pytest.raises((ArcoError, ValueError)) as refused:
        shop.ask(change, name)
    assert not isinstance(refused.value, ArcoError) or refused.value.status == 400


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_looking_for_a_bad_name_finds_nothing(name: str) -> None:
    shop = shop_with_orders()
    with pytest.raises((NotFound, ValueError)):
        shop.ask("alter", name, kind="table", comment="x")


@pytest.mark.parametrize(
    ("kind", "name"), [("create_catalog", "system"), ("create_namespace", "information_schema")]
)
def test_names_that_sql_has_a_meaning_for_are_reserved(kind: str, name: str) -> None:
    with pytest.raises(Invalid, match="SQL has a meaning"):
        shop_with_orders().ask(kind, name)


@pytest.mark.parametrize("name", ["a", "_a", "9lives", "a-b", "a" * 255, "ORDERS_2024"])
def test_ordinary_names_are_carried_in_lower_case(name: str) -> None:
    shop = shop_with_orders()
    shop.ask("create_table", f"sales.{name}")
    shop.ask("alter", f"sales.{name}", kind="table", comment='it\'s "quoted"; <b>\u00e9\u4e2d')
    row = next(each for each in shop.state.range(TABLES) if each.name != "orders")
    assert row.name == row.name.lower()


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b]0;x\x07", "\u202egnp.exe"])
def test_what_cannot_be_shown_is_not_said(text: str) -> None:
    with pytest.raises(Invalid, match="control characters"):
        shop_with_orders().ask("alter", "sales.orders", kind="table", comment=text)


@pytest.mark.parametrize("tag", ["", "a b", "a'b", "\u043e", "-a", "a" * 256, "a\n"])
def test_a_tag_that_cannot_be_spelled_plainly_is_refused(tag: str) -> None:
    with pytest.raises(Invalid, match="cannot name a tag"):
        shop_with_orders().ask("set_tags", "sales.orders", kind="table", tags={tag: "x"})


@pytest.mark.parametrize("column", ["", "  ", "a\x00", "\u202ea", "a" * 256])
def test_a_column_name_is_printable_and_short(column: str) -> None:
    with pytest.raises(Invalid, match="cannot name a column"):
        shop_with_orders().ask("create_table", "sales.x", columns=[{"name": column, "type": "int"}])


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("INT", "integer"),
        ("  varchar ", "string"),
        ("decimal( 12 , 3 )", "decimal(12,3)"),
        ("decimal", "decimal(10,0)"),
        ("Array<Int>", "array<integer>"),
        ("map<text,array<double not null>>", "map<string, array<double not null>>"),
        ("struct<`a b`: int, `c``d`: text>", "struct<`a b`: integer, `c``d`: string>"),
        ("struct<größe: double>", "struct<größe: double>"),
    ],
)
def test_a_type_has_one_spelling(written: str, spelled: str) -> None:
    assert normal_type(written) == spelled
    assert normal_type(spelled) == spelled


@pytest.mark.parametrize(
    "written",
    [
        "",
        "money",
        "array<>",
        "array<int",
        "map<int>",
        "struct<a: int, a: int>",
        "struct<int>",
        "decimal(39,0)",
        "decimal(5,6)",
        "int int",
        "int; drop",
        "array<" * 40 + "int" + ">" * 40,
        "string" * 20_000,
    ],
)
def test_what_is_no_type_is_refused(written: str) -> None:
    with pytest.raises(Invalid, match="the type"):
        normal_type(written)
