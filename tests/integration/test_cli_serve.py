"""`arco serve`: any number of servers of one store, as whoever runs them meets them."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.integration.cli_project import Project, ended, until
from tests.integration.served import ASSETS, serving, triggered


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "shop", ASSETS)
    project.arco("deploy")
    return project


def test_two_servers_behave_as_one_and_the_second_leads_when_the_first_dies(
    project: Project,
) -> None:
    with serving(project) as first:
        until(first.leads)
        with serving(project) as second:
            run_id = triggered(second)
            until(lambda: second.succeeds(run_id))
            assert first.succeeds(run_id)
            assert not second.leads()
            first.process.kill()
            until(second.leads)
            again = triggered(second)
            until(lambda: second.succeeds(again))
    assert project.arco("verify").out.endswith("clean\n")


def test_a_server_that_shall_not_lead_answers_and_leaves_runs_to_others(project: Project) -> None:
    with serving(project, "--no-lead") as answering:
        run_id = triggered(answering)
        assert answering.ask("/ready") == (200, {"status": "ok"})
        assert answering.ask("/api/v1/health")[1]["leader"] is None
        with serving(project):
            until(lambda: answering.succeeds(run_id))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_stopped_says_so_first_and_answers_meanwhile(
    project: Project, how: signal.Signals
) -> None:
    with serving(project, ARCO_DRAIN_SECONDS="3") as served:
        assert served.ask("/ready") == (200, {"status": "ok"})
        served.process.send_signal(how)
        until(lambda: served.ask("/ready") == (503, {"status": "stopping"}))
        assert served.ask("/live") == (200, {"status": "ok"})
        assert triggered(served)
        said = ended(served.process, 0)
    assert said.out.endswith("stopping; /ready says so\nstopped; what was acknowledged is stored\n")
    with pytest.raises(urllib.error.URLError):
        served.ask("/live")


def test_a_server_that_cuts_off_an_open_stream_says_so_in_one_line(project: Project) -> None:
    with serving(project, ARCO_DRAIN_SECONDS="0") as served:
        stream = {"Accept": "text/event-stream"}
        request = urllib.request.Request(f"{served.address}/api/v1/changes", headers=stream)
        with urllib.request.urlopen(request, timeout=20) as changes:
            assert changes.readline()
            served.process.send_signal(signal.SIGTERM)
            said = ended(served.process, 0)
    assert said.err == "1 requests were under way after 3 s, and were cut off\n"
    assert said.out.endswith("stopped; what was acknowledged is stored\n")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "arco.example", "::"])
def test_nothing_listens_beyond_this_machine_while_nobody_is_asked_who_they_are(
    project: Project, host: str
) -> None:
    refused = project.arco("serve", "--host", host, "--port", "0", code=1)
    assert "BIND_REFUSED" in refused.err


def test_a_probe_needs_no_name_of_the_server_and_learns_nothing_else(project: Project) -> None:
    with serving(project) as served:
        for path in ("/ready", "/live"):
            assert served.ask(path, host="10.0.0.7") == (200, {"status": "ok"})
        status, answer = served.ask("/api/v1/health", host="10.0.0.7")
        assert (status, answer["error"]["code"]) == (403, "FORBIDDEN_HOST")
