"""A metric declares the changes of a network that it does not see."""

import pytest

from degeneracy.plugins import contracts, discovery
from degeneracy.plugins.discovery import Plugin

METRIC = 'LEVEL = "weights"\nMEASURES = {"value": ("x", "1")}\ndef value(population): ...\n'


def test_a_symmetry_that_is_not_one_is_refused_with_the_nearest(tmp_path, monkeypatch):
    monkeypatch.setattr(discovery, "PACKAGE", tmp_path)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "sound.py").write_text(METRIC + 'SYMMETRY = "signed"\n', encoding="utf-8")
    (tmp_path / "metrics" / "wrong.py").write_text(METRIC + 'SYMMETRY = "singed"\n', encoding="utf-8")
    contracts.check(Plugin("metrics", "sound"))
    with pytest.raises(ValueError, match=r"wrong\.py: SYMMETRY: given 'singed'; did you mean \"signed\""):
        contracts.check(Plugin("metrics", "wrong"))
