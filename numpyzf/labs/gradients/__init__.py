"""Gradients, and how to know that they are right.

The way down through a convolution, a ReLU, a matrix and the loss; and central differences, a judge
who doesn't look at the code.
"""
from ..tasks import About

ABOUT = About(section="2", minutes=120, needs="derivatives, the chain rule; what a convolution is",
              lesson=2)
