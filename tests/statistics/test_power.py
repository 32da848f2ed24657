import numpy as np
import pytest
import xarray as xr

from degeneracy.statistics import power
from degeneracy.statistics.power import networks_needed


def statistics(relative_error, networks):
    """A statistics artifact of two levels with this standard error, relative to the degeneracy."""
    values = {"degeneracy": [2.0, 4.0], "standard_error": [2 * relative_error, 4 * relative_error]}
    data = {name: (("level", "measure"), np.array(each)[:, None]) for name, each in values.items()}
    return xr.Dataset(data | {"n_used": ("level", [networks] * 2)}, {"measure": ["sd"]})


def test_the_sd_of_normal_values_takes_the_networks_of_the_textbook():
    # Var(log SD) = 1 / 2n, so n = (z₀.₈ + z₀.₉₇₅)² / (log 2)² = 7.849 / 0.4805 = 16.3
    assert networks_needed(statistics((2 * 50) ** -0.5, 50), "sd", -0.5) == 17
    assert networks_needed(statistics((2 * 50) ** -0.5, 50), "sd", 1.0) == 17


def test_a_simulated_study_of_that_size_has_that_power():
    count = networks_needed(statistics((2 * 50) ** -0.5, 50), "sd", -0.3)
    values = np.random.default_rng(0).standard_normal((4000, 2, count)) * [[1.0], [0.7]]
    change = np.diff(np.log(values.std(2)), axis=1)[:, 0]
    seen = np.abs(change) > 1.96 / count**0.5
    assert np.mean(seen) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("change", [0, -1, -2])
def test_a_change_that_is_none_is_refused(change):
    with pytest.raises(ValueError, match="must be above −1 and not 0"):
        power.networks_needed(statistics(0.1, 50), "sd", change)


def test_the_table_has_the_sd_of_the_ratio_and_no_row_without_a_variance():
    (row,) = power.table(statistics(0.1, 50))
    assert row["sd_log_ratio"] == pytest.approx(0.1 * 2**0.5) and row["networks_for_halving"] == 17
    assert [power.table(statistics(error, 50)) for error in (0.0, np.nan, np.inf)] == [[]] * 3
