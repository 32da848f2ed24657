import json
import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas
import pytest
import xarray as xr

from conftest import SCRIPTS
from degeneracy.artifacts import store
from degeneracy.drawing import style
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.statistics import directions
from degeneracy.statistics.directions import arrow
from degeneracy.statistics.multiple_tests import holm
from degeneracy.statistics.paper import PAPER_ARROWS, PAPER_MEASURES, agreement, compared, paper_factor
from degeneracy.statistics.schema import DIRECTIONS, STATISTICS
from degeneracy.statistics.spreads import SPREADS
from degeneracy.statistics.summary import summarise


def summary(metric, spreads, levels, factor="task.channels", task="flip_flop", used=11, floor=0.0):
    """Statistics of a metric with these mean distances or spreads at the levels, at least twelve networks each."""
    generator = np.random.default_rng(0)
    count = max(12, used)
    noise, data = generator.standard_normal((count, 3)), []
    for spread in spreads:
        variables = {"status": ("network", np.array([1] * used + [0] * (count - used), np.int8))}
        if metric == "ood_loss":
            variables["value"] = ("network", np.exp(spread * noise[:, 0]))
        else:
            points = spread * (noise + 0.1 * generator.standard_normal((count, 3)))
            matrix = np.linalg.norm(points[:, None] - points[None], axis=-1)
            for name in Plugin("metrics", metric).constant("MEASURES"):
                variables[name] = (("network", "network_other"), matrix)
                variables["floor" if name == "distance" else f"floor_{name}"] = ("network", np.full(count, floor))
        data.append(xr.Dataset(variables, {"network": range(count)}))
    described = Plugin("metrics", metric).constant("MEASURES")
    condition = json.dumps({"task": {"name": task}})
    named = {"metric": metric, "factor": factor, "metric_level": Plugin("metrics", metric).constant("LEVEL")}
    result = summarise(levels, data, 0.95, described)
    return result.assign_attrs(**named, confidence=0.95, condition=condition)


def table_of(*sweeps):
    return directions.table([(sweep, data.attrs["metric"], data) for sweep, data in sweeps])


def rows(*sweeps):
    return table_of(*sweeps).to_dataframe().set_index(["sweep", "metric", "measure"])


def test_holm_against_a_worked_example():
    # Holm (1979): 0.005 × 4, 0.01 × 3, 0.03 × 2 and 0.04, which may not be smaller than the one before
    p = np.array([0.01, 0.04, np.nan, 0.03, 0.005])
    assert holm(p) == pytest.approx([0.03, 0.06, np.nan, 0.06, 0.02], nan_ok=True)
    assert holm(np.array([0.9, 0.8])).tolist() == [1, 1] and holm(np.array([])).tolist() == []


@pytest.mark.parametrize(
    ("interval", "expected"),
    [((1, 2), "up"), ((-2, -1), "down"), ((-1, 1), "unclear"), ((0, 1), "unclear"), ((np.nan, np.nan), "unclear")],
)
def test_arrow_is_where_the_interval_lies(interval, expected):
    assert arrow(*interval, 0.05, 0.05) == expected
    assert arrow(*interval, 0.06, 0.05) == arrow(*interval, np.nan, 0.05) == "unclear"


def test_agreement_with_the_paper():
    assert [agreement(measured, "down") for measured in ("down", "up", "unclear")] == ["agrees", "disagrees", "unclear"]
    assert agreement("up", "") == ""


@pytest.mark.parametrize(
    ("task", "factor", "expected"),
    [
        ("flip_flop", "task.channels", "complexity"),
        ("flip_flop", "task.time_steps", "other"),
        ("delayed_discrimination", "task.auxiliary", "complexity"),
        ("lorenz96", "task.horizon", "complexity"),
        ("sine", "model.gamma", "feature learning"),
        ("sine", "model.width", "width"),
        ("sine", "training.l1", "regularisation"),
        ("sine", "model.activation", "other"),
        ("sine", "trials.seed", "other"),
    ],
)
def test_factor_of_the_paper(task, factor, expected):
    assert paper_factor(task, factor) == expected


def test_tasks_declare_options_of_their_own_as_complexity():
    for task in names("tasks"):
        assert set(Plugin("tasks", task).constant("COMPLEXITY", ())) <= set(Plugin("tasks", task).options), task


