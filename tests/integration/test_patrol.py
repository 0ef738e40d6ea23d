"""A patrol over a real store: damage on the disk is told everywhere, and service goes on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from arco.engine import snapshot
from arco.engine.rounds import pieces
from arco.engine.rounds.patrol import Patrol
from tests.integration.api_server import Server, deploy_shop, serving
from tests.integration.cli_project import Project
from tests.integration.test_facts import fold, report, rows, sent

FACT = sent(report("r1", "COMPLETE", inputs=["raw"], outputs=["mart"]))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits before looking at damage again."""
    monkeypatch.setattr(pieces, "OPINION_SECONDS", 0.0)


def go_round(server: Server) -> None:
    """What the leader does by itself once a day."""

    async def main() -> None:
        patrol = Patrol(server.workspace.database, every=timedelta(0))
        for _ in range(4):
            assert await patrol.step()

    server.submit(main())


def stored(directory: Path) -> Path:
    return directory / ".arco/tenant=local/workspace=main"


def flip(path: Path) -> bytes:
    """One bit on the disk is another one; what stood there before."""
    data = path.read_bytes()
    middle = len(data) // 2
    path.chmod(0o644)
    path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    return data


def furnished(server: Server) -> None:
    """A deployment, a folded fact and a snapshot."""
    deploy_shop(server)
    server.post("/api/v1/facts", {"facts": [FACT]})
    assert fold(server) == 1
    assert server.submit(snapshot.publish(server.workspace.database))


@pytest.mark.parametrize(
    "pattern",
    ["log/*/00000000000000000001.json", "data/**/*.parquet", "lanes/?/*/*.zst", "lanes/roster/*"],
)
def test_a_flipped_byte_is_told_within_one_round_and_service_goes_on(
    tmp_path: Path, pattern: str
) -> None:
    with serving(tmp_path) as server:
        furnished(server)
        go_round(server)
        before = server.get("/api/v1/health").json()
        assert (before["alerts"], before["verification"]["damages"]) == ([], 0)
        harmed = sorted(stored(tmp_path).glob(pattern))[0]
        whole = flip(harmed)
        go_round(server)
        health = server.get("/api/v1/health").json()
        assert [alert["code"] for alert in health["alerts"]] == ["OBJECT_DAMAGED"]
        assert harmed.name in health["alerts"][0]["message"]
        assert health["verification"]["damages"] == 1
        told = "SELECT subject FROM system.engine.damages"
        assert rows(server, told) == [[str(harmed.relative_to(stored(tmp_path)))]]
        assert server.post("/api/v1/runs", {"which": "all"}).status == 202
        harmed.write_bytes(whole)
        go_round(server)
        assert server.get("/api/v1/health").json()["alerts"] == []


def test_verify_tells_what_the_rounds_found(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with serving(tmp_path) as server:
        furnished(server)
        go_round(server)
        assert "everything read and checked since" in project.arco("verify", "--status").out
        harmed = sorted(stored(tmp_path).glob("lanes/?/*/*.zst"))[0]
        harmed.unlink()
        go_round(server)
    found = project.arco("verify", "--status", "--json", code=1).json()
    assert [damage["problem"] for damage in found["damages"]] == ["it is missing"]
    assert "FOUND lanes/" in project.arco("verify", "--status", code=1).out


def test_before_the_first_round_nothing_is_claimed(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with serving(tmp_path) as server:
        furnished(server)
        assert server.get("/api/v1/health").json()["verification"]["verified_at"] is None
    assert "no round yet" in project.arco("verify", "--status").out


def test_a_lane_whose_registration_is_lost_is_announced_again_and_folded(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        deploy_shop(server)
        server.post("/api/v1/facts", {"facts": [FACT]})
        (registration,) = stored(tmp_path).glob("lanes/roster/*")
        registration.unlink()
        assert fold(server) == 0
        go_round(server)
        assert fold(server) == 1
        mended = "SELECT is_mended FROM system.engine.damages"
        assert rows(server, mended) == [[True]]
        assert server.get("/api/v1/health").json()["alerts"] == []


def test_how_far_folding_is_behind_is_told_and_unknown_when_nobody_knows(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with serving(tmp_path) as server:
        deploy_shop(server)
        for _ in range(3):
            server.post("/api/v1/facts", {"facts": [FACT]})
        waiting = project.arco("facts", "status", "--json").json()
        assert (waiting["waiting_batches"], waiting["open_lanes"]) == (3, 1)
        assert waiting["lag_seconds"] > 0
        assert waiting["newest_fold"] is None
        assert fold(server) == 3
        folded = "SELECT lag_ms > 0, waiting_batches, damaged_lanes FROM system.engine.fact_lags"
        assert rows(server, folded) == [[True, 0, 0]]
        facts = server.get("/api/v1/health").json()["facts"]
        assert facts == {"lag_seconds": 0.0, "waiting_batches": 0, "open_lanes": 1}
        server.post("/api/v1/facts", {"facts": [FACT]})
        flip(sorted(stored(tmp_path).glob("lanes/?/*/*.zst"))[-1])
        assert fold(server) == 0
        assert rows(server, folded) == [[None, None, 1]]
        unknown = project.arco("facts", "status")
        assert "batches that wait:      unknown" in unknown.out
