"""Draw the embedded data set from Fashion-MNIST.

Run: python -m numpyzf.data.embedded.draw

Source: the Debian package dataset-fashion-mnist, whose files have the digests of the original's.
Each class gives the same number of images, picked at random, from each of the two splits.
"""
from pathlib import Path

import numpy as np
from PIL import Image

from ...files import replacing
from .. import fashion
from . import ACROSS

PER_CLASS = {"train": 1000, "test": 200}
SEED = 2013


def pick(labels, count):
    """Pick images of each class in random order.

    labels: (N,), integers 0 … 9.
    count: images of each class.
    Returns indices (10, count).
    """
    # Only a bit generator's raw numbers are promised to be the same in every version of NumPy.
    order = np.argsort(np.random.PCG64(SEED).random_raw(len(labels)), kind="stable")
    return np.stack([order[labels[order] == c][:count] for c in range(len(fashion.CLASSES))])


def draw(split, folder):
    """Draw the mosaic of one split from the full data set.

    split: "train" or "test".
    folder: a Path, where the file goes.
    Returns the file's Path.
    """
    images, labels, _ = fashion.read(split)
    picked = images[pick(labels, PER_CLASS[split])]
    # (classes, images of each, 1, 28, 28) -> (rows, 28, ACROSS, 28) -> (rows·28, ACROSS·28)
    mosaic = picked.reshape(-1, ACROSS, 28, 28).swapaxes(1, 2).reshape(-1, ACROSS * 28)
    path = folder / f"fashion-mnist-small-{split}.png"
    with replacing(path) as file:
        Image.fromarray(mosaic).save(file, "PNG", optimize=True)
    return path


if __name__ == "__main__":
    for name in PER_CLASS:
        print(draw(name, Path(__file__).parent))
