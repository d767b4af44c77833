"""Photographs and a real network: what the items' real parts take.

A real network is one that others have trained, on other images than these. So there is one of it,
and a seed here draws which photographs are used. Where a network has no layer of the paper's names,
`stages` and `last_hidden` say which of its layers take their places.
"""
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from .. import checks, functional, texts
from ..data import Dataset
from ..data.folder import read_sample
from ..data.preprocess import Prepared
from ..exchange.model import COME_ALONG, open_net
from ..general.layers import Add, ClippedReLU, Concat, LeakyReLU
from ..layers import Linear, ReLU
from ..tour.usual import passages
from .claims import NotTestable

MOST, QUICK_MOST = 4000, 60     # photographs that are read; of a larger folder a sample
MOST_STAGES = 10
BATCH = 16                      # images at a time, whose maps are held in memory


class Photographs:
    """A folder of photographs, one sub-folder per class, and a net that takes them.

    folder: its path.
    net: see exchange.model.open_net; without it SqueezeNet, which comes with numpyzf.
    quick: read few.
    Raises FileNotFoundError or ValueError for a folder or a net that isn't there or can't be read.
    """

    def __init__(self, folder, net=None, *, quick=False):
        self.folder, self._net = checks.path("photos", folder), net
        self.quick, self.seeds = quick, (0, 1) if quick else (0, 1, 2)
        if not self.folder.is_dir():
            raise FileNotFoundError(f"{self.folder}: no such folder; give one with one sub-folder "
                                    "of photographs per class")
        self.run, name = open_net(net or "squeezenet")
        self.net_name = texts.short(name) if net else "SqueezeNet"
        if self.run.net.input_shape[0] != 3:
            raise ValueError(f"{self.net_name} takes gray images; photographs are read in color")
        self.name = f"{texts.short(self.folder.resolve().name)}, {self.net_name}"

    def settings(self):
        """What a study of these photographs is known by."""
        net = self._net
        if net and net not in COME_ALONG:
            net = str(Path(net).resolve())
        return {"photos": str(self.folder.resolve()), "net": net}

    def read(self):
        """The photographs as the net takes them, a data.Dataset, and how many the folder has."""
        *found, total = read_sample(self.folder, self.run.prepare.mean.shape[1],
                                    QUICK_MOST if self.quick else MOST)
        return Dataset(*found), total

    @cached_property
    def _read_once(self):
        return self.read()

    @property
    def data(self):
        """The photographs, read once; see `read`."""
        return self._read_once[0]

    @property
    def count(self):
        """How many there are, in words: "3,781 photographs"."""
        data, total = self._read_once
        of = f" of {total:,}" if total > len(data.labels) else ""
        return f"{len(data.labels):,}{of} photographs"


# ---- which layers -------------------------------------------------------------------------------

def stages(net):
    """Layers that stand for the paper's layers 1, 2, 3 …: names, from the pixels up.

    They are maps that all above them is made of. Where a net has branches they are the first
    rectified convolution and what comes together in a Concat or an Add, or the ReLU behind that;
    else all rectified convolutions. Of more than MOST_STAGES as many are taken, evenly.
    """
    rectified, joined = [], []
    for name in passages(net):
        layer, before = net.layers[name], net.layers.get(net.inputs[name][0])
        if len(net.shapes[name]) != 3:
            continue
        if isinstance(layer, ReLU | LeakyReLU | ClippedReLU):
            rectified.append(name)
            if joined and net.inputs[name] == (joined[-1],) and isinstance(before, Concat | Add):
                joined[-1] = name
        elif isinstance(layer, Concat | Add):
            joined.append(name)
    found = rectified[:1] + joined if joined else rectified
    places = np.linspace(0, len(found) - 1, min(len(found), MOST_STAGES)).round().astype(int)
    return [found[i] for i in places]


