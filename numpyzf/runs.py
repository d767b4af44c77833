"""A run: one folder with a trained net, and all that it takes to use it or to go on training it.

`train_run` makes or continues a run, `load_run` reads it back. The folder holds one file,
checkpoint.npz, which is written anew after every epoch; checkpoints.py says what is in it.
"""
import json
import os
import sys
import time
import zipfile
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import checkpoints, checks, data as datasets, models, training
from .data import preprocess
from .data.preprocess import Preparation
from .network import Network

try:
    import fcntl
except ImportError:         # Windows
    fcntl = None

MODELS = {"labnet": models.labnet, "zfnet": models.zfnet}
INPUT_SHAPES = {"zfnet": (3, 224, 224)}     # of models that take one shape
LEAST_SIDE = 12                             # of labnet's images, for its three pools
LOG_EVERY = 60                              # seconds between two lines of progress in a log
CHECKSUM = "checksum of the images"         # a setting
PRETRAINED = Path(__file__).parent / "data" / "embedded" / "labnet-cifar10.npz"

_logged = time.monotonic()                  # when a log last got a line, or a training began


class Run(NamedTuple):
    """A trained net and what belongs to it."""
    net: Network
    prepare: Preparation        # makes the net's input of images
    classes: tuple              # names, in the order of the scores
    history: list = ()          # one dictionary per epoch, see training.train
    settings: dict = {}         # "data", "model", "seed" …: how it was trained


def log_begins():
    """A command begins: the first line of its progress comes in a log LOG_EVERY seconds from now.

    Without it, that line would come at once in a process that has already run for some time.
    """
    global _logged
    _logged = time.monotonic()


def show_progress(text):
    """Rewrite one line on stderr. Where that is no terminal: print one line a minute."""
    global _logged
    if sys.stderr is None:
        return
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        return
    now = time.monotonic()
    if not text:                            # a training begins, or another line tells of an epoch
        _logged = now
    elif now - _logged > LOG_EVERY:         # a batch system's log: it's alive
        _logged = now
        print(text, file=sys.stderr, flush=True)


# ---- training -----------------------------------------------------------------------------------

def train_run(out, *, data="fashion-mnist-small", folder=None, size=None, model="labnet",
              variant=None, recipe=training.Recipe(), seed=0, initialization="he", scale=None,
              pad=0, flip=False, keep=(), again=False, progress=show_progress,
              report=print):
    """Train a model into the folder `out`, or continue the run that is there.

    A tenth of the training images is held out for validation, which steers the rate. Where another
    training uses the folder, this one waits until that one has ended, and goes on from there.

    out: the run's folder.
    data, folder, size: which images, as in data.load; data may also be a data.Dataset.
    model: "labnet" or "zfnet".
    variant: keyword arguments of the model, such as {"middle": (64,)}, see models.
    recipe: training.Recipe.
    seed: of everything random, an integer.
    initialization: "he" or "paper", see Network.initialize.
    scale: what pixels are divided by; None is their standard deviation, the paper's is 1.
    pad: random shifts in training, in pixels; only for images as large as the net's input.
    flip: mirror half of the training images.
    keep: numbers of epochs after which a copy of the checkpoint stays, see epoch_file.
    again: if what is there is finished, train anew in its place.
    progress: progress(text) gets a line that replaces the one before; None for none.
    report: report(text) gets a line at the start and after every epoch.
    Returns the Run. Raises TypeError or ValueError if a setting or the data can't be, and
    ValueError if `out` holds a run of other settings or other images: only the number of epochs may
    change.
    """
    checks.recipe(recipe)
    out = checks.path("out", out)
    seed = checks.integer("seed", seed, 0, hint=", so that a run that goes on holds out the same "
                                                "images")
    _check(model, out)
    dataset, name = _load(data, folder, size)
    side = _input_side(model, dataset, name)
    settings = {**_source(data, folder, size), "model": model, "variant": _as_lists(variant or {}),
                "seed": seed, "initialization": initialization, "pad": pad, "flip": flip,
                **_without_epochs(recipe), **_content(dataset, side)}
    if scale is not None:
        settings["scale"] = scale
    rng = np.random.default_rng(seed)
    trained_on, held_out = _split(dataset, rng, name)
    del dataset     # those two are copies

    path = out / "checkpoint.npz"
    with one_at_a_time(path.parent, report):
        state, about = _read_or_new(path, settings, trained_on, rng, recipe, again, report)
        if len(state.history) < recipe.epochs:
            report(f"training {model} on {len(trained_on.images):,} images up to epoch "
                   f"{recipe.epochs}; {len(held_out.images):,} more are held out for validation")
        if progress:
            progress("")
        training.train(
            state, trained_on.images, trained_on.labels, (held_out.images, held_out.labels),
            prepare=_preparation(about), recipe=recipe, save=_saver(path, about, keep),
            after_epoch=_reporter(progress, report),
            progress=progress and ProgressLine(progress, recipe, len(trained_on.images)))
    return _run(state, about)


