"""Which network a training stores, and what its status says, where the answers are known.

Instead of training, each epoch here reports a given mean loss and leaves a network of a given constant output, whose
loss on the training trials follows from the targets alone.
"""

import numpy as np
import pytest
import torch

from conftest import make_condition
from degeneracy.networks import epoch, training
from degeneracy.status import Status
from degeneracy.trials.generate import generate

NAN = float("nan")
BELOW, ABOVE = 1.0, 9.0  # mean losses of an epoch, for the threshold of these conditions
THRESHOLD = 1.5  # a constant output of 0 has a loss near 1, an output of 1 one near 2


def train(condition, seeds, report=lambda line: None, trials=None):
    trials = generate(condition)["train"] if trials is None else trials
    return training.train(condition, seeds, trials, torch.device("cpu"), report)


def scripted(monkeypatch, means, outputs, report=lambda line: None, **options):
    """The outcome of trainings, one a list of mean losses and a list of constant outputs, and their condition."""

    def run_epoch(group, order, prepare):
        yield
        group.parameters.zero_()
        for row, network in enumerate(group.networks):
            group.named(group.parameters)["readout_bias"][row] = outputs[network.seed][group.epoch]
        losses = np.array([means[network.seed][group.epoch] for network in group.networks])
        group.epoch += 1
        return losses

    monkeypatch.setattr(epoch, "run_epoch", run_epoch)
    condition = make_condition(training={"epochs": 9, "threshold": THRESHOLD, "patience": 2} | options)
    return train(condition, range(len(means)), report), condition


def loss_of_output(condition, output):
    trials = generate(condition)["train"]
    squared = ((output - trials["targets"].values.astype(float)) ** 2).mean(-1)
    return (squared * trials["mask"].values).sum() / trials["mask"].values.sum()


def test_the_stored_network_is_the_best_evaluated_one_within_the_patience(monkeypatch):
    means = [ABOVE, BELOW, ABOVE, ABOVE, BELOW]
    outputs = [0, 0.5, 0.2, 0.4, 0]  # 0 is best, but comes before the crossing and after the patience
    result, condition = scripted(monkeypatch, [means], [outputs])
    assert result["epochs"].item() == 4 and result["epoch_reached"].item() == 2
    assert result["epoch_stored"].item() == 3
    assert np.all(result["readout_bias"] == np.float32(0.2)) and np.all(result["recurrent_weights"] == 0)
    assert result["final_loss"].item() == pytest.approx(loss_of_output(condition, 0.2), rel=1e-5)
    assert result["loss"].values[0].tolist() == means[:4]


def test_without_patience_the_network_of_the_first_epoch_below_the_threshold_is_stored(monkeypatch):
    result, _ = scripted(monkeypatch, [[ABOVE, BELOW, BELOW]], [[0, 0.5, 0]], patience=0)
    assert result["epochs"].item() == result["epoch_stored"].item() == 2


def test_a_network_has_converged_only_if_its_evaluated_loss_is_below_the_threshold(monkeypatch):
    crossing, never = [ABOVE, BELOW, BELOW, BELOW], [ABOVE] * 4
    result, condition = scripted(
        monkeypatch, [crossing, crossing, never, never], [[1] * 4, [0] * 4, [1] * 4, [1, 1, 1, 0]], epochs=4
    )
    assert result["epoch_reached"].values.tolist() == [2, 2, 0, 0]
    assert result["status"].values.tolist() == [
        Status.NOT_CONVERGED,  # the mean loss of an epoch crosses the threshold, the evaluated network does not
        Status.CONVERGED,
        Status.NOT_CONVERGED,
        Status.CONVERGED,  # the mean loss never crosses the threshold, the network after the last epoch does
    ]
    losses = [loss_of_output(condition, output) for output in (1, 0, 1, 0)]
    assert losses[0] > THRESHOLD > losses[1]
    assert result["final_loss"].values == pytest.approx(losses, rel=1e-5)


def test_training_stops_patience_epochs_after_the_threshold(monkeypatch):
    means = [[ABOVE, BELOW] + [ABOVE] * 7, [ABOVE] * 8 + [BELOW], [ABOVE] * 9]
    result, _ = scripted(monkeypatch, means, [[0] * 9] * 3)
    assert result["epochs"].values.tolist() == [4, 9, 9]  # second epoch + 2, the last one, the last one
    assert result["epoch_reached"].values.tolist() == [2, 9, 0]
    assert np.isnan(result["loss"].values[0, 4:]).all()


def test_a_network_that_diverges_stops_and_the_others_go_on(monkeypatch):
    lines = []
    means = [[ABOVE, NAN, ABOVE], [ABOVE, BELOW, NAN], [ABOVE, BELOW, NAN], [ABOVE] * 3]
    outputs = [[0, NAN, 0], [0, 0.3, NAN], [0, 1, NAN], [1] * 3]
    result, condition = scripted(monkeypatch, means, outputs, lines.append, epochs=3)
    assert result["epochs"].values.tolist() == [2, 3, 3, 3]
    assert result["status"].values.tolist() == [
        Status.DIVERGED,
        Status.CONVERGED,  # what is stored is the network before it diverged
        Status.DIVERGED,  # stored is a network above the threshold
        Status.NOT_CONVERGED,
    ]
    assert result["epoch_stored"].values.tolist() == [2, 2, 2, 3]
    expected = [NAN, *(loss_of_output(condition, output) for output in (0.3, 1, 1))]
    assert result["final_loss"].values == pytest.approx(expected, rel=1e-5, nan_ok=True)
    assert np.isfinite(result["readout_bias"].values[1:]).all() and np.isnan(result["readout_bias"].values[0]).all()
    assert "diverged 2" in lines[-1] and "converged 1/4" in lines[-1]


def test_the_final_loss_is_that_of_the_stored_network_on_all_training_trials(monkeypatch):
    monkeypatch.setattr(epoch, "EVALUATED", 7)  # trials at once, of 64
    condition = make_condition(training={"epochs": 3, "steps_per_epoch": 4, "threshold": 1e-9})
    trials = generate(condition)["train"]
    mask = np.random.default_rng(0).random(trials["mask"].shape) < 0.6
    trials = trials.assign(mask=(trials["mask"].dims, mask.astype(np.float32)))
    result = train(condition, [0, 3], trials=trials)
    for row in range(2):
        weights = {name: result[name].values[row].astype(float) for name in result.attrs["parameters"].split()}
        state, squared = np.zeros((trials.sizes["trial"], 8)), []
        for step in range(trials.sizes["time"]):
            drive = trials["inputs"].values[:, step] @ weights["input_weights"].T + weights["bias"]
            state = np.tanh(state @ weights["recurrent_weights"].T + drive)
            output = state @ weights["readout_weights"].T + weights["readout_bias"]
            squared.append(((output - trials["targets"].values[:, step]) ** 2).mean(-1))
        expected = (np.stack(squared, 1) * mask).sum() / mask.sum()
        assert result["final_loss"].values[row] == pytest.approx(expected, rel=1e-5)
        assert result["final_loss"].values[row] < result["loss"].values[row, -1], "the mean lags behind"


def test_the_time_left_is_said_from_the_epoch_on_from_which_it_is_known(monkeypatch):
    lines = []
    scripted(monkeypatch, [[ABOVE * 0.9**epoch for epoch in range(6)]], [[1] * 6], lines.append, epochs=6)
    said = ["left" in line for line in lines if line.startswith("epoch")]
    assert said == [False, False, True, True, True, True]
