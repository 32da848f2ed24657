"""From a configuration to fully resolved conditions: checks, defaults, sweeps, names and blocks of seeds."""

import hashlib
import json
import math
import re
import sys
from dataclasses import dataclass

import jsonschema

from degeneracy import figure_units, metric_units, units
from degeneracy.condition import dumps, level_of, trial_part

SECTIONS = ("task", "model", "training", "trials")
CELL = "vanilla"  # where a configuration names none
UNIT_OF = {"task": ("tasks", "name"), "model": ("cells", "cell")}  # section: kind of unit, key that names it


@dataclass(frozen=True)
class Condition:
    """One fully resolved choice of task, model, training and trials, and the names its artifacts go by."""

    task: str
    name: str
    trial_set: str
    spec_json: str  # a string, so that a condition is hashable and its change is seen by comparing text

    @property
    def spec(self) -> dict:
        return json.loads(self.spec_json)

    @property
    def trials_json(self) -> str:
        """The part of the condition that decides its trials."""
        return dumps(trial_part(self.spec))


@dataclass(frozen=True)
class Sweep:
    """A task, a factor (`task.channels`), its levels and the condition of each level."""

    name: str
    task: str
    factor: str
    conditions: tuple[Condition, ...]

    @property
    def levels_json(self) -> str:
        """The levels in their order."""
        return dumps([level_of(condition.spec, self.factor) for condition in self.conditions])


@dataclass(frozen=True)
class Experiment:
    """Everything a configuration asks for."""

    sweeps: dict[str, Sweep]
    blocks: dict[str, range]  # name: seeds
    metrics: dict[str, dict[str, dict]]  # task: metric: options
    maps: tuple[str, ...]
    figures: dict[str, dict]  # figure: options
    fixed_points: dict
    statistics: dict

    @property
    def conditions(self) -> list[Condition]:
        """Each condition once, whichever sweeps share it."""
        return list({condition: None for sweep in self.sweeps.values() for condition in sweep.conditions})


def check(config: dict, schema: dict) -> None:
    """Raise ValueError with one sentence, naming key, value and what is allowed, unless `config` fits `schema`."""
    _refuse_infinite(config)
    for name in config.get("sweeps", {}) if isinstance(config.get("sweeps"), dict) else ():
        if not isinstance(name, str):
            raise ValueError(f"config: sweeps: given the name {name!r}, must be text (put it in quotes)")
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(config))
    if errors:
        raise ValueError(_sentence(jsonschema.exceptions.best_match(errors)))


