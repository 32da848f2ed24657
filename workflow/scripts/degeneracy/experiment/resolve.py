"""From a configuration to fully resolved conditions: defaults, sweeps, names and blocks of seeds."""

import hashlib
import re
import sys
from dataclasses import dataclass
from typing import Any

from degeneracy.errors import UserError
from degeneracy.experiment.condition import Condition, dumps
from degeneracy.experiment.sweeps import Experiment, Sweep
from degeneracy.experiment.validation import CONFIG, check, defaults_of, refuse_idle_noise
from degeneracy.plugins import contracts, validation
from degeneracy.plugins.discovery import Plugin, names
from degeneracy.plugins.figure_contract import figure_contract
from degeneracy.plugins.options import did_you_mean
from degeneracy.plugins.validation import cast, place

SECTIONS = ("task", "model", "training", "trials")
CELL = "vanilla"  # where a configuration names none
PLUGIN_OF = {"task": ("tasks", "name"), "model": ("cells", "cell")}  # section: kind of plug-in, key that names it


def resolve(config: dict, schema: dict) -> Experiment:
    """Check a configuration against the schema and the plug-ins it names, and resolve every condition.

    Defaults come from the schema (training, trials, …) and from the plug-ins' signatures (task, cell, metric and figure
    options). Later ones win: defaults, `model`/`training`/`trials`, `tasks.<task>`, a sweep's `base`, its level.
    Raises UserError with one sentence that names the key, what was given and what is allowed.
    """
    check(config, schema)
    config = cast(config, schema, schema)
    defaults = {key: part["default"] for key, part in schema["properties"].items() if "default" in part}
    config = defaults | config
    used_tasks = list({sweep["task"]: None for sweep in config["sweeps"].values()})
    for name in config["tasks"]:
        _known(f"{CONFIG}tasks", "tasks", name)
    for name, sweep in config["sweeps"].items():
        _known(f"{CONFIG}sweeps.{name}.task", "tasks", sweep["task"])
    bases = {name: _base(name, config, schema) for name in {**config["tasks"], **dict.fromkeys(used_tasks)}}
    sweeps = {name: _sweep(name, sweep, bases[sweep["task"]], schema) for name, sweep in config["sweeps"].items()}
    _refuse_clashes(sweeps)
    metrics = {task: _metrics(task, config) for task in used_tasks}
    maps = tuple(config["maps"]) if "maps" in config else tuple({"dsa"} & set(names("metrics")))
    for name in maps:
        metric = _known(f"{CONFIG}maps", "metrics", name)
        if "features" not in metric.functions:
            raise UserError(f'{CONFIG}maps: "{name}" is no metric of pairs')
        if not metric.constant("ACROSS_CONDITIONS", False):
            raise UserError(f'{CONFIG}maps: "{name}" compares networks of one condition only, not across levels')
        if "maps" in config and not any(name in chosen for chosen in metrics.values()):
            raise UserError(f'{CONFIG}maps: "{name}" is not among the metrics of this experiment')
    figures = _chosen("figures", config.get("figures"), f"{CONFIG}figures")
    for name in _mapping("figures", config.get("figures", {})):
        _tell_if_idle(name, sweeps, metrics)
    return Experiment(
        sweeps=sweeps,
        blocks=blocks(config["seeds"], config["seeds_per_job"]),
        metrics=metrics,
        maps=tuple(name for name in maps if any(name in chosen for chosen in metrics.values())),
        figures={name: Plugin("figures", name).complete(options, name) for name, options in figures.items()},
        fixed_points=defaults_of(schema, "fixed_points") | config["fixed_points"],
        statistics=defaults_of(schema, "statistics") | config["statistics"],
    )


