import pytest

from conftest import SCHEMA
from degeneracy.errors import UserError
from degeneracy.experiment import chosen
from degeneracy.experiment import resolve as resolving
from degeneracy.experiment.resolve import resolve
from degeneracy.experiment.validation import check
from degeneracy.plugins import contracts
from degeneracy.plugins.discovery import names
from degeneracy.plugins.figure_contract import FigureContract


def resolved(config):
    return resolve(config, SCHEMA)


def names_of(config):
    return [condition.name for condition in resolved(config).conditions]


def test_conditions_are_named_by_their_difference_from_the_defaults():
    sweeps = {
        "channels": {"task": "flip_flop", "factor": "task.channels", "levels": [2, 3]},
        "width": {"task": "flip_flop", "factor": "model.width", "levels": [16, 128]},
    }
    assert names_of({"sweeps": sweeps}) == ["channels-2", "default", "width-16"]  # the default is in both sweeps, once
    quick = {"training": {"learning_rate": 0.01}, "sweeps": sweeps}
    assert names_of(quick) == ["channels-2_learning_rate-0.01", "learning_rate-0.01", "width-16_learning_rate-0.01"]


def test_a_condition_has_the_same_name_in_every_experiment(tiny):
    other = {"model": tiny["model"], "training": tiny["training"], "trials": tiny["trials"]}
    other["tasks"] = {"flip_flop": {"task": {"time_steps": 12, "channels": 3}}}
    other["sweeps"] = {"width": {"task": "flip_flop", "factor": "model.width", "levels": [8, 16]}}
    assert resolved(other).conditions[0] == resolved(tiny).conditions[1]


def test_a_long_name_is_cut_and_stays_its_own():
    cut = resolving._short("x" * 200), resolving._short("x" * 201)
    assert cut[0] != cut[1] and all(len(name) < 200 for name in cut)


def test_later_choices_win(tiny):
    tiny["tasks"]["flip_flop"]["training"] = {"learning_rate": 0.5}
    tiny["sweeps"]["channels"]["base"] = {"training": {"patience": 7}, "model": {"activation": "relu"}}
    spec = resolved(tiny).conditions[0].spec
    assert spec["training"]["learning_rate"] == 0.5 and spec["training"]["patience"] == 7
    assert spec["training"]["batch_size"] == 16 and spec["training"]["gradient_clip"] == 1.0
    assert spec["model"] == {"cell": "vanilla", "width": 8, "activation": "relu", "initialisation": "uniform"}
    assert {"channels-2", "activation-relu", "patience-7"} <= set(resolved(tiny).conditions[0].name.split("_"))


def test_trial_sets_are_shared_by_conditions_that_differ_elsewhere(tiny):
    tiny["sweeps"] = {"width": {"task": "flip_flop", "factor": "model.width", "levels": [4, 16]}}
    assert len({condition.trial_set for condition in resolved(tiny).conditions}) == 1
    assert len({condition.trials_json for condition in resolved(tiny).conditions}) == 1


def test_blocks_are_fixed_runs_of_seeds():
    assert list(resolving.blocks(0, 25, 10)) == ["seeds-000-009", "seeds-010-019", "seeds-020-024"]
    assert list(resolving.blocks(0, 30, 10))[:2] == list(resolving.blocks(0, 20, 10))
    assert [seed for run in resolving.blocks(0, 25, 10).values() for seed in run] == list(range(25))


def test_an_experiment_repeats_with_seeds_of_its_own(tiny):
    new = resolved(tiny | {"seeds": 3, "seeds_per_job": 2, "first_seed": 24})
    assert [list(run) for run in new.blocks.values()] == [[24, 25], [26]]
    assert list(new.blocks) == ["seeds-024-025", "seeds-026-026"]
    assert [one.name for one in new.conditions] == names_of(tiny)


