"""The commit that artifacts carry is one of this project, and says whether their files differ from it."""

import os
import subprocess
import sys

import pytest

from runs import clean_copy


def git(folder, *arguments) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.strip()


def committed(folder) -> str:
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "x")
    return git(folder, "rev-parse", "HEAD")


def claimed(project, **environment) -> str:
    program = "from degeneracy.artifacts.provenance import git_commit; print(git_commit())"
    folder = project / "workflow" / "scripts"
    env = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"} | environment
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path):
    return clean_copy(tmp_path / "outer" / "project")


def test_a_copy_in_another_repository_claims_no_commit(project):
    outer = committed(project.parent)
    assert claimed(project) == "unknown" != outer
    assert claimed(project, GIT_DIR=str(project.parent / ".git"), GIT_WORK_TREE=str(project)) == "unknown"
    own = committed(project)
    assert claimed(project) == claimed(project, GIT_DIR=str(project.parent / ".git")) == own


def test_changes_of_every_file_that_results_depend_on_are_told(project):
    commit = committed(project)
    (project / "config.yaml").write_text("seeds: 3\n")  # which every artifact carries itself
    (project / "notes.txt").write_text("x")
    assert claimed(project) == commit
    for name in (
        *("Snakefile", "workflow/rules/trials.smk", "workflow/schemas/config.schema.yaml"),
        *("workflow/scripts/compute_metric.py", "workflow/scripts/degeneracy/cells/gru.py"),
    ):
        path = project / name
        text = path.read_text()
        path.write_text(text + "\n# now\n")
        assert claimed(project) == f"{commit}+changes", name
        path.write_text(text)
        assert claimed(project) == commit
    (project / "workflow" / "scripts" / "degeneracy" / "metrics" / "mine.py").write_text("LEVEL = 'weights'\n")
    assert claimed(project) == f"{commit}+changes"
