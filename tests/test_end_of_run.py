"""What a run leaves for its reader: the findings as the last of its words, and an index of its conditions."""

import shutil

import pytest
import yaml

from conftest import TINY
from degeneracy.experiment import index
from runs import planned, snakemake

pytestmark = pytest.mark.xdist_group("end_of_run")  # its fixtures are costly: one worker makes them

SMALL = TINY | {"metrics": ["weight_change"], "figures": ["degeneracy"], "maps": []}
TARGETS = "results/statistics/directions.csv", "results/index.csv"


@pytest.fixture(scope="module")
def measured(finished, tmp_path_factory):
    """A project in which another metric of finished networks was computed, and what was printed."""
    project = shutil.copytree(finished, tmp_path_factory.mktemp("measured") / "project")
    (project / "config.yaml").write_text(yaml.safe_dump(SMALL))
    return project, snakemake(project, *TARGETS)


def test_the_findings_are_printed_once_at_the_end_of_the_run_that_made_them(measured):
    project, printed = measured
    end = printed.partition("Findings")[2].splitlines()
    assert end[1].startswith("flip_flop, channels 2 → 3: SD of change of the recurrent weights")
    assert "figures: results/figures;" in end[2]
    assert "Findings" not in snakemake(project, *TARGETS)
    assert "Findings" not in snakemake(project, *TARGETS, "--forcerun", "write_index")
    assert "Findings" not in snakemake(project, *TARGETS, "-n", "--forceall")


def test_the_index_lists_the_networks_that_were_made(measured):
    project, _ = measured
    found = index.conditions(project / "results" / "index.csv")
    assert [one.options["task.channels"] for one in found] == [2, 3]
    assert all(one.networks == one.converged == 2 for one in found)
    for one in found:
        assert all(path.is_file() for path in (one.trials, *one.networks_files, *one.metrics.values()))


def test_the_index_is_stale_when_it_would_list_something_else(measured):
    project, _ = measured
    for change, stale in (({"statistics": {"confidence": 0.9}}, False), ({"metrics": ["weight_change", "dsa"]}, True)):
        (project / "config.yaml").write_text(yaml.safe_dump(SMALL | change))
        assert ("write_index" in planned(project, *TARGETS)) == stale
    (project / "config.yaml").write_text(yaml.safe_dump(SMALL))
    assert planned(project, *TARGETS) == {}