def test_metrics_may_be_listed_left_out_or_tuned_for_a_task(tiny):
    assert resolved(tiny).metrics["flip_flop"]["dsa"] == {"rank": 3, "delays": 2, "interval": 1}
    tiny["tasks"]["flip_flop"].pop("metrics")
    tiny["metrics"] = ["cka", "svcca"]
    assert resolved(tiny).metrics["flip_flop"] == {"cka": {"trials": 128}, "svcca": {"variance": 0.99, "trials": 128}}
    assert resolved(tiny).maps == ()


def test_variants_of_a_metric_stand_beside_it_by_name(tiny):
    tiny["metrics"] = {"dsa": {"grid": {"rank": [3, 4], "interval": [1]}}, "coarse": {"metric": "dsa"}, "svcca": None}
    tiny["tasks"]["flip_flop"]["metrics"] = {"dsa": {"delays": 2, "rank": 5}, "coarse": {"rank": 2}}
    tiny["maps"] = ["coarse"]
    experiment = resolved(tiny)
    settings = {name: (one.get("rank"), one.get("delays")) for name, one in experiment.metrics["flip_flop"].items()}
    grid = {"dsa-interval-1-rank-3": (3, 2), "dsa-interval-1-rank-4": (4, 2)}
    assert settings == {"dsa": (5, 2), **grid, "coarse": (2, 5), "svcca": (None, None)}
    assert {name: experiment.plugin(name).name for name in settings} == dict.fromkeys(settings, "dsa") | {
        "svcca": "svcca"
    }
    assert experiment.maps == ("coarse",)


def test_the_name_of_a_variant_does_not_depend_on_the_order_of_its_grid(tiny):
    names = []
    for grid in ({"interval": [1], "rank": [3, 4]}, {"rank": [3, 4], "interval": [1]}):  # written as JSON, it is sorted
        names.append([*resolved(tiny | {"metrics": {"dsa": {"grid": grid}}}).metrics["flip_flop"]])
    assert names[0] == names[1]


