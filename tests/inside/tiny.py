"""A tiny net, and its page: the data and the pictures that it is made of."""
from base64 import b64encode
from io import BytesIO
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from numpyzf.data.preprocess import Preparation
from numpyzf.inside import build, write
from numpyzf.layers import ContrastNorm, Conv, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network
from numpyzf.runs import Run

SIDE = 16
CLASSES = ("cat", "<b>dog</b>", "öwl")


def tiny_net(seed=0):
    """Two convolutions and two fully connected layers, with biases; 16×16 pixels in color."""
    net = Network([("conv1", Conv(3, 5, 3, pad=1)), ("relu1", ReLU()),
                   ("pool1", MaxPool(3, stride=2, ceil=True)), ("norm1", ContrastNorm()),
                   ("conv2", Conv(5, 6, 3, stride=2, pad=1)), ("relu2", ReLU()),
                   ("flatten", Flatten()), ("fc3", Linear(96, 7)), ("relu3", ReLU()),
                   ("fc4", Linear(7, 3))], (3, SIDE, SIDE))
    rng = np.random.default_rng(seed)
    for name, value in net.parameters.items():
        value[...] = 0.4 * rng.standard_normal(value.shape)
    net.layers["conv2"].params["b"][3] = -100       # a unit that never fires
    return net


def tiny_run(seed=0):
    """A run of it, which takes the middle of images of 18×18 pixels."""
    prepare = Preparation(np.full((3, SIDE + 2, SIDE + 2), 120, np.float32), 60.0, SIDE, 0, False)
    return Run(tiny_net(seed), prepare, CLASSES, [], {})


def noise(count=30, side=SIDE + 2):
    """Images of colored squares, uint8 (count, 3, side, side)."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (count, 3, side // 2, side // 2), np.uint8)
    return coarse.repeat(2, axis=2).repeat(2, axis=3)


class Page(NamedTuple):
    """What a page was made of, and what it holds."""
    run: Run
    images: np.ndarray
    labels: np.ndarray
    earlier: Network        # of its "epoch 1"
    data: dict
    sheets: dict            # {id: bytes of a WebP file}

    def tile(self, view, unit, rank):
        """One tile, uint8 (C, h, w), of what a layer's data say of a view."""
        number, (h, w) = unit * view["depth"] + rank, view["tile"]
        sheet, place = divmod(number, view["per_sheet"])
        row, column = divmod(place, view["columns"])
        return self.pixels(view["sheets"][sheet])[:, row * h:(row + 1) * h,
                                                  column * w:(column + 1) * w]

    def shown_image(self, s):
        """Shown image s, uint8 (C, side, side)."""
        side = self.data["images"]["stored"]
        for sheet in self.data["images"]["sheets"]:
            if s < sheet["count"]:
                row, column = divmod(s, sheet["columns"])
                return self.pixels(sheet["id"])[:, row * side:(row + 1) * side,
                                                column * side:(column + 1) * side]
            s -= sheet["count"]

    def pixels(self, name):
        """A sheet's pixels, uint8 (3, height, width)."""
        return np.moveaxis(np.asarray(Image.open(BytesIO(self.sheets[name]))), -1, 0)


def make(path, run=None, images=None, *, labels=None, earlier=None, **options):
    """Make a page at `path`, and return a Page; what it writes is kept, whatever the frame is."""
    kept = {}

    def keep(path, data, sheets):
        kept["data"], kept["sheets"] = data, sheets
        content = write.as_json(data).encode() + b"".join(map(b64encode, sheets.values()))
        path.write_bytes(content)
        return len(content)

    run, images = run or tiny_run(), noise() if images is None else images
    options = {"title": "tiny", "source": "noise", "report": print, "progress": None} | options
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "write", keep)
        build.build(run, images, path, labels=labels,
                    epochs=[("epoch 1", earlier)] if earlier else [], **options)
    for layer in kept["data"]["layers"]:
        for view in layer["views"]:
            view["tile"] = layer["tile"]
    return Page(run, images, labels, earlier, kept["data"], kept["sheets"])
