"""Reading the population of a condition from its artifacts."""

import numpy as np
import pytest
import torch

from conftest import make_condition
from degeneracy.artifacts import store
from degeneracy.networks import training
from degeneracy.networks.population import Population, load
from degeneracy.networks.schema import NETWORKS
from degeneracy.networks.trained import joined
from degeneracy.status import Status
from degeneracy.trials.generate import generate


@pytest.fixture
def write(tmp_path):
    """Writes the networks of a seed of the tiny condition, with some attributes, and returns the path."""

    def written(seed, device="cpu", **attributes):
        condition, path = make_condition(), tmp_path / f"networks-{seed}.nc"
        data = training.train(condition, [seed], generate(condition)["train"], torch.device("cpu"), lambda line: None)
        store.write(path, NETWORKS, data, condition, device, 0.0, **data.attrs | attributes)
        return path

    return written


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"cpu_model": "abacus"}, "abacus"),
        ({"blas_kernels": "openblas 0.3 Haswell"}, "Haswell"),
        ({"device": "NVIDIA H100"}, "NVIDIA H100"),
        ({"backend": "reference"}, "backend reference"),
    ],
)
def test_networks_of_one_condition_trained_with_other_rounding_are_read_with_a_warning(write, caplog, changed, said):
    paths = [write(0), write(1), write(2, **changed), write(3, **changed)]
    population = load(paths)
    assert population.seeds.tolist() == [0, 1, 2, 3]
    (record,) = caplog.records  # one sentence a condition
    assert said in record.message and "rounding differs" in record.message and "\n" not in record.message
    assert [f"{path}: " in record.message for path in paths] == [True, False, True, False]  # one file of each


def test_an_artifact_whose_networks_were_trained_with_other_rounding_is_read_with_a_warning(write, caplog):
    """Seeds that are added on another machine join those that are there in one artifact."""
    parts = [store.read(write(seed, cpu_model=model), NETWORKS) for seed, model in enumerate(("abacus", "slide rule"))]
    path = write(2)
    store.save(path, NETWORKS, joined(parts))
    load([path])
    (record,) = caplog.records
    assert f"{path}: abacus + slide rule, " in record.message


def test_networks_of_one_machine_are_read_without_a_warning(write, caplog):
    assert load([write(0), write(1)]).seeds.tolist() == [0, 1]
    gpu = {"device": "NVIDIA H100", "backend": "fused"}  # where the CPU has no part in the training
    load([write(2, **gpu), write(3, cpu_model="abacus", **gpu)])
    assert not caplog.records


@pytest.mark.parametrize(
    "statuses, shown, note",
    [([2, 0, 1, 1], 2, ""), ([2, 0, 0], 1, ", not converged"), ([2, 2], 0, ", diverged")],
)
def test_the_network_to_show_is_the_first_that_converged(statuses, shown, note):
    condition = make_condition(training={"epochs": 1})
    seeds = list(range(len(statuses)))
    data = training.train(condition, seeds, generate(condition)["train"], torch.device("cpu"), lambda line: None)
    population = Population(data.assign(status=("network", np.array(statuses, np.int8))))
    example, said = population.example()
    assert example.seeds.tolist() == [shown] and said == note
    assert [Status.NOT_CONVERGED, Status.CONVERGED, Status.DIVERGED] == [0, 1, 2]


def test_states_of_one_network_after_the_other_are_those_of_all_and_the_replicate_has_its_own(trained):
    few = np.stack(list(trained.replicate().states_of_each(3)))
    assert np.array_equal(few, trained.replicate().run(trained.trials("replicate")["inputs"].values[:3])[0])
    assert np.array_equal(np.stack(list(trained.replicate().states_of_each())), trained.replicate().states)
    assert not np.array_equal(few, trained.states[:, :3])
    assert trained.replicate().trials("train").equals(trained.trials("train"))
