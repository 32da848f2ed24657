"""The workflow as a user runs it: what a change reruns and what it leaves alone."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, SCHEMA, TINY
from degeneracy.experiment.resolve import resolve
from runs import SNAKEMAKE, clean_copy, planned, snakemake, write_config


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def copy(source: Path, target: Path) -> Path:
    """A copy with new times, as a clone would have, and with results and Snakemake's records if there are any."""
    shutil.copytree(source, target, copy_function=shutil.copyfile, symlinks=True)
    return target


@pytest.fixture
def project(finished, tmp_path):
    return copy(finished, tmp_path / "project")


def folder(project: Path, **task) -> Path:
    """Results of the condition of the tiny experiment with these task options."""
    found = [one for one in resolve(TINY, SCHEMA).conditions if task.items() <= one.spec["task"].items()]
    return project / "results" / "flip_flop" / found[0].name


def module(project: Path, name: str) -> Path:
    return project / "workflow" / "scripts" / "degeneracy" / name


def test_a_run_leaves_every_artifact_and_figure_and_the_report(project):
    results = project / "results"
    for pattern, count in {
        "trials/flip_flop/*.nc": 2,
        "complexity/flip_flop/*.nc": 2,
        "flip_flop/*/networks/*.nc": 4,
        "flip_flop/*/fixed_points/*.nc": 4,
        "flip_flop/*/metrics/*.nc": 2 * 3,
        "statistics/channels/*.nc": 3,
        "statistics/directions.*": 2,
        "figures/channels/*.pdf": 7,
        "figures/channels/*.png": 7,
        "figures/channels/*/degeneracy.png": 3,
        "figures/channels/dsa/map.pdf": 1,
        "figures/complexity.pdf": 1,
        "figures/task_overview.png": 1,
        "figures/*.*": 6,
    }.items():
        assert len(list(results.glob(pattern))) == count, pattern
    assert not list(results.rglob("*.tmp"))
    log = (
        results / "logs" / "flip_flop" / folder(project, channels=3).name / "networks" / "seeds-000-000.log"
    ).read_text()
    assert re.search(r"epoch +1 +loss .* converged 1/1 .* s left", log)
    snakemake(project, "--report", "results/report.html")
    report, page = (results / "report.html").read_text(), (results / "index.html").read_text()
    assert "MDS" in report or "multidimensional scaling" in report
    for text in (report, page):
        assert not re.search(r"<(script|link|img)[^>]+(src|href)=.https?://", text)
    links = [link for link in re.findall('href="([^#"]+)"', page) if not (results / link).exists()]
    assert "4 of 4 networks" in page and page.count("<circle") == 4 and not links


def test_a_second_run_and_a_clone_with_other_times_do_nothing(finished, project):
    assert planned(finished) == {}
    assert planned(project) == {}


def test_whatever_of_the_results_is_deleted_is_made_again(project):
    networks, metrics = "flip_flop/*/networks/seeds-000-000.nc", "flip_flop/*/metrics/dsa.nc"
    figures = ("figures/channels/loss_curves.pdf", "figures/task_overview.png")
    for patterns in (
        [networks],
        ["flip_flop/*/fixed_points/seeds-000-000.nc", *figures],  # none of which follows from another
        [metrics],
        ["statistics/directions.csv"],
    ):
        paths = [next((project / "results").glob(pattern)) for pattern in patterns]
        kept = [path.rename(path.with_suffix(".kept")) for path in paths]
        missing = re.findall(r"reason: Missing output files: ([^;\n]*)", snakemake(project, "-n"))
        assert {str(path.relative_to(project)) for path in paths} <= set(missing), missing
        for path, own in zip(paths, kept, strict=True):
            own.rename(path)


def test_results_without_a_record_of_how_they_were_made_are_told_of(project):
    quiet = snakemake(project, "-n")
    shutil.rmtree(project / ".snakemake")
    assert "results have no record" in snakemake(project, "-n") and "no record" not in quiet


