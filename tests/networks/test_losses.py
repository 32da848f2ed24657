"""Losses, optimisers and teacher forcing against torch, and against what must hold."""

import numpy as np
import pytest
import torch
from interruptions import SHORT, assert_identical, interrupted_after, kept
from interruptions import train as train_briefly

from conftest import SCHEMA, make_condition
from degeneracy.experiment.condition import dumps
from degeneracy.experiment.resolve import resolve
from degeneracy.networks import losses, training
from degeneracy.networks.backends.choice import mean_squared_error
from degeneracy.networks.group import make_group
from degeneracy.networks.optimiser import descend
from degeneracy.networks.population import Population
from degeneracy.plugins.discovery import make_cell
from degeneracy.trials.generate import generate

CPU = torch.device("cpu")


def condition_of(name, **sections):
    """Condition of a task with options of its sections."""
    short = {"epochs": 3, "steps_per_epoch": 4, "batch_size": 16, "threshold": 1e-9}
    sections["training"] = short | sections.get("training", {})
    sections["trials"] = {"train": 32, "probe": 8, "ood": 8} | sections.get("trials", {})
    sections["model"] = {"width": 12} | sections.get("model", {})
    config = {"tasks": {name: sections}}
    config["sweeps"] = {"one": {"task": name, "factor": "trials.seed", "levels": [0]}}
    return resolve(config, SCHEMA).conditions[0].spec


def drawn(condition):
    """Cell, parameters of two networks, and training trials (network, time, trial, …)."""
    cell, parts = make_cell(condition), [training.initial_parameters(condition, seed) for seed in (0, 1)]
    stacked = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    parameters = {name: torch.tensor(value, dtype=torch.float32) for name, value in stacked.items()}
    trials = generate(condition, ["train"])["train"]
    data = [torch.as_tensor(trials[name].values).transpose(0, 1) for name in ("inputs", "targets", "mask")]
    return cell, parameters, [part.expand(2, *part.shape).contiguous() for part in data]


FORCED = {"task": {"drive": "start", "time_steps": 12}, "training": {"teacher_forcing": 0.25}}
CHOICE = {"task": {"answer": "choice"}, "training": {"loss": "cross_entropy"}}


def test_cross_entropy_is_that_of_torch():
    condition = condition_of("context_integration", **CHOICE)
    cell, parameters, (inputs, targets, mask) = drawn(condition)
    found = losses.masked_loss(cell, parameters, inputs, targets, mask, condition["training"])
    outputs = cell.readout(parameters, cell.states(parameters, inputs))
    for network in range(2):
        chosen = mask[network].bool()
        wanted = targets[network][chosen].argmax(-1)
        expected = torch.nn.functional.cross_entropy(outputs[network][chosen], wanted)
        assert found[network].item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("cell", ["vanilla", "gru", "mup"])
def test_the_mse_is_that_of_the_backends(cell):
    condition = make_condition(model={"cell": cell})
    made, parameters, batch = drawn(condition)
    found = losses.masked_loss(made, parameters, *batch, condition["training"])
    assert torch.allclose(found, mean_squared_error(made, parameters, *batch, "reference"))


def test_a_network_learns_categories_by_their_cross_entropy():
    options = {"epochs": 12, "steps_per_epoch": 32, "learning_rate": 0.02} | CHOICE["training"]
    task, trials = CHOICE["task"] | {"time_steps": 5, "modalities": 1, "noise": 0.0}, {"train": 512}
    condition = condition_of("context_integration", task=task, training=options, trials=trials)
    groups, lines = generate(condition), []
    networks = training.train(condition, [0], groups["train"], CPU, lines.append)
    assert lines[0] == "backend reference, as the compiled code knows no loss but the MSE"
    assert networks["final_loss"].item() < 0.6 * np.log(3) < networks["loss"].values[0, 0]