def change(config, path, value):
    *way, key = path
    for step in way:
        config = config.setdefault(step, {})
    config[key] = value


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["sweps"], {}, 'config: unknown key "sweps"; did you mean "sweeps"?'),
        (["training", "treshold"], 1, 'training: unknown key "treshold"; did you mean "threshold"?'),
        (["seeds"], 0, "seeds: given 0, must be a whole number from 1 to 100000"),
        (["seeds"], "ten", "seeds: given 'ten', must be a whole number"),
        (["device"], "gpu", "device: given 'gpu'"),
        (["backend"], "quick", "backend: given 'quick'"),
        (["training", "threshold"], 0, "training.threshold: given 0, must be a number above 0"),
        (["metrics"], ["dsq"], 'unknown metric "dsq"; did you mean "dsa"?'),
        (["metrics"], {"dsa": {"rnk": 3}}, 'metrics.dsa: unknown key "rnk"; did you mean "rank"?'),
        (
            ["metrics"],
            {"coarse": {"metric": "dsq"}},
            'metrics.coarse.metric: unknown metric "dsq"; did you mean "dsa"?',
        ),
        (
            ["metrics"],
            {"coarse": {"metric": "dsa", "rnk": 3}},
            'metrics.coarse: unknown key "rnk"; did you mean "rank"',
        ),
        (["metrics"], {"svcca": {"metric": "dsa"}}, 'metrics.svcca: given metric "dsa", but svcca is a metric of its'),
        (["metrics"], {"a/b": {"metric": "dsa"}}, "metrics: given 'a/b', must be letters, digits"),
        (["metrics"], {7: {"metric": "dsa"}}, "metrics: given the name 7, must be text"),
        (["metrics"], {"dsa": {"grid": {"rank": [0]}}}, "metrics.dsa.grid.rank: given 0, must be a whole number"),
        (["metrics"], {"dsa": {"grid": {"rank": 3}}}, "metrics.dsa.grid.rank: given 3, must be a list"),
        (["metrics"], {"dsa": {"grid": {"rnk": [3]}}}, 'metrics.dsa.grid: unknown key "rnk"; did you mean "rank"?'),
        (
            ["metrics"],
            {"dsa": {"grid": {"rank": [3]}}, "dsa-rank-3": {"metric": "dsa"}},
            'metrics.dsa: two variants would share the name "dsa-rank-3"',
        ),
        (["metrics"], {"dsa": {"grid": {"rank": [99]}}}, "metrics.dsa-rank-99: given rank = 99"),
        (["tasks", "flip_flop", "metrics"], {"dsa": {"metric": "svcca"}}, 'metrics.dsa: unknown key "metric"'),
        (["maps"], ["ood_loss"], '"ood_loss" is no metric of pairs'),
        (["model", "cell"], "vanila", 'unknown cell "vanila"; did you mean "vanilla"?'),
        (["model", "activation"], "tan", "model.activation: given 'tan'; did you mean \"tanh\"?"),
        (["tasks", "flip_flip"], {}, 'unknown task "flip_flip"; did you mean "flip_flop"?'),
        (
            ["sweeps", "channels", "factor"],
            "task.chanels",
            'unknown factor "task.chanels"; did you mean "task.channels"?',
        ),
        (["sweeps", "channels", "levels"], ["two"], "given 'two', must be a whole number from 1 to 16"),
        (["sweeps", "channels", "levels"], [2, 2], "must not repeat a level"),
        (["sweeps", "channels", "levels"], [], "given [], must have at least 1 item"),
        (["sweeps", "a/b"], {}, "a/b"),
        (["sweeps", "channels", "factor"], "task.name", "unknown factor"),
        (["training", "learning_rate"], float("nan"), "training.learning_rate: given nan, must be a finite number"),
        (["training", "learning_rate"], "1e-3", "YAML reads 1e-3 as text; write 1.0e-3"),
        (["sweeps", 2024], {"task": "flip_flop", "factor": "task.channels", "levels": [1]}, "given the name 2024"),
        (["tasks", "flip_flop", "task", "name"], "other", 'unknown key "name"'),
        (["maps"], ["svcca"], "compares networks of one condition only"),
        (["model"], None, "model: given None, must be a mapping"),
        (["sweeps", "channels", "task"], "flipflop", 'sweeps.channels.task: unknown task "flipflop"; did you mean'),
        (["model", "gamma"], 2, 'model: unknown key "gamma": it is an option of mup, not of vanilla.'),
        (
            ["sweeps", "channels", "factor"],
            "model.gamma",
            'factor "model.gamma": it is an option of mup, not of vanilla',
        ),
        (
            ["sweeps", "channels", "factor"],
            "task.horizon",
            "it is an option of dynamical_system and lorenz96, not of flip_flop",
        ),
        (["fixed_points", "noise"], -1, "fixed_points.noise: given -1, must be a number of at least 0"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_sentence(tiny, path, value, sentence):
    change(tiny, path, value)
    with pytest.raises(ValueError) as caught:
        resolved(tiny)
    assert str(caught.value).startswith("config")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (["model", "width"], 0, "model.width"),
        (["tasks", "flip_flop", "model"], {"width": 0}, "tasks.flip_flop.model.width"),
        (["sweeps", "channels", "base"], {"model": {"width": 0}}, "sweeps.channels.base.model.width"),
        (["sweeps", "channels", "base"], {"model": {"cell": "lstn"}}, "sweeps.channels.base.model.cell"),
        (["sweeps", "channels", "base"], {"task": {"name": "sine"}}, "sweeps.channels.base.task"),
        (["metrics"], {"dsa": {"rank": 0}}, "metrics.dsa.rank"),  # which the task overrides
        (["tasks", "flip_flop", "metrics"], {"dsa": {"rank": 0}}, "tasks.flip_flop.metrics.dsa.rank"),
        (["figures"], {"example_trial": {"trial": -1}}, "figures.example_trial.trial"),
    ],
)
def test_a_wrong_option_is_named_where_the_user_wrote_it(tiny, path, value, where):
    change(tiny, path, value)
    with pytest.raises(UserError) as caught:
        resolved(tiny)
    assert str(caught.value).startswith(f"config: {where}: ")


