import numpy as np
import pytest
import torch

from conftest import make_population
from degeneracy.metrics import mergeable_units
from degeneracy.metrics._reduction import Network
from degeneracy.metrics._trials import Trials
from populations import short_population


def planted(population, duplicates, dead):
    """Parameters with units more: some share the outgoing weights of another one, in part with the other sign, and
    some are always 0.
    """
    data = {name: x.astype(float) for name, x in population.parameters.items()}
    width, more = population.networks.sizes["unit"], duplicates + dead
    for name, axes in {
        "recurrent_weights": (1, 2),
        "input_weights": (1,),
        "bias": (1,),
        "readout_weights": (2,),
    }.items():
        data[name] = np.pad(data[name], [(0, more * (axis in axes)) for axis in range(data[name].ndim)])
    for old, new in enumerate(range(width, width + duplicates)):
        sign = (-1) ** new
        for name in ("recurrent_weights", "input_weights", "bias"):
            data[name][:, new] = sign * data[name][:, old]
        for name in ("recurrent_weights", "readout_weights"):
            data[name][..., new] = sign * 0.3 * data[name][..., old]
            data[name][..., old] *= 0.7
    for name in ("recurrent_weights", "readout_weights"):
        data[name][..., width + duplicates :] = 0.5  # which nothing is multiplied with
    data["recurrent_weights"][:, width + duplicates :] = 0
    return data


def as_population(population, data):
    networks = population.networks.drop_dims(["unit", "source_unit"])
    networks = networks.assign({name: (population.networks[name].dims, x) for name, x in data.items()})
    training = population.condition["training"] | {"threshold": 1e-9}
    return make_population(networks, population.condition | {"training": training}, population.trials_path)


def test_a_network_shrinks_by_exactly_the_units_that_are_planted(trained):
    data, width = planted(trained, duplicates=5, dead=3), trained.networks.sizes["unit"]
    found = mergeable_units.value(as_population(trained, data), trials=32)
    np.testing.assert_array_equal(found["value"], [8, 8])
    np.testing.assert_array_equal(found["left"], [width, width])
    np.testing.assert_array_equal(found["constants"], [3, 3])
    np.testing.assert_allclose(found["loss"], found["own_loss"], rtol=1e-6)
    own = {name: x.astype(float) for name, x in trained.parameters.items()}
    np.testing.assert_array_equal(mergeable_units.value(as_population(trained, own), trials=32)["value"], 0)


def test_more_units_go_where_the_loss_may_rise_further(trained):
    low, high = (mergeable_units.value(trained, tolerance=tolerance, trials=32) for tolerance in (1.0, 30.0))
    threshold = trained.condition["training"]["threshold"]
    assert np.all(0 < low["value"]) and np.all(low["value"] < high["value"])
    assert np.all(low["loss"] <= threshold) and np.all(high["loss"] <= 30 * threshold)


@pytest.mark.parametrize(
    "cell, options",
    [("vanilla", {"activation": "sigmoid"}), ("mup", {}), ("leaky", {"activation": "softplus"}), ("low_rank", {})],
)
def test_the_loss_of_the_whole_network_is_that_of_its_cell(cell, options, tmp_path):
    population = short_population(tmp_path, cell, seeds=[0], **options)
    trials = Trials.of(population, "train", 8)
    parameters = {name: torch.as_tensor(x.astype(float)) for name, x in population.parameters.items()}
    expected = trials.losses(population.cell, parameters)
    assert Network.of(population.cell, parameters).losses(trials).item() == pytest.approx(expected.item(), rel=1e-9)


def test_cells_without_rates_are_nan_and_a_line_says_so(tmp_path, capsys):
    population = short_population(tmp_path, "almost_linear", seeds=[0])
    assert np.isnan(mergeable_units.value(population)["value"]).all()
    assert "the cell almost_linear is not one of rates" in capsys.readouterr().out
