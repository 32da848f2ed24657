"""The workflow on a real Slurm, with the command that slurm/README.md names; `.ci/slurm up` brings one up."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, TINY
from degeneracy.artifacts import store
from runs import SNAKEMAKE, clean_copy, differing, environment, planned, snakemake

pytestmark = pytest.mark.xdist_group("slurm")  # its fixtures are costly: one worker makes them

PROFILE = Path("slurm", "config.v8+.yaml")
LITERAL = ("--cores", "8", "--profile", "slurm")
SMALL = TINY | {
    "seeds_per_job": 2,
    "metrics": ["dsa", "weight_change"],
    "figures": ["degeneracy", "map"],
    "sweeps": {"channels": TINY["sweeps"]["channels"] | {"levels": [2]}},  # a job of each rule
}


@pytest.fixture(scope="module")
def cluster():
    """A Slurm that answers; an error without one in CI, where DEGENERACY_NEEDS_SLURM is set."""
    try:
        subprocess.run(["sinfo"], capture_output=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        if os.environ.get("DEGENERACY_NEEDS_SLURM"):
            pytest.fail("no Slurm answers, though DEGENERACY_NEEDS_SLURM is set")
        pytest.skip("no Slurm answers here; as root, `.ci/slurm install` and `.ci/slurm up` bring one up")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project in which a tiny experiment stands in for the paper, and status is asked for more often."""
    project = clean_copy(tmp_path_factory.mktemp("slurm") / "project")
    (project / "resources" / "paper.yaml").write_text(yaml.safe_dump(SMALL))
    text = (project / PROFILE).read_text()
    (project / PROFILE).write_text(re.sub("(before-status-checks:) .*", r"\1 2", text))
    return project


def calls(project: Path, *arguments: str) -> dict[str, list[str]]:
    """Run snakemake and return the sbatch calls of each rule, without the command each wraps."""
    folder, record = project.parent / "bin", project.parent / "sbatch.txt"
    folder.mkdir(exist_ok=True)
    record.write_text("")
    (folder / "sbatch").write_text(f'#!/bin/sh\necho "$@" >> "{record}"\nexec {shutil.which("sbatch")} "$@"\n')
    (folder / "sbatch").chmod(0o755)
    snakemake(project, *arguments, first_on_path=folder)
    found = {}
    for line in record.read_text().splitlines():
        call = line.split(" --wrap")[0]
        rule = re.search(r"--comment rule_(\w+?)(?:_wildcards|\s)", call)[1]
        found.setdefault(rule, []).append(call)
    return found


@pytest.fixture(scope="module")
def submitted(cluster, project):
    return calls(project, *LITERAL)


def test_results_are_those_of_a_run_without_slurm(submitted, project, tmp_path):
    assert (project / "results/figures/channels/dsa/degeneracy.pdf").exists()
    assert not list((project / "results").rglob("*.tmp"))
    assert planned(project, *LITERAL) == {}
    local = clean_copy(tmp_path / "local")
    (local / "config.yaml").write_text(yaml.safe_dump(SMALL))
    snakemake(local)
    assert len(list(local.glob("results/**/*.nc"))) == 9
    assert differing(local, project) == []


def test_training_and_solvers_ask_for_a_gpu_and_nothing_else_does(submitted):
    asked = {rule: {"--gpus=1" in call for call in calls} for rule, calls in submitted.items()}
    assert asked.pop("train_networks") == {True} and asked.pop("compute_map") == {True}
    assert asked.pop("compute_metric") == {True, False}  # of dsa, and of weight_change
    assert {"generate_trials", "compute_statistics", "draw_metric_figure"} <= set(asked)
    assert set().union(*asked.values()) == {False}


def test_every_job_says_how_much_memory_and_time_it_needs(submitted):
    for call in (call for calls in submitted.values() for call in calls):
        assert re.search(r"-t \d+ ", call) and re.search(r"--mem \d+ ", call), call


def test_jobs_go_to_the_partitions_that_a_site_names(cluster, project, tmp_path):
    site = Path(shutil.copytree(project, tmp_path / "site"))
    shutil.rmtree(site / "results")
    text = (site / PROFILE).read_text().replace("# slurm-partition-config", "slurm-partition-config")
    (site / PROFILE).write_text(text)
    submitted = calls(site, *LITERAL, "--until", "train_networks", "generate_trials")
    assert all("-p cpu " in call for call in submitted["generate_trials"])
    assert all("-p gpu " in call for call in submitted["train_networks"])


