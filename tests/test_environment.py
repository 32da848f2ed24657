import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import degeneracy
from conftest import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
UNPINNED = ("neurogym",)  # it asks for NumPy 2.2, and the pins are of a later one
EXTRAS = [entry for name, group in PROJECT["optional-dependencies"].items() if name not in UNPINNED for entry in group]
REQUIREMENTS = [*PROJECT["dependencies"], *EXTRAS, *PYPROJECT["build-system"]["requires"]]
PINS = dict(
    line.partition("#")[0].strip().split("==")
    for line in (ROOT / "envs" / "constraints.txt").read_text().splitlines()
    if not line.startswith("#")
)


@pytest.mark.parametrize("entry", REQUIREMENTS)
def test_dependencies_are_ranges_that_hold_their_pins(entry):
    requirement = Requirement(entry)
    assert ">=" in [bound.operator for bound in requirement.specifier]
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_every_pin_is_of_a_dependency():
    assert list(PINS) == sorted({canonicalize_name(Requirement(entry).name) for entry in REQUIREMENTS})
    assert PINS["torch"] == "2.13.0"


def test_conda_environment_repeats_the_pins():
    environment = yaml.safe_load((ROOT / "envs" / "degeneracy.yaml").read_text())
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    names = [canonicalize_name(Requirement(entry).name) for entry in PROJECT["dependencies"]]
    assert sorted(pip) == sorted(f"{name}=={PINS[name]}" for name in names)


@pytest.mark.parametrize("command", ["run command", "test command"])
def test_readme_installs_the_pins(command):
    block = (ROOT / "README.md").read_text(encoding="utf-8").split(f"<!-- {command} -->")[1].split("```")[1]
    assert "pip install -c envs/constraints.txt -e ." in block.replace("'", "")


@pytest.mark.parametrize("path", ["config.yaml", *(f"resources/{path.name}" for path in ROOT.glob("resources/*.yaml"))])
def test_editors_find_the_schema_of_a_configuration(path):
    first = (ROOT / path).read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    schema = (ROOT / path).parent / first.partition("$schema=")[2]
    assert schema.resolve() == ROOT / "workflow" / "schemas" / "config.schema.yaml"


def test_ci_runs_the_checks_of_the_one_list():
    script = (ROOT / ".ci" / "run").read_text()
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"], "a list that needs no network"
    assert "pre-commit run --all-files" in script
    assert not any(re.search(rf"^{hook['entry']}", script, re.MULTILINE) for hook in hooks[0]["hooks"])


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
