"""The data set fashion-mnist-small, embedded as two pictures: mosaics of 28×28 images that any viewer shows.

draw.py drew them from Fashion-MNIST, which is Copyright (c) 2017 Zalando SE, MIT license: see LICENSE-fashion-mnist.
"""
from pathlib import Path

import numpy as np
from PIL import Image

from ..fashion import CLASSES

ACROSS = 100        # images side by side in a mosaic; each class is a band of whole rows, classes from top to bottom


def read(split):
    """Read one split.

    split: "train", 10,000 images, or "test", 2,000; the classes take turns, so any first few images hold all of them.
    Returns images uint8 (N, 1, 28, 28), labels int64 (N,), classes.
    """
    with Image.open(Path(__file__).with_name(f"fashion-mnist-small-{split}.png")) as image:
        mosaic = np.asarray(image)
    tiles = mosaic.reshape(-1, 28, ACROSS, 28).swapaxes(1, 2)                   # (row, column, 28, 28)
    by_class = tiles.reshape(len(CLASSES), -1, 1, 28, 28)
    images = by_class.swapaxes(0, 1).reshape(-1, 1, 28, 28)                     # class 0, 1, … 9, 0, 1, …
    return images, np.tile(np.arange(len(CLASSES), dtype=np.int64), by_class.shape[1]), CLASSES
