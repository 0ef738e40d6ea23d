"""The catalog's decisions, by what is asked: creating, altering, placing, purging."""
