"""Networks and activity from elsewhere: what is known of them beforehand, on networks of plain PyTorch."""

import doctest
import importlib

import numpy as np
import pytest
import torch

import degeneracy
from conftest import ROOT
from degeneracy.plugins.discovery import Plugin
from populations import random, short_population

LAYERS = {"vanilla": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
OF_STATES = ("dsa", "cka", "procrustes", "svcca")
SMALL = {"dsa": {"delays": 2, "rank": 4}}


class Model(torch.nn.Module):
    """A model as people write it: a recurrent layer and a readout under names of their own."""

    def __init__(self, layer: str, inputs: int = 2, width: int = 6):
        super().__init__()
        self.recurrence = LAYERS[layer](inputs, width, batch_first=True)
        self.answer = torch.nn.Linear(width, 3)

    def forward(self, inputs):
        states, _ = self.recurrence(inputs)
        return states, self.answer(states)


class Stepped(torch.nn.Module):
    """The same recurrence as that of its GRU cell, of which only `step` is known."""

    hidden_size = 6

    def __init__(self):
        super().__init__()
        self.inner = torch.nn.GRUCell(2, 6)

    def step(self, state, inputs):
        return self.inner(inputs, state)


def models(layer: str, count: int = 3) -> list[Model]:
    """Networks in float64 with weights large enough for dynamics."""
    torch.manual_seed(0)
    made = [Model(layer).double() for _ in range(count)]
    for each in made:
        for weights in each.recurrence.parameters():
            weights.data *= 3
    return made


INPUTS = random(12, 15, 2)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("kind", ["models", "state dicts", "recurrent layers"])
def test_states_and_outputs_are_those_of_torch(layer, kind):
    made = models(layer, 2)
    given = {
        "models": made,
        "state dicts": [each.state_dict() for each in made],
        "recurrent layers": [each.recurrence for each in made],
    }[kind]
    readouts = [each.answer for each in made] if kind == "recurrent layers" else None
    population = degeneracy.population(given, inputs=INPUTS, readouts=readouts)
    states, outputs = population.run(INPUTS)
    for place, each in enumerate(made):
        expected, answers = each(torch.as_tensor(INPUTS))
        np.testing.assert_allclose(states[place, ..., :6], expected.detach(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(outputs[place], answers.detach(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_population_that_is_exported_and_read_again_is_the_same(layer, tmp_path):
    trained = short_population(tmp_path, cell=layer, width=6)
    inputs = trained.trials("probe")["inputs"]
    for exported in (degeneracy.modules(trained), [one.state_dict() for one in degeneracy.modules(trained)]):
        again = degeneracy.population(exported, inputs=inputs)
        np.testing.assert_allclose(again.states, trained.states, rtol=0, atol=1e-12)
        for metric in ("permutation_distance", "procrustes"):
            found, expected = (degeneracy.measure(metric, one)["distance"] for one in (again, trained))
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("metric", OF_STATES)
def test_states_given_as_activity_are_compared_like_the_networks_that_they_came_from(metric):
    networks = degeneracy.population(models("gru"), inputs=INPUTS)
    recorded = degeneracy.activity(networks.states)
    found, expected = (
        degeneracy.measure(metric, one, **SMALL.get(metric, {}))["distance"] for one in (recorded, networks)
    )
    np.testing.assert_array_equal(found, expected)
    assert expected.max() > 0.01


@pytest.mark.parametrize("metric", OF_STATES)
def test_a_rotated_copy_and_one_with_silent_units_are_at_distance_0(metric):
    states = np.cumsum(random(10, 15, 5), axis=1)
    turned = states @ np.linalg.qr(random(5, 5, seed=1))[0]
    recorded = degeneracy.activity([states, turned, np.pad(states, ((0, 0), (0, 0), (0, 3)))])
    found = degeneracy.measure(metric, recorded, **SMALL.get(metric, {}))["distance"]
    np.testing.assert_allclose(found, 0, atol=1e-5)


@pytest.mark.parametrize(("units", "points", "stable"), [(2, 3, 2)])
def test_fixed_points_of_small_tanh_networks_are_the_published_ones(units, points, stable):
    # ASSUME: rows of W are −roll(linspace(−1, 1, n), −i), the ground truth of traversal methods (Katz & Reggia 2017)
    weights = np.stack([-np.roll(np.linspace(-1, 1, units), -row) for row in range(units)])
    found = degeneracy.fixed_points(degeneracy.population([{"recurrent_weights": weights}], cell="vanilla"))
    known = found.isel(point=found["converged"].values == 1)
    assert known.sizes["point"] == points and int((known["n_unstable"] == 0).sum()) == stable
    states = known["state"].values[known["n_unstable"].values == 0]
    np.testing.assert_allclose(
        states[np.argsort(states[:, 0])], [[-0.957504, 0.957504], [0.957504, -0.957504]], atol=1e-6
    )


def test_a_module_with_a_step_has_the_states_and_the_fixed_points_of_its_cell():
    modules = [Stepped().double() for _ in range(2)]
    for each in modules:
        for weights in each.parameters():
            weights.data *= 4
    one = degeneracy.population(modules, inputs=INPUTS)
    other = degeneracy.population([each.inner for each in modules], inputs=INPUTS)
    np.testing.assert_allclose(one.states, other.states, atol=1e-12)
    found, expected = (degeneracy.fixed_points(each, starts=64, rounds=0) for each in (one, other))
    np.testing.assert_array_equal(found["network"], expected["network"])
    for name in ("state", "eigenvalues_real"):
        np.testing.assert_allclose(found[name], expected[name], atol=1e-6)
    with pytest.raises(ValueError, match=r"permutation_distance: needs recurrent weights, which"):
        degeneracy.measure("permutation_distance", one)


def test_a_step_that_writes_into_its_state_has_the_states_of_one_that_does_not():
    class InPlace(Stepped):
        def step(self, state, inputs):
            return state.copy_(self.inner(inputs, state))

    plain, writing = Stepped(), InPlace()
    writing.load_state_dict(plain.state_dict())
    one, other = (degeneracy.population([each], inputs=INPUTS) for each in (plain, writing))
    np.testing.assert_array_equal(one.states, other.states)
    found, expected = (degeneracy.fixed_points(each, starts=8, rounds=0)["state"] for each in (other, one))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_all_metrics_say_what_they_leave_out_and_why():
    networks = degeneracy.population(models("vanilla"), inputs=INPUTS)
    options = {name: {"delays": 2, "rank": 4} for name in ("dsa", "dsa_eigenvalues", "input_dsa")}
    found = degeneracy.measure("all", networks, **options, fixed_point_distance={})
    assert {"dsa", "svcca", "permutation_distance", "fixed_point_counts"} <= set(found)
    assert found.left_out["ood_loss"] == "needs trials out of distribution, which these networks lack"
    table = degeneracy.to_dataframe(found)
    assert list(table.columns) == ["task", "condition", "network", "metric", "measure", "value"]
    counted = table[(table.metric == "dsa") & (table.measure == "distance")]
    distances = found["dsa"]["distance"].values
    np.testing.assert_allclose(counted["value"], distances.sum(1) / 2)


def test_groups_are_compared_and_drawn():
    states = np.cumsum(random(1, 10, 15, 5), axis=2)
    groups = {
        name: degeneracy.activity(states + size * random(4, 10, 15, 5)) for name, size in (("a", 0.1), ("b", 1.0))
    }
    found = degeneracy.compare(groups, **SMALL["dsa"])
    assert found["level"].values.tolist() == ["a", "b"] and float(found["trend"][0]) > 0
    assert float(found["trend_permutation_p"][0]) < 0.1 and "networks" in str(found["test"][0].values)
    placed = degeneracy.map(groups, **SMALL["dsa"])
    assert placed["level"].values.tolist() == ["a"] * 4 + ["b"] * 4
    assert len(degeneracy.draw("degeneracy", found).axes) == 2
    pairs = degeneracy.compare({name: degeneracy.activity(one.states[:2]) for name, one in groups.items()}, "cka")
    assert str(pairs["remark"][0].values).startswith("a level with fewer than three networks, so no change")
    assert degeneracy.draw("map", placed).axes[0].get_ylabel() == "MDS 2"


@pytest.mark.parametrize("module", sorted(set(degeneracy.INTERFACE.values())))
def test_examples_in_docstrings_run(module):
    result = doctest.testmod(importlib.import_module(f"degeneracy.interface.{module}"))
    assert result.attempted and not result.failed


def test_the_example_of_the_readme_runs():
    result = doctest.testfile(str(ROOT / "workflow" / "README.md"), module_relative=False)
    assert result.attempted and not result.failed


def test_every_metric_of_states_alone_takes_networks_of_different_widths():
    recorded = degeneracy.activity([np.cumsum(random(10, 15, units, seed=units), axis=1) for units in (4, 6)])
    for metric in ("cka", "debiased_cka", "procrustes", "svcca", "dsa", "dsa_eigenvalues"):
        assert Plugin("metrics", metric).constant("SYMMETRY") == "rotation"
        options = {"delays": 2, "rank": 4} if metric.startswith("dsa") else {}
        assert float(degeneracy.measure(metric, recorded, **options)["distance"].max()) > 0.01
