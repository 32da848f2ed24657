import numpy as np
import pytest
import xarray as xr

from conftest import make_population
from degeneracy.artifacts import store
from degeneracy.measurement import measure as measuring
from degeneracy.measurement import pairs
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.trials.generate import generate
from degeneracy.trials.schema import GROUPS, TRIALS
from populations import joined


def test_a_task_whose_groups_hold_the_same_trials_has_the_floor_0_and_says_so(trained, tmp_path):
    groups = {group: trained.trials(group) for group in GROUPS}
    groups["replicate"] = groups["probe"]
    path = tmp_path / "trials.nc"
    store.write(path, TRIALS, groups, trained.condition, "cpu", 0.0)
    alike = make_population(trained.networks, trained.condition, str(path))
    measured = measuring.measure("dsa", alike, {"rank": 3, "delays": 2})
    assert np.all(measured["floor"] == 0) and "few different trials" in measured["floor"].attrs["long_name"]
    assert "replicate_distance" not in measured


PAIRWISE = [name for name in names("metrics") if "features" in Plugin("metrics", name).functions]


@pytest.mark.parametrize("metric", [name for name in PAIRWISE if not Plugin("metrics", name).constant("USES")])
def test_every_distance_comes_with_a_floor_and_a_ceiling(metric, trained):
    options = {"rank": 6, "delays": 2} if "delays" in Plugin("metrics", metric).options else {}
    data = measuring.measure(metric, trained, options)
    before = measuring.measure(metric, trained.untrained(), options)
    for measure in Plugin("metrics", metric).constant("MEASURES"):
        ceiling = data[f"untrained_{measure}"]
        assert np.array_equal(ceiling, before[measure]) and "first 2 networks" in ceiling.attrs["long_name"]
        floor = data["floor" if measure == "distance" else f"floor_{measure}"]
        module = Plugin("metrics", metric).load()
        if not (hasattr(module, "NO_TRIALS") or hasattr(module, "SAME_TRIALS")):
            groups = [pairs.features_of(module, each, options) for each in (trained, trained.replicate())]
            expected = pairs.over_pairs(module, *groups, np.array([[0, 0], [1, 1], [0, 1]]), options, trained)[measure]
            assert floor.values == pytest.approx(expected[:2]) and np.all(floor > 0)
            assert data[f"replicate_{measure}"].values == pytest.approx(expected[2] * (1 - np.eye(2)))
        else:
            assert np.all(floor == 0) and "by construction" in floor.attrs["long_name"]


def test_what_a_metric_cannot_compute_is_nan_and_says_why(trained, tmp_path):
    data = trained.networks.copy(deep=True)
    data["initial_recurrent_weights"][:] = 0
    data["initial_input_weights"][:] = 0
    still = make_population(data, trained.condition, trained.trials_path)
    measured = measuring.measure("cka", still, {})
    assert measured["untrained_distance"].isnull().all() and measured["distance"].notnull().all()
    assert "never change" in measured["untrained_distance"].attrs["long_name"]
    groups = {group: trained.trials(group) for group in GROUPS}
    groups["replicate"] = groups["replicate"].isel(trial=slice(2))  # 2 · 2 embedded states
    path = tmp_path / "trials.nc"
    store.write(path, TRIALS, groups, trained.condition, "cpu", 0.0)
    short = make_population(trained.networks, trained.condition, str(path))
    measured = measuring.measure("dsa", short, {"rank": 5, "delays": 19})
    assert measured["floor"].isnull().all() and np.isnan(measured["replicate_distance"][0, 1])
    assert "rank 5" in measured["floor"].attrs["long_name"] and measured["distance"].notnull().all()


def test_dsa_floor_falls_with_the_number_of_probe_trials(trained, tmp_path):
    condition = trained.condition | {"trials": trained.condition["trials"] | {"probe": 256}}
    path = tmp_path / "trials.nc"
    store.write(path, TRIALS, generate(condition), condition, "cpu", 0.0)
    more = make_population(trained.networks, condition, str(path))
    few, many = (measuring.measure("dsa", each, {"rank": 6, "delays": 2})["floor"] for each in (trained, more))
    assert np.all(many < 0.7 * few)


def test_no_more_than_ten_networks_are_compared_before_training(trained):
    many = xr.concat([trained.networks] * 6, "network", combine_attrs="override").assign_coords(network=np.arange(12))
    before = measuring.measure("cka", make_population(many, trained.condition, trained.trials_path), {})
    compared = before["untrained_distance"].notnull().values
    assert compared[:10, :10].all() and compared.sum() == 100


def test_results_do_not_depend_on_how_many_pairs_are_taken_at_once(trained, flipped, monkeypatch):
    four = joined(trained, flipped)
    whole = measuring.measure("procrustes", four, {})
    monkeypatch.setattr(pairs, "BYTES_AT_ONCE", 1)
    assert np.array_equal(measuring.measure("procrustes", four, {})["distance"], whole["distance"])
