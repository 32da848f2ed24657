from functools import partial

import numpy as np
import pytest
import torch

from degeneracy.measurement.measure import measure
from degeneracy.metrics import _spectrum
from degeneracy.metrics._loss import loss_of
from degeneracy.metrics._trials import Trials
from degeneracy.metrics.hessian import SIZES
from populations import random, short_population

EIGENVALUES = 10.0 ** -np.linspace(0, 6, 300)  # the largest is 1


def products(eigenvalues):
    """Products with a symmetric matrix of these eigenvalues, and a vector of its size."""
    basis = torch.as_tensor(np.linalg.qr(random(len(eigenvalues), len(eigenvalues)))[0])
    matrix = basis * torch.as_tensor(eigenvalues) @ basis.T
    return partial(torch.matmul, other=matrix), matrix[0]


@pytest.fixture(scope="module")
def population(tmp_path_factory):
    return short_population(tmp_path_factory.mktemp("hessian"), width=4, channels=2)


def test_the_whole_spectrum_of_a_quadratic_is_that_of_its_matrix():
    found = _spectrum.whole(*products(EIGENVALUES))
    np.testing.assert_allclose(found.points, EIGENVALUES[::-1], rtol=1e-8)
    assert found.participation == pytest.approx(EIGENVALUES.sum() ** 2 / np.sum(EIGENVALUES**2))
    assert found.trace_error == 0
    assert [found.share_below(size) for size in (1e-5, 1e-2)] == pytest.approx([1 / 6, 2 / 3], abs=0.01)


def test_the_estimated_spectrum_of_a_quadratic_is_near_that_of_its_matrix():
    eigenvalues = np.concatenate([EIGENVALUES, -0.1 * EIGENVALUES[:20]])
    product, like = products(eigenvalues)
    found = [_spectrum.estimated(product, like, 30, 8, 16, seed) for seed in range(20)]
    np.testing.assert_allclose([one.largest for one in found], 1, rtol=1e-6)
    np.testing.assert_allclose([one.smallest for one in found], -0.1, rtol=0.06)
    errors = [((one.trace - eigenvalues.sum()) / one.trace_error).item() for one in found]
    assert 0.5 < np.std(errors) < 1.6 and abs(np.mean(errors)) < 0.8  # as of a mean of 16 with its standard error
    assert found[0].trace_error < 0.05 * eigenvalues.sum()
    squares = np.mean([one.squares for one in found])
    assert squares == pytest.approx(np.sum(eigenvalues**2), rel=0.02)
    shares = [one.share_below(1e-2) for one in found]
    assert np.mean(shares) == pytest.approx(np.mean(abs(eigenvalues) < 1e-2), abs=0.03)
    assert np.isnan(found[0].share_below(1e-3))  # below 1/30² of the largest


def test_small_eigenvalues_of_both_signs_are_not_resolved_without_a_ritz_value_among_them():
    eigenvalues = np.linspace(-1, 1, 400) ** 3  # 0 lies within the spectrum, and a tenth of them is below 1e-3
    found = _spectrum.estimated(*products(eigenvalues), 40, 3, 4, 0)
    assert np.isnan(found.share_below(1e-3))
    assert found.share_below(0.3) == pytest.approx(0.3 ** (1 / 3), abs=0.1)


def test_a_matrix_of_low_rank_exhausts_lanczos():
    eigenvalues = np.zeros(50)
    eigenvalues[:2] = 3, 1
    found = _spectrum.estimated(*products(eigenvalues), 10, 2, 4, 0)
    assert (found.largest, found.trace, found.squares) == (pytest.approx(3), pytest.approx(4), pytest.approx(10))
    assert found.weights.sum() == pytest.approx(1)


def test_the_spectra_are_those_of_the_dense_matrices(population):
    found = measure("hessian", population, {"trials": 8})
    loss = loss_of(population, 1, Trials.of(population, "train", 8))
    vector = loss.vector({name: values[1] for name, values in population.parameters.items()})
    matrices = {"": torch.autograd.functional.hessian(loss, vector)}
    outputs = loss.outputs(vector)
    jacobian = torch.autograd.functional.jacobian(loss.outputs, vector).flatten(0, -2)
    rows = (
        (2 / 2 * loss.trials.mask[..., None] / loss.trials.mask.sum()).expand(outputs.shape).flatten()
    )  # of two outputs
    matrices["gauss_newton_"] = jacobian.T @ (rows[:, None] * jacobian)
    for prefix, matrix in matrices.items():
        values = torch.linalg.eigvalsh(matrix).numpy()
        expected = {
            "value": values.sum() ** 2 / np.sum(values**2),
            "largest": values[-1],
            "trace": values.sum(),
            "points": values,
            "shares": [np.mean(abs(values) < size * values[-1]) for size in SIZES],
        }
        for name, number in expected.items():
            np.testing.assert_allclose(found[f"{prefix}{name}"][1], number, rtol=1e-6, atol=1e-12)


def test_a_network_without_a_finite_loss_is_nan_and_the_others_stay(population, capsys):
    whole = measure("hessian", population, {"trials": 8})
    broken = population.networks.copy(deep=True)
    broken["bias"][0, 0] = np.nan
    found = measure("hessian", type(population)(broken, population.trials_path), {"trials": 8})
    assert np.isnan(found["value"][0]) and np.isnan(found["shares"][0]).all()
    assert found["value"][1] == whole["value"][1]
    assert "network 0: NaN, because its loss is nan" in capsys.readouterr().out