@contextmanager
def one_at_a_time(folder, report):
    """Keep a run's folder for one training during the block; another one waits, and says so.

    The lock is on a file in the folder, .lock, which is gone afterwards. The system releases the
    lock of a process that is killed, and the next training takes the file away. A new folder in
    which nothing was written goes, too.
    """
    path, is_new = folder / ".lock", not folder.exists()
    if not fcntl:
        with checkpoints.locked(path):
            yield
        return
    file = _lock(path, report)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        file.close()
        if is_new:
            with suppress(OSError):     # it isn't empty
                folder.rmdir()


def _lock(path, report):
    """Open and lock the file `path`; the lock ends when the file is closed."""
    said = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not said:
                report(f"another training uses {path.parent}; this one waits until it has ended")
                said = True
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            return file     # a file system without locks: as if there were one training
        try:
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        file.close()        # the training before has taken this file away: lock the next one


def _read_or_new(path, settings, trained_on, rng, recipe, again, report):
    """The state to train on from and what a checkpoint holds beside it, read or made anew."""
    if path.exists():
        state, about = _continued(path, settings)
        if not again or len(state.history) < recipe.epochs:
            report(f"continuing {path} after epoch {len(state.history)}")
            return state, about
    about = _about(settings, trained_on)
    net = _build(about).initialize(rng, settings["initialization"])
    return training.State(net, rng, recipe.rate), about


def _saver(path, about, keep):
    """The function that writes the checkpoint after an epoch, and the copy that is to stay."""
    def save(state):
        epoch = len(state.history)
        if epoch in keep:       # before the checkpoint: if stopped here, this epoch is done again
            checkpoints.save_checkpoint(epoch_file(path.parent, epoch), state, about)
        checkpoints.save_checkpoint(path, state, about)
    return save


def _reporter(progress, report):
    """The function that reports an epoch in one line."""
    def report_epoch(state):
        if progress:
            progress("")
        row = state.history[-1]
        report(f"epoch {row['epoch']:2}  loss {row['loss']:.3f}  "
               f"accuracy: training {row['train_accuracy']:.1%}, "
               f"validation {row['validation_accuracy']:.1%}  rate {row['rate']:g}")
    return report_epoch


class ProgressLine:
    """Turns the numbers that training.train tells after every step into a line.

    progress: gets the line, five times a second at most, and at the end of every epoch.
    recipe: training.Recipe.
    count: how many images an epoch has.
    """

    def __init__(self, progress, recipe, count):
        self.progress, self.epochs, self.count = progress, recipe.epochs, count
        self.epoch, self.start, self.shown = 0, 0.0, 0.0

    def __call__(self, epoch, seen, loss, accuracy):
        """What train tells: `seen` images of this epoch, their mean loss and accuracy."""
        now = time.monotonic()
        if epoch != self.epoch:         # its first step: from here on the speed is measured
            self.epoch, self.start, self.before, self.shown = epoch, now, seen, now
        if now - self.shown < 0.2 and seen < self.count:
            return
        self.shown = now
        text = f"epoch {epoch}/{self.epochs}  loss {loss:.3f}  accuracy {accuracy:.1%}"
        if now > self.start and seen > self.before:
            speed = (seen - self.before) / (now - self.start)
            left = (self.count * (self.epochs - epoch + 1) - seen) / speed
            text += f"  {speed:,.0f} images/s  {clock(left)} left"
        self.progress(text)


