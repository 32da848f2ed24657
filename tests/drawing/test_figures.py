"""What figures show: which states get which colours, which rows are there, which axis is logarithmic."""

import warnings
from collections import namedtuple
from dataclasses import replace
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from degeneracy.drawing import grid, lanes, style, sweeps, words
from degeneracy.drawing import panel as panels
from degeneracy.drawing.figure import draw
from degeneracy.figures import agreement, example_trial, fixed_points, task_overview
from degeneracy.statistics.summary import summarise
from degeneracy.status import Status
from degeneracy.trials.generate import generate


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def probe(**task):
    condition = {
        "task": task,
        "trials": {"train": 2, "probe": 4, "ood": 2, "seed": 0, "ood_kind": "longer", "ood_noise": 0.0},
    }
    return generate(condition)["probe"]


@pytest.mark.parametrize(
    ("task", "second"),
    [
        ({"name": "sine", "time_steps": 9}, "input frequency 0"),
        ({"name": "sine", "time_steps": 9, "frequencies": 1}, "time (steps)"),  # nothing differs between trials
        ({"name": "path_integration", "time_steps": 9}, "target position y"),
        ({"name": "delayed_discrimination"}, "time (steps)"),
    ],
)
def test_states_are_coloured_by_an_output_and_by_what_else_the_data_tells(task, second):
    data = probe(**task)
    (first, values), (name, other) = task_overview.colourings(data)
    assert first == f"target {data['output'].values[0].replace('_', ' ')}"
    np.testing.assert_array_equal(values, data["targets"][..., 0])
    assert name == second and other.shape == values.shape
    if second.startswith("time"):
        assert np.all(other == np.arange(other.shape[1]))


def test_an_input_that_changes_within_one_trial_names_no_colour():
    data = probe(name="sine", time_steps=9).copy(deep=True)
    data["inputs"][0, 3] += 1
    assert task_overview.colourings(data)[1][0] == "time (steps)"


def test_an_example_trial_shows_the_first_outputs_and_says_so(trained):
    sweep = sweeps.SweepArtifacts("channels", "flip_flop", "task.channels", {3: trained})
    with style.applied():
        cut, whole = example_trial.draw(sweep, outputs=2), example_trial.draw(sweep)
    names = [[label.get_text() for label in each.axes[0].get_yticklabels()] for each in (cut, whole)]
    inputs = ["pulse 0 (±1)", "pulse 1 (±1)", "pulse 2 (±1)"]
    assert names == [[*inputs, "bit 0 (±1)", "bit 1 (±1)"], [*inputs, "bit 0 (±1)", "bit 1 (±1)", "bit 2 (±1)"]]
    assert "2 of 3 outputs" in cut.axes[0].get_title() and "outputs" not in whole.axes[0].get_title()


def test_a_trial_has_no_target_where_the_loss_leaves_the_output_free():
    trials = probe(name="memory_pro")
    axis, free = plt.subplots()[1], trials["mask"].values[0] == 0
    lanes.draw(axis, trials, 0, np.zeros(trials["targets"].shape[1:]), (9, 9))
    target, *_ = [line for line in axis.lines if line.get_label() == "target"]
    assert free.any() and not free.all()
    np.testing.assert_array_equal(np.isnan(target.get_ydata()), free)


def degeneracy(levels, learnt=None, unit="1"):
    """Statistics (one measure chosen) of made-up losses of four networks a level."""
    generator = np.random.default_rng(0)
    metrics = []
    for level in range(len(levels)):
        status = np.ones(4, int)
        status[: 4 - (learnt[level] if learnt else 4)] = 0
        metrics.append(xr.Dataset({"value": ("network", generator.lognormal(size=4)), "status": ("network", status)}))
    data = summarise(levels, metrics, 0.95, {"value": ("loss", unit)})
    return data.assign_attrs(confidence=0.95, metric_level="behaviour")


