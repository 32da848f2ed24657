"""Known answers of delay embedding, linear operators and the metrics made of them."""

import numpy as np
import pytest

from conftest import make_population
from degeneracy.measurement import measure as measuring
from degeneracy.metrics import _operators, dsa, dsa_eigenvalues, input_dsa
from degeneracy.status import Status


def rotation(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]


def linear_states(operator, trials=6, steps=12, seed=0):
    """States (trial, time, unit) that a linear map advances exactly."""
    states = [np.random.default_rng(seed).standard_normal((trials, len(operator)))]
    for _ in range(steps - 1):
        states.append(states[-1] @ operator.T)
    return np.stack(states, axis=1)


def operator(states, delays, rank, interval=1, name="states"):
    return _operators.operator(_operators.embed(states, delays, interval, rank, name), name)


def hankel(states, delays, interval):
    """(trial, window, delay · unit), written as a loop."""
    windows = states.shape[1] - (delays - 1) * interval
    return np.stack([states[:, t : t + (delays - 1) * interval + 1 : interval].reshape(len(states), -1)
                     for t in range(windows)], 1)  # fmt: skip


def sorted_eigenvalues(found):
    return np.sort_complex(np.linalg.eigvals(found))


def unit(found):
    return {"operator": (found / np.linalg.norm(found))[None]}


def test_operator_has_the_eigenvalues_of_the_linear_system():
    system = 0.9 * rotation(4, 1) @ np.diag([1, 0.9, 0.8, 0.7])
    found = operator(linear_states(system), delays=1, rank=4)
    assert np.allclose(sorted_eigenvalues(found), sorted_eigenvalues(system))


def test_delays_recover_a_system_seen_through_one_unit():
    """Takens: two complex pairs seen through one unit need four delays; an interval of 3 needs no other operator."""
    turn = [0.98 * np.array([[np.cos(w), -np.sin(w)], [np.sin(w), np.cos(w)]]) for w in (0.3, 0.8)]
    system = np.block([[turn[0], np.zeros((2, 2))], [np.zeros((2, 2)), turn[1]]])
    seen = linear_states(system, steps=40) @ np.ones((4, 1))
    for interval in (1, 3):
        found = operator(seen, delays=4, rank=4, interval=interval)
        assert np.allclose(sorted_eigenvalues(found), sorted_eigenvalues(system))
    with pytest.raises(ValueError, match="rank 5 is above the rank 4"):
        operator(seen, delays=6, rank=5)


def test_operator_takes_no_step_across_trials():
    system = 0.9 * rotation(3)
    states = linear_states(system, trials=5)
    shuffled = states[[3, 0, 4, 2, 1]]
    eigenvalues = [sorted_eigenvalues(operator(each, 1, 3)) for each in (states, shuffled)]
    assert np.allclose(*eigenvalues) and np.allclose(abs(eigenvalues[0]), 0.9)


@pytest.mark.parametrize("shape", [(7, 40, 6), (2, 20, 30)], ids=["many samples", "few samples"])
@pytest.mark.parametrize(("delays", "interval"), [(1, 1), (4, 1), (3, 2), (4, 5)])
def test_gram_matrices_give_the_operator_of_the_hankel_matrix(shape, delays, interval):
    """Singular values over three decades: the direct SVD and the squared matrix agree to 1e-8."""
    generator, rank = np.random.default_rng(0), 5
    noise = generator.standard_normal(shape)
    smooth = np.cumsum(noise, axis=1) / 3 * np.logspace(0, -2, shape[2])
    embedded = hankel(smooth, delays, interval)
    left, singular, _ = np.linalg.svd(embedded.reshape(-1, embedded.shape[-1]), full_matrices=False)
    scores = left[:, :rank].reshape(*embedded.shape[:2], rank)
    before, after = scores[:, :-1].reshape(-1, rank), scores[:, 1:].reshape(-1, rank)
    direct = np.linalg.lstsq(before, after, rcond=None)[0].T
    embedding = _operators.embed(smooth, delays, interval, rank)
    values = np.sqrt(np.linalg.eigvalsh(embedding.gram))[::-1]
    assert np.allclose(values[: len(singular)], singular, rtol=1e-8, atol=1e-8 * singular[0])
    found = _operators.operator(embedding)
    signs = np.sign(np.sum(embedding.scores.reshape(-1, rank) * left[:, :rank], axis=0))
    assert np.allclose(signs[:, None] * found * signs, direct, atol=1e-8)
    assert np.allclose(np.mean(embedding.scores**2, axis=(0, 1)), 1)


