"""What figures say of themselves, and what they are given to draw."""

import numpy as np
import pytest
import xarray as xr

from conftest import SCHEMA
from degeneracy.artifacts import store
from degeneracy.artifacts.schema import Schema, Variable
from degeneracy.drawing import sweeps
from degeneracy.experiment.resolve import resolve
from degeneracy.plugins import discovery
from degeneracy.plugins.contracts import FigureContract, figure_contract
from degeneracy.plugins.discovery import names


@pytest.fixture
def figure(tmp_path, monkeypatch):
    """Writes a figure's file, in a package that has the real tasks, cells and metrics, and reads what it declares."""
    for kind in ("tasks", "cells", "metrics"):
        (tmp_path / kind).symlink_to(discovery.PACKAGE / kind)
    monkeypatch.setattr(discovery, "PACKAGE", tmp_path)

    def declared(text: str) -> FigureContract:
        discovery.parsed.cache_clear()
        (tmp_path / "figures").mkdir(exist_ok=True)
        (tmp_path / "figures" / "own.py").write_text(f'"""Own."""\n{text}\n', encoding="utf-8")
        return figure_contract("own")

    yield declared
    discovery.parsed.cache_clear()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('SCOPE = "experimant"\nREADS = ("map",)', "SCOPE: given 'experimant'; did you mean \"experiment\"?"),
        ('SCOPE = ("sweep",)\nREADS = ("map",)', "SCOPE: given ('sweep',), must be text"),
        ('READS = ("statistic",)', "READS: given 'statistic'; did you mean \"statistics\"?"),
        ('READS = "map"', "READS: given 'map', must be a tuple such as"),
        ("READS = kinds()", "READS must be a literal"),
        ('SCOPE = "sweep"', "READS is missing, must name some of networks, trials,"),
        ('READS = ("statistics",)\nMETRICS = ("dsq",)', "METRICS: given 'dsq'; did you mean \"dsa\"?"),
        ('READS = ("map",)\nTASKS = ("sinus",)', "TASKS: given 'sinus'; did you mean \"sine\"?"),
        ('READS = ("map",)\nFACTORS = ("gamma",)', "FACTORS: given 'gamma', must be like \"model.gamma\""),
        ('READS = ("directions",)', '"directions" are for figures with SCOPE = "experiment"'),
    ],
)
def test_a_mistake_in_a_figures_file_is_one_sentence_that_names_it(figure, text, sentence):
    with pytest.raises(ValueError) as caught:
        figure(text)
    assert "own.py: " in str(caught.value) and sentence in str(caught.value) and "\n" not in str(caught.value)


def test_every_figure_declares_what_it_may():
    for name in names("figures"):
        figure_contract(name)


def test_a_figure_is_for_sweeps_of_its_factors_tasks_and_levels(figure, tiny):
    tiny["sweeps"] |= {
        "width": {"task": "flip_flop", "factor": "model.width", "levels": [4, 6, 8]},
        "frequencies": {"task": "sine", "factor": "task.frequencies", "levels": [1, 2]},
        "steps": {"task": "sine", "factor": "task.time_steps", "levels": [5, 9]},
    }
    found = resolve(tiny, SCHEMA).sweeps.values()

    def names(text):
        unit = figure('SCOPE = "experiment"\nREADS = ("statistics",)\n' + text)
        return [sweep.name for sweep in unit.choose(found)]

    assert names("") == ["channels", "width", "frequencies", "steps"]
    assert names('FACTORS = ("complexity",)') == ["channels", "frequencies"]
    assert names('FACTORS = ("complexity", "model.width")') == ["channels", "width", "frequencies"]
    assert names('TASKS = ("sine",)') == ["frequencies", "steps"]
    assert names('TASKS = ("sine",)\nFACTORS = ("model.width",)') == []
    assert names("LEAST_LEVELS = 3") == ["width"]
    assert names("ONE_A_TASK = True") == ["channels", "frequencies"]


def test_a_figure_of_directions_gets_that_one_table(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "DIRECTIONS", Schema("directions", {"change": Variable(("row",))}))
    data = xr.Dataset({"change": ("row", np.arange(3.0), {"long_name": "change", "units": "1"})})
    store.write(tmp_path / "directions.nc", sweeps.DIRECTIONS, data, {}, "cpu", 0.0)
    shown = sweeps.load_experiment([], str(tmp_path / "directions.nc"))
    assert shown.sweeps == {} and shown.directions["change"].values.tolist() == [0, 1, 2]


def test_a_sweep_without_artifacts_is_refused():
    with pytest.raises(ValueError, match=r"--sweep: given channels task.channels, must be a name"):
        sweeps.load_experiment([["channels", "task.channels"]], None)
