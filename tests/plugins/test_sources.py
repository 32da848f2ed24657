"""What runs is what was hashed, whatever happens to the files meanwhile."""

import os
import shutil
import subprocess
import sys

import pytest

from conftest import SCRIPTS, make_condition
from degeneracy.experiment.condition import dumps
from degeneracy.plugins.code_hash import code_of
from degeneracy.plugins.discovery import task_of

MODULE = "degeneracy/plugins/mine.py"


@pytest.fixture
def scripts(tmp_path):
    return shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))


def run(scripts, program: str) -> str:
    """What a program prints that has the package on its path and keeps byte code."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(scripts)!r})\n{program}"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_byte_code_goes_by_content_and_not_by_time(scripts):
    for value in ("1", "2", "1"):
        (scripts / MODULE).write_text(f"VALUE = {value}")
        os.utime(scripts / MODULE, (0, 0))
        assert run(scripts, "from degeneracy.plugins import mine; print(mine.VALUE)") == value
    assert list((scripts / MODULE).parent.glob("__pycache__/mine*.pyc"))


def test_a_module_is_loaded_from_the_text_that_was_hashed(scripts):
    (scripts / MODULE).write_text("VALUE = 1")
    program = f"""
import importlib
from pathlib import Path
from degeneracy.plugins import discovery
from degeneracy.plugins.code_hash import code_hash
path = Path({str(scripts / MODULE)!r})
before = code_hash(path)
path.write_text("VALUE = 2")
from degeneracy.plugins import mine
discovery.parsed.cache_clear()
code_hash.cache_clear()
print(mine.VALUE, before == code_hash(path), importlib.reload(mine).VALUE)
"""
    assert run(scripts, program) == "1 True 2"  # a module that is loaded again, as in a notebook, is read again


def test_a_compiled_function_is_not_cached_under_a_text_that_it_is_not_of(scripts):
    text = "from degeneracy.compilation import compiled\n@compiled()\ndef value():\n    return {}\n"
    program = f"""
from pathlib import Path
from degeneracy.plugins import sources
path = Path({str(scripts / MODULE)!r})
sources.text(path)
path.write_text({text.format(2)!r})
from degeneracy.plugins import mine
print(mine.value())
"""
    (scripts / MODULE).write_text(text.format(1))
    assert run(scripts, program) == "1"
    assert run(scripts, "from degeneracy.plugins import mine; print(mine.value())") == "2"
    assert list((scripts / MODULE).parent.glob("__pycache__/mine.value*"))


def test_a_job_that_was_planned_with_other_code_stops_before_it_writes(scripts, tmp_path):
    condition = make_condition()
    output = tmp_path / "trials.nc"
    output.write_text("as before")
    command = [sys.executable, scripts / "generate_trials.py", "--condition", dumps(condition), "--output", output]
    planned = code_of(SCRIPTS / "generate_trials.py", task_of(condition))
    task = scripts / "degeneracy" / "tasks" / "flip_flop.py"
    text = task.read_text()
    task.write_text(text.replace("-1.0, 1.0", "-2.0, 2.0"))
    done = subprocess.run([*command, "--code", planned], capture_output=True, text=True)
    assert done.returncode == 1 and output.read_text() == "as before"
    assert "the code of this job has changed since the run was planned" in done.stderr and str(task) in done.stderr
    task.write_text(text)
    subprocess.run([*command, "--code", planned], check=True)
    assert output.read_bytes()[1:4] == b"HDF"