def test_an_option_that_is_overridden_is_checked_too(tiny):
    tiny["sweeps"]["channels"]["base"] = {"model": {"width": 4}}
    tiny["model"]["width"] = "wide"
    with pytest.raises(UserError, match=r"config: model\.width: given 'wide', must be a whole number from 1 to 4096"):
        resolved(tiny)


def test_levels_of_training_options_are_checked_against_the_schema(tiny):
    tiny["sweeps"]["rate"] = {"task": "flip_flop", "factor": "training.learning_rate", "levels": [0.1, -1]}
    with pytest.raises(ValueError, match=r"rate.levels: given -1, must be a number above 0"):
        resolved(tiny)


def test_whole_numbers_and_floats_are_one_number(tiny):
    tiny["training"] |= {"learning_rate": 1, "epochs": 3.0}
    training = resolved(tiny).conditions[0].spec["training"]
    assert isinstance(training["learning_rate"], float) and isinstance(training["epochs"], int)
    tiny["sweeps"]["clip"] = {"task": "flip_flop", "factor": "training.gradient_clip", "levels": [1, 2]}
    assert len(resolved(tiny).conditions) == 3  # a clip of 1 is the base
    tiny["sweeps"]["penalty"] = {"task": "flip_flop", "factor": "training.l1", "levels": [0, 1]}
    assert len(resolved(tiny).conditions) == 4  # a penalty of 0 is the schema's default
    tiny["training"]["snapshots"] = [1, 0.5]
    assert '"snapshots": [1.0, 0.5]' in resolved(tiny).conditions[0].spec_json
    tiny["sweeps"]["channels"]["levels"] = [2.0, 3]
    assert [one.spec["task"]["channels"] for one in resolved(tiny).conditions[:2]] == [2, 3]
    tiny["sweeps"]["clip"]["levels"] = [2, 2.0]
    with pytest.raises(ValueError, match="must not repeat a level"):
        resolved(tiny)


def test_condition_names_are_safe_file_names():
    assert resolving._safe(0.001) == "0.001"
    strange = resolving._safe("../../etc/passwd")
    assert "/" not in strange and strange != resolving._safe("..-..-etc-passwd")


def test_every_schema_key_has_a_description_and_its_default_is_allowed():
    for name in ("training", "trials", "fixed_points", "statistics"):
        for key, part in SCHEMA["$defs"][name]["properties"].items():
            assert part["description"], key
            check({key: part["default"]}, {"type": "object", "properties": {key: part}})


def test_without_a_list_every_metric_and_figure_there_is_runs(tiny):
    tiny.pop("metrics")
    experiment_ = resolved(tiny)
    assert list(experiment_.metrics["flip_flop"]) == names("metrics")
    assert list(experiment_.figures) == names("figures")


def test_the_files_of_metrics_are_checked_when_the_workflow_is_read(tiny, monkeypatch):
    checked = []
    monkeypatch.setattr(contracts, "check", checked.append)
    resolved(tiny)
    assert {plugin.name for plugin in checked if plugin.kind == "metrics"} == set(tiny["metrics"])


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (["gamma"], "figures: gamma is not drawn: it is for a sweep of model.gamma, and there is none here"),
        (
            {"dense": None},
            "figures: dense is not drawn: it is for a sweep with 6 or more levels, and there is none here",
        ),
        (
            {"training_progress": None},
            "figures: training_progress is not drawn: it is for a sweep with training.snapshots, "
            "and there is none here",
        ),
        (["svcca"], "figures: svcca is not drawn: it needs one of the metrics svcca"),
        (["complexity", "directions", "degeneracy"], ""),
        (None, ""),
    ],
)
def test_a_figure_asked_for_that_no_sweep_fits_is_told(figures, said, tiny):
    notes = resolved(tiny | ({"figures": figures} if figures else {})).notes
    assert notes == ((f"config: {said}",) if said else ())


def test_a_figure_of_the_directions_is_drawn_whatever_is_swept(tiny, monkeypatch):
    unit = FigureContract(scope="experiment", reads=("directions",), factors=("model.gamma",))
    monkeypatch.setattr(chosen, "figure_contract", lambda name: unit)
    assert resolved(tiny | {"figures": ["gamma"]}).notes == ()
