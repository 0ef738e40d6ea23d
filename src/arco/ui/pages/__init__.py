"""One module a page: what it asks of a state, and how that looks."""
