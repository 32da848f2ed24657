"""Known answers of the grid of settings of DSA, and of the rule that chooses one."""

import numpy as np
import pytest

from degeneracy.figures.dsa_settings import choice
from degeneracy.metrics.dsa_settings import DELAYS, RANKS, compare, of_network


def linear_states(size=6, units=9, trials=40, steps=30, seed=0):
    """States (trial, time, unit) on two groups of trials of a linear system of that size, seen through more units."""
    generator = np.random.default_rng(seed)
    turn = 0.98 * np.linalg.qr(generator.standard_normal((size, size)))[0]
    states = [generator.standard_normal((trials, size))]
    for _ in range(steps - 1):
        states.append(states[-1] @ turn.T)
    whole = np.stack(states, 1) @ generator.standard_normal((size, units))
    return whole[::2], whole[1::2]


def test_a_linear_system_is_foretold_from_its_rank_on_and_its_gap_is_there():
    found = of_network(*linear_states(), 5, "network")
    six = RANKS.index(6)
    for name in ("error_one_step", "error"):
        assert found[name][:, six] == pytest.approx(0, abs=1e-8)
        assert (found[name][:, :six] > 0.05).all()
    assert (found["gap"][:, six] > 1e3).all() and (found["gap"][:, :six] < 10).all()
    assert np.isnan(found["error"][:, six + 1 :]).all()  # the embedded states have no higher rank


def test_an_error_is_of_trials_that_the_model_was_not_fitted_to():
    """White noise cannot be foretold: a held-out error is above 1, where one of the fitted trials would be below."""
    noise = np.random.default_rng(1).standard_normal((40, 30, 9))
    assert (of_network(noise[::2], noise[1::2], 5, "network")["error_one_step"][0, :3] > 1).all()


def test_a_network_is_as_far_from_its_copy_as_from_itself():
    own, other = (of_network(*linear_states(seed=seed), 5, "network")["operators"] for seed in (0, 1))
    place = DELAYS.index(1), RANKS.index(6)
    copies, mixed = compare([own, own]), compare([own, other])
    assert copies["dsa_distance"][(0, *place)] == pytest.approx(copies["dsa_floor"][(0, *place)])
    assert mixed["dsa_distance"][(0, *place)] > 2 * mixed["dsa_floor"][(0, *place)]


def test_the_choice_takes_the_fewest_delays_and_the_widest_gap_that_all_levels_share():
    error = np.array(
        [[[0.5, 0.104, 0.1], [0.1, 0.1, 0.1]], [[0.2, 0.2, 0.2], [0.2, 0.2, 0.2]]]
    )  # (level, delays, rank)
    gap = np.array([[[9, 5, 2], [9, 9, 9]], [[9, 1.1, 2], [9, 9, 9]]])
    assert choice((np.ones_like(error), error), gap) == (
        0,
        2,
    )  # rank 0 predicts too little, rank 1 has a wide gap at one level only
    assert choice((error[..., ::-1], error), gap) == (0, 1)  # both errors count: ranks 0 and 2 fail in one
    error[1, :, :] = [[1, 1, 1], [1, 1, 0.1]]
    assert choice((np.ones_like(error), error), gap) == (1, 2)
    error[0, 1, 2] = 1
    assert choice((np.ones_like(error), error), gap) is None
