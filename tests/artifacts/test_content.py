"""The identity of an artifact, and the checksums that no damage gets past."""

import json

import netCDF4
import numpy as np
import pytest
import xarray as xr

from degeneracy.artifacts import store
from degeneracy.artifacts.content import content_of
from degeneracy.artifacts.origin import contents, origin
from degeneracy.artifacts.schema import ArtifactError, Schema

THING, GROUPED = Schema("thing", {}), Schema("things", {}, ("a", "b"))
NAMED = {"long_name": "größe", "units": "days"}


def everything():
    """A dataset with a variable of every sort that an artifact may hold."""
    return xr.Dataset(
        {
            "real": (("x", "y"), np.array([[1.0, np.nan], [3.0, -0.0]]), NAMED | {"of": np.float32(0.1), "one": [7]}),
            "large": (("p", "q"), np.random.default_rng(0).random((40, 40), np.float32), NAMED),
            "whole": ("x", np.array([1, 2], np.int8), NAMED | {"list": [1, 2], "number": np.int64(3)}),
            "flag": ("x", [True, False], NAMED),
            "word": ("x", np.array(["aä", "b"]), NAMED),
            "object": ("x", np.array(["", 'c"'], object), NAMED),
            "alone": ((), np.array("word"), NAMED),
            "number": ((), np.float32(3), NAMED),
            "nothing": ("none", np.zeros(0), NAMED),
        },
        coords={"x": ["p", "q"], "y": [0.5, np.nan], "level": ("y", [True, False]), "day": 5.0},
        attrs={"note": "x", "ratio": np.float64(1.5), "words": ["a", "b"]},
    )


def save(path, data, schema=THING, **attributes):
    store.write(path, schema, data, {}, "cpu", 1.5, **attributes)
    return path


def test_the_content_is_the_same_in_memory_and_after_reading_back(tmp_path):
    data = everything()
    read = store.read(save(tmp_path / "thing.nc", data, count=np.int32(4)), THING)
    assert content_of(data) == content_of(read) == read.attrs["content"] and len(read.attrs["content"]) == 32
    assert read["real"].values.tobytes() == data["real"].values.tobytes()  # NaN and −0 included
    store.save(tmp_path / "again.nc", THING, read)
    assert store.attributes_of(tmp_path / "again.nc") == read.attrs


def changes(data):
    yield data.assign(real=data["real"] + 0.0)  # −0 becomes 0
    yield data.assign(word=data["word"].copy(data=["aä", "c"]))
    yield data.assign(whole=data["whole"].astype(np.int16))
    yield data.assign(real=data["real"].assign_attrs(units="hours"))
    yield data.rename(number="count")
    yield data.rename(p="r")
    yield data.reset_coords("level")
    yield data.drop_vars("day")


def test_the_content_changes_with_whatever_a_variable_is():
    data = everything()
    found = [content_of(one) for one in (data, *changes(data))]
    assert len(set(found)) == len(found)
    assert content_of(data[sorted(data, reverse=True)].assign_attrs(wall_time_s=1.0)) == found[0]


def test_a_file_with_groups_has_a_content_for_each(tmp_path):
    data = everything()
    path = save(tmp_path / "things.nc", {"a": data, "b": data.isel(x=[0])}, GROUPED)
    found = contents([store.attributes_of(path), store.attributes_of(path)])
    assert found == {"things/a": [content_of(data)] * 2, "things/b": [content_of(data.isel(x=[0]))] * 2}
    made = origin({"b": 1, "a": 2}, "code", found, {"thing": ["z", "y"]})
    assert made["options"] == '{"a": 2, "b": 1}' and made["code"] == "code"
    once = {kind: each[:1] for kind, each in found.items()}
    assert json.loads(made["inputs"]) == once | {"thing": ["y", "z"]}


@pytest.mark.parametrize("schema, group", [(THING, None), (GROUPED, "a")])
def test_a_changed_value_or_attribute_is_damage(tmp_path, schema, group):
    data, path = everything(), tmp_path / "thing.nc"

    def changed(change):
        save(path, {"a": data, "b": data} if group else data, schema)
        with netCDF4.Dataset(path, "a") as file:
            change(file, file[group] if group else file)
        with pytest.raises(ArtifactError, match=r"thing\.nc: is damaged, its .* match their checksum; delete it and"):
            store.read(path, schema, group)

    changed(lambda file, own: own["real"].__setitem__((0, 0), 2.0))
    changed(lambda file, own: own["word"].setncattr("units", "hours"))
    changed(lambda file, own: own.renameVariable("flag", "flab"))
    changed(lambda file, own: own["y"].__setitem__(0, 0.25))
    for change in (
        lambda file, own: file.setncattr("wall_time_s", 1.25),
        lambda file, own: file.renameAttribute("device", "devise"),
        lambda file, own: file.setncattr("extra", "x"),
        lambda file, own: file.delncattr("condition"),
    ):
        changed(change)
        with pytest.raises(ArtifactError, match="is damaged, its attributes"):
            store.attributes_of(path)


def test_a_file_of_an_older_version_says_so(tmp_path):
    path = save(tmp_path / "thing.nc", everything())
    with netCDF4.Dataset(path, "a") as file:
        file.delncattr("checksum")
    with pytest.raises(ArtifactError, match="was written by an older version, which took no checksums; delete it and"):
        store.read(path, THING)
