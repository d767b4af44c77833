"""The README's paper map names functions and tests that exist; what it installs is all there.

Its example runs as a doctest, its commands in .ci/run.
"""
import importlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from numpyzf import cli

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


def commands():
    """The commands in README and lessons, those with a … or a choice in them left out."""
    for path in (ROOT / "README.md", *sorted((ROOT / "tutorials").glob("[0-9]*.py"))):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            text = re.sub(r"\n# ?", " ", text)
        for parts in re.findall(r"`(numpyzf [a-z][^`]*)`|^    (numpyzf [a-z].*)$", text, re.M):
            words = " ".join("".join(parts).partition(" #")[0].split())
            if not re.search(r"[…|{]", words):
                yield pytest.param(words, id=f"{path.stem}: {words}")


@pytest.mark.parametrize("words", [*commands()])
def test_the_commands_that_are_named_are_commands(words, capsys):
    """With all that they need; a command's bare name is one, too."""
    try:
        _, unknown = cli._parser().parse_known_args(shlex.split(words)[1:])
    except SystemExit as end:
        error = capsys.readouterr().err
        assert end.code == 0 or len(words.split()) == 2 and "are required" in error, error
    else:
        assert unknown == []


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
