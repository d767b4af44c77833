"""Images to look at and learn from: data sets by name, drawn scenes, or a folder of one's own pictures.

    train = load("fashion-mnist-small")            # embedded: no download
    photos = load("my/photos", "test", size=64)    # one sub-folder per class
"""
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import cifar, embedded, fashion, scenes
from .download import cache_folder
from .folder import read_folder
from .image import load_image

__all__ = ["Dataset", "available", "cache_folder", "load", "load_image"]
NAMES = ("fashion-mnist-small", "fashion-mnist", "cifar10", "scenes")


class Dataset(NamedTuple):
    """Images uint8 (N, C, H, W) of values 0 … 255, labels int64 (N,), and the name of each class."""
    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]


def load(name, split="train", *, folder=None, size=None):
    """Load one split of a data set.

    name: "fashion-mnist-small" (embedded, 10,000 + 2,000 images of 28×28), "fashion-mnist" (60,000 + 10,000), "cifar10"
    (50,000 + 10,000 color images of 32×32), "scenes" (6,000 + 1,200 color images of drawn objects, see data.scenes), or
    the path of a folder with one sub-folder of images per class.
    split: "train" or "test". Of a folder without train/ and test/, every fifth image of each class is the test split.
    folder: where the files of fashion-mnist or cifar10 are; without it they are looked for where the Debian package
    dataset-fashion-mnist installs them and in the cache folder, and else downloaded.
    size: side in pixels to which the images of a folder are resized and cropped, 32 unless given, or at which scenes are
    drawn, 64 unless given.

    Returns a Dataset. Raises ValueError or TypeError for a bad argument or a damaged file, FileNotFoundError for what
    is not there, OSError for a failed download; each names the file.

    >>> images, labels, classes = load("fashion-mnist-small", "test")
    >>> images.shape, labels[:3], classes[9]
    ((2000, 1, 28, 28), array([0, 1, 2]), 'Ankle boot')
    """
    if split not in ("train", "test"):
        raise ValueError(f'split must be "train" or "test", not {split!r}')
    if not isinstance(name, (str, os.PathLike)):
        raise TypeError(f"name must be the name of a data set or the path of a folder, not {type(name).__name__}")
    if name not in NAMES:
        return Dataset(*read_folder(_image_folder(name, folder), split, 32 if size is None else size))
    if name == "scenes":
        if folder is not None:
            raise ValueError("scenes are drawn, not read: leave folder out")
        return Dataset(*scenes.load(split, 64 if size is None else size)[:3])
    if size is not None:
        raise ValueError(f"size is for a folder of images and for scenes; those of {name} have one size: leave size out")
    if name == "fashion-mnist-small":
        if folder is not None:
            raise ValueError("fashion-mnist-small is embedded in numpyzf: leave folder out, or load fashion-mnist")
        return Dataset(*embedded.read(split))
    if folder is not None and not Path(folder).is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; give the one that holds the files of {name}")
    return Dataset(*(fashion if name == "fashion-mnist" else cifar).read(split, folder))


def available():
    """Every data set with a name, as rows (name, what it is, where it was found or None); nothing is downloaded."""
    places = [str(Path(embedded.__file__).parent)]
    for source in (fashion, cifar):
        found = [source.find(split) for split in ("train", "test")]
        places.append(str(found[0]) if all(found) else None)
    places.append("rendered when loaded")
    what = ("10,000 + 2,000 gray images of clothes, 28×28, 10 classes: a part of fashion-mnist, embedded",
            "60,000 + 10,000 gray images of clothes, 28×28, 10 classes",
            "50,000 + 10,000 color images of animals and vehicles, 32×32, 10 classes",
            "6,000 + 1,200 drawn color images of objects made of parts, 64×64 or any size, 10 classes")
    return list(zip(NAMES, what, places))


def _image_folder(name, folder):
    path = Path(name)
    if path.is_dir():
        if folder is not None:
            raise ValueError(f"folder is for fashion-mnist and cifar10; {path} is a folder of images: leave folder out")
        return path
    if path.exists():
        raise ValueError(f"{path} is a file; give the folder with one sub-folder of images per class")
    if isinstance(name, str) and path.name == name:
        raise ValueError(f"no data set {name!r}: the names are {', '.join(NAMES)}; the path of a folder with one "
                         "sub-folder of images per class works too")
    raise FileNotFoundError(f"{path}: no such folder; give one with one sub-folder of images per class")
