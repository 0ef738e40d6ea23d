"""What a serving process asks of its interpreter."""

from __future__ import annotations

import gc
import sys

from arco.runtime import put_loop_first


def test_the_loop_of_a_server_gets_its_turn_soon_and_what_stays_is_not_collected() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    try:
        put_loop_first()
        assert sys.getswitchinterval() < 0.001
        assert gc.get_freeze_count() > 0
    finally:
        sys.setswitchinterval(before)
        gc.unfreeze()