def clock(seconds):
    """A time in words of a clock: 1:05, or 2:00:05 from an hour on."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def epoch_file(folder, epoch):
    """Where train_run keeps the checkpoint after one of the epochs in `keep`."""
    return checks.path("folder", folder) / f"epoch-{epoch:03}.npz"


# ---- before anything is written: what to train on, and how --------------------------------------

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


def _split(dataset, rng, name):
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


def _check(model, out):
    checks.one_of("model", model, tuple(MODELS))
    checks.writable_folder(out)


def _load(data, folder, size):
    """The training images, a data.Dataset, and what messages call them."""
    if isinstance(data, datasets.Dataset):
        return datasets.Dataset(*checks.dataset(*data)), "the data set given"
    if not isinstance(data, (str, os.PathLike)):
        raise TypeError("data must be the name of a data set, the path of a folder, or a "
                        f"data.Dataset(images, labels, classes), not {type(data).__name__}")
    return datasets.load(data, "train", folder=folder, size=size), data


def _input_side(model, dataset, name):
    """Side of the net's input: the images', or less if the model takes one shape only."""
    height, width = dataset.images.shape[2:]
    side = INPUT_SHAPES[model][1] if model in INPUT_SHAPES else max(height, LEAST_SIDE)
    if height < side:
        more = "" if model in INPUT_SHAPES else " or more"
        raise ValueError(f"{model} takes images of {side}×{side} pixels{more}, {name} has "
                         f"{height}×{width}; choose a larger size")
    return side


# ---- settings: kept in the checkpoint, and compared when a run is continued ---------------------

def _source(data, folder, size):
    """Where the images are, so that run_data finds them from another folder too."""
    if isinstance(data, datasets.Dataset):
        data = None
    elif data not in datasets.NAMES:
        data = str(checks.path("data", data).resolve())
    folder = folder and str(checks.path("folder", folder).resolve())
    return {"data": data, "folder": folder, "size": size}


def _content(dataset, side):
    """What the images are: a run can't be continued on others."""
    return {"classes": list(dataset.classes), "input": [dataset.images.shape[1], side, side],
            CHECKSUM: zlib.crc32(dataset.images, zlib.crc32(dataset.labels))}


def _without_epochs(recipe):
    settings = _as_lists(recipe._asdict())
    del settings["epochs"]
    return settings


def _as_lists(settings):
    """With lists in place of tuples, as JSON gives them back."""
    return {key: list(value) if isinstance(value, tuple) else value
            for key, value in settings.items()}


def _about(settings, trained_on):
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


# ---- from files ---------------------------------------------------------------------------------

def load_run(folder):
    """Read the run in `folder`, or from its checkpoint.npz.

    Returns a Run. Raises FileNotFoundError or ValueError naming the file.
    """
    path = folder = checks.path("folder", folder)
    if path.is_dir():
        path = path / "checkpoint.npz"
    elif path.is_file() and path.suffix != ".npz" and not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is no trained net; give the folder that numpyzf train --out "
                         "made, or the checkpoint.npz in it")
    if not path.exists():
        # a folder without the file, or no such path, which may be meant as a file's in a run
        run = folder.parent if folder.suffix == ".npz" else folder
        raise FileNotFoundError(f"{path} is not there; make a trained net with: "
                                f"numpyzf train --out {run}")
    state, about = checkpoints.load_checkpoint(path, _build)
    return _run(state, about)


def run_data(run, split="test", *, data=None, folder=None, lazily=False):
    """The images that the run belongs to: data.load with the run's own settings.

    run: Run.
    split: "test" or "train".
    data, folder: where the images are now, as in data.load; without them, where they were.
    lazily: as in data.load.
    Returns a data.Dataset. Raises ValueError if the run was trained on arrays, or on other classes;
    FileNotFoundError if the images are no longer there.
    """
    settings = run.settings
    if data is None:
        data, folder = settings["data"], folder or settings["folder"]
    if data is None:
        raise ValueError("this run was trained on arrays, which no data set's name leads back to; "
                         "pass the images themselves")
    try:
        found = datasets.load(data, split, folder=folder, size=settings["size"],
                              lazily=lazily)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}; if the images of this run have moved, say where they "
                                "are now: --data FOLDER, or run_data(run, data=FOLDER)") from None
    if tuple(found.classes) != tuple(run.classes):
        raise ValueError(f"{data} has the classes {', '.join(found.classes)}; this run was trained "
                         f"on {', '.join(run.classes)}")
    return found


