"""Facts over HTTP: what other systems observed, taken durably and visible within seconds.

Law L2: the answer comes when the facts are durable; every fact has a receipt. Must not know what
any fact means.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from litestar import Response, post
from litestar.params import JSONBody

from arco.access.callers import Caller
from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.session import Here, Session, answer, ask
from arco.engine.lanes.batches import Fact
from arco.engine.lanes.reading import Read, read_facts
from arco.engine.registry import Registry
from arco.errors import Forbidden
from arco.lineage.foreign import ForeignRunReported
from arco.service.authority import require_on_workspace
from arco.wire.facts import FactProblem, FactsReceipt, FactsRequest, SentFact


@post(
    "/facts",
    operation_id="send_facts",
    summary="Send facts",
    tags=["facts"],
    status_code=202,
    response_description="The facts are durable.",
    responses=refusals(),
)
async def send_facts(
    session: Here, caller: CallerHere, data: JSONBody[FactsRequest]
) -> Response[FactsReceipt]:
    """Take up to 5,000 facts at once.

    Acknowledged when they are durable, visible within seconds. A fact that does not fit its type,
    or whose type is not known, is kept too: it waits in quarantine under the place told here.
    """
    await _may_report(session, caller)
    _refuse_closed(_registry(session), data.facts)
    return await _taken(session, [_fact(sent) for sent in data.facts])


@post(
    "/lineage",
    operation_id="report_foreign_run",
    summary="Report a run of another system",
    tags=["lineage"],
    status_code=202,
    response_description="The report is durable.",
    responses=refusals(),
)
async def report_foreign_run(
    session: Here, caller: CallerHere, data: JSONBody[dict[str, Any]]
) -> Response[FactsReceipt]:
    """Take one OpenLineage run event, as OpenLineage's own clients send it.

    The run's inputs and outputs become foreign lineage once it reports COMPLETE.
    """
    await _may_report(session, caller)
    fact_type, version = _registry(session).fact_type(ForeignRunReported)
    raw = msgspec.Raw(msgspec.json.encode(data))
    return await _taken(session, [Fact(type=fact_type, version=version, payload=raw)])


async def _may_report(session: Session, caller: Caller) -> None:
    check = partial(require_on_workspace, caller=caller, privilege=Privilege.REPORT)
    await ask(session, check, caller=caller)


def _refuse_closed(registry: Registry, facts: Sequence[SentFact]) -> None:
    """What only our own processes observe is not taken from anybody else."""
    for position, sent in enumerate(facts):
        if not registry.is_open(sent.type, sent.version):
            raise Forbidden(
                "FACT_TYPE_RESERVED",
                f"fact {position}: {sent.type} is recorded by Arco alone",
                hint="leave it out; docs/explanation/facts.md says what can be sent",
                position=position,
            )


async def _taken(session: Session, facts: Sequence[Fact]) -> Response[FactsReceipt]:
    workspace = session.workspace
    accepted = await workspace.ingester.append(facts)
    reads = read_facts(_registry(session), facts)
    receipt = FactsReceipt(
        lane=accepted.lane,
        slot=accepted.slot,
        position=accepted.position,
        count=accepted.count,
        quarantined=tuple(
            _problem(accepted.position + offset, read)
            for offset, read in enumerate(reads)
            if read.payload is None
        ),
    )
    return answer(receipt, workspace.database.token, status=202)


def _fact(sent: SentFact) -> Fact:
    return Fact(
        type=sent.type,
        version=sent.version,
        payload=msgspec.Raw(msgspec.json.encode(sent.payload)),
        producer=sent.producer,
        epoch=sent.epoch,
        seq=-1 if sent.seq is None else sent.seq,
        key=sent.key,
    )


def _problem(position: int, read: Read) -> FactProblem:
    return FactProblem(position=position, code=read.code, reason=read.reason)


def _registry(session: Session) -> Registry:
    return session.workspace.database.registry


__all__ = [
    "report_foreign_run",
    "send_facts",
]
