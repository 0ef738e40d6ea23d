"""The catalog's reducers, by what happens: created, published, changed, placed."""
