import numpy as np
import pytest
import xarray as xr

from degeneracy.statistics.crossed import components, grid_of, sharing, table


def test_the_grid_holds_the_initialisations_of_which_every_network_is_used():
    used = np.array([True, True, False, True, True, True])
    assert grid_of(np.array([0, 1, 2, 3, 5, 4]), used, 2).tolist() == [[0, 1], [5, 4]]
    assert grid_of(np.arange(3), np.zeros(3, bool), 2).shape == (0, 2)


def test_variance_components_and_their_intervals_hold_the_truth():
    generator, truth = np.random.default_rng(0), {"initialisation": 4.0, "data": 1.0, "rest": 0.25}
    found = []
    for _ in range(400):
        parts = [generator.standard_normal(shape) for shape in ((12, 1), (1, 5), (12, 5))]
        found.append(components(sum(np.sqrt(v) * part for v, part in zip(truth.values(), parts, strict=True)), 0.95))
    for name, variance in truth.items():
        estimate, low, high = np.array([each[name] for each in found]).T
        assert estimate.mean() == pytest.approx(variance, rel=0.12)
        assert 0.92 < np.mean((low <= variance) & (variance <= high)) < 0.98
    assert np.isnan(components(np.ones((1, 5)), 0.95)["data"]).all()


def test_pairs_that_share_the_initialisation_are_nearer_if_it_decides():
    generator = np.random.default_rng(0)
    place = np.repeat(generator.standard_normal((5, 3)), 3, axis=0) + 0.1 * generator.standard_normal((15, 3))
    found = sharing(np.linalg.norm(place[:, None] - place, axis=-1), np.arange(15).reshape(5, 3))
    assert found["initialisation"][0] < 0.4 < found["neither"][0] and found["initialisation"][1] < 0.001
    assert found["data"][1] > 0.05


def test_rows_are_of_values_with_their_logarithms_and_of_pairs():
    generator = np.random.default_rng(0)
    data = xr.Dataset(
        {
            "value": ("network", generator.random(4)),
            "distance": (("network", "network_other"), 1 - np.eye(4)),
        },
        {"network": [0, 1, 2, 3]},
    )
    rows = table(data, np.ones(4, bool), 2, ["value", "distance"], 0.95)
    assert [row["measure"] for row in rows] == ["value"] * 3 + ["log_value"] * 3 + ["distance"] * 3
    assert [row["mean"] for row in rows[6:]] == [1, 1, 1]
