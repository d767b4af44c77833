"""The house keeps its rules: floors, doors, columns, words beside every public name and every step.

The rules are those of the README's reading order.
"""
import ast
import io
import json
import os
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "numpyzf"
MODULES = sorted(PACKAGE.rglob("*.py"))
README = (ROOT / "README.md").read_text(encoding="utf-8")

# From the ground up. A module imports from its own line, or from lines above.
FLOORS = ["checks", "texts", "geometry", "fields", "kernels", "reference", "functional", "layers",
          "network", "deconvnet", "models", "general", "training", "gradhints", "gradcheck",
          "files", "checkpoints", "draw_text", "plots", "terminal", "progress", "page", "data",
          "runs", "exchange",
          "look", "tour", "inside", "perceptual", "paper", "bench", "labs", "lessons", "cli",
          "__main__"]
READING = ["geometry", "layers", "network", "deconvnet", "models", "training", "gradcheck",
           "reference", "functional"]


def room_of(path):
    """The top-level module or package that a file belongs to: "kernels" for kernels/pool.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path):
    """What a file of the package imports from it: (line, dotted name below numpyzf) each.

    `from ..look import boxes` in tour/demo.py is "look.boxes".
    """
    package = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            start = package[:len(package) - node.level + 1]
            base = [*start, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                yield node.lineno, ".".join([*base, alias.name])


def outside_imports_of(path):
    """Other packages that a file imports, wherever in it."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


def each_module(test):
    return pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))(test)


def test_every_module_has_a_floor():
    rooms = {room_of(path) for path in MODULES} - {"__init__"}
    assert rooms == set(FLOORS)


# ---- floors and doors ----------------------------------------------------------------------------

@each_module
def test_imports_point_down(path):
    if path == PACKAGE / "__init__.py":
        assert list(imports_of(path)) == []
        return
    own = FLOORS.index(room_of(path))
    upward = [(line, name) for line, name in imports_of(path)
              if FLOORS.index(name.split(".")[0]) > own]
    assert upward == []


@each_module
def test_the_machine_room_has_one_door(path):
    """From outside only what kernels/__init__.py offers: its names, not its modules."""
    if room_of(path) == "kernels":
        return
    files = {p.stem for p in (PACKAGE / "kernels").glob("*.py")}
    through_walls = [(line, name) for line, name in imports_of(path)
                     if name.startswith("kernels.") and name.split(".")[1] in files]
    assert through_walls == []


@each_module
def test_only_the_machine_room_knows_numba(path):
    assert room_of(path) == "kernels" or "numba" not in outside_imports_of(path)


@each_module
def test_only_what_draws_knows_matplotlib(path):
    draws = path.name == "plots.py" or path.stem.startswith("draw")
    assert draws or "matplotlib" not in outside_imports_of(path)


@each_module
def test_no_packages_but_the_five(path):
    known = {"numpy", "numba", "PIL", "matplotlib"} | set(sys.stdlib_module_names)
    if path.name == "solution.py":          # a student's file stands outside of the house
        known.add("numpyzf")
    assert set(outside_imports_of(path)) <= known
    assert "pickle" not in outside_imports_of(path)


@each_module
def test_nobody_uses_the_private_names_of_another_module(path):
    tree, modules = tree_of(path), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            private = [alias.name for alias in node.names if alias.name.startswith("_")]
            assert private == [], f"line {node.lineno}"
            modules |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            private = re.match(r"_(?!_)", node.attr)
            # public, though: NamedTuple's methods, which so are no fields, and os._exit
            public = node.attr in ("_replace", "_asdict", "_fields", "_exit")
            assert not (private and node.value.id in modules and not public), node.lineno


# ---- columns and words ---------------------------------------------------------------------------

@pytest.mark.parametrize("folder", ["numpyzf", "tests", "tutorials"])
def test_a_hundred_columns(folder):
    long = []
    for path in sorted((ROOT / folder).rglob("*.py")) + sorted((ROOT / folder).rglob("text.md")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > 100:
                long.append(f"{path.relative_to(ROOT)}:{number}")
    assert long == []


@each_module
def test_a_public_name_has_a_docstring(path):
    tree = tree_of(path)
    assert ast.get_docstring(tree), "the module"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name}, line {node.lineno}"


def code_and_comments(text):
    """Numbers of the lines that hold code, but for docstrings, and of those of comments alone."""
    docstrings, code, comments = set(), set(), set()
    for node in ast.walk(ast.parse(text)):
        documented = isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)
        if documented and ast.get_docstring(node):
            docstrings |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    layout = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and token.line.strip().startswith("#"):
            comments.add(token.start[0])
        elif token.type not in (tokenize.COMMENT, *layout):
            code |= set(range(token.start[0], token.end[0] + 1))
    return code - docstrings, comments


