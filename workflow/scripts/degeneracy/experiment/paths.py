"""Where each artifact and each log lies under `results/`. No other file spells out these paths."""

import re
from pathlib import Path

RESULTS = "results"


def trials(task: str, trial_set: str) -> str:
    return f"{RESULTS}/trials/{task}/{trial_set}.nc"


def complexity(task: str, trial_set: str) -> str:
    return f"{RESULTS}/complexity/{task}/{trial_set}.nc"


def networks(task: str, condition: str, block: str) -> str:
    return f"{RESULTS}/{task}/{condition}/networks/{block}.nc"


def seeds_there(task: str, condition: str) -> set[int]:
    """Seeds in the names of the networks artifacts of a condition."""
    found = [
        re.fullmatch(r"seeds-(\d+)-(\d+)\.nc", path.name)
        for path in Path(networks(task, condition, "")).parent.glob("*")
    ]
    return {seed for each in found if each for seed in range(int(each[1]), int(each[2]) + 1)}


def fixed_points(task: str, condition: str, block: str) -> str:
    return f"{RESULTS}/{task}/{condition}/fixed_points/{block}.nc"


def subspaces(task: str, condition: str, dimension: str) -> str:
    return f"{RESULTS}/{task}/{condition}/subspaces/dimension-{dimension}.nc"


def metric(task: str, condition: str, metric: str) -> str:
    return f"{RESULTS}/{task}/{condition}/metrics/{metric}.nc"


def statistics(sweep: str, metric: str) -> str:
    return f"{RESULTS}/statistics/{sweep}/{metric}.nc"


def sweep_of(statistics_path) -> str:
    """The sweep that a statistics artifact belongs to."""
    return Path(statistics_path).parent.name


def name_of(path) -> str:
    """The name of the metric, or of its variant, that an artifact of it goes by."""
    return Path(path).stem


def directions(ending: str) -> str:
    return f"{RESULTS}/statistics/directions.{ending}"


def power() -> str:
    return f"{RESULTS}/statistics/power.csv"


def intrinsic_dimension() -> str:
    return f"{RESULTS}/statistics/intrinsic_dimension.csv"


def mantel(sweep: str) -> str:
    return f"{RESULTS}/statistics/{sweep}/mantel.csv"


def crossed() -> str:
    return f"{RESULTS}/statistics/crossed.csv"


def metrics_table() -> str:
    return f"{RESULTS}/statistics/metrics.csv"


def index() -> str:
    return f"{RESULTS}/index.csv"


def network_map(sweep: str, metric: str) -> str:
    return f"{RESULTS}/maps/{sweep}/{metric}.nc"


def figure(sweep: str, figure: str, ending: str) -> str:
    return f"{RESULTS}/figures/{sweep}/{figure}.{ending}"


def metric_figure(sweep: str, metric: str, figure: str, ending: str) -> str:
    return f"{RESULTS}/figures/{sweep}/{metric}/{figure}.{ending}"


def experiment_figure(figure: str, ending: str) -> str:
    return f"{RESULTS}/figures/{figure}.{ending}"


def page() -> str:
    return f"{RESULTS}/index.html"


def kept(artifact) -> Path:
    """Where an artifact lies while it is made again: its second name, under which its job finds it."""
    return Path(artifact).with_name(f".{Path(artifact).name}.kept")


def log(artifact: str) -> str:
    """Log of the job that makes an artifact."""
    return f"{RESULTS}/logs/{Path(artifact).relative_to(RESULTS).with_suffix('')}.log"
