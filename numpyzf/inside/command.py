"""The command `numpyzf look`: the page to look inside a net."""
from pathlib import Path

import numpy as np

from .. import data, runs, texts
from ..data.folder import Files
from ..exchange.model import COME_ALONG, place_of
from ..terminal import at_least, say
from ..tour import captions
from ..tour.command import add_preparation, opened
from .build import LIMITS, build, check_place
from .examine import evenly

MOST_EPOCHS = 12        # earlier states of a net that are shown


def add_look(sub):
    """Add what `look` takes to an argparse parser."""
    sub.add_argument("run", metavar="RUN", nargs="?", default="squeezenet",
                     help="folder of a trained net, an ONNX file, or one that comes with numpyzf: "
                          "squeezenet, which knows 1000 classes, or the small labnet-cifar10")
    sub.add_argument("--images", metavar="FOLDER",
                     help="images to search: any folder of pictures; those in folders that are "
                          "called like the net's classes count as labeled. If not given, the "
                          "run's own test images, or the dozen photographs that come along")
    sub.add_argument("--folder",
                     help="where the files of the run's named data set are now, if they have moved")
    sub.add_argument("--out", metavar="FILE",
                     help="the page; RUN/NAME-look.html if not given, where NAME is RUN's")
    sub.add_argument("--megabytes", metavar="MB", type=at_least(1),
                     help="what the page may have; if not given, "
                          f"{LIMITS[True]} for images of up to 100 pixels, else {LIMITS[False]}")
    sub.add_argument("--seed", type=at_least(0), default=0,
                     help="of the random weights that are shown beside the trained ones")
    add_preparation(sub)


def run_look(options):
    """Make the page; ValueError or OSError if that can't be."""
    run, name = opened(options)
    path = Path(options.out or place_of(options.run) / texts.file_name(name, "look",
                                                                       ending=".html"))
    check_place(path)
    images, labels, source = _images(options, run)
    names = images.names if isinstance(images, Files) else None
    nbytes = build(run, images, path, title=texts.short(name), source=source, labels=labels,
                   names=names, epochs=_epochs(options.run, run), seed=options.seed,
                   megabytes=options.megabytes, report=say)
    say(f"The page has {nbytes / 1e6:.1f} MB and needs no other file.")
    say(f"Look at it: {path.resolve()}")


def build_of_run(place, run, images, labels, path, **options):
    """Make the page of a run and of its own test images, with the epochs that it kept.

    place: the run's folder.
    run: runs.Run.
    images, labels: as in data.Dataset.
    path: the page's file.
    options: of build.build.
    """
    source = f"{len(images):,} test images of {captions.data_name(run)}"
    return build(run, images, path, title=f"a net trained on {captions.data_name(run)}",
                 source=source, labels=labels, epochs=_epochs(place, run), report=say, **options)


def _images(options, run):
    """What is searched: images, their labels or None, and what they are in words."""
    if options.images is None and "assumed" not in run.settings:
        found = runs.run_data(run, folder=options.folder, lazily=True)
        source = f"{len(found.images):,} test images of {captions.data_name(run)}"
        return found.images, found.labels, source
    channels, side, _ = run.prepare.mean.shape
    folder = options.images or data.PHOTOGRAPHS
    images = data.photographs(folder, side, channels=channels, lazily=True)
    source = f"{len(images):,} images of a folder called {texts.short(Path(folder).resolve().name)}"
    if options.images is None:
        source = f"the {len(images)} photographs that come with numpyzf"
    return images, labels_by_folders(images.names, run.classes), source


def labels_by_folders(names, classes):
    """The class of each image by its folder: integers (N,), or None if one's folder is no class.

    names: of files, such as "test/cat/3.jpg".
    classes: their names.

    >>> labels_by_folders(["cat/1.jpg", "test/dog/1.jpg"], ("cat", "dog"))
    array([0, 1])
    >>> labels_by_folders(["cat/1.jpg", "owl/1.jpg"], ("cat", "dog"))
    """
    numbers = {name: number for number, name in enumerate(classes)}
    found = [numbers.get(Path(name).parent.name, -1) for name in names]
    return None if -1 in found else np.array(found)


def _epochs(place, run):
    """The earlier states of a run that its training kept: [("epoch 1", Network) …]."""
    if "assumed" in run.settings or (place in COME_ALONG and not Path(place).exists()):
        return []
    files = {f"epoch {epoch}": runs.epoch_file(place_of(place), epoch)
             for epoch in range(1, len(run.history))}
    there = [name for name, file in files.items() if file.is_file()]
    return [(name, runs.load_run(files[name]).net)
            for name in evenly(np.array(there), MOST_EPOCHS).tolist()]
