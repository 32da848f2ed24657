"""What is checked of a configuration besides its plug-ins, and the defaults of the schema."""

from typing import Any

from degeneracy.errors import UserError
from degeneracy.plugins import validation
from degeneracy.plugins.validation import cast

CONFIG = "config: "  # where a sentence about the configuration begins


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