def _refuse_infinite(value, where: str = "") -> None:
    """YAML can spell infinity and not-a-number, and no range of the schema refuses them."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            _refuse_infinite(inner, f"{where}.{key}" if where else str(key))
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"config: {where}: given {value}, must be a finite number")


def _cast(value, schema: dict, root: dict):
    """Numbers in the type the schema declares, so that 1 and 1.0 are one number everywhere."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        other = schema.get("additionalProperties")
        other = other if isinstance(other, dict) else {}
        return {key: _cast(inner, parts.get(key, other), root) for key, inner in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        cast = {"number": float, "integer": int}.get(str(schema.get("type")))
        return cast(value) if cast else value
    return value


def _sentence(error: jsonschema.ValidationError) -> str:
    where = ".".join(map(str, error.absolute_path)) or "the top level"
    rule, given = error.validator_value, error.instance
    if error.validator == "additionalProperties":
        allowed = error.schema.get("properties", {})
        unknown = next(key for key in given if key not in allowed)
        return f"config: unknown key {units.quoted(unknown)} at {where}{units.did_you_mean(unknown, allowed)}"
    if error.validator == "required":
        missing = next(key for key in rule if key not in given)
        return f'config: key "{missing}" is missing at {where}'
    if error.validator == "pattern" and "description" in error.schema:
        return f"config: {where}: given {given!r}, must be {error.schema['description']}"
    if error.validator == "enum":
        return f"config: {where}: given {given!r}{units.did_you_mean(given, rule)}"
    phrases = {
        "type": "must be of type {}",
        "minimum": "must be at least {}",
        "exclusiveMinimum": "must be greater than {}",
        "maximum": "must be at most {}",
        "exclusiveMaximum": "must be less than {}",
        "minItems": "must have at least {} item(s)",
        "minProperties": "must have at least {} key(s)",
        "pattern": "must match {}",
        "maxLength": "must have at most {} characters",
        "uniqueItems": "must not repeat an item",
    }
    phrase = phrases.get(error.validator)
    hint = " (YAML reads 1e-3 as text; write 1.0e-3)" if re.fullmatch(r"[+-]?\d+[eE][+-]?\d+", str(given)) else ""
    return f"config: {where}: given {given!r}, {phrase.format(rule) if phrase else error.message}{hint}"


def resolve(config: dict, schema: dict) -> Experiment:
    """Check a configuration against the schema and the units it names, and resolve every condition.

    Defaults come from the schema (training, trials, …) and from the units' signatures (task, cell, metric and figure
    options). Later ones win: defaults, `model`/`training`/`trials`, `tasks.<task>`, a sweep's `base`, its level.
    Raises ValueError with one sentence that names the key, what was given and what is allowed.
    """
    check(config, schema)
    config = _cast(config, schema, schema)
    defaults = {key: part["default"] for key, part in schema["properties"].items() if "default" in part}
    config = defaults | config
    used_tasks = list({sweep["task"]: None for sweep in config["sweeps"].values()})
    for name in config["tasks"]:
        _rename("config: tasks", units.source, "tasks", name)
    for name, sweep in config["sweeps"].items():
        _rename(f"config: sweeps.{name}.task", units.source, "tasks", sweep["task"])
    bases = {name: _base(name, config, schema) for name in {**config["tasks"], **dict.fromkeys(used_tasks)}}
    sweeps = {name: _sweep(name, sweep, bases[sweep["task"]], schema) for name, sweep in config["sweeps"].items()}
    _refuse_clashes(sweeps)
    metrics = {task: _metrics(task, config) for task in used_tasks}
    maps = tuple(config["maps"]) if "maps" in config else ("dsa",)
    for name in maps:
        _rename("config: maps", units.source, "metrics", name)
        if "features" not in units.functions("metrics", name):
            raise ValueError(f'config: maps: "{name}" is no metric of pairs')
        if not units.constant("metrics", name, "ACROSS_CONDITIONS", False):
            raise ValueError(f'config: maps: "{name}" compares networks of one condition only, not across levels')
        if "maps" in config and not any(name in chosen for chosen in metrics.values()):
            raise ValueError(f'config: maps: "{name}" is not among the metrics of this experiment')
    figures = _chosen("figures", config.get("figures"), "config: figures")
    for name in _mapping("figures", config.get("figures", {})):
        _tell_if_idle(name, sweeps, metrics)
    return Experiment(
        sweeps=sweeps,
        blocks=blocks(config["seeds"], config["seeds_per_job"]),
        metrics=metrics,
        maps=tuple(name for name in maps if any(name in chosen for chosen in metrics.values())),
        figures=figures,
        fixed_points=_defaults(schema, "fixed_points") | config["fixed_points"],
        statistics=_defaults(schema, "statistics") | config["statistics"],
    )


def _tell_if_idle(figure: str, sweeps: dict[str, Sweep], metrics: dict[str, dict]) -> None:
    """Print a sentence if a figure that the configuration names has nothing to show in the experiment."""
    unit = figure_units.declared(figure)
    fitting = [sweep for sweep in sweeps.values() if unit.is_for(sweep)]
    if not fitting:
        reason = f"it is for {unit.wanted}, and there is none here"
    elif unit.metrics and not any(name in metrics[sweep.task] for sweep in fitting for name in unit.metrics):
        reason = f"it needs one of the metrics {', '.join(unit.metrics)}"
    else:
        return
    if "directions" not in unit.reads:  # those are of no sweep
        print(f"config: figures: {figure} is not drawn: {reason}", file=sys.stderr)


def blocks(seeds: int, seeds_per_job: int) -> dict[str, range]:
    """Fixed runs of seeds, by name: `seeds-000-009` holds seeds 0 to 9."""
    runs = [range(first, min(first + seeds_per_job, seeds)) for first in range(0, seeds, seeds_per_job)]
    return {f"seeds-{run[0]:03d}-{run[-1]:03d}": run for run in runs}


def _rename(where: str, function, *arguments):
    """Call a function and say where in the configuration its complaint comes from."""
    try:
        return function(*arguments)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _defaults(schema: dict, section: str) -> dict:
    """Defaults of a section of the schema, in the types it declares."""
    properties = schema["$defs"][section]["properties"]
    return {key: _cast(part["default"], part, schema) for key, part in properties.items() if "default" in part}


def _base(task: str, config: dict, schema: dict) -> dict:
    """The unresolved condition that every sweep of a task starts from."""
    own = config["tasks"].get(task, {})
    spec = {
        "task": {"name": task} | own.get("task", {}),
        "model": {"cell": CELL} | config["model"] | own.get("model", {}),
        "training": _defaults(schema, "training") | config["training"] | own.get("training", {}),
        "trials": _defaults(schema, "trials") | config["trials"] | own.get("trials", {}),
    }
    _resolve_units(spec, f"config: tasks.{task}", task)
    return spec


def _resolve_units(spec: dict, where: str, task: str) -> dict:
    """A condition with all options of its units; raises ValueError for unknown or wrong ones."""
    resolved = dict(spec)
    for section, (kind, key) in UNIT_OF.items():
        given = dict(spec[section])
        unit = given.pop(key)
        if section == "task" and unit != task:
            raise ValueError(f'{where}.task: unknown key "name": the task is {task}')
        _rename(f"{where}.{section}.{key}", units.source, kind, unit)
        resolved[section] = {key: unit} | units.resolve_options(kind, unit, given, f"{where}.{section}")
    return resolved


def _sweep(name: str, sweep: dict, base: dict, schema: dict) -> Sweep:
    where = f"config: sweeps.{name}"
    section, _, key = sweep["factor"].partition(".")
    own = sweep.get("base", {})
    start = {part: base[part] | own.get(part, {}) for part in SECTIONS}
    resolved = _resolve_units(start, f"{where}.base", sweep["task"])
    allowed = {f"{part}.{option}" for part, options in resolved.items() for option in options} - {"task.name"}
    if sweep["factor"] not in allowed:
        kind, unit = UNIT_OF.get(section, (None, None))
        elsewhere = kind and units.option_of_others(kind, resolved[section][unit], key)
        hint = elsewhere or units.did_you_mean(sweep["factor"], allowed)
        raise ValueError(f'{where}.factor: unknown factor "{sweep["factor"]}"{hint}')
    conditions = []
    for level in sweep["levels"]:
        if section in ("training", "trials"):
            part = {
                "type": "object",
                "$defs": schema["$defs"],
                "properties": {f"sweeps.{name}.levels": schema["$defs"][section]["properties"][key]},
            }
            check({f"sweeps.{name}.levels": level}, part)
            level = _cast(level, schema["$defs"][section]["properties"][key], schema)
        spec = {**start, section: start[section] | {key: level}}
        spec = _resolve_units(spec, f"{where}.levels", sweep["task"])
        _refuse_idle_noise(spec, where, schema)
        conditions.append(_named(spec, schema))
    if len(set(conditions)) < len(conditions):
        raise ValueError(f"{where}.levels: given {sweep['levels']}, must not repeat a level")
    return Sweep(name, sweep["task"], sweep["factor"], tuple(conditions))


def _refuse_idle_noise(spec: dict, where: str, schema: dict) -> None:
    """Raise ValueError if the size of a noise is chosen that no trials get."""
    kind, noise = spec["trials"]["ood_kind"], spec["trials"]["ood_noise"]
    if kind != "noise" and noise != _defaults(schema, "trials")["ood_noise"]:
        raise ValueError(f'{where}: trials.ood_noise: given {noise}, but trials.ood_kind is "{kind}", must be "noise"')


def _named(spec: dict, schema: dict) -> Condition:
    return Condition(
        task=spec["task"]["name"],
        name=_difference(spec, SECTIONS, schema),
        trial_set=_difference(spec, ("task", "trials"), schema),
        spec_json=dumps(spec),
    )


def _difference(spec: dict, sections, schema: dict) -> str:
    """A safe file name that says in what a condition differs from the defaults, the same in every experiment."""
    task, cell = spec["task"]["name"], spec["model"]["cell"]
    defaults = {
        "task": {"name": task} | units.resolve_options("tasks", task, {}, task),
        "model": {"cell": CELL} | units.resolve_options("cells", cell, {}, cell),
        "training": _defaults(schema, "training"),
        "trials": _defaults(schema, "trials"),
    }
    changed = [(key, value) for part in sections for key, value in spec[part].items() if value != defaults[part][key]]
    return _short("_".join(f"{key}-{_safe(value)}" for key, value in changed)) or "default"


def _short(name: str) -> str:
    """The name itself, or its beginning and a hash where it would be too long for a file."""
    return name if len(name) <= 150 else f"{name[:140]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _safe(value) -> str:
    text = str(value)
    clean = re.sub(r"[^A-Za-z0-9.+-]", "-", text)
    return clean if clean == text else f"{clean[:40]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _refuse_clashes(sweeps: dict[str, Sweep]) -> None:
    named = {}
    for sweep in sweeps.values():
        for condition in sweep.conditions:
            other = named.setdefault((condition.task, condition.name), condition)
            if other != condition:
                raise ValueError(f'config: sweeps.{sweep.name}: two conditions would share the name "{condition.name}"')


def _metrics(task: str, config: dict) -> dict[str, dict]:
    """Metrics and their options for a task, `tasks.<task>.metrics` over `metrics`."""
    own = config["tasks"].get(task, {}).get("metrics", {})
    chosen = _mapping("metrics", config.get("metrics"))
    _chosen("metrics", own, f"config: tasks.{task}.metrics")  # refuses wrong options of metrics not chosen here, too
    merged = {name: (options or {}) | (own.get(name) or {}) for name, options in chosen.items()}
    return _chosen("metrics", merged, "config: metrics")


def _mapping(kind: str, chosen) -> dict:
    """Unit names to options, from a mapping, a list of names, or nothing (all there are)."""
    if chosen is None:
        chosen = units.names(kind)
    return dict(chosen) if isinstance(chosen, dict) else dict.fromkeys(chosen)


def _chosen(kind: str, chosen, where: str) -> dict[str, dict]:
    resolved = {}
    for name, given in _mapping(kind, chosen).items():
        _rename(where, units.source, kind, name)
        if kind == "metrics":
            metric_units.check(name)
        resolved[name] = units.resolve_options(kind, name, given or {}, f"{where}.{name}")
    return resolved
