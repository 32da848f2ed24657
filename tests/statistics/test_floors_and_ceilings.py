import numpy as np
import pytest
import xarray as xr

from degeneracy.drawing.sweeps import SweepArtifacts
from degeneracy.figures import degeneracy as figure
from degeneracy.statistics.summary import summarise


def pair_metric(status=(1, 1, 1, 2)):
    count = len(status)
    distance = np.where(np.eye(count), 0, 4.0)
    untrained = np.where(np.eye(count), 0, 6.0)
    untrained[0, 2] = untrained[2, 0] = 9.0
    untrained[3] = untrained[:, 3] = np.nan
    dims = ("network", "network_other")
    return xr.Dataset(
        {
            "distance": (dims, distance),
            "relative": (dims, distance / 10),
            "lower_bound": (dims, distance - np.where(np.eye(count), 0, 1.0)),
            "floor": ("network", [1.0, 2.0, 3.0, np.nan]),
            "replicate_distance": (dims, distance * 1.5),
            "untrained_distance": (dims, untrained),
            "status": ("network", np.array(status, np.int8)),
        }
    )


def test_statistics_hold_floor_ceiling_and_bound():
    described = {"distance": ("d", "1"), "relative": ("r", "1")}
    data = summarise([1, 2], [pair_metric(), pair_metric((1, 1, 0, 2))], 0.95, described)
    main = data.sel(measure="distance")
    assert main["floor"].values.tolist() == [2, 1.5]  # networks that learnt the task
    assert main["ceiling"].values.tolist() == [7, 7]  # networks before training, whatever became of them
    assert main["bound"].values.tolist() == [3, 3]
    assert data.sel(measure="relative")[["floor", "ceiling", "bound"]].to_array().isnull().all()
    assert main["excess"].values.tolist() == [4, 4.5]  # 6 between networks on other trials, less the floor
    assert main["resolved"].values.tolist() == [0, 1] and main["excess_low"].isnull().all()
    assert data.sel(measure="relative")["resolved"].values.tolist() == [0, 0]  # without a floor
    halved = pair_metric().assign(relative_lower_bound=pair_metric()["lower_bound"] / 10)
    assert summarise([1], [halved], 0.95, described)["bound"].values.tolist() == [[3, pytest.approx(0.3)]]
    scalar = xr.Dataset({"value": ("network", np.arange(4.0)), "status": ("network", np.ones(4, np.int8))})
    values = summarise([1], [scalar], 0.95, {"value": ("x", "1")})
    assert values["floor"].isnull().all() and np.all(values["resolved"] == 1)


def test_the_excess_of_many_networks_has_an_interval_that_holds_it_and_no_replicate_means_the_same_trials():
    generator, count = np.random.default_rng(0), 40
    points = generator.standard_normal((count, 3))
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    variables = {"distance": (("network", "network_other"), distance), "floor": ("network", generator.random(count))}
    data = xr.Dataset(variables | {"status": ("network", np.ones(count, np.int8))})
    found = summarise([1], [data], 0.95, {"distance": ("d", "1")}).isel(level=0, measure=0)
    assert float(found["excess"]) == pytest.approx(float(found["degeneracy"] - found["floor"]))
    assert float(found["excess_low"]) < float(found["excess"]) < float(found["excess_high"])
    width = float(found["excess_high"] - found["excess_low"])
    errors = np.hypot(float(found["standard_error"]), float(data["floor"].std()) / np.sqrt(count))
    assert width == pytest.approx(2 * 1.96 * errors, rel=0.2)  # of independent errors


def test_figure_draws_the_references_it_has_and_names_them():
    described = {"distance": ("d", "1"), "relative": ("r", "1")}
    data = summarise([1, 2], [pair_metric(), pair_metric()], 0.95, described)
    named = ("n", "flip_flop", "task.channels")
    drawn = figure.draw(SweepArtifacts(*named, statistics={"x": data.assign_attrs(metric="dsa", confidence=0.95)}))
    (legend,) = drawn.legends
    before, itself = "before training (ceiling)", "itself on other trials (floor)"
    assert [text.get_text() for text in legend.get_texts()] == ["one network", "proven lower bound", before, itself]
    heights = {line.get_label(): line.get_ydata() for line in drawn.axes[0].lines}
    assert np.all(heights[before] == 7) and np.all(heights[itself] == 2)
    triangles = [line.get_ydata()[0] for line in drawn.axes[0].lines if line.get_marker() == "^"]
    assert triangles == [3, 3]
    bare = data.sel(measure=["relative"]).assign_attrs(metric="dsa", confidence=0.95)
    (legend,) = figure.draw(SweepArtifacts(*named, statistics={"x": bare})).legends
    assert [text.get_text() for text in legend.get_texts()] == ["one network"]
