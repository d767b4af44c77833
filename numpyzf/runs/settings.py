"""Before a training: what it learns from, and its settings, which are compared when it goes on."""
import os
import zlib

import numpy as np

from .. import checks, data as datasets
from ..data import preprocess
from .run import INPUT_SHAPES

LEAST_SIDE = 12                             # of labnet's images, for its three pools
CHECKSUM = "checksum of the images"         # a setting


# ---- what to train on ---------------------------------------------------------------------------

def hold_out(labels, rng, share=0.1):
    """Split the images of a training set in two, at random.

    labels: integers (N,).
    rng: numpy.random.Generator.
    share: of the images of every class that are held out; at least one image each.
    Returns indices of images, sorted: (to train on, held out).
    """
    held_out = []
    for c in np.unique(labels):
        places = rng.permutation(np.flatnonzero(labels == c))
        held_out.append(places[:max(1, round(share * len(places)))])
    held_out = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(labels)), held_out), held_out


def split(dataset, rng, name):
    """A data.Dataset in two, to train on and held out. At least one image of a class must stay."""
    if len(dataset.classes) < 2:
        raise ValueError(f"{name} has {len(dataset.classes)} class; a net learns to tell classes "
                         "apart, so it takes two at least")
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    scarce = [label for label, count in zip(dataset.classes, counts) if count < 2]
    if scarce:
        raise ValueError(f"{name} has fewer than two images to train on of {', '.join(scarce)}; "
                         "add some, as one is held out for validation")
    return [datasets.Dataset(dataset.images[rows], dataset.labels[rows], dataset.classes)
            for rows in hold_out(dataset.labels, rng)]


def load(data, folder, size):
    """The training images, a data.Dataset, and what messages call them."""
    if isinstance(data, datasets.Dataset):
        return datasets.Dataset(*checks.dataset(*data)), "the data set given"
    if not isinstance(data, (str, os.PathLike)):
        raise TypeError("data must be the name of a data set, the path of a folder, or a "
                        f"data.Dataset(images, labels, classes), not {type(data).__name__}")
    return datasets.load(data, "train", folder=folder, size=size), data


def input_side(model, dataset, name):
    """Side of the net's input: the images', or less if the model takes one shape only."""
    height, width = dataset.images.shape[2:]
    side = INPUT_SHAPES[model][1] if model in INPUT_SHAPES else max(height, LEAST_SIDE)
    if height < side:
        more = "" if model in INPUT_SHAPES else " or more"
        raise ValueError(f"{model} takes images of {side}×{side} pixels{more}, {name} has "
                         f"{height}×{width}; choose a larger size")
    return side


# ---- kept in the checkpoint ---------------------------------------------------------------------

def source(data, folder, size):
    """Where the images are, so that run_data finds them from another folder too."""
    if isinstance(data, datasets.Dataset):
        data = None
    elif data not in datasets.NAMES:
        data = str(checks.path("data", data).resolve())
    folder = folder and str(checks.path("folder", folder).resolve())
    return {"data": data, "folder": folder, "size": size}


def content(dataset, side):
    """What the images are: a run can't be continued on others."""
    return {"classes": list(dataset.classes), "input": [dataset.images.shape[1], side, side],
            CHECKSUM: zlib.crc32(dataset.images, zlib.crc32(dataset.labels))}


def without_epochs(recipe):
    """A recipe as settings, but for how long it trains: that may change."""
    settings = as_lists(recipe._asdict())
    del settings["epochs"]
    return settings


def as_lists(settings):
    """With lists in place of tuples, as JSON gives them back."""
    return {key: list(value) if isinstance(value, tuple) else value
            for key, value in settings.items()}


def about(settings, trained_on):
    """What a checkpoint of a new run holds beside the state, see checkpoints.py."""
    images = trained_on.images
    mean = preprocess.mean_image(images)
    scale = settings["scale"] if "scale" in settings else _deviation(images, mean)
    large = images.shape[2] > settings["input"][1]      # then crops are at random places anyway
    return {"settings": settings, "mean": mean, "scale": scale,
            "pad": 0 if large else settings["pad"]}


def _deviation(images, mean, count=1000):
    """Standard deviation of the pixels of about `count` images; 1 if all are equal."""
    sample = images[::max(1, len(images) // count)]
    return float(np.sqrt(np.mean(np.square(sample - mean, dtype=np.float64)))) or 1.0
