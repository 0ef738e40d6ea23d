"""How events change rows: one reducer for each event, and nothing else moves state."""
