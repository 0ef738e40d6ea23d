"""Servers of one store that are killed and started again, and clients that never give up.

A client is written as a careful one is: what was not answered is asked again, of any server, with
the same key. What it was told is in its `Told`, and has to be true in the end.
"""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from arco.ids import new_uuid7
from arco.runtime import AsyncioRuntime
from arco.testing.chance import Chance
from tests.integration.cli_project import Project, children, until
from tests.integration.served import Served

RUNTIME = AsyncioRuntime()
ASK_SECONDS_MAX = 20.0
PATIENCE_SECONDS = 60.0
AGAIN_SECONDS = 0.05
TURN_SECONDS = 0.02
FACTS_AT_ONCE = 4
TURNS_PER_RUN = 3
NO_ANSWER = (429, 503)
"""Not now, and not known: ask again."""


class Answer(msgspec.Struct, frozen=True):
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Fleet:
    """Any number of servers of one store."""

    def __init__(self, project: Project, **environment: str) -> None:
        self._project = project
        self._environment = environment
        self._lock = threading.Lock()
        self.servers: list[Served] = []
        self.takeovers: list[float] = []
        """Seconds from the death of each leader to the next one's epoch."""
        self.orphans: list[int] = []
        """Worker processes whose leader was killed."""

    def grow(self, size: int) -> None:
        """There are so many servers now, each of which answers."""
        while len(self.servers) < size:
            served = Served(self._project, **self._environment)
            with self._lock:
                self.servers.append(served)

    def pick(self, chance: Chance) -> Served:
        """One of the servers."""
        with self._lock:
            return chance.pick(self.servers)

    def leader(self) -> Served:
        """The server that leads, once one of them does."""
        found: list[Served] = []
        until(lambda: found.extend(each for each in self.servers if each.leads()) or found)
        return found[0]

    def kill(self, victim: Served) -> None:
        """kill -9; when it led another one does, and there are as many servers as before."""
        epoch, led = self._epoch(), victim.leads()
        self.orphans += children(victim.process)
        with self._lock:
            self.servers.remove(victim)
        victim.process.send_signal(signal.SIGKILL)
        killed_at = time.monotonic()
        expect_nothing_internal(victim)
        if led:
            until(lambda: self._epoch() > epoch)
            self.takeovers.append(time.monotonic() - killed_at)
        self.grow(len(self.servers) + 1)

    def end(self) -> None:
        """All of them are killed."""
        for served in self.servers:
            self.orphans += children(served.process)
            served.process.kill()
            expect_nothing_internal(served)

    def _epoch(self) -> int:
        leader = self.servers[0].ask("/api/v1/health")[1]["leader"]
        return int(leader["epoch"]) if leader else 0


def expect_nothing_internal(served: Served) -> None:
    """A killed server never met anything that its authors had not thought of."""
    _, said = served.process.communicate(timeout=20)
    assert "Traceback" not in said, said


class Told(msgspec.Struct):
    """What clients were told: it stands."""

    created: dict[str, str] = {}
    """Namespace -> the id it was given."""
    refused: list[str] = []
    """Namespaces that somebody else has."""
    runs: list[str] = []
    facts: int = 0
    turns: int = 0
    wrong: list[str] = []