@pytest.mark.parametrize(
    ("levels", "scale"),
    [
        ([1, 2, 4, 8], "linear"),
        ([0.1, 1.0, 10.0], "log"),
        ([10.0, 0.1, 1.0], "log"),
        ([0.0, 0.001, 0.1], "symlog"),
        (["tanh", "relu"], "linear"),
    ],
)
def test_a_curve_runs_over_the_levels_in_order(levels, scale):
    axis = plt.subplots()[1]
    data = degeneracy(levels).sel(measure="sd")
    grid.curve(axis, data, "factor")
    assert axis.get_xscale() == scale
    (line,) = [one for one in axis.lines if one.get_marker() == "o"]
    if isinstance(levels[0], str):
        assert [one.get_text() for one in axis.get_xticklabels()] == levels
    else:
        order = np.argsort(levels)
        np.testing.assert_array_equal(line.get_xdata(), np.sort(levels))
        np.testing.assert_array_equal(line.get_ydata(), data["degeneracy"].values[order])


def test_a_label_as_wide_as_its_panel_is_wrapped():
    axis = plt.subplots(1, 5)[1][0]
    for label, wrapped in (
        ("MDS 1 (DSA distance)", "MDS 1\n(DSA distance)"),
        ("delay (steps), n of 4 below", "delay (steps)\nn of 4 below"),
        ("channels", "channels"),
    ):
        axis.set_xlabel(label)
        grid.small(axis)
        grid.small(axis)  # once is enough
        assert axis.get_xlabel() == wrapped


@pytest.mark.parametrize("draw_panel", [panels.panel, grid.curve])
def test_axes_have_the_factor_and_the_measure_with_its_unit(draw_panel):
    axis = plt.subplots()[1]
    for measure, shown in (("sd", "SD of loss (volt)"), ("cv", "coefficient of variation of loss")):
        draw_panel(axis, degeneracy([1, 2], unit="volt").sel(measure=measure), "delay (steps)")
        assert axis.get_ylabel().replace("\n", " ") == shown
        assert axis.get_xlabel().startswith("delay (steps)")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1734.4, "+1730"),
        (99949.0, "+99900"),
        (99950.0, "+1.00e+05"),
        (0.06, "+0.0600"),
        (-0.9996, "−1.00"),
        (12.0, "+12.0"),
        (0.0, "+0.00"),
        (-3e-7, "−3.00e−07"),
    ],
)
def test_numbers_in_titles_have_three_digits(value, shown):
    assert words.signed(value) == shown


@pytest.mark.parametrize("draw_panel", [panels.panel, grid.curve])
@pytest.mark.parametrize(
    ("levels", "joined"), [([1, 2], True), ([0.5, 2.0], True), (["tanh", "relu"], False), ([False, True], False)]
)
def test_levels_that_are_no_numbers_are_not_joined_by_a_line(draw_panel, levels, joined):
    axis = plt.subplots()[1]
    draw_panel(axis, degeneracy(levels).sel(measure="sd"), "factor")
    means = degeneracy(levels).sel(measure="sd")["degeneracy"].values
    through = [line for line in axis.lines if np.array_equal(line.get_ydata(), means)]
    assert any(line.get_linestyle() == "-" for line in through) == joined
    assert bool([each for each in axis.collections if each.get_facecolor().size and draw_panel is grid.curve]) == (
        joined and draw_panel is grid.curve
    )


