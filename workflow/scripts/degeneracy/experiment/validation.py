"""What is checked of a configuration besides its plug-ins, and the defaults of the schema."""

import re
from typing import Any

from degeneracy.errors import UserError
from degeneracy.plugins import validation
from degeneracy.plugins.validation import cast

CONFIG = "config: "  # where a sentence about the configuration begins
Places = dict[str, str]  # where keys, joined by dots, are written: "config.yaml, line 3"; "" is the whole


def check(config: dict, schema: dict) -> None:
    """Raise UserError with one sentence, naming key, value and what is allowed, unless `config` fits `schema`."""
    sweeps = config.get("sweeps")
    for name in sweeps if isinstance(sweeps, dict) else ():
        if not isinstance(name, str):
            raise UserError(f"{CONFIG}sweeps: given the name {name!r}, must be text (put it in quotes)")
    validation.check(config, schema, CONFIG)


def defaults_of(schema: dict, section: str) -> dict[str, Any]:
    """Defaults of a section of the schema, in the types it declares."""
    properties = schema["$defs"][section]["properties"]
    return {key: cast(part["default"], part, schema) for key, part in properties.items() if "default" in part}


def located(sentence: str, places: Places) -> str:
    """A sentence about the configuration ("config: model.width: …") with the place where its key is written."""
    found = re.match(rf'{CONFIG}(?:(?P<key>\S+): )?(?:unknown key "(?P<unknown>[^"]*)")?', sentence)
    if not found or not places:
        return sentence
    key = ".".join(part for part in found.groups() if part)
    while key and key not in places:
        key = key.rpartition(".")[0]
    return f"{places[key]}: {sentence.removeprefix(CONFIG)}"
