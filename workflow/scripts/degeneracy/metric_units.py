"""What the file of a metric must say: its level, what it measures, and the functions that measure it.

Read from the source without importing it, so the workflow finds what is missing before anything runs.
"""

from degeneracy import units

LEVELS = ("behaviour", "dynamics", "weights", "learning", "representation")


def check(name: str) -> None:
    """Raise ValueError with one sentence that names the file and what is missing or wrong in it."""
    path, functions = units.source("metrics", name), units.functions("metrics", name)
    if {"features", "distance"} <= functions:
        measure, example = "distance", '{"distance": ("angle of the readouts", "rad")}'
    elif "value" in functions:
        measure, example = "value", '{"value": ("change of the weights", "1")}'
    else:
        raise ValueError(f"{path}: must define value(population), or both features(population) and distance(a, b)")
    found = {}
    for constant in ("LEVEL", "MEASURES"):
        try:
            found[constant] = units.constant("metrics", name, constant)
        except ValueError:
            raise ValueError(f"{path}: {constant} must be a literal") from None
    level, measures = found.values()
    if level is None:
        raise ValueError(f"{path}: LEVEL is missing, must be one of {', '.join(LEVELS)}")
    if level not in LEVELS:
        raise ValueError(f"{path}: LEVEL: given {level!r}{units.did_you_mean(level, LEVELS)}")
    described = isinstance(measures, dict) and all(
        isinstance(text, tuple) and list(map(type, text)) == [str, str] for text in measures.values()
    )
    if not described or measure not in measures:
        given = " is missing" if measures is None else f": given {measures!r}"
        raise ValueError(
            f'{path}: MEASURES{given}, must give a name and a unit to "{measure}" and to whatever else is summarised,'
            f" such as {example}"
        )