@pytest.mark.parametrize("learnt", [0, 3, 4])
@pytest.mark.parametrize("levels", [[2, 3, 4, 5, 6, 7], [0.25, 0.35, 0.5, 128.0], ["tanh", "softplus", "sigmoid"]])
def test_the_labels_of_levels_do_not_collide(levels, learnt):
    with style.applied():
        figure, axes = style.panels(1, 2)
        for axis in axes[0]:
            panels.panel(axis, degeneracy(levels, [4, learnt] + [4] * (len(levels) - 2)).sel(measure="sd"), "channels")
        figure.canvas.draw()
    for axis in axes[0]:
        if axis.get_xticklabels()[0].get_rotation():
            continue  # turned, they have room below
        boxes = [text.get_window_extent() for text in axis.get_xticklabels()]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_the_numbers_of_a_panel_can_be_read_back_from_it():
    data = degeneracy([1, 2, 4]).sel(measure="sd")
    data["bound"], data["floor"] = data["degeneracy"] / 3, data["degeneracy"] / 9
    axis = plt.subplots()[1]
    panels.panel(axis, data, "channels", bounds=True)
    bars = [line.get_ydata() for line in axis.lines if line.get_linewidth() == 1.6]
    np.testing.assert_array_equal(bars, np.stack([data["interval_low"], data["interval_high"]], 1))
    for marker, name in (("o", "degeneracy"), ("^", "bound")):
        drawn = [line.get_ydata()[0] for line in axis.lines if line.get_marker() == marker]
        np.testing.assert_array_equal(drawn, data[name])
    dots = [line.get_ydata() for line in axis.lines if line.get_marker() == "."]
    np.testing.assert_array_equal(dots, data["contribution"])  # every network
    floors = [line.get_ydata()[0] for line in axis.lines if line.get_linestyle() == ":"]
    np.testing.assert_array_equal(floors, data["floor"])
    assert axis.get_title() == f"change {words.change(data)}"


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({}, "↓ −12% [−15, −9]"),
        ({"robust": False}, "⇩ −12% [−15, −9]"),
        ({"arrow": "unclear", "robust": False}, "~ no clear change"),
        ({"arrow": "unclear", "robust": False, "resolved": False}, "~ not resolved"),
        ({"trend": np.nan}, ""),
    ],
)
def test_a_title_says_what_is_seen(changed, shown):
    row = {"trend": -1.0, "percent": -12.0, "percent_low": -15.0, "percent_high": -9.0}
    row |= {"arrow": "down", "robust": True, "resolved": True} | changed
    axis = plt.subplots()[1]
    panels.panel(axis, degeneracy([1, 2]).sel(measure="sd"), "channels", namedtuple("Row", row)(**row))
    assert axis.get_title() == shown


def test_the_legend_names_what_is_in_sight():
    figure, axis = plt.subplots()
    data = degeneracy([1, 2]).sel(measure="sd").assign(floor=("level", [0.0, 0.0]))
    data["ceiling"] = data["degeneracy"] * 1.1
    panels.panel(axis, data, "channels")
    axis.set_ylim(0.5 * float(data["degeneracy"].min()), None)
    panels.legend(figure)
    axis.set_ylim(-1, None)
    panels.legend(figure)
    named = [[text.get_text() for text in legend.get_texts()] for legend in figure.legends]
    network, before, itself = "one network", "before training (ceiling)", "itself on other trials (floor)"
    assert named == [[network, before], [network, before, itself]]


def test_n_stands_once_where_all_learnt_and_at_each_level_elsewhere():
    axis = plt.subplots()[1]
    panels.panel(axis, degeneracy([1, 2]).sel(measure="sd"), "channels")
    assert axis.get_xlabel() == "channels, n = 4 each"
    panels.panel(axis, degeneracy([1, 2], learnt=[4, 3]).sel(measure="sd"), "channels")
    assert [one.get_text() for one in axis.get_xticklabels()] == ["1\n4", "2\n3"] and "n of 4" in axis.get_xlabel()


@pytest.mark.parametrize(
    "task, cell, factor, label",
    [
        ("delayed_discrimination", "vanilla", "task.delay_maximum", "delay maximum (steps)"),
        ("flip_flop", "mup", "model.width", "width (units)"),
        ("flip_flop", "mup", "model.gamma", "gamma"),
        ("flip_flop", "vanilla", "training.l1", "l1"),
    ],
)
def test_the_axis_of_a_factor_has_its_unit(task, cell, factor, label):
    unit = sweeps.unit_of({"task": {"name": task}, "model": {"cell": cell}}, factor)
    assert sweeps.SweepArtifacts("name", task, factor, unit=unit).axis_label == label


