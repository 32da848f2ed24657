"""What figures declare, and what they are given to draw."""

import numpy as np
import pytest
import xarray as xr

from conftest import SCHEMA
from degeneracy.artifacts import store
from degeneracy.artifacts.schema import Schema, Variable
from degeneracy.drawing import sweeps
from degeneracy.drawing.caption import caption
from degeneracy.experiment.resolve import resolve
from degeneracy.plugins import discovery
from degeneracy.plugins.contracts import headlines
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.plugins.figure_contract import FigureContract, figure_contract
from degeneracy.statistics.spreads import SPREADS


@pytest.fixture
def figure(tmp_path, monkeypatch):
    """Writes a figure's file, in a package that has the real tasks, cells and metrics, and reads what it declares."""
    for kind in ("tasks", "cells", "metrics"):
        (tmp_path / kind).symlink_to(discovery.PACKAGE / kind)
    monkeypatch.setattr(discovery, "PACKAGE", tmp_path)

    def declared(text: str) -> FigureContract:
        discovery.parsed.cache_clear()
        (tmp_path / "figures").mkdir(exist_ok=True)
        draw = "" if "SHAPE" in text else "def draw(shown): ...\n"
        (tmp_path / "figures" / "own.py").write_text(f'"""Own."""\n{text}\n{draw}', encoding="utf-8")
        return figure_contract("own")

    yield declared
    discovery.parsed.cache_clear()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('SCOPE = "experimant"\nREADS = ("map",)', "SCOPE: given 'experimant'; did you mean \"experiment\"?"),
        ('SCOPE = ("sweep",)\nREADS = ("map",)', "SCOPE: given ('sweep',); did you mean"),
        ('READS = ("statistic",)', "READS: given 'statistic'; did you mean \"statistics\"?"),
        ('READS = "map"', "READS: given 'map', must be a list, such as ('statistics',)"),
        ("READS = kinds()", "READS must be a literal"),
        ('SCOPE = "sweep"', "READS is missing, must be a list such as"),
        ('READS = ("map",)\nFACTORS = ("gamma",)', "FACTORS: given 'gamma', must be like \"model.gamma\""),
        ('READS = ("map",)\nONE_A_TASK = True', 'ONE_A_TASK is for figures with SCOPE = "experiment"'),
        ('SHAPE = "gird"\nCOLUMNS = ("weights",)', "SHAPE: given 'gird'; did you mean \"grid\"?"),
        ('COLUMNS = ("weights",)', "SHAPE is missing; the two go together"),
        ('SHAPE = "grid"', "COLUMNS is missing; the two go together"),
        ('SHAPE = "grid"\nCOLUMNS = ("weight",)', "COLUMNS: given 'weight', must be behaviour, dynamics, weights,"),
        ('SHAPE = "grid"\nCOLUMNS = ("map",)\nREADS = ("map",)', "SCOPE, READS and METRICS follow from SHAPE"),
    ],
)
def test_a_mistake_in_a_figures_file_is_one_sentence_that_names_it(figure, text, sentence):
    with pytest.raises(ValueError) as caught:
        figure(text)
    assert "own.py: " in str(caught.value) and sentence in str(caught.value) and "\n" not in str(caught.value)


def test_every_figure_declares_what_it_may_and_names_metrics_and_tasks_that_exist():
    for name in names("figures"):
        contract = figure_contract(name)
        assert set(contract.metrics) <= set(names("metrics")) and set(contract.tasks) <= set(names("tasks")), name


def test_a_figure_of_a_shape_reads_the_statistics_of_the_metrics_in_its_columns(figure):
    contract = figure('SHAPE = "grid"\nCOLUMNS = ("dynamics", "learning", "permutation_distance.distance", "map")')
    assert contract.measures == [("dsa", "distance"), ("permutation_distance", "distance")]  # no headline of learning
    assert contract.metrics == ("dsa", "permutation_distance")
    assert (contract.scope, contract.reads) == ("experiment", ("statistics", "directions", "map"))
    assert figure('SHAPE = "curves"\nCOLUMNS = ("dynamics",)').reads == ("statistics", "directions")


def test_a_headline_is_a_measure_of_its_metric():
    for metric, measure in headlines().values():
        described = Plugin("metrics", metric).constant("MEASURES")
        assert measure in (SPREADS if "value" in described else described), metric


def test_the_caption_of_a_figure_of_a_shape_explains_what_is_drawn_and_that_of_another_is_its_docstring():
    assert caption("summary") == Plugin("figures", "summary").docstring
    shown = {name: caption(name) for name in names("figures") if figure_contract(name).shape}
    assert all(text.startswith(Plugin("figures", name).docstring + "\n\nEach ") for name, text in shown.items())
    assert "places every network" in shown["complexity"] and "places every network" not in shown["gamma"]
    assert "before training" in shown["svcca"] and "Dashed" not in shown["feature_learning"]  # of scalars
    assert "the band is its interval" in shown["dense"]


def test_a_figure_is_for_sweeps_of_its_factors_tasks_and_levels(figure, tiny):
    tiny["sweeps"] |= {
        "width": {"task": "flip_flop", "factor": "model.width", "levels": [4, 6, 8]},
        "frequencies": {"task": "sine", "factor": "task.frequencies", "levels": [1, 2]},
        "steps": {"task": "sine", "factor": "task.time_steps", "levels": [15, 19]},
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
    shown = sweeps.load_experiment({"directions": str(tmp_path / "directions.nc")})
    assert shown.sweeps == {} and shown.directions["change"].values.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "given", [{"factor": "task.channels"}, {"artifacts": ["a.nc"]}, {"factor": "task.channels", "artifacts": []}]
)
def test_a_sweep_without_a_factor_or_artifacts_is_refused(given):
    with pytest.raises(ValueError, match=r"--artifacts: sweeps\.channels: given .* must have a factor and artifacts"):
        sweeps.load_experiment({"sweeps": {"channels": given}})
    with pytest.raises(ValueError, match=r"--artifacts: given the key sweep, must be"):
        sweeps.load_experiment({"sweep": {"channels": given}})
