"""What does not belong together is refused before anything is computed, and the sentence names the file at fault."""

import importlib
import json
import shutil
import sys
from pathlib import Path

import pytest

from conftest import SCHEMA, TINY
from degeneracy.artifacts import joined, origin, store
from degeneracy.drawing import sweeps
from degeneracy.errors import UserError
from degeneracy.experiment import needs as of_rules
from degeneracy.experiment.condition import dumps
from degeneracy.experiment.needs import Needs
from degeneracy.experiment.resolve import resolve
from degeneracy.fixed_points.schema import FIXED_POINTS
from degeneracy.measurement.schema import PAIR_METRIC
from degeneracy.networks.population import load
from degeneracy.networks.schema import NETWORKS
from degeneracy.trials.schema import TRIALS

EXPERIMENT = resolve(TINY, SCHEMA)
NEEDS = Needs(EXPERIMENT)
SWEEP = EXPERIMENT.sweeps["channels"]
ONE, OTHER = SWEEP.conditions
DSA = dumps(EXPERIMENT.metrics["flip_flop"]["dsa"])


@pytest.fixture
def results(finished, tmp_path, monkeypatch):
    """A copy of the results of the tiny experiment, in the working directory."""
    shutil.copytree(finished / "results", tmp_path / "results")
    monkeypatch.chdir(tmp_path)


