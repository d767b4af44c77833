"""A model file as a Run: a net, what its input is made of, and its classes' names.

A model file says nothing of these. They stand in a JSON file beside it, MODEL.json for MODEL.onnx,
or are given; what nobody gives is assumed, and told.

    {"size": 227, "channels": "BGR", "mean": [103.9, 116.8, 123.7], "scale": 1,
     "names": ["tench", "goldfish", …]}

size: side of the net's input in pixels; only where the model leaves it open.
channels: the order of the net's three input channels, "RGB" or "BGR".
mean, scale: numbers on the scale of bytes, 0 … 255, one or one per channel in the net's order: the
net's input is (pixels − mean) / scale.
names: of the classes, in the order of the scores.
"""
import copy
import json
from pathlib import Path

import numpy as np

from .. import checks, texts
from ..data.preprocess import Preparation
from ..general.layers import Softmax
from ..layers import Conv, Flatten
from ..network import Network
from ..runs import Run
from .read import read_onnx

SQUEEZENET = Path(__file__).parent.parent / "data" / "embedded" / "squeezenet.onnx"
KEYS = ("size", "channels", "mean", "scale", "names")
# What PyTorch's and most other ImageNet networks take, on the scale of bytes.
USUAL_MEAN, USUAL_SCALE = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
MOST_NBYTES = 16 << 20      # of the JSON file


def is_model(path):
    """Whether a path is that of a model file, by its name."""
    return Path(path).suffix.lower() == ".onnx"


def load_model(path=SQUEEZENET, *, size=None, channels=None, mean=None, scale=None, names=None):
    """Read a model file as a Run, with which explain, features and the paper's items work.

    path: an ONNX file; the SqueezeNet v1.1 that comes with numpyzf if not given.
    size, channels, mean, scale, names: see this module's head. What is given here counts, else what
    stands in the JSON file beside the model, else what is usual.

    The Run's net ends before a final softmax, at the scores, and takes RGB: if the model's takes
    BGR, its first filters are turned around. Batch normalizations are put into the convolutions
    before them. settings["assumed"] tells in lines where everything is from.

    Raises FileNotFoundError, or ValueError naming the file and what is wrong.

    >>> run = load_model()
    >>> run.net.input_shape, run.classes[207]
    ((3, 227, 227), 'golden retriever')
    """
    path = checks.path("path", path)
    given = {key: value for key, value in zip(KEYS, (size, channels, mean, scale, names))
             if value is not None}
    told = _beside(path)
    about, assumed = told | given, []
    net = _scores(read_onnx(path, size=about.get("size"), fold_norms=True), path)
    C, H, W = net.input_shape
    if H != W:
        raise ValueError(f"{path}: its images are {H}×{W}; only square ones can be prepared: say "
                         "which with size")
    if C not in (1, 3):
        raise ValueError(f"{path}: its images have {C} channels; pictures have 3, or 1 if gray")
    for key, usual, words in (
            ("channels", "RGB", "channels: RGB"),
            ("mean", USUAL_MEAN if C == 3 else 0, "mean: ImageNet's, as in most networks"),
            ("scale", USUAL_SCALE if C == 3 else 255, "scale: ImageNet's deviation"),
            ("names", None, "names: none, so classes are numbers")):
        if key in given:
            assumed.append(f"{key}: as given")
        elif key in told:
            assumed.append(f"{key}: from {_json_of(path).name}")
        else:
            about[key] = usual
            assumed.append(words if C == 3 or key not in ("mean", "scale")
                           else f"{key}: {usual}")
    classes = _names(about["names"], net, path)
    mean, scale = (_per_channel(key, about[key], C, path) for key in ("mean", "scale"))
    if not (scale > 0).all():
        raise ValueError(f"{path}: scale must be positive, not {about['scale']!r}")
    if checks.one_of("channels", about["channels"], ("RGB", "BGR")) == "BGR":
        _take_rgb(net, path)
        mean, scale = mean[::-1], scale[::-1]
    mean = np.ascontiguousarray(np.broadcast_to(mean, (C, H, W)), np.float32)
    prepare = Preparation(mean, np.ascontiguousarray(scale), H, 0, False)
    settings = {"data": None, "folder": None, "size": H, "model": path.name, "assumed": assumed}
    return Run(net, prepare, classes, [], settings)


def _json_of(path):
    return path.with_suffix(".json")


def _beside(path):
    """What the JSON file beside a model says, a dictionary; empty without one."""
    path = _json_of(path)
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > MOST_NBYTES:
            raise ValueError(f"it has more than {MOST_NBYTES >> 20} MB")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} can't be read as JSON: {texts.clean(error)}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path} must hold an object with some of the keys {', '.join(KEYS)}")
    unknown = [key for key in found if key not in KEYS]
    if unknown:
        raise ValueError(f"{path} has the unknown {'keys' if len(unknown) > 1 else 'key'} "
                         f"{texts.listed(unknown)}; it takes {', '.join(KEYS)}")
    return found


def _scores(net, path):
    """The same net, ending at scores (N, classes): without a final softmax, and flat."""
    layers = [(name, layer, net.inputs[name]) for name, layer in net.layers.items()]
    while isinstance(layers[-1][1], (Softmax, Flatten)):        # a softmax may have been flattened
        if isinstance(layers.pop()[1], Softmax):
            break
    last = layers[-1][0]
    shape = net.shapes[last]
    if len(shape) == 3 and shape[1:] == (1, 1):
        layers.append((f"{last}.flat", Flatten(), last))
    elif len(shape) != 1:
        raise ValueError(f"{path}: its last layer, {last}, gives {shape}, not one score per class")
    return Network(layers, net.input_shape)


def _names(names, net, path):
    """The classes' names, as many as the net has scores."""
    (count,) = net.shapes[[*net.layers][-1]]
    if names is None:
        return tuple(f"class {number}" for number in range(count))
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{path}: names must be a list of strings")
    if len(names) != count:
        raise ValueError(f"{path}: names has {len(names)} names, but the net has {count} scores")
    return tuple(names)


def _per_channel(key, values, channels, path):
    """One number, or one per channel: float32 (C, 1, 1)."""
    try:
        numbers = np.asarray(values, np.float32)
    except (ValueError, TypeError):
        numbers = np.full(0, np.nan)
    if numbers.shape not in ((), (channels,)) or not np.isfinite(numbers).all():
        raise ValueError(f"{path}: {key} must be a number, or {channels} of them, not {values!r}")
    return np.ascontiguousarray(np.broadcast_to(numbers, (channels,))).reshape(-1, 1, 1)


def _take_rgb(net, path):
    """Turn the first filters around, in place, so that a net that takes BGR takes RGB."""
    for name, inputs in net.inputs.items():
        if "input" not in inputs:
            continue
        layer = net.layers[name]
        if not isinstance(layer, Conv) or layer.params["w"].shape[1] != 3:
            raise ValueError(f"{path}: its first layer, {name}, is a {layer}: only a model that "
                             "begins with a convolution can be given BGR images")
        net.layers[name] = layer = copy.copy(layer)
        turned = np.ascontiguousarray(layer.params["w"][:, ::-1])
        layer.params = layer.params | {"w": turned}
