"""Networks and activity that plain PyTorch made, compared by the workflow from their files."""

import numpy as np
import pandas
import pytest
import torch
import xarray as xr

import degeneracy
from conftest import SCHEMA
from degeneracy.artifacts import foreign, store
from degeneracy.experiment.condition import dumps, trial_part
from degeneracy.experiment.resolve import resolve
from degeneracy.interface.importing import imported
from degeneracy.networks.population import Population
from degeneracy.trials.generate import generate
from degeneracy.trials.schema import TRIALS
from runs import clean_copy, planned, snakemake, write_config

pytestmark = pytest.mark.xdist_group("imports")  # they share a run

GROUPS = ("control", "lesioned")
TINY = {"dsa": {"rank": 3, "delays": 2}, "ood_loss": {}, "fixed_point_counts": {}, "weight_change": {}}


def trained(scale: float, seed: int) -> torch.nn.Module:
    """A network after a few steps of a plain training loop, whose recurrent weights are then scaled."""
    torch.manual_seed(seed)
    network = torch.nn.ModuleDict({"gru": torch.nn.GRU(3, 6, batch_first=True), "answer": torch.nn.Linear(6, 3)})
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(5):
        inputs = torch.randint(-1, 2, (16, 12, 3)).float()
        loss = (network["answer"](network["gru"](inputs)[0]) - inputs).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    network["gru"].weight_hh_l0.data *= scale
    return network


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A project with the files of three networks for each of two groups, and of trials."""
    project = clean_copy(tmp_path_factory.mktemp("imports") / "project")
    inputs = np.random.default_rng(0).integers(-1, 2, (16, 12, 3)).astype(np.float32)
    for group, scale in zip(GROUPS, (1.0, 3.0), strict=True):
        folder = project / "data" / group
        folder.mkdir(parents=True)
        for seed in range(3):
            network = trained(scale, seed)
            torch.save(network.state_dict(), folder / f"{seed}.pt")
            states = network["gru"](torch.as_tensor(inputs))[0].detach().numpy()
            np.savez(folder / f"{seed}.npz", states=states)
    np.savez(project / "data" / "trials.npz", inputs=inputs)
    torch.save(network, project / "data" / "module.pt")
    return project


def files(ending: str) -> dict[str, str]:
    return {group: f"data/{group}/*.{ending}" for group in GROUPS}


def config() -> dict:
    return {
        "metrics": TINY,
        "trials": {"train": 64, "probe": 16, "ood": 16},
        "fixed_points": {"starts": 16, "rounds": 0},
        "tasks": {"flip_flop": {"task": {"time_steps": 12}}},
        "figures": ["directions"],
        "sweeps": {
            "on_a_task": {"networks": files("pt"), "cell": "gru", "task": "flip_flop"},
            "recorded": {"activity": files("npz")},
        },
    }


@pytest.fixture(scope="module")
def output(data):
    """What a run of the experiment says."""
    write_config(data, config())
    return snakemake(data)


def test_networks_and_activity_from_files_go_through_the_workflow(data, output):
    assert "weight_change is left out of conditions of flip_flop: it needs parameters before" in output
    statistics = data / "results" / "statistics"
    found = {path.relative_to(statistics).as_posix() for path in statistics.glob("*/*.nc")}
    of_networks = {f"on_a_task/{name}.nc" for name in ("dsa", "ood_loss", "fixed_point_counts")}
    assert found == of_networks | {"recorded/dsa.nc"}
    summary = degeneracy.open(statistics / "recorded" / "dsa.nc")
    assert summary["level"].values.tolist() == list(GROUPS) and summary["n_used"].values.tolist() == [3, 3]
    table = pandas.read_csv(statistics / "metrics.csv")
    assert set(table["metric"]) == TINY.keys() - {"weight_change"} and "data/control/0.npz" in set(table["network"])
    network = data / "data" / "control" / "0.pt"
    network.touch()
    assert planned(data) == {}
    torch.save(trained(1.0, 7).state_dict(), network)
    rerun = planned(data)
    assert rerun["import_networks"] == 1 and "generate_trials" not in rerun


def test_networks_on_trials_of_a_file_have_the_states_that_were_recorded_on_them(data, monkeypatch):
    monkeypatch.chdir(data)
    sweeps = {
        "on_trials": {"networks": files("pt"), "cell": "gru", "trials": "data/trials.npz"},
        "recorded": {"activity": files("npz"), "trials": "data/trials.npz"},
    }
    experiment = resolve(config() | {"sweeps": sweeps}, SCHEMA)
    assert not {"ood_loss", "weight_change"} & experiment.metrics_of(*experiment.sweeps["on_trials"].conditions).keys()
    states = []
    for sweep in experiment.sweeps.values():
        spec = sweep.conditions[1].spec  # the other test replaces a network of the first
        path = data / f"{sweep.name}.nc"
        store.write(path, TRIALS, generate(spec), trial_part(spec), "cpu", 0.0)
        networks = imported(spec).assign_attrs(condition=dumps(spec))
        states.append(Population(networks, str(path)).states)
    np.testing.assert_allclose(*states, atol=1e-5)  # recorded in single precision


def test_arrays_of_netcdf_are_read_by_the_names_of_their_dimensions(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    states = xr.DataArray(np.random.default_rng(0).normal(size=(4, 5, 3)), dims=("trial", "time", "unit"))
    turned = xr.Dataset({"states": states.transpose("unit", "time", "trial")})
    turned.to_netcdf("a.nc")
    xr.Dataset({"inputs": states.rename(unit="input").transpose("input", "trial", "time")}).to_netcdf("trials.nc")
    sweep = {"activity": {"a": "a.nc"}, "trials": "trials.nc"}
    spec = resolve({"sweeps": {"recorded": sweep}}, SCHEMA).conditions[0].spec
    np.testing.assert_array_equal(imported(spec)["states"][0], states)
    weights = xr.DataArray([[1.0, 2.0], [3.0, 4.0]], dims=("source_unit", "unit"))
    network = degeneracy.population([{"recurrent_weights": weights}], cell="vanilla").networks
    np.testing.assert_array_equal(network["recurrent_weights"][0], weights.T)


def test_a_state_dict_of_parameters_in_bfloat16_is_read(tmp_path):
    network = torch.nn.GRU(2, 3).bfloat16()
    torch.save(dict(network.named_parameters()), tmp_path / "a.pt")
    assert foreign.arrays(tmp_path / "a.pt")["weight_hh_l0"].dtype == np.float32


def test_a_wrong_file_is_refused_in_a_sentence_that_names_it(data, monkeypatch, tmp_path):
    monkeypatch.chdir(data)
    with pytest.raises(
        ValueError, match=r"module.pt: is a pickled module .* torch.save\(network.state_dict\(\), 'module.pt'\)"
    ):
        foreign.arrays("data/module.pt")
    np.savez(tmp_path / "objects.npz", np.array([None, {}], dtype=object))
    with pytest.raises(ValueError, match=r"objects.npz: cannot be read .* must be arrays without pickled objects"):
        foreign.arrays(tmp_path / "objects.npz")
    lesion = config()["sweeps"]["on_a_task"]
    for changed, sentence in (
        ({"cell": "lstm"}, r"data/control/0.pt: has 3 recurrent matrices \(GRU\), must be the state dict of a LSTM"),
        ({"base": {"task": {"channels": 2}}}, "data/control/0.pt: has 3 inputs, must have 2, as flip_flop has"),
    ):
        made = resolve(config() | {"sweeps": {"lesion": lesion | changed}}, SCHEMA)
        with pytest.raises(ValueError, match=sentence):
            imported(made.conditions[0].spec)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"networks": {"a": "data/none/*.pt"}}, 'networks.a: given "data/none/*.pt", which is no file here'),
        ({"cell": None}, "must be text"),
        ({"trials": "data/trials.npz"}, "must have either task or trials"),
        ({"levels": [1]}, "given levels, which does not go with networks; it takes base, cell, networks, task, trials"),
        ({"base": {"model": {"width": 6}}}, "base.model.width: given 6, must be left out: the files say it"),
        ({"networks": {"a": "config.yaml"}}, "given config.yaml, must end in .pt, .pth, .npz, .nc"),
    ],
)
def test_a_mistake_in_a_sweep_of_files_is_one_sentence(data, monkeypatch, changed, sentence):
    monkeypatch.chdir(data)
    sweep = config()["sweeps"]["on_a_task"] | changed
    with pytest.raises(ValueError) as caught:
        resolve(config() | {"sweeps": {"lesion": sweep}}, SCHEMA)
    assert str(caught.value).startswith("config: sweeps.lesion") and sentence in str(caught.value)


def test_a_population_of_the_pipeline_is_opened_exported_and_tabulated(data, output, monkeypatch):
    monkeypatch.chdir(data)
    (folder,) = (data / "results" / "flip_flop").glob("networks-control-*")
    population = degeneracy.open(folder)
    again = degeneracy.population(degeneracy.modules(population), inputs=population.trials("probe")["inputs"])
    np.testing.assert_allclose(again.states, population.states, atol=1e-12)
    table, written = degeneracy.to_dataframe("results"), pandas.read_csv("results/statistics/metrics.csv")
    pandas.testing.assert_frame_equal(table, written, check_dtype=False)
    assert degeneracy.open(folder / "metrics" / "dsa.nc")["distance"].shape == (3, 3)
