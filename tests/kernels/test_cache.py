"""Compiled kernels on disk: never those of other sources, never the reason that nothing runs."""
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from numpyzf import kernels
from numpyzf.kernels import cache

PACKAGE = Path(kernels.__file__).parent.parent

PROGRAM = """
import numpy as np
from numpyzf import kernels
x = np.full(5, 3, np.float32)
kernels.run(kernels.triad, 5, x, x, np.float32(2), x)
print(x[0], kernels.compile_report()[0])
"""
# Its kernel is in shift.py. A part of that is in phases.py.
SHIFT = """
import numpy as np
from numpyzf import kernels
from numpyzf.geometry import Window
w = np.ones((1, 1, 1, 1), np.float32)
x = np.full((1, 1, 1, 5), 9, np.float32)
y = kernels.METHODS["shift"].conv_forward(x, w, w[0, 0, 0], Window(1, 1, 0))
print(y[0, 0, 0, 0], kernels.compile_report()[0])
"""


@pytest.fixture
def package(tmp_path):
    """A copy of the package in a folder of its own, which may be edited."""
    shutil.copytree(PACKAGE, tmp_path / "numpyzf",
                    ignore=shutil.ignore_patterns("__pycache__", "embedded"))
    return tmp_path / "numpyzf"


def start(folder, environment, program=PROGRAM, **settings):
    """Run the program with the package in `folder`: (what it prints, lines on stderr)."""
    surroundings = {key: value for key, value in os.environ.items()
                    if key not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "PYTHONPATH")}
    surroundings |= {"NUMBA_DISABLE_JIT": "0", **environment}
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, timeout=120, text=True,
                          capture_output=True, env=surroundings, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.splitlines()


def test_after_an_edit_every_kernel_that_uses_the_file_is_compiled_anew(package, tmp_path):
    for count in (1, 0):
        assert start(tmp_path, {}, SHIFT)[0] == f"10.0 {count}"
    phases = package / "kernels" / "phases.py"
    text = phases.read_text(encoding="utf-8")
    edited = text.replace("out[q] = pixels[q]", "out[q] = 100 * pixels[q]")
    assert edited != text
    phases.write_text(edited, encoding="utf-8")
    assert start(tmp_path, {}, SHIFT)[0] == "901.0 1"
    phases.write_text(text, encoding="utf-8")
    assert start(tmp_path, {}, SHIFT)[0] == "10.0 0"      # that is still there


@pytest.mark.parametrize("ending, length", [(".nbi", 0), (".nbi", 20), (".nbc", 100)])
def test_a_file_cut_short_is_made_anew(ending, length, tmp_path):
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)}
    start(tmp_path, environment)
    files = list(tmp_path.rglob(f"*{ending}"))
    assert len(files) == 1
    for path in files:
        os.truncate(path, length)
    for count in (1, 0):
        out, lines = start(tmp_path, environment)
        assert out == f"9.0 {count}" and len(lines) == (count > 0)


def test_what_cannot_be_stored_is_said_once(tmp_path):
    """A quota: files can be made, and nothing written into them."""
    resource = pytest.importorskip("resource")

    def no_bytes():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)}
    for _ in range(2):
        out, lines = start(tmp_path, environment, preexec_fn=no_bytes)
        assert out == "9.0 1" and len(lines) == 2
        assert "compiled kernels can't be stored in" in lines[1] and "File too large" in lines[1]


def test_without_a_folder_to_write_to_it_runs_and_says_so(package, tmp_path):
    """A package that is read-only (here: a file in the way), and a user without a home."""
    (package / "kernels" / "__pycache__").touch()
    for home in ("/dev/null", "~"):
        out, lines = start(tmp_path, {"HOME": home})
        assert out == "9.0 1" and len(lines) == 1
        assert "every start does again" in lines[0] and "set NUMBA_CACHE_DIR" in lines[0]
    assert sorted(os.listdir(tmp_path)) == ["numpyzf"]     # no folder named ~


def test_a_package_that_is_read_only_uses_the_user_s_cache(package, tmp_path):
    (package / "kernels" / "__pycache__").touch()
    for count in (1, 0):
        assert start(tmp_path, {"HOME": str(tmp_path)})[0] == f"9.0 {count}"
    assert len(list((tmp_path / ".cache" / "numpyzf").glob("kernels-*"))) == 1


# Makes a folder one that may only be read for root, too, who may write everywhere.
READ_ONLY = """
import os, tempfile
really = tempfile.TemporaryFile

def refused(*, dir):
    if str(dir).startswith(os.environ["NUMBA_CACHE_DIR"]):
        raise PermissionError(13, "Permission denied")
    return really(dir=dir)
tempfile.TemporaryFile = refused
"""


@pytest.fixture
def shared(package, tmp_path):
    """A folder with the kernels of PROGRAM that may only be read; nothing else can be written to.

    Yields what the environment of a start then is. In the end nothing in the folder has changed.
    """
    (package / "kernels" / "__pycache__").touch()
    folder = tmp_path / "shared"
    environment = {"NUMBA_CACHE_DIR": str(folder), "HOME": "/dev/null"}
    start(tmp_path, environment)
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = [path.stat().st_mtime_ns for path in paths]
    yield environment
    assert [folder, *folder.rglob("*")] == paths
    assert [path.stat().st_mtime_ns for path in paths] == before
    for path in paths:
        path.chmod(0o755)


def test_kernels_in_a_folder_that_may_only_be_read_are_used(shared, tmp_path):
    assert start(tmp_path, shared, READ_ONLY + PROGRAM) == ("9.0 0", [])
    for _ in range(2):
        out, lines = start(tmp_path, shared, READ_ONLY + SHIFT)
        assert out == "10.0 1" and len(lines) == 1 and "every start does again" in lines[0]


def test_what_a_folder_that_may_only_be_read_lacks_is_kept_elsewhere(shared, tmp_path):
    shared["HOME"] = str(tmp_path)
    for count in (1, 0):
        assert start(tmp_path, shared, READ_ONLY + SHIFT)[0] == f"10.0 {count}"
        assert start(tmp_path, shared, READ_ONLY + PROGRAM) == ("9.0 0", [])


@pytest.mark.parametrize("stream", ["None", "open(os.devnull)"])
def test_without_stderr_it_is_silent(stream, tmp_path):
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)}
    program = f"import os, sys; sys.stderr = {stream}\n{PROGRAM}"
    assert start(tmp_path, environment, program) == ("9.0 1", [])


@pytest.mark.small
def test_folders_that_nobody_uses_are_removed(tmp_path, monkeypatch):
    for name, days in (("kernels-old", 40), ("kernels-new", 20), ("mine", 40)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, time.time() - days * 24 * 3600))
    monkeypatch.setattr(cache.config, "CACHE_DIR", str(tmp_path))
    folder, shared = cache.find_folders()
    assert shared == []
    assert sorted(os.listdir(tmp_path)) == sorted([folder.name, "kernels-new", "mine"])
    assert folder.name == cache.FOLDER.name