def test_directions_too_weak_for_a_gram_matrix_are_refused_not_invented():
    states = linear_states(0.95 * rotation(4), trials=20)
    weak, lost = (states * [1, 1, 1, size] for size in (1e-5, 1e-9))
    system = rotation(4) * 0.95
    assert np.allclose(sorted_eigenvalues(operator(weak, 1, 4)), sorted_eigenvalues(system), atol=1e-5)
    with pytest.raises(ValueError, match="rank 4 is above the rank 3"):
        operator(lost, 1, 4)


def test_dsa_is_zero_for_an_invertible_linear_copy_at_full_rank():
    states = linear_states(0.95 * rotation(4, 2) @ np.diag([1, 0.8, 1, 0.6]), trials=10)
    mix = rotation(4, 3) @ np.diag([1, 2, 0.5, 3.0]) @ rotation(4, 4)
    found = dsa.distance(*(unit(operator(each, 1, 4)) for each in (states, states @ mix.T)))
    assert found["distance"].item() < 1e-6 and found["angular"].item() < 1e-6


def test_dsa_measures_are_chord_and_angle():
    """Operators of one dimension: 1 and −1 are opposite, at the largest distance and at the angle π."""
    one = {"operator": np.ones((1, 1, 1))}
    found = dsa.distance(one, {"operator": -np.ones((1, 1, 1))})
    assert found["distance"].item() == pytest.approx(2) and found["angular"].item() == pytest.approx(np.pi)
    generator = np.random.default_rng(0)
    a, b = (unit(generator.standard_normal((3, 3))) for _ in range(2))
    found = dsa.distance(a, b)
    assert 2 * np.sin(found["angular"] / 2) == pytest.approx(found["distance"])
    assert 0 < found["angular_lower_bound"].item() <= found["angular"].item()
    assert 2 * np.sin(found["angular_lower_bound"] / 2) == pytest.approx(found["lower_bound"])


@pytest.mark.parametrize(
    ("delays", "interval", "rank", "message"),
    [
        (30, 1, 2, "network 3: trials of 12 steps are too short for 30 delays; they must have at least 31 steps"),
        (3, 6, 2, "too short for 3 delays 6 steps apart; they must have at least 14 steps"),
        (1, 1, 9, "rank 9 is more than the 4 dimensions"),
        (2, 1, 8, "rank 8 is above the rank 4"),
    ],
)
def test_embedding_asks_for_what_the_data_has(delays, interval, rank, message):
    with pytest.raises(ValueError, match=message):
        operator(linear_states(0.9 * rotation(4)), delays, rank, interval, "network 3")


def test_states_without_dynamics_are_named():
    states = linear_states(0.9 * rotation(4))
    broken, flash = states.copy(), np.zeros_like(states)
    broken[2, 3, 1] = np.nan
    flash[:, 5, 0] = 1
    for wrong, message in ((broken, "NaN or infinite"), (0 * states, "zero throughout"), (flash, "operator is zero")):
        with pytest.raises(ValueError, match=f"network 3: its .*{message}"):
            operator(wrong, 1, 1, name="network 3")


def test_optimal_hard_threshold_finds_the_rank_of_a_signal_in_noise():
    generator = np.random.default_rng(0)
    signal = generator.standard_normal((40, 10, 3)) @ generator.standard_normal((3, 50))
    noise = generator.standard_normal(signal.shape)
    found = [_operators.embed(signal + size * noise, 1, 1, 3) for size in (0.3, 100)]
    assert [_operators.optimal_rank(each) for each in found] == [3, 0]


@pytest.mark.parametrize(("shape", "threshold"), [((10, 10), 2.86), ((10, 20), 2.17), ((10000, 10), 1.43)])
def test_optimal_hard_threshold_depends_on_the_shape(shape, threshold):
    """Times the median singular value, here 1 (Gavish & Donoho 2014, eq. 5)."""
    for value, kept in ((threshold - 0.02, 0), (threshold + 0.02, 1)):
        gram = np.diag(np.array([1.0] * 9 + [value]) ** 2)
        assert _operators.optimal_rank(_operators.Embedding(np.zeros(0), gram, shape)) == kept


def test_spectra_shifted_by_a_constant_are_that_far_apart():
    generator = np.random.default_rng(0)
    spectrum = generator.standard_normal((1, 7)) + 1j * generator.standard_normal((1, 7))
    for shift in (0.3, -0.2j, 0.3 - 0.4j, 5.0):
        moved = {"eigenvalues": generator.permutation(spectrum[0])[None] + shift}
        assert dsa_eigenvalues.distance({"eigenvalues": spectrum}, moved) == pytest.approx(abs(shift))


