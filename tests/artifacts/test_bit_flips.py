"""No single bit of an artifact can change what a reader takes for good. The benchmark does this two thousand times."""

from collections import Counter

from benchmarks.bit_flips import ACCEPTED, REFUSED, SCHEMAS, outcomes


def test_no_flip_is_accepted_with_other_contents(finished):
    found = outcomes(finished / "results", flips=100)
    total = sum(found.values(), Counter())
    assert set(found) == set(SCHEMAS) and total[ACCEPTED] == 0 and total[REFUSED] > 20
