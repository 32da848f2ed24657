"""The recurrence of cells whose states are currents: h_{t+1} = keep h_t + W φ(h_t) + W_x x_t + b, with h_0 = 0."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from degeneracy.cells._recurrence import ACTIVATIONS, add_product, flat


@dataclass(frozen=True)
class Currents:
    """Both passes of the recurrence (see `Recurrence`), for weights as a cell's `affine` returns them."""

    width: int
    activation: str
    keep: float

    @classmethod
    def of(cls, cell) -> "Currents":
        """The recurrence of a cell of currents."""
        return cls(cell.width, cell.activation, cell.keep)

    def advance(
        self, states: Tensor, inputs: Tensor, recurrent: Tensor, input_weights: Tensor, bias: Tensor, *noise: Tensor
    ) -> tuple[Tensor]:
        """Fill the currents in place; returns the rates φ(h) (…, time, trial, unit) before each step."""
        act, after = ACTIVATIONS[self.activation].apply, states[..., 1:, :, :]
        add_product(bias[..., None, :], flat(inputs), input_weights.mT, out=flat(after))
        for each in noise:
            after += each
        source = recurrent.mT.contiguous()
        rates = torch.empty_like(after, memory_format=torch.contiguous_format)
        product = torch.empty_like(rates[..., 0, :, :], memory_format=torch.contiguous_format)
        for (before, now), rate in zip(pairwise(states.unbind(-3)), rates.unbind(-3), strict=True):
            act(rate.copy_(before))
            torch.matmul(rate, source, out=product)
            now.add_(before, alpha=self.keep).add_(product)
        return (rates,)

    def retrace(
        self,
        gradient: Tensor,
        states: Tensor,
        kept: tuple,
        inputs: Tensor,
        recurrent: Tensor,
        input_weights: Tensor,
        bias: Tensor,
        *noise: Tensor,
    ) -> tuple:
        """Gradients of the weights, from the rates that `advance` kept; noise has none."""
        (rates,), chain = kept, ACTIVATIONS[self.activation].chain
        delta = torch.empty_like(gradient, memory_format=torch.contiguous_format)  # dL/dh (…, time, trial, unit)
        product = torch.empty_like(delta[..., 0, :, :], memory_format=torch.contiguous_format)
        after = rate = None  # gradient and rate one step later
        for now, own, before in zip(*(x.unbind(-3)[::-1] for x in (delta, gradient, rates)), strict=True):
            now.copy_(own)
            if after is not None:
                chain(torch.matmul(after, recurrent, out=product), rate)
                now.add_(after, alpha=self.keep).add_(product)
            after, rate = now, before
        weights = flat(delta).mT @ flat(rates), flat(delta).mT @ flat(inputs), delta.sum((-3, -2))
        return *weights, *(None for _ in noise)
