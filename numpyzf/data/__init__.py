"""Images to look at and learn from: data sets by name, drawn scenes, or a folder of one's own.

    train = load("fashion-mnist-small")            # embedded: no download
    photos = load("my/photos", "test", size=64)    # one sub-folder per class
"""
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import checks
from . import cifar, embedded, fashion, scenes
from .download import cache_folder
from .folder import image_files, read_folder, read_photographs
from .image import load_image

__all__ = ["Dataset", "available", "cache_folder", "examples", "files", "load", "load_image",
           "photograph", "photographs"]
NAMES = ("fashion-mnist-small", "fashion-mnist", "cifar10", "scenes")
PHOTOGRAPHS = Path(embedded.__file__).parent / "photographs"      # of the public domain
FOLDER_SIZE, SCENE_SIZE = 32, 64        # sides in pixels, where load is given none


class Dataset(NamedTuple):
    """Images with the class of each."""
    images: np.ndarray          # (N, C, H, W), uint8: 0 … 255
    labels: np.ndarray          # (N,), int64: indices of classes
    classes: tuple[str, ...]    # the name of each class


def load(data, split="train", *, folder=None, size=None, lazily=False):
    """Load one split of a data set.

    data: the name of a data set, or the path of a folder with one sub-folder of images per class
    (~ is the home folder):
        "fashion-mnist-small": 10,000 + 2,000 gray images of 28×28, embedded
        "fashion-mnist": 60,000 + 10,000 gray images of 28×28
        "cifar10": 50,000 + 10,000 color images of 32×32
        "scenes": 6,000 + 1,200 color images of drawn objects, see data.scenes
    split: "train" or "test". A folder without train/ and test/ (or val/) gives every fifth image
    of each class to the test split.
    folder: where the files of fashion-mnist or cifar10 are. Without it, load looks where the Debian
    package dataset-fashion-mnist puts them and in the cache folder; what is in neither is
    downloaded.
    size: side in pixels. The images of a folder are resized and cropped to it (32 if not given);
    scenes are drawn at it (64 if not given). The other data sets have one size and take none.
    lazily: of a folder, give folder.Files as images, which read each one when it is asked for.
    Returns a Dataset. Raises ValueError or TypeError for a bad argument or a damaged file,
    FileNotFoundError for what is not there, OSError for a failed download; each names the file.

    >>> images, labels, classes = load("fashion-mnist-small", "test")
    >>> images.shape, labels[:3], classes[9]
    ((2000, 1, 28, 28), array([0, 1, 2]), 'Ankle boot')
    """
    checks.one_of("split", split, ("train", "test"))
    if not isinstance(data, (str, os.PathLike)):
        raise TypeError("data must be the name of a data set or the path of a folder, "
                        f"not {type(data).__name__}")
    folder = None if folder is None else checks.path("folder", folder)
    if data not in NAMES:
        place = _image_folder(data, folder)
        return Dataset(*read_folder(split, place, FOLDER_SIZE if size is None else size,
                                    lazily))
    if data == "scenes":
        if folder is not None:
            raise ValueError("scenes are drawn, not read: leave folder out")
        drawn = scenes.load(split, SCENE_SIZE if size is None else size)
        return Dataset(drawn.images, drawn.labels, drawn.classes)
    if size is not None:
        raise ValueError("size is for a folder of images and for scenes; "
                         f"those of {data} have one size: leave size out")
    if data == "fashion-mnist-small":
        if folder is not None:
            raise ValueError("fashion-mnist-small is embedded in numpyzf: leave folder out, "
                             "or load fashion-mnist")
        return Dataset(*embedded.read(split))
    if folder is not None and not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; "
                                f"give the one that holds the files of {data}")
    source = fashion if data == "fashion-mnist" else cifar
    return Dataset(*source.read(split, folder))


def photographs(folder=PHOTOGRAPHS, size=227, *, channels=3, lazily=False):
    """All images in a folder and in the folders in it, whatever their classes.

    folder: its path (~ is the home folder); the dozen photographs that come along if not given.
    size: side in pixels, to which they are resized and cropped.
    channels: 3 for RGB, 1 for gray.
    lazily: give folder.Files, which read each image when it is asked for.
    Returns uint8 (N, channels, size, size), in the order of their paths. Raises FileNotFoundError,
    or ValueError for a folder without images and for damaged ones; each names the file.

    >>> photographs().shape
    (12, 3, 227, 227)
    """
    return read_photographs(_folder_of_photographs(folder), size, channels, lazily)


def files(folder):
    """The Paths of all images in a folder and in the folders in it, sorted; of one file, itself.

    folder: its path; also a picture's, as in `photograph`.
    Raises FileNotFoundError if there is no such folder, ValueError if there are no images in it.
    """
    path = photograph(folder)
    return [path] if path.is_file() else image_files(_folder_of_photographs(path))


def examples():
    """The names of the photographs that come along, sorted."""
    return sorted(path.stem for path in PHOTOGRAPHS.glob("*.jpg"))


def photograph(picture):
    """The Path of an image file: of one's own, or of one of the photographs that come along.

    picture: a path; or "cat", "coffee" …, where there is no file of that name.

    >>> photograph("cat").name
    'cat.jpg'
    """
    path = checks.path("picture", picture)
    ours = not os.path.exists(path) and str(picture) in examples()
    return PHOTOGRAPHS / f"{picture}.jpg" if ours else path


def available():
    """Every data set that has a name. Nothing is downloaded.

    Returns rows (name, what it is, where it was found or None).
    """
    places = [str(Path(embedded.__file__).parent)]
    for source in (fashion, cifar):
        try:
            train, test = source.find("train"), source.find("test")
        except OSError:         # no home folder, or one that may not be looked into
            train = test = None
        places.append(str(train) if train and test else None)
    places.append("rendered when loaded")
    what = ("10,000 + 2,000 gray images of clothes, 28×28, 10 classes: a part of fashion-mnist, "
            "embedded",
            "60,000 + 10,000 gray images of clothes, 28×28, 10 classes",
            "50,000 + 10,000 color images of animals and vehicles, 32×32, 10 classes",
            "6,000 + 1,200 drawn color images of objects made of parts, 64×64 or any size, "
            "10 classes")
    return list(zip(NAMES, what, places))


def _folder_of_photographs(folder):
    """The Path of a folder of images, whatever their classes; an error if it is none."""
    path = checks.path("folder", folder)
    if path.is_file():
        raise ValueError(f"{path} is a file; give a folder with images in it")
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such folder; give one with images in it"
                                + (", not the name of a data set" if str(folder) in NAMES else ""))
    return path


def _image_folder(data, folder):
    """The Path of the folder of images that load's argument `data` means."""
    path = checks.path("data", data)
    if path.is_dir():
        if folder is not None:
            raise ValueError(f"folder is for fashion-mnist and cifar10; {path} is a folder of "
                             "images: leave folder out")
        return path
    if path.exists():
        raise ValueError(f"{path} is a file; "
                         "give the folder with one sub-folder of images per class")
    if isinstance(data, str) and path.name == data:
        raise ValueError(f"no data set {data!r}: the names are {', '.join(NAMES)}; the path of "
                         "a folder with one sub-folder of images per class works too")
    raise FileNotFoundError(f"{path}: no such folder; "
                            "give one with one sub-folder of images per class")
