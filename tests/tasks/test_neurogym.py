import numpy as np
import pytest

from degeneracy.tasks import neurogym as plugin

pytest.importorskip("neurogym")


def draw(environment, seed=0, ood=None, **options):
    return plugin.Task(environment, **options).trials(np.random.default_rng(seed), 12, ood)


def test_trials_are_those_of_the_environment_under_the_seed_that_we_draw():
    import neurogym

    made, environment = draw("yang19.dm1-v0"), neurogym.make("yang19.dm1-v0", dt=100).unwrapped
    environment.seed(int(np.random.default_rng(0).integers(2**31)))
    for inputs, targets, mask in zip(made.inputs, made.targets, made.mask, strict=True):
        environment.new_trial()
        steps = len(environment.gt)
        assert np.array_equal(inputs[:steps], environment.ob) and np.array_equal(mask, np.arange(len(mask)) < steps)
        assert np.array_equal(targets[:steps].argmax(1), environment.gt) and np.all(targets[:steps].sum(1) == 1)


@pytest.mark.parametrize("environment", ["PerceptualDecisionMaking-v0", "yang19.go-v0", "ReachingDelayResponse-v0"])
def test_the_generator_alone_decides_which_trials_are_drawn(environment):
    first, again, other = draw(environment), draw(environment), draw(environment, seed=1)
    for part in ("inputs", "targets", "mask"):
        assert np.array_equal(getattr(first, part), getattr(again, part))
    assert first.inputs.shape != other.inputs.shape or not np.array_equal(first.inputs, other.inputs)


def test_actions_that_are_values_are_the_targets_themselves():
    task, made = plugin.Task("ReachingDelayResponse-v0"), draw("ReachingDelayResponse-v0")
    assert not task.categorical and plugin.Task("yang19.go-v0").categorical
    assert made.targets.shape[2] == len(task.outputs) == 2 and len(np.unique(made.targets[..., 1])) > 5


def test_fixation_counts_unless_it_is_not_to():
    counted, masked = draw("PerceptualDecisionMaking-v0"), draw("PerceptualDecisionMaking-v0", count_fixation=False)
    assert np.all(counted.mask == 1) and np.array_equal(masked.mask[0], np.arange(22) >= 1)  # 100 ms of fixation
    assert np.array_equal(counted.inputs, masked.inputs)


def test_out_of_distribution_every_period_is_twice_as_long():
    probe, ood = draw("PerceptualDecisionMaking-v0"), draw("PerceptualDecisionMaking-v0", ood="generalisation")
    assert (probe.mask.shape[1], ood.mask.shape[1]) == (22, 44)
    assert (probe.targets[0, :, 0] == 0).sum() * 2 == (ood.targets[0, :, 0] == 0).sum()  # steps of the decision


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ("PerceptualDecisionMakin-v0", r'unknown environment .*; did you mean "PerceptualDecisionMaking-v0"'),
        ("Bandit-v0", "given Bandit-v0, which has no targets: it is learnt by reward"),
        ("ToneDetection-v0", "given ToneDetection-v0, which cannot be made"),
    ],
)
def test_what_cannot_be_trained_on_is_one_sentence(environment, sentence):
    with pytest.raises(ValueError, match=f"^environment: {sentence}"):
        plugin.Task(environment)


def test_an_observation_that_is_not_a_vector_is_refused(monkeypatch):
    import gymnasium
    import neurogym

    made = neurogym.make("yang19.go-v0").unwrapped
    made.observation_space = gymnasium.spaces.Box(0, 1, (4, 4))
    monkeypatch.setattr(plugin, "_made", lambda name, time_step: made)
    with pytest.raises(ValueError, match="given image-v0, whose observation is not a vector"):
        plugin.Task("image-v0")


def test_names_of_channels_are_those_of_neurogym():
    task = plugin.Task("PerceptualDecisionMaking-v0")
    assert task.inputs == ["fixation", "stimulus_0", "stimulus_1"]
    assert task.outputs == ["fixation", "choice_0", "choice_1"]
    assert np.array_equal(task.constant_inputs(), [[0, 0, 0], [1, 0, 0]])
