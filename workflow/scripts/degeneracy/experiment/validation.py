"""Checks of a configuration against its schema, each complaint in one sentence, and the defaults of the schema."""

import math
import re

import jsonschema

from degeneracy.errors import UserError
from degeneracy.plugins.options import did_you_mean, quoted


def check(config: dict, schema: dict) -> None:
    """Raise UserError with one sentence, naming key, value and what is allowed, unless `config` fits `schema`."""
    _refuse_infinite(config)
    for name in config.get("sweeps", {}) if isinstance(config.get("sweeps"), dict) else ():
        if not isinstance(name, str):
            raise UserError(f"config: sweeps: given the name {name!r}, must be text (put it in quotes)")
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(config))
    if errors:
        raise UserError(_sentence(jsonschema.exceptions.best_match(errors)))


def _refuse_infinite(value, where: str = "") -> None:
    """YAML can spell infinity and not-a-number, and no range of the schema refuses them."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            _refuse_infinite(inner, f"{where}.{key}" if where else str(key))
    elif isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"config: {where}: given {value}, must be a finite number")


def cast(value, schema: dict, root: dict):
    """Numbers in the type the schema declares, so that 1 and 1.0 are one number everywhere."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        other = schema.get("additionalProperties")
        other = other if isinstance(other, dict) else {}
        return {key: cast(inner, parts.get(key, other), root) for key, inner in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = {"number": float, "integer": int}.get(str(schema.get("type")))
        return number(value) if number else value
    return value


def _sentence(error: jsonschema.ValidationError) -> str:
    where = ".".join(map(str, error.absolute_path)) or "the top level"
    rule, given = error.validator_value, error.instance
    if error.validator == "additionalProperties":
        allowed = error.schema.get("properties", {})
        unknown = next(key for key in given if key not in allowed)
        return f"config: unknown key {quoted(unknown)} at {where}{did_you_mean(unknown, allowed)}"
    if error.validator == "required":
        missing = next(key for key in rule if key not in given)
        return f'config: key "{missing}" is missing at {where}'
    if error.validator == "pattern" and "description" in error.schema:
        return f"config: {where}: given {given!r}, must be {error.schema['description']}"
    if error.validator == "enum":
        return f"config: {where}: given {given!r}{did_you_mean(given, rule)}"
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


def defaults_of(schema: dict, section: str) -> dict:
    """Defaults of a section of the schema, in the types it declares."""
    properties = schema["$defs"][section]["properties"]
    return {key: cast(part["default"], part, schema) for key, part in properties.items() if "default" in part}


def refuse_idle_noise(spec: dict, where: str, schema: dict) -> None:
    """Raise UserError if the size of a noise is chosen that no trials get."""
    kind, noise = spec["trials"]["ood_kind"], spec["trials"]["ood_noise"]
    if kind != "noise" and noise != defaults_of(schema, "trials")["ood_noise"]:
        raise UserError(f'{where}: trials.ood_noise: given {noise}, but trials.ood_kind is "{kind}", must be "noise"')
