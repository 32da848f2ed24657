"""Networks as modules of torch.nn: what is read of the user's modules, and ours as such modules."""

from collections.abc import Iterator

import numpy as np
import torch

from degeneracy.errors import UserError
from degeneracy.interface import state_dicts
from degeneracy.interface.given import is_population
from degeneracy.networks.population import Population

LAYERS = {
    torch.nn.RNN: "vanilla",
    torch.nn.RNNCell: "vanilla",
    torch.nn.GRU: "gru",
    torch.nn.GRUCell: "gru",
    torch.nn.LSTM: "lstm",
    torch.nn.LSTMCell: "lstm",
}
EXPORTED = {"vanilla": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


def model_of(module: torch.nn.Module, where: str) -> dict[str, str]:
    """The cell of the one recurrent layer of a module and its options. Raises UserError if there is no such layer."""
    layers = [each for each in module.modules() if isinstance(each, tuple(LAYERS))]
    if len(layers) != 1:
        raise UserError(
            f"{where}: given {type(module).__name__} with {len(layers)} recurrent layers, must have one of torch.nn "
            "(RNN, GRU, LSTM or their cells) or a method step(state, input) that returns the next state"
        )
    kind = next(cell for layer, cell in LAYERS.items() if isinstance(layers[0], layer))
    return {"cell": kind} | ({"activation": layers[0].nonlinearity} if kind == "vanilla" else {})


def modules(population: Population) -> list[torch.nn.ModuleDict]:
    """The networks of a population as modules of torch.nn.

    Each is a `ModuleDict` of `rnn`, a `torch.nn.RNN`, `GRU` or `LSTM` with `batch_first=True`, and, if the network has
    outputs, `readout`, a `torch.nn.Linear`. `module.state_dict()` is its state dict, and `degeneracy.population` reads
    both again. Raises UserError for a cell that torch.nn does not have.

    >>> import degeneracy, torch
    >>> population = degeneracy.population([torch.nn.GRU(2, 8), torch.nn.GRU(2, 8)])
    >>> degeneracy.modules(population)[0]["rnn"]
    GRU(2, 8, batch_first=True)
    """
    return list(_exported(population))


def _exported(population: Population) -> Iterator[torch.nn.ModuleDict]:
    model, parameters = is_population(population, "modules").condition["model"], population.parameters
    activation = model.get("activation", "tanh")
    if model.get("cell") not in EXPORTED or activation not in ("tanh", "relu"):
        given = f"{model.get('cell', 'a module of your own')}" + (
            f" with {activation}" if "activation" in model else ""
        )
        raise UserError(f"modules: given {given}, must be vanilla (tanh or relu), gru or lstm, which torch.nn has")
    options = {"nonlinearity": activation} if model["cell"] == "vanilla" else {}
    for index in range(len(population.seeds)):
        layer, readout = state_dicts.write(model["cell"], {name: each[index] for name, each in parameters.items()})
        inputs, width = layer["weight_ih_l0"].shape[1], layer["weight_hh_l0"].shape[1]
        made = {"rnn": EXPORTED[model["cell"]](inputs, width, batch_first=True, **options)}
        states = {"rnn": layer}
        if len(readout["bias"]):
            made["readout"] = torch.nn.Linear(width, len(readout["bias"]))
            states["readout"] = readout
        for name, module in made.items():
            kept = {key: torch.as_tensor(np.array(value)) for key, value in states[name].items()}
            module.to(kept["weight_hh_l0" if name == "rnn" else "weight"].dtype).load_state_dict(kept)
        yield torch.nn.ModuleDict(made)
