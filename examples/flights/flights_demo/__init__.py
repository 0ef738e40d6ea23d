"""The 2013 flights from New York: raw tables, cleaned ones, and what people ask of them."""
