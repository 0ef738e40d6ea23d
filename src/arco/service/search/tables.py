"""How segments stand in files: as tables that no reducer keeps and no domain has."""

from __future__ import annotations

from arco.catalog.search.documents import Entry, Hidden, Posting
from arco.model import Table

POSTINGS = Table("search.postings", Posting, ("term",), public=False)
ENTRIES = Table("search.entries", Entry, ("ordinal",), public=False)
HIDDEN = Table("search.hidden", Hidden, ("segment",), public=False)

__all__ = ["ENTRIES", "HIDDEN", "POSTINGS"]