class Client(threading.Thread):
    """Changes, runs and facts, one turn after the other, as many as it is allowed."""

    def __init__(self, fleet: Fleet, number: int) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self.told = Told()
        self.allowed = 0
        self._fleet = fleet
        self._number = number
        self._chance = Chance(number)
        self._stopping = threading.Event()

    def run(self) -> None:
        """Turn after turn."""
        try:
            while not self._stopping.wait(TURN_SECONDS):
                if self.told.turns < self.allowed:
                    self._turn(self.told.turns)
                    self.told.turns += 1
        except BaseException as error:
            self.told.wrong.append(f"client {self._number}: {error!r}")

    def has_left(self, turns: int) -> bool:
        """Whether no more than so many of its turns are left, or it has failed."""
        return self.allowed - self.told.turns <= turns or not self.is_alive()

    def stop(self) -> None:
        """Return when its last question is answered."""
        self._stopping.set()
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive()

    def _turn(self, turn: int) -> None:
        own = f"own_{self._number}_{turn}"
        answer = self._create(own)
        self._expect(answer.status == 201, f"{own}: {answer}")
        self._read_back(own, answer, with_token=turn % 2 == 0)
        self._create(f"wanted_by_all_{turn}")
        self._report(turn)
        if turn % TURNS_PER_RUN == 0:
            self._trigger()

    def _create(self, name: str) -> Answer:
        """Create it, and ask for it once more as if no answer had come."""
        key = {"Idempotency-Key": new_uuid7(RUNTIME)}
        body = {"change": "create_namespace", "name": name}
        answer = self.asked("POST", "/api/v1/namespaces", body=body, headers=key)
        if answer.status == 201:
            again = self.asked("POST", "/api/v1/namespaces", body=body, headers=key)
            self._expect(again.body == answer.body, f"{name}: {answer}, then {again}")
            self.told.created[name] = answer.body["object_id"]
        else:
            self._expect(answer.status == 409, f"{name}: {answer}")
            self.told.refused.append(name)
        return answer

    def _read_back(self, name: str, written: Answer, *, with_token: bool) -> None:
        """Any other server sees it, whether or not it is told how new it has to be."""
        token = {"Arco-State": written.headers["arco-state"]} if with_token else {}
        path = f"/api/v1/namespaces/{name}"
        read = self.asked("GET", path, headers=token)
        slots = [int(answer.headers.get("arco-slot", -1)) for answer in (written, read)]
        self._expect(read.status == 200 and slots[0] <= slots[1], f"{name}: {written}, {read}")

    def _report(self, turn: int) -> None:
        """A producer that counts: what is sent twice counts once."""
        facts = [
            {
                "type": "lineage.foreign_run_reported",
                "producer": f"client-{self._number}",
                "seq": turn * FACTS_AT_ONCE + number,
                "payload": foreign_run(f"{self._number}-{turn}-{number}"),
            }
            for number in range(FACTS_AT_ONCE)
        ]
        answer = self.asked("POST", "/api/v1/facts", body={"facts": facts})
        self._expect(answer.status == 202 and not answer.body["quarantined"], f"{answer}")
        self.told.facts += FACTS_AT_ONCE

    def _trigger(self) -> None:
        key = {"Idempotency-Key": new_uuid7(RUNTIME)}
        answer = self.asked("POST", "/api/v1/runs", body={"which": "all"}, headers=key)
        self._expect(answer.status == 202, f"{answer}")
        self.told.runs.append(answer.body["run_id"])

    def asked(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer of whichever server gives one."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            served = self._fleet.pick(self._chance)
            answer = asked(served, method, path=path, body=body, headers=headers)
            if answer is not None and answer.status not in NO_ANSWER:
                return answer
            time.sleep(AGAIN_SECONDS)
        raise AssertionError(f"{method} {path} found no answer")

    def _expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.told.wrong.append(what)


def foreign_run(run_id: str) -> dict[str, Any]:
    """What another system says about a run that completed."""
    return {
        "eventType": "COMPLETE",
        "eventTime": "2031-03-04T05:06:07Z",
        "run": {"runId": run_id},
        "job": {"namespace": "elsewhere", "name": "nightly"},
        "inputs": [{"namespace": "lake", "name": "raw"}],
        "outputs": [{"namespace": "lake", "name": "mart"}],
    }


def asked(
    served: Served,
    method: str,
    *,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Answer | None:
    """The server's answer; None when it went away before it gave one."""
    address = served.address.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=ASK_SECONDS_MAX)
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    try:
        connection.request(method, path, data, sent)
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, told, json.loads(response.read()))
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def together(clients: list[Client]) -> Told:
    """What all of them were told."""
    created: dict[str, str] = {}
    for client in clients:
        assert not created.keys() & client.told.created.keys()
        created |= client.told.created
    told = [client.told for client in clients]
    return Told(
        created=created,
        refused=[name for each in told for name in each.refused],
        runs=[run_id for each in told for run_id in each.runs],
        facts=sum(each.facts for each in told),
        turns=sum(each.turns for each in told),
        wrong=[problem for each in told for problem in each.wrong],
    )


__all__ = ["Answer", "Client", "Fleet", "Told", "asked", "together"]
