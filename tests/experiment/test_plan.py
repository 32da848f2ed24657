import json

import pytest

from degeneracy.errors import UserError
from degeneracy.experiment import plan
from degeneracy.plugins import sources

FILES = ("Snakefile", "workflow/rules/common.smk", "workflow/schemas/config.yaml", "workflow/scripts/metric.py")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project of a few files, which is the working directory, and no source file is read yet."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as planned: ü")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "TEXTS", {})
    return tmp_path


def planned(root, monkeypatch) -> dict:
    """The configuration that a job of a planned run is given. It has read nothing yet."""
    path = plan.write(root, plan.freeze(root, root / "Snakefile", {"seeds": 2}), {"seeds": 2})
    monkeypatch.setattr(sources, "TEXTS", {})
    return json.loads(path.read_text())


def test_a_job_takes_configuration_and_sources_from_the_plan(root, monkeypatch):
    config = planned(root, monkeypatch)
    (root / "workflow/scripts/metric.py").write_text("edited")
    plan.freeze(root, root / "Snakefile", config)
    assert config == {"seeds": 2}
    assert sources.text(root / "workflow/scripts/metric.py").decode() == "as planned: ü"
    assert not sources.on_disk(root / "workflow/scripts/metric.py")


@pytest.mark.parametrize("name", FILES[:-1])
def test_a_job_refuses_a_workflow_that_is_not_as_planned(root, monkeypatch, name):
    config = planned(root, monkeypatch)
    (root / name).write_text("edited")
    with pytest.raises(UserError, match=f"{name}: has changed since this run was planned"):
        plan.freeze(root, root / "Snakefile", config)


def test_a_job_refuses_what_it_has_loaded_before_it_knew_the_plan(root, monkeypatch):
    config = planned(root, monkeypatch)
    (root / "workflow/scripts/metric.py").write_text("edited")
    sources.fix(root / "workflow/scripts/metric.py")
    with pytest.raises(UserError, match=r"metric\.py: has changed since this run was planned"):
        plan.freeze(root, root / "Snakefile", config)


def test_a_plan_is_written_once(root, monkeypatch):
    planned(root, monkeypatch)
    planned(root, monkeypatch)
    assert len(list((root / ".snakemake/plans").iterdir())) == 1
