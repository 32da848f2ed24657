import numpy as np
import pytest
import torch

from conftest import make_condition
from degeneracy import devices
from degeneracy.cells import mup, vanilla
from degeneracy.networks import epoch as epochs
from degeneracy.networks import optimiser, training
from degeneracy.networks.backends import compiled
from degeneracy.networks.backends.choice import differentiated, mean_squared_error
from degeneracy.networks.group import make_group
from degeneracy.networks.optimiser import (
    add_penalties,
    follow_schedule,
    lower_rates,
    polar_factor,
    polar_factor_by_products,
)
from degeneracy.plugins.discovery import make_cell
from degeneracy.status import Status
from degeneracy.trials.generate import generate

CPU = torch.device("cpu")


def train(condition, seeds, report=lambda line: None):
    return training.train(condition, seeds, generate(condition)["train"], CPU, report)


def group_of(condition):
    initial = {0: training.initial_parameters(condition, 0)}
    return make_group(initial, make_cell(condition), condition["training"], CPU)


def test_a_network_is_bit_identical_in_any_block_and_order():
    condition = make_condition(training={"epochs": 3, "threshold": 1e-9})
    together, alone, reversed_ = train(condition, [0, 1, 2]), train(condition, [1]), train(condition, [2, 1, 0])
    for other in (alone, reversed_):
        for name in ("recurrent_weights", "readout_bias", "loss"):
            assert np.array_equal(together[name].sel(network=1), other[name].sel(network=1))
    assert not np.array_equal(together["recurrent_weights"][0], together["recurrent_weights"][1])


def test_a_huge_learning_rate_really_diverges():
    condition = make_condition(training={"learning_rate": 1e30, "epochs": 3, "threshold": 1e-9})
    result = train(condition, [0])
    assert result["status"].item() in (Status.DIVERGED, Status.NOT_CONVERGED)
    assert not result["loss"].values[0, -1] < 1


@pytest.mark.parametrize("adam", [optimiser.adam, optimiser.adam_in_torch])
def test_adam_and_clipping_equal_torch(adam):
    group = group_of(condition := make_condition())
    reference = torch.nn.Parameter(group.parameters.clone())
    peer = torch.optim.Adam([reference], lr=condition["training"]["learning_rate"])
    for scale in (0.01, 5.0, 0.3):
        gradient = scale * torch.randn(reference.shape)
        reference.grad = gradient.clone()
        torch.nn.utils.clip_grad_norm_([reference], 1.0)
        peer.step()
        adam(group, gradient.clone(), 1.0)
    assert torch.allclose(group.parameters, reference, atol=1e-6)


def test_learning_rate_falls_after_the_plateau_as_in_torch():
    condition = make_condition(training={"plateau_patience": 2, "plateau_factor": 0.5})
    group, options = group_of(condition), condition["training"]
    peer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=options["learning_rate"])
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(peer, factor=0.5, patience=2)
    for loss in [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.5, 0.6, 0.6, 0.6, 0.6]:
        lower_rates(group, [loss], options)
        schedule.step(loss)
        assert group.rates.item() == pytest.approx(peer.param_groups[0]["lr"])


def test_a_step_takes_the_trials_that_are_due():
    condition = make_condition(training={"steps_per_epoch": 3, "batch_size": 4})
    group, data = group_of(condition), [torch.randn(9, 5, 2), torch.randn(9, 5, 3), torch.rand(9, 5)]
    buffers = epochs.prepared(group, make_cell(condition), data, condition["training"], "cpu", None)
    buffers.order.copy_(torch.randint(9, buffers.order.shape))
    buffers.at.fill_(1)
    epochs.fetching(buffers)()
    for filled, part in zip(buffers.batch, data, strict=True):
        assert torch.equal(filled, part[buffers.order[1]].transpose(1, 2))


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_learning_rate_follows_its_schedule_as_in_torch(schedule):
    condition = make_condition(training={"schedule": schedule, "epochs": 7})
    group, options = group_of(condition), condition["training"]
    optimiser = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=options["learning_rate"])
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=7)
    for group.epoch in range(1, 8):
        follow_schedule(group, options)
        optimiser.step()
        falling.step()
        wanted = options["learning_rate"] if schedule == "constant" else optimiser.param_groups[0]["lr"]
        assert group.rates.item() == pytest.approx(wanted, abs=1e-9)


def test_training_under_a_schedule_parts_from_one_without_after_the_first_epoch():
    short = {"epochs": 3, "threshold": 1e-9}
    constant, cosine = (
        train(make_condition(training=short | {"schedule": name}), [0])["loss"].values[0]
        for name in ("constant", "cosine")
    )
    assert list(constant == cosine) == [True, False, False]


