"""What user code receives and may return: the context of an attempt, and the outcome of a check.

Must not know the worker or the store.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any, NamedTuple

import msgspec

from arco.errors import Invalid
from arco.orchestration.outcomes import CURSOR
from arco.orchestration.partitions import PartitionValue
from arco.sdk.metadata import stored


class PartitionWindow(NamedTuple):
    """The time a partition covers: from `start` (inclusive) to `end` (exclusive), aware."""

    start: datetime
    end: datetime


class AssetContext:
    """What one attempt may know about itself, and where it leaves facts about its output."""

    def __init__(
        self,
        *,
        run_id: str,
        partition_key: str,
        partition: Mapping[str, PartitionValue],
        partition_window: PartitionWindow | None,
        log: logging.Logger,
        cursor: Any = None,
        outputs: Sequence[str] = (),
    ) -> None:
        self.run_id = run_id
        self.partition_key = partition_key
        """The canonical key; empty when the asset is not partitioned."""
        self.partition = partition
        """Dimension -> value as Python knows it: a `date`, an aware `datetime`, a `str`."""
        self.partition_window = partition_window
        """None unless exactly one dimension is time."""
        self.log = log
        self.cursor = cursor
        """What the last published attempt at this partition remembered; None the first time."""
        self._metadata: dict[str, Any] = {} if cursor is None else {CURSOR: cursor}
        self._of_outputs: dict[str, dict[str, Any]] = {name: {} for name in outputs}

    def add_metadata(self, **facts: Any) -> None:
        """Keeps facts about the output, of several about all of them, with the materialization; a
        repeated name replaces.

        A fact is a JSON value, a `Path`, or a kind: `Url`, `Markdown`, `Sample`, `Plot`.

        Raises: Invalid METADATA_INVALID for anything else, or for more than is kept.
        """
        self._metadata = stored({**self._metadata, **facts})

    def add_output_metadata(self, output: str, /, **facts: Any) -> None:
        """As `add_metadata`, about one table of a function that makes several.

        Raises: Invalid METADATA_INVALID; Invalid OUTPUT_UNKNOWN for a name it does not make.
        """
        if output not in self._of_outputs:
            raise output_unknown(output, self._of_outputs)
        self._of_outputs[output] = stored({**self._of_outputs[output], **facts})

    def move_cursor(self, cursor: Any) -> None:
        """Remembers a JSON value for the next attempt, once what is returned now is published.

        Raises: Invalid METADATA_INVALID.
        """
        self.add_metadata(**{CURSOR: cursor})

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What was added so far."""
        return self._metadata

    def output_metadata(self, output: str) -> Mapping[str, Any]:
        """What was added so far that is about this table of several."""
        return stored({**self._metadata, **self._of_outputs.get(output, {})})


def output_unknown(name: object, known: Iterable[str], *, where: str = "") -> Invalid:
    """The refusal of a table that the function does not declare."""
    names = list(known)
    close = get_close_matches(str(name), names, n=1)
    return Invalid(
        "OUTPUT_UNKNOWN",
        f"there is no output {name!r}{where}",
        hint=f"did you mean {close[0]!r}?" if close else f"declared: {', '.join(names) or 'none'}",
    )


class CheckOutcome(msgspec.Struct, frozen=True):
    """Whether the data is right, why not, and numbers worth keeping."""

    passed: bool
    message: str = ""
    metadata: dict[str, Any] = {}


__all__ = ["AssetContext", "CheckOutcome", "PartitionWindow", "output_unknown"]