def test_spectra_are_assigned_not_sorted():
    """Sorted by real part, 0.01 ± i would meet −0.01 ∓ i and cost 2."""
    one, other = ({"eigenvalues": np.array([[x + 1j, -x - 1j]])} for x in (0.01, -0.01))
    assert dsa_eigenvalues.distance(one, other) == pytest.approx(0.02)


def test_spectra_do_not_see_similarity_and_obey_the_triangle_inequality():
    generator = np.random.default_rng(0)
    x, y, z = generator.standard_normal((3, 50, 5, 5))
    mix = generator.standard_normal((50, 5, 5))
    similar = mix @ x @ np.linalg.inv(mix)
    x, y, z, similar = ({"eigenvalues": np.linalg.eigvals(each).astype(complex)} for each in (x, y, z, similar))
    assert np.allclose(dsa_eigenvalues.distance(x, similar), 0, atol=1e-6)
    xy, yz, xz = (dsa_eigenvalues.distance(*pair) for pair in ((x, y), (y, z), (x, z)))
    assert np.allclose(xy, dsa_eigenvalues.distance(y, x)) and np.all(xy > 0) and np.all(xz <= xy + yz)


def driven_states(state, drive, inputs, seed=0):
    """States (trial, time, unit) of x(t) = A x(t − 1) + B u(t), from random x before the first step."""
    x, states = np.random.default_rng(seed).standard_normal((len(inputs), len(state))), []
    for now in inputs.transpose(1, 0, 2):
        x = x @ state.T + now @ drive.T
        states.append(x)
    return np.stack(states, axis=1)


def driven_system(seed):
    """A, B of four states and two inputs: no symmetry, so that a transposed rotation cannot pass."""
    generator = np.random.default_rng(seed)
    state, drive = generator.standard_normal((4, 4)), generator.standard_normal((4, 2))
    return 0.9 * state / np.abs(np.linalg.eigvals(state)).max(), drive


def input_operators(states, inputs, delays=1, interval=1, rank=4):
    embedding = _operators.embed(states, delays, interval, rank)
    return _operators.input_operators(embedding, inputs, delays, interval)


def pair_features(state, drive):
    return {"state": (state / np.linalg.norm(state))[None], "input": (drive / np.linalg.norm(drive))[None]}


def test_state_and_input_operators_of_a_driven_linear_system_are_recovered():
    (state, drive), inputs = driven_system(0), np.random.default_rng(1).standard_normal((40, 60, 2))
    states = driven_states(state, drive, inputs)
    embedding = _operators.embed(states, 1, 1, 4)
    to_scores = np.linalg.lstsq(states.reshape(-1, 4), embedding.scores.reshape(-1, 4), rcond=None)[0].T
    found_state, found_drive = _operators.input_operators(embedding, inputs, 1, 1)
    assert np.allclose(found_state @ to_scores, to_scores @ state)
    assert np.allclose(found_drive, to_scores @ drive)


def test_the_newest_input_is_all_that_is_new_to_a_window():
    """Windows of 3 states span the state and 2 inputs; what shifts through them has the eigenvalue 0."""
    (state, drive), inputs = driven_system(0), np.random.default_rng(1).standard_normal((40, 60, 2))
    found, _ = input_operators(driven_states(state, drive, inputs), inputs, delays=3, rank=4 + 2 * 2)
    eigenvalues = np.linalg.eigvals(found)
    assert np.abs(eigenvalues[:, None] - np.linalg.eigvals(state)).min(0).max() < 1e-6
    assert np.all(np.sort(np.abs(eigenvalues))[:4] < 1e-3)


def test_an_input_that_is_never_there_has_no_effect_and_no_input_is_an_error():
    (state, drive), inputs = driven_system(0), np.random.default_rng(1).standard_normal((20, 30, 2))
    inputs[:, 1:, 1] = 0  # there at the first step alone, which no window ends before
    states = driven_states(state, drive, inputs)
    found_state, found_drive = input_operators(states, inputs)
    assert np.allclose(found_drive[:, 1], 0) and np.linalg.norm(found_drive[:, 0]) > 0.1
    assert np.allclose(sorted_eigenvalues(found_state), sorted_eigenvalues(state))
    with pytest.raises(ValueError, match="states: its input operator is zero"):
        input_operators(states, 0 * inputs)


def test_a_rotated_copy_of_a_driven_system_is_at_distance_zero_jointly_and_in_either_part():
    for seed in range(5):
        state, drive = driven_system(seed)
        turn = rotation(4, seed + 10)
        copy = pair_features(turn @ state @ turn.T, turn @ drive)
        found = input_dsa.distance(pair_features(state, drive), copy)
        assert max(found[measure].item() for measure in input_dsa.MEASURES) < 1e-6
        best = input_dsa.best_turn(copy["input"], pair_features(state, drive)["input"])[0]
        assert np.allclose(best @ drive, turn @ drive)
        assert not np.allclose(best.T @ drive, turn @ drive)


