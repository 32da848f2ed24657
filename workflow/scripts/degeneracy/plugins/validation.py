"""The one validator: values against a JSON schema, what is wrong in one sentence, numbers in the type of the schema.

It checks the configuration, the options of plug-ins, and the constants that their files declare.
"""

import math
import re
from typing import Any

import jsonschema

from degeneracy.errors import UserError
from degeneracy.plugins.options import did_you_mean, quoted

KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "empty",
}
BOUNDS = {
    "minimum": "of at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "of at most {}",
    "exclusiveMaximum": "below {}",
}
SIZES = {
    "minItems": "must have at least {} item(s)",
    "maxItems": "must have at most {} item(s)",
    "minProperties": "must have at least {} key(s)",
    "maxLength": "must have at most {} characters",
    "uniqueItems": "must not repeat an item",
}
ARRAYS = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
    "array", lambda _, value: isinstance(value, list | tuple)
)
VALIDATOR = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=ARRAYS)


def check(value: Any, schema: dict, where: str) -> None:
    """Raise UserError unless a value fits a schema: with the place, what was given there, and what is allowed.

    `where` is the place of the value: keys joined by dots, or a source that ends in a space ("config: ").
    """
    _refuse_infinite(value, where)
    errors = list(VALIDATOR(schema).iter_errors(value))
    if errors:
        raise UserError(_sentence(jsonschema.exceptions.best_match(errors), where))


def place(where: str, *keys: Any) -> str:
    """The place of what lies below `where` under some keys."""
    path = ".".join(map(str, keys))
    return (where if where.endswith(" ") or not path else f"{where}.") + path


def cast(value: Any, schema: dict, root: dict) -> Any:
    """Numbers in the type the schema declares, so that 1 and 1.0 are one number everywhere; `root` has its `$defs`."""
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


def _refuse_infinite(value: Any, where: str) -> None:
    """YAML can spell infinity and not-a-number, and no range of a schema refuses them."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            _refuse_infinite(inner, place(where, key))
    elif isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{where}: given {value}, must be a finite number")


def _sentence(error: jsonschema.ValidationError, where: str) -> str:
    here = place(where, *(key for key in error.absolute_path if not isinstance(key, int))).rstrip(": ")
    rule, given, schema = error.validator_value, error.instance, error.schema
    if error.validator == "additionalProperties":
        allowed = schema.get("properties", {})
        unknown = next(key for key in given if key not in allowed)
        return f"{here}: unknown key {quoted(unknown)}{did_you_mean(unknown, allowed)}"
    if error.validator == "required":
        missing = next(key for key in rule if key not in given)
        wanted = allowed_by(schema.get("properties", {}).get(missing, {}))
        return f"{here}: {missing} is missing{wanted and f', must be {wanted}'}"
    if error.validator == "enum":
        return f"{here}: given {given!r}{did_you_mean(given, rule)}"
    if error.validator in SIZES:
        wanted = f"{SIZES[error.validator].format(rule)}{_example(schema)}"
    elif error.validator in ("type", "pattern", *BOUNDS):
        hint = " (YAML reads 1e-3 as text; write 1.0e-3)" if re.fullmatch(r"[+-]?\d+[eE][+-]?\d+", str(given)) else ""
        pattern = schema.get("description", f"like {rule}")
        wanted = f"must be {pattern if error.validator == 'pattern' else allowed_by(schema)}{hint}"
    else:
        return f"{here}: {error.message}"
    return f"{here}: given {given!r}, {wanted}"


def allowed_by(schema: dict) -> str:
    """The values that a schema allows, by type, range, choices and examples, in words; "" if it allows all."""
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    kinds = schema.get("type", [])
    words = " or ".join(KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))
    bounds = " and ".join(phrase.format(schema[rule]) for rule, phrase in BOUNDS.items() if rule in schema)
    if {"minimum", "maximum"} <= schema.keys():
        bounds = f"from {schema['minimum']} to {schema['maximum']}"
    return f"{words} {bounds}".strip() + _example(schema)


def _example(schema: dict) -> str:
    return f", such as {schema['examples'][0]!r}" if "examples" in schema else ""
