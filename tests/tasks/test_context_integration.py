import numpy as np
import pytest

from degeneracy.tasks import context_integration

ONSET = 40  # of the response


def draw(ood=None, count=2000, **options):
    return context_integration.Task(**options).trials(np.random.default_rng(0), count, ood)


@pytest.mark.parametrize("modalities", [1, 2, 3])
def test_the_answer_is_the_sign_of_the_evidence_that_the_context_names(modalities):
    made = draw(modalities=modalities, noise=0.0)
    evidence, context = made.inputs[..., :modalities], made.inputs[..., modalities:]
    assert np.all(context.sum(-1) == 1) and np.ptp(context, axis=1).max() == 0
    assert np.all(evidence[:, ONSET:] == 0) and np.ptp(evidence[:, :ONSET], axis=1).max() == 0
    named = (evidence[:, 0] * context[:, 0]).sum(1)
    assert np.array_equal(np.unique(np.abs(named)), [0.1, 0.2, 0.4])
    assert np.array_equal(made.targets[:, -1, 0], np.sign(named)) and np.all(made.targets[:, :ONSET] == 0)
    assert np.array_equal(np.flatnonzero(made.mask[0]), [0, *range(ONSET, ONSET + 10)])
    assert np.abs(np.mean(np.sign(evidence[:, 0]), axis=0)).max() < 0.06  # balanced, and the modalities independent
    correlation = np.corrcoef(np.sign(evidence[:, 0]).T)
    assert modalities == 1 or np.abs(correlation - np.eye(modalities)).max() < 0.06


def test_noise_has_the_size_asked_for_and_rarely_decides():
    made = draw(noise=0.2)
    evidence = made.inputs[:, :ONSET, :2]
    assert np.std(evidence - evidence.mean(1, keepdims=True)) == pytest.approx(0.2, rel=0.03)
    decided = np.sign((evidence.mean(1) * made.inputs[:, 0, 2:]).sum(1))
    assert np.mean(decided == made.targets[:, -1, 0]) > 0.998


def test_choices_are_the_same_answers_as_categories():
    sign, choice = draw(), draw(answer="choice")
    assert np.array_equal(choice.targets.sum(-1), np.ones(choice.mask.shape))
    assert np.array_equal(choice.targets.argmax(-1), np.array([0, 2, 1])[sign.targets[..., 0].astype(int)])


def test_the_generalisation_is_to_hold_the_answer():
    made = draw("generalisation")
    assert np.array_equal(np.flatnonzero(made.mask[0]), np.arange(ONSET + 10, ONSET + 50))
    assert np.all(made.targets[:, ONSET:] == made.targets[:, [-1]])