def test_an_edit_during_a_run_changes_none_of_its_jobs(cluster, project, tmp_path):
    edited, config = clean_copy(tmp_path / "edited"), SMALL | {"metrics": ["weight_change"], "figures": ["degeneracy"]}
    shutil.copy(project / PROFILE, edited / PROFILE)
    (edited / "resources" / "paper.yaml").write_text(yaml.safe_dump(config))
    run = subprocess.Popen([*SNAKEMAKE, *LITERAL], cwd=edited, env=environment())
    while run.poll() is None and not list(edited.glob("results/trials/**/*.nc")):
        time.sleep(0.2)
    (edited / "resources" / "paper.yaml").write_text(yaml.safe_dump(config | {"statistics": {"confidence": 0.5}}))
    assert run.wait(timeout=900) == 0
    (statistics,) = edited.glob("results/statistics/channels/*.nc")
    assert store.attributes_of(statistics)["confidence"] == 0.95
    assert "compute_statistics" in planned(edited, *LITERAL)
    (edited / "resources" / "paper.yaml").write_text(yaml.safe_dump(config))
    assert planned(edited, *LITERAL) == {}


def requests(project: Path, *arguments: str) -> list[str]:
    """What the training jobs of the next run would ask for."""
    output = snakemake(project, *LITERAL, "-n", "--forceall", *arguments)
    return re.findall(r"rule train_networks:(?:\n    .*)*?\n    resources: (.*)", output)


def test_every_suggestion_for_a_site_is_valid(project, tmp_path):
    site = clean_copy(tmp_path / "site")
    shutil.copy(project / "resources" / "paper.yaml", site / "resources")
    shown = re.sub(r"^( *)# (?= *[a-z_-]+:(?: \S+)?$)", r"\1", (project / PROFILE).read_text(), flags=re.MULTILINE)
    (site / PROFILE).write_text(shown)
    wanted = {"slurm_account=my_group", "slurm_partition=main", "constraint=avx512", "gpu=1", "gpu_model=a100"}
    found = requests(site)
    assert found and all(wanted <= set(request.split(", ")) for request in found)


def test_one_option_switches_gpus_off(project):
    assert {"gpu=1" in request for request in requests(project)} == {True}
    assert {"gpu=0" in request for request in requests(project, "--config", "device=cpu")} == {True}


def test_another_experiment_replaces_the_paper(project, tmp_path):
    own = {"seeds": 1, "sweeps": {"steps": {"task": "flip_flop", "factor": "task.time_steps", "levels": [10, 12]}}}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own | {"metrics": ["ood_loss"]}))
    output = snakemake(project, *LITERAL, "-n", "--configfile", str(tmp_path / "own.yaml"))
    assert "2 networks in 2 conditions" in output and "paper.yaml" not in output


def test_the_profile_is_of_the_paper_and_makes_a_few_hundred_training_jobs(tmp_path):
    settings = yaml.safe_load((ROOT / PROFILE).read_text())
    assert (ROOT / "slurm" / settings["configfile"]).resolve() == ROOT / "resources" / "paper.yaml"
    assert planned(clean_copy(tmp_path / "project"), *LITERAL)["train_networks"] in range(100, 500)


RETRIED = """
rule fails:
    output: "done"
    resources: mem_mb=growing(100), runtime=growing(7)
    shell: "echo {resources.mem_mb} {resources.runtime} >> asked; test {resources.mem_mb} = 300 && touch {output}"
"""


def test_every_retry_asks_for_more(project, tmp_path):
    retried = clean_copy(tmp_path / "retried")
    (retried / "workflow" / "rules" / "fails.smk").write_text(RETRIED)
    snakemake(retried, "done", "--retries", str(yaml.safe_load((project / PROFILE).read_text())["retries"]))
    assert (retried / "asked").read_text().splitlines() == ["100 7", "200 14", "300 21"]
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        assert not re.search(r"(mem_mb|runtime)=\d", path.read_text()), path