def regularised(condition, **lambdas):
    """Gradient of the penalty alone on the recurrent weights of one network before training."""
    options = condition["training"] | lambdas
    cell, group = make_cell(condition), group_of(condition)
    gradient = torch.zeros_like(group.parameters)
    add_penalties(cell, group.named(group.parameters), group.named(gradient), options)
    return group.named(group.parameters), group.named(gradient)


PENALTIES = {"nuclear_norm": lambda w: torch.linalg.svdvals(w).sum(), "l1": lambda w: w.abs().sum()}


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("cell", ["vanilla", "gru"])
def test_gradient_of_the_regulariser_equals_finite_differences(name, cell):
    parameters, gradient = regularised(make_condition(model={"width": 5, "cell": cell}), **{name: 0.3})
    square = [key for key, value in parameters.items() if value.shape[-2:] == (5, 5)]
    assert len(square) == {"vanilla": 1, "gru": 3}[cell]
    for key in parameters:
        if key not in square:
            assert torch.all(gradient[key] == 0)
            continue
        weights, step = parameters[key][0].double(), 1e-6
        for row, column in ((0, 0), (1, 3), (4, 2)):
            change = torch.zeros_like(weights)
            change[row, column] = step
            rise = PENALTIES[name](weights + change) - PENALTIES[name](weights - change)
            assert gradient[key][0, row, column].item() == pytest.approx(0.3 * (rise / (2 * step)).item(), abs=1e-5)


def test_regularisers_are_flat_where_there_is_nothing_left_to_shrink():
    zero = torch.zeros(1, 4, 4)
    assert torch.all(polar_factor(zero) == 0)
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.linalg.qr(torch.randn(2, 6, 6, generator=generator))[0][..., :2] for _ in range(2))
    low_rank = left @ torch.diag(torch.tensor([3.0, 0.01])) @ right.mT  # the subgradient of least norm is L Rᵀ
    assert torch.allclose(polar_factor(low_rank), left @ right.mT, atol=1e-4)
    assert torch.all(polar_factor(torch.full((1, 3, 3), torch.nan)) == 0)


def test_penalties_by_products_are_those_by_decomposition():
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(3, 24, 24, generator=generator)
    weights[1] *= 1e-4
    found, expected = polar_factor_by_products(weights), polar_factor(weights)
    assert torch.allclose(found, expected, atol=2e-4)
    assert torch.all(polar_factor_by_products(torch.zeros(1, 4, 4)) == 0)


def test_regularisers_shrink_the_spectrum_and_the_weights_and_leave_the_loss_the_mse():
    short = {"epochs": 12, "steps_per_epoch": 32, "threshold": 1e-9, "learning_rate": 0.005}
    plain, nuclear, sparse = (
        train(make_condition(model={"width": 16}, training=short | penalty), [0])
        for penalty in ({}, {"nuclear_norm": 0.02}, {"l1": 0.02})
    )
    weights = [each["recurrent_weights"].values[0] for each in (plain, nuclear, sparse)]
    spectra = [np.linalg.svd(each, compute_uv=False) for each in weights]
    assert spectra[1].sum() < 0.5 * spectra[0].sum()
    effective = [np.sum(each / each.max() > 0.1) for each in spectra]
    assert effective[1] < effective[0]
    small = [np.mean(np.abs(each) < 0.01) for each in weights]
    assert small[2] > 0.5 > 0.2 > small[0]
    # the loss of the first step is that of the same start, whatever the penalty
    one = [
        train(make_condition(training={"epochs": 1, "steps_per_epoch": 1} | penalty), [0])["loss"].item()
        for penalty in ({}, {"nuclear_norm": 5.0, "l1": 5.0})
    ]
    assert one[0] == one[1]


def test_a_network_that_diverges_under_a_regulariser_is_a_status():
    explode = {"learning_rate": 1e38, "epochs": 2, "steps_per_epoch": 6, "threshold": 1e-9, "nuclear_norm": 1.0}
    result = train(make_condition(training=explode, model={"activation": "relu"}), [0])
    assert result["status"].item() == Status.DIVERGED


def test_trainings_side_by_side_equal_trainings_one_by_one_and_come_as_they_end():
    lengths = [4, 1, 2, 3]
    conditions = [
        make_condition(training={"epochs": epochs, "threshold": 1e-9}, model={"cell": cell})
        for epochs, cell in zip(lengths, ("vanilla", "gru", "mup", "vanilla"), strict=True)
    ]
    alone = [train(condition, [0, 1]) for condition in conditions]
    started = []

    def trainings():
        for number, condition in enumerate(conditions):
            started.append(number)
            data = generate(condition)["train"]
            yield training.epochs(condition, [0, 1], data, CPU, lambda line: None, "auto", None)

    ended = []
    for number, networks in training.together(trainings(), CPU, at_once=2):
        ended.append(number)
        assert len(started) <= len(ended) + 1, "two at once"
        assert networks.identical(alone[number])
    assert ended == [1, 2, 0, 3]  # the third takes the place of the second
    everything_at_once = [number for number, _ in training.together(trainings(), CPU, at_once=9)]
    assert everything_at_once == [1, 2, 3, 0]  # by their lengths


