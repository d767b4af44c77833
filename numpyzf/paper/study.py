"""What the items of the paper share: images, trained nets, seeds; and how an item reports what it found.

A Study keeps its nets in one folder, each under a name that says how it was made: two items that want the same net train it once,
and what was interrupted goes on from its last finished epoch.
"""
import json
import re
from functools import cached_property
from pathlib import Path

import numpy as np

from .. import data as datasets, runs, training
from ..data import scenes
from ..checkpoints import locked, replacing

RECIPES = {"images": training.Recipe(epochs=5, batch=64, rate=0.02), "scenes": training.Recipe(epochs=9, batch=64, rate=0.015)}


def say(text):
    """Print a line in one piece, as several threads may do at the same time."""
    print(f"{text}\n", end="", flush=True)


class Study:
    """The images, nets and seeds of one reproduction of the paper, in the folder `out`.

    data, folder, size: the images that nets are trained on beside the scenes, as in data.load. quick: few images and one or two
    epochs: enough to test that everything runs, too little to learn. report(text) gets lines that say what is being done.
    Raises ValueError if `out` holds a study of other images, or if its study.json is damaged.
    """

    def __init__(self, out, *, data="fashion-mnist-small", folder=None, size=None, quick=False, report=say):
        self.out, self.quick, self.report = Path(out), quick, report
        self.seeds = (0, 1) if quick else (0, 1, 2)
        self.source, self._runs = {"data": data, "folder": folder, "size": size}, {}
        named = data if data in datasets.NAMES else str(Path(data).resolve())
        self._check_folder({"data": named, "folder": folder and str(Path(folder).resolve()), "size": size, "quick": quick})
        self.name = Path(named).name

    def _check_folder(self, settings):
        path = self.out / "study.json"
        if path.exists():
            try:
                there = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                raise ValueError(f"{path} is damaged; move {self.out} away, or choose another folder") from None
            if there != settings:
                raise ValueError(f"{self.out} holds a reproduction with other settings, {there}, not {settings}; choose another folder")
            return
        self.out.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(json.dumps(settings, indent=1).encode())

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

    def run_of(self, kind="images", seed=0, *, epochs=None, recipe=None, variant=None, initialization="he",
               scale=None):
        """The labnet trained on all training images of one kind, "images" or "scenes": trained now, or read if it is there. A runs.Run.

        epochs: the kind's own without it. recipe: fields of training.Recipe that differ, {"radius": 1e9}; variant: see models.
        scale: what pixels are divided by, see runs.train_run.
        Equal arguments give the same net.
        """
        images = self.train if kind == "images" else datasets.Dataset(*self.train_scenes[:3])
        flip = kind == "scenes" or images.images.shape[1] == 3          # clothes in gray all point one way
        name = self._net_name(kind, seed, epochs, recipe, variant, initialization, scale)
        return self.train_run(name, images, seed=seed, recipe=self._recipe(kind, epochs, recipe),
                              variant=variant, initialization=initialization, scale=scale, flip=flip)

    def train_run(self, name, images, *, recipe, **options):
        """Train on a data.Dataset under a name of its own; options of runs.train_run. Returns the Run, from memory the second time.

        Where another process trains the same net, it waits and reads that.
        """
        if name not in self._runs:
            self.report(f"  net {name}")
            if self.quick:
                recipe = recipe._replace(epochs=min(recipe.epochs, 2))
            with locked(self.out / "locks" / name):
                self._runs[name] = runs.train_run(self.out / "nets" / name, data=images, recipe=recipe, report=lambda text: None, **options)
        return self._runs[name]

    def _recipe(self, kind, epochs, recipe):
        own = RECIPES[kind]._replace(**(recipe or {}))
        return own._replace(epochs=epochs) if epochs else own

    def _net_name(self, kind, seed, epochs, recipe, variant, initialization, scale):
        differs = {"epochs": epochs, **(recipe or {}), **(variant or {}), "init": None if initialization == "he" else initialization,
                   "scale": scale}
        words = [f"{key} {'none' if value == () else value}" for key, value in differs.items() if value is not None]
        return re.sub("[^a-z0-9.]+", "-", " ".join([kind, *words, f"seed {seed}"])).strip("-")

    def _load(self, split, count):
        images, labels, classes = datasets.load(self.source["data"], split, folder=self.source["folder"], size=self.source["size"])
        if self.quick:
            each = max(1, count // len(classes))
            rows = np.sort(np.concatenate([np.flatnonzero(labels == c)[:each] for c in range(len(classes))]))
            images, labels = images[rows], labels[rows]
        return datasets.Dataset(images, labels, classes)
