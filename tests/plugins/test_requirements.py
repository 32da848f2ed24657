"""Comparisons of options, as files of plug-ins state them."""

import ast
from types import SimpleNamespace

import pytest

from degeneracy.errors import UserError
from degeneracy.plugins.discovery import KINDS, Plugin, names
from degeneracy.plugins.requirements import requirements


def broken(text, **values):
    plugin = SimpleNamespace(source="own.py", constant=lambda name, default: (text,))
    (requirement,) = requirements(plugin)
    return requirement.broken({name.replace("__", "."): value for name, value in values.items()})


@pytest.mark.parametrize(
    ("text", "least", "most", "holds"),
    [
        ("least <= most", 2, 2, True),
        ("least < most", 2, 2, False),
        ("2 * least - 1 <= most", 2, 3, True),
        ("least + most < 4", 2, 2, False),
        ("least <= trials.probe * most", 7, 2, False),  # 3 trials
    ],
)
def test_a_comparison_holds_or_is_told(text, least, most, holds):
    said = broken(text, least=least, most=most, trials__probe=3)
    assert said == "" if holds else said.endswith(f", must have {text}") and f"least = {least}" in said


def test_what_is_not_known_breaks_nothing():
    assert broken("least <= most", least=9) == ""


@pytest.mark.parametrize("text", ["least", "least <=", "least <= most ** 2", "1 < 2", "f(least) < most", "a < b < c"])
def test_what_is_no_comparison_of_options_is_refused(text):
    with pytest.raises(UserError, match=r"^own\.py: REQUIRES: given .* must compare options"):
        broken(text, least=1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_plugin_requires_something_of_options_that_there_are(kind):
    elsewhere = {"state_size", "trials.probe", "task.time_steps"}
    for plugin in (Plugin(kind, name) for name in names(kind)):
        for requirement in requirements(plugin):
            assert isinstance(requirement.tree, ast.Compare)
            assert set(requirement.names) <= set(plugin.options) | elsewhere, plugin.source
