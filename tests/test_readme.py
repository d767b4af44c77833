"""The README's paper map names functions and tests that exist.

Its example runs as a doctest, its commands in .ci/run.
"""
import importlib
import re
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