def test_code_and_comments_are_told_apart():
    lines = ['"""Doc."""', "x = 1   # tail", "", "# alone", "def f():", '    """Doc.', "",
             '    More."""', "    return (1,", "            2)", ""]
    assert code_and_comments("\n".join(lines)) == ({2, 5, 9, 10}, {4})


@pytest.mark.parametrize("path", [p for p in MODULES if room_of(p) == "kernels"],
                         ids=lambda p: p.name)
def test_kernels_explain_their_steps(path):
    """One comment line at least for every six lines of code that Numba compiles."""
    text = path.read_text(encoding="utf-8")
    code, comments = code_and_comments(text)
    for node in ast.walk(ast.parse(text)):
        compiled = isinstance(node, ast.FunctionDef) and any(
            "njit" in ast.unparse(decorator) for decorator in node.decorator_list)
        if compiled:
            lines = set(range(node.lineno + 1, node.end_lineno + 1))
            assert len(lines & code) <= 6 * len(lines & comments) + 6, node.name
    if "@njit" in text:
        assert len(code) <= 6 * len(comments)


# ---- the staircase -------------------------------------------------------------------------------

def test_the_readme_s_order_is_the_reading():
    section = README.partition("## Reading order")[2].partition("**The machine room**")[0]
    assert re.findall(r"^\d+\. `(\w+)\.py`", section, re.M) == READING


def test_the_reading_is_short():
    lines = sum(len((PACKAGE / f"{name}.py").read_text(encoding="utf-8").splitlines())
                for name in READING)
    assert lines <= 1500
    assert f"**The reading**, {lines:,} lines" in README


def test_the_one_idea_comes_early():
    """The ReLU's three passes and the way down stand within the first 700 lines."""
    seen = 0
    ends = {}
    for name in READING:
        text = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            defined = isinstance(node, ast.FunctionDef | ast.ClassDef)
            if defined and node.name in ("ReLU", "descend"):
                ends[node.name] = seen + node.end_lineno
        seen += len(text.splitlines())
    assert set(ends) == {"ReLU", "descend"} and max(ends.values()) <= 700


def test_the_formulas_are_not_lost_among_checks():
    """In functional.py at most 15 % of the lines of code check something."""
    text = (PACKAGE / "functional.py").read_text(encoding="utf-8")
    code, _ = code_and_comments(text)
    checking = set()
    for node in ast.walk(ast.parse(text)):
        simple = isinstance(node, ast.Assign | ast.Expr | ast.Return | ast.Raise | ast.Assert)
        if simple and ("checks." in ast.unparse(node) or isinstance(node, ast.Raise | ast.Assert)):
            checking |= set(range(node.lineno, node.end_lineno + 1))
    assert 0 < len(checking & code) <= 0.15 * len(code)


WAYS = """
import json, os, sys
os.environ["NUMBA_DISABLE_JIT"] = "1"
from numpyzf import kernels, models, training
from numpyzf.deconvnet import project
import numpy as np

root = os.path.dirname(kernels.__file__).removesuffix("kernels")

def way(work):
    "The (file, function) pairs that work goes through, but for lambdas and comprehensions."
    seen = set()
    def hook(frame, event, argument):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(root) and code.co_name[0] != "<":
            seen.add((code.co_filename.removeprefix(root), code.co_name))
    sys.setprofile(hook)
    try:
        work()
    finally:
        sys.setprofile(None)
    return len({file for file, _ in seen}), len(seen)

# As small as it can be and still go the lab net's ways: kernels are slow here. Its convolutions
# choose the same methods, and one image or two, 16 pixels or 28, take the same steps.
net = models.labnet(input_shape=(1, 16, 16), middle=(16, 16, 16), hidden=(8, 8))
net.initialize(np.random.default_rng(0))
x = np.random.default_rng(1).standard_normal((1, 1, 16, 16)).astype(np.float32)
trace = net.forward(x)
state = training.State(net, np.random.default_rng(0), 0.01)
print(json.dumps([
    way(lambda: net.forward(x, until="conv1")),
    way(lambda: project(net, trace, "conv2", (0, 0, 4, 4))),
    way(lambda: training.train_step(state, x, np.array([0]), 0.01, training.Recipe()))]))
"""


def test_the_ways_through_the_house_are_short():
    """Files and functions on the way of an image to conv1, of a projection, of a training step.

    These are the numbers that were counted: who makes a way longer notices it here.
    """
    done = subprocess.run([sys.executable, "-c", WAYS], env=os.environ, cwd=ROOT, text=True,
                          capture_output=True, check=True)
    up, down, step = json.loads(done.stdout)
    assert up[0] <= 7 and up[1] <= 14, up
    assert down[0] <= 8 and down[1] <= 27, down
    assert step[0] <= 14 and step[1] <= 89, step
