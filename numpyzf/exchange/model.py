"""A model file as a Run, and a run as a model file: a net to take along.

An ONNX file doesn't say how an image becomes an input, nor what the scores are of. That stands in a
JSON file beside it, MODEL.json for MODEL.onnx, or is given; what nobody says is assumed, and told.

    {"size": 227, "channels": "BGR", "mean": [103.9, 116.8, 123.7], "scale": 1,
     "names": ["tench", "goldfish", …]}

size: the middle square of an image is made this large, in pixels; where the net's input is smaller,
it is the middle of that. A model that leaves the size of its images open gets it as well.
channels: what the input has for channels: "RGB", "BGR" or "gray".
mean: what is taken from the pixels, 0 … 255: a number, a list of one per channel in their order, or
an image as lists of lists of lists (C, size, size).
scale: what the difference is then divided by: a number, or one per channel.
names: of the classes, in the order of the scores.
"""
import copy
import json
from pathlib import Path

import numpy as np

from .. import checks, runs, texts
from ..data.preprocess import Preparation
from ..files import replacing
from ..general.layers import Softmax
from ..layers import Conv, Flatten
from ..network import Network
from .read import read_onnx
from .write import write_onnx

SQUEEZENET = Path(__file__).parent.parent / "data" / "embedded" / "squeezenet.onnx"
KEYS = ("size", "channels", "mean", "scale", "names")
# What most ImageNet networks of PyTorch take, on the scale of bytes.
USUAL_MEAN, USUAL_SCALE = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
MOST_NBYTES = 64 << 20      # of the JSON file


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
    net = _scores(_read(path, given.get("size"), told.get("size")), path)
    C, H, W = net.input_shape
    if H != W or C not in (1, 3):
        raise ValueError(f"{path}: its images are {C}×{H}×{W}; only square ones of 3 channels, or "
                         "1 if gray, can be prepared: for another size say which with size")
    usual = {"size": H, "channels": "RGB", "mean": USUAL_MEAN, "scale": USUAL_SCALE, "names": None}
    if C == 1:
        usual |= {"channels": "gray", "mean": 0, "scale": 255}
    about = usual | told | given
    checks.one_of(f"{path}: channels", about["channels"], ("gray",) if C == 1 else ("RGB", "BGR"))
    side = checks.integer(f"{path}: size", about["size"], H)
    mean = _numbers("mean", about["mean"], (C, side, side), path)
    scale = _numbers("scale", about["scale"], (C, 1, 1), path)
    if not (scale > 0).all():
        raise ValueError(f"{path}: scale must be positive, not {about['scale']!r}")
    if about["channels"] == "BGR":
        _take_rgb(net, path)
        mean, scale = mean[::-1], scale[::-1]
    prepare = Preparation(np.ascontiguousarray(mean), np.ascontiguousarray(scale), H, 0, False)
    settings = {"data": None, "folder": None, "size": side, "model": path.name,
                "assumed": [_source(key, told, given, path, C) for key in KEYS]}
    if "names" in told and "names" not in given:
        settings["names in"] = str(_json_of(path))
    return runs.Run(net, prepare, _names(about["names"], net, path), [], settings)


COME_ALONG = {"squeezenet": load_model, "labnet-cifar10": runs.pretrained}


def open_net(net, **given):
    """A trained net by what the command line calls it.

    net: a run's folder, a checkpoint in it, an ONNX file, or a name in COME_ALONG.
    given: of an ONNX file, what load_model takes.
    Returns a runs.Run, and what pictures and files call it: its folder, and its epoch if that was
    asked; or its file's name. Raises FileNotFoundError or ValueError naming what can't be read.
    """
    if is_model(net):
        return load_model(net, **given), Path(net).stem
    if given:
        raise ValueError(f"--{next(iter(given))} is for ONNX files; {net} knows how its images are "
                         "prepared")
    if net in COME_ALONG and not Path(net).exists():
        return COME_ALONG[net](), net
    run, path = runs.load_run(net), Path(net).resolve()
    if path.is_dir():
        return run, path.name
    return run, path.parent.name if path.stem == "checkpoint" else f"{path.parent.name}-{path.stem}"


def place_of(net):
    """Where a net's pictures go: its folder, or that of its checkpoint or its model file."""
    return Path(net) if Path(net).is_dir() else Path(net).parent


def export(run, path, *, weights="float32"):
    """Write a run as an ONNX file and its JSON file.

    run: a runs.Run.
    path: the ONNX file, whose name ends in .onnx.
    weights: "float32", or "float16" for half the size, see write_onnx.
    Returns the Path of the JSON file. Raises ValueError for another ending, OSError naming the
    file.
    """
    path = checks.path("path", path)
    if not is_model(path):
        raise ValueError(f"{path}: the name of a model file ends in .onnx")
    channels, size, _ = run.prepare.mean.shape
    about = {"size": size, "channels": "gray" if channels == 1 else "RGB",
             "mean": _decimals(run.prepare.mean), "scale": _decimals(run.prepare.scale),
             "names": [*run.classes]}
    write_onnx(run.net, path, weights=weights)
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in about.items()]
    with replacing(_json_of(path)) as file:
        file.write(("{\n" + ",\n".join(lines) + "\n}\n").encode())
    return _json_of(path)


def _decimals(values):
    """A number or an array as JSON has them, of an array with one number per channel just these.

    Each is the shortest decimal that is this float32: 0.1, and not 0.10000000149011612.
    """
    values = np.asarray(values, np.float32)
    if values.ndim == 3 and (values == values[:, :1, :1]).all():
        values = values[:, 0, 0]
    numbers = np.array([float(str(value)) for value in values.ravel()])
    return numbers.reshape(values.shape).tolist()


def _read(path, size, prepared):
    """The net of a file, for images of `size`; or as the file says, or of `prepared` pixels."""
    if size is not None or prepared is None:
        return read_onnx(path, size=size, fold_norms=True)
    try:
        return read_onnx(path, fold_norms=True)
    except ValueError:          # it leaves the size open; if it is something else, that comes again
        return read_onnx(path, size=prepared, fold_norms=True)


def _source(key, told, given, path, channels):
    """Where a setting is from, in words."""
    if key in given:
        return f"{key} as given"
    if key in told:
        return f"{key} from {_json_of(path).name}"
    if key in ("mean", "scale"):
        usual = "ImageNet's" if channels == 3 else {"mean": "0", "scale": "255"}[key]
        return f"{key} assumed to be {usual}"
    return {"size": "size from the file", "names": "classes as numbers",
            "channels": f"channels {'gray' if channels == 1 else 'RGB'} assumed"}[key]


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


def _numbers(key, values, shape, path):
    """A number, one per channel, or all of `shape` (C, H, W), as a float32 array of that shape."""
    try:
        numbers = np.asarray(values, np.float32)
    except (ValueError, TypeError):
        numbers = np.full((), np.nan)
    if numbers.shape == shape[:1]:
        numbers = numbers.reshape(-1, 1, 1)                     # (C,) -> (C, 1, 1)
    if numbers.shape not in ((), (shape[0], 1, 1), shape) or not np.isfinite(numbers).all():
        raise ValueError(f"{path}: {key} must be a number, {shape[0]} of them, or "
                         f"{'×'.join(map(str, shape))}, not {str(values)[:80]}")
    return np.broadcast_to(numbers, shape)


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
