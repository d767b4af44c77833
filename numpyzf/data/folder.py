"""A folder of one's own images as a data set: one sub-folder per class, images of any size."""
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .image import SUFFIXES, check_size, load_image

HOLD_OUT = 5        # every fifth image of a class is for testing, where the folder itself names no test images
BATCH = 64          # images that one task of the thread pool decodes


def read_folder(folder, split, size):
    """Read the images of one split as squares.

    folder: a Path, with one sub-folder per class, or with train/ and test/ which have one sub-folder per class each.
    split: "train" or "test"; without train/ and test/, every fifth image of a class, by name, is a test image.
    size: pixels; each image's smallest side is resized to it, and the center of size × size is kept.
    Returns images uint8 (N, 3, size, size), labels int64 (N,), classes (the sub-folders' names, sorted).
    Raises ValueError, naming the file or folder, for one without images or with a damaged one; TypeError.
    """
    check_size(size)
    files, classes = _files(folder, split)
    images = np.empty((len(files), 3, size, size), np.uint8)

    def decode(start):
        for i in range(start, min(start + BATCH, len(files))):
            images[i] = load_image(files[i][0], size)

    # Pillow decodes outside of Python's global lock, so threads do it side by side.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for _ in pool.map(decode, range(0, len(files), BATCH)):
            pass        # to raise the error of the first bad file, if any
    return images, np.array([label for _, label in files], np.int64), classes


def _files(folder, split):
    """All (path, label) of a split, in order, and the classes."""
    divided = (folder / "train").is_dir() and (folder / "test").is_dir()
    place = folder / split if divided else folder
    classes = _classes(place)
    if divided and classes != _classes(folder / "train"):
        differing = sorted(set(classes) ^ set(_classes(folder / "train")))
        raise ValueError(f"{place}: its class folders are not those of {folder / 'train'} (in one of them only: "
                         f"{', '.join(differing)}); both must have the same")
    files = []
    for label, name in enumerate(classes):
        paths = _images(place / name)
        if not divided:
            paths = [p for i, p in enumerate(paths) if (i % HOLD_OUT == HOLD_OUT - 1) == (split == "test")]
        files += [(path, label) for path in paths]
    if not files:
        raise ValueError(f"{place}: no class has the {HOLD_OUT} images it takes to hold one out for testing; add some, "
                         "or make the folders train/ and test/")
    return files, classes


def _classes(folder):
    names = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not names:
        raise ValueError(f"{folder}: has no sub-folders; make one per class, with that class' images in it")
    return tuple(names)


def _images(folder):
    paths = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file()]
    if not paths:
        raise ValueError(f"{folder}: has no images; each class folder must hold some ({' '.join(SUFFIXES)})")
    return sorted(paths, key=lambda p: p.name)