def run(script: str, *arguments) -> None:
    """Run a script of the workflow in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [script, *map(str, arguments), "--output", "out.nc"])
        importlib.import_module(script).main()


def fixed_points():
    given = ("--networks", NEEDS.networks(ONE)[0], "--trials", of_rules.trials(ONE), "--condition", ONE.spec_json)
    run("find_fixed_points", *given, "--options", dumps(EXPERIMENT.fixed_points), "--device", "cpu")


def metric():
    given = ("--networks", *NEEDS.networks(ONE), "--trials", of_rules.trials(ONE), "--condition", ONE.spec_json)
    points = ("--fixed-points", *NEEDS.fixed_points(ONE))
    run("compute_metric", "fixed_point_counts", *given, *points, "--device", "cpu")


def network_map():
    networks = [path for condition in SWEEP.conditions for path in NEEDS.networks(condition)]
    given = ("--networks", *networks, "--trials", *map(of_rules.trials, SWEEP.conditions))
    given += ("--metrics", *NEEDS.metric(SWEEP, "dsa"), "--options", DSA, "--device", "cpu")
    run("compute_map", "dsa", "--factor", SWEEP.factor, *given, "--conditions", SWEEP.specs_json)


def statistics():
    given = ("--metrics", *NEEDS.metric(SWEEP, "dsa"), "--options", DSA, "--conditions", SWEEP.specs_json)
    run("compute_statistics", "dsa", "--factor", SWEEP.factor, *given)


def complexity():
    run("compute_complexity", "--trials", of_rules.trials(ONE), "--condition", ONE.trials_json)


def remade(path, schema, **attributes):
    """Write an artifact anew with other attributes."""
    groups = {group: store.read(path, schema, group) for group in schema.groups}
    data = groups or store.read(path, schema)
    own = store.attributes_of(path)
    if groups:
        groups["train"]["inputs"][0, 0, 0] += 1
    store.save(path, schema, data, **own | attributes)


def instead_of(path, other):
    return lambda: shutil.copy(other, path)


NETWORKS_OF, POINTS_OF = NEEDS.networks(ONE), NEEDS.fixed_points(ONE)
METRIC_OF, TRIALS_OF = NEEDS.metric(SWEEP, "dsa"), of_rules.trials(ONE)
ANOTHER = "of another condition: task.channels is 3, must be 2"
MADE = "that was made from other {} than those given"


@pytest.mark.parametrize(
    "spoil, stage, fault, said",
    [
        (instead_of(NETWORKS_OF[0], NEEDS.networks(OTHER)[0]), fixed_points, NETWORKS_OF[0], ANOTHER),
        (instead_of(NETWORKS_OF[0], NEEDS.networks(OTHER)[0]), metric, NETWORKS_OF[0], ANOTHER),
        (instead_of(NETWORKS_OF[1], NEEDS.networks(OTHER)[1]), network_map, NETWORKS_OF[1], ANOTHER),
        (instead_of(TRIALS_OF, of_rules.trials(OTHER)), fixed_points, TRIALS_OF, ANOTHER),
        (instead_of(TRIALS_OF, of_rules.trials(OTHER)), network_map, TRIALS_OF, ANOTHER),
        (instead_of(TRIALS_OF, of_rules.trials(OTHER)), complexity, TRIALS_OF, ANOTHER),
        (lambda: remade(TRIALS_OF, TRIALS), fixed_points, NETWORKS_OF[0], MADE.format("trials")),
        (instead_of(POINTS_OF[1], NEEDS.fixed_points(OTHER)[1]), metric, POINTS_OF[1], ANOTHER),
        (lambda: remade(POINTS_OF[1], FIXED_POINTS, options="{}"), metric, POINTS_OF[1], "with options {}, must be {"),
        (
            lambda: remade(POINTS_OF[0], FIXED_POINTS, inputs='{"networks": ["0"]}'),
            *(metric, POINTS_OF[0], MADE.format("networks")),
        ),
        (instead_of(METRIC_OF[0], METRIC_OF[1]), statistics, METRIC_OF[0], ANOTHER),
        (instead_of(METRIC_OF[0], METRIC_OF[1]), network_map, METRIC_OF[0], ANOTHER),
        (
            instead_of(METRIC_OF[0], NEEDS.metric(SWEEP, "ood_loss")[0]),
            *(statistics, METRIC_OF[0], "is a network metric artifact, must be a pair metric artifact"),
        ),
        (
            lambda: remade(METRIC_OF[0], PAIR_METRIC, options=DSA.replace("3", "2")),
            *(statistics, METRIC_OF[0], f"with options {DSA.replace('3', '2')}, must be {DSA}"),
        ),
        (
            lambda: remade(METRIC_OF[1], PAIR_METRIC, inputs='{"networks": ["0"]}'),
            *(network_map, METRIC_OF[1], MADE.format("networks")),
        ),
        (lambda: remade(METRIC_OF[1], PAIR_METRIC, metric="x"), statistics, METRIC_OF[1], "with metric x, must be dsa"),
    ],
)
def test_what_does_not_belong_is_named(results, spoil, stage, fault, said):
    spoil()
    with pytest.raises(UserError) as caught:
        stage()
    assert str(caught.value).startswith(f"{fault}: ") and said in str(caught.value)
    assert not Path("out.nc").exists()


def test_what_belongs_together_is_joined_and_every_artifact_says_what_it_was_made_from(results):
    statistics()
    network_map()
    made = {path: store.attributes_of(path) for path in Path().rglob("*.nc")}
    assert len({attributes["artifact"] for attributes in made.values()}) == 9  # every kind
    known = origin.contents(made.values())
    for path, attributes in made.items():
        assert {"options", "code", "inputs", "content", "condition"} <= attributes.keys(), path
        inputs = json.loads(attributes["inputs"])
        assert bool(inputs) == (attributes["artifact"] != "trials")
        assert all(set(contents) <= set(known[kind]) for kind, contents in inputs.items()), path


def files(*attributes):
    return {f"{place}.nc": {"artifact": "fixed_points"} | each for place, each in enumerate(attributes)}


def test_of_several_files_the_one_that_differs_from_most_is_named():
    with pytest.raises(UserError, match=r"^0\.nc: fixed points artifact with options a, must be b"):
        joined.alike(files({"options": "a"}, {"options": "b"}, {"options": "b"}, {}), "options")
    conditions = [{"task": {"n": n, "noise": noise}, "model": {}} for n, noise in ((1, 0), (2, 0), (3, 1))]
    made = files(*({"condition": dumps(condition)} for condition in conditions))
    joined.of_sweep(dict(list(made.items())[:2]), "task.n")
    with pytest.raises(UserError, match=r"^2\.nc: .* of another condition: task\.noise is 1, must be 0$"):
        joined.of_sweep(made, "task.n")


def test_files_can_be_made_from_more_or_fewer_than_are_given_unless_these_are_all():
    made = files({"inputs": '{"networks": ["a", "b"], "trials/train": ["t"]}'})
    for given in (["a"], ["a", "b"], ["a", "b", "c"]):
        joined.made_from(made, {"networks": given})
    for given, whole in ((["a", "c"], False), (["a"], True), (["a", "b", "c"], True)):
        with pytest.raises(UserError, match="made from other networks than those given"):
            joined.made_from(made, {"networks": given}, whole)


def test_trials_that_change_while_a_job_reads_them_are_refused(results):
    population = load(NETWORKS_OF, TRIALS_OF)
    remade(TRIALS_OF, TRIALS)
    with pytest.raises(UserError, match="has changed since this job began to read it"):
        population.trials("probe")


def test_a_swapped_networks_file_is_refused_by_a_figure(results):
    paths = [path for condition in SWEEP.conditions for path in NEEDS.networks(condition)]
    assert list(sweeps.load("channels", SWEEP.factor, paths).populations) == [2, 3]
    data = store.read(paths[1], NETWORKS)
    condition = json.loads(data.attrs["condition"])
    condition["training"]["epochs"] = 9
    store.save(paths[1], NETWORKS, data, condition=dumps(condition))
    with pytest.raises(UserError, match=r"training\.epochs is 9, must be 2") as caught:
        sweeps.load("channels", SWEEP.factor, paths)
    assert str(caught.value).startswith(paths[1])
