"""Cron: expressions, and when they fire in a zone.

Must not know schedules, runs or the clock.
"""

from __future__ import annotations

from arco.orchestration.cron.fields import Cron, parse_cron
from arco.orchestration.cron.occurrences import last_occurrences, next_occurrence, occurrences
from arco.orchestration.cron.stretches import zone_named

__all__ = ["Cron", "last_occurrences", "next_occurrence", "occurrences", "parse_cron", "zone_named"]