def test_arrows_are_those_of_the_paper():
    levels = ("behaviour", "dynamics", "weights")
    arrows = {
        factor: "".join({"up": "↑", "down": "↓"}[said[level]] for level in levels)
        for factor, said in PAPER_ARROWS.items()
    }
    expected = {"complexity": "↓↓↑", "feature learning": "↑↓↑", "width": "↓↓↓", "regularisation": "↓↓↓"}
    assert arrows == expected and all(set(said) == set(levels) for said in PAPER_ARROWS.values())


def test_the_measure_of_the_paper_comes_first_and_the_one_trusted_more_second():
    assert compared("ood_loss") == ("sd", "log_sd")
    assert compared("permutation_distance") == ("per_n_squared", "relative")
    assert compared("weight_change") == ("", "")
    found = rows(("n", summary("ood_loss", [3, 2, 1], [2, 3, 4]))).loc["n", "ood_loss"]
    assert found.index[found.primary].tolist() == ["sd"] and found.index[found.preferred].tolist() == ["log_sd"]


def test_compared_measures_exist():
    for metric in PAPER_MEASURES:
        described = Plugin("metrics", metric).constant("MEASURES")
        assert set(compared(metric)) <= set(SPREADS if "value" in described else described), metric


def test_a_planted_table_has_the_arrows_and_the_agreement():
    found = rows(
        ("n", summary("dsa", [3, 2, 1], [2, 3, 4])),
        ("n", summary("permutation_distance", [3, 2, 1], [2, 3, 4])),
        ("n", summary("svcca", [1, 2, 3], [2, 3, 4])),
        ("n", summary("ood_loss", [1, 1, 1], [2, 3, 4])),
        ("gamma", summary("dsa", [3, 2, 1], [0.1, 1.0, 10.0], "model.gamma")),
    )
    expected = {
        ("n", "dsa", "distance"): ("down", "down", "agrees"),
        ("n", "permutation_distance", "per_n_squared"): ("down", "up", "disagrees"),
        ("n", "permutation_distance", "relative"): ("down", "up", "disagrees"),
        ("n", "permutation_distance", "distance"): ("down", "", ""),  # neither the paper's measure nor the preferred
        ("n", "svcca", "distance"): ("up", "", ""),
        ("n", "ood_loss", "sd"): ("unclear", "down", "unclear"),
        ("n", "ood_loss", "mean"): ("unclear", "", ""),
        ("gamma", "dsa", "distance"): ("down", "down", "agrees"),
    }
    for row, said in expected.items():
        assert tuple(found.loc[row, ["arrow", "paper_arrow", "agreement"]]) == said, row
    dsa = found.loc[("n", "dsa", "distance")]
    assert (dsa.levels, dsa.n_used, dsa.n_networks) == ("2, 3, 4", "11, 11, 11", "12, 12, 12")
    assert dsa.trend == pytest.approx(-2 / 3 * dsa.first_degeneracy, rel=0.1) and dsa.primary and dsa.preferred
    assert dsa.percent == pytest.approx(100 * dsa.trend / dsa.first_degeneracy)  # the fit of three levels is their ends
    assert -100 < dsa.percent_low < dsa.percent < dsa.percent_high < 0
    compared = found[found.primary | found.preferred]
    family = compared.loc["n"]
    assert len(family) == 6 and family.holm_p.values == pytest.approx(holm(family.trend_permutation_p.values))
    alone = found.loc[("gamma", "dsa", "distance")]
    assert alone.holm_p == alone.trend_permutation_p  # another factor of the paper is another family
    assert found[~(found.primary | found.preferred)].holm_p.isna().all()


def test_the_variants_of_a_metric_are_those_that_are_given():
    settings = ("permutation_distance", "signed_permutation_distance")
    data = [("n", name, summary(name, [3, 2, 1], [2, 3, 4])) for name in settings]
    alone, together = (directions.table(data, given) for given in ({}, dict([settings[::-1]])))
    assert set(alone.variant_of.values) == {""} and set(together.variant_of.values) == {"", settings[0]}


