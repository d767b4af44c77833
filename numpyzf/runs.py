"""A run: one folder that holds a net trained on one data set, and all that is needed to use it or to train on.

`train_run` makes or continues it, `load_run` reads it back. The file is checkpoint.npz, written anew after every epoch.
"""
import json
import os
import zlib
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from . import checkpoints, data as datasets, models, training
from .data import preprocess
from .data.preprocess import Preparation
from .network import Network

MODELS = {"labnet": models.labnet, "zfnet": lambda input_shape, classes, **variant: models.zfnet(classes, **variant)}
PRETRAINED = Path(__file__).parent / "data" / "embedded" / "labnet-cifar10.npz"
INPUT_SIDE = {"zfnet": 224}     # models that take one size only; labnet takes the data's own


class Run(NamedTuple):
    """A trained net with what belongs to it: preparation of images, class names, history and where its data came from.

    settings: {"data", "folder", "size", "model", "variant", "seed" …}; history: one dictionary per epoch.
    """
    net: Network
    prepare: Preparation
    classes: tuple
    history: list = ()
    settings: dict = MappingProxyType({})


def hold_out(labels, rng, share=0.1):
    """Split indices into (training, validation), `share` of every class in the second; at least one image each."""
    validation = [rng.permutation(np.flatnonzero(labels == c)) for c in np.unique(labels)]
    validation = np.sort(np.concatenate([rows[:max(1, round(share * len(rows)))] for rows in validation]))
    return np.setdiff1d(np.arange(len(labels)), validation), validation


def train_run(out, *, data="fashion-mnist-small", folder=None, size=None, model="labnet", variant=None, recipe=training.Recipe(),
              seed=0, initialization="he", scale=None, pad=0, flip=False, keep=(), again=False,
              progress=training.show_progress, report=print):
    """Train `model` on `data` into the folder `out`, or continue what is there; returns the Run.

    dataset, folder, size: as in data.load; or a data.Dataset of training images. A tenth of the training images is held out for
    validation, which steers the rate. variant: keyword arguments of the model, such as {"middle": (64,)}, see models.
    scale: what pixels are divided by; without it the deviation of the training images.
    keep: epochs after which a copy of the checkpoint stays, see epoch_file.
    again: if what is there is finished, train anew in its place. report(text) gets a line at the start and after every epoch.
    Raises ValueError if `out` holds a run of other settings or other images: only the number of epochs may change.
    """
    recipe.check()
    if model not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, not {model!r}")
    path = Path(out) / "checkpoint.npz"
    if Path(out).exists() and not (Path(out).is_dir() and os.access(out, os.W_OK)):
        raise ValueError(f"{out} is no folder that can be written to; give another one for the run")
    given = isinstance(data, datasets.Dataset)
    images, labels, classes = data if given else datasets.load(data, "train", folder=folder, size=size)
    name = "the data set given" if given else data
    side = INPUT_SIDE.get(model, images.shape[2])
    if images.shape[2] < side:
        raise ValueError(f"{model} takes images of {side}×{side} pixels, {name} has {images.shape[2]}×{images.shape[3]}; choose a larger size")
    settings = {"data": None if given else data if data in datasets.NAMES else str(Path(data).resolve()),
                "folder": folder and str(Path(folder).resolve()), "size": size, "model": model,
                "variant": {key: list(value) for key, value in (variant or {}).items()}, "seed": seed,
                "initialization": initialization, "pad": pad, "flip": flip, **_without_epochs(recipe),
                "classes": list(classes), "input": [images.shape[1], side, side],
                "checksum of the images": zlib.crc32(images, zlib.crc32(labels))}
    if scale is not None:
        settings["scale"] = scale
    few = [name for name, count in zip(classes, np.bincount(labels, minlength=len(classes))) if count < 2]
    if few:
        raise ValueError(f"{name} has fewer than two images to train on of {', '.join(few)}; add some, as one is held out for validation")
    rng = np.random.default_rng(seed)
    rows, held = hold_out(labels, rng)
    state = None
    if path.exists():
        state, about = checkpoints.load_checkpoint(path, _build)
        wanted = settings | {"scale": scale}
        differ = [key for key in wanted if about["settings"].get(key) != wanted[key]]
        if differ:
            raise ValueError(f"{path} is a run with another {', '.join(differ)} ({about['settings'].get(differ[0])!r}, not "
                             f"{wanted[differ[0]]!r}); continue it with its own settings, or choose another folder")
    if state is None or (again and len(state.history) >= recipe.epochs):
        mean = preprocess.mean_image(images[rows])
        about = {"settings": settings, "mean": mean, "scale": _deviation(images[rows], mean) if scale is None else scale,
                 "pad": pad if images.shape[2] == side else 0}
        state = training.State(_build(about).initialize(rng, initialization), rng, recipe.rate)
        Path(out).mkdir(parents=True, exist_ok=True)
    else:
        report(f"continuing {path} after epoch {len(state.history)}")
    prepare = _preparation(about)
    validation = images[held], labels[held]
    images, labels = images[rows], labels[rows]
    if len(state.history) < recipe.epochs:
        report(f"training {model} on {len(images):,} images up to epoch {recipe.epochs}; {len(held):,} more are held out for validation")

    def save(state):
        if len(state.history) in keep:      # before the checkpoint: a run that is stopped here does this epoch again
            checkpoints.save_checkpoint(epoch_file(out, len(state.history)), state, about)
        checkpoints.save_checkpoint(path, state, about)

    for state in training.train(state, images, labels, validation, prepare=prepare, recipe=recipe, progress=progress, save=save):
        if progress:
            progress("")
        row = state.history[-1]
        report(f"epoch {row['epoch']:2}  loss {row['loss']:.3f}  accuracy: training {row['train_accuracy']:.1%}, "
               f"validation {row['validation_accuracy']:.1%}  rate {row['rate']:g}")
    return Run(state.net, prepare, tuple(classes), state.history, about["settings"])


