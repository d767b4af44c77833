"""A net that looks at known places only, and results of Figure 7 that are flat."""
import numpy as np

from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.paper.figure7.measure import Figure7, measure
from numpyzf.runs import Run

MAP, ANSWER = (12, 4), (2, 15)      # first row and column of the two patches of 4×4 that matter
CLASSES = ["fruit", "leaf"]


def patch(place):
    """The slices of a patch of 4×4 pixels."""
    row, column = place
    return slice(row, row + 4), slice(column, column + 4)


def prepare(images):
    return images.astype(np.float32) / 100


def image():
    """Red at MAP, green at ANSWER, a little blue everywhere."""
    x = np.zeros((3, 20, 24), np.uint8)
    x[0][patch(MAP)] = 100
    x[1][patch(ANSWER)] = 50
    x[2] = 1
    return x


def planted():
    """Map 0 is green, map 1 red, map 2 blue.

    Class 0 is half the sum of the green patch, 16 · 0.5 / 2 = 4, class 1 always 2.
    """
    net = Network([("conv1", Conv(3, 3, 1)), ("relu1", ReLU()), ("flatten", Flatten()),
                   ("fc", Linear(3 * 20 * 24, 2))], (3, 20, 24))
    net.parameters["conv1.w"][:, :, 0, 0] = np.eye(3)[[1, 0, 2]]
    net.parameters["fc.w"].reshape(2, 3, 20, 24)[0, 0][patch(ANSWER)] = 0.5
    net.parameters["fc.b"][:] = 0, 2
    return Run(net, prepare, ())


def found(step=1):
    return measure(planted(), image(), 0, layer="relu1", size=4, step=step)


def blank(rows=5, columns=5, size=2, probability=0.5, sums=1.0, label=0):
    """The result of an image of 6×6 pixels whose maps are flat."""
    return Figure7(np.zeros((1, 6, 6), np.uint8), label, "relu5", channel=3, size=size,
                   tops=np.arange(rows), lefts=np.arange(columns),
                   sums=np.full((rows, columns), sums),
                   probability=np.full((rows, columns), probability),
                   answers=np.zeros((rows, columns), int), whole_sum=1.0, whole_probability=0.9,
                   projection=np.ones((1, 6, 6)))
