"""The cache of compiled functions saves time and stops nothing."""

import subprocess
import sys

import pytest

from conftest import SCRIPTS
from degeneracy.compilation import compiled

KERNEL = """
import sys
sys.path.insert(0, sys.argv[1])
from degeneracy.compilation import compiled
@compiled(error_model="numpy")
def inner(x):
    return x / 2
@compiled(error_model="numpy")
def kernel(x):
    return inner(x) + 1
print(kernel(4.0), sum(kernel.stats.cache_hits.values()))
"""


@pytest.fixture
def run(tmp_path):
    """A function that runs the kernel in a process of its own; returns its result and the number of cache hits."""
    (tmp_path / "kernel.py").write_text(KERNEL)

    def run(**environment):
        command = [sys.executable, tmp_path / "kernel.py", SCRIPTS]
        done = subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", **environment})
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return run


def test_a_sound_cache_is_used(run):
    assert [run(), run()] == [["3.0", "0"], ["3.0", "1"]]


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_truncated_cache_is_compiled_again_and_repaired(kind, run, tmp_path):
    run()
    for length in (0, 30):
        files = list(tmp_path.glob(f"__pycache__/*.{kind}"))
        assert len(files) == 2
        for path in files:
            path.write_bytes(path.read_bytes()[:length])
        assert run() == ["3.0", "0"]
    assert run() == ["3.0", "1"]


def test_a_cache_that_cannot_be_read_is_done_without(run, tmp_path):
    run()
    for path in tmp_path.glob("__pycache__/*.nb?"):
        path.unlink()
        path.mkdir()  # nobody can read it, root included
    assert run() == ["3.0", "0"]


def test_a_full_disk_has_no_cache(run, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        assert run(NUMBA_CACHE_DIR=str(folder)) == ["3.0", "0"]
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_folder_that_nobody_can_write_to_has_no_cache(monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.makedirs", refuse)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert compiled()(lambda x: x + 1)(1) == 2
