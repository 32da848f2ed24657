"""How much training rotated the neural tangent kernel: Tr(K_T K_0) / (‖K_T‖_F ‖K_0‖_F). It is 1 if the kernel is the
same as before training (lazy learning), and smaller the more features a network learned (Huang et al. 2025, sec. 3.4).

K = J Jᵀ, where J is the Jacobian (row, parameter) of the outputs with respect to all parameters. A row is an output of
a probe trial at a step. The kernel of all rows would not fit into memory. We therefore take `steps` steps of each of
the first `trials` trials, evenly spaced over the steps that count in the loss, with all outputs. On those rows the
kernel is exact. Recurrent weights that a sparse network lacks are no parameters.

With few trials the alignment is too large, the more so the more outputs there are: networks of 128
units trained on the flip-flop with 1, 2 and 3 bits have 0.11, 0.16 and 0.20 with 8 trials, but 0.11, 0.14 and 0.16 with
48.

The alignment also depends on the kernel before training, which training does not change. There one direction per output
holds 82, 71 and 62% of the trace with 1, 2 and 3 bits, because untrained states depend little on the trial if there are
few inputs. So the alignment rises with the number of bits even though the weights change more.
"""

from typing import Annotated

import numpy as np
import torch

from degeneracy.devices import to_device, to_numpy
from degeneracy.metrics._weights import MATRIX
from degeneracy.plugins.options import Range

LEVEL = "learning"
GPU = True
MEASURES = {"value": ("kernel alignment", "1")}
SYMMETRY = "signed"
NEEDS = ("readout", "untrained", "inputs")
RANGE = {"value": (0, 1)}
ROWS_AT_ONCE = 64  # each has its own copy of the parameters


def value(
    population, *, trials: Annotated[int, Range(1)] = 32, steps: Annotated[int, Range(1)] = 8
) -> dict[str, np.ndarray]:
    """Alignment (network) of the kernels before and after training, and `growth`, the ratio of their norms."""
    probe = population.trials("probe").isel(trial=slice(trials))
    inputs = to_device(probe["inputs"].values, population.device)
    rows = chosen_rows(probe["mask"].values, steps, probe.sizes["output"])
    cell, before = population.cell, population.initial_parameters
    alignment, growth, networks = [], [], population.networks
    sparse = "connectivity_mask" in networks
    masked = [name for name in before if sparse and networks[name].dims[1:] == MATRIX]
    for network in range(len(population.seeds)):
        masks = {name: to_device(networks["connectivity_mask"].values[network], population.device) for name in masked}
        first, last = (
            kernel(
                cell, {name: to_device(x[network], population.device) for name, x in each.items()}, inputs, rows, masks
            )
            for each in (before, population.parameters)
        )
        norms = np.linalg.norm(first), np.linalg.norm(last)
        alignment.append(np.sum(first * last) / (norms[0] * norms[1]))
        growth.append(norms[1] / norms[0])
    return {"value": np.array(alignment), "growth": np.array(growth)}


def chosen_rows(mask: np.ndarray, steps: int, outputs: int) -> np.ndarray:
    """Rows (row, 3) of trial, step and output: evenly spaced steps of each trial where mask (trial, time) is not 0."""
    rows = []
    for trial, weights in enumerate(mask):
        counted = np.flatnonzero(weights)
        places = np.unique(np.linspace(0, len(counted) - 1, min(steps, len(counted))).round().astype(int))
        rows += [(trial, step, output) for step in counted[places] for output in range(outputs)]
    return np.array(rows)


def kernel(cell, parameters: dict, inputs: torch.Tensor, rows: np.ndarray, masks: dict | None = None) -> np.ndarray:
    """Neural tangent kernel (row, row) of one network, on inputs (trial, time, input).

    `masks` are 1 where an entry of a parameter is trained and 0 elsewhere, for parameters that have such entries.

    Each row runs as a separate network with its own copy of the parameters, so that one backward pass of the cell gives
    the gradient of every row. Steps after that of the row are left out, because they do not change it.
    """
    jacobian = []  # blocks (row, parameter)
    order = np.argsort(rows[:, 1], kind="stable")  # rows of similar length together
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        trial, step, output = torch.as_tensor(rows[order[begin : begin + ROWS_AT_ONCE]]).T
        copies = {name: x.expand(len(trial), *x.shape).clone().requires_grad_() for name, x in parameters.items()}
        drive = inputs[trial, : int(step.max()) + 1][:, :, None]  # (row, time, 1, input)
        used = copies | {name: copies[name] * mask for name, mask in (masks or {}).items()}
        answers = cell.readout(used, cell.states(used, drive))[:, :, 0]  # (row, time, output)
        chosen = answers[torch.arange(len(trial)), step, output].sum()
        gradients = torch.autograd.grad(chosen, list(copies.values()))
        jacobian.append(torch.cat([one.flatten(1) for one in gradients], dim=1))
    jacobian = torch.cat(jacobian)[torch.as_tensor(np.argsort(order))]
    return to_numpy(jacobian @ jacobian.T)