@pytest.mark.parametrize(
    ("last", "doubts", "sign", "colour"),
    [(1.4, "", "↓", style.GREEN), (4.0, "this sign in 2 of 3 variants", "⇩", "white")],
)
def test_an_arrow_is_robust_and_coloured_if_its_variants_have_its_sign(last, doubts, sign, colour):
    settings = {"dsa": [3, 2, 1], "dsa-fine": [3, 2, 1.2], "dsa-coarse": [3, 2, last]}
    table = directions.table([("n", name, summary("dsa", spreads, [2, 3, 4])) for name, spreads in settings.items()])
    found = table.to_dataframe().set_index(["metric", "measure"])
    assert found.loc["dsa"].robust.tolist() == [not doubts, False] and found.doubts["dsa", "distance"] == doubts
    assert found.variant_of.tolist() == ["", "", *["dsa"] * 4] and not found.drop("dsa").robust.any()
    assert found.doubts["dsa-fine", "distance"].startswith("not tested with the compared rows")
    with style.applied():
        (axis,) = Plugin("figures", "directions").load().draw(SimpleNamespace(directions=table)).axes
    assert next(text.get_text() for text in axis.texts if text.get_text() in "↑↓⇧⇩~") == sign
    assert axis.patches[0].get_facecolor()[:3] == matplotlib.colors.to_rgb(colour)
    style.plt.close()


def test_the_arrow_is_that_of_the_interval_that_is_shown_if_the_test_sees_it():
    data = summary("dsa", [3, 2, 1], [2, 3, 4])  # down
    for low, high, p, expected in (
        (-60.0, 5.0, 0.01, "unclear"),
        (5.0, 60.0, 0.01, "up"),
        (5.0, 60.0, 0.06, "unclear"),
        (np.nan, np.nan, 0.01, "down"),  # of the difference
    ):
        changed = {"percent_low": low, "percent_high": high, "trend_permutation_p": p}
        given = data.assign({name: ("measure", np.full(2, value)) for name, value in changed.items()})
        assert rows(("n", given)).arrow["n", "dsa", "distance"] == expected


def test_behaviour_has_no_arrow_below_twenty_networks_and_the_table_says_so():
    few, enough = (summary("ood_loss", [3, 1], [2, 3], used=used) for used in (19, 20))
    found = rows(("few", few), ("enough", enough)).xs(("ood_loss", "log_sd"), level=("metric", "measure"))
    assert found.arrow.to_dict() == {"few": "unclear", "enough": "down"}
    assert [("no arrow of behaviour" in found.remark[name]) for name in ("few", "enough")] == [True, False]


def test_a_row_with_a_level_that_is_not_resolved_has_no_arrow_and_the_table_says_so():
    low, high = (summary("dsa", [3, 1], [2, 3], floor=floor) for floor in (0.3, 1.0))  # distances of 7 and of 2.3
    found = rows(("low", low), ("high", high)).xs(("dsa", "distance"), level=("metric", "measure"))
    assert found.arrow.to_dict() == {"low": "down", "high": "unclear"}
    assert found.resolved.to_dict() == {"low": True, "high": False}
    assert "not resolved at 3" in found.remark["high"] and "resolved" not in found.remark["low"]


def test_descending_levels_and_levels_without_numbers():
    descending = summary("dsa", [1, 2, 3], [4, 3, 2])  # 3 at two channels, 1 at four
    boolean = summary("dsa", [1, 2], [False, True], "task.auxiliary", "delayed_discrimination")
    words = summary("dsa", [1, 2, 3], ["elu", "tanh", "relu"], "model.activation")
    found = rows(("n", descending), ("aux", boolean), ("words", words))
    found = found.xs(("dsa", "distance"), level=("metric", "measure"))
    assert tuple(found.loc["n", ["levels", "arrow"]]) == ("2, 3, 4", "down")
    assert found.loc["n", "first_degeneracy"] == descending["degeneracy"].values[2, 0]
    assert tuple(found.loc["aux", ["levels", "arrow", "agreement"]]) == ("false, true", "up", "disagrees")
    assert tuple(found.loc["words", ["levels", "arrow", "paper_factor"]]) == ("elu, tanh, relu", "unclear", "other")
    assert np.isnan(found.loc["words", "trend"]) and np.isnan(found.loc["words", "first_degeneracy"])


def test_a_metric_given_twice_and_nothing_given_are_refused():
    one = ("n", summary("dsa", [1, 2], [2, 3]))
    with pytest.raises(ValueError, match="a metric is given twice for the same sweep"):
        table_of(one, one)
    with pytest.raises(ValueError, match="no statistics artifact is given"):
        directions.table([])


