"""Convolution: a dot product that moves.

A filter looks at a small window, everywhere the same. Written as loops, as one matrix product, and
backwards: the transposed filtering, which both the gradient and the deconvnet need.
"""
from ..tasks import About

ABOUT = About(section="2", minutes=120, needs="NumPy's indexing; what a dot product is", lesson=1)
