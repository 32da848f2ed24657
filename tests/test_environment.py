import re
import tomllib

import yaml

import degeneracy
from conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_conda_environment_has_the_pins_of_the_project():
    environment = yaml.safe_load((ROOT / "envs" / "degeneracy.yaml").read_text())
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert sorted(pip) == sorted(PROJECT["dependencies"])


def test_conda_environment_is_one():
    environment = yaml.safe_load((ROOT / "envs" / "degeneracy.yaml").read_text())
    assert set(environment) == {"name", "channels", "dependencies"}
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    *packages, pip = environment["dependencies"]
    assert packages == [f"python={PROJECT['requires-python'].removeprefix('>=')}", "pip"] and set(pip) == {"pip"}


def test_every_rule_runs_in_the_conda_environment():
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        own = re.findall(r"^(?:check)?rule \w+:\n((?:    .*\n|\n)+)", path.read_text(), re.MULTILINE)
        assert all("    conda:\n        ENVIRONMENT\n" in rule for rule in own), path


def test_every_dependency_is_pinned_exactly():
    extras = [entry for group in PROJECT["optional-dependencies"].values() for entry in group]
    for entry in PROJECT["dependencies"] + extras:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+-]+", entry), entry
    assert "torch==2.13.0" in PROJECT["dependencies"]


def test_version_is_stated_once_for_all():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert PROJECT["version"] == degeneracy.__version__ == citation["version"]


def test_top_level_is_as_designed():
    allowed = {
        *("Snakefile", "workflow", "config.yaml", "envs", "resources", "results", "tests", "README.md"),
        *("pyproject.toml", "LICENSE", "CITATION.cff", "slurm"),
    }
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found <= allowed, found - allowed
