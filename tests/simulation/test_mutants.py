"""How many wrong engines the suite is tried on; each is caught where it is defined."""

from __future__ import annotations

from tests.simulation import (
    test_cold_campaign,
    test_derived_campaign,
    test_garbage_campaign,
    test_lane_collecting,
    test_lane_mutants,
    test_leaders,
    test_log_mutants,
    test_search_mutants,
    test_snapshot_mutants,
    test_token_campaign,
)

MUTANTS_MIN = 80


def test_the_laws_are_tried_on_at_least_eighty_wrong_engines() -> None:
    mutants = [
        *(mutant for mutant, _ in test_log_mutants.CAUGHT),
        *(mutant for mutant, _ in test_snapshot_mutants.SNAPSHOTS_CAUGHT),
        *(mutant for mutant, _ in test_cold_campaign.CAUGHT),
        *(mutant for mutant, _ in test_snapshot_mutants.PAYLOADS_CAUGHT),
        *(mutant for mutant, _ in test_garbage_campaign.CAUGHT),
        *(mutant for mutant, _ in test_lane_mutants.INGESTERS),
        *(mutant for mutant, _ in test_lane_mutants.FOLDERS),
        *(mutant for mutant, _ in test_lane_mutants.FOLDS),
        *(mutant for mutant, _ in test_lane_mutants.DECISIONS),
        *(mutant for mutant, _ in test_lane_collecting.CAUGHT),
        *(mutant for mutant, _ in test_token_campaign.CAUGHT),
        *(mutant for mutant, _ in test_derived_campaign.CAUGHT),
        *(mutant for mutant, _ in test_search_mutants.CAUGHT),
        test_derived_campaign.not_named,
        *test_leaders.GUARDS,
    ]
    assert len(set(mutants)) == len(mutants) >= MUTANTS_MIN
