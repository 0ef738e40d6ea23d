"""What must be true of the cleaned flights, and what is worth a warning. Each runs per month."""

from __future__ import annotations

import polars as pl

from arco import CheckOutcome, check

FLIGHT_KEY = ["flight_date", "carrier", "flight", "origin"]
CANCELLED_SHARE_MAX = 0.04


@check("staging.flights")
def no_duplicate_flight_keys(flights: pl.DataFrame) -> CheckOutcome:
    """A carrier uses a flight number once a day at an airport; a second row is a loading error."""
    duplicates = flights.height - flights.select(FLIGHT_KEY).n_unique()
    return CheckOutcome(
        passed=duplicates == 0,
        message=f"{duplicates} rows repeat a flight key" if duplicates else "",
        metadata={"duplicates": duplicates},
    )


@check("staging.flights", blocking=False)
def share_of_cancelled_flights(flights: pl.LazyFrame) -> CheckOutcome:
    """Few flights are cancelled: 4 % is a bad month, not bad data, so this only warns."""
    share = flights.select(pl.col("cancelled").mean()).collect().item() or 0.0
    return CheckOutcome(
        passed=share <= CANCELLED_SHARE_MAX,
        message=f"{share:.1%} of the flights were cancelled",
        metadata={"share": round(share, 4)},
    )
