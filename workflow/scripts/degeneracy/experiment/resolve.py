"""From a configuration to fully resolved conditions: defaults, sweeps, names and blocks of seeds."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from degeneracy.errors import UserError
from degeneracy.experiment import chosen, fitting, imported
from degeneracy.experiment.chosen import known
from degeneracy.experiment.condition import RECORDED, Condition, dumps
from degeneracy.experiment.sweeps import Experiment, Sweep
from degeneracy.experiment.training_fit import misfits
from degeneracy.experiment.validation import CONFIG, Places, check, defaults_of, located
from degeneracy.plugins import validation
from degeneracy.plugins.discovery import Plugin
from degeneracy.plugins.options import did_you_mean
from degeneracy.plugins.requirements import requirements
from degeneracy.plugins.validation import cast, place

SECTIONS = ("task", "model", "training", "trials")
CELL = "vanilla"  # where a configuration names none
PLUGIN_OF = {"task": ("tasks", "name"), "model": ("cells", "cell")}  # section: kind of plug-in, key that names it


def resolve(config: dict, schema: dict, places: Places | None = None) -> Experiment:
    """Check a configuration against the schema and the plug-ins it names, and resolve every condition.

    Defaults come from the schema (training, trials, …) and from the plug-ins' signatures (task, cell, metric and figure
    options). Later ones win: defaults, `model`/`training`/`trials`, `tasks.<task>`, a sweep's `base`, its level.
    Raises UserError with one sentence that names the key, what was given and what is allowed, and the file and line of
    the key if the `places` of all keys are given.
    """
    try:
        experiment = _resolved(config, schema)
    except UserError as error:
        raise UserError(located(str(error), places or {})) from None
    return replace(experiment, notes=tuple(located(note, places or {}) for note in experiment.notes))


def _resolved(config: dict, schema: dict) -> Experiment:
    check(config, schema)
    config = cast(config, schema, schema)
    defaults = {key: part["default"] for key, part in schema["properties"].items() if "default" in part}
    config = defaults | config
    for name in config["tasks"]:
        known(f"{CONFIG}tasks", "tasks", name)
    for name, sweep in config["sweeps"].items():
        imported.check(name, sweep)
        known(f"{CONFIG}sweeps.{name}.task", "tasks", sweep.get("task", RECORDED))
    used_tasks = list({sweep.get("task", RECORDED): None for sweep in config["sweeps"].values()})
    bases = {name: _base(name, config, schema) for name in {**config["tasks"], **dict.fromkeys(used_tasks)}}
    sweeps = {}
    for name, sweep in config["sweeps"].items():
        made = _imported if imported.is_imported(sweep) else _sweep
        sweeps[name] = made(name, sweep, bases[sweep.get("task", RECORDED)], schema)
    _refuse_clashes(sweeps)
    given = {task: chosen.metrics(task, config) for task in bases}  # checked for all tasks that are there
    metrics = {task: {name: options for name, (_, options) in given[task].items()} for task in used_tasks}
    variants = {name: metric for each in given.values() for name, (metric, _) in each.items() if name != metric}
    validation.check(variants, {"propertyNames": schema["$defs"]["name"]}, f"{CONFIG}metrics")
    experiment = Experiment(
        sweeps=sweeps,
        blocks=blocks(config["first_seed"], config["seeds"], config["seeds_per_job"]),
        metrics=metrics,
        variants=variants,
        maps=chosen.maps(config, metrics, variants),
        left_out=frozenset(),
        figures=chosen.figures(config),
        figures_named=chosen.named(config.get("figures")),
        fixed_points=defaults_of(schema, "fixed_points") | config["fixed_points"],
        statistics=defaults_of(schema, "statistics") | config["statistics"],
        notes=(),
    )
    left_out, notes = chosen.misfits(experiment, config)
    experiment = replace(experiment, left_out=left_out)
    return replace(experiment, notes=(*notes, *chosen.idle_figures(experiment)))


def blocks(first: int, number: int, per_job: int) -> dict[str, range]:
    """Runs of seeds by name: `seeds-000-009` holds seeds 0 to 9."""
    end = first + number
    runs = [range(start, min(start + per_job, end)) for start in range(first, end, per_job)]
    return {f"seeds-{run[0]:03d}-{run[-1]:03d}": run for run in runs}


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
            plugin = known(where, kind, name)
            for where, part in parts:
                plugin.check({option: value for option, value in part.items() if option != key}, where)
            given = {option: value for option, value in self.spec[section].items() if option != key}
            resolved[section] = {key: name} | plugin.complete(given, section)
        facts = fitting.facts(resolved)
        for section, (kind, key) in PLUGIN_OF.items():
            plugin = Plugin(kind, resolved[section][key])
            if reason := fitting.misfit(plugin, resolved[section], facts):
                compared = [name for requirement in requirements(plugin) for name in requirement.names]
                raise UserError(f"{self.where(section, compared)}: {reason}")
        option, reason = fitting.training_misfit(resolved)
        if reason:
            raise UserError(f"{self.where('training', (option,))}: {reason}")
        return resolved

    def where(self, section: str, options: Collection[str]) -> str:
        """The place of that of some options of a section which is written last."""
        for where, part in reversed(self.written):
            for key in part.get(section, {}):
                if key in options:
                    return where if where.endswith(".levels") else place(where, section, key)
        return CONFIG + section


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
        at_level = start.over(f"{where}.levels", {section: {key: level}})
        spec = at_level.complete()
        for wrong, option, reason in misfits(spec, schema):
            raise UserError(f"{at_level.where(wrong, (option,))}: {reason}")
        conditions.append(_named(spec, schema))
    if len(set(conditions)) < len(conditions):
        raise UserError(f"{where}.levels: given {sweep['levels']}, must not repeat a level")
    return Sweep(name, sweep["task"], sweep["factor"], tuple(conditions))


def _imported(name: str, sweep: dict, base: _Base, schema: dict) -> Sweep:
    """A sweep whose levels are files of networks or activity."""
    spec: dict[str, dict] = {"task": imported.trials(name, sweep), "training": {}, "trials": {}}
    if "task" in sweep:
        own = {section: part for section, part in sweep.get("base", {}).items() if section != "model"}
        resolved = base.over(f"{CONFIG}sweeps.{name}.base", own).complete()
        spec = {name: resolved[name] for name in ("task", "trials")}
        spec["training"] = {"loss": resolved["training"]["loss"]}
    spec["model"] = imported.model(name, sweep)
    groups = imported.groups(name, sweep).items()
    conditions = [_named(spec | {"networks": {"group": level, "files": files}}, schema) for level, files in groups]
    return Sweep(name, spec["task"]["name"], imported.FACTOR, tuple(conditions))


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
    task, cell = spec["task"]["name"], spec["model"].get("cell", CELL)
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
    words = [f"{key}-{_safe(value)}" for part, key, value in changed if part in sections]
    if "networks" in spec and "model" in sections:
        words.insert(0, _safe(imported.name_of(spec["networks"])))
    return _short("_".join(words)) or "default"


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