def classifier(net):
    """The name of the last layer with weights: the classes' own."""
    return [name for name, layer in net.layers.items() if "w" in layer.params][-1]


def last_hidden(net):
    """The name of the layer that the net's own classifier reads."""
    return _made_by(net, net.inputs[classifier(net)][0])


def first_hidden(net):
    """The name of the layer that the second convolution reads: filtered, rectified, pooled."""
    if len(net.convolutions) < 2:
        raise NotTestable("it takes a net with two convolutions at least")
    return net.inputs[net.convolutions[1]][0]


def _made_by(net, name):
    """The layer before those that change no number in a test: dropout, flattening."""
    while type(net.layers.get(name)).__name__ in ("Dropout", "Flatten"):
        (name,) = net.inputs[name]
    return name


def fully_connected(net):
    """The names of the fully connected layers."""
    return [name for name, layer in net.layers.items() if isinstance(layer, Linear)]


# ---- features and answers -----------------------------------------------------------------------

def features(run, images, layers, cells=1):
    """The outputs of some layers, a row for each image; of maps, their means over parts of them.

    run: a runs.Run.
    images: uint8 (N, C, H, W).
    layers: names.
    cells: maps are divided into cells × cells parts, and each gives its mean: 1 is the mean over
    all places, as a net's own global average pool takes it.
    Returns {layer: float32 (N, values)}. Memory doesn't grow with the maps' size.
    """
    parts = {name: [] for name in layers}
    for start in range(0, len(images), BATCH):
        inputs = Prepared(images[start:start + BATCH], run.prepare)
        for name, y in run.net.outputs(inputs, layers, batch=BATCH).items():
            parts[name].append(in_cells(y, cells) if y.ndim == 4 else y)
    return {name: np.concatenate(rows) for name, rows in parts.items()}


def in_cells(y, cells):
    """The means of maps (N, C, H, W) over cells × cells parts, or fewer of smaller maps: (N, …)."""
    rows, columns = [np.array_split(np.arange(n), min(cells, n)) for n in y.shape[2:]]
    means = [y[:, :, r[0]:r[-1] + 1, c[0]:c[-1] + 1].mean(axis=(2, 3)) for r in rows
             for c in columns]
    return np.concatenate(means, axis=1)


class Answers(NamedTuple):
    """A net's own answers."""
    labels: np.ndarray          # (N,), the class that it finds most probable
    probabilities: np.ndarray   # (N,), that class's probability


def answers(run, images):
    """The net's own Answers to images uint8 (N, C, H, W): their classes aren't those it knows."""
    scores = run.net.predict(Prepared(images, run.prepare), batch=BATCH)
    return Answers(scores.argmax(axis=1), functional.softmax(scores).max(axis=1))


def evenly(data, most):
    """`most` photographs of a data.Dataset at most, as many of each class, evenly from all."""
    each = max(1, most // len(data.classes))
    rows = [np.flatnonzero(data.labels == c) for c in np.unique(data.labels)]
    rows = [own[np.linspace(0, len(own) - 1, min(each, len(own))).astype(int)] for own in rows]
    rows = np.sort(np.concatenate(rows))
    return Dataset(data.images[rows], data.labels[rows], data.classes)


def smaller(images, side):
    """Square images uint8 (N, 3, H, H) as (N, 3, side, side); not larger than they are."""
    side = min(side, images.shape[2])
    tiles = [Image.fromarray(image.transpose(1, 2, 0)).resize((side, side), Image.Resampling.BOX)
             for image in images]
    pixels = np.stack([np.asarray(tile) for tile in tiles])                 # (N, side, side, 3)
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


def draw_rows(labels, each, rng):
    """The rows of `each` images of every class, or all of a class that has fewer, at random.

    Returns integers in random order.
    """
    order = rng.permutation(len(labels))
    rows = [order[labels[order] == c][:each] for c in np.unique(labels)]
    return rng.permutation(np.concatenate(rows))