def test_a_grid_leaves_out_what_was_not_computed_and_draws_every_network():
    def sweep(name, task, *metrics):
        return sweeps.SweepArtifacts(
            name, task, "task.channels", statistics={key: degeneracy([1, 2]) for key in metrics}
        )

    rows = [sweep("a", "flip_flop", "ood_loss", "other"), sweep("b", "sine", "ood_loss"), sweep("c", "sine", "other")]
    shown = sweeps.ExperimentArtifacts({one.name: one for one in rows})
    with style.applied():
        figure = grid.grid(shown, [("ood_loss", "log_sd"), ("dsa", "distance"), ("other", "sd")])
    assert len(figure.axes) == 2 * 3  # no sweep has dsa
    first, _, missing, *_ = figure.axes
    assert [text.get_text() for text in missing.texts] == ["not computed", "c"]
    assert sum(len(line.get_xdata()) for line in first.lines if line.get_marker() == ".") == 8
    assert [text.get_text() for text in first.texts] == ["flip flop", "behaviour"]
    assert figure.axes[1].texts[0].get_text() == "b"  # two sweeps of one task and factor go by their names


@pytest.mark.parametrize(("sweeps_shown", "shape"), [(1, (1, 4)), (2, (2, 4)), (5, (4, 5)), (8, (6, 4)), (14, (9, 5))])
def test_a_grid_is_a_page_wide_and_six_panels_high_while_there_are_no_more_than_two_shelves(sweeps_shown, shape):
    names = [f"s{index}" for index in range(sweeps_shown)]
    metrics = ("ood_loss", "dsa", "svcca")
    placed = xr.Dataset(
        {
            "distance": (("network", "network_other"), np.ones((2, 2)), {"long_name": "d"}),
            "position": (("network", "axis"), np.eye(2)),
            "stress": 0.1,
            "status": ("network", np.ones(2, int)),
        },
        {"level": ("network", [1, 2])},
    )
    shown = {
        name: sweeps.SweepArtifacts(
            name, name, "task.x", statistics={key: degeneracy([1, 2]) for key in metrics}, maps={"dsa": placed}
        )
        for name in names
    }
    with style.applied():
        figure = grid.grid(sweeps.ExperimentArtifacts(shown), [(key, "sd") for key in metrics], with_maps=True)
    layout = figure.axes[0].get_gridspec()
    assert (layout.nrows, layout.ncols) == shape
    assert figure.get_size_inches()[0] == pytest.approx(183 / 25.4) and figure.get_size_inches()[1] < 9.7


def test_a_file_with_a_shape_draws_dots_or_curves_in_its_columns_and_one_column_as_a_wall():
    metrics = ("ood_loss", "dsa", "permutation_distance", "svcca")
    statistics = {
        name: degeneracy([1, 2]).assign_coords(measure=["distance", "log_sd", "relative", "mad", "mean"])
        for name in metrics
    }
    rows = {
        name: sweeps.SweepArtifacts(name, name, "model.gamma", statistics=statistics) for name in ("sine", "flip_flop")
    }

    def markers(figure):
        return {line.get_marker() for axis in drawn[figure].axes for line in axis.lines if line.get_linestyle() == "-"}

    with style.applied():
        drawn = {name: draw(name, sweeps.ExperimentArtifacts(rows)) for name in ("gamma", "dense", "svcca")}
    assert [len(figure.axes) for figure in drawn.values()] == [2 * 3, 2 * 4, 2]
    assert "o" in markers("dense") and "o" not in markers("gamma")
    assert [text.get_text() for text in drawn["svcca"].axes[0].texts] == ["sine"]