def _tell_if_idle(figure: str, sweeps: dict[str, Sweep], metrics: dict[str, dict]) -> None:
    """Print a sentence if a figure that the configuration names has nothing to show in the experiment."""
    contract = figure_contract(figure)
    fitting = [sweep for sweep in sweeps.values() if contract.is_for(sweep)]
    if not fitting:
        reason = f"it is for {contract.wanted}, and there is none here"
    elif contract.metrics and not any(name in metrics[sweep.task] for sweep in fitting for name in contract.metrics):
        reason = f"it needs one of the metrics {', '.join(contract.metrics)}"
    else:
        return
    if "directions" not in contract.reads:  # those are of no sweep
        print(f"{CONFIG}figures: {figure} is not drawn: {reason}", file=sys.stderr)


def blocks(seeds: int, seeds_per_job: int) -> dict[str, range]:
    """Runs of seeds by name: `seeds-000-009` holds seeds 0 to 9."""
    runs = [range(first, min(first + seeds_per_job, seeds)) for first in range(0, seeds, seeds_per_job)]
    return {f"seeds-{run[0]:03d}-{run[-1]:03d}": run for run in runs}


def _known(where: str, kind: str, name: str) -> Plugin:
    """A plug-in, checked against its contract. If there is none, the error names `where` in the configuration."""
    plugin = Plugin(kind, name)
    if plugin.missing:
        raise UserError(f"{where}: {plugin.missing}")
    contracts.check(plugin)
    return plugin


@dataclass(frozen=True)
class _Base:
    """What a condition starts from: its sections, and the parts of the configuration in which they are written."""

    task: str
    spec: dict[str, dict]
    written: tuple[tuple[str, dict], ...]  # place and sections of each part, later ones win

    def over(self, where: str, sections: dict) -> "_Base":
        """The same with sections of one more part of the configuration."""
        spec = {name: self.spec[name] | sections.get(name, {}) for name in SECTIONS}
        return _Base(self.task, spec, (*self.written, (where, sections)))

    def complete(self) -> dict[str, dict]:
        """The condition with all options of its plug-ins. Raises UserError, naming a wrong one where it is written."""
        resolved = dict(self.spec)
        for section, (kind, key) in PLUGIN_OF.items():
            parts = [(place(where, section), part[section]) for where, part in self.written if section in part]
            name = self.spec[section][key]
            where = next((place(where, key) for where, part in reversed(parts) if key in part), f"{CONFIG}tasks")
            if section == "task" and name != self.task:
                raise UserError(f'{where.removesuffix(".name")}: unknown key "name": the task is {self.task}')
            plugin = _known(where, kind, name)
            for where, part in parts:
                plugin.check({option: value for option, value in part.items() if option != key}, where)
            given = {option: value for option, value in self.spec[section].items() if option != key}
            resolved[section] = {key: name} | plugin.complete(given, section)
        return resolved


def _base(task: str, config: dict, schema: dict) -> _Base:
    """The base of a task, which every sweep of it starts from."""
    defaults = {part: defaults_of(schema, part) for part in ("training", "trials")}
    start = _Base(task, {"task": {"name": task}, "model": {"cell": CELL}} | defaults, ())
    for_all = {part: config[part] for part in SECTIONS if part in config}
    base = start.over(CONFIG, for_all).over(f"{CONFIG}tasks.{task}", config["tasks"].get(task, {}))
    base.complete()
    return base


def _sweep(name: str, sweep: dict, base: _Base, schema: dict) -> Sweep:
    where = f"{CONFIG}sweeps.{name}"
    section, _, key = sweep["factor"].partition(".")
    start = base.over(f"{where}.base", sweep.get("base", {}))
    resolved = start.complete()
    allowed = {f"{part}.{option}" for part, options in resolved.items() for option in options} - {"task.name"}
    if sweep["factor"] not in allowed:
        kind, named_by = PLUGIN_OF.get(section, ("", ""))
        elsewhere = kind and Plugin(kind, resolved[section][named_by]).option_of_others(key)
        hint = elsewhere or did_you_mean(sweep["factor"], allowed)
        raise UserError(f'{where}.factor: unknown factor "{sweep["factor"]}"{hint}')
    conditions = []
    for level in sweep["levels"]:
        if sweep["factor"] != "model.cell":
            allowed_levels = _schema_of(section, key, resolved, schema)
            validation.check(level, allowed_levels, f"{where}.levels")
            level = cast(level, allowed_levels, schema)
        spec = start.over(f"{where}.levels", {section: {key: level}}).complete()
        refuse_idle_noise(spec, where, schema)
        conditions.append(_named(spec, schema))
    if len(set(conditions)) < len(conditions):
        raise UserError(f"{where}.levels: given {sweep['levels']}, must not repeat a level")
    return Sweep(name, sweep["task"], sweep["factor"], tuple(conditions))


