"""Inputs for checks: whole numbers where they can be, since a student reads them."""
import numpy as np


def distinct(rng, shape, start=1):
    """Whole numbers from `start` on, each once, in random order: float32 of this shape."""
    numbers = np.arange(start, start + np.prod(shape, dtype=int))
    return rng.permutation(numbers).reshape(shape).astype(np.float32)


def signed(rng, shape, start=1):
    """As `distinct`, and of both signs: who takes all values for positive shows.

    The first number is positive and the second negative, so that there are both.
    """
    y = distinct(rng, shape, start) * rng.choice(np.float32([-1, 1]), shape)
    first = y.reshape(-1)[:2]
    np.abs(first, out=first)
    first[1:] *= -1
    return y


def normal(rng, shape, dtype=np.float32):
    """Random numbers of deviation 1."""
    return rng.standard_normal(shape).astype(dtype)
