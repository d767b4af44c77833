"""The image-transformation networks: pictures in, pictures out, values 0 … 1."""
import numpy as np

from .. import checks
from ..general.layers import Add
from ..layers import Conv, ReLU
from ..network import Network
from .layers import (BatchNorm, BicubicEnlarge, ConvTranspose, CroppedAdd, Enlarge, InstanceNorm,
                     PixelShuffle, ReflectPad, ScaledTanh, Smooth)

NORMS = {"batch": BatchNorm, "instance": InstanceNorm}


def at_size(net, shape):
    """The same layers, with the same parameters, for another input shape (C, H, W).

    net: a network.Network. What is trained in the one is trained in the other.
    """
    return Network([(name, layer, net.inputs[name]) for name, layer in net.layers.items()], shape)


def small_superres(scale, *, channels=3, maps=32, blocks=3, shape=(24, 24)):
    """A super-resolution network that suits a CPU: it works at low resolution and enlarges last.

    Bicubic enlargement, plus what convolutions add to it: maps@5×5, blocks of two 3×3 convolutions
    with their input added (no ReLU behind the sum, no normalization), channels·scale²@3×3, whose
    maps become pixels by sub-pixel rearrangement, and a smoothing that leaves no grid of them. The
    paper's network does its last work enlarged, on 16 times the pixels.

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
               ("smooth", Smooth(scale)),
               ("bicubic", BicubicEnlarge(scale), "input"),
               ("output", Add(), ("smooth", "bicubic"))]
    return Network(layers, (channels, *shape))


def start_bicubic(net, rng):
    """Draw a small_superres network's filters as `start` does, but for the last: they are zero.

    So it begins as bicubic enlargement, without a grid, and learns what is missing from it.
    rng: numpy.random.Generator. Returns net.
    """
    start(net, rng).layers["pixels"].params["w"][...] = 0
    return net


# ---- the paper's, and a small one for style -----------------------------------------------------

def paper_superres(scale, shape=(3, 72, 72)):
    """The paper's super-resolution network, as its supplement has it.

    64@9×9, 4 blocks of 64, for each factor of two 64@3×3 of stride 1/2, C@9×9, tanh. All is padded
    with zeros to keep its size. A block is conv, norm, ReLU, conv, norm, plus what it takes, with
    no ReLU behind the sum; every other convolution but the last has a normalization and a ReLU.

    scale: 4 or 8; any power of two.
    shape: (C, H, W) of the small pictures. The paper's have 72×72 pixels (×4) or 36×36 (×8).

    The weights are zero until `start`.

    >>> paper_superres(8, (3, 36, 36)).shapes["output"]
    (3, 288, 288)
    """
    if checks.integer("scale", scale, 2) & (scale - 1):
        raise ValueError(f"scale must be a power of two, as each layer doubles, not {scale}")
    layers = stage("conv1", Conv(shape[0], 64, 9, pad=4), "batch")
    for number in range(1, 5):
        layers += block(f"block{number}", layers[-1][0], 64, "batch", pad=1)
    for number in range(1, scale.bit_length()):
        layers += stage(f"up{number}", doubling(64, 64), "batch")
    return Network([*layers, *picture(64, shape[0])], shape)


def paper_style(shape=(3, 256, 256), maps=32, norm="batch"):
    """The paper's style-transfer network: 40 pixels of a mirror, which its unpadded blocks eat up.

    maps@9×9, 2·maps@3×3/2, 4·maps@3×3/2, 5 blocks of 4·maps, 2·maps@3×3 and maps@3×3 of stride 1/2,
    C@9×9, tanh; normalization as in `paper_superres`. A block's two 3×3 filters take 4 pixels off
    each side of the maps together, so what it adds to is cropped.

    shape: (C, H, W) of the pictures, more than 40 pixels a side. A side that is no multiple of 4
    comes out as the next one.
    maps: of the first layer. The authors' code has 16.
    norm: "batch", as in the paper, or "instance", as in their code.

    The weights are zero until `start`.

    >>> net = paper_style()
    >>> [net.shapes[name][1] for name in ("mirror", "conv3", "block5", "up2", "output")]
    [336, 84, 64, 256, 256]
    """
    checks.one_of("norm", norm, NORMS)
    layers = [("mirror", ReflectPad(40)), *stage("conv1", Conv(shape[0], maps, 9, pad=4), norm),
              *stage("conv2", Conv(maps, 2 * maps, 3, stride=2, pad=1), norm),
              *stage("conv3", Conv(2 * maps, 4 * maps, 3, stride=2, pad=1), norm)]
    for number in range(1, 6):
        layers += block(f"block{number}", layers[-1][0], 4 * maps, norm, pad=0)
    layers += [*stage("up1", doubling(4 * maps, 2 * maps), norm),
               *stage("up2", doubling(2 * maps, maps), norm)]
    return Network([*layers, *picture(maps, shape[0])], shape)


def small_style(shape=(3, 256, 256), maps=8):
    """A network for one style that suits a CPU, and draws neither grid nor frame.

    `paper_style` with a quarter of its maps, instance normalization, a mirror ahead of each
    convolution in place of zeros and of the wide one, and in place of stride 1/2 every pixel four
    times, smoothed, then a convolution of stride 1. Without the smoothing a grid remains, of 4
    pixels: what a square of four equal pixels becomes still depends on where in it a pixel lies.
    A picture of one color alone has nothing to normalize by, so its rounding becomes a pattern.

    shape: (C, H, W) of the pictures, 5 pixels a side or more. A side that is no multiple of 4 comes
    out as the next one.
    maps: of the first layer.

    The weights are zero until `start`.
    """
    def mirrored(name, channels, filters, size, stride=1):
        conv = stage(name, Conv(channels, filters, size, stride=stride), "instance")
        return [(f"{name}_mirror", ReflectPad(size // 2)), *conv]

    layers = [*mirrored("conv1", shape[0], maps, 9), *mirrored("conv2", maps, 2 * maps, 3, 2),
              *mirrored("conv3", 2 * maps, 4 * maps, 3, 2)]
    for number in range(1, 6):
        layers += block(f"block{number}", layers[-1][0], 4 * maps, "instance", mirror=1)
    layers += [("enlarge1", Enlarge(2)), ("smooth1", Smooth(2)),
               *mirrored("up1", 4 * maps, 2 * maps, 3),
               ("enlarge2", Enlarge(2)), ("smooth2", Smooth(2)),
               *mirrored("up2", 2 * maps, maps, 3)]
    return Network([*layers, ("mirror", ReflectPad(4)), *picture(maps, shape[0], pad=0)], shape)


def stage(name, filters, norm):
    """A layer of filters, its normalization and a ReLU."""
    return [(name, filters), (f"{name}_norm", NORMS[norm](filters.params["b"].size)),
            (f"{name}_relu", ReLU())]


def block(name, below, maps, norm, *, pad=0, mirror=0):
    """A residual block behind the layer `below`; its output, `name`, is its sum with that layer's.

    pad, mirror: rows and columns of zeros, or of a mirror image, ahead of each 3×3 convolution.
    With neither the maps get smaller by 4, and what is added to them is cropped.
    """
    def filters(number):
        around = [(f"{name}.mirror{number}", ReflectPad(mirror))] if mirror else []
        return [*around, (f"{name}.conv{number}", Conv(maps, maps, 3, pad=pad)),
                (f"{name}.norm{number}", NORMS[norm](maps))]

    add = Add() if pad or mirror else CroppedAdd()
    return [*filters(1), (f"{name}.relu", ReLU()), *filters(2),
            (name, add, (below, f"{name}.norm2"))]


def doubling(channels, filters):
    """The convolution of stride 1/2: maps come out twice as large."""
    return ConvTranspose(channels, filters, 3, stride=2, pad=1, extra=1)


def picture(maps, channels, pad=4):
    """The last layers: a picture of values 0 … 1."""
    return [("pixels", Conv(maps, channels, 9, pad=pad)), ("output", ScaledTanh())]


def start(net, rng):
    """Draw a network's filters (He et al. 2015), also of its first layer; biases are zero.

    A Gaussian of variance 2 / a unit's inputs; normalizations begin at scale 1 and shift 0.
    rng: numpy.random.Generator. Returns net.
    """
    for layer in net.layers.values():
        if "w" in layer.params:
            w = layer.params["w"]
            inputs = w[0].size
            if isinstance(layer, ConvTranspose):
                # of its taps, each output has one in stride² of every map that comes in
                inputs = w[:, 0].size / layer.frame.stride ** 2
            w[...] = checks.generator("rng", rng).standard_normal(w.shape, np.float32)
            w *= w.dtype.type(np.sqrt(2 / inputs))
            layer.params["b"][...] = 0
    return net
