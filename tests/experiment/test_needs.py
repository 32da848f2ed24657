"""What each rule needs, without a workflow engine."""

from pathlib import Path

import pytest

from conftest import SCHEMA
from degeneracy.experiment import needs, paths
from degeneracy.experiment.resolve import resolve


@pytest.fixture
def two(tiny):
    """Two sweeps of two tasks."""
    tiny["figures"] = ["degeneracy", "map", "loss_curves", "directions", "gamma", "task_overview"]
    tiny["sweeps"]["frequencies"] = {"task": "sine", "factor": "task.frequencies", "levels": [1, 2]}
    return needs.Needs(resolve(tiny, SCHEMA))


def test_a_sweep_needs_the_artifacts_of_its_own_conditions(two):
    channels, frequencies = two.experiment.sweeps.values()
    assert len(two.conditions) == 4 and len(two.trial_sets) == 4
    condition = channels.conditions[0]
    assert two.networks(condition) == [
        paths.networks("flip_flop", condition.name, block) for block in two.experiment.blocks
    ]
    assert two.metric(frequencies, "dsa") == [paths.metric("sine", one.name, "dsa") for one in frequencies.conditions]
    assert two.maps(channels) == ["dsa"]
    assert len(two.statistics()) == 2 * 3


def test_fixed_points_are_found_where_a_metric_uses_them(two, tiny):
    assert needs.uses_fixed_points("fixed_point_counts") and not needs.uses_fixed_points("dsa")
    assert len(two.fixed_point_targets()) == 4 * len(two.experiment.blocks)
    assert needs.Needs(resolve(tiny | {"metrics": ["dsa"]}, SCHEMA)).fixed_point_targets() == []


def test_a_figure_reads_what_its_file_says_and_is_drawn_where_it_has_something_to_show(two):
    channels = two.experiment.sweeps["channels"]
    assert two.figure_inputs("degeneracy", "channels", "dsa") == [paths.statistics("channels", "dsa")]
    assert two.figure_inputs("map", "channels", "dsa") == [paths.network_map("channels", "dsa")]
    assert set(two.figure_inputs("loss_curves", "channels")) == {
        path for condition in channels.conditions for path in two.networks(condition)
    }
    assert two.figure_inputs("directions") == [paths.directions("nc")]
    overview = two.drawn_sweeps("task_overview")  # of each task the first condition and block
    assert {name: len(files) for name, files in overview.items()} == {"channels": 3, "frequencies": 3}
    targets = two.figure_targets()
    assert paths.figure("frequencies", "loss_curves", "png") in targets
    assert paths.metric_figure("channels", "dsa", "map", "pdf") in targets
    assert not any("gamma" in path for path in targets) and len(targets) == len(set(targets))


def test_arguments_of_a_figure_name_each_sweep_its_factor_and_its_artifacts(two):
    given = two.figure_arguments("degeneracy", "channels", "dsa")
    artifacts = [paths.statistics("channels", "dsa")]
    assert given == {"sweeps": {"channels": {"factor": "task.channels", "artifacts": artifacts}}}
    assert two.figure_arguments("directions") == {"sweeps": {}, "directions": paths.directions("nc")}


def test_networks_that_are_there_are_counted(two, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert two.present() == 0
    path = Path(two.networks(two.experiment.conditions[0])[0])
    path.parent.mkdir(parents=True)
    path.touch()
    assert two.present() == 1


def test_logs_lie_like_the_artifacts_they_are_of():
    assert paths.log(paths.networks("t", "rate-0.5", "{block}")) == "results/logs/t/rate-0.5/networks/{block}.log"
    assert paths.log(paths.directions("nc")) == "results/logs/statistics/directions.log"
    assert paths.log(paths.figure("{sweep}", "{figure}", "pdf")) == "results/logs/figures/{sweep}/{figure}.log"
