import subprocess
import sys
from pathlib import Path

import pytest

from degeneracy.plugins import code_hash, contracts, discovery
from degeneracy.plugins.discovery import Plugin, names

SCRIPTS = discovery.PACKAGE.parent


def write_package(folder: Path, **files: str) -> Path:
    """A copy of the package's outline with some files, as the workflow would see it."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.setattr(discovery, "PACKAGE", tmp_path / "degeneracy")
    for cached in (discovery.parsed, code_hash._imports, code_hash._normal_form):
        cached.cache_clear()
    yield tmp_path / "degeneracy"
    for cached in (discovery.parsed, code_hash._imports, code_hash._normal_form):
        cached.cache_clear()


def hash_of(folder, **files):
    write_package(folder, **files)
    for cached in (discovery.parsed, code_hash._imports, code_hash._normal_form):
        cached.cache_clear()
    return code_hash.code_hash(folder / "script.py")


BASE = {
    "script": "from degeneracy import a\n",
    "a": "from degeneracy.b import f\nx = 1\n",
    "b": "def f():\n    return 2\n",
}


def test_code_hash_follows_imports(package):
    first = hash_of(package, **BASE)
    assert hash_of(package, **{**BASE, "b": "def f():\n    return 3\n"}) != first
    assert hash_of(package, **{**BASE, "c": "unrelated = 1\n"}) == first


def test_code_hash_ignores_comments_formatting_and_docstrings(package):
    first = hash_of(package, **BASE)
    dressed = '"""What it is."""\n\n# why\ndef f():\n    """Two."""\n    return (2)  # two\n'
    assert hash_of(package, **{**BASE, "b": dressed}) == first


def test_code_hash_sees_the_init_of_folders_on_the_way(package):
    files = {"script": "import degeneracy.folder.module\n", "folder__module": "x = 1\n", "folder____init__": "y = 1\n"}
    write_package(package, **files)
    (package / "folder" / "__init__.py").write_text("y = 1\n")
    first = hash_of(package, script=files["script"])
    (package / "folder" / "__init__.py").write_text("y = 2\n")
    assert hash_of(package, script=files["script"]) != first


def test_every_plug_in_is_found_and_declares_what_it_must():
    assert "flip_flop" in names("tasks") and "vanilla" in names("cells")
    for metric in names("metrics"):
        contracts.check(Plugin("metrics", metric))
    for kind in ("tasks", "cells", "metrics", "figures"):
        for name in names(kind):
            assert Plugin(kind, name).docstring, f"{kind}/{name} says nothing about itself"


def test_options_come_from_the_signature():
    channels = Plugin("tasks", "flip_flop").options["channels"]
    assert (channels.type, channels.default, channels.range.minimum) == ("int", 3, 1)
    assert "tanh" in Plugin("cells", "vanilla").options["activation"].choices
    assert set(Plugin("metrics", "dsa").options) == {"delays", "interval", "rank"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"chanels": 2}, 'here: unknown key "chanels"; did you mean "channels"\\?'),
        ({"channels": 0}, "here.channels: given 0, must be in \\[1, 16\\]"),
        ({"channels": 2.5}, "here.channels: given 2.5, must be of type int"),
        ({"channels": True}, "here.channels: given True, must be of type int"),
        ({"pulse_probability": 1.5}, "must be in \\[0, 1\\]"),
    ],
)
def test_a_wrong_option_is_one_sentence(given, message):
    with pytest.raises(ValueError, match=message):
        Plugin("tasks", "flip_flop").complete(given, "here")


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        (
            "degeneracy.experiment.needs, degeneracy.experiment.resolve, degeneracy.plugins.code_hash",
            ["torch", "numpy", "matplotlib"],
        ),
        (
            "degeneracy.drawing.sweeps, degeneracy.figures.degeneracy, degeneracy.figures.map",
            ["torch", "sklearn"],
        ),
        ("degeneracy.statistics.summary, degeneracy.artifacts.store", ["torch", "matplotlib"]),
    ],
)
def test_start_up_imports_nothing_heavy(module, absent):
    check = f"import sys, {module}; print([name for name in {absent} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_relative_import_is_refused_because_it_would_go_unseen(package):
    with pytest.raises(ValueError, match="imports must be absolute"):
        hash_of(package, **{**BASE, "a": "from .b import f\n"})


def test_a_new_version_number_changes_no_hash(package):
    first = hash_of(package, **{**BASE, "b": "__version__ = '1'\n"})
    assert hash_of(package, **{**BASE, "b": "__version__ = '2'\n"}) == first


@pytest.mark.parametrize("option", ["order=2", "order: int", "order: list[int] = 3", "order: tuple = (1,)"])
def test_an_option_that_cannot_be_read_is_one_sentence(package, option):
    text = f'''"""Metric."""\n\ndef value(population, *, {option}):\n    return 0\n'''
    write_package(package, metrics__own=text)
    with pytest.raises(ValueError, match=r"own\.py: option order must read like"):
        _ = Plugin("metrics", "own").options


def test_a_range_may_be_given_by_keyword(package):
    text = '''"""Metric."""\n\ndef value(population, *, order: Annotated[int, Range(maximum=5)] = 2):\n    return 0\n'''
    write_package(package, metrics__own=text)
    assert Plugin("metrics", "own").options["order"].range.maximum == 5


VALUE = "def value(population): ...\n"
PAIR = "def features(population): ...\ndef distance(a, b): ...\n"
NAMED = 'MEASURES = {"value": ("x", "1")}\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (VALUE + NAMED, "LEVEL is missing, must be one of behaviour, dynamics, weights, learning, representation"),
        (VALUE + NAMED + 'LEVEL = "wieghts"', "LEVEL: given 'wieghts'; did you mean \"weights\"?"),
        (VALUE + NAMED + "LEVEL = level()", "LEVEL must be a literal"),
        (VALUE + 'LEVEL = "weights"', 'MEASURES is missing, must give a name and a unit to "value"'),
        (PAIR + NAMED + 'LEVEL = "weights"', 'must give a name and a unit to "distance"'),
        (VALUE + 'MEASURES = {"value": "x"}\nLEVEL = "weights"', "MEASURES: given {'value': 'x'}, must give"),
        (VALUE + 'MEASURES = ("value",)\nLEVEL = "weights"', "MEASURES: given ('value',), must give"),
        ("def features(population): ...", "must define value(population), or both features(population) and distance"),
        ("def features(population)", "line 1: expected ':', must be Python"),
    ],
)
def test_a_mistake_in_the_file_of_a_metric_is_one_sentence_that_names_it(package, text, sentence):
    write_package(package, metrics__own=text)
    with pytest.raises(ValueError) as caught:
        contracts.check(Plugin("metrics", "own"))
    assert "own.py" in str(caught.value) and sentence in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "kind, entry", [("tasks", "class Task"), ("cells", "class Cell"), ("figures", "function draw")]
)
def test_a_file_without_what_makes_it_a_plug_in_is_named(package, kind, entry):
    write_package(package, **{f"{kind}__own": "x = 1\n"})
    with pytest.raises(ValueError, match=rf"{kind}/own\.py: must define the {entry}"):
        contracts.check(Plugin(kind, "own"))
