"""Pooling, switches, and what overlap does.

Max pooling throws away where a value was; the switches keep it. Unpooling by the switches is the
way down of the deconvnet, and the gradient too.
"""
from ..tasks import About

ABOUT = About(section="2.1", minutes=90, needs="NumPy's indexing; what a convolution is", lesson=3)
