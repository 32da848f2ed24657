import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from degeneracy.metrics import rsa
from populations import Visited, random


def pair(found, one, other):
    return rsa.distance(*({name: values[[place]] for name, values in found.items()} for place in (one, other)))


def test_it_is_the_rank_correlation_of_the_dissimilarities_of_all_states():
    one, other = random(4, 5, 3), random(4, 5, 6, seed=1)
    expected = 1 - spearmanr(pdist(one.reshape(20, 3)), pdist(other.reshape(20, 6)))[0]
    a, b = (rsa.features(Visited(each)) for each in (one, other))
    assert rsa.distance(a, b)["distance"].item() == pytest.approx(expected, abs=1e-12)


def test_states_that_are_equal_but_for_rounding_share_a_rank():
    states = random(4, 5, 3)
    states[:, 0] = states[0, 0]
    shaken = states + 1e-14 * random(4, 5, 3, seed=1)
    assert pair(rsa.features(Visited(states, shaken)), 0, 1)["distance"].item() < 1e-12


def test_the_noise_ceiling_is_1_for_copies_and_bounds_the_agreement_of_noise():
    copies = rsa.features(Visited(*[random(4, 5, 3)] * 3))
    assert pair(copies, 0, 1)["ceiling_low"].item() == pytest.approx(1)
    noise = pair(rsa.features(Visited(*(random(8, 9, 3, seed=seed) for seed in range(4)))), 0, 1)
    assert noise["ceiling_low"].item() == pytest.approx(0, abs=0.1)
    assert noise["ceiling_high"].item() == pytest.approx(0.5, abs=0.05)  # 1 / √4: each is a quarter of the average


@pytest.mark.parametrize("value, reason", [(0.3, "never change"), (np.nan, "are not finite")])
def test_a_network_that_stands_still_is_nan_with_a_reason_and_others_are_as_without_it(value, reason, capsys):
    states = [random(4, 5, 3, seed=seed) for seed in range(2)]
    alone, found = rsa.features(Visited(*states)), rsa.features(Visited(*states, np.full((4, 5, 3), value)))
    assert np.isnan(found["ranks"][2]).all()
    assert pair(found, 0, 1) == pair(alone, 0, 1)
    assert f"network 2: NaN, because its states on the probe trials {reason}" in capsys.readouterr().out