def test_masked_steps_do_not_count():
    condition = make_condition()
    cell = make_cell(condition)
    parameters = {k: torch.as_tensor(v)[None].float() for k, v in training.initial_parameters(condition, 0).items()}
    inputs, targets, mask = torch.randn(1, 6, 4, 3), torch.randn(1, 6, 4, 3), torch.ones(1, 6, 4)
    mask[:, :3] = 0
    loss = mean_squared_error(cell, parameters, inputs, targets, mask)
    targets[:, :3] = 100.0
    assert torch.equal(loss, mean_squared_error(cell, parameters, inputs, targets, mask))
    outputs = cell.readout(parameters, cell.states(parameters, inputs))
    assert torch.allclose(loss, (outputs - targets)[:, 3:].square().mean())


def test_an_epoch_visits_every_training_trial_once():
    condition = make_condition(trials={"train": 32}, training={"steps_per_epoch": 2, "batch_size": 16})
    group = group_of(condition)
    order = epochs.minibatches(group, 32, condition["training"])
    assert order.shape == (1, 2, 16) and sorted(order.ravel()) == list(range(32))
    assert not np.array_equal(order, epochs.minibatches(group, 32, condition["training"]))


def test_trained_networks_lower_their_loss_and_keep_their_start(trained):
    data = trained.networks
    assert np.all(data["loss"][:, 0] > 10 * data["loss"].min("epoch"))
    for index, seed in enumerate(trained.seeds):
        before = training.initial_parameters(trained.condition, int(seed))["recurrent_weights"]
        assert np.allclose(data["initial_recurrent_weights"][index], before, atol=1e-7)


def test_cuda_without_a_device_is_one_sentence():
    if torch.cuda.is_available():
        pytest.skip("a CUDA device is here")
    with pytest.raises(ValueError, match="no CUDA device"):
        devices.choose_device("cuda")


def error_in_double_precision(cell, parameters, inputs, targets, mask):
    exact = {name: value.detach().double().requires_grad_() for name, value in parameters.items()}
    error = mean_squared_error(cell, exact, inputs.double(), targets.double(), mask.double())
    return error, torch.autograd.grad(error.sum(), list(exact.values()))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("kind", [vanilla, mup])
@pytest.mark.parametrize(
    "width, batch, steps", [(1, 1, 1), (17, 1, 2), (17, 63, 100), (64, 64, 2), (64, 64, 100), (128, 63, 1), (8, 3, 100)]
)
def test_compiled_gradients_equal_those_in_double_precision(kind, activation, width, batch, steps):
    torch.manual_seed(0)  # a drive within rounding of ReLU's kink has another gradient in single precision
    cell = kind.Cell(width=width, activation=activation)
    made = [cell.initialise(np.random.default_rng(seed), 2, 3) for seed in (0, 1)]
    parameters = {name: torch.tensor(np.stack([one[name] for one in made])).float() for name in made[0]}
    inputs, targets = torch.randn(2, steps, batch, 2), torch.randn(2, steps, batch, 3)
    mask = (torch.rand(2, steps, batch) < 0.7).float()
    mask[:, 0, 0] = 1
    options = make_condition()["training"]
    group = make_group(dict(enumerate(made)), cell, options, CPU)
    flat = group.parameters.clone().requires_grad_()
    differentiable = mean_squared_error(cell, group.named(flat), inputs, targets, mask)
    assert type(differentiable.grad_fn).__name__ == "MaskedErrorBackward"
    (by_autograd,) = torch.autograd.grad(differentiable.sum(), flat)
    error, gradient = differentiated(cell, group, options, "cpu")((inputs, targets, mask), None)
    assert torch.equal(error, differentiable.detach()) and torch.equal(gradient, by_autograd)
    exact, expected = error_in_double_precision(cell, parameters, inputs, targets, mask)
    assert torch.allclose(error.double(), exact, rtol=1e-5)
    for ours, reference in zip(group.named(gradient).values(), expected, strict=True):
        assert (ours - reference).norm() <= 1e-5 * reference.norm()


def test_compiled_activations_over_the_whole_range():
    currents = np.concatenate([np.linspace(-12, 12, 20_001), [-np.inf, np.inf, 1e-30, 3e38]]).astype(np.float32)

    def activated(kind):
        return np.array([compiled.activated(kind, current) for current in currents])

    np.testing.assert_allclose(activated(compiled.TANH), np.tanh(currents.astype(float)), rtol=3e-7)
    assert np.array_equal(activated(compiled.RELU), np.maximum(currents, 0))
    for activation in compiled.ACTIVATIONS.values():
        assert np.isnan(compiled.activated(activation, np.float32(np.nan)))
