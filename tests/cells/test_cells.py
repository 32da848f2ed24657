import itertools

import numpy as np
import pytest
import torch

from conftest import make_condition, make_population
from degeneracy.artifacts import store
from degeneracy.cells import gru, mup
from degeneracy.fixed_points.find import find
from degeneracy.measurement import measure as measuring
from degeneracy.networks import optimiser, training
from degeneracy.networks.group import make_group
from degeneracy.plugins.discovery import Plugin, make_cell, names
from degeneracy.status import Status
from degeneracy.trials.generate import generate
from degeneracy.trials.schema import TRIALS
from populations import FIND, normal, random_parameters, short_population

CPU = torch.device("cpu")
every_cell = pytest.mark.parametrize("name", names("cells"))


def train(condition, seeds):
    return training.train(condition, seeds, generate(condition)["train"], CPU, lambda line: None)


def test_gru_equals_the_stock_layer_in_states_and_gradients():
    cell = gru.Cell(width=6)
    parameters = {name: value.requires_grad_() for name, value in random_parameters(cell, 1).items()}
    stock = torch.nn.GRU(2, 6, dtype=torch.float64)
    stacks = {  # torch's order: reset, update, candidate
        "weight_hh_l0": ("reset_weights", "update_weights", "recurrent_weights"),
        "weight_ih_l0": ("reset_input_weights", "update_input_weights", "input_weights"),
        "bias_ih_l0": ("reset_bias", "update_bias", "bias"),
        "bias_hh_l0": (None, None, "recurrent_bias"),
    }
    with torch.no_grad():
        for name, parts in stacks.items():
            values = [parameters[part][0] if part else torch.zeros(6) for part in parts]
            getattr(stock, name).copy_(torch.cat(values))
    inputs, goal = normal(9, 4, 2), normal(9, 4, 6, seed=1)
    states, reference = cell.states(parameters, inputs[None])[0], stock(inputs)[0]
    assert torch.allclose(states, reference, rtol=1e-12)
    ((states - goal) ** 2).sum().backward()
    ((reference - goal) ** 2).sum().backward()
    for name, parts in stacks.items():
        for part, gradient in zip(parts, getattr(stock, name).grad.chunk(3), strict=True):
            if part:
                assert torch.allclose(parameters[part].grad[0], gradient, rtol=1e-10, atol=1e-12)


def test_mup_cell_is_the_equation():
    cell = mup.Cell(width=6, gamma=0.5, time_constant=0.1)
    own = {name: value.numpy()[0] for name, value in random_parameters(cell, 1).items()}
    inputs = normal(1, 3, 1, 2)
    current, expected = np.zeros(6), []
    for given in inputs.numpy()[0, :, 0]:
        recurrent = own["recurrent_weights"] @ np.tanh(current) / 6
        current = current + 0.1 * (-current + recurrent + own["input_weights"] @ given)
        expected.append((current, own["readout_weights"] @ np.tanh(current) / (0.5 * 6)))
    parameters = random_parameters(cell, 1)
    states = cell.states(parameters, inputs)
    assert np.allclose(states[0, :, 0], [state for state, _ in expected])
    assert np.allclose(cell.readout(parameters, states)[0, :, 0], [output for _, output in expected])


def test_mup_weights_start_with_the_variances_of_the_parametrisation():
    made = mup.Cell(width=300).initialise(np.random.default_rng(0), 50, 50)
    assert made["recurrent_weights"].var() == pytest.approx(300, rel=0.03)
    assert made["input_weights"].var() == pytest.approx(1, rel=0.05)
    assert made["readout_weights"].var() == pytest.approx(1, rel=0.05)


