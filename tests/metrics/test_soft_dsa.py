"""Known answers of soft DSA and of its limits."""

import numpy as np
import pytest

from degeneracy.metrics import soft_dsa
from degeneracy.solvers.orthogonal import conjugation_distance


def rotation(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]


def stationary(operator, covariance, trials=40, steps=60, seed=0):
    """States (trial, time, unit) of z(t + 1) = A z(t) + noise, with this covariance at every step."""
    generator, size = np.random.default_rng(seed), len(operator)
    noise = np.linalg.cholesky(covariance - operator @ covariance @ operator.T)
    states = [generator.standard_normal((trials, size)) @ np.linalg.cholesky(covariance).T]
    for _ in range(steps - 1):
        states.append(states[-1] @ operator.T + generator.standard_normal((trials, size)) @ noise.T)
    return np.stack(states, 1)


def features(*several, size=None):
    made = []
    for states in several:
        share, change = soft_dsa.principal(states, size or states.shape[-1], "states")
        made.append([soft_dsa.at_scale(share, change, 10.0**-scale) for scale in soft_dsa.SCALES])
    return {"operators": np.stack(made)}


def test_a_rotated_copy_is_at_distance_0_at_every_scale_and_another_system_is_not():
    states = stationary(0.9 * rotation(5, 1), np.eye(5)) * [1, 0.5, 0.3, 0.1, 0.02]
    found = soft_dsa.distance(features(states), features(states @ rotation(5, 2)))
    others = stationary(0.5 * rotation(5, 8), np.eye(5)) * [1, 0.5, 0.3, 0.1, 0.02]
    apart = soft_dsa.distance(features(states), features(others))
    for name in soft_dsa.MEASURES:
        assert found[name].item() < 1e-5 < 0.05 < apart[name].item()


def test_a_planted_operator_is_found():
    """White states: A_λ is the planted operator minus the identity, whatever the scale."""
    planted = 0.9 * rotation(4, 3)
    states = stationary(planted, np.eye(4), trials=4000)
    wanted = (planted - np.eye(4)) / np.linalg.norm(planted - np.eye(4))
    for operator in features(states)["operators"][0]:
        assert conjugation_distance(operator, wanted).distance.item() < 0.02


def test_without_a_scale_it_is_dsa_with_one_delay_and_full_rank_but_for_the_norm():
    """As λ goes to 0: ‖(A_x − I) − C (A_y − I) Cᵀ‖ = ‖A_x − C A_y Cᵀ‖ for the whitened operators of `dsa`."""
    operators, changes = [], []
    for seed in (4, 5):
        mix = rotation(4, seed) @ np.diag([1, 0.5, 0.2, 0.1])
        states = stationary(0.8 * rotation(4, seed + 2), np.eye(4)) @ mix.T
        share, change = soft_dsa.principal(states, 4, "states")
        before, after = (part.reshape(-1, 4) for part in (states[:, :-1], states[:, 1:]))
        u, singular, vt = np.linalg.svd(before, full_matrices=False)
        operators.append((after @ vt.T / singular).T @ u)  # least squares in whitened coordinates
        whitened = soft_dsa.at_scale(share, change, 1e-12)
        changes.append(whitened * np.linalg.norm(operators[-1] - np.eye(4)))
    hard, soft = (conjugation_distance(*pair).distance.item() for pair in (operators, changes))
    assert soft == pytest.approx(hard, rel=1e-6)
    assert hard > 0.1


def test_a_direction_without_power_does_not_count():
    """Unlike a rank, further directions change nothing: a weak one fades with its share of the power."""
    strong = stationary(0.9 * rotation(3, 6), np.eye(3))
    for size, most in ((1e-2, 2e-2), (1e-3, 1e-3), (0.0, 1e-6)):
        noise = size * np.random.default_rng(7).standard_normal((*strong.shape[:2], 2))
        share, change = soft_dsa.principal(np.concatenate([strong, noise], -1), 5, "states")
        alone = soft_dsa.at_scale(*soft_dsa.principal(strong, 3, "states"), 0.1)
        assert conjugation_distance(soft_dsa.at_scale(share, change, 0.1), alone).distance.item() < most


def test_states_that_never_change_are_refused():
    with pytest.raises(ValueError, match="network 3: its states are not finite or never change"):
        soft_dsa.principal(np.ones((4, 10, 3)), 3, "network 3")
