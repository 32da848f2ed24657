"""What does not go together is said before anything runs: left out if nobody asked for it, refused if somebody did."""

import pytest

from conftest import SCHEMA
from degeneracy.errors import UserError
from degeneracy.experiment import needs
from degeneracy.experiment.resolve import resolve
from degeneracy.plugins.discovery import names

ONE_MATRIX = {
    "barrier", "joint_permutation_distance", "mergeable_units", "signed_permutation_distance", "star_centre",
}  # fmt: skip
FREE_RUN = {"attractor_distance", "attractor_error"}


def resolved(config):
    return resolve(config, SCHEMA)


def test_a_metric_that_does_not_fit_the_cell_is_left_out_of_all_with_a_sentence(tiny):
    tiny.pop("metrics")
    tiny["sweeps"]["cell"] = {"task": "flip_flop", "factor": "model.cell", "levels": ["vanilla", "gru"]}
    experiment = resolved(tiny)
    vanilla, gru = experiment.sweeps["cell"].conditions
    all_metrics = set(names("metrics")) - FREE_RUN
    assert set(experiment.metrics_of(vanilla)) == all_metrics
    assert set(experiment.metrics_of(gru)) == all_metrics - ONE_MATRIX
    assert set(experiment.metrics_of(vanilla, gru)) == all_metrics - ONE_MATRIX
    left_out = {note.partition(":")[2].split()[1]: note for note in experiment.notes}
    assert left_out.keys() == ONE_MATRIX | FREE_RUN
    assert "and gru has recurrent_weights, reset_weights, update_weights" in left_out["joint_permutation_distance"]
    assert "outputs that predict the next inputs, which these" in left_out["attractor_error"]
    needed = needs.Needs(experiment)
    assert "signed_permutation_distance" in needed.metrics(experiment.sweeps["channels"])
    assert not any("signed" in path for path in needed.statistics() if "/cell/" in path)


def test_a_metric_that_does_not_fit_the_cell_and_is_named_is_refused(tiny):
    tiny["model"]["cell"] = "gru"
    tiny["metrics"] = ["dsa", "signed_permutation_distance"]
    with pytest.raises(UserError, match=r"^config: metrics\.signed_permutation_distance: must have a cell with one"):
        resolved(tiny)


@pytest.mark.parametrize(
    ("options", "trials", "said"),
    [
        ({"rank": 17}, 16, "given rank = 17, delays = 2 and state_size = 8, must have rank <= delays * state_size"),
        ({"delays": 12}, 16, "must have (delays - 1) * interval + 2 <= task.time_steps"),
        ({"rank": 16, "delays": 11}, 2, "must have rank <= trials.probe * (task.time_steps - (delays - 1) * interval)"),
    ],
)
def test_a_rank_and_delays_that_the_states_cannot_have_are_refused(options, trials, said, tiny):
    tiny["trials"]["probe"] = trials
    tiny["tasks"]["flip_flop"]["metrics"]["dsa"] |= options
    with pytest.raises(UserError) as caught:
        resolved(tiny)
    assert str(caught.value).startswith("config: tasks.flip_flop.metrics.dsa: given ") and said in str(caught.value)


def test_a_rank_that_only_the_default_asks_for_leaves_the_metric_out(tiny):
    tiny.pop("metrics")
    tiny["model"]["width"] = 1
    tiny["tasks"]["flip_flop"].pop("metrics")
    experiment = resolved(tiny)
    left_out = {name for name, _ in experiment.left_out}
    left_out -= FREE_RUN
    assert left_out == {"dsa", "dsa_eigenvalues", "input_dsa"} and len(experiment.notes) == 3 + len(FREE_RUN)


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ({"tasks": {"delayed_discrimination": {"task": {"delay_minimum": 30}}}}, "tasks.delayed_discrimination.task."),
        ({"base": {"task": {"delay_minimum": 30}}}, "sweeps.delay.base.task."),
    ],
)
def test_a_range_between_options_is_checked_where_it_is_written(where, place, tiny):
    sweep = {"task": "delayed_discrimination", "factor": "model.width", "levels": [4, 8]}
    tiny["sweeps"] = {"delay": sweep | ({"base": where["base"]} if "base" in where else {})}
    tiny["tasks"] |= where.get("tasks", {})
    said = "given delay_minimum = 30 and delay_maximum = 20, must have delay_minimum <= delay_maximum"
    with pytest.raises(UserError) as caught:
        resolved(tiny)
    assert str(caught.value) == f"config: {place}delay_minimum: {said}"


def test_a_range_between_options_is_checked_at_every_level(tiny):
    tiny["sweeps"] = {"d": {"task": "delayed_discrimination", "factor": "task.delay_maximum", "levels": [20, 4]}}
    with pytest.raises(UserError, match=r"^config: sweeps\.d\.levels: given delay_minimum = 5 and delay_maximum = 4"):
        resolved(tiny)


def test_a_figure_of_a_trial_that_is_not_there_is_refused(tiny):
    tiny["figures"] = {"example_trial": {"trial": 16}}
    with pytest.raises(UserError, match=r"^config: figures\.example_trial: given trial = 16 and trials\.probe = 16"):
        resolved(tiny)


def test_a_false_in_a_mapping_stands_for_all_but_those(tiny):
    tiny["metrics"] = {"fixed_point_counts": False, "svcca": {"variance": 0.5}}
    chosen = resolved(tiny).metrics["flip_flop"]
    assert set(chosen) == set(names("metrics")) - {"fixed_point_counts"} and chosen["svcca"]["variance"] == 0.5
    tiny["metrics"], tiny["figures"] = ["dsa"], {"map": False}
    assert set(resolved(tiny).figures) == set(names("figures")) - {"map"}
    tiny["figures"] = {"mop": False}
    with pytest.raises(UserError, match='unknown figure "mop"; did you mean "map"'):
        resolved(tiny)
    tiny["figures"] = dict.fromkeys(names("figures"), False)
    with pytest.raises(UserError, match="must leave one of the figures"):
        resolved(tiny)


def test_the_options_of_a_metric_are_checked_whether_they_count_or_not(tiny):
    tiny["metrics"] = {"dsa": {"rank": "high"}}  # which the task overrides
    with pytest.raises(UserError, match=r"^config: metrics\.dsa\.rank: given 'high'"):
        resolved(tiny)
    tiny["metrics"] = ["dsa"]
    tiny["tasks"]["sine"] = {"metrics": {"dsa": {"rank": "high"}}}  # of which there is no sweep
    with pytest.raises(UserError, match=r"^config: tasks\.sine\.metrics\.dsa\.rank: given 'high'"):
        resolved(tiny)


@pytest.mark.parametrize("key", ["seed", "train", "probe", "ood"])
def test_a_number_too_long_for_a_name_is_one_sentence(key, tiny):
    tiny["trials"][key] = 10**30
    with pytest.raises(UserError, match=rf"^config: trials\.{key}: given 1{'0' * 30}, must be a whole number from"):
        resolved(tiny)


@pytest.mark.parametrize("key", ["train", "probe"])
def test_trials_that_are_split_are_two_at_least(key, tiny):
    tiny["trials"][key] = 1
    with pytest.raises(UserError, match=rf"^config: trials\.{key}: given 1, must be a whole number from 2"):
        resolved(tiny)
