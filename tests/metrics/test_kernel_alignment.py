import json

import numpy as np
import pytest
import torch

from degeneracy.cells import vanilla
from degeneracy.measurement import measure as measuring
from degeneracy.metrics import kernel_alignment
from degeneracy.plugins.discovery import make_cell
from populations import normal, random, random_parameters


def small_networks(trained, activation, width=5):
    condition = json.loads(json.dumps(trained.condition))
    condition["model"] |= {"activation": activation, "width": width}
    cell = make_cell(condition)
    return cell, {
        name: torch.as_tensor(x) for name, x in cell.initialise(np.random.default_rng(1), inputs=3, outputs=2).items()
    }


@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_kernel_is_that_of_the_dense_jacobian_of_the_step_recursion(activation, trained):
    cell, parameters = small_networks(trained, activation)
    inputs = torch.as_tensor(random(3, 6, 3))  # (trial, time, input)
    rows = kernel_alignment.chosen_rows(np.ones((3, 6)), 2, 2)
    assert rows.tolist() == [[trial, step, output] for trial in range(3) for step in (0, 5) for output in (0, 1)]
    names = list(parameters)

    def answers(*values):
        named = dict(zip(names, values, strict=True))
        recurrent, bias = named["recurrent_weights"], named["bias"]
        act = torch.tanh if activation == "tanh" else torch.nn.functional.softplus
        state, outputs = torch.zeros(3, 5, dtype=torch.float64), []
        for now in inputs.unbind(1):
            state = act(state @ recurrent.T + now @ named["input_weights"].T + bias)
            outputs.append(state @ named["readout_weights"].T + named["readout_bias"])
        return torch.stack(outputs, 1)[tuple(rows.T)]  # (row,)

    dense = torch.autograd.functional.jacobian(answers, tuple(parameters.values()))
    jacobian = torch.cat([one.reshape(len(rows), -1) for one in dense], 1)
    found = kernel_alignment.kernel(cell, parameters, inputs, rows)
    assert np.allclose(found, jacobian @ jacobian.T, rtol=1e-9)


def test_kernel_does_not_depend_on_how_many_rows_are_taken_at_once(trained, monkeypatch):
    cell, parameters = small_networks(trained, "tanh")
    inputs, rows = torch.as_tensor(random(3, 6, 3)), kernel_alignment.chosen_rows(np.ones((3, 6)), 6, 2)
    whole = kernel_alignment.kernel(cell, parameters, inputs, rows)
    monkeypatch.setattr(kernel_alignment, "ROWS_AT_ONCE", 5)
    assert np.allclose(kernel_alignment.kernel(cell, parameters, inputs, rows), whole, rtol=1e-9)


def test_kernel_rows_count_in_the_loss():
    mask = np.array([[0, 0, 1, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0.0]])
    assert kernel_alignment.chosen_rows(mask, 2, 1).tolist() == [[0, 2, 0], [0, 4, 0], [1, 4, 0]]


def test_kernel_alignment_is_one_before_training_and_less_after(trained):
    assert np.allclose(measuring.measure("kernel_alignment", trained.untrained(), {"trials": 2})["value"], 1)
    learnt = measuring.measure("kernel_alignment", trained, {"trials": 2})
    assert np.all((learnt["value"] > 0) & (learnt["value"] < 0.9)) and np.all(learnt["growth"] > 1)


def test_kernel_alignment_is_the_cosine_of_the_kernels_and_growth_the_quotient_of_their_norms(trained):
    probe = trained.trials("probe").isel(trial=slice(2))
    rows = kernel_alignment.chosen_rows(probe["mask"].values, 3, 3)
    found = measuring.measure("kernel_alignment", trained, {"trials": 2, "steps": 3})
    for network in (0, 1):
        before, after = (
            kernel_alignment.kernel(
                make_cell(trained.condition),
                {name: torch.as_tensor(x[network]).double() for name, x in parameters.items()},
                torch.as_tensor(probe["inputs"].values).double(),
                rows,
            )
            for parameters in (trained.initial_parameters, trained.parameters)
        )
        norms = np.linalg.norm(before), np.linalg.norm(after)
        cosine = np.trace(after @ before) / (norms[0] * norms[1])
        assert found["value"].values[network] == pytest.approx(cosine)
        assert found["growth"].values[network] == pytest.approx(norms[1] / norms[0])


def test_weights_that_a_sparse_network_lacks_are_no_parameters_of_its_kernel():
    """A vanilla cell of one unit: without its only recurrent weight, the kernel is that of the other parameters."""
    cell = vanilla.Cell(width=1)
    parameters = {name: value[0] for name, value in random_parameters(cell, 1).items()}
    parameters["recurrent_weights"][:] = 0
    inputs, rows = normal(1, 2, 2), np.array([[0, 1, 0]])
    without, with_it = (
        kernel_alignment.kernel(cell, parameters, inputs, rows, {"recurrent_weights": torch.tensor([[share]]).double()})
        for share in (0.0, 1.0)
    )
    states = cell.states({name: value[None] for name, value in parameters.items()}, inputs.transpose(0, 1)[None])
    first, last = states[0, :, 0, 0]
    by_weight = parameters["readout_weights"][0, 0] * (1 - last**2) * first
    assert with_it.item() - without.item() == pytest.approx(by_weight.item() ** 2)
    assert by_weight != 0 and with_it == kernel_alignment.kernel(cell, parameters, inputs, rows)
