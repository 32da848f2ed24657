"""A rate network that loses units one after the other, each merged with another one or replaced by its mean.

The network is that of `RateCell.affine`: currents a, rates r = φ(a), outputs y = O r + o,

    a_{t+1} = keep · a_t + R r_t + I x_{t+1} + b.

Unit j goes: where its rate was needed, we put the linear function α r_i + β of the rate of another unit that comes
nearest to it over all trials and steps (α = 0: its mean), so that R_{·i} += α R_{·j} and b += β R_{·j}, and the same
for the readout. Iterative feature merging (Chen et al. 2024) merges in the same order, most alike first, but averages
the two units.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from degeneracy.metrics._trials import Trials

TRIED = 8  # units that are tried at once, those first whose loss should change the outputs least
WEIGHTS = ("recurrent", "inputs", "bias", "readout", "readout_bias")


@dataclass(frozen=True)
class Network:
    """Weights of one network, or (candidate, …) of several with equally many units."""

    activation: str
    keep: float
    start: float  # rate of a unit before the first step
    recurrent: Tensor  # (unit, source_unit)
    inputs: Tensor  # (unit, input)
    bias: Tensor  # (unit)
    readout: Tensor  # (output, unit)
    readout_bias: Tensor  # (output)

    @classmethod
    def of(cls, cell, parameters: dict[str, Tensor]) -> "Network":
        """The network (network, …) of a cell of rates."""
        weights = cell.affine(parameters)
        bias, readout_bias = weights[2], weights[4]
        # states are 0 before the first step; where they are rates, and not currents, outputs are then the bias
        outputs = cell.readout(parameters, torch.zeros_like(bias)[:, None])[:, 0]
        start = 0.0 if torch.equal(outputs, readout_bias) else float(_activation(cell.activation)(torch.zeros(())))
        return cls(cell.activation, cell.keep, start, *weights)

    @classmethod
    def side_by_side(cls, networks: list["Network"]) -> "Network":
        """Networks with equally many units as one (candidate, …)."""
        parts = {name: torch.cat([getattr(each, name) for each in networks]) for name in WEIGHTS}
        return replace(networks[0], **parts)

    def rates(self, inputs: Tensor) -> Tensor:
        """Rates (candidate, time, trial, unit) under inputs (time, trial, input)."""
        drives = inputs @ self.inputs.mT[:, None] + self.bias[:, None, None]  # (candidate, time, trial, unit)
        rate, current = torch.full_like(drives[:, 0], self.start), torch.zeros_like(drives[:, 0])
        activation, source, found = _activation(self.activation), self.recurrent.mT, torch.empty_like(drives)
        for step, drive in enumerate(drives.unbind(1)):
            current = torch.baddbmm(drive, rate, source).add_(current, alpha=self.keep)
            found[:, step] = rate = activation(current)
        return found

    def losses(self, trials: Trials) -> Tensor:
        """Masked loss (candidate) on some trials."""
        return trials.loss_of(self.rates(trials.inputs) @ self.readout.mT[:, None] + self.readout_bias[:, None, None])


def _activation(name: str):
    return (lambda current: current) if name == "linear" else getattr(torch.nn.functional, name)


def without(network: Network, unit: int, partner: int, share: float, constant: float) -> Network:
    """The network (1, …) without a unit, whose rate becomes `share` times that of a partner plus a constant."""
    left = torch.arange(network.bias.shape[1]) != unit
    changed = {}
    for columns, bias in (("recurrent", "bias"), ("readout", "readout_bias")):
        matrix = getattr(network, columns).clone()
        changed[bias] = getattr(network, bias) + constant * matrix[..., unit]
        matrix[..., partner] += share * matrix[..., unit]
        changed[columns] = matrix[..., left]
    return replace(
        network,
        recurrent=changed["recurrent"][:, left],
        inputs=network.inputs[:, left],
        bias=changed["bias"][:, left],
        readout=changed["readout"],
        readout_bias=changed["readout_bias"],
    )


def reduced(network: Network, trials: Trials, limit: float) -> tuple[Network, int]:
    """What is left of a network (1, …) while its loss stays within a limit, and how many units had no partner.

    Of the units that are tried together, the one without which the loss is lowest goes. It ends where no unit can go.
    """
    constants = 0
    while network.bias.shape[1] > 1:
        tried = [(without(network, *each), each) for each in candidates(network, trials)]
        for begin in range(0, len(tried), TRIED):
            some = tried[begin : begin + TRIED]
            losses = Network.side_by_side([each for each, _ in some]).losses(trials)
            best = int(losses.nan_to_num(torch.inf).argmin())
            if losses[best] <= limit:
                network, (_, _, share, _) = some[best]
                constants += share == 0
                break
        else:
            break
    return network, constants


def candidates(network: Network, trials: Trials) -> list[tuple[int, int, float, float]]:
    """Each unit with its partner, α and β, the one whose loss should change the drives and outputs least first.

    That is estimated as the variance that its partner leaves unexplained, times the square of its outgoing weights.
    """
    samples = network.rates(trials.inputs)[0].flatten(0, 1)  # (sample, unit)
    mean = samples.mean(0)
    covariance = (samples - mean).mT @ (samples - mean) / len(samples)  # (unit, unit)
    variance = covariance.diagonal().clone()
    known = variance > 1e-20 * (1 + mean.square())  # those of other units explain nothing
    slopes = covariance / torch.where(known, variance, torch.inf)  # (unit, partner)
    explained = (slopes * covariance).fill_diagonal_(0)
    partner = explained.argmax(1)
    every = torch.arange(len(mean))
    slope = torch.where(known & (explained[every, partner] > 0), slopes[every, partner], 0.0)
    outgoing = network.recurrent[0].square().fill_diagonal_(0).sum(0) + network.readout[0].square().sum(0)
    cost = (variance - explained[every, partner]).clamp_min(0) * outgoing
    constant = mean - slope * mean[partner]
    rows = zip(every.tolist(), partner.tolist(), slope.tolist(), constant.tolist(), strict=True)
    return [row for _, row in sorted(zip(cost.tolist(), rows, strict=True))]