def test_comments_docstrings_and_touches_rerun_nothing(project):
    for path in module(project, "").rglob("*.py"):
        path.write_text("# a comment\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    edit(module(project, "metrics/dsa.py"), "Dynamical similarity analysis", "Dynamic similarity analysis")
    for path in (project / "results" / "trials").rglob("*.nc"):
        path.touch()
    assert planned(project) == {}


def test_another_device_or_backend_reruns_nothing(project):
    write_config(project, TINY | {"device": "cpu", "backend": "reference"})
    assert planned(project) == {}


def test_more_seeds_train_only_the_new_blocks(project):
    write_config(project, TINY | {"seeds": 3})
    jobs = planned(project)
    assert jobs.pop("train_networks") == 2 and jobs.pop("find_fixed_points") == 2
    assert jobs == {
        "compute_metric": 6,
        "compute_map": 1,
        "compute_statistics": 3,
        "compute_directions": 1,
        "compute_power": 1,
        "draw_figure": 7,
        "draw_metric_figure": 5,
        "draw_experiment_figure": 2,  # the overview of tasks shows the first block
        "write_index": 1,
        "write_metrics": 1,
        "write_page": 1,
    }


def test_a_changed_training_option_retrains_the_conditions_it_touches(project):
    changed = yaml.safe_load(yaml.safe_dump(TINY))
    changed["sweeps"]["rate"] = {
        "task": "flip_flop", "factor": "training.learning_rate", "levels": [0.001, 0.02],
    }  # 0.001 is the base: its networks are those of 3 channels  # fmt: skip
    changed["metrics"] = ["dsa"]
    write_config(project, changed)
    jobs = planned(project)
    assert jobs["train_networks"] == 2 and jobs["compute_metric"] == 1
    assert jobs.get("generate_trials", 0) == 0
    changed["training"]["gradient_clip"] = 0.5
    write_config(project, changed)
    assert planned(project)["train_networks"] == 6


def test_a_changed_default_of_the_schema_retrains(project):
    edit(
        project / "workflow/schemas/config.schema.yaml",
        "default: 0.001\n      patience",
        "default: 0.001\n      patience",
    )
    edit(project / "workflow/schemas/config.schema.yaml", "default: 40", "default: 41")
    jobs = planned(project)
    assert jobs["train_networks"] == 4 and "generate_trials" not in jobs


def test_levels_in_another_order_redraw_and_summarise_anew(project):
    other = yaml.safe_load(yaml.safe_dump(TINY))
    other["sweeps"]["channels"]["levels"] = [3, 2]
    write_config(project, other)
    assert planned(project) == {
        "compute_map": 1, "compute_statistics": 3, "compute_directions": 1, "compute_power": 1, "draw_figure": 7,
        "draw_metric_figure": 5, "draw_experiment_figure": 3, "write_page": 1,
    }  # fmt: skip


def test_an_experiment_without_the_headline_metrics_has_figures(project):
    write_config(project, TINY | {"metrics": ["weight_change"]})
    assert planned(project) == {
        "compute_metric": 2, "compute_statistics": 1, "compute_directions": 1, "compute_power": 1,
        "draw_metric_figure": 1, "draw_experiment_figure": 2, "write_index": 1, "write_metrics": 1, "write_page": 1,
    }  # fmt: skip


def test_editing_a_metric_reruns_it_and_what_follows(project):
    edit(module(project, "metrics/ood_loss.py"), ".sum((1, 2))", ".sum(axis=(1, 2))")
    follow = {
        "compute_directions": 1, "compute_power": 1, "draw_figure": 2, "draw_experiment_figure": 2, "write_metrics": 1,
        "write_page": 1,
    }  # fmt: skip
    assert planned(project) == {"compute_metric": 2, "compute_statistics": 1, "draw_metric_figure": 1} | follow
    edit(module(project, "solvers/orthogonal/conjugation.py"), "FINALISTS = 2", "FINALISTS = 3")
    assert planned(project) == {
        "compute_metric": 4, "compute_map": 1, "compute_statistics": 2, "draw_metric_figure": 4
    } | follow  # fmt: skip


def test_another_paper_factor_of_a_task_is_tabulated_anew(project):
    edit(module(project, "statistics/paper.py"), '"model.width": "width"', '"model.width": "size"')
    assert planned(project) == {
        "compute_directions": 1, "draw_figure": 2, "draw_experiment_figure": 2, "write_page": 1
    }  # fmt: skip


def test_editing_a_figure_redraws_only_it(project):
    edit(module(project, "figures/loss_curves.py"), "linewidth=0.8", "linewidth=0.9")
    assert planned(project) == {"draw_figure": 1, "write_page": 1}


OWN_FIGURE = '''"""How many networks learnt the task, in every sweep."""

from degeneracy.drawing import style

SCOPE = "experiment"
READS = ("statistics",)
METRICS = ("dsa",)
FACTORS = ("model.gamma",)


def draw(experiment):
    figure, axes = style.panels(1, len(experiment.sweeps))
    for axis, sweep in zip(axes[0], experiment.sweeps.values(), strict=True):
        axis.plot(sweep.statistics["dsa"]["n_used"])
        axis.set_title(f"{sweep.task} {sweep.name} {sweep.factor_name}")
    return figure
'''


def test_a_new_figure_of_the_experiment_is_drawn_where_its_factor_is_swept(project):
    own = module(project, "figures/learnt.py")
    own.write_text(OWN_FIGURE, encoding="utf-8")
    assert planned(project) == {}  # nothing here sweeps gamma
    edit(own, "model.gamma", "task.channels")
    assert planned(project) == {"draw_experiment_figure": 1, "write_page": 1}
    snakemake(project)
    assert (project / "results/figures/learnt.pdf").exists()
    edit(own, '"experiment"', '"experimant"')
    output = snakemake(project, "-n", check=False)
    assert "figures/learnt.py: SCOPE: given 'experimant'; did you mean \"experiment\"?" in output
    assert "Traceback" not in output


def test_editing_the_trainer_or_the_task_reruns_from_there(project):
    edit(module(project, "networks/optimiser.py"), "IMPROVEMENT = 1e-4", "IMPROVEMENT = 2e-4")
    jobs = planned(project)
    assert jobs["train_networks"] == 4 and "generate_trials" not in jobs
    edit(module(project, "tasks/flip_flop.py"), "np.zeros((1,", "0 * np.ones((1,")
    assert planned(project)["generate_trials"] == 2


def add_example(project: Path, path: str) -> None:
    """Write the example file of the README files that begins with its path."""
    pages = [(ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "workflow/README.md")]
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", "".join(pages), re.DOTALL)
    (project / path).write_text(dict(blocks)[path], encoding="utf-8")


def add_metrics(project: Path) -> None:
    examples = ("readout_angle", "state_dimension")
    for name in examples:
        add_example(project, f"workflow/scripts/degeneracy/metrics/{name}.py")
    write_config(project, TINY | {"metrics": [*TINY["metrics"], *examples]})


def test_new_metric_files_add_only_their_own_jobs(project):
    add_metrics(project)
    assert planned(project) == {
        "compute_metric": 4, "compute_statistics": 2, "compute_directions": 1, "compute_power": 1, "compute_mantel": 1,
        "draw_figure": 2, "draw_metric_figure": 2, "draw_experiment_figure": 3, "write_index": 1, "write_metrics": 1,
        "write_page": 1,
    }  # fmt: skip


def test_the_examples_run_together_because_their_files_are_there(tmp_path):
    project = clean_copy(tmp_path / "project")
    examples = (
        "metrics/state_dimension",
        "metrics/readout_angle",
        "tasks/running_sum",
        "cells/linear",
        "figures/epochs",
    )
    for name in examples:
        add_example(project, f"workflow/scripts/degeneracy/{name}.py")
    page = (ROOT / "workflow" / "README.md").read_text(encoding="utf-8")
    (project / "config.yaml").write_text(re.search(r"```yaml\n(seeds: .*?)```", page, re.DOTALL)[1])
    snakemake(project)
    for figure in ("state_dimension/degeneracy", "readout_angle/degeneracy", "epochs"):
        assert (project / f"results/figures/time/{figure}.pdf").exists()
    assert planned(project) == {}


def test_a_rules_file_of_ones_own_is_included(project):
    add_example(project, "workflow/rules/count_networks.smk")
    assert planned(project) == {"count_networks": 2}
    snakemake(project)
    assert (folder(project, channels=3) / "count.txt").read_text().strip() == "2"


def test_a_mistake_in_the_configuration_stops_at_once_with_one_sentence(project):
    write_config(project, TINY | {"sead": 3})
    line = (project / "config.yaml").read_text().splitlines().index("sead: 3") + 1
    output = snakemake(project, "-n", check=False)
    assert f'config.yaml, line {line}: unknown key "sead"; did you mean "seeds"?' in output
    assert "Traceback" not in output
    (project / "config.yaml").write_text("seeds: 1\nseeds: 2\n")
    assert "config.yaml, line 2: seeds: given twice" in snakemake(project, "-n", check=False)
    write_config(project, TINY)
    output = snakemake(project, "-n", "--config", "training={learning_rate: -1}", check=False)
    assert "--config: training.learning_rate: given -1, must be a number above 0" in output
    assert "Nothing to be done" not in snakemake(project, "-n", "--config", "training={learning_rate: 0.1}")


def test_a_foreign_file_in_place_of_an_artifact_is_named_on_the_console(project):
    networks = folder(project, channels=3) / "networks/seeds-000-000.nc"
    networks.write_bytes(networks.read_bytes()[:3000])
    add_metrics(project)
    output = snakemake(project, "--rerun-triggers", "params", check=False)
    assert "seeds-000-000.nc: cannot be read as NetCDF, is it truncated?" in output
    assert "delete it and run snakemake again" in output


def test_a_threshold_out_of_reach_is_reported_and_drawn(finished, tmp_path):
    project = shutil.copytree(finished, tmp_path / "project")  # with its times, by which compiled functions are found
    training = TINY["training"] | {"threshold": 1e-12, "epochs": 1}
    write_config(project, TINY | {"training": training, "metrics": ["dsa"], "seeds_per_job": 2})
    snakemake(project)
    import xarray as xr

    with xr.open_dataset(project / "results/statistics/channels/dsa.nc") as data:
        assert data["n_not_converged"].values.tolist() == [2, 2] and data["n_used"].values.tolist() == [0, 0]
        assert data["degeneracy"].isnull().all()


def test_another_configuration_replaces_the_default_one(project):
    own = {"seeds": 1, "sweeps": {"steps": {"task": "flip_flop", "factor": "task.time_steps", "levels": [10, 12]}}}
    (project / "own.yaml").write_text(yaml.safe_dump(own | {"metrics": ["ood_loss"]}))
    jobs = planned(project, "--configfile", "own.yaml")
    assert jobs == {  # no fixed points, and none of the figures of them: no metric uses them
        "generate_trials": 2, "train_networks": 2, "compute_metric": 2, "compute_complexity": 2,
        "compute_statistics": 1, "compute_directions": 1, "compute_power": 1, "draw_figure": 5,
        "draw_metric_figure": 1, "draw_experiment_figure": 1, "write_index": 1, "write_metrics": 1, "write_page": 1,
    }  # fmt: skip


def test_the_snakefile_imports_nothing_heavy(project):
    check = (
        "raise SystemExit(', '.join(n for n in ('torch', 'xarray', 'scipy', 'matplotlib') if n in sys.modules) or 0)"
    )
    (project / "workflow/rules/zz_check.smk").write_text(f"import sys\n{check}\n")
    done = subprocess.run(
        [*SNAKEMAKE, "-n"],
        cwd=project,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_jobs_that_run_no_network_start_without_torch(project, monkeypatch):
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")  # every import is a line of the job's log
    made = ("statistics/channels/ood_loss.nc", "statistics/directions.csv", "figures/channels/loss_curves.pdf",
            "figures/channels/dsa/map.pdf", "figures/complexity.pdf")  # fmt: skip
    for path in made:
        (project / "results" / path).unlink()
    shutil.rmtree(project / "results/logs")
    snakemake(project, "--rerun-triggers", "params", "--", *(f"results/{path}" for path in made))
    logs = list((project / "results/logs").rglob("*.log"))
    assert len(logs) >= len(made)
    for path in logs:
        imported = re.findall(r"\| +(torch|xarray)$", path.read_text(), re.MULTILINE)
        assert "xarray" in imported and "torch" not in imported, path


def test_a_metric_that_asks_for_no_gpu_does_not_insist_on_one(project):
    planning = snakemake(project, "-n", "--forceall", "--config", "device=cuda")
    asked = set(re.findall(r"gpu=(\d), device=(\w+)", planning))
    assert asked == {("0", "auto"), ("1", "cuda")}


@pytest.mark.parametrize("experiment", sorted((ROOT / "resources").glob("*.yaml")), ids=lambda path: path.stem)
def test_tracked_experiments_resolve(finished, experiment):
    output = snakemake(finished, "-n", "--quiet", "all", "--configfile", str(experiment))
    assert "Error" not in output
