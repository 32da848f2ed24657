"""The notebook runs from its first cell to its last, and shows the map of the networks that it trains."""

import nbclient
import nbformat

from conftest import ROOT, SCRIPTS


def test_the_notebook_runs(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(SCRIPTS))
    notebook = nbformat.read(ROOT / "resources" / "notebooks" / "own_networks.ipynb", as_version=4)
    assert len(notebook.cells) == 10
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    stable = notebook.cells[7].outputs[0]["data"]["text/html"]
    assert "n_unstable" in stable
    assert any("image/png" in output.get("data", {}) for output in notebook.cells[-1].outputs)
