"""A run, read from its folder; and nets to give away."""
import json
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import checkpoints, checks, data as datasets, models
from ..data.preprocess import Preparation
from ..network import Network

MODELS = {"labnet": models.labnet, "zfnet": models.zfnet}
INPUT_SHAPES = {"zfnet": (3, 224, 224)}     # of models that take one shape
PRETRAINED = Path(datasets.embedded.__file__).parent / "labnet-cifar10.npz"


class Run(NamedTuple):
    """A trained net and what belongs to it."""
    net: Network
    prepare: Preparation        # makes the net's input of images
    classes: tuple              # names, in the order of the scores
    history: list = ()          # one dictionary per epoch, see training.train
    settings: dict = {}         # "data", "model", "seed" …: how it was trained


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
    state, about = checkpoints.load_checkpoint(path, build)
    return run_of(state, about)


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


def build(about):
    """The net that a checkpoint's `about` describes, still without its parameters."""
    settings = about["settings"]
    model, shape = settings["model"], tuple(settings["input"])
    if model not in MODELS:
        raise ValueError(f"its model is {model!r}; the models are {', '.join(MODELS)}")
    if shape != INPUT_SHAPES.get(model, shape):
        raise ValueError(f"{model} takes images of shape {INPUT_SHAPES[model]}, not {shape}")
    channels = preparation(about).mean.shape[0]
    if channels != shape[0]:
        raise ValueError(f"its mean image has {channels} channels, its net's input {shape[0]}")
    return MODELS[model](len(settings["classes"]), input_shape=shape,
                         **settings.get("variant", {}))


def preparation(about):
    """How images become the net's input, by a checkpoint's `about`."""
    settings = about["settings"]
    return Preparation(about["mean"], about["scale"], settings["input"][1], about["pad"],
                       settings["flip"])


def run_of(state, about):
    """The Run of what a checkpoint holds."""
    settings = about["settings"]
    return Run(state.net, preparation(about), tuple(settings["classes"]), state.history, settings)


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
        net = build(about)
        net.load_parameters(checkpoints.arrays_under(arrays, "parameter/"))
        settings = about["settings"]
        return Run(net, preparation(about), tuple(settings["classes"]), history, settings)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"{path} is no net that `release` wrote, or it is damaged: "
                         f"{error}") from None
