"""The numbers of Table 2: probabilities over crops, and errors of nets and of their average."""
from typing import NamedTuple

import numpy as np

from ...data import preprocess
from ...functional import softmax

BATCH = 100     # images, of up to ten crops each
MIDDLE = 4      # the crop in the middle, of those that preprocess.ten_crops gives


class Table2(NamedTuple):
    """Errors, shares 0 … 1. The last axis: first answer wrong, none of the first k right."""
    k: int
    count: int                  # of test images
    one_whole: np.ndarray       # (nets, 2), each net on whole images
    one_crops: np.ndarray       # (nets, 2), each net, averaged over crops
    average_whole: np.ndarray   # (2,), the nets' average on whole images
    average_crops: np.ndarray   # (2,), the nets' average over crops
    average_helps: np.ndarray   # (nets, images), first answers: 1 where only the nets' average is
    #                             right and not the net, −1 where it is the other way round
    crops_help: np.ndarray      # (nets, images), the same of a net over crops, against whole images


def measure(runs, images, labels, k=2):
    """Errors of nets and of their average, on whole images and over crops.

    runs: a list of runs.Run, the trained nets.
    images: uint8 (N, C, H, W), test images.
    labels: integers (N,).
    k: how many answers count in the second error.
    Returns a Table2.
    """
    whole, cropped = [], []
    for run in runs:
        of_whole, of_crops = probabilities(run, images)
        whole.append(of_whole)
        cropped.append(of_crops)
    return errors(whole, cropped, labels, k)


def probabilities(run, images):
    """What one net answers.

    run: a runs.Run.
    images: uint8 (N, C, H, W).
    Returns (whole, cropped), both (N, classes): for the middle view, and averaged over all views.
    """
    whole, cropped = [], []
    for n in range(0, len(images), BATCH):
        x = views(run, images[n:n + BATCH])                             # (N, views, C, size, size)
        scores = run.net.predict(np.ascontiguousarray(x.reshape(-1, *x.shape[2:])))
        p = softmax(scores).reshape(*x.shape[:2], -1)                   # (N, views, classes)
        whole.append(p[:, MIDDLE])
        cropped.append(p.mean(axis=1))
    return np.concatenate(whole), np.concatenate(cropped)


def views(run, images):
    """The crops of images as inputs of a net.

    run: a runs.Run. A net that was trained without mirror images gets the first five views only,
    which aren't mirrored.
    images: uint8 (N, C, H, W).

    The fifth view is the middle. For a net that takes whole images that is the whole image: its
    crops come from the image in a margin of 1/14 of its size, filled with the mean.
    Returns float32 (N, 10 or 5, C, size, size), see preprocess.ten_crops.
    """
    x = preprocess.normalize(images, run.prepare.mean, run.prepare.scale)
    size = run.prepare.size
    if min(x.shape[2:]) == size:
        margin = round(size / 14)               # as (256 − 224) / 2 of 224 pixels
        x = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    crops = preprocess.ten_crops(x, size)
    return crops if run.prepare.flip else crops[:, :5]


def errors(whole, cropped, labels, k=2):
    """Errors of nets and of their average, from their probabilities.

    whole, cropped: (nets, N, classes), as `probabilities` gives them.
    labels: integers (N,).
    k: how many answers count in the second error.
    Returns a Table2. Raises ValueError if the shapes don't fit.
    """
    whole, cropped, labels = np.asarray(whole), np.asarray(cropped), np.asarray(labels)
    fit = whole.ndim == 3 and whole.shape == cropped.shape and labels.shape == whole.shape[1:2]
    if not fit or whole.size == 0:
        raise ValueError("whole and cropped must be two arrays (nets, N, classes) and labels (N,), "
                         f"not {whole.shape}, {cropped.shape}, {labels.shape}")

    def both(p):
        return np.array([error(p, labels), error(p, labels, k)])

    def wrong(p):
        return missed(p, labels).astype(int)
    of_whole = np.array([wrong(p) for p in whole])
    return Table2(k, len(labels),
                  one_whole=np.array([both(p) for p in whole]),
                  one_crops=np.array([both(p) for p in cropped]),
                  average_whole=both(whole.mean(axis=0)),
                  average_crops=both(cropped.mean(axis=0)),
                  average_helps=of_whole - wrong(whole.mean(axis=0)),
                  crops_help=of_whole - [wrong(p) for p in cropped])


def error(p, labels, k=1):
    """The share of images whose label isn't among the k most probable classes; see `missed`."""
    return float(missed(p, labels, k).mean())


def missed(p, labels, k=1):
    """Whether a label isn't among the k most probable classes: bool (N,).

    p: probabilities (N, classes); of equal ones, the first classes count as larger.
    labels: integers (N,).
    k: how many classes count.
    """
    best = np.argsort(-p, axis=1, kind="stable")[:, :k]                 # (N, k)
    return (best != np.asarray(labels)[:, None]).all(axis=1)
