import ast
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from degeneracy.errors import UserError
from degeneracy.plugins import code_hash, contracts, discovery, normal_form
from degeneracy.plugins.discovery import Plugin, names

SCRIPTS = discovery.PACKAGE.parent
CACHED = (discovery.parsed, normal_form.statements, code_hash._imports, code_hash.code_hash)


def write_package(folder: Path, **files: str) -> Path:
    """A package with some files, as the workflow would see it: `a__b` is a/b.py, and `a__` is a/__init__.py."""
    for name, text in files.items():
        path = folder / f"{re.sub('/$', '/__init__', name.replace('__', '/'))}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.setattr(discovery, "PACKAGE", tmp_path / "degeneracy")
    for cached in CACHED:
        cached.cache_clear()
    yield tmp_path / "degeneracy"
    for cached in CACHED:
        cached.cache_clear()


def hash_of(folder, **files):
    write_package(folder, **files)
    for cached in CACHED:
        cached.cache_clear()
    return code_hash.code_hash(folder / "script.py")


BASE = {
    "script": "from degeneracy import a\nprint(a.x)\nb = a.x\n",
    "a": "from degeneracy.b import f\nx = f()\n",
    "b": "def f():\n    return 2\n",
}


def test_code_hash_follows_imports(package):
    first = hash_of(package, **BASE)
    assert hash_of(package, **{**BASE, "b": "def f():\n    return 3\n"}) != first
    assert hash_of(package, **{**BASE, "c": "unrelated = 1\n"}) == first


F = "def f():\n    return 2\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (F, "def f():\n    return (2)  # two\n"),
        (F, '"""What it is."""\n\n# why\n\ndef f() -> int:\n    """Two."""\n    return 2\n'),
        (F, "def f():\n    print('two')\n    warnings.warn('two')\n    return 2\n"),
        (F, "def unused():\n    return 3\n" + F),
        (F, "UNUSED = 3\nfrom degeneracy.a import x as unused\n" + F),
        ("def f():\n    x: int = 2\n    return x\n", "def f():\n    x = 2\n    return x\n"),
        ("def f():\n    raise ValueError('two')\n", "def f():\n    raise ValueError(f'{2}') from None\n"),
        ("def f():\n    add('x', help='two')\n", "def f():\n    add('x', help='zwei')\n"),
    ],
)
def test_code_hash_ignores_what_is_for_people(package, one, other):
    assert hash_of(package, **{**BASE, "b": one}) == hash_of(package, **{**BASE, "b": other})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return 2", "return 3"),
        ("return 2", "raise ValueError('two')"),
        ("def f():", "def f(number=2):"),
        ("def f():", "@g\ndef f():"),
        ("def f():", "started()\ndef f():"),
        ("def f():", "import numpy\ndef f():"),
        ("return 2", "return '2'"),
        ("return 2", "return f'{2}'"),
        ("return 2", "return None"),
        ("return 2", "return a.print(2)"),
        ("return 2", "return CONSTANT\nCONSTANT = 2"),
    ],
)
def test_code_hash_sees_what_can_change_a_result(package, before, after):
    assert hash_of(package, **{**BASE, "b": BASE["b"].replace(before, after)}) != hash_of(package, **BASE)


def test_code_hash_sees_the_type_of_an_exception_and_the_fields_of_a_class(package):
    fields = "def f():\n    class C:\n        x: int = 2\n    raise KeyError('two')\n"
    first = hash_of(package, **{**BASE, "b": fields})
    assert hash_of(package, **{**BASE, "b": fields.replace("KeyError", "IndexError")}) != first
    assert hash_of(package, **{**BASE, "b": fields.replace("x: int", "x: float")}) != first
    assert hash_of(package, **{**BASE, "b": fields.replace("x: int", "x")}) != first


def test_code_hash_sees_the_init_of_folders_on_the_way(package):
    files = {"script": "import degeneracy.folder.module\n", "folder__module": "x = 1\n"}
    first = hash_of(package, **files, folder__="started(1)\n")
    (package / "folder" / "__init__.py").write_text("started(2)\n")
    assert hash_of(package, **files) != first