@pytest.mark.parametrize(
    ("inputs", "said"), [(np.zeros(9), "fixed points"), (np.arange(9) % 2, "fixed points at 2 constant inputs")]
)
def test_slow_and_marginal_points_are_no_stable_points(trained, inputs, said):
    points = xr.Dataset(
        {
            "state": (("point", "unit"), np.random.default_rng(0).standard_normal((9, 48))),
            "network": ("point", np.zeros(9, int)),
            "input": (("point", "input_channel"), inputs[:, None]),
            "converged": ("point", [1, 1, 1, 1, 0, 0, 0, 1, 1]),
            "n_unstable": ("point", [0, 0, 1, 5, 0, 0, 1, 0, 0]),
            "n_marginal": ("point", [0, 0, 0, 0, 0, 0, 0, 2, 1]),
            "dimension": ("point", [0, 0, 0, 0, 0, 0, 0, 0, 1]),
            "completeness": ("seed", [0.9, 1.0]),
            "completeness_error": ("seed", [0.05, 0.0]),
        },
        {"seed": [0, 1]},
    )
    sweep = sweeps.SweepArtifacts("channels", "flip_flop", "task.channels", {3: replace(trained, fixed_points=points)})
    with style.applied():
        (axis,) = fixed_points.draw(sweep).axes
    assert axis.get_title().endswith(f"2 stable, 1 a continuum, of 6 {said},\n90% ± 5% of all")
    drawn = {line.get_label(): len(line.get_xdata()) for line in axis.lines if line.get_marker() != "None"}
    assert drawn == {
        **{"stable": 2, "1 unstable direction": 1, "3 or more unstable directions": 1},
        **{"slow point": 3, "marginal": 1, "continuum": 1},
    }
    filled = {line.get_label() for line in axis.lines if line.get_markerfacecolor() != "white"} & drawn.keys()
    assert filled == {"stable", "slow point", "marginal", "continuum"}


def test_a_map_beside_the_panels_leaves_them_their_room():
    places = np.array([[-0.4, -0.1], [-0.4, -0.12], [0.0, 0.2], [0.5, -0.1], [0.45, 0.15]])
    placed = xr.Dataset(
        {
            "distance": (("network", "network_other"), np.ones((5, 5)), {"long_name": "distance"}),
            "position": (("network", "axis"), places),
            "stress": 0.1,
            "status": ("network", np.ones(5, int)),
        },
        {"level": ("network", [1, 1, 1, 2, 2])},
    )
    one = sweeps.SweepArtifacts("a", "sine", "task.channels", {}, {"ood_loss": degeneracy([1, 2])}, {"dsa": placed})
    with style.applied(), warnings.catch_warnings():
        warnings.simplefilter("error")  # a layout that finds no room only warns
        figure = grid.grid(sweeps.ExperimentArtifacts({"a": one}), [("ood_loss", "log_sd")] * 3, with_maps=True)
        figure.canvas.draw()
    assert min(axis.get_position().height for axis in figure.axes) > 0.3
    assert len(figure.axes) == 4


def test_a_condition_of_two_sweeps_is_one_population_and_metrics_that_correlate_are_side_by_side():
    def artifact(condition, points, aspect):
        distance = abs(points[:, None] - points)
        data = xr.Dataset({"distance": (("network", "network_other"), distance)}, attrs={"condition": condition})
        return data.assign(status=("network", np.full(len(points), Status.CONVERGED))).assign_attrs(level=aspect)

    points = np.random.default_rng(0).random((5, 3, 8))
    metrics = {
        name: {level: artifact(str(level), (1 + level) * points[level, kind], "dynamics") for level in range(5)}
        for name, kind in (("one", 0), ("other", 1), ("twin", 0))
    }
    sweep = sweeps.SweepArtifacts("a", "flip_flop", "task.channels", metrics=metrics)
    both = sweeps.ExperimentArtifacts({"a": sweep, "b": replace(sweep, metrics={"one": {0: metrics["one"][0]}})})
    distances, aspects = agreement.populations(both)
    assert {len(own) for own in distances.values()} == {5} and aspects == dict.fromkeys(distances, "dynamics")
    drawn = draw("agreement", both)
    matrix, *_ = drawn.axes
    names = [label.get_text() for label in matrix.get_yticklabels()]
    assert abs(names.index("one") - names.index("twin")) == 1
    digits = {tuple(map(int, text.get_position())): text for text in matrix.texts}
    place = names.index("one"), names.index("twin")
    assert digits[min(place), max(place)].get_text() == digits[max(place), min(place)].get_text() == "100"
    assert [text.get_fontweight() for text in matrix.texts].count("bold") == 1
    said = [text.get_text() for axis in drawn.axes for text in axis.texts]
    assert said[-3:] == ["below: over\n40 networks", "", "above: over\n5 populations"]
