"""The door of the machine room: which method is chosen, what all methods have, what is exported."""
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

from numpyzf import kernels
from numpyzf.geometry import Window

pytestmark = pytest.mark.small


@pytest.mark.parametrize("size, w_shape, stride, pad, method", [
    (28, (32, 1, 5, 5), 1, 2, "shift"),         # the first of a lab net
    (64, (32, 3, 7, 7), 2, 3, "shift"),         # the same in color
    (64, (64, 3, 5, 5), 1, 2, "shift"),         # the most filters that it takes of three channels
    (224, (96, 3, 7, 7), 2, 1, "unfold"),       # the first of zfnet: more
    (224, (96, 3, 11, 11), 4, 2, "winograd"),   # a stride's phases count as channels: 48
    (14, (48, 32, 5, 5), 1, 2, "winograd"),     # the second of a lab net
    (13, (384, 256, 3, 3), 1, 1, "winograd"),   # the third of zfnet
    (8, (4, 3, 1, 1), 1, 0, "unfold"),          # a single tap
    (96, (3, 64, 9, 9), 1, 4, "shift"),         # few filters
    (7, (10, 512, 7, 7), 1, 0, "unfold"),       # few filters, but one output
    (14, (15, 256, 3, 3), 1, 1, "unfold"),      # or short rows
    (17, (3, 64, 9, 9), 1, 4, "unfold"),        # less than twice as many outputs as columns
    (18, (3, 64, 9, 9), 1, 4, "shift"),
    (96, (64, 3, 9, 9), 1, 4, "unfold"),        # few channels, but too many rows of taps
    (32, (4, 32, 5, 5), 2, 0, "unfold"),        # few filters, with a stride
    (32, (4, 4, 5, 5), 2, 0, "unfold")])        # 16 channels, phases counted
def test_what_auto_stands_for(size, w_shape, stride, pad, method):
    window = Window(w_shape[2], stride, pad)
    assert kernels.choose("auto", 8, size, size, w_shape, window) == method


@pytest.mark.parametrize("method", kernels.METHODS)
def test_a_method_that_is_named_is_taken(method):
    assert kernels.choose(method, 1, 9, 9, (2, 1, 3, 3), Window(3, 1, 1)) == method


def test_winograd_refuses_filters_that_it_cannot_take():
    with pytest.raises(ValueError, match="2 to 7 taps per stride along each axis, not 8×8"):
        kernels.choose("winograd", 1, 9, 9, (2, 1, 8, 8), Window(8, 1, 0))
    assert kernels.choose("auto", 1, 9, 9, (16, 16, 8, 8), Window(8, 1, 0)) == "unfold"


def test_every_method_has_the_same_three_functions():
    assert list(kernels.METHODS) == ["direct", "unfold", "shift", "winograd"]
    signatures = {"conv_forward": "(x, w, b, window)",
                  "conv_backward": "(dy, x, w, window, need_dx)",
                  "conv_transpose": "(r, w, window, size)"}
    for module in kernels.METHODS.values():
        for name, signature in signatures.items():
            assert str(inspect.signature(getattr(module, name))) == signature


def test_every_kernel_releases_the_lock_and_is_called_through_run():
    """All compiled functions at the door but naive_forward end with a share: start, stop."""
    found = {name for name in kernels.__all__ if isinstance(getattr(kernels, name), Dispatcher)}
    for name in found:
        kernel = getattr(kernels, name)
        assert kernel.targetoptions["nogil"] and not kernel.targetoptions.get("parallel")
        if name != "naive_forward":
            assert list(inspect.signature(kernel.py_func).parameters)[-2:] == ["start", "stop"]
    if not os.environ.get("NUMBA_DISABLE_JIT"):
        assert len(found) == 17


def test_numba_is_imported_in_the_machine_room_only():
    package = Path(kernels.__file__).parent.parent
    for path in package.rglob("*.py"):
        if "numba" in path.read_text(encoding="utf8"):
            lines = path.read_text(encoding="utf8").splitlines()
            imports = [line for line in lines if line.split()[:1] in (["import"], ["from"])]
            assert path.parent.name == "kernels" or not any("numba" in line for line in imports)


def test_the_first_compilation_is_announced_and_counted(tmp_path):
    """Into an empty cache; the next process loads from it and says nothing."""
    program = """if True:
        import numpy as np
        from numpyzf import kernels
        x = np.ones(5, np.float32)
        kernels.run(kernels.triad, 5, x, x, np.float32(2), x)
        kernels.run(kernels.triad, 5, x, x, np.float32(2), x)
        count, seconds = kernels.compile_report()
        print(count, seconds > 0)"""
    environment = dict(os.environ, NUMBA_CACHE_DIR=str(tmp_path), NUMBA_DISABLE_JIT="0")
    for count, lines in ((1, 1), (0, 0)):
        done = subprocess.run([sys.executable, "-c", program], env=environment, timeout=60,
                              capture_output=True, text=True, check=True)
        assert done.stdout == f"{count} {count > 0}\n"
        assert done.stderr.count("compiling kernels for this machine") == lines
