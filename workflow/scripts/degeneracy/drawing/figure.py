"""Runs a figure."""

from degeneracy.drawing import grid
from degeneracy.plugins.discovery import Plugin
from degeneracy.plugins.figure_contract import figure_contract


def draw(name: str, shown, **options):
    """The Matplotlib figure of this name, of a sweep or an experiment (see `sweeps`), as its file draws it."""
    contract = figure_contract(name)
    if contract.shape:
        return grid.draw(shown, contract)
    return Plugin("figures", name).load().draw(shown, **options)
