"""The losses of training, and teacher forcing: both need the outputs of every step, which torch computes.

Teacher forcing (generalised: Hess et al. 2023, eq. 7) is for networks that generate a trajectory by themselves. After
each step, the state z_t that made the output y_t is replaced by

    (1 − α) z_t + α ẑ_t,    ẑ_t = z_t + W_o⁺ (target_t − y_t)

with the pseudo-inverse W_o⁺ of the readout. Of all states whose output is the target, ẑ_t is the one nearest to z_t, so
that only what the readout sees is forced. If the readout is the identity on the first units, these units are forced
and the others are left alone, as in Hess et al. The loss compares y_t, the output before forcing.
"""

import torch
from torch import Tensor

from degeneracy.cells import Cell

FREE_MSE = {"loss": "mse", "teacher_forcing": 0}  # what every backend computes


def plain(options: dict) -> bool:
    """Whether the options of training ask for the MSE of free networks, which every backend computes."""
    return all(options[name] == value for name, value in FREE_MSE.items())


def suited(backend: str, options: dict) -> tuple[str, str]:
    """Backend for the loss and the forcing that the options ask for, and why it is not the given one, or ""."""
    if options["teacher_forcing"] and backend != "reference":
        return "reference", f"the backend {backend} knows no teacher forcing"
    if not plain(options) and backend == "cpu":
        return "reference", "the compiled code knows no loss but the MSE"
    if not plain(options) and backend.startswith("fused"):
        return "cuda", "the fused kernel knows no loss but the MSE"
    return backend, ""


def step_loss(kind: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """Loss (…) of outputs and targets (…, output).

    `mse` is the mean over outputs of the squared error. `cross_entropy` is −Σ target · log softmax(outputs), in nats.
    """
    if kind == "cross_entropy":
        return -(targets * outputs.log_softmax(-1)).sum(-1)
    return (outputs - targets).square().mean(-1)


def masked_loss(
    cell: Cell, parameters: dict[str, Tensor], inputs, targets, mask, options: dict, noise: Tensor | None = None
) -> Tensor:
    """Mean loss (network) over the steps that count, of trials (network, time, trial, …); see `outputs_of`."""
    outputs = outputs_of(cell, parameters, inputs, targets, options["teacher_forcing"], noise)
    return (step_loss(options["loss"], outputs, targets) * mask).sum((1, 2)) / mask.sum((1, 2))


def outputs_of(
    cell: Cell,
    parameters: dict[str, Tensor],
    inputs: Tensor,
    targets: Tensor,
    strength: float,
    noise: Tensor | None = None,
) -> Tensor:
    """Outputs (network, time, trial, output) of networks that are forced with a strength α, 0 for not at all.

    `noise` (network, time, trial, unit) of SD 1 is for cells that have it; networks that are forced have none.
    """
    if not strength:
        return cell.readout(parameters, cell.states(parameters, inputs, *([] if noise is None else [noise])))
    networks = zip(*parameters.values(), inputs, targets, strict=True)  # one by one: products of matrices are fast
    return torch.stack(
        [
            _forced(cell, dict(zip(parameters, weights, strict=True)), given, wanted, strength)
            for *weights, given, wanted in networks
        ]
    )


def _forced(cell: Cell, parameters: dict[str, Tensor], inputs: Tensor, targets: Tensor, strength: float) -> Tensor:
    """Outputs (time, trial, output) of one network that is forced."""
    weights, bias = parameters["readout_weights"], parameters["readout_bias"]
    # the readout of the correction gets no gradient: the data-implied state is data
    inverse = torch.linalg.pinv(weights.detach()).mT  # (output, unit)
    state, outputs = inputs.new_zeros(inputs.shape[1], cell.width), []
    for now, target in zip(inputs, targets, strict=True):
        state = cell.step(parameters, state, now)  # (trial, unit)
        outputs.append(torch.addmm(bias, state, weights.mT))
        seen = torch.addmm(bias.detach(), state, weights.detach().mT)
        state = torch.addmm(state, target - seen, inverse, alpha=strength)
    return torch.stack(outputs)
