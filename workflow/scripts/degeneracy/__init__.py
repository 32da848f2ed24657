"""Do recurrent networks trained on the same task solve it the same way, and what controls that?"""

from importlib import import_module
from typing import Any

from degeneracy.plugins import sources

__version__ = "0.1.0"

sources.install()

from degeneracy import fixed_points  # noqa: E402 - the stage, loaded once, so that nothing puts it back …

del fixed_points  # … in the place of the function of the same name

INTERFACE = {  # public functions, and the module of `interface` that each is in
    "population": "populations",
    "activity": "populations",
    "modules": "modules",
    "measure": "measuring",
    "fixed_points": "measuring",
    "degeneracy": "comparing",
    "compare": "comparing",
    "map": "comparing",
    "draw": "drawing",
    "open": "files",
    "to_dataframe": "files",
}


def __getattr__(name: str) -> Any:
    """A public function, whose libraries are loaded now and not with the package."""
    if name not in INTERFACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"degeneracy.interface.{INTERFACE[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *INTERFACE]
