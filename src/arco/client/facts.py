"""Facts sent to a server: each counts once, however often it had to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from arco.client.asking import Asked, Asker
from arco.client.operations import (
    LIST_QUARANTINED_FACTS,
    RETRY_QUARANTINED_FACTS,
    SEND_FACTS,
    SHOW_QUARANTINED_FACT,
)
from arco.client.paging import paged
from arco.errors import Invalid
from arco.ids import new_uuid7
from arco.runtime import Runtime
from arco.wire.facts import (
    FactPlace,
    FactsReceipt,
    FactsRequest,
    QuarantinedFact,
    Retried,
    RetryRequest,
    SentFact,
    ShownFact,
)


class Facts:
    """What was observed elsewhere."""

    def __init__(self, asker: Asker, runtime: Runtime) -> None:
        self._asker = asker
        self._runtime = runtime

    def send(self, facts: Iterable[SentFact | Mapping[str, Any]]) -> FactsReceipt:
        """Where the facts stand, once they are durable: between 1 and 5,000 at once.

        A fact is a `SentFact` or a dict with its fields; one with neither a number nor a key of its
        own gets a key here, so that it counts once. Raises: Invalid REQUEST_INVALID.
        """
        named = tuple(self._named(fact) for fact in facts)
        return self._asker.ask(SEND_FACTS, Asked(body=FactsRequest(named)))

    def quarantined(self) -> Iterator[QuarantinedFact]:
        """The facts that could not be folded, and why, in the order of their places."""
        return paged(self._asker, LIST_QUARANTINED_FACTS, rows=lambda page: page.facts)

    def get_quarantined(self, lane: str, slot: int, *, position: int) -> ShownFact:
        """One fact that could not be folded, as it was sent."""
        place = {"lane": lane, "slot": str(slot), "position": str(position)}
        return self._asker.ask(SHOW_QUARANTINED_FACT, Asked(place=place))

    def retry(self, places: Iterable[FactPlace] = ()) -> Retried:
        """What became of these quarantined facts, or of the first there are, tried once more."""
        body = RetryRequest(tuple(places))
        return self._asker.ask(RETRY_QUARANTINED_FACTS, Asked(body=body))

    def _named(self, given: SentFact | Mapping[str, Any]) -> SentFact:
        try:
            fact = msgspec.convert(given, SentFact)
        except msgspec.ValidationError as error:
            raise Invalid(
                "REQUEST_INVALID",
                f"a fact does not fit: {error}",
                hint="its fields are `type`, `payload`, and those of `arco.wire.facts.SentFact`",
            ) from error
        if fact.key or fact.seq is not None:
            return fact
        return msgspec.structs.replace(fact, key=new_uuid7(self._runtime))


__all__ = ["Facts"]