def test_networks_that_differ_in_inputs_alone_or_in_both_are_told_apart():
    """Each part is 0 by itself, but no rotation serves both: only the joint distance sees that."""
    state, drive = driven_system(0)
    turn = rotation(4, 3)
    crossed = input_dsa.distance(pair_features(state, drive), pair_features(state, turn @ drive))
    assert crossed["state"].item() < 1e-6 and crossed["input"].item() < 1e-6 and crossed["distance"].item() > 0.1
    other = driven_system(1)[1]
    found = input_dsa.distance(pair_features(state, drive), pair_features(state, other))
    assert found["state"].item() < 1e-6 and found["input"].item() > 0.05
    assert found["distance"].item() >= np.sqrt(0.5) * found["input"].item() - 1e-9


def random_systems(seed, count=20):
    systems = [driven_system(seed + i) for i in range(count)]
    features = [pair_features(*each) for each in systems]
    return {key: np.concatenate([each[key] for each in features]) for key in ("state", "input")}


def test_joint_distance_is_bounded_by_its_parts_and_ends_in_them():
    a, b = random_systems(0), random_systems(100)
    found = input_dsa.distance(a, b)
    floor = np.hypot(*np.sqrt(0.5) * np.stack([found["state_lower_bound"], found["input"]]))
    assert np.allclose(found["lower_bound"], floor, rtol=1e-9) and np.all(found["lower_bound"] <= found["distance"])
    assert np.array_equal(found["input_lower_bound"], found["input"])  # exact
    assert np.all(found["distance"] <= 2) and np.all(found["unconverged"] == 0)
    state_alone, input_alone = (input_dsa.distance(a, b, input_weight=weight) for weight in (0.0, 1.0))
    assert np.allclose(state_alone["distance"], found["state"], rtol=1e-6)
    assert np.allclose(input_alone["distance"], found["input"], rtol=1e-6)
    assert np.allclose(state_alone["lower_bound"], found["state_lower_bound"], rtol=1e-9)
    assert np.allclose(input_alone["lower_bound"], found["input"], rtol=1e-6)


def test_joint_distance_is_symmetric_and_obeys_the_triangle_inequality():
    x, y, z = (random_systems(seed) for seed in (0, 100, 200))
    xy, yx, yz, xz = (input_dsa.distance(*pair)["distance"] for pair in ((x, y), (y, x), (y, z), (x, z)))
    assert np.allclose(xy, yx, rtol=1e-5) and np.all(xz <= xy + yz + 1e-9)


OPERATOR_METRICS = {
    "dsa": ("distance", "angular"),
    "dsa_eigenvalues": ("distance",),
    "input_dsa": ("distance", "state", "input"),
}


@pytest.mark.parametrize("metric", OPERATOR_METRICS)
def test_a_silent_network_that_did_not_learn_is_nan_and_one_that_did_is_named(metric, trained):
    data = trained.networks.copy(deep=True)
    for name in data.attrs["parameters"].split():
        data[name][1] = 0
    silent = make_population(data, trained.condition, trained.trials_path)
    with pytest.raises(ValueError, match=f"{metric}: network 1: its states are zero throughout"):
        measuring.measure(metric, silent, {"delays": 2, "rank": 6})
    data["status"][1] = Status.NOT_CONVERGED
    found = measuring.measure(metric, silent, {"delays": 2, "rank": 6})
    for measure in OPERATOR_METRICS[metric]:
        assert np.isnan(found[measure].values[0, 1]) and found[measure].values[0, 0] == 0
        assert np.isfinite(found[f"untrained_{measure}"].values[0, 1])


@pytest.mark.parametrize("metric", OPERATOR_METRICS)
def test_a_single_network_has_a_floor_and_no_distance(metric, trained):
    alone = trained.where(np.array([True, False]))
    found = measuring.measure(metric, alone, {"delays": 2, "rank": 6})
    for measure in OPERATOR_METRICS[metric]:
        assert found[measure].shape == (1, 1) and found[measure].item() == 0
        assert found["floor" if measure == "distance" else f"floor_{measure}"].item() > 0


def test_the_log_says_once_what_rank_the_threshold_suggests(trained, capsys):
    measuring.measure("dsa", trained, {"delays": 2, "rank": 6})
    lines = capsys.readouterr().out.splitlines()
    assert [line.startswith("dsa: the rank is 6; the optimal hard threshold would keep") for line in lines] == [True]