def _schema_of(section: str, key: str, resolved: dict, schema: dict) -> dict:
    """Schema of an option of a section."""
    if section not in PLUGIN_OF:
        return schema["$defs"][section]["properties"][key]
    kind, named_by = PLUGIN_OF[section]
    return Plugin(kind, resolved[section][named_by]).options[key].schema


def _named(spec: dict, schema: dict) -> Condition:
    return Condition(
        task=spec["task"]["name"],
        name=_name(spec, SECTIONS, schema),
        trial_set=_name(spec, ("task", "trials"), schema),
        spec_json=dumps(spec),
    )


def difference(spec: dict, schema: dict) -> dict[str, Any]:
    """Options of a condition that differ from the defaults, by section and key (`task.channels`)."""
    task, cell = spec["task"]["name"], spec["model"]["cell"]
    defaults = {
        "task": {"name": task} | Plugin("tasks", task).complete({}, task),
        "model": {"cell": CELL} | Plugin("cells", cell).complete({}, cell),
        "training": defaults_of(schema, "training"),
        "trials": defaults_of(schema, "trials"),
    }
    options = {(part, key): value for part in SECTIONS for key, value in spec[part].items()}
    return {f"{part}.{key}": value for (part, key), value in options.items() if value != defaults[part][key]}


def _name(spec: dict, sections, schema: dict) -> str:
    """A safe file name that says in what a condition differs from the defaults, the same in every experiment."""
    changed = [(*option.split("."), value) for option, value in difference(spec, schema).items()]
    return _short("_".join(f"{key}-{_safe(value)}" for part, key, value in changed if part in sections)) or "default"


def _short(name: str) -> str:
    """The name itself, or its beginning and a hash if it is too long for a file."""
    return name if len(name) <= 150 else f"{name[:140]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _safe(value) -> str:
    text = str(value)
    clean = re.sub(r"[^A-Za-z0-9.+-]", "-", text)
    return clean if clean == text else f"{clean[:40]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _refuse_clashes(sweeps: dict[str, Sweep]) -> None:
    named: dict[tuple[str, str], Condition] = {}
    for sweep in sweeps.values():
        for condition in sweep.conditions:
            other = named.setdefault((condition.task, condition.name), condition)
            if other != condition:
                raise UserError(f'{CONFIG}sweeps.{sweep.name}: two conditions would share the name "{condition.name}"')


def _metrics(task: str, config: dict) -> dict[str, dict]:
    """Metrics and their options for a task, `tasks.<task>.metrics` over `metrics`."""
    chosen = _chosen("metrics", config.get("metrics"), f"{CONFIG}metrics")
    for_task = _chosen("metrics", config["tasks"].get(task, {}).get("metrics", {}), f"{CONFIG}tasks.{task}.metrics")
    merged = {name: options | for_task.get(name, {}) for name, options in chosen.items()}
    return {name: Plugin("metrics", name).complete(options, name) for name, options in merged.items()}


def _mapping(kind: str, chosen) -> dict:
    """Options by plug-in, from a mapping, from a list of names, or from None, which stands for all plug-ins."""
    if chosen is None:
        chosen = names(kind)
    return dict(chosen) if isinstance(chosen, dict) else dict.fromkeys(chosen)


def _chosen(kind: str, chosen, where: str) -> dict[str, dict]:
    """The plug-ins that a part of the configuration names, with the options it gives them. Checks these options."""
    given = {name: options or {} for name, options in _mapping(kind, chosen).items()}
    for name, options in given.items():
        _known(where, kind, name).check(options, place(where, name))
    return given
