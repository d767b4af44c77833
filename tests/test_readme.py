"""The README's paper map names functions and tests that exist; what it installs is all there.

Its example runs as a doctest, its commands in .ci/run.
"""
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROW = r"^\| (.+) \| `(numpyzf[\w.]+)` \| `(tests/[\w/]+\.py)(?:::(\w+))?` \|$"
ROWS = re.findall(ROW, README, re.M)


def test_the_map_was_found():
    section = README.partition("## Paper map")[2].partition("\n## ")[0]
    assert len(ROWS) == len(re.findall(r"^\|", section, re.M)) - 2 > 10


@pytest.mark.parametrize("function, file, test", [row[1:] for row in ROWS])
def test_functions_and_tests_of_the_map_exist(function, file, test):
    module, _, name = function.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))
    assert re.search(rf"^ *def {test or 'test_'}", (ROOT / file).read_text(encoding="utf-8"), re.M)


def test_the_two_commands_are_there():
    assert len(re.findall(r"^    python -m pip install -e .* && .*$", README, re.M)) == 2


def test_pictures_and_files_that_are_named_exist():
    paths = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    paths += re.findall(r"`((?:numpyzf|tutorials|tests)/[\w/.-]+)`", README)
    assert len(paths) >= 2
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_an_installed_package_holds_every_file(tmp_path):
    """As `pip install .` makes it, without -e: images and weights, texts and scripts."""
    pytest.importorskip("setuptools", reason="it builds the package")
    copy = tmp_path / "source"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("this is no git checkout, so what belongs to it isn't known")
    files = tracked.stdout.strip("\0").split("\0")
    for name in files:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    built = subprocess.run(
        [sys.executable, "-c", "import setuptools; setuptools.setup()", "build", "--build-lib",
         str(tmp_path / "built")], cwd=copy, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    package = {path.relative_to(tmp_path / "built").as_posix()
               for path in (tmp_path / "built").rglob("*") if path.is_file()}
    assert package == {name for name in files if name.startswith("numpyzf/")}
