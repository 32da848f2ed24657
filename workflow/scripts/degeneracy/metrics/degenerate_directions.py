"""Directions of the space of parameters that change no output, and where they come from (Bushnaq et al. 2024).

There are three sources. Linearly dependent activations: a weight can be moved from one unit to others.
Linearly dependent gradients of the outputs by what arrives at the units: what one unit receives can be moved to others.
And synchronised nonlinearities: units that saturate, or are silent, at the same times. All of them lower the functional
dimension, the rank of the Jacobian of the outputs by the parameters (Grigsby et al. 2023), below the number of
parameters.

Where an RNN needs a choice, it is ours. All steps of the first `trials` probe trials that count in the loss are equal.
Activations are the rates that recurrent weights act on, with the constant 1 beside them, because a constant unit is a
bias. Gradients are those of random sums of all outputs by the bias at each step, or by the state if the cell has no
bias. A unit is saturated within `saturation` of an end of the range of its activation, or where a rectified unit is
silent. Units with the same pattern over all steps, up to its sign, are synchronised, and so is a unit with a constant
pattern. A rank counts the singular values above `tolerance` times the largest one. The Jacobian is seen through `rows`
random sums of its rows: its rank cannot be more, and is counted too low where it comes near. With 1536 rows, flip-flop
networks of 64 units with 2, 3 and 4 bits had 3, 6 and 9% more, in almost the same order (correlations of 0.98 to 0.99).
"""

from typing import Annotated

import numpy as np

from degeneracy.plugins.options import Range

LEVEL = "weights"
GPU = True
MEASURES = {
    "value": ("functional dimension per parameter", "1"),
    "activations": ("linearly dependent activations", "1"),
    "gradients": ("linearly dependent gradients", "1"),
    "synchronised": ("synchronised units", "1"),
}
SYMMETRY = "signed"
NEEDS = ("readout", "inputs", "targets")
RANGE = {"value": (0, 1), "activations": (0, None), "gradients": (0, None), "synchronised": (0, None)}
GRADIENTS = 8  # random sums of outputs


def value(
    population,
    *,
    trials: Annotated[int, Range(1)] = 8,
    rows: Annotated[int, Range(1)] = 768,
    tolerance: Annotated[float, Range(0, 1)] = 0.01,
    saturation: Annotated[float, Range(0, 1)] = 0.01,
) -> dict[str, np.ndarray]:
    """The measures (network), the functional `dimension`, and `singular_values` (network, row) of the Jacobian."""
    from degeneracy.metrics import _loss  # which loads torch
    from degeneracy.metrics._trials import Trials

    def of_network(loss, vector) -> dict:
        return counts_of(loss, vector, rows, tolerance, saturation)

    return _loss.of_each(population, Trials.of(population, "probe", trials), MEASURES, of_network)


def counts_of(loss, vector, rows: int, tolerance: float, saturation: float) -> dict:
    """What `value` returns, of one network."""
    import torch

    from degeneracy.metrics import _directions

    parameters, width = loss.parameters(vector), loss.cell.width
    with torch.no_grad():
        rates = _directions.rates_of(loss.cell, loss.run(parameters)[0])
    gradients = _directions.gradients_of_arrivals(loss, parameters, GRADIENTS)[..., :width]
    beside_1 = torch.cat([torch.ones_like(rates[..., :1]), rates], -1)
    sizes = _directions.span(_directions.jacobian(loss, vector, min(rows, 2 * len(vector))))
    dimension = _directions.rank(sizes, tolerance)
    return {
        "value": dimension / len(vector),
        "activations": 1 + width - _directions.rank(_directions.span(beside_1), tolerance),
        "gradients": width - _directions.rank(_directions.span(gradients), tolerance),
        "synchronised": _directions.synchronised(loss.cell, rates.flatten(0, 1).cpu().numpy(), saturation),
        "dimension": dimension,
        "singular_values": sizes,
    }