def test_what_counts_by_a_number_counts_by_it_alone(package, monkeypatch):
    files = BASE | {"b": "from degeneracy.artifacts.store import read\ndef f():\n    return read()\n"}
    first = hash_of(package, **files, artifacts__store="def read():\n    return 1\n")
    assert hash_of(package, **files, artifacts__store="import numpy\ndef read():\n    return 2\n") == first
    monkeypatch.setitem(code_hash.FORMAT, "artifacts", 2)
    assert hash_of(package, **files) != first
    monkeypatch.setitem(code_hash.FORMAT, "artifacts", 1)
    monkeypatch.setitem(code_hash.FORMAT, "command", 2)  # which this script does not import
    assert hash_of(package, **files) == first


HASHES = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from degeneracy.plugins import code_hash, discovery, normal_form
files = [path for path in sorted(Path(sys.argv[1]).rglob("*.py"))]
print(*(code_hash.code_hash(path) for path in [*files, Path(sys.argv[2])]))
"""
FSTRINGS = """
def f(x, w):
    yield f"{x}" "a" f'b {x!r:>{w}} {x=} {{}}' u"c" f"{x:%Y} {f'{w}'}" f"" "d"
    yield lambda a, /, b=1, *c, d, e=None, **g: ...
    match x:
        case {"k": [1, *_]} | None: yield b"1", 1j, 1e400, ..., 10**50, 'é\U0001fae8'
