"""Training: first weights, momentum, the rate, renormalization, dropout.

What the paper's section 3 says in a page, in functions of a few lines; and why a net may sit at
chance for hours although every line of them is right.
"""
from ..tasks import About

ABOUT = About(section="3", minutes=120, needs="what a gradient and a mini-batch are; the softmax "
              "loss; mean and deviation", lesson=5)
