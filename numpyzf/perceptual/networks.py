"""The image-transformation networks: pictures in, pictures out, values 0 … 1."""
import numpy as np

from .. import checks
from ..general.layers import Add
from ..layers import Conv, ReLU
from ..network import Network
from .layers import BicubicEnlarge, PixelShuffle


def at_size(net, shape):
    """The same layers, with the same parameters, for another input shape (C, H, W).

    net: a network.Network. What is trained in the one is trained in the other.
    """
    return Network([(name, layer, net.inputs[name]) for name, layer in net.layers.items()], shape)


def small_superres(scale, *, channels=3, maps=32, blocks=3, shape=(24, 24)):
    """A super-resolution network that suits a CPU: it works at low resolution and enlarges last.

    Bicubic enlargement, plus what convolutions add to it: maps@5×5, blocks of two 3×3 convolutions
    with their input added (no ReLU behind the sum, no normalization), channels·scale²@3×3, whose
    maps become pixels by sub-pixel rearrangement. The paper's network does its work enlarged, on
    16 times the pixels.

    scale: how many times larger pictures become on each side.
    channels: 3 for RGB, 1 for gray.
    maps: of each convolution but the last.
    blocks: how many.
    shape: (H, W) of the pictures that it takes, see `at_size` for others.
    """
    layers = [("conv1", Conv(channels, maps, 5, pad=2)), ("relu1", ReLU())]
    below = "relu1"
    for number in range(2, 2 + checks.integer("blocks", blocks, 1)):
        layers += [(f"conv{number}a", Conv(maps, maps, 3, pad=1), below),
                   (f"relu{number}", ReLU()),
                   (f"conv{number}b", Conv(maps, maps, 3, pad=1)),
                   (f"sum{number}", Add(), (below, f"conv{number}b"))]
        below = f"sum{number}"
    layers += [("pixels", Conv(maps, channels * scale ** 2, 3, pad=1), below),
               ("shuffle", PixelShuffle(scale)),
               ("bicubic", BicubicEnlarge(scale), "input"),
               ("output", Add(), ("shuffle", "bicubic"))]
    return Network(layers, (channels, *shape))


def start_bicubic(net, rng):
    """Draw a small_superres network's weights (He et al. 2015); the last ones are zero.

    So it begins as bicubic enlargement, without a grid, and learns what is missing from it.
    rng: numpy.random.Generator. Returns net.
    """
    for name, value in net.parameters.items():
        if name.endswith(".b") or name == "pixels.w":
            value[...] = 0
        else:
            deviation = np.sqrt(2 / value[0].size)
            value[...] = rng.standard_normal(value.shape, np.float32) * deviation
    return net
