"""The data set fashion-mnist-small, embedded as two pictures that any viewer shows.

Each is a mosaic of 28×28 images, which draw.py drew from Fashion-MNIST. Fashion-MNIST is Copyright
(c) 2017 Zalando SE, MIT license: see LICENSE-fashion-mnist.
"""
from pathlib import Path

import numpy as np

from ..fashion import CLASSES
from ..image import load_image

ACROSS = 100    # images side by side; each class is a band of whole rows, class 0 at the top


def read(split):
    """Read one split.

    split: "train", 10,000 images, or "test", 2,000. The classes take turns, so that any ten images
    in a row are of ten classes.
    Returns images uint8 (N, 1, 28, 28), labels int64 (N,), classes.
    Raises ValueError naming the file if it is damaged.
    """
    path = Path(__file__).with_name(f"fashion-mnist-small-{split}.png")
    mosaic = load_image(path, channels=1)[0]
    # (rows·28, ACROSS·28) -> (rows, ACROSS, 28, 28)
    tiles = mosaic.reshape(-1, 28, ACROSS, 28).swapaxes(1, 2)
    # -> (classes, images of each, 1, 28, 28)
    by_class = tiles.reshape(len(CLASSES), -1, 1, 28, 28)
    # -> (N, 1, 28, 28), of class 0, 1, … 9, 0, 1, …
    images = by_class.swapaxes(0, 1).reshape(-1, 1, 28, 28)
    labels = np.tile(np.arange(len(CLASSES), dtype=np.int64), by_class.shape[1])
    return images, labels, CLASSES