OPTIMISERS = {
    "sgd": (lambda leaf: torch.optim.SGD([leaf], lr=0.02, momentum=0.8), {"momentum": 0.8}),
    "adamw": (lambda leaf: torch.optim.AdamW([leaf], lr=0.02, weight_decay=0.3), {"weight_decay": 0.3}),
    "adam": (lambda leaf: torch.optim.Adam([leaf], lr=0.02), {}),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers_are_those_of_torch(name):
    make, options = OPTIMISERS[name]
    condition = make_condition(training={"optimiser": name, "learning_rate": 0.02} | options)
    group = make_group({0: training.initial_parameters(condition, 0)}, make_cell(condition), condition["training"], CPU)
    reference = torch.nn.Parameter(group.parameters.clone())
    optimiser = make(reference)
    for scale in (0.01, 5.0, 0.3, 0.02):
        gradient = scale * torch.randn(reference.shape)
        reference.grad = gradient.clone()
        torch.nn.utils.clip_grad_norm_([reference], condition["training"]["gradient_clip"])
        optimiser.step()
        descend(group, gradient.clone(), condition["training"])
    assert torch.allclose(group.parameters, reference, atol=1e-6)


@pytest.mark.parametrize("options", [{"optimiser": "sgd"}, {"optimiser": "adamw"}])
def test_a_training_with_another_optimiser_resumes_bit_for_bit(tmp_path, options):
    condition = make_condition(training=SHORT | options)
    undisturbed = train_briefly(condition)
    interrupted_after(3, condition, tmp_path)
    assert_identical(train_briefly(condition, checkpoint=kept(tmp_path)), undisturbed)


def test_a_forced_training_resumes_bit_for_bit(tmp_path):
    condition = condition_of("dynamical_system", **FORCED)
    undisturbed = train_briefly(condition)
    interrupted_after(2, condition, tmp_path)
    assert_identical(train_briefly(condition, checkpoint=kept(tmp_path)), undisturbed)


@pytest.mark.parametrize("options", [{"loss": "cross_entropy"}, {"teacher_forcing": 0.5}])
@pytest.mark.parametrize("backend", ["cpu", "fused", "cuda", "reference"])
def test_what_a_backend_cannot_compute_falls_back_with_a_reason(backend, options):
    options = {"loss": "mse", "teacher_forcing": 0} | options
    known = {"reference"} | ({"cuda"} if options["teacher_forcing"] == 0 else set())
    found, reason = losses.suited(backend, options)
    assert (found == backend and not reason) if backend in known else (found in known and "knows no" in reason)
    assert losses.suited(backend, {"loss": "mse", "teacher_forcing": 0}) == (backend, "")


def by_hand(cell, parameters, inputs, targets, strength):
    """Outputs (time, output) of one network on one trial, step by step with solved normal equations."""
    state, outputs, readout = torch.zeros(cell.width), [], parameters["readout_weights"]
    for now, target in zip(inputs, targets, strict=True):
        state = cell.step(parameters, state, now)
        outputs.append(readout @ state + parameters["readout_bias"])
        nearest = state + readout.T @ torch.linalg.solve(readout @ readout.T, target - outputs[-1])
        assert torch.allclose(readout @ nearest + parameters["readout_bias"], target, atol=1e-4)
        state = (1 - strength) * state + strength * nearest
    return torch.stack(outputs)


@pytest.mark.parametrize("cell", ["vanilla", "gru"])
@pytest.mark.parametrize("strength", [0.0, 0.25, 1.0])
def test_forced_outputs_are_those_of_the_definition(cell, strength):
    condition = condition_of("dynamical_system", **FORCED, model={"cell": cell})
    made, parameters, (inputs, targets, _) = drawn(condition)
    found = losses.outputs_of(made, parameters, inputs, targets, strength)
    for network in range(2):
        own = {name: value[network] for name, value in parameters.items()}
        expected = by_hand(made, own, inputs[network, :, 3], targets[network, :, 3], strength)
        assert torch.allclose(found[network, :, 3], expected, atol=1e-5)


def test_forcing_damps_the_gradient_through_what_the_readout_sees():
    """With α = 1 and as many outputs as units, the state is the data at each step, and nothing of the past remains."""
    condition = condition_of("dynamical_system", **FORCED, model={"width": 3})
    cell, parameters, (inputs, targets, _) = drawn(condition)
    gradients = []
    for strength in (1e-9, 1.0):  # for the first, nearly none: without forcing, inputs get no gradient
        given = inputs.clone().requires_grad_()
        losses.outputs_of(cell, parameters, given, targets, strength)[:, 3].sum().backward()
        gradients.append(given.grad[:, 0].abs().max().item())
    assert gradients[0] > 1e-4 and gradients[1] < 1e-7


@pytest.mark.parametrize("cell", ["vanilla", "gru", "mup"])
def test_in_a_closed_loop_the_inputs_are_the_outputs_of_the_steps_named(cell):
    condition = condition_of("dynamical_system", model={"cell": cell}, task={"horizon": 2, "time_steps": 6})
    groups = generate(condition)
    networks = training.train(condition, [0, 1], groups["train"], CPU, lambda line: None)
    population, ood = Population(networks.assign_attrs(condition=dumps(condition))), groups["ood"]
    inputs, fed_back = ood["inputs"].values.astype(float), ood["fed_back"].values
    states, outputs = population.run(inputs, True, fed_back)
    for network in range(2):  # given what they fed themselves, they do the same
        given = inputs.copy()
        given[:, fed_back >= 0] = outputs[network][:, fed_back[fed_back >= 0]]
        alone = population.where(population.seeds == network)
        same_states, same_outputs = alone.run(given)
        assert np.allclose(same_states[0], states[network], atol=1e-12)
        assert np.allclose(same_outputs[0], outputs[network], atol=1e-12)
    assert not np.allclose(outputs, population.run(inputs)[1])