def change_in_one_step(width, gamma=1.0, seed=0, cell="mup", steps=1):
    """Root mean square over units, steps and trials of the change of the state by training, and of the outputs."""
    model = {"cell": cell, "width": width} | ({"gamma": gamma} if cell == "mup" else {})
    condition = make_condition(
        model=model,
        task={"time_steps": 30},
        training={"epochs": 1, "steps_per_epoch": steps, "batch_size": 64, "learning_rate": 0.01},
    )
    networks = train(condition, [seed])
    made = make_cell(condition)
    inputs = torch.as_tensor(generate(condition)["probe"]["inputs"].values).double().transpose(0, 1)[None]
    states, outputs = [], []
    for prefix in ("initial_", ""):
        own = {name: torch.as_tensor(networks[prefix + name].values).double() for name in made.parameter_dims()}
        states.append(made.states(own, inputs))
        outputs.append(made.readout(own, states[-1]))
    return [(after - before).square().mean().sqrt().item() for before, after in (states, outputs)]


def test_mup_changes_the_hidden_state_as_much_at_any_width():
    narrow, wide = (np.mean([change_in_one_step(width, seed=seed) for seed in (0, 1)], axis=0) for width in (64, 512))
    assert 0.1 < narrow[0] / 0.01 < 10  # of order one, in units of the learning rate
    assert 0.8 < wide[0] / narrow[0] < 1.25
    assert 0.8 < wide[1] / narrow[1] < 1.25  # output
    plain = [change_in_one_step(width, cell="vanilla")[1] for width in (64, 512)]
    assert plain[1] / plain[0] > 2  # outputs of the vanilla cell, where a step in an entry is as large at any width


def test_mup_gamma_sets_how_rich_learning_is():
    changes = {gamma: change_in_one_step(64, gamma) for gamma in (0.5, 2.0)}
    assert changes[2.0][0] / changes[0.5][0] == pytest.approx(4, rel=0.25)  # the hidden state moves by γ η₀
    assert changes[2.0][1] / changes[0.5][1] < 2.5  # the output by η₀
    short = {"epochs": 3, "steps_per_epoch": 16, "threshold": 1e-9}
    moved = []
    for gamma in (0.5, 2.0):
        networks = train(make_condition(model={"cell": "mup", "width": 32, "gamma": gamma}, training=short), [0])
        difference = networks["recurrent_weights"] - networks["initial_recurrent_weights"]
        moved.append(float(np.linalg.norm(difference)))
    assert moved[1] > 2 * moved[0]


def test_epsilon_is_measured_in_the_gradients_of_the_mup_cell():
    condition = make_condition(model={"cell": "mup", "width": 8, "gamma": 2.0})
    cell = make_cell(condition)
    initial = {0: training.initial_parameters(condition, 0)}
    group = make_group(initial, cell, condition["training"], CPU)
    epsilon = group.named(group.epsilon[None])
    assert torch.allclose(epsilon["recurrent_weights"], torch.tensor(1e-8 / (2 * 64)), atol=0)
    assert torch.allclose(epsilon["readout_weights"], torch.tensor(1e-8 / (2 * 8)), atol=0)
    assert group.rates.item() == pytest.approx(2 * condition["training"]["learning_rate"])
    before = group.parameters.clone()
    optimiser.adam(group, 10 * group.epsilon[None], clip=1.0)  # ten times ε everywhere: all parameters move alike
    assert torch.allclose(before - group.parameters, group.rates * 10 / 11, rtol=1e-3)


OF_ONE_MATRIX = ("signed_permutation_distance", "joint_permutation_distance", "barrier", "star_centre")


@every_cell
def test_every_metric_works_with_every_cell(name, tmp_path):
    population = short_population(tmp_path, name)
    points = find(population, FIND, lambda line: None)
    assert np.all(points["index_sum"] == 1) and np.all(points["converged"] == 1)
    population = type(population)(population.networks, population.trials_path, points)
    for metric in names("metrics"):
        options = {key: option.default for key, option in Plugin("metrics", metric).options.items()}
        options |= {"delays": 2, "rank": 3} if "delays" in options else {}
        if name in ("gru", "lstm") and metric in OF_ONE_MATRIX:
            with pytest.raises(ValueError, match="one parameter"):  # matching several matrices at once is not there
                measuring.measure(metric, population, options)
            continue
        if metric == "mergeable_units" and getattr(population.cell, "keep", None) is None:
            continue  # NaN: it is for cells of rates
        found = measuring.measure(metric, population, options)
        for measure in Plugin("metrics", metric).constant("MEASURES"):
            assert np.isfinite(found[measure].values).all(), metric


