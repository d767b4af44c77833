"""Every argument check and its message, written once."""
from numbers import Integral

import numpy as np


def integer(name, value, least=None, most=None):
    """`value` as Python's int; bools, floats and strings are refused.

    Raises TypeError or ValueError naming `name`.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if most is not None and not least <= value <= most:
        raise ValueError(f"{name} must lie between {least} and {most}, not {value}")
    if least is not None and value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")
    return int(value)


def generator(name, rng):
    """`rng` itself; TypeError unless it is a numpy.random.Generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"{name} must be a numpy.random.Generator, such as "
                        f"numpy.random.default_rng(0), not {rng!r}")
    return rng
