"""A folder of one's own images as a data set: one sub-folder per class, images of any size."""
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .image import SUFFIXES, check_size, load_image

HOLD_OUT = 5        # every fifth image of a class is a test image, if the folder names none
BATCH = 64          # images that one task of the thread pool decodes


def read_folder(split, folder, size):
    """Read the images of one split as squares.

    split: "train" or "test". Without folders of these names, every fifth image of a class, in the
    order of their names, is a test image.
    folder: a Path. It holds one sub-folder per class, or the folders train/ and test/, each with
    one sub-folder per class.
    size: pixels. Each image's smallest side is resized to it, and the center size × size is kept.
    Returns images uint8 (N, 3, size, size), labels int64 (N,), classes (the sub-folders' names,
    sorted).
    Raises ValueError for a folder without images and for a damaged image, and names it;
    TypeError or ValueError for a bad size.
    """
    side = check_size(size)
    files, classes = _files(folder, split)
    images = np.empty((len(files), 3, side, side), np.uint8)

    def decode(start):
        for i in range(start, min(start + BATCH, len(files))):
            path, _ = files[i]
            images[i] = load_image(path, side)

    # Pillow decodes without Python's global lock, so threads work at the same time.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for _ in pool.map(decode, range(0, len(files), BATCH)):
            pass        # raises the error of the first bad file, if there is one
    return images, np.array([label for _, label in files], np.int64), classes


def _files(folder, split):
    """All (path, label) of a split, in order, and the classes."""
    divided = (folder / "train").is_dir() and (folder / "test").is_dir()
    place = folder / split if divided else folder
    classes = _classes(place)
    if divided:
        _check_same_classes(place, classes, folder / "train")
    files = []
    for label, name in enumerate(classes):
        paths = _images(place / name)
        if not divided and split == "test":
            paths = paths[HOLD_OUT - 1::HOLD_OUT]
        elif not divided:
            paths = [p for i, p in enumerate(paths) if i % HOLD_OUT != HOLD_OUT - 1]
        files += [(path, label) for path in paths]
    if not files:
        raise ValueError(f"{place}: no class has the {HOLD_OUT} images it takes to hold one out "
                         "for testing; add some, or make the folders train/ and test/")
    return files, classes


def _check_same_classes(place, classes, train):
    """The folder `place` of one split must have the classes of the folder `train`."""
    differing = sorted(set(classes) ^ set(_classes(train)))
    if differing:
        raise ValueError(f"{place}: its class folders are not those of {train} (in one of them "
                         f"only: {', '.join(differing)}); both must have the same")


def _classes(folder):
    """The names of a folder's sub-folders, sorted."""
    names = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not names:
        raise ValueError(f"{folder}: has no sub-folders; "
                         "make one per class, with that class' images in it")
    return tuple(names)


def _images(folder):
    """The paths of a folder's images, sorted by name."""
    paths = [p for p in folder.iterdir()
             if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file()]
    if not paths:
        raise ValueError(f"{folder}: has no images; "
                         f"each class folder must hold some ({' '.join(SUFFIXES)})")
    return sorted(paths, key=lambda p: p.name)
