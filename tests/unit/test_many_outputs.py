"""`@multi_asset`: what a function that makes several tables declares, returns and is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arco import AssetContext, MonthlyPartitions, Output, asset, check, multi_asset, schedule
from arco.errors import ArcoError, Invalid, Precondition
from arco.orchestration.definitions import AssetDefinition
from arco.sdk.declarations import Declaration, collecting
from arco.testing import materialize
from arco.testing.given import definitions_of
from arco.testing.workbench import Workbench

HERE = Path(__file__).name
ROWS = [{"id": 1, "items": ["tea", "jam"]}, {"id": 2, "items": ["tea"]}]


@asset("shop.raw")
def raw() -> Any:
    return ROWS


@multi_asset(
    namespace="shop",
    owners=["team@shop"],
    outputs=[
        "orders",
        Output("lines", description="One item of an order.", tags=["fine"], write_mode="append"),
    ],
)
def split(raw: list[dict[str, Any]], context: AssetContext) -> Iterator[tuple[str, Any]]:
    """Orders and their lines."""
    print("splitting")
    context.add_metadata(source="raw")
    yield "orders", [{"id": each["id"]} for each in raw]
    lines = [{"id": each["id"], "item": item} for each in raw for item in each["items"]]
    context.add_output_metadata("lines", items=len(lines))
    yield "lines", lines


@check("shop.lines")
def has_items(lines: list[dict[str, Any]]) -> bool:
    return all(each["item"] for each in lines)


@asset("mart.report")
def report(orders: list[Any], lines: list[Any]) -> Any:
    return [{"orders": len(orders), "lines": len(lines)}]


def one(function: Any, *others: Any, **given: Any) -> Any:
    """The result of a function that makes `orders` and `lines`, and of nothing else."""
    return materialize([function, *others], **given)


def returning(result: Any) -> Any:
    """A function that returns this where `orders` and `lines` are wanted."""

    @multi_asset(outputs=["orders", "lines"], namespace="shop")
    def made() -> Any:
        return result

    return made


def refusal(function: Any, *others: Any) -> ArcoError:
    with pytest.raises(ArcoError) as refused:
        materialize([function, *others])
    return refused.value


def definitions(*things: Any) -> dict[str, AssetDefinition]:
    found = definitions_of(things, inputs={}, supplies={})
    return {each.key: each for each in found.manifest.assets}


def test_one_function_makes_several_tables_that_others_read() -> None:
    result = materialize([raw, split, has_items, report])
    assert result["shop.orders"].data.to_arrow().to_pylist() == [{"id": 1}, {"id": 2}]
    assert result["shop.lines"].data.to_arrow().num_rows == 3
    assert result["shop.lines"].checks["has_items"].passed
    assert result[report].data.to_arrow().to_pylist() == [{"orders": 2, "lines": 3}]
    assert [task.logs for task in result.tasks[1:3]] == [("splitting",), ("splitting",)]


def test_facts_are_about_all_tables_or_about_one() -> None:
    result = materialize([raw, split])
    assert result["shop.orders"].metadata == {"source": "raw"}
    assert result["shop.lines"].metadata == {"source": "raw", "items": 3}


def test_what_an_output_says_goes_before_what_is_said_for_all() -> None:
    known = definitions(raw, split, has_items)
    orders, lines = known["shop.orders"], known["shop.lines"]
    assert orders.made_with == lines.made_with == ("shop.lines", "shop.orders")
    assert (orders.description, lines.description) == (
        "Orders and their lines.",
        "One item of an order.",
    )
    assert (orders.owners, lines.owners) == (("team@shop",), ("team@shop",))
    assert (orders.tags, lines.tags) == ({}, {"fine": ""})
    assert (orders.write_mode, lines.write_mode) == ("replace", "append")
    assert orders.dependencies == lines.dependencies
    assert [each.name for each in lines.checks] == ["has_items"]


def test_each_table_has_the_format_it_names() -> None:
    @multi_asset(outputs=["orders", Output("lines", format="parquet")], namespace="shop")
    def made() -> Any:
        return {"orders": ROWS, "lines": [{"id": 1}]}

    formats = {key: each.format for key, each in definitions(made).items()}
    assert formats == {"shop.orders": "delta", "shop.lines": "parquet"}
    assert one(made)["shop.lines"].data.to_arrow().to_pylist() == [{"id": 1}]


def test_a_function_may_return_a_dict() -> None:
    result = one(returning({"orders": [{"id": 1}], "lines": [{"id": 1}, {"id": 2}]}))
    assert result["shop.lines"].data.to_arrow().num_rows == 2


def test_an_async_function_may_return_a_dict() -> None:
    @multi_asset(outputs=["shop.orders", "mart.lines"])
    async def made() -> Any:
        return {"shop.orders": [{"id": 1}], "mart.lines": [{"id": 2}]}

    assert one(made)["mart.lines"].data.to_arrow().to_pylist() == [{"id": 2}]


def test_a_table_that_is_none_stays_as_it_is() -> None:
    bench = Workbench(returning({"orders": [{"id": 1}], "lines": None}))
    result = bench.run()
    assert result.succeeded
    assert result["shop.lines"].output is None
    assert bench.stale() == []


def test_one_of_the_tables_may_not_be_kept() -> None:
    @multi_asset(outputs=["shop.orders", Output("shop.sent", format="none")])
    def made() -> Any:
        return {"shop.orders": [{"id": 1}], "shop.sent": 7}

    result = one(made)
    assert result["shop.sent"].output is None
    assert result.succeeded


def test_partitions_are_those_of_all() -> None:
    months = MonthlyPartitions("2026-01")

    @multi_asset(outputs=["shop.orders", "shop.lines"], partitions=months)
    def made(context: AssetContext) -> Any:
        return {name: [{"of": context.partition_key}] for name in ("shop.orders", "shop.lines")}

    result = one(made, partition="2026-02..2026-03")
    assert [task.partition_key for task in result.tasks] == [
        "month=d:2026-02-01",
        "month=d:2026-03-01",
    ] * 2


def test_a_table_that_is_missing_is_an_error_with_the_line() -> None:
    error = refusal(returning({"orders": [{"id": 1}]}))
    assert error.code == "OUTPUTS_INVALID"
    assert error.message.startswith(f"output 'lines' is missing ({HERE}:")
    assert "None for a table that stays as it is" in error.hint


def test_a_table_that_was_not_declared_is_an_error_with_the_line() -> None:
    @multi_asset(outputs=["shop.orders", "shop.lines"])
    def made() -> Iterator[tuple[str, Any]]:
        yield "shop.orders", [{"id": 1}]
        yield "shop.line", [{"id": 1}]

    error = refusal(made)
    line = made.__code__.co_firstlineno + 3
    assert error.code == "OUTPUT_UNKNOWN"
    assert error.message == f"there is no output 'shop.line' ({HERE}:{line})"
    assert error.hint == "did you mean 'shop.lines'?"


def test_a_table_that_is_yielded_twice_is_refused() -> None:
    @multi_asset(outputs=["shop.orders", "shop.lines"])
    def made() -> Iterator[tuple[str, Any]]:
        yield "shop.orders", [{"id": 1}]
        yield "shop.orders", [{"id": 2}]

    error = refusal(made)
    assert error.code == "OUTPUTS_INVALID"
    assert "output 'shop.orders' is yielded twice" in error.message


@pytest.mark.parametrize("result", [None, [{"id": 1}], ("orders", "lines")])
def test_a_result_that_names_no_tables_is_refused(result: Any) -> None:
    error = refusal(returning(result))
    assert error.code == "OUTPUTS_INVALID"
    assert f"the function returned {type(result).__name__} ({HERE}:" in error.message


def test_a_function_may_not_yield_what_is_no_pair() -> None:
    @multi_asset(outputs=["shop.orders", "shop.lines"])
    def made() -> Iterator[Any]:
        yield [{"id": 1}]

    error = refusal(made)
    assert error.code == "OUTPUTS_INVALID"
    assert "the function yielded list" in error.message


def test_facts_about_a_table_that_was_not_declared_are_refused() -> None:
    @multi_asset(outputs=["shop.orders", "shop.lines"])
    def made(context: AssetContext) -> Any:
        context.add_output_metadata("lines", rows=1)

    assert refusal(made).code == "OUTPUT_UNKNOWN"


def test_a_blocking_check_of_one_table_refuses_all() -> None:
    @check("shop.lines")
    def never(lines: Any) -> bool:
        return False

    made = returning({"orders": [{"id": 1}], "lines": [{"id": 1}]})
    with pytest.raises(Precondition, match="never"):
        materialize([made, never])
    bench = Workbench(made, never)
    bench.run()
    with pytest.raises(Invalid, match=r"no run published shop\.orders"):
        bench.table("shop.orders")


def test_what_was_told_to_fail_fails_for_all_and_is_made_again() -> None:
    @multi_asset(outputs=["shop.orders", "shop.lines"], retries=1)
    def made() -> Any:
        return {"shop.orders": [{"id": 1}], "shop.lines": [{"id": 1}]}

    bench = Workbench(made)
    bench.fail("shop.orders")
    result = bench.run("shop.orders")
    assert result.succeeded
    assert [task.attempts for task in result.tasks] == [2, 2]


def test_a_cursor_moves_with_any_of_the_tables() -> None:
    @multi_asset(outputs=["shop.orders", "shop.lines"])
    def made(context: AssetContext) -> Any:
        context.move_cursor((context.cursor or 0) + 1)
        return {"shop.orders": [{"id": context.cursor or 0}], "shop.lines": None}

    bench = Workbench(made)
    for _ in range(3):
        bench.run()
    assert bench.table("shop.orders").to_arrow().to_pylist() == [{"id": 2}]


def test_a_cursor_does_not_move_with_nothing() -> None:
    @multi_asset(outputs=["shop.orders", "shop.lines"])
    def made(context: AssetContext) -> Any:
        context.move_cursor(1)
        return {"shop.orders": None, "shop.lines": None}

    assert refusal(made).code == "CURSOR_WITHOUT_OUTPUT"


def test_the_function_itself_names_none_of_its_tables() -> None:
    @asset("mart.below", deps=[split])
    def below() -> Any:
        return [{"id": 1}]

    error = refusal(split, raw, below)
    assert "split makes shop.orders, shop.lines: name one of them" in error.message


def test_a_function_does_not_read_what_it_makes() -> None:
    @multi_asset(outputs=["shop.a", "shop.b"], inputs={"before": "shop.b"})
    def made(before: Any) -> Any:
        return {"shop.a": before, "shop.b": before}

    message = refusal(made).message
    assert "shop.a cannot read shop.b: the same function makes both" in message


def test_a_schedule_above_the_function_runs_all_its_tables() -> None:
    with collecting():

        @schedule("@daily")
        @multi_asset(outputs=["shop.orders", "shop.lines"])
        def made() -> Any:
            return {}

    found = definitions_of([made], inputs={}, supplies={})
    assert [each.selection for each in found.schedules] == [("shop.orders", "shop.lines")]


def test_data_that_is_given_for_one_table_takes_its_place_alone() -> None:
    result = materialize([split, report], inputs={raw: ROWS, "shop.lines": [{"item": "tea"}]})
    assert result[report].data.to_arrow().to_pylist() == [{"orders": 2, "lines": 1}]


@pytest.mark.parametrize(
    "outputs", [[], ["orders", "orders"], ["orders", Output("orders")], ["orders", 3]]
)
def test_every_table_is_named_once(outputs: list[Any]) -> None:
    with pytest.raises(Invalid) as refused:
        multi_asset(outputs=outputs)
    assert refused.value.code == "OUTPUTS_INVALID"


def test_options_that_nobody_knows_are_refused_with_what_was_meant() -> None:
    with pytest.raises(Invalid, match="Output\\(\\) has no option 'write_modes'"):
        Output("lines", write_modes="append")  # type: ignore[call-arg]
    with pytest.raises(Invalid, match="multi_asset\\(\\) has no option 'key'"):
        multi_asset(outputs=["lines"], key="shop.x")  # type: ignore[call-arg]


def test_a_decorated_function_is_called_like_any_other() -> None:
    with collecting() as found:

        @multi_asset(outputs=["shop.orders", "shop.lines"])
        def made(number: int) -> Any:
            return {"shop.orders": number, "shop.lines": number}

    declared: list[Declaration] = found
    assert made(3) == {"shop.orders": 3, "shop.lines": 3}
    assert len(declared) == 2
