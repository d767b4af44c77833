"""A net and images made so that it is known what Figure 6 must measure on them."""
import numpy as np

from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.paper.figure6.measure import measure
from numpyzf.runs import Run


def waves(periods, size=64, rows=0.0):
    """A map (size, size): so many periods per pixel along its columns, `rows` along its rows."""
    i, j = np.indices((size, size))
    return np.sin(2 * np.pi * (periods * j + rows * i) + 0.3)


def prepare(images):
    return images.astype(np.float32) - 100


def planted(stride=4):
    """Five filters of 3×3, and a layer above.

    A copy; the same, three times larger; one too weak to be more than noise; one that can't fire;
    one that is zero. conv2 has a map that copies the first one, and a map that copies the third.
    """
    net = Network([("conv1", Conv(1, 5, 3, stride=stride, pad=1)), ("relu1", ReLU()),
                   ("conv2", Conv(5, 2, 1)), ("flatten", Flatten()),
                   ("fc8", Linear(2 * (32 // stride) ** 2, 2))], (1, 32, 32))
    w = net.layers["conv1"].params["w"]
    w[:, 0, 1, 1] = 0.15, 0.45, 0.045, 1, 0     # RMS a third of it: 0.05, 0.15, 0.015, 1/3, 0
    net.layers["conv1"].params["b"][...] = 0, 0, 0, -1000, 0
    net.layers["conv2"].params["w"][:, :, 0, 0] = [[1, 0, 0, 0, 0], [0, 0, 2, 0, 0]]
    net.layers["fc8"].params["b"][...] = 1, 0   # all images are of class 0
    return Run(net, prepare, ())


def pictures(periods, count=6):
    return np.repeat((100 + 90 * waves(periods, 32)).round().astype(np.uint8)[None, None], count,
                     axis=0)


def measured(periods=3 / 16, stride=4, count=6, **options):
    labels = np.array([0, 1, 0] * (count // 3))
    return measure(planted(stride), pictures(periods, count), labels, **options)
