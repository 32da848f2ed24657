"""The recurrent weights that metrics compare, whichever parameters of the cell they are made of."""

import numpy as np

from degeneracy.networks.population import Population

MATRIX = ("unit", "source_unit")  # dims of a recurrent matrix


def recurrent_weights(population: Population) -> np.ndarray:
    """Recurrent weights W (network, unit, source_unit) in float64; of a gated cell those of the candidate."""
    parameters = {name: values.astype(float) for name, values in population.parameters.items()}
    if "recurrent_weights" in parameters:  # so that most cells are not loaded, and torch with them
        return parameters["recurrent_weights"]
    return population.cell.recurrent(parameters)


def all_recurrent_weights(population: Population) -> np.ndarray:
    """All recurrent matrices of a network one below the other (network, matrix · unit, source_unit), in float64."""
    networks = population.networks
    names = [name for name in population.parameters if networks[name].dims[1:] == MATRIX]
    if not names:
        return recurrent_weights(population)
    return np.concatenate([networks[name].values.astype(float) for name in names], axis=1)
