import numpy as np

from degeneracy.metrics.ood_loss import value


def test_the_kind_of_the_condition_is_what_its_trials_hold_and_another_kind_is_drawn(trained):
    own, same, other = (value(trained, kind=kind)["value"] for kind in ("condition", "generalisation", "noise"))
    np.testing.assert_array_equal(own, same)
    assert np.all(other > own)  # noise on every input, in place of rarer pulses
