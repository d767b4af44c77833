"""Nets so small that every projection is known, and two images: for all tests of the limits."""
import numpy as np

from numpyzf.data.preprocess import center_crop
from numpyzf.layers import Conv, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network
from numpyzf.paper.limits import measure
from numpyzf.runs import Run

# For the net, less 100: 5 1 2 −3 and 3 30 −2 −1.
IMAGES = np.array([[[[105, 101], [102, 97]]], [[[103, 130], [98, 99]]]], np.uint8)
LABELS = np.array([0, 0])
MASKS = np.array([[[1, 0], [0, 0]], [[0, 1], [0, 1]]], bool)


def prepare(images):
    """The middle 2×2, from bytes 0 … 255 to −100 … 155."""
    return np.ascontiguousarray(center_crop(images, 2, 2), np.float32) - 100


def linear(rows=((1, 2, 3, 4), (1, 3, 2, 4), (4, 3, 2, 1))):
    """conv5 copies the 2×2 pixels, and a class score is a weighted sum of them.

    Its gradient is the weights, whatever the image.
    """
    net = Network([("conv5", Conv(1, 1, 1)), ("flatten", Flatten()), ("fc8", Linear(4, 3))],
                  (1, 2, 2))
    net.layers["conv5"].params["w"][...] = 1
    net.layers["fc8"].params["w"][...] = rows
    return net


def rectified():
    """Three maps of 2×2 pixels: x, −x and x − 1000, which is never on.

    They are pooled to their maxima, of which class 0 takes 2, −4 and 3.
    """
    net = Network([("conv5", Conv(1, 3, 1)), ("relu5", ReLU()), ("pool5", MaxPool(2, stride=2)),
                   ("flatten", Flatten()), ("fc8", Linear(3, 4))], (1, 2, 2))
    net.layers["conv5"].params["w"][:, 0, 0, 0] = 1, -1, 1
    net.layers["conv5"].params["b"][2] = -1000
    net.layers["fc8"].params["w"][...] = [[2, -4, 3], [1, 2, 3], [3, -2, 1], [-1, 1, 4]]
    return net


def measured(net, images=IMAGES, labels=LABELS, masks=MASKS, seed=0):
    """The Limits of a net."""
    return measure.measure(Run(net, prepare, ()), images, labels, masks,
                           np.random.default_rng(seed))
