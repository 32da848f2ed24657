import numpy as np
import pytest
import torch

from conftest import make_population
from degeneracy.metrics._loss import derivatives, loss_of
from degeneracy.metrics._trials import Trials
from degeneracy.networks.epoch import evaluated_loss
from degeneracy.networks.losses import masked_loss
from degeneracy.plugins.discovery import Plugin, names
from populations import normal, small_loss

FREE = {"loss": "mse", "teacher_forcing": 0}


def dense(product, size):
    return torch.stack([product(row) for row in torch.eye(size, dtype=torch.float64)])


@pytest.mark.parametrize("name", names("cells"))
def test_derivatives_of_every_cell_are_those_of_its_loss_in_training(name):
    cell = Plugin("cells", name).load().Cell(width=4)
    loss, vector = small_loss(cell)

    def gradient_of(vector):
        vector = vector.clone().requires_grad_()
        batch = (each[None] for each in (loss.trials.inputs, loss.trials.targets, loss.trials.mask))
        lifted = {name: value[None] for name, value in loss.parameters(vector).items()}
        trained = masked_loss(cell, lifted, *batch, FREE)[0]
        return trained.item(), torch.autograd.grad(trained, vector)[0]

    found, along = derivatives(loss, vector), normal(len(vector), seed=3) * 1e-5
    error, gradient = gradient_of(vector)
    assert found.loss == pytest.approx(error)
    torch.testing.assert_close(found.gradient, gradient)
    change = (gradient_of(vector + along)[1] - gradient_of(vector - along)[1]) / 2
    torch.testing.assert_close(found.hessian(along), change, rtol=1e-4, atol=1e-11)


@pytest.mark.parametrize("kind", ["mse", "cross_entropy"])
def test_products_are_those_of_the_dense_hessian_and_of_its_gauss_newton_part(kind):
    loss, vector = small_loss(Plugin("cells", "vanilla").load().Cell(width=3), kind)
    found = derivatives(loss, vector)
    whole = torch.autograd.functional.hessian(loss, vector)
    torch.testing.assert_close(dense(found.hessian, len(vector)), whole)
    jacobian = torch.autograd.functional.jacobian(loss.outputs, vector).flatten(0, -2)
    by_outputs = torch.autograd.functional.hessian(loss.trials.loss_of, loss.outputs(vector)).flatten(0, 2).flatten(1)
    part = jacobian.T @ by_outputs @ jacobian
    torch.testing.assert_close(dense(found.gauss_newton, len(vector)), part)
    assert not torch.allclose(part, whole, rtol=0.1)


def test_weights_that_a_sparse_network_lacks_are_no_parameters():
    cell, missing = Plugin("cells", "vanilla").load().Cell(width=3), [1, 5]
    whole, vector = small_loss(cell)
    vector[missing] = 0
    sparse, shorter = small_loss(cell, missing=missing)
    kept = np.setdiff1d(np.arange(len(vector)), missing)
    torch.testing.assert_close(shorter, vector[kept])
    torch.testing.assert_close(sparse.outputs(shorter), whole.outputs(vector))
    torch.testing.assert_close(derivatives(sparse, shorter).gradient, derivatives(whole, vector).gradient[kept])


def test_the_loss_of_a_trained_network_is_that_which_training_ended_with(trained):
    found = []
    for network in (0, 1):
        loss = loss_of(trained, network, Trials.of(trained, "train", 64))
        vector = loss.vector({name: value[network] for name, value in trained.parameters.items()})
        found.append(loss(vector).item())
    trials = trained.trials("train").isel(trial=slice(64))
    data = [torch.as_tensor(trials[name].values).double() for name in ("inputs", "targets", "mask")]
    parameters = {name: torch.as_tensor(value).double() for name, value in trained.parameters.items()}
    np.testing.assert_allclose(found, evaluated_loss(parameters, trained.cell, data, FREE), rtol=1e-9)


def test_the_parameters_of_a_sparse_network_are_its_connections_and_what_else_is_trained(trained):
    mask = np.random.default_rng(0).random((2, 48, 48)) < 0.1
    sparse = trained.networks.assign(connectivity_mask=(("network", "unit", "source_unit"), mask.astype("int8")))
    trials = Trials.of(trained, "train", 2)
    whole, found = (
        loss_of(make_population(networks, trained.condition, trained.trials_path), 1, trials)
        for networks in (trained.networks, sparse)
    )
    assert len(whole.entries) - len(found.entries) == np.sum(~mask[1])
