"""The page: its map says what each network is, its table what each change is, and figures stand by their question."""

import re

import netCDF4
import numpy as np
import pytest
from test_study import ROW

from conftest import SCHEMA, TINY
from degeneracy.artifacts import store
from degeneracy.experiment import paths
from degeneracy.experiment.needs import Needs
from degeneracy.experiment.resolve import resolve
from degeneracy.measurement.schema import MAP
from degeneracy.report import network_map
from degeneracy.report.directions import directions
from degeneracy.report.figures import QUESTIONS, groups


@pytest.fixture
def needs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweeps = TINY["sweeps"] | {"width": {"task": "flip_flop", "factor": "model.width", "levels": [8, 16]}}
    return Needs(resolve(TINY | {"sweeps": sweeps, "metrics": ["ood_loss", "svcca"]}, SCHEMA))


def test_figures_stand_with_the_question_that_all_their_sweeps_ask(needs):
    found = {group.question: group for group in groups(needs)}
    assert list(found) == [QUESTIONS[name] for name in ("", "complexity", "width")]
    names = {question: [shown.name for shown in group.figures] for question, group in found.items()}
    assert names[QUESTIONS["complexity"]] == ["complexity"] and names[QUESTIONS["width"]] == ["width"]
    assert names[QUESTIONS[""]] == ["svcca"]  # and not directions, which is a table
    (section,) = found[QUESTIONS["width"]].sections
    assert section.figures[0].name == "summary"
    assert section.figures[0].data[0].startswith("statistics/width/") and section.figures[0].pdf.startswith("figures/")


def test_each_point_of_the_map_says_its_level_seed_loss_and_nearest(needs):
    sweep = needs.experiment.sweeps["width"]
    for level, condition in enumerate(sweep.conditions):
        for seed, path in enumerate(needs.networks(condition)):
            store.paths.Path(path).parent.mkdir(parents=True, exist_ok=True)
            with netCDF4.Dataset(path, "w") as file:
                file.createDimension("network", 1)
                for name, value in (("network", seed), ("final_loss", 0.1 * level + 0.01), ("status", level)):
                    file.createVariable(name, "f8", ("network",))[:] = value
    values = {
        "distance": np.array([[0, 1, 2, 3], [1, 0, 4, 5], [2, 4, 0, 6], [3, 5, 6, 0]], float),
        "position": np.array([[0, 0], [1, 0], [0, 1], [np.nan, np.nan]]),
        "stress": 0.0,
        "status": np.array([0, 0, 1, 2], np.int8),
    }
    coordinates = {"seed": ("network", [0, 1, 0, 1]), "level": ("network", [8, 8, 16, 16])}
    data = MAP.named(distance=("d", "1"), position=("p", "1")).build(values, coordinates)
    store.write("map.nc", MAP, data, {}, "cpu", 0.0)
    picture = network_map.svg(needs, sweep, "map.nc")
    says = re.findall('data-says="([^"]*)"', picture)
    assert says == [
        "width 8, seed 0\nnot converged, training loss 0.01\nmost similar: 8, seed 1, at 1",
        "width 8, seed 1\nnot converged, training loss 0.01\nmost similar: 8, seed 0, at 1",
        "width 16, seed 0\nconverged, training loss 0.11\nmost similar: 8, seed 0, at 2",
    ]
    assert picture.count('fill="none"') == 2  # those that did not converge


def test_the_table_has_a_change_only_with_its_interval():
    alone = ROW | dict.fromkeys(("percent_low", "percent_high", "trend_low", "trend_high"), "") | {"sweep": "few"}
    single = ROW | {"trend": "", "sweep": "one", "remark": "a single level, so no change; and more"}
    text = directions([ROW | {"holm_p": "0.02"}, alone | {"holm_p": ""}, single])
    assert 'class="change robust agrees">↓ −12% [−15, −9]</span><small>robust, agrees</small>' in text
    assert "↓ no interval" in text and "no change known: a single level, so no change</td>" in text
    assert "in the paper: behaviour ↓, dynamics ↓, weights ↓" in text


def test_the_page_is_where_its_links_start():
    assert paths.page() == "results/index.html"
