"""What `pip install` puts in place of the source tree."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from conftest import ROOT, SCRIPTS
from degeneracy.plugins.discovery import names

pytestmark = pytest.mark.xdist_group("wheel")  # its fixtures are costly: one worker makes them

FIND = """
import json, sys
sys.path.insert(0, sys.argv[1])
from degeneracy.plugins.discovery import KINDS, Plugin, names
Plugin("metrics", "svcca").load()
print(json.dumps({kind: [str(Plugin(kind, name).source) for name in names(kind)] for kind in KINDS}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The content of the wheel, built from a copy of the project."""
    project = tmp_path_factory.mktemp("project")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project)
    stale = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    shutil.copytree(SCRIPTS, project / "workflow" / "scripts", ignore=stale)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", project / "dist"]
    subprocess.run(build, cwd=project, check=True, capture_output=True)
    (wheel,) = (project / "dist").glob("*.whl")
    installed = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(installed)
    return installed


def test_the_wheel_holds_the_package_and_nothing_else(installed):
    found = {path.relative_to(installed) for path in installed.rglob("*.py")}
    assert found == {path.relative_to(SCRIPTS) for path in (SCRIPTS / "degeneracy").rglob("*.py")}
    assert len(list(installed.iterdir())) == 2  # the package and its metadata
    assert list(installed.glob("*.dist-info/licenses/LICENSE"))


def test_plugins_are_found_in_the_wheel(installed):
    command = [sys.executable, "-I", "-c", FIND, installed]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=installed).stdout)
    here = {kind: [str(installed / "degeneracy" / kind / f"{name}.py") for name in names(kind)] for kind in found}
    assert found == here and all(found.values())
