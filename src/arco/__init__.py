"""Arco: a catalog and an orchestrator in one, on immutable files, with no database."""
