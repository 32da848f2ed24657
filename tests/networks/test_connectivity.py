"""Sparse connectivity: the share of weights that exist, in each cell, before and after training."""

import numpy as np
import pytest
from interruptions import assert_identical, interrupted_after, kept, train

from conftest import make_condition
from degeneracy.networks import connectivity
from degeneracy.plugins.discovery import Plugin, make_cell, names

SHORT = {"epochs": 3, "steps_per_epoch": 6, "threshold": 1e-9, "connectivity": 0.3}
MASKED = [name for name in names("cells") if name != "low_rank"]  # which has no recurrent matrix of its own


@pytest.mark.parametrize("cell", MASKED)
def test_weights_that_do_not_exist_are_0_before_and_after_training(cell):
    condition = make_condition(model={"cell": cell, "width": 10}, training=SHORT | {"nuclear_norm": 0.1, "l1": 0.1})
    networks = train(condition, [0, 1])
    mask = networks["connectivity_mask"].values
    assert mask.sum((1, 2)).tolist() == [30, 30] and not np.array_equal(mask[0], mask[1])
    for name, dims in make_cell(condition).parameter_dims().items():
        if dims == ("unit", "source_unit"):
            for full in (name, f"initial_{name}"):
                assert (networks[full].values[mask == 0] == 0).all()
            assert (networks[name].values != networks[f"initial_{name}"].values)[mask == 1].mean() > 0.8


def test_the_mask_of_a_network_depends_on_its_seed_alone():
    condition = make_condition(training=SHORT)
    together, alone = train(condition, [0, 1]), train(condition, [1])
    for name in ("connectivity_mask", "recurrent_weights"):
        assert np.array_equal(together[name][1], alone[name][0])


def test_an_interrupted_sparse_training_ends_bit_identical(tmp_path):
    condition = make_condition(training=SHORT)
    interrupted_after(2, condition, tmp_path)
    assert_identical(train(condition, checkpoint=kept(tmp_path)), train(condition))


def test_dense_networks_have_no_mask():
    networks = train(make_condition(training=SHORT | {"connectivity": 1}))
    assert "connectivity_mask" not in networks and (networks["recurrent_weights"] != 0).all()


@pytest.mark.parametrize("density", [0.02, 0.2])
def test_sparse_weights_keep_the_radius_of_their_eigenvalues(density):
    cell = Plugin("cells", "vanilla").load().Cell(width=400)
    drawn = cell.initialise(np.random.default_rng(0), 1, 1)
    sparse = connectivity.thinned(drawn, connectivity.masks(cell, density, 0), density)["recurrent_weights"]
    radii = [abs(np.linalg.eigvals(weights)).max() for weights in (drawn["recurrent_weights"], sparse)]
    assert np.count_nonzero(sparse) == round(density * 400**2) and radii[1] == pytest.approx(radii[0], rel=0.1)
