"""Runs a figure."""

from matplotlib.figure import Figure

from degeneracy.drawing import grid
from degeneracy.errors import UserError
from degeneracy.plugins.discovery import Plugin
from degeneracy.plugins.figure_contract import figure_contract


def draw(name: str, shown, **options):
    """The Matplotlib figure of this name, of a sweep or an experiment (see `sweeps`), as its file draws it."""
    contract = figure_contract(name)
    if contract.shape:
        return grid.draw(shown, contract)
    plugin = Plugin("figures", name)
    drawn = plugin.load().draw(shown, **options)
    if not isinstance(drawn, Figure):
        raise UserError(f"{plugin.source}: draw returned {type(drawn).__name__}, must return a Matplotlib figure")
    return drawn
