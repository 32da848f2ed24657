"""Nothing is executed from data, and no configuration reaches outside of `results/`."""

import ast
import copy
import re

import numpy as np
import pytest

from conftest import ROOT, SCHEMA, TINY
from degeneracy.experiment import paths
from degeneracy.experiment import resolve as resolving
from degeneracy.experiment.resolve import resolve

SOURCES = sorted((ROOT / "workflow").rglob("*.py"))
EXECUTING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "code", "runpy"}
CALLS = {"eval", "exec", "compile", "os.system", "os.popen", "torch.load", "torch.jit.load", "np.load"}
CALLS |= {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "pd.read_pickle", "np.fromfile", "torch.compile"}
ARGUMENTS = {"allow_pickle", "shell"}
SAFE = {"torch.load": "weights_only=True", "np.load": "allow_pickle=False"}  # calls that read numbers alone, with this


def offences(tree: ast.AST) -> list[str]:
    """What in a source file could execute what it reads."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in EXECUTING]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module] if (node.module or "").split(".")[0] in EXECUTING else []
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            arguments = {f"{word.arg}={ast.unparse(word.value)}" for word in node.keywords}
            if SAFE.get(name) not in arguments:
                found += [name] if name in CALLS else []
                found += [word.arg for word in node.keywords if word.arg in ARGUMENTS]
    return found


def test_nothing_is_executed_from_data():
    assert len(SOURCES) > 50
    for path in SOURCES:
        assert offences(ast.parse(path.read_text(encoding="utf-8"))) == [], path
    for path in (ROOT / "workflow").rglob("*.smk"):
        assert not re.search(r"pickle|yaml\.(unsafe_|full_)?load\(|\beval\(|\bexec\(", path.read_text()), path


@pytest.mark.parametrize(
    "program",
    [
        *("import pickle", "eval(t)", "torch.load(p)", "torch.load(p, weights_only=False)"),
        *("np.load(p)", "np.load(p, allow_pickle=True)", "f(p, allow_pickle=False)"),
    ],
)
def test_what_is_looked_for_is_found(program):
    assert offences(ast.parse(program))


NASTY = ["..", "../up", "a/b", "/etc", "a\n", "a\nb", "a b", "a'b", 'a"b', "$(id)", "`id`", "a;b", "a|b", "a&b", "~"]
NASTY += ["", ".", ".hidden", "-rf", "a\\b", "a\0b", "{x}", "{wildcards}", "a*", "a?", "é", "a" * 101, "x.nc", "x.png"]


@pytest.mark.parametrize("name", NASTY)
def test_names_that_would_be_bad_paths_are_refused(name):
    sweep = TINY["sweeps"]["channels"]
    for changed in (
        {"sweeps": {name: sweep}},
        {"sweeps": {"channels": sweep | {"task": name}}},
        {"sweeps": {"channels": sweep | {"factor": f"task.{name}"}}},
        {"sweeps": {"channels": sweep | {"factor": f"task.channels{name}"}}} if name else {"sweeps": {"": sweep}},
        {"tasks": {name: {}}},
        {"metrics": [name]},
        {"figures": [name]},
        {"maps": [name]},
        {"model": {"cell": name}},
        {"device": name},
    ):
        with pytest.raises(ValueError, match=r"^config: [^\n]*$"):
            resolve(copy.deepcopy(TINY) | changed, SCHEMA)


def test_names_of_conditions_are_safe_file_names_whatever_the_values():
    generator = np.random.default_rng(0)
    letters = [*"ab/.\\'\"$`;|&<>*?!#~ \n\t\0{}[]()=,:%@^é漢-+_", "..", "../"]
    start = resolve(TINY, SCHEMA).conditions[0].spec
    keys = [(section, key) for section in resolving.SECTIONS for key in start[section] if key not in ("name", "cell")]
    seen = {}
    for _ in range(3000):
        spec = copy.deepcopy(start)
        for index in generator.choice(len(keys), generator.integers(1, len(keys)), replace=False):
            section, key = keys[index]
            length = int(generator.choice([1, 2, 5, 50, 500]))
            spec[section][key] = "".join(generator.choice(letters, length)) if length > 1 else generator.normal()
        condition = resolving._named(spec, SCHEMA)
        for name in (condition.name, condition.trial_set):
            assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,149}", name), name
        assert seen.setdefault(condition.name, condition) == condition
        for path in (paths.networks(condition.task, condition.name, "b"), paths.trials("t", condition.trial_set)):
            assert path.startswith("results/") and ".." not in path.split("/")
    assert len(seen) == 3000


def test_two_conditions_with_one_name_are_refused(monkeypatch):
    monkeypatch.setattr(resolving, "_short", lambda name: "same")
    with pytest.raises(ValueError, match='two conditions would share the name "same"'):
        resolve(TINY, SCHEMA)
