"""What an attempt asks of a Ray cluster, and what becomes of one that Ray gives up."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from arco.errors import Invalid
from arco.execution.callbacks import Callbacks
from arco.execution.placing import missing_for_http, missing_for_ray
from arco.execution.protocol import Envelope, Offer
from arco.execution.ray_cluster import submission
from arco.execution.ray_driver import error_of, too_large
from arco.execution.ray_messages import Order, Submit
from arco.orchestration.definitions import AssetDefinition, CodeReference, SourceLine
from arco.orchestration.outcomes import ErrorCategory
from arco.runtime import AsyncioRuntime, run
from arco.service.settings import Settings, load
from arco.service.workspace import open_workspace


def envelope() -> Envelope:
    asset = AssetDefinition(
        key="n.one",
        code=CodeReference("assets", "one", "sha256:1"),
        source=SourceLine("assets.py", 1),
        executor="ray",
        cpu_millicores=2_500,
        memory_bytes=2**30,
    )
    return Envelope(
        run_id="run",
        task_key="n/one:materialize",
        attempt=1,
        dispatch_id="dispatch:run:n/one:materialize:1",
        attempt_id="att_1",
        asset=asset,
        table_id="table",
    )


def submit() -> Submit:
    offer = Offer(
        tenant="local",
        workspace="main",
        envelope=envelope(),
        callback_url="http://127.0.0.1:1",
        token="token",
        heartbeat_seconds=5.0,
    )
    return submission(envelope(), Order(offer, "deployment-1"))


def test_an_order_is_bytes_and_asks_for_what_its_asset_says() -> None:
    asked = msgspec.json.decode(msgspec.json.encode(submit()), type=Submit)
    assert (asked.cpus, asked.memory_bytes) == (2.5, 2**30)
    order = msgspec.json.decode(bytes(asked.order), type=Order)
    assert (order.offer.envelope, order.deployment) == (envelope(), "deployment-1")


def test_an_attempt_that_ray_lost_is_repeated_and_one_that_no_node_can_load_is_not() -> None:
    class NodeDiedError(Exception):
        pass

    class RayTaskError(Exception):
        pass

    lost = error_of(NodeDiedError("the node died\nand much more"))
    assert lost.category is ErrorCategory.INFRASTRUCTURE
    assert lost.message == "Ray lost the attempt (NodeDiedError): the node died"
    unloaded = error_of(RayTaskError("Traceback\nModuleNotFoundError: No module named 'arco'"))
    assert unloaded.category is ErrorCategory.CONFIGURATION
    assert unloaded.message.endswith("No module named 'arco'")
    assert error_of(NodeDiedError()).hint


def test_what_no_node_can_hold_is_told_with_what_it_asks_for() -> None:
    error = too_large(submit())
    assert error.message == "no node of the Ray cluster has 2.5 CPUs and 1,024 MiB of memory"
    assert error.category is ErrorCategory.CONFIGURATION


def test_an_executor_without_a_place_says_which_setting_is_missing(tmp_path: Path) -> None:
    (tmp_path / "secrets.txt").write_text("a secret that servers and workers share\n")
    plain = Settings(directory=tmp_path)
    addressed = msgspec.structs.replace(plain, ray_address="head:6379", worker_urls="http://a:1")
    whole = msgspec.structs.replace(addressed, worker_secrets="secrets.txt")
    expected = {
        plain: ("ARCO_RAY_ADDRESS", "ARCO_WORKER_URLS"),
        addressed: ("ARCO_WORKER_SECRETS", "ARCO_WORKER_SECRETS"),
        whole: ("", ""),
    }
    for settings, names in expected.items():
        callbacks = run(callbacks_of(settings))
        missing = (missing_for_ray(settings, callbacks), missing_for_http(settings, callbacks))
        for name, error in zip(names, missing, strict=True):
            assert (error is None) == (name == ""), settings
            assert error is None or (name in error.message and error.hint)


async def callbacks_of(settings: Settings) -> Callbacks:
    return Callbacks(await open_workspace(settings, AsyncioRuntime()))


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "auto", "head:6379 --x"])
def test_an_address_that_is_no_host_and_port_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(Invalid, match="ray_address"):
        load(tmp_path, ray_address=address)
