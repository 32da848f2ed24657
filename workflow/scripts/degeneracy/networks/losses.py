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


def plain(options: dict) -> bool:
    """Whether the options of training ask for the MSE of free networks, which every backend computes."""
    return options["loss"] == "mse" and not options["teacher_forcing"]


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


def masked_loss(cell: Cell, parameters: dict[str, Tensor], inputs, targets, mask, options: dict) -> Tensor:
    """Mean loss (network) over the steps that count, of trials (network, time, trial, …)."""
    outputs = outputs_of(cell, parameters, inputs, targets, options["teacher_forcing"])
    return (step_loss(options["loss"], outputs, targets) * mask).sum((1, 2)) / mask.sum((1, 2))


def outputs_of(cell: Cell, parameters: dict[str, Tensor], inputs: Tensor, targets: Tensor, strength: float) -> Tensor:
    """Outputs (network, time, trial, output) of networks that are forced with a strength α, 0 for not at all."""
    if not strength:
        return cell.readout(parameters, cell.states(parameters, inputs))
    lifted = {name: value[:, None] for name, value in parameters.items()}  # (network, trial, …)
    inverse = torch.linalg.pinv(parameters["readout_weights"].detach()).mT  # (network, output, unit)
    state, outputs = inputs.new_zeros(len(inputs), inputs.shape[2], cell.width), []
    for now, target in zip(inputs.unbind(1), targets.unbind(1), strict=True):
        state = cell.step(lifted, state, now)  # (network, trial, unit)
        outputs.append(cell.readout(parameters, state))
        # the readout of the correction gets no gradient: the data-implied state is data
        seen = cell.readout({name: value.detach() for name, value in parameters.items()}, state)
        state = state + strength * (target - seen) @ inverse
    return torch.stack(outputs, dim=1)
