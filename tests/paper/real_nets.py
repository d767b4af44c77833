"""Tiny networks as ONNX files, and a folder of pictures of three classes."""
from pathlib import Path

import numpy as np
from PIL import Image

from numpyzf.exchange.write import write_onnx
from numpyzf.general.layers import Concat, GlobalAveragePool
from numpyzf.layers import Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network

SIDE = 32


def branched():
    """Two modules of two convolutions side by side, below five classes; random weights."""
    layers = [("conv1", Conv(3, 6, 3, pad=1)), ("relu1", ReLU()), ("pool1", MaxPool(2, stride=2)),
              *module("two", "pool1", 6), ("pool2", MaxPool(2, stride=2)),
              *module("three", "pool2", 12), ("conv4", Conv(12, 5, 1)), ("relu4", ReLU()),
              ("pool4", GlobalAveragePool()), ("flatten", Flatten())]
    return Network(layers, (3, SIDE, SIDE)).initialize(np.random.default_rng(0))


def module(name, below, channels):
    """Convolutions of 1×1 and of 3×3, whose maps come together in `name`: 12 maps."""
    return [(f"{name}.a", Conv(channels, 6, 1), below), (f"{name}.relu_a", ReLU()),
            (f"{name}.b", Conv(channels, 6, 3, pad=1), below), (f"{name}.relu_b", ReLU()),
            (name, Concat(), (f"{name}.relu_a", f"{name}.relu_b"))]


def connected():
    """Two convolutions below two fully connected layers and five classes; random weights."""
    layers = [("conv1", Conv(3, 6, 3, pad=1)), ("relu1", ReLU()), ("pool1", MaxPool(4, stride=4)),
              ("conv2", Conv(6, 8, 3, pad=1)), ("relu2", ReLU()), ("pool2", MaxPool(2, stride=2)),
              ("flatten", Flatten()), ("fc3", Linear(128, 12)), ("relu3", ReLU()),
              ("drop3", Dropout(0.5)), ("fc4", Linear(12, 10)), ("relu4", ReLU()),
              ("fc5", Linear(10, 5))]
    return Network(layers, (3, SIDE, SIDE)).initialize(np.random.default_rng(0))


def write_model(folder, net=None, name="tiny"):
    """The file of a net, the branched one if none is given, in a folder."""
    path = Path(folder, f"{name}.onnx")
    write_onnx(net or branched(), path)
    return path


def write_photographs(folder, counts=(20, 20, 20), side=SIDE + 8):
    """A folder of noise whose classes differ in color; counts: how many of each class."""
    folder, rng = Path(folder, "photos"), np.random.default_rng(0)
    for label, count in enumerate(counts):
        (folder / "abc"[label]).mkdir(parents=True)
        for i in range(count):
            pixels = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
            pixels[:, :, label] //= 4
            Image.fromarray(pixels).save(folder / "abc"[label] / f"{i:02}.png")
    return folder
