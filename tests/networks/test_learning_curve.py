import numpy as np
import torch
import xarray as xr

from conftest import make_condition
from degeneracy.cells import vanilla
from degeneracy.networks import training

STRENGTHS, START, RATE = np.array([1.5, 1.0, 0.5]), 0.01, 0.03


def test_a_linear_network_learns_along_the_closed_form_of_saxe_2014(monkeypatch):
    """Two layers on white inputs, from small and balanced weights: each mode of strength s grows as a sigmoid,

    u(t) = s e^{2st/τ} / (e^{2st/τ} − 1 + s/u₀), where 1/τ is the rate at which the gradient of the loss moves a weight.
    """
    generator = np.random.default_rng(0)
    left, right, hidden = (np.linalg.qr(generator.standard_normal((size, size)))[0] for size in (3, 3, 8))
    white = 2 * np.eye(4)[:, :3] - 0.5  # four trials: mean 0
    white = np.linalg.qr(white - white.mean(0))[0] * 2  # (trial, input), with covariance 1
    targets = white @ (left * STRENGTHS @ right.T).T
    given = {
        "inputs": (("trial", "time", "input"), white[:, None]),
        "targets": (("trial", "time", "output"), targets[:, None]),
        "mask": (("trial", "time"), np.ones((4, 1))),
    }
    trials = xr.Dataset(given).astype("float32")
    begin = {
        "recurrent_weights": np.zeros((8, 8)),
        "input_weights": START**0.5 * hidden[:, :3] @ right.T,
        "bias": np.zeros(8),
        "readout_weights": START**0.5 * left @ hidden[:, :3].T,
        "readout_bias": np.zeros(3),
    }
    monkeypatch.setattr(vanilla.Cell, "initialise", lambda *_: begin)
    condition = make_condition(
        model={"activation": "linear"},
        training={
            **{"optimiser": "sgd", "momentum": 0, "learning_rate": RATE, "gradient_clip": 1e6, "threshold": 1e-9},
            **{"epochs": 50, "steps_per_epoch": 10, "batch_size": 4, "plateau_patience": 1000},
        },
    )
    found = training.train(condition, [0], trials, torch.device("cpu"), report=lambda line: None)["loss"].values[0]
    steps = np.arange(500)[:, None]
    growth = np.exp(2 * STRENGTHS * steps * RATE * 2 / 3)  # the loss is a mean over 3 outputs, so 1/τ = 2/3 of the rate
    modes = STRENGTHS * growth / (growth - 1 + STRENGTHS / START)
    expected = np.mean((STRENGTHS - modes) ** 2, axis=1).reshape(50, 10).mean(1)
    np.testing.assert_allclose(found, expected, atol=0.02 * expected[0])
    assert expected[-1] < 0.05 * expected[0]
