"""What the items of the paper share: images, trained nets and seeds.

A Study keeps its nets in one folder. A net's name says how it was made, so two items that want the
same net train it once. A training that was interrupted goes on from its last finished epoch.
"""
import copy
import json
import re
from functools import cached_property
from pathlib import Path

import numpy as np

from .. import checks, data as datasets, runs, texts, training
from ..files import locked, replacing
from ..data import scenes
from .claims import NotTestable
from .photographs import Photographs

RECIPES = {"images": training.Recipe(epochs=5, batch=64, rate=0.02),
           "scenes": training.Recipe(epochs=9, batch=64, rate=0.015)}
RECIPES["photographs"] = RECIPES["scenes"]
LEAST_SIDE = 28     # pixels of an image: in smaller ones the upper layers' maps are too small
INDENT = "  "       # begins a line about a step of an item; a line about an item has none


def print_line(text):
    """Print a line in one piece, as several threads may print at the same time."""
    print(f"{text}\n", end="", flush=True)


def flips(images):
    """True for color images: a net trained on them also gets mirror images.

    images: uint8 (N, C, H, W).

    The gray images here are clothes, and shoes all point one way.
    """
    return images.shape[1] == 3


class Study:
    """The images, nets and seeds of one reproduction of the paper.

    out: the folder for nets, finished items and the page; it is made if it isn't there.
    data, folder, size: the images beside the scenes, as in data.load.
    photos: a folder of photographs, for the parts on a real network; without it they are left out.
    net: that network, see exchange.model.open_net.
    quick: few images and one or two epochs: enough to see that everything runs, too little to learn
    anything.
    report: report(text) gets lines that say what is being done.
    Raises OSError if `out` can't be written to; ValueError if it holds a study with other settings,
    or if a file of settings there is damaged. In a new folder, raises what data.load does, and
    ValueError for images smaller than LEAST_SIDE, before anything is written. With photographs,
    raises what reading them and the net does.
    """

    def __init__(self, out, *, data="fashion-mnist-small", folder=None, size=None, photos=None,
                 net=None, quick=False, report=print_line):
        self.out, self.quick, self.report = checks.path("out", out), quick, report
        self.seeds = (0, 1) if quick else (0, 1, 2)
        self.source = {"data": data, "folder": folder, "size": size}
        self._runs = {}
        source = data if data in datasets.NAMES else str(checks.path("data", data).resolve())
        self.name = texts.short(Path(source).name)      # of the images, in texts
        for name in ("items", "nets", "locks"):
            checks.writable_folder(self.out / name)
        self._settle("study.json", self._check_images, {
            "data": source, "folder": folder and str(checks.path("folder", folder).resolve()),
            "size": size, "quick": quick})
        self.photos = None
        if photos is not None:
            self.source |= {"photos": photos, "net": net}
            self.photos = Photographs(photos, net, quick=quick)
            self._settle("photos.json", self.photos.read, self.photos.settings())

    def step(self, text):
        """Report a line about a step of an item."""
        self.report(INDENT + text)

    # ---- images -----------------------------------------------------------------------------

    @cached_property
    def train(self):
        """The training images, a data.Dataset; few of them when quick."""
        return self._load("train", 300)

    @cached_property
    def test(self):
        """The test images, a data.Dataset; few of them when quick."""
        return self._load("test", 100)

    @cached_property
    def train_scenes(self):
        """Scenes to train on, a scenes.Scenes; few of them when quick."""
        return scenes.load("train", count=300 if self.quick else None)

    @cached_property
    def test_scenes(self):
        """Scenes to test on, a scenes.Scenes; few of them when quick."""
        return scenes.load("test", count=100 if self.quick else None)

    # ---- nets -------------------------------------------------------------------------------

    def run_of(self, kind="images", seed=0, *, epochs=None, recipe=None, variant=None,
               initialization="he", scale=None):
        """A labnet trained on all training images of one kind: trained now, or read if it is there.

        kind: "images" or "scenes".
        seed: of everything random.
        epochs: how many, the kind's own unless given.
        recipe: fields of training.Recipe that differ from the kind's own, such as {"radius": 1e9}.
        variant: arguments of the model, such as {"middle": (64,)}, see models.
        initialization: "he" or "paper", see Network.initialize.
        scale: what pixels are divided by, see runs.train_run.

        Equal arguments give the same net. Returns a runs.Run.
        """
        name = _net_name(kind, seed, epochs, recipe, variant, initialization, scale)
        images = self.train if kind == "images" else _without_truth(self.train_scenes)
        full_recipe = RECIPES[kind]._replace(**(recipe or {}))
        if epochs:
            full_recipe = full_recipe._replace(epochs=epochs)
        return self.train_run(name, images, recipe=full_recipe, seed=seed, variant=variant,
                              initialization=initialization, scale=scale,
                              flip=flips(images.images))

    def train_run(self, name, images, *, recipe, **options):
        """Train on images under a name of its own; the second time it comes from memory.

        name: of the net's folder, and in what is reported.
        images: a data.Dataset.
        recipe: a training.Recipe; of its epochs no more than two when quick.
        options: of runs.train_run.

        Where another process trains the same net, this one waits, and reads that net.
        Returns a runs.Run. Raises NotTestable if a class has fewer than two images.
        """
        check_classes(images, 2, "to train a net")
        if name not in self._runs:
            self.step(f"net {name}")
            if self.quick:
                recipe = recipe._replace(epochs=min(recipe.epochs, 2))
            with locked(self.out / "locks" / name):
                self._runs[name] = runs.train_run(self.out / "nets" / name, data=images,
                                                  recipe=recipe, report=_nothing, **options)
        return self._runs[name]

    # ---- helpers ----------------------------------------------------------------------------

    def _check_images(self):
        side = min(self.test.images.shape[2:])
        if side < LEAST_SIDE:
            raise ValueError(f"the images must have {LEAST_SIDE} pixels a side or more, not "
                             f"{side}; give another size")

    def _settle(self, name, check, settings):
        """Write settings into a new file of this name; compare them with those in an older one.

        check: called before they are written: with wrong ones, the right ones would be refused
        later.
        """
        path = self.out / name
        if not path.exists():
            check()
            with locked(self.out / "locks" / path.name):
                if not path.exists():       # another study may have begun here meanwhile
                    with replacing(path) as file:
                        file.write(json.dumps(settings, indent=1).encode())
                    return
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            raise ValueError(f"{path} is damaged; move {self.out} away, or choose another "
                             "folder") from None
        if found != settings:
            raise ValueError(f"{self.out} holds a reproduction with other settings, {found}, not "
                             f"{settings}; choose another folder")

    def _load(self, split, count):
        """All images of a split; when quick, about `count`, as many of each class."""
        images, labels, classes = datasets.load(self.source["data"], split,
                                                folder=self.source["folder"],
                                                size=self.source["size"])
        if self.quick:
            rows = first_of_each(labels, max(2, count // len(classes)))
            images, labels = images[rows], labels[rows]
        return datasets.Dataset(images, labels, classes)


def untrained(run, seed):
    """A run as it was before its training, or as it might have been: with weights drawn anew."""
    net = copy.deepcopy(run.net).initialize(np.random.default_rng(seed))
    return run._replace(net=net, history=[])


# ---- images of a study --------------------------------------------------------------------------

def images_of(study, kind):
    """Training and test images of one kind: two data.Dataset.

    study: a Study.
    kind: "images" or "scenes".
    """
    if kind == "images":
        return study.train, study.test
    return _without_truth(study.train_scenes), _without_truth(study.test_scenes)


def _without_truth(drawn):
    """The images, labels and classes of a scenes.Scenes as a data.Dataset."""
    return datasets.Dataset(drawn.images, drawn.labels, drawn.classes)


def check_classes(images, least, purpose):
    """Raise NotTestable if there are fewer than two classes, or if one has too few images.

    images: a data.Dataset.
    least: how many images each class must have.
    purpose: for what, in the words of the error: "to train a net".
    """
    if len(images.classes) < 2:
        raise NotTestable(f"{purpose} takes two classes at least; here is "
                          f"{texts.listed(images.classes)} only")
    counts = np.bincount(images.labels, minlength=len(images.classes))
    scarce = [name for name, count in zip(images.classes, counts) if count < least]
    if scarce:
        raise NotTestable(f"{purpose} takes {least} or more images of each class; there are fewer "
                          f"of {texts.listed(scarce)}")


def first_of_each(labels, count, start=0):
    """Indices of `count` images of each class, ascending; a class that has fewer gives them all.

    labels: (N,), integers.
    count: how many images of each class.
    start: how many images of each class are passed over.
    """
    rows = [np.flatnonzero(labels == c)[start:start + count] for c in np.unique(labels)]
    return np.sort(np.concatenate(rows))


# ---- nets of a study ----------------------------------------------------------------------------

def _net_name(kind, seed, epochs, recipe, variant, initialization, scale):
    """The name of a net: all that differs from the kind's own way to train, and the seed.

    >>> _net_name("images", 1, 7, {"radius": 5.0}, {"middle": (48, 64), "hidden": ()}, "he", None)
    'images-epochs-7-radius-5.0-middle-48-64-hidden-none-seed-1'
    >>> _net_name("scenes", 0, None, None, None, "paper", 1.0)
    'scenes-init-paper-scale-1.0-seed-0'
    """
    differences = {"epochs": epochs, **(recipe or {}), **(variant or {})}
    if initialization != "he":
        differences["init"] = initialization
    differences["scale"] = scale
    words = [kind]
    for key, value in differences.items():
        if value is not None:
            words.append(f"{key} {'none' if value == () else value}")
    words.append(f"seed {seed}")
    return re.sub("[^a-z0-9.]+", "-", " ".join(words)).strip("-")


def _nothing(text):
    """A report to nobody: of a net's training only its name is reported."""
