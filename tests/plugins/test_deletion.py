"""Deleting the file of any one metric or figure breaks no other."""

import shutil

import pytest

from conftest import SCHEMA
from degeneracy.drawing.caption import caption
from degeneracy.experiment.needs import Needs
from degeneracy.experiment.resolve import resolve
from degeneracy.plugins import contracts, discovery
from degeneracy.plugins.discovery import KINDS, Plugin, names
from degeneracy.statistics.paper import PAPER_MEASURES, compared

FILES = [(kind, name) for kind in ("metrics", "figures") for name in names(kind)]


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A copy of all plug-ins."""
    package = tmp_path_factory.mktemp("package")
    for kind in KINDS:
        shutil.copytree(discovery.PACKAGE / kind, package / kind, ignore=shutil.ignore_patterns("__pycache__"))
    return package


@pytest.fixture
def without(request, everything, monkeypatch):
    """The copy without one file, in the place of the package."""
    kind, name = request.param
    path = everything / kind / f"{name}.py"
    kept = path.read_text(encoding="utf-8")
    path.unlink()
    monkeypatch.setattr(discovery, "PACKAGE", everything)
    yield kind, name
    path.write_text(kept, encoding="utf-8")


@pytest.mark.parametrize("without", FILES, indirect=True, ids="/".join)
def test_all_other_plug_ins_and_an_experiment_of_all_of_them_stand(without, tiny):
    kind, name = without
    assert name not in names(kind)
    for other in KINDS:
        for plugin in names(other):
            contracts.check(Plugin(other, plugin))
    for figure in names("figures"):
        assert caption(figure)
    assert all(compared(metric) for metric in set(PAPER_MEASURES) & set(names("metrics")))
    everything = {key: part for key, part in tiny.items() if key not in ("metrics", "tasks")}
    everything["sweeps"]["width"] = {"task": "flip_flop", "factor": "model.width", "levels": [4, 8]}
    needs = Needs(resolve(everything, SCHEMA))
    assert set(needs.figures) == set(names("figures"))
    assert needs.figure_targets() and needs.statistics()
