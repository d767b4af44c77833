"""What a student's file may change outside of itself: NumPy's and the library's names and states.

The grader compares with what it kept, and puts everything back.
"""
import builtins
import operator
import os

import numpy as np

from .. import deconvnet, functional, geometry, reference, training

MODULES = (np, np.linalg, np.random, np.lib.stride_tricks, functional, reference, geometry,
           deconvnet, training)
BUILTINS = vars(builtins)


def keep():
    """What `put_back` needs: the names of the modules, and NumPy's settings, as they are now."""
    return ([dict(vars(module)) for module in MODULES], np.geterr(), np.get_printoptions(),
            np.random.get_state(legacy=False), os.getpid(), dict(BUILTINS))


def put_back(kept):
    """Put everything back.

    kept: from `keep`.
    Returns what had been changed, a list of names such as "np.dot" or "np.seterr".
    """
    names, errors, printing, random, process, own = kept
    # first, as what comes below uses them
    changed = [name for name, value in own.items() if BUILTINS.get(name) is not value]
    BUILTINS.update(own)
    if os.getpid() != process:          # a copy, made by os.fork in a student's function
        os._exit(1)
    for module, before in zip(MODULES, names):
        now = vars(module)
        if len(now) == len(before) and all(map(operator.is_, now.values(), before.values())):
            continue                    # nearly always, and quick
        for name, value in before.items():
            if name not in now or now[name] is not value:
                changed.append(f"{module.__name__}.{name}".replace("numpy.", "np.", 1))
                setattr(module, name, value)
        names[MODULES.index(module)] = dict(now)    # NumPy loads some parts when first used
    if np.geterr() != errors:
        changed.append("np.seterr")
        np.seterr(**errors)
    if np.get_printoptions() != printing:
        changed.append("np.set_printoptions")
        np.set_printoptions(**printing)
    if not _same_state(np.random.get_state(legacy=False), random):
        changed.append("np.random's own generator")
        np.random.set_state(random)
    return changed


def _same_state(a, b):
    same_place = (a["state"]["pos"], a["has_gauss"]) == (b["state"]["pos"], b["has_gauss"])
    return same_place and np.array_equal(a["state"]["key"], b["state"]["key"])
