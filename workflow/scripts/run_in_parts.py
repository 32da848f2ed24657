"""Run the experiment of the paper in parts, as many as there is time for, and collect what is worth keeping.

    python workflow/scripts/run_in_parts.py --minutes 50                  # on a machine with a GPU; again to go on
    python workflow/scripts/run_in_parts.py --minutes 50 --networks-only  # train, leave the rest to another machine
    python workflow/scripts/run_in_parts.py --dry-run                     # the parts and their networks

First come the base populations (of each task the condition that most sweeps share), then sweep after sweep, its
networks first and its statistics after them, and at last all figures. What has been made is not made again; when the
time is up, training saves its state, and the next run goes on from there. `--output` then holds the statistics, the
figures, two networks of each base population and provenance.txt: what was run, for how long, and what is missing.
"""

import argparse
import collections
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml

from degeneracy.artifacts import store
from degeneracy.experiment import paths as layout
from degeneracy.experiment.condition import Condition
from degeneracy.experiment.resolve import resolve
from degeneracy.experiment.sweeps import Experiment
from degeneracy.networks.schema import NETWORKS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = 2  # networks of each base population
PATIENCE = 120.0  # most time that jobs are given to end (s)


def parts_of(plan: Experiment, networks_only: bool) -> list[tuple[str, list[str], bool]]:
    """Name and targets of each part, in the order in which they are run, and whether it trains networks."""

    def networks(conditions):
        paths = [layout.networks(one.task, one.name, block) for one in conditions for block in plan.blocks]
        return list(dict.fromkeys(paths))

    parts = [("base populations", networks(bases_of(plan)), True)]
    for sweep in plan.sweeps.values():
        parts.append((f"{sweep.name}: networks", networks(sweep.conditions), True))
        if not networks_only:
            statistics = [layout.statistics(sweep.name, metric) for metric in plan.metrics[sweep.task]]
            parts.append((f"{sweep.name}: statistics", statistics, False))
    return parts if networks_only else [*parts, ("figures", [], False)]


def bases_of(plan: Experiment) -> list[Condition]:
    """Of each task the condition that most sweeps share."""
    shared = collections.Counter(one for sweep in plan.sweeps.values() for one in sweep.conditions)
    tasks = dict.fromkeys(one.task for one in shared)
    return [max((one for one in shared if one.task == task), key=shared.get) for task in tasks]


def run(targets: list[str], cores: int, arguments, seconds: float) -> bool:
    """Make the targets with Snakemake (none: all there are), for so long at most; whether they are all there."""
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", str(cores), "--configfile", arguments.configfile]
    command += ["--config", f"seeds_per_job={arguments.seeds_per_job}", "--resources", f"gpu={arguments.trainings}"]
    command += ["--rerun-incomplete", "--keep-going", "--quiet", "progress", "rules"]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        return process.wait(timeout=max(1.0, seconds)) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:  # Ctrl-C and SIGTERM, too, end up here
        if process.poll() is None:
            stop(process)
            subprocess.run([*command, "--unlock"], cwd=ROOT, capture_output=True)


def stop(process: subprocess.Popen) -> None:
    """End Snakemake and its jobs. Training first saves its state, which may take it longer than Snakemake waits."""
    os.killpg(process.pid, signal.SIGTERM)
    process.wait()
    end = time.monotonic() + PATIENCE
    with contextlib.suppress(ProcessLookupError):  # there is none left
        while time.monotonic() < end:
            os.killpg(process.pid, 0)
            time.sleep(0.2)


def trained(plan: Experiment) -> tuple[list[str], list[str]]:
    """Lines of provenance on the networks that are there, and the names of the conditions that are not complete."""
    counts, seconds, lines, missing = collections.Counter(), 0.0, [], []
    found = collections.defaultdict(set)
    for condition in plan.conditions:
        paths = [ROOT / layout.networks(condition.task, condition.name, block) for block in plan.blocks]
        there = [store.read(path, NETWORKS) for path in paths if path.is_file()]
        if len(there) < len(paths):
            missing.append(f"{condition.task}/{condition.name}")
        for data in there:
            counts["trained"] += data.sizes["network"]
            counts["converged"] += int((data["epoch_reached"] > 0).sum())
            seconds += data.attrs["wall_time_s"]
            for name in ("device", "backend", "torch_version", "numpy_version", "git_commit"):
                found[name].add(data.attrs[name])
    total = len(plan.conditions) * sum(map(len, plan.blocks.values()))
    for name, values in found.items():
        lines.append(f"{name:14s} {', '.join(sorted(values))}")
    lines.append(
        f"{'networks':14s} {counts['trained']} trained of {total}, {counts['converged']} reached the threshold"
    )
    lines.append(f"{'training':14s} {seconds:.0f} s summed over jobs")
    if counts["trained"] and counts["trained"] < total:
        lines.append(f"{'':14s} {seconds * total / counts['trained']:.0f} s for all of them, if the rest is like these")
    return lines, missing