"""


def test_code_hash_is_the_same_in_every_version_of_python(tmp_path):
    written = tmp_path / "written.py"
    written.write_text(FSTRINGS, encoding="utf-8")
    found = {}
    for version in ("3.11", "3.12", "3.13", "3.14"):
        command = [f"python{version}", "-c", HASHES, SCRIPTS, written]
        with suppress(FileNotFoundError):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode == 0 or "not found" not in done.stderr:  # what a version manager's stand-in says
                found[version] = done.stdout or done.stderr
    if len(found) < 2:
        pytest.skip("there is only one version of Python here")
    assert len(set(found.values())) == 1, found


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
        ({"channels": 0}, "here.channels: given 0, must be a whole number from 1 to 16"),
        ({"channels": 2.5}, "here.channels: given 2.5, must be a whole number from 1 to 16"),
        ({"channels": True}, "here.channels: given True, must be a whole number from 1 to 16"),
        ({"pulse_probability": 1.5}, "given 1.5, must be a number from 0 to 1"),
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


def test_options_may_be_those_of_a_helper_beside_the_file(package):
    helper = "class Options:\n    order: int = 2\n\ndef distance(a, b, *, no_option: int = 1): ...\n"
    text = "from degeneracy.metrics._helper import Options\n\ndef features(population, options: Options): ...\n"
    own = "def distance(a, b, *, cutoff: float = 1.0): ...\n"
    write_package(package, metrics___helper=helper, metrics__own=text + own)
    assert set(Plugin("metrics", "own").options) == {"order", "cutoff"}


def test_a_range_may_be_given_by_keyword(package):
    text = '''"""Metric."""\n\ndef value(population, *, order: Annotated[int, Range(maximum=5)] = 2):\n    return 0\n'''
    write_package(package, metrics__own=text)
    assert Plugin("metrics", "own").options["order"].range.maximum == 5


VALUE = "def value(population): ...\n"
PAIR = "def features(population): ...\ndef distance(a, b): ...\n"
WEIGHTS = 'LEVEL = "weights"\n'
NAMED = 'MEASURES = {"value": ("x", "1")}\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (VALUE + NAMED, "LEVEL is missing, must be one of behaviour, dynamics, weights, learning, representation"),
        (VALUE + NAMED + 'LEVEL = "wieghts"', "LEVEL: given 'wieghts'; did you mean \"weights\"?"),
        (VALUE + NAMED + "LEVEL = level()", "LEVEL must be a literal"),
        (VALUE + NAMED + WEIGHTS + "RANGE = (0, 1)", "RANGE: given (0, 1), must be a mapping"),
        (VALUE + NAMED + WEIGHTS + 'RANGE = {"value": (0, "2")}', "RANGE.value: given '2', must be a number or empty"),
        (VALUE + NAMED + WEIGHTS + 'RANGE = {"vale": (0, 2)}', 'RANGE: unknown key "vale"; did you mean "value"?'),
        (VALUE + NAMED + WEIGHTS + 'RANGE = {"value": (0, pi)}', "RANGE must be a literal"),
        (VALUE + 'LEVEL = "weights"', "MEASURES is missing, must be a mapping, such as"),
        (PAIR + NAMED + 'LEVEL = "weights"', "MEASURES: distance is missing"),
        (
            VALUE + 'MEASURES = {"value": "x"}\nLEVEL = "weights"',
            "MEASURES.value: given 'x', must be a list, such as ('change of",
        ),
        (VALUE + 'MEASURES = ("value",)\nLEVEL = "weights"', "MEASURES: given ('value',), must be a mapping"),
        ("def features(population): ...", "must define value(population) or features(population) and distance(a, b)"),
        ("def features(population)", "line 1: expected ':', must be Python"),
    ],
)
def test_a_mistake_in_the_file_of_a_metric_is_one_sentence_that_names_it(package, text, sentence):
    write_package(package, metrics__own=text)
    with pytest.raises(ValueError) as caught:
        contracts.check(Plugin("metrics", "own"))
    assert "own.py" in str(caught.value) and sentence in str(caught.value) and "\n" not in str(caught.value)


def test_two_metrics_cannot_be_the_headline_of_one_aspect(package):
    text = VALUE + NAMED + WEIGHTS + 'HEADLINE = "mean"\n'
    write_package(package, metrics__first=text, metrics__second=text)
    contracts.check(Plugin("metrics", "first"))
    with pytest.raises(ValueError, match=r"second\.py: HEADLINE: first is the headline of weights already"):
        contracts.check(Plugin("metrics", "second"))


@pytest.mark.parametrize(
    "kind, entry", [("tasks", "class Task"), ("cells", "class Cell"), ("figures", r"draw\(shown\) or SHAPE")]
)
def test_a_file_without_what_makes_it_a_plug_in_is_named(package, kind, entry):
    write_package(package, **{f"{kind}__own": "x = 1\n"})
    with pytest.raises(ValueError, match=rf"{kind}/own\.py: must define {entry}"):
        contracts.check(Plugin(kind, "own"))


@pytest.mark.parametrize(
    ("name", "missing"),
    [("inputs", "inputs"), ("outputs", "outputs"), ("trials", "trials"), ("constant_inputs", "con")],
)
def test_a_task_without_a_member_of_its_contract_is_named(package, name, missing):
    contract = (SCRIPTS / "degeneracy" / "tasks" / "__init__.py").read_text(encoding="utf-8")
    task = (SCRIPTS / "degeneracy" / "tasks" / "flip_flop.py").read_text(encoding="utf-8")
    write_package(package, tasks__=contract, tasks__own=task)
    contracts.check(Plugin("tasks", "own"))
    write_package(package, tasks__own=task.replace(f"def {name}(", "def other("))
    discovery.parsed.cache_clear()
    with pytest.raises(UserError, match=rf"own\.py: the class Task must define {name}"):
        contracts.check(Plugin("tasks", "own"))


@pytest.mark.parametrize("kind", discovery.KINDS)
def test_the_table_of_contracts_and_the_protocols_name_the_same_constants(kind):
    tree = discovery.parsed(discovery.PACKAGE / kind / "__init__.py")
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    fields = [node for one in classes for node in one.body if isinstance(node, ast.AnnAssign)]
    assert {node.target.id for node in fields if node.target.id.isupper()} == set(contracts.CONTRACTS[kind].constants)