def test_the_stage_writes_an_artifact_and_a_table_that_pandas_reads(tmp_path):
    paths = []
    for sweep, levels, task, factor in (
        ("n", [4, 3, 2], "flip_flop", "task.channels"),
        ("aux", [False, True], "delayed_discrimination", "task.auxiliary"),
    ):
        data = summary("dsa", [3, 2, 1][: len(levels)], levels, factor, task)
        named = {name: data.attrs.pop(name) for name in ("metric", "factor", "metric_level", "confidence")}
        paths.append(tmp_path / sweep / "dsa.nc")
        store.write(paths[-1], STATISTICS, data, json.loads(data.attrs.pop("condition")), "cpu", 0.0, **named)

    def run(*given):
        output = ["--output", tmp_path / "directions.nc", "--table", tmp_path / "directions.csv"]
        command = [sys.executable, SCRIPTS / "compute_directions.py", "--statistics", *given, *output]
        return subprocess.run(command, capture_output=True, text=True)

    done = run(*paths)
    assert done.returncode == 0, done.stderr
    data = store.read(tmp_path / "directions.nc", DIRECTIONS)
    assert json.loads(data.attrs["condition"]) == {} and set(json.loads(data.attrs["sweeps"])) == {"n", "aux"}
    table = pandas.read_csv(tmp_path / "directions.csv")
    assert list(table.columns) == list(DIRECTIONS.variables)
    assert table["sweep"].tolist() == data["sweep"].values.tolist() == ["aux", "aux", "n", "n"]
    assert table["levels"].tolist() == ["false, true"] * 2 + ["2, 3, 4"] * 2
    assert table["measure"].tolist() == ["distance", "angular"] * 2
    assert table["primary"].tolist() == [True, False] * 2
    assert data["measure_unit"].values.tolist() == ["1", "rad"] * 2
    for name in ("trend", "percent", "percent_low", "percent_high"):
        assert table[name].values == pytest.approx(data[name].values) and table[name].notna().all()
    assert {path.name for path in tmp_path.iterdir()} == {"n", "aux", "directions.nc", "directions.csv"}
    assert "a metric is given twice" in run(*paths, paths[0]).stderr.splitlines()[-1]


def test_the_figure_shows_arrows_changes_counts_and_agreement():
    figure_of = Plugin("figures", "directions").load()
    table = table_of(
        ("n", summary("dsa", [3, 2, 1], [2, 3, 4])),
        ("n", summary("ood_loss", [1, 1, 1], [2, 3, 4], used=12)),
        ("aux", summary("dsa", [1, 2], [False, True], "task.auxiliary", "delayed_discrimination")),
        ("gamma", summary("dsa", [3, 2, 1], [0.1, 1.0, 10.0], "model.gamma")),
        ("words", summary("dsa", [1, 2, 3], ["elu", "tanh", "relu"], "model.activation")),
    )
    with style.applied():
        figure = figure_of.draw(SimpleNamespace(directions=table))
    complexity, gamma, other = figure.axes
    texts = [text.get_text() for text in complexity.texts]
    assert texts.count("⇩") == 1 and texts.count("⇧") == 1 and texts.count("~") == 2  # one variant: none is robust
    names = [label.get_text() for label in complexity.get_yticklabels()]
    assert names[0] == "delayed discrimination\nauxiliary: false, true\nn = 11 of 12"
    assert names[1].startswith("flip flop\nchannels: 2, 3, 4\nn = ")
    assert any(text.endswith("✗") for text in texts) and any(text.startswith("−6") for text in texts)
    (row,) = [
        row for row in table.to_dataframe().itertuples() if (row.sweep, row.metric, row.primary) == ("n", "dsa", True)
    ]
    shown = f"{row.percent:+.0f}%", f"[{row.percent_low:.0f}, {row.percent_high:.0f}]"
    assert {text.replace("-", "−") for text in shown} <= set(texts)
    assert any("paper: dynamics ↓" in text.get_text() for text in gamma.texts)
    assert "no change known" in [text.get_text() for text in other.texts]
    assert figure.get_size_inches()[0] <= 7.21  # a page
    style.plt.close(figure)
    without = table.isel(row=~(table["primary"] | table["preferred"]).values)
    style.plt.close(figure_of.draw(SimpleNamespace(directions=without)))


def test_rows_without_a_known_change_are_drawn():
    data = summary("dsa", [3, 2, 1], [2, 3, 4], used=2)
    shown = SimpleNamespace(directions=table_of(("n", data)), statistics={"dsa": data}, factor_name="channels")
    with style.applied():
        for name in ("directions", "sensitivity"):
            figure = Plugin("figures", name).load().draw(shown)
            texts = [text.get_text() for text in figure.axes[0].texts] + [figure.axes[0].get_title()]
            assert any("no change known" in text for text in texts)
            style.plt.close(figure)
