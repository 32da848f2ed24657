"""The run of the paper in parts: what it stops has saved its state, and what it collects is its own."""

import argparse
import importlib.util
import subprocess
import sys
import time

import pytest
import yaml

from conftest import ROOT, SCHEMA, TINY
from degeneracy.experiment.resolve import resolve


@pytest.fixture
def paper(monkeypatch, tmp_path):
    """The program as a module, in a folder of its own."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    spec = importlib.util.spec_from_file_location("paper", ROOT / "workflow" / "scripts" / "run_in_parts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def test_jobs_that_outlive_snakemake_are_waited_for(paper, tmp_path):
    job = f"(trap '' TERM; sleep 1; touch '{tmp_path}/saved') & exec sleep 60"
    process = subprocess.Popen(["sh", "-c", job], start_new_session=True)
    time.sleep(0.3)  # until the job has its trap
    paper.stop(process)
    assert (tmp_path / "saved").exists()


def test_nothing_of_another_experiment_is_collected(paper, tmp_path):
    plan = resolve(yaml.safe_load(yaml.safe_dump(TINY)), SCHEMA)
    own, other = "statistics/channels/dsa.nc", "statistics/width/dsa.nc"
    late = ["statistics/directions.nc", "statistics/directions.csv", "figures/directions.png"]
    for name in (own, other, *late):
        (tmp_path / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "results" / name).write_text("x")

    def collected(drawn):
        paper.collect(plan, argparse.Namespace(output=f"out-{drawn}"), ["line"], drawn)
        folder = tmp_path / f"out-{drawn}"
        return {str(path.relative_to(folder)) for path in folder.rglob("*.*")}

    assert collected(False) == {own, "provenance.txt"}
    assert collected(True) == {own, "provenance.txt", *late[:2], "directions.png"}
