import numpy as np
import pytest
import torch
import xarray as xr

from conftest import make_condition
from degeneracy.networks import training
from degeneracy.plugins.discovery import make_cell
from degeneracy.status import Status
from degeneracy.subspaces import dimension
from degeneracy.subspaces.training import CPU, Subspace, _started, constant_loss, train
from degeneracy.trials.generate import generate


@pytest.fixture(scope="module")
def condition():
    return make_condition(
        task={"channels": 2},
        trials={"train": 256},
        training={"epochs": 4, "steps_per_epoch": 8, "learning_rate": 0.01, "threshold": 1e-6},
    )


def test_all_parameters_free_train_as_the_whole_network_does(condition):
    whole = training.train(condition, [0, 1], generate(condition, ["train"])["train"], CPU, lambda line: None)
    found = train(condition, [0, 1], 10**6, 4, lambda line: None)
    np.testing.assert_allclose(found["loss"], whole["loss"], rtol=1e-4)
    np.testing.assert_allclose(found["final_loss"], whole["final_loss"], rtol=1e-4)
    assert found["dimension"] == found["parameters"] == sum(x[0].size for x in parameters_of(whole))


def parameters_of(networks):
    return [networks[name].values for name in networks.attrs["parameters"].split()]


def test_more_directions_reach_lower_losses(condition):
    losses = [train(condition, [0], each, 4, lambda line: None)["loss"].values[0, -1] for each in (1, 30)]
    assert losses[1] < 0.8 * losses[0]


def test_directions_have_length_1_and_parameters_move_as_fast_as_in_the_whole_network(condition):
    group, subspace = _started(condition, 0, 10, make_cell(condition), condition["training"])
    torch.testing.assert_close(subspace.directions.norm(dim=0), torch.ones(10))
    rate = condition["training"]["learning_rate"] * (subspace.origin.shape[1] / 10) ** 0.5
    assert group.rates.item() == pytest.approx(rate)


def test_parameters_stay_in_the_subspace_and_gradients_are_those_of_its_coordinates():
    generator = np.random.default_rng(0)
    directions = torch.as_tensor(generator.standard_normal((7, 3)))
    subspace = Subspace(torch.as_tensor(generator.standard_normal((1, 7))), directions, {"x": (7,)})
    coordinates = torch.as_tensor(generator.standard_normal((1, 3))).requires_grad_()
    at = subspace.parameters(coordinates)
    (expected,) = torch.autograd.grad(at.square().sum(), coordinates)
    torch.testing.assert_close(subspace.pulled(2 * at.detach()), expected)
    assert np.linalg.matrix_rank(np.c_[directions.numpy(), (at - subspace.origin).detach().numpy().T]) == 3


def trained_in(size, losses):
    status = [Status.CONVERGED if loss < 0.01 else Status.NOT_CONVERGED for loss in losses]
    values = {"dimension": size, "parameters": 100, "constant_loss": 2.0}
    return xr.Dataset({**values, "final_loss": ("network", losses), "status": ("network", np.array(status))})


def test_the_dimension_is_the_smallest_at_90_percent_of_the_full_performance():
    subspaces = [trained_in(32, [0.1, 0.005]), trained_in(8, [np.inf, np.nan]), trained_in(64, [0.001, 0.001])]
    subspaces.append(trained_in(16, [0.19, 0.4]))
    row = dimension.row(subspaces, [trained_in(100, [0.0, 0.0, 1.0])])  # the last one has not converged
    assert row["full_performance"] == 1 and row["full_networks"] == 2
    assert (row["intrinsic_dimension"], row["lowest"], row["highest"]) == (32, 16, 32)
    assert row["converged_dimension"] == 64
    assert not dimension.curve(subspaces)[1][0].any()  # of networks that diverged
    none = dimension.row(subspaces[1:2], [trained_in(100, [0.0])])
    assert none["intrinsic_dimension"] == none["converged_dimension"] == ""


def test_a_constant_answer_has_the_variance_of_the_targets_or_the_entropy_of_the_categories():
    targets = np.eye(2)[[[0, 1, 1, 1]]]
    trials = xr.Dataset(
        {"targets": (("trial", "time", "output"), targets), "mask": (("trial", "time"), np.ones((1, 4)))}
    )
    assert constant_loss(trials, "mse") == pytest.approx(0.25 * 0.75)
    assert constant_loss(trials, "cross_entropy") == pytest.approx(-0.25 * np.log(0.25) - 0.75 * np.log(0.75))
