"""Is it recognized? What an independent classifier says of enlarged pictures.

The classifiers are lab nets, trained on the original images of the same classes, over several
seeds. No network here was trained with them: the judge of the feature loss is another net.
"""
from typing import NamedTuple

import numpy as np

from ... import checks, data, functional, runs, texts, training
from ...data.preprocess import Prepared, center_crop
from ...geometry import ceil_div
from .. import pictures
from .measure import BICUBIC, enlarged

ORIGINAL = "original"
SEEDS = (0, 1, 2)
MOST = 2000             # test images
# By channels. Photographs are also learned from mirrored; clothes in gray all point one way.
RECIPES = {1: training.Recipe(epochs=5, batch=64, rate=0.02),
           3: training.Recipe(epochs=9, batch=64, rate=0.015)}


class Recognition(NamedTuple):
    """Which test images each classifier named rightly."""
    source: str         # what the images are called
    side: int           # of the images, pixels
    classes: tuple      # their names
    right: dict         # {"original", "bicubic", network: bool (seeds, N)}


class Comparison(NamedTuple):
    """How much more often a method's pictures are recognized than bicubic ones."""
    difference: float       # of the shares of right answers, mean over seeds
    error: float            # its standard error over the images
    every_seed: bool        # is it above zero with each seed?

    @property
    def surely_more(self):
        """More often with every seed, and by more than two standard errors."""
        return self.every_seed and self.difference > 2 * self.error


def recognize(source, scale, networks, folder, *, size=None, seeds=SEEDS, recipe=None, most=MOST,
              report=print):
    """Train classifiers on original images, and ask them about enlarged ones.

    source: the name of a data set, or a folder with one sub-folder of images per class.
    scale, networks: see measure.enlarged.
    folder: where the classifiers are kept; started again, they are read from there.
    size: side in pixels of the images, of a folder or of scenes, see data.load.
    seeds: one classifier each.
    recipe: how they are trained, a training.Recipe; RECIPES says how if not given.
    most: of more test images, so many are taken, evenly.
    report: report(text) gets a line now and then.
    Returns a Recognition. Raises what data.load and runs.train_run do; ValueError if the images'
    side is no multiple of `scale`.
    """
    images, labels, classes = test_images(source, scale, size)
    side, channels = images.shape[2], images.shape[1]
    chosen = np.linspace(0, len(images) - 1, min(most, len(images))).astype(int)
    images, labels = images[chosen], labels[chosen]
    name = texts.short(source)
    report(f"enlarging {len(images):,} test images of {name}")
    pictures = _enlarge_all(images, scale, networks)
    right = {method: [] for method in pictures}
    for seed in seeds:
        place = checks.path("folder", folder) / f"classifier-{side}-seed-{seed}"
        run = runs.train_run(place, data=source, size=size, recipe=recipe or RECIPES[channels],
                             seed=seed, flip=channels == 3, report=report)
        for method, shown in pictures.items():
            answers = run.net.predict(Prepared(shown, run.prepare)).argmax(axis=1)
            right[method].append(answers == labels)
    return Recognition(name, side, tuple(classes),
                       {method: np.array(rows) for method, rows in right.items()})


def test_images(source, scale, size, *, lazily=False):
    """The test images that `recognize` asks about, a data.Dataset; an error if they can't be.

    lazily: read none of a folder's, see data.load: to know before long work.
    """
    found = data.load(source, "test", size=size, lazily=lazily)
    side = found.images[:1].shape[2]
    if side % checks.integer("scale", scale, 1):
        raise ValueError(f"{source}: its images have a side of {side} pixels, which is no multiple "
                         f"of {scale}; choose another size")
    return found


def _enlarge_all(images, scale, networks):
    """{method: uint8 (N, C, H, W)} of images of that shape, the originals first."""
    found = {ORIGINAL: images}
    for number, image in enumerate(images):
        _, _, made = enlarged(f"image {number}", image, scale, networks)
        for method, picture in made.items():
            found.setdefault(method, np.empty_like(images))[number] = picture
    return found


def compare(found, method, than=BICUBIC):
    """How much more often pictures of one method are recognized than those of another.

    found: a Recognition.
    Returns a Comparison.
    """
    # +1 where the method alone was recognized, −1 where the other alone was: (seeds, N)
    gain = found.right[method].astype(float) - found.right[than]
    by_image = gain.mean(axis=0)
    return Comparison(float(gain.mean()), float(by_image.std() / np.sqrt(len(by_image))),
                      bool((gain.mean(axis=1) > 0).all()))


# ---- one picture --------------------------------------------------------------------------------

def answers(run, name, image, scale, networks):
    """What a classifier says of one picture as it was, and enlarged by each method.

    The classifier sees the middle square of a picture, as large as it takes it. So it is that
    square which becomes smaller and is enlarged again: else little of the difference would be left.

    run: a runs.Run.
    name: of the picture, for errors.
    image: uint8 (C, H, W).
    scale, networks: see measure.enlarged.
    Returns {"original", "bicubic", network: (class, probability)}.
    """
    channels, side, _ = run.prepare.mean.shape
    multiple = ceil_div(side, scale) * scale
    square = center_crop(image, *[min(image.shape[1:])] * 2)
    square = pictures.to_bytes(pictures.resize(pictures.from_bytes(square), multiple, multiple))
    _, _, made = enlarged(name, square, scale, networks)
    found = {}
    for method, picture in {ORIGINAL: square, **made}.items():
        shown = _in_channels(center_crop(picture, side, side), channels)
        scores = run.net.predict(run.prepare(shown[None]))
        share = functional.softmax(scores)[0]
        best = int(share.argmax())
        found[method] = (run.classes[best], float(share[best]))
    return found


def _in_channels(image, channels):
    """A picture as gray, or in three equal channels, where a classifier takes it so."""
    if len(image) == 1:
        return image.repeat(channels, axis=0)
    if channels == 1:
        return np.round(np.tensordot((.299, .587, .114), image, axes=1)).astype(np.uint8)[None]
    return image