def _continued(path, settings):
    """The state and `about` of a run to go on with; ValueError if its settings are others.

    The same images may be at another place, which is then kept.
    """
    state, about = checkpoints.load_checkpoint(path, _build)
    before = about["settings"]
    keys = dict.fromkeys([*settings, "scale"])      # scale is a setting only if it was given
    different = [key for key in keys if before.get(key) != settings.get(key)]
    if different and set(different) <= {"data", "folder"}:      # their checksum is the same
        if settings["data"] is not None:
            about["settings"] = before | {key: settings[key] for key in different}
            checkpoints.save_checkpoint(path, state, about)
    elif different:
        raise ValueError(f"{path} is a run with {_difference(before, settings, different)}; "
                         "continue it with its own settings, or choose another folder")
    return state, about


def _difference(before, settings, keys):
    """What is different in two runs' settings, in words."""
    words = [f"another {key} ({before.get(key)!r}, not {settings.get(key)!r})"
             for key in keys if key != CHECKSUM]
    if CHECKSUM in keys:
        words.append("other images" if words else
                     "other images: some were added, removed or changed since")
    return ", ".join(words)


def _build(about):
    """The net that a checkpoint's `about` describes, still without its parameters."""
    settings = about["settings"]
    model, shape = settings["model"], tuple(settings["input"])
    if model not in MODELS:
        raise ValueError(f"its model is {model!r}; the models are {', '.join(MODELS)}")
    if shape != INPUT_SHAPES.get(model, shape):
        raise ValueError(f"{model} takes images of shape {INPUT_SHAPES[model]}, not {shape}")
    channels = _preparation(about).mean.shape[0]
    if channels != shape[0]:
        raise ValueError(f"its mean image has {channels} channels, its net's input {shape[0]}")
    return MODELS[model](len(settings["classes"]), input_shape=shape,
                         **settings.get("variant", {}))


def _preparation(about):
    settings = about["settings"]
    return Preparation(about["mean"], about["scale"], settings["input"][1], about["pad"],
                       settings["flip"])


def _run(state, about):
    settings = about["settings"]
    return Run(state.net, _preparation(about), tuple(settings["classes"]), state.history, settings)


# ---- nets to give away --------------------------------------------------------------------------

def release(folder, path, *, name, test_accuracy):
    """Write the run in `folder` as a small file to give away; `pretrained` reads it.

    The file is an .npz of parameter/NAME and mean, as in a checkpoint but in float16, and info: a
    string, JSON [about, history], with settings, scale and pad in about. It has no momentum.

    folder: of the run.
    path: the new file.
    name: of the data set; stands in the settings in place of where the images are.
    test_accuracy: 0 … 1, as measured; stands in the settings under "test accuracy".
    """
    run = load_run(folder)
    arrays = {f"parameter/{key}": value for key, value in run.net.parameters.items()}
    arrays["mean"] = run.prepare.mean
    arrays = {key: value.astype(np.float16) for key, value in arrays.items()}
    settings = run.settings | {"data": name, "folder": None, "test accuracy": test_accuracy}
    about = {"settings": settings, "scale": run.prepare.scale, "pad": run.prepare.pad}
    info = np.array(json.dumps([about, run.history]))
    checkpoints.write_npz(path, arrays | {"info": info})


def pretrained(path=PRETRAINED):
    """The net that comes with numpyzf, trained on CIFAR-10; or another released one.

    CIFAR-10 has 10 classes of animals and vehicles, 32×32 pixels, color. The net names 81.5 % of
    the 10,000 test images correctly. It was made from a copy of CIFAR-10 saved as JPEG files, by
    `release` after

        numpyzf train --data cifar10 --out RUN --middle 96,96,64 --epochs 40 --batch 64
            --pad 3 --flip --patience 3 --factor 0.3 --settle 5

    The images themselves are not in the package.

    path: a file that `release` wrote.
    Returns a Run. Raises FileNotFoundError or ValueError naming the file.

    >>> run = pretrained()
    >>> run.net.input_shape, run.classes[:3]
    ((3, 32, 32), ('airplane', 'automobile', 'bird'))
    >>> sum(value.size for value in run.net.parameters.values())
    551610
    """
    arrays = {key: value.astype(np.float32) if value.dtype == np.float16 else value
              for key, value in checkpoints.read_npz(path).items()}
    try:
        about, history = json.loads(str(arrays["info"]))
        about["mean"] = arrays["mean"]
        net = _build(about)
        net.load_parameters(checkpoints.arrays_under(arrays, "parameter/"))
        settings = about["settings"]
        return Run(net, _preparation(about), tuple(settings["classes"]), history, settings)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"{path} is no net that `release` wrote, or it is damaged: "
                         f"{error}") from None
