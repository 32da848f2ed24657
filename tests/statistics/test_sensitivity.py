"""Which arrows are robust: planted rows with known variants and halves."""

import numpy as np
import pytest
import xarray as xr

from degeneracy.statistics import sensitivity
from degeneracy.statistics.summary import summarise

ROW = {
    **{"sweep": "n", "metric": "dsa", "variant_of": "", "measure": "distance", "arrow": "up"},
    **{"percent": 20.0, "percent_low": 10.0, "trend": 0.1, "holm_p": 0.01, "resolved": True, "halves_agree": "yes"},
    "percent_replicate": np.nan,
}


def judged(row, *others):
    """The doubts about a row among others, all given by what differs from ROW."""
    rows = [ROW | row, *(ROW | other for other in others)]
    variants, agreement = sensitivity.sign_agreement(rows[0], rows)
    return sensitivity.doubts(rows[0] | {"variants": variants, "sign_agreement": agreement}, 0.05)


def variants(*changes):
    return [
        {"metric": f"v{place}", "variant_of": "dsa", "arrow": "unclear", "percent": change}
        for place, change in enumerate(changes)
    ]


@pytest.mark.parametrize(
    ("row", "others", "said"),
    [
        ({}, variants(5.0, 30.0), ""),
        ({"arrow": "unclear", "resolved": False}, [], ""),
        ({}, variants(*range(1, 10)), ""),
        ({}, variants(*range(1, 9), -1.0), ""),  # nine of ten
        ({}, variants(*range(1, 8), -1.0), "this sign in 8 of 9 variants"),
        ({}, variants(5.0), "fewer than 3 variants"),
        ({"percent_replicate": 21.0}, variants(5.0), ""),  # two sets of trials
        ({"percent_replicate": -1.0}, variants(5.0), "this sign in 2 of 3 variants"),
        ({}, variants(5.0, 5.0, 20.0), "fewer than 3 variants"),  # equal changes count once
        ({}, variants(5.0, np.nan), "fewer than 3 variants"),
        ({}, [*variants(5.0), {"measure": "angular"}], "fewer than 3 variants"),  # a function of the distance
        ({}, [*variants(5.0), {"sweep": "other", "percent": 7.0}], "fewer than 3 variants"),
        ({"holm_p": 0.06}, variants(5.0, 30.0), "adjusted p above 0.05"),
        ({"holm_p": np.nan}, variants(5.0, 30.0), "not tested with the compared rows"),
        ({"halves_agree": "no"}, variants(5.0, 30.0), "not in both halves of the seeds"),
        (
            {"halves_agree": "not judged", "holm_p": 0.06},
            variants(5.0, 30.0),
            "adjusted p above 0.05; fewer than 4 networks in a half of the seeds",
        ),
        ({"percent_low": np.nan, "trend": -1.0}, variants(5.0, 30.0), "this sign in 1 of 3 variants"),
    ],
)
def test_an_arrow_is_robust_if_there_is_no_doubt(row, others, said):
    assert judged(row, *others) == said


def test_a_mean_is_compared_with_means_and_a_spread_with_spreads():
    rows = [ROW | {"metric": "ood_loss", "measure": name} for name in ("sd", "log_sd", "mean")]
    assert [row["measure"] for row in sensitivity.family(rows[0], rows)] == ["sd", "log_sd"]
    assert [row["measure"] for row in sensitivity.family(rows[2], rows)] == ["mean"]


@pytest.mark.parametrize(
    ("halves", "networks", "said"),
    [((1.0, 9.0), 4, "yes"), ((1.0, -1.0), 9, "no"), ((1.0, 1.0), 3, "not judged"), ((1.0, np.nan), 9, "not judged")],
)
def test_halves_agree_if_both_have_the_sign_and_enough_networks(halves, networks, said):
    assert sensitivity.halves_agree(ROW, halves, networks) == said


@pytest.mark.parametrize("pairwise", [False, True])
def test_a_half_has_the_trend_of_its_own_networks(pairwise):
    """At the second level the odd seeds are twice as far apart, the even ones half as far; one has not converged."""
    metrics = []
    for scale in (1.0, np.where(np.arange(9) % 2, 2.0, 0.5)):
        values = np.array([0, 0, 1, 1, 2, 2, 3, 3, 100]) * scale + 10 * (1 - pairwise)
        data = {"value": ("network", values), "status": ("network", [1] * 8 + [0])}
        if pairwise:
            data["distance"] = ("network", "network_other"), np.abs(values[:, None] - values)
        metrics.append(xr.Dataset(data, {"network": range(9)}))
    found = summarise([2, 3], metrics, 0.95, {"distance" if pairwise else "value": ("d", "1")})
    measure = found.sel(measure="distance" if pairwise else "sd")
    np.testing.assert_allclose(measure["half_percent"], [-50, 100])
    first = measure["degeneracy"].values[0] * (0 if pairwise else 1)
    assert measure["half_trend"].sel(half="even") < 0 < measure["half_trend"].sel(half="odd") and first >= 0
    assert found["half_n_used"].values.tolist() == [[4, 4], [4, 4]]
