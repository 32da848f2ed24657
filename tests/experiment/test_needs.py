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


def test_networks_are_compared_across_levels_where_the_metric_can(tiny):
    found = needs.Needs(resolve(tiny | {"metrics": ["dsa", "permutation_distance"]}, SCHEMA))
    (sweep,) = found.experiment.sweeps.values()
    assert found.maps(sweep) == ["dsa"] and found.across(sweep, "dsa") == [paths.network_map(sweep.name, "dsa")]
    assert not found.across(sweep, "permutation_distance")


def test_a_metric_says_which_metric_it_is_a_variant_of(tiny):
    chosen = {"permutation_distance": {}, "signed_permutation_distance": {}, "fine": {"metric": "dsa", "rank": 3}}
    found = needs.Needs(resolve(tiny | {"metrics": chosen}, SCHEMA)).variant_of()
    assert found == {"signed_permutation_distance": "permutation_distance"}


def test_fixed_points_are_found_where_a_metric_uses_them(two, tiny):
    assert two.uses_fixed_points("fixed_point_counts") and not two.uses_fixed_points("dsa")
    assert len(two.fixed_point_targets()) == 4 * len(two.experiment.blocks)
    assert needs.Needs(resolve(tiny | {"metrics": ["dsa"]}, SCHEMA)).fixed_point_targets() == []


def test_fixed_points_are_found_for_a_figure_only_if_it_is_named(tiny):
    def targets(**chosen):
        found = needs.Needs(resolve(tiny | chosen, SCHEMA))
        drawn = {Path(path).stem for path in found.figure_targets()} & {"fixed_points", "task_overview", "loss_curves"}
        return drawn, any(
            "fixed_points" in path for figure in drawn for path in found.figure_inputs(figure, "channels")
        )

    assert targets(metrics=["dsa"]) == ({"loss_curves"}, False)
    assert targets(
        metrics={"fixed_point_counts": False, "fixed_point_distance": False, "fixed_point_graph": False}
    ) == ({"loss_curves"}, False)
    everything = {"fixed_points", "task_overview", "loss_curves"}
    assert targets(metrics=["fixed_point_counts"]) == (everything, True)
    assert targets(metrics=["dsa"], figures=["fixed_points"]) == ({"fixed_points"}, True)
    assert targets(metrics=["dsa"], figures={"fixed_points": None, "map": False}) == (
        {"fixed_points", "loss_curves"},
        True,
    )


def test_progress_of_training_is_drawn_where_there_are_snapshots(tiny):
    def drawn():
        return any("training_progress" in path for path in needs.Needs(resolve(tiny, SCHEMA)).figure_targets())

    assert not drawn()
    tiny["training"]["snapshots"] = [0.1]
    assert drawn()


def test_all_metrics_but_variants_are_compared_if_two_are_of_pairs(tiny):
    tiny["figures"] = ["agreement"]
    assert not needs.Needs(resolve(tiny, SCHEMA)).figure_targets()
    tiny |= {"metrics": {"ood_loss": None, "cka": {"grid": {"trials": [2]}}, "svcca": None}}
    found = needs.Needs(resolve(tiny, SCHEMA))
    (sweep,) = found.experiment.sweeps.values()
    assert set(found.compared_metrics(sweep)) == {"ood_loss", "cka", "svcca"}
    assert len(found.figure_inputs("agreement")) == 3 * 2


def test_memory_grows_with_what_the_networks_of_a_job_hold(tiny):
    tiny["seeds"], tiny["trials"]["probe"], tiny["metrics"] = 50, 1000, ["dsa", "svcca"]
    tiny["sweeps"] = {"one": {"task": "flip_flop", "factor": "model.width", "levels": [64, 2000]}}
    found = needs.Needs(resolve(tiny, SCHEMA))
    for condition, width in zip(found.experiment.conditions, (64, 2000), strict=True):
        states, weights = 8e-6 * (100 + 12) * width, 8e-6 * 4 * width**2  # MB a trial, and of a network
        block = found.memory_of_block(condition, 5)
        assert block == pytest.approx(4 * 5 * (16 * states + weights), abs=1)  # a batch of 16 trials
        dsa, svcca = (found.memory_of_metric(name, condition) for name in ("dsa", "svcca"))
        assert dsa == pytest.approx(4 * 1000 * states + 50 * weights, abs=1)  # the states of one network at a time
        assert svcca - dsa == pytest.approx(50 * 128 * states, abs=1)  # keeps those of all on 128 trials
    both = found.memory_of_metric("dsa", *found.experiment.conditions)
    assert both == pytest.approx(dsa + 50 * 8e-6 * 4 * 64**2, abs=1)


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
