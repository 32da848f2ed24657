"""Low-rank cells are vanilla cells with W = U Vᵀ / n, for training and for metrics."""

import numpy as np
import torch

from conftest import make_condition
from degeneracy.cells import low_rank, vanilla
from degeneracy.measurement.measure import measure
from degeneracy.networks import training
from degeneracy.networks.backends import choice
from degeneracy.trials.generate import generate
from populations import normal, random_parameters, short_population


def as_vanilla(parameters, width):
    product = np.einsum("...ur,...sr->...us", parameters["left_factors"], parameters["right_factors"]) / width
    rest = {name: value for name, value in parameters.items() if not name.endswith("factors")}
    return rest | {"recurrent_weights": torch.as_tensor(product)}


def test_low_rank_equals_the_vanilla_cell_of_its_weights():
    cell, plain = low_rank.Cell(width=6, rank=2), vanilla.Cell(width=6)
    parameters, inputs = random_parameters(cell, 2), normal(2, 7, 3, 2)
    full = as_vanilla({name: value.detach() for name, value in parameters.items()}, 6)
    assert torch.allclose(cell.states(parameters, inputs), plain.states(full, inputs), rtol=1e-10, atol=1e-12)
    state, given = normal(2, 6), normal(2, 2, seed=1)
    assert torch.allclose(cell.jacobian(parameters, state, given), plain.jacobian(full, state, given))


def test_weights_start_with_singular_values_of_about_one_at_any_width():
    for width in (100, 1000):
        cell = low_rank.Cell(width=width, rank=3)
        weights = cell.recurrent(cell.initialise(np.random.default_rng(0), 2, 2))
        values = np.linalg.svd(weights, compute_uv=False)
        assert np.all((values[:3] > 0.7) & (values[:3] < 1.4)) and values[3] < 1e-12


def test_only_the_factors_are_trained_and_compiled_code_trains_them():
    condition = make_condition(model={"cell": "low_rank", "width": 8, "rank": 2}, training={"epochs": 2})
    lines, data = [], generate(condition)["train"]
    networks = training.train(condition, [0], data, torch.device("cpu"), lines.append)
    assert lines[0] == "backend cpu" and "recurrent_weights" not in networks
    assert networks["left_factors"].dims == ("network", "unit", "rank")
    for name in ("left_factors", "right_factors"):
        assert not np.array_equal(networks[name], networks[f"initial_{name}"])


def test_compiled_gradients_of_the_factors_equal_double_precision():
    cell = low_rank.Cell(width=5, rank=2)
    data, results = (normal(1, 7, 4, 2), normal(1, 7, 4, 3, seed=1), torch.ones(1, 7, 4).double()), []
    for backend, kind in (("reference", torch.float64), ("cpu", torch.float32)):
        parameters = {name: value.requires_grad_() for name, value in random_parameters(cell, 1, dtype=kind).items()}
        error = choice.mean_squared_error(cell, parameters, *(each.to(kind) for each in data), backend)
        results.append([error, *torch.autograd.grad(error.sum(), list(parameters.values()))])
    for exact, found in zip(*results, strict=True):
        assert torch.allclose(found.double(), exact, rtol=1e-4, atol=1e-6)


def test_metrics_of_weights_see_the_product_and_not_the_factors(tmp_path):
    population = short_population(tmp_path, "low_rank", width=8, rank=2)
    mixed = population.networks.copy(deep=True)
    turn = np.array([[2.0, 1.0], [0.5, 1.5]])  # between the factors, which leaves their product as it is
    for prefix in ("", "initial_"):
        for name, matrix in (("left_factors", turn), ("right_factors", np.linalg.inv(turn).T)):
            mixed[prefix + name][:] = mixed[prefix + name].values @ matrix
    other = type(population)(mixed, population.trials_path)
    for metric, name in (
        ("permutation_distance", "distance"),
        ("signed_permutation_distance", "distance"),
        ("joint_permutation_distance", "distance"),
        ("weight_change", "value"),
    ):
        one, two = (measure(metric, each, {})[name].values for each in (population, other))
        assert np.nanmax(one) > 0.01
        np.testing.assert_allclose(two, one, rtol=1e-4)