def collect(plan: Experiment, arguments, lines: list[str], drawn: bool) -> None:
    """Statistics, example networks and provenance, and once all are drawn figures and directions, in the output folder.

    Before that, figures and directions that are there are of another experiment or an earlier state of this one.
    """
    output = ROOT / arguments.output
    output.mkdir(parents=True, exist_ok=True)
    results = ROOT / layout.RESULTS
    sweeps = plan.sweeps.values()
    found = [ROOT / layout.statistics(sweep.name, metric) for sweep in sweeps for metric in plan.metrics[sweep.task]]
    if drawn:
        found += [ROOT / layout.directions(ending) for ending in ("nc", "csv")]
        for path in results.glob("figures/*.png"):
            shutil.copy(path, output / path.name)
    for path in filter(Path.is_file, found):
        target = output / path.relative_to(results)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for condition in bases_of(plan):
        path = ROOT / layout.networks(condition.task, condition.name, next(iter(plan.blocks)))
        if path.is_file():
            data = store.read(path, NETWORKS).isel(network=slice(EXAMPLES))
            own = {name: data.attrs[name] for name in ("parameters", "backend", "options", "code", "inputs")}
            spec, seconds = json.loads(data.attrs["condition"]), data.attrs["wall_time_s"]
            target = output / "networks" / f"{condition.task}.nc"
            store.write(target, NETWORKS, data.drop_attrs(deep=False), spec, data.attrs["device"], seconds, **own)
    (output / "provenance.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", default="resources/paper.yaml")
    parser.add_argument("--output", default="resources/paper_results")
    parser.add_argument("--minutes", type=float, default=600, help="time there is")
    parser.add_argument("--seeds-per-job", type=int, default=50, help="networks that train at once in a job")
    parser.add_argument("--trainings", type=int, default=4, help="jobs at once that share the GPU")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="jobs at once for everything else")
    parser.add_argument("--networks-only", action="store_true", help="train, and leave the rest out")
    parser.add_argument("--dry-run", action="store_true", help="say what the parts are, and run none")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # through what `run` does at its end
    config = yaml.safe_load((ROOT / arguments.configfile).read_text(encoding="utf-8"))
    config["seeds_per_job"] = arguments.seeds_per_job
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))
    plan = resolve(config, schema)
    start, end = time.time(), time.monotonic() + 60 * arguments.minutes
    parts, unfinished = parts_of(plan, arguments.networks_only), []
    for name, targets, trains in parts:
        left = end - time.monotonic()
        print(f"{name}: {len(targets) or 'all'} targets, {left / 60:.1f} min left", flush=True)
        if arguments.dry_run:
            continue
        begin = time.monotonic()
        cores = arguments.trainings if trains else arguments.cores
        done = left > 0 and run(targets, cores, arguments, left)
        print(f"{name}: {'done' if done else 'not finished'} after {time.monotonic() - begin:.0f} s", flush=True)
        if not done:
            unfinished.append(name)
    if arguments.dry_run:
        return
    lines, missing = trained(plan)
    head = [f"{'command':14s} {' '.join(['python', 'workflow/scripts/run_in_parts.py', *sys.argv[1:]])}"]
    head.append(f"{'run':14s} {time.strftime('%Y-%m-%d %H:%M', time.gmtime(start))} UTC, {time.time() - start:.0f} s")
    tail = [f"{'not finished':14s} {', '.join(unfinished) or 'nothing'}"]
    tail.append(f"{'not complete':14s} {', '.join(missing) or 'no condition'}")
    collect(plan, arguments, head + lines + tail, drawn=parts[-1][0] == "figures" and done)
    print("\n".join(head + lines + tail))


if __name__ == "__main__":
    main()