def epoch_file(folder, epoch):
    """Where train_run keeps the checkpoint after one of the epochs in `keep`."""
    return Path(folder) / f"epoch-{epoch:03}.npz"


def load_run(folder):
    """Read the run in `folder` (or its checkpoint.npz). Raises FileNotFoundError or ValueError naming the file."""
    path = Path(folder)
    path = path / "checkpoint.npz" if path.is_dir() else path
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: {folder} holds no trained net; make one with: numpyzf train --out {folder}")
    state, about = checkpoints.load_checkpoint(path, _build)
    return Run(state.net, _preparation(about), tuple(about["settings"]["classes"]), state.history, about["settings"])


def release(folder, path, *, name, test_accuracy):
    """Write the run in `folder` as a small file to give away: parameters as float16, no momentum. `pretrained` reads it.

    name: of its data set, in place of where the images lay. test_accuracy: 0 … 1, as measured; both are kept in `about`.
    """
    run = load_run(folder)
    arrays = {f"parameter/{key}": value.astype(np.float16) for key, value in run.net.parameters.items()}
    settings = run.settings | {"data": name, "folder": None, "test accuracy": test_accuracy}
    about = {"settings": settings, "scale": run.prepare.scale, "pad": run.prepare.pad}
    checkpoints.write_npz(path, arrays | {"mean": run.prepare.mean.astype(np.float16), "info": np.array(json.dumps([about, run.history]))})


def pretrained(path=PRETRAINED):
    """The net that comes with numpyzf, trained on CIFAR-10 (10 classes of animals and vehicles, 32×32, color); or another released one.

    It names 81.5 % of the 10,000 test images correctly. It was made, from a copy of CIFAR-10 saved as JPEG files, by

        numpyzf train --data cifar10 --out RUN --middle 96,96,64 --epochs 40 --batch 64 --pad 3 --flip --patience 3 --factor 0.3 --settle 5

    and `release`; the images themselves are not in the package. Returns a Run. Raises FileNotFoundError or ValueError naming the file.

    >>> run = pretrained()
    >>> run.net.input_shape, run.classes[:3], sum(value.size for value in run.net.parameters.values())
    ((3, 32, 32), ('airplane', 'automobile', 'bird'), 551610)
    """
    arrays = {key: value.astype(np.float32) if value.dtype == np.float16 else value for key, value in checkpoints.read_npz(path).items()}
    try:
        about, history = json.loads(str(arrays["info"]))
        about["mean"] = arrays["mean"]
        net = _build(about)
        net.load_parameters({key.partition("/")[2]: value for key, value in arrays.items() if key.startswith("parameter/")})
        return Run(net, _preparation(about), tuple(about["settings"]["classes"]), history, about["settings"])
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"{path} is no net that `release` wrote, or it is damaged: {error}") from None


def run_data(run, split="test"):
    """The images the run belongs to: data.load with its own settings. Returns a data.Dataset; ValueError if it was given as arrays."""
    settings = run.settings
    if settings["data"] is None:
        raise ValueError("this run was trained on arrays, which no data set's name leads back to; pass the images themselves")
    return datasets.load(settings["data"], split, folder=settings["folder"], size=settings["size"])


def _build(about):
    settings = about["settings"]
    if settings["model"] not in MODELS:
        raise ValueError(f"its model is {settings['model']!r}; the models are {', '.join(MODELS)}")
    net = MODELS[settings["model"]](tuple(settings["input"]), len(settings["classes"]), **settings.get("variant", {}))
    if list(net.input_shape) != settings["input"] or _preparation(about).mean.shape[0] != net.input_shape[0]:
        raise ValueError(f"{settings['model']} takes images of shape {net.input_shape}, not {tuple(settings['input'])}")
    return net


def _preparation(about):
    return Preparation(about["mean"], about["scale"], about["settings"]["input"][1], about["pad"], about["settings"]["flip"])


def _without_epochs(recipe):
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in recipe._asdict().items()}   # as JSON has it
    return {key: value for key, value in values.items() if key != "epochs"}


def _deviation(images, mean, rows=1000):
    sample = images[::max(1, len(images) // rows)]
    return float(np.sqrt(np.mean(np.square(sample - mean, dtype=np.float64)))) or 1.0