def test_mup_units_without_input_have_the_wells_of_their_equation(tmp_path):
    population = short_population(tmp_path, "mup", width=2, channels=2, seeds=(0,))
    population.networks["recurrent_weights"][0] = 2 * 2 * np.eye(2)  # h = 2 tanh(h)
    # trials are too short to reach the wells: starts must lie beyond the states visited
    points = find(population, FIND | {"noise": 5.0}, lambda line: None)
    well = 1.9150080481545375
    expected = np.array(list(itertools.product([-well, 0, well], repeat=2)))
    gaps = np.linalg.norm(points["state"].values[:, None] - expected[None], axis=-1)
    assert gaps.shape == (9, 9) and np.all(gaps.min(0) < 1e-9) and points["index_sum"].item() == 1
    middle = np.argmin(np.linalg.norm(points["state"].values, axis=1))
    assert np.allclose(points["eigenvalues_real"].values[middle], 0.9 + 0.1 * 2)  # the map's, not the flow's
    assert np.array_equal(points["n_unstable"].values, (abs(points["state"].values) < 0.5).sum(1))


def test_gru_without_gates_has_the_wells_of_its_candidate(tmp_path):
    population = short_population(tmp_path, "gru", width=2, channels=2, seeds=(0,))
    for name in population.networks.attrs["parameters"].split():
        if not name.startswith("readout"):
            population.networks[name][:] = 0
    population.networks["recurrent_weights"][0] = 4 * np.eye(2)  # both gates stand at 1/2: h = h/2 + tanh(2h)/2
    points = find(population, FIND | {"noise": 1.0}, lambda line: None)
    well = 0.9575040240772687  # positive root of h = tanh(2h)
    expected = np.array(list(itertools.product([-well, 0, well], repeat=2)))
    gaps = np.linalg.norm(points["state"].values[:, None] - expected[None], axis=-1)
    assert gaps.shape == (9, 9) and np.all(gaps.min(0) < 1e-9) and points["index_sum"].item() == 1
    middle = np.argmin(np.linalg.norm(points["state"].values, axis=1))
    assert np.allclose(points["eigenvalues_real"].values[middle], 0.5 + 0.5 * 2)


def test_a_gru_that_learnt_the_flip_flop_stores_corners(tmp_path):
    condition = make_condition(
        model={"cell": "gru", "width": 24},
        task={"time_steps": 20, "channels": 3},
        trials={"train": 2048},
        training={"epochs": 20, "steps_per_epoch": 64, "batch_size": 32, "threshold": 0.003, "learning_rate": 0.01},
    )
    groups = generate(condition)
    path = tmp_path / "trials.nc"
    store.write(path, TRIALS, groups, condition, "cpu", 0.0)
    networks = training.train(condition, [0], groups["train"], CPU, lambda line: None)
    assert networks["status"].item() == Status.CONVERGED
    population = make_population(networks, condition, str(path))
    points = find(population, FIND | {"starts": 400}, lambda line: None)
    assert points["index_sum"].item() == 1
    stable = points.isel(point=(points["converged"].values == 1) & (points["n_unstable"].values == 0))["state"].values
    outputs = stable @ population.parameters["readout_weights"][0].T + population.parameters["readout_bias"][0]
    assert len(set(map(tuple, np.sign(outputs)))) == len(outputs) >= 6  # at most one a corner, nearly all of the 8
    assert np.abs(np.abs(outputs) - 1).max() < 0.3
