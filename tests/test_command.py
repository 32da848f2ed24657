"""How a stage script ends on an error."""

import shutil
import subprocess
import sys

import pytest

from conftest import SCRIPTS, make_condition
from degeneracy.artifacts import store
from degeneracy.experiment.condition import dumps
from degeneracy.networks.schema import NETWORKS
from degeneracy.plugins.discovery import Plugin
from degeneracy.trials.generate import check


@pytest.fixture
def scripts(tmp_path):
    """A copy of the scripts, to write plug-ins in."""
    return shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))


def failing(script, *arguments) -> tuple[str, list[str]]:
    """The last line that a script which fails writes, and the lines before it."""
    done = subprocess.run([sys.executable, script, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    *before, last = done.stderr.splitlines()
    return last, before


def compute(scripts, text: str, trained, tmp_path) -> tuple[str, list[str]]:
    own = scripts / "degeneracy" / "metrics" / "own.py"
    own.write_text(text, encoding="utf-8")
    condition, networks = trained.condition, tmp_path / "networks.nc"
    attributes = {"parameters": trained.networks.attrs["parameters"]}
    store.write(networks, NETWORKS, trained.networks, condition, "cpu", 0.0, **attributes)
    paths = ["--networks", networks, "--trials", trained.trials_path, "--output", tmp_path / "own.nc"]
    line, before = failing(scripts / "compute_metric.py", "own", *paths, "--device", "cpu")
    assert line.startswith(f"error: {own}")
    return line.removeprefix(f"error: {own}"), before


METRIC = """LEVEL = "weights"
MEASURES = {"distance": ("own", "1")}
def features(population):
    return {"readout": population.parameters["readout_weights"]}
def distance(a, b):
    return BODY
"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('a["readuot"] - b["readuot"]', ", line 6: KeyError: 'readuot'"),
        ('(a["readout"] @ b["readout"])', ", line 6: ValueError: matmul: Input operand 1 has a mismatch"),
        ("np.zeros(len(a))", ", line 6: NameError: name 'np' is not defined"),
    ],
)
def test_a_fault_in_a_metric_names_file_and_line_after_the_traceback(body, said, scripts, trained, tmp_path):
    line, before = compute(scripts, METRIC.replace("BODY", body), trained, tmp_path)
    assert line.startswith(said) and before[0].startswith("Traceback")


def test_a_metric_without_measures_is_refused_before_it_runs(scripts, trained, tmp_path):
    text = METRIC.replace("MEASURES", "MEASURED")
    line, before = compute(scripts, text, trained, tmp_path)
    assert line.startswith(": MEASURES is missing, must be a mapping, such as") and not before


def test_a_sentence_for_the_user_is_all_that_is_said(scripts, trained, tmp_path):
    text = "from degeneracy.errors import UserError\n" + METRIC
    text = text.replace("return BODY", "raise UserError(\n        f'{__file__}: too\\n few')")
    assert compute(scripts, text, trained, tmp_path) == (": too few", [])


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("inputs, inputs, np.ones(inputs.shape)", "mask have the shape (8, 20, 1), must have (8, 20), (trial, time)"),
        ("inputs, inputs[..., 0], mask", "targets have the shape (8, 20), must have (8, 20, 1), (trial, time, output)"),
        ("inputs[:3], inputs, mask", "inputs have the shape (3, 20, 1), must have (8, 20, 1), (trial, time, input)"),
        ("inputs, inputs / 0, mask", "targets hold NaN or infinity, must be finite numbers"),
        ("inputs, inputs, mask + np.nan", "mask hold NaN or infinity, must be finite numbers"),
    ],
)
def test_trials_of_a_task_are_checked_where_they_are_drawn(made, said, scripts, tmp_path):
    own = scripts / "degeneracy" / "tasks" / "own.py"
    own.write_text(
        "import numpy as np\n"
        "from degeneracy.tasks import Trials\n"
        "class Task:\n"
        "    inputs = outputs = ('x',)\n"
        "    def trials(self, generator, count, ood=False):\n"
        "        inputs, mask = generator.random((count, 20, 1)), np.ones((count, 20))\n"
        f"        return Trials({made})\n"
    )
    condition = make_condition(trials={"train": 8, "probe": 8, "ood": 8}) | {"task": {"name": "own"}}
    arguments = ["--condition", dumps(condition), "--output", tmp_path / "trials.nc"]
    line, _ = failing(scripts / "generate_trials.py", *arguments)
    assert line == f"error: {own}: trials of the group train: {said}"


def test_trials_must_be_trials():
    task = Plugin("tasks", "flip_flop").load().Task()
    with pytest.raises(ValueError, match=r"here: given tuple, must be Trials\(inputs, targets, mask\)"):
        check((1, 2, 3), task, 1, "here")
