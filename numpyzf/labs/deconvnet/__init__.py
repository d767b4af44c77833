"""The deconvnet: what made a unit fire.

One activation goes down to the pixels, by the switches and the transposed filters. Deconvnet,
gradient and guided backpropagation are the same way down, but for one line at the ReLU.
"""
from ..tasks import About

ABOUT = About(section="2.1", minutes=120,
              needs="what a convolution, a ReLU and a max pool do; what switches are", lesson=4)
