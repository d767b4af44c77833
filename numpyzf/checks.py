"""The checks of arguments, each with its message, written once.

Most return what they checked, as the caller needs it: a C-contiguous array, Python's integers.
They raise a TypeError for a wrong type or dtype and a ValueError for a wrong shape or value. The
message names the argument, says what came and what was expected, and, where there is one, the way
out. What is checked about uint8 images stands in data/preprocess.py, about files in data/image.py
and checkpoints.py.
"""
import os
from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path

import numpy as np

MOST_SIDE = 4096        # of a window, a stride or a padding: memory grows with its square
FARTHEST = 1 << 31      # of a box from its map: kernels count in int64, whose sums stay small so
MOST_CLASSES = 1 << 16
MOST_WEIGHT = 1_000_000     # of a loss: gradients are squared, and float32 ends at 3e38

# ---- numbers -----------------------------------------------------------------------------------

def integer(name, value, least=None, most=None, hint=""):
    """`value` as Python's int; bools, floats and strings are refused. `hint` ends the message."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}{hint}")
    if most is not None and not least <= value <= most:
        raise ValueError(f"{name} must lie between {least} and {most}, not {value}")
    if least is not None and value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")
    return int(value)


def window(size, stride, pad):
    """(size, stride, pad) as Python's integers: NumPy's small and unsigned ones overflow."""
    for name, value, least in (("size", size, 1), ("stride", stride, 1), ("pad", pad, 0)):
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise TypeError(f"{name} must be an integer (windows are square), not {value!r}")
        if value < least:
            raise ValueError(f"{name} must be at least {least}, not {value}")
        if value > MOST_SIDE:
            raise ValueError(f"{name} must be at most {MOST_SIDE}, not {value}")
    return int(size), int(stride), int(pad)


def one_of(name, value, words):
    """One of some words."""
    if value not in words:
        raise ValueError(f"{name} must be {' or '.join(map(repr, words))}, not {value!r}")
    return value


def pair(name, values):
    """(H, W) as Python's integers."""
    if np.shape(values) != (2,) or np.asarray(values).dtype.kind not in "iu":
        raise ValueError(f"{name} must be (H, W), the size of the input to make, not {values!r}")
    return int(values[0]), int(values[1])


def rate(value):
    """A share of values to drop, in [0, 1)."""
    if not isinstance(value, Real):
        raise TypeError(f"rate must be a number in [0, 1), not {value!r}")
    if not 0 <= value < 1:
        raise ValueError(f"rate must lie in [0, 1), not {value}")
    return value


def generator(name, rng, hint=""):
    """`rng` itself, if it is a numpy.random.Generator. `hint` ends the message."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"{name} must be a numpy.random.Generator, such as "
                        f"numpy.random.default_rng(0), not {rng!r}{hint}")
    return rng


def norm(size, alpha, beta, k):
    """The size of a contrast normalization; k and alpha, which keep its strengths positive."""
    size, _, _ = window(size, 1, 0)
    for name, value in (("alpha", alpha), ("beta", beta), ("k", k)):
        if not isinstance(value, Real):
            raise TypeError(f"{name} must be a number, not {value!r}")
    if not (k > 0 and alpha >= 0):
        raise ValueError("contrast normalization needs k > 0 and alpha ≥ 0, not "
                         f"k={k}, alpha={alpha}")
    return size


def positive(**values):
    """Numbers that must be positive."""
    for name, value in values.items():
        if not isinstance(value, Real):
            raise TypeError(f"{name} must be a number, not {value!r}")
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be positive, not {value}")


def finite(name, value):
    """A number that is neither infinite nor NaN, as Python's float."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not np.isfinite(value):
        raise ValueError(f"{name} must be a finite number, not {value}")
    return float(value)


def weight(name, value):
    """A number by which a loss counts, 0 … MOST_WEIGHT, as Python's float."""
    value = finite(name, value)
    if not 0 <= value <= MOST_WEIGHT:
        raise ValueError(f"{name} must be a weight of 0 to {MOST_WEIGHT:,}, not {value:g}")
    return value


def path(name, value):
    """The Path of a file or folder; ~ is the home folder, as in a shell."""
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{name} must be a path, not {type(value).__name__}")
    if not os.fspath(value):    # a shell's variable that isn't set; it would be this folder
        raise ValueError(f"{name} is empty; it must be a path")
    return Path(os.path.expanduser(value))


def writable_folder(folder):
    """Raise OSError if a folder can neither be written to nor be made."""
    folder = Path(folder).absolute()
    # os.path: Path.exists raises where a folder above may not be looked into
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise OSError(f"{folder} can't be written to, as {there} is no folder that can; choose "
                      "another one")


# ---- arrays ------------------------------------------------------------------------------------

def array(name, values, axes=None, *, like=None, shape=None, why=""):
    """`values`, C-contiguous, if it is a float32 or float64 array.

    axes: letters, one per axis, such as "NCHW"; None for any number of axes.
    like: the dtype it must have, that of the other arrays.
    shape, why: the shape it must have, and why.
    """
    if not isinstance(values, np.ndarray) or isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a NumPy array, not {type(values).__name__}")
    if values.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name} must be float32 or float64, not {values.dtype}; "
                        f"convert it with {name}.astype(np.{like or 'float32'})")
    if axes is not None and values.ndim != len(axes):
        raise ValueError(f"{name} must have {len(axes)} axes ({axes}), not {values.ndim}: "
                         f"shape {values.shape}")
    if like is not None and values.dtype != like:
        raise TypeError(f"{name} is {values.dtype}, but the other arrays of this call are {like}; "
                        f"convert it with {name}.astype(np.{like})")
    if axes == "FCKK" and (values.shape[2] != values.shape[3] or 0 in values.shape):
        raise ValueError(f"{name} must hold square filters (F, C, K, K), one at least, "
                         f"not {values.shape}")
    if shape is not None and values.shape != tuple(shape):
        raise ValueError(f"{name} has shape {values.shape}, expected {tuple(shape)}: {why}")
    return values if values.flags.c_contiguous else np.ascontiguousarray(values)


def masked(dy, mask, boolean=True):
    """dy and a mask, of one shape: the boolean array of relu_forward, or dropout_forward's."""
    dtype = getattr(mask, "dtype", type(mask).__name__)
    if boolean and dtype != bool:
        raise TypeError(f"mask must be the boolean array of relu_forward, not {dtype}")
    if not boolean:
        mask = array("mask", mask)
    dy = array("dy", dy, like=None if boolean else dtype, shape=mask.shape, why="that of the mask")
    return dy, np.ascontiguousarray(mask)


def weighted(x, x_axes, w, w_axes, b):
    """x (N, C, …), weights w (F, C, …) and biases b (F,) that fit together."""
    w = array("w", w, w_axes)
    x = array("x", x, x_axes, like=w.dtype)
    b = array("b", b, w_axes[0], like=w.dtype, shape=w.shape[:1],
              why="one bias per output; the arguments are x, w, b, in this order")
    if x.shape[1] != w.shape[1]:
        kind = "channels" if x.ndim == 4 else "features"
        raise ValueError(f"x has {x.shape[1]} {kind} (shape {x.shape}), "
                         f"the weights w take {w.shape[1]} (shape {w.shape})")
    return x, w, b


def features(r, w):
    """r (N, O) and weights w (O, I) that fit together."""
    w = array("w", w, "OI")
    return array("r", r, "NO", like=w.dtype, shape=(*np.shape(r)[:1], len(w)),
                 why="one per row of w"), w


def switches(r, found):
    """r (N, C, OH, OW) and the index of its Switches, which points into an input (N, C, H, W)."""
    index, x_shape = getattr(found, "index", None), getattr(found, "x_shape", None)
    if x_shape is None or not isinstance(index, np.ndarray) or index.dtype.kind not in "iu":
        raise TypeError("switches must be the Switches of max_pool_forward, with integers, "
                        f"not {type(found).__name__}")
    if len(x_shape) != 4 or not all(isinstance(n, Integral) and n >= 0 for n in x_shape):
        raise ValueError(f"switches must have x_shape (N, C, H, W), not {x_shape}")
    r = array("r", r, "NCHW", shape=index.shape, why="one value per switch")
    N, C, H, W = x_shape
    if r.shape[:2] != (N, C):
        raise ValueError(f"r has shape {r.shape}, expected {(N, C, *r.shape[2:])}: "
                         f"the switches belong to an input of shape {x_shape}")
    if r.size and not 0 <= index.min() <= index.max() < H * W:
        raise ValueError(f"switches point outside their {H}×{W} input: "
                         f"{index.min()} … {index.max()}")
    return r, np.ascontiguousarray(index, np.int32)


def labels(scores, values):
    """scores (N, classes), and labels (N,), integers that count the classes from 0."""
    scores, values = array("scores", scores, "NK"), np.asarray(values)
    N, classes = scores.shape
    if values.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers, not {values.dtype}")
    if values.shape != (N,):
        raise ValueError(f"labels has shape {values.shape}, expected {(N,)}: "
                         "one label per row of scores")
    if N == 0 or classes == 0:
        raise ValueError(f"scores has shape {scores.shape}: it takes one image and one class "
                         "at least to have a mean loss")
    wrong = np.flatnonzero((values < 0) | (values >= classes))
    if len(wrong):
        raise ValueError(f"labels[{wrong[0]}] is {values[wrong[0]]}, but there are {classes} "
                         f"classes: 0 … {classes - 1}")
    return scores, values


def same_shape(name, values, other_name, others):
    """Two arrays of one shape."""
    if np.shape(values) != np.shape(others):
        raise ValueError(f"{name} has shape {np.shape(values)}, "
                         f"but {other_name} has shape {np.shape(others)}")


def integers(name, values, shape, start, stop):
    """`values` as contiguous int64: integers of this shape from start to stop − 1."""
    values = np.asarray(values)
    if values.shape != shape:
        raise ValueError(f"{name} must be integers of shape {shape}, not of {values.shape}")
    if values.size and values.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, not {values.dtype}")
    if values.size and not start <= values.min() <= values.max() < stop:
        raise ValueError(f"{name} must lie between {start} and {stop - 1}, "
                         f"not {values.min()} … {values.max()}")
    return np.ascontiguousarray(values, np.int64)


def boxes(name, values, corners):
    """Boxes or maps (M, C, h, w), with their corners (M, 2) as contiguous int64; None for none."""
    plain = isinstance(values, np.ndarray) and not isinstance(values, np.ma.MaskedArray)
    known = plain and (values.dtype.kind in "biu" or values.dtype in (np.float32, np.float64))
    if not known or values.ndim != 4 or not values.dtype.isnative:
        found = f"{values.dtype} {values.shape}" if plain else type(values).__name__
        raise TypeError(f"{name} must be a NumPy array of numbers with four axes, not {found}")
    if corners is None:
        return values, None
    return values, integers("corners", corners, (len(values), 2), -FARTHEST, FARTHEST)


def float64(name, values):
    """A float64 array, for a check of gradients."""
    if not isinstance(values, np.ndarray) or values.dtype != np.float64:
        kind = getattr(values, "dtype", type(values).__name__)
        raise TypeError(f"{name} must be a float64 array, not {kind}: anything coarser drowns the "
                        "differences in rounding; convert it, and all parameters, "
                        "with .astype(np.float64)")


def result(name, values, shape):
    """What a function under test returned, as a finite float64 array; else AssertionError."""
    values = np.asarray(values)
    if values.shape != shape:
        raise AssertionError(f"{name} has shape {values.shape}, expected {shape}")
    if values.dtype != np.float64:
        raise AssertionError(f"{name} is {values.dtype}, expected float64, like its input")
    if not np.isfinite(values).all():
        raise AssertionError(f"{name} has {np.sum(~np.isfinite(values))} values that are not "
                             "finite (NaN or infinity)")
    return values


# ---- training ------------------------------------------------------------------------------------

def recipe(values):
    """A training.Recipe whose values are possible."""
    for name, least in (("epochs", 1), ("batch", 1), ("patience", 1), ("settle", 0)):
        integer(name, getattr(values, name), least)
    positive(rate=values.rate, radius=values.radius)
    for name in ("momentum", "factor"):
        if not isinstance(getattr(values, name), Real):
            raise TypeError(f"{name} must be a number, not {getattr(values, name)!r}")
        if not 0 <= getattr(values, name) <= 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {getattr(values, name)}")


def training_data(net, images, labels, validation, recipe):
    """As many labels as images, some of both; names of layers to renormalize and not to train.

    Returns the labels, and the validation's (images, labels), as arrays.
    """
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError(f"validation must be (images, labels), not {type(validation).__name__}")
    if not len(images) == len(labels) > 0:
        raise ValueError("training needs one label per image and at least one image, "
                         f"not {len(images)} images, {len(labels)} labels")
    if not len(validation[0]) == len(validation[1]) > 0:
        raise ValueError("validation needs images and as many labels, "
                         f"not {len(validation[0])} images, {len(validation[1])} labels")
    labels = one_label_each("labels", labels, len(images))
    held_out = one_label_each("the validation labels", validation[1], len(validation[0]))
    for name, kind, words in (("renormalize", "convolutions", net.convolutions),
                              ("frozen", "layers", net.layers)):
        values = getattr(recipe, name) or ()
        if isinstance(values, str) or not np.iterable(values) or not set(values) <= set(words):
            raise ValueError(f"{name} must list {kind}, of {', '.join(words)}, not {values!r}")
    return labels, (validation[0], held_out)


def dataset(images, labels, classes):
    """Images, labels and classes to train on, as they came: C-contiguous, an array, a tuple.

    images: uint8 (N, C, H, W), squares.
    labels: N integers that count the classes from 0.
    classes: a list or tuple of names.
    """
    if not isinstance(images, np.ndarray):
        raise TypeError("images must be a NumPy array (N, C, H, W), "
                        f"not {type(images).__name__}")
    if images.dtype != np.uint8:
        raise TypeError(f"images must be uint8, 0 … 255, not {images.dtype}; of values 0 … 1, "
                        "(images * 255).round().astype(np.uint8) makes them so")
    if images.ndim != 4 or 0 in images.shape[1:]:
        hint = "; of gray ones, (N, H, W), say images[:, None]" if images.ndim == 3 else ""
        raise ValueError("images must be (N, C, H, W) with one channel and one pixel at least, "
                         f"not {images.shape}{hint}")
    height, width = images.shape[2:]
    if height != width:
        hint = "cut or pad them"
        if images.shape[1] == height and width in (1, 3, 4):
            hint += "; if their axes are (N, H, W, C), say images.transpose(0, 3, 1, 2)"
        raise ValueError(f"images must be squares, (N, C, H, H), not {images.shape}: {hint}")
    if not isinstance(classes, (list, tuple, np.ndarray)):
        raise TypeError(f"classes must be a list or tuple of names, not {classes!r}")
    labels = one_label_each("labels", labels, len(images))
    wrong = np.flatnonzero((labels < 0) | (labels >= len(classes)))
    if len(wrong):
        raise ValueError(f"labels[{wrong[0]}] is {labels[wrong[0]]}, but they count the "
                         f"{len(classes)} classes from 0: 0 … {len(classes) - 1}")
    return np.ascontiguousarray(images), np.ascontiguousarray(labels), tuple(classes)


def one_label_each(name, values, count):
    """Labels of `count` images, one at least, as an array: one integer for each."""
    values = np.asarray(values)
    if not count:
        raise ValueError(f"there are no images for {name}: it takes one at least")
    if values.shape != (count,):
        hint = ""
        if values.ndim == 2 and len(values) == count:
            way = "ravel()" if values.shape[1] == 1 else "argmax(axis=1), for one-hot rows,"
            hint = f"; labels.{way} makes them so"
        raise ValueError(f"{name} must be ({count},), one per image, not {values.shape}{hint}")
    if values.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers that count the classes from 0, "
                        f"not {values.dtype}")
    return values


def diverged(what, rate):
    """The error of a training whose numbers have grown without end."""
    return ValueError(f"{what}: training has diverged; start again with a lower rate than {rate:g}")


def seedable(rng):
    """A generator whose state a checkpoint can hold."""
    generator("rng", rng)
    if not isinstance(rng.bit_generator, np.random.PCG64):
        raise ValueError("rng must be as numpy.random.default_rng makes it (PCG64), to be saved, "
                         f"not {rng}")


# ---- networks ----------------------------------------------------------------------------------

def network(layers, input_shape):
    """The arguments of a Network: {name: layer}, {name: tuple of inputs}, (C, H, W) of ints.

    layers: a list of (name, layer) and (name, layer, inputs), or {name: layer}.
    """
    layers = list(layers.items()) if isinstance(layers, dict) else layers
    entries = isinstance(layers, (list, tuple)) and layers
    if not entries or any(not isinstance(entry, tuple) or len(entry) not in (2, 3)
                          for entry in layers):
        raise TypeError("layers must be a list of one entry or more, (name, layer) or "
                        f"(name, layer, inputs), not {layers!r}")
    names = [entry[0] for entry in layers]
    for name, own, *_ in layers:
        if not (isinstance(name, str) and hasattr(own, "output_shape")):
            raise TypeError(f"layer {name}: {own!r} is no layer, see the head of layers.py")
    if len(set(names)) != len(names) or "input" in names:
        raise ValueError(f"layer names must differ from each other and from 'input': {names}")
    if not isinstance(input_shape, (tuple, list)):
        raise TypeError(f"input_shape must be (channels, height, width), not {input_shape!r}")
    inputs, known = {}, ["input"]
    for name, _, *given in layers:
        inputs[name] = inputs_of(name, given[0] if given else known[-1], known)
        known.append(name)
    return ({name: own for name, own, *_ in layers}, inputs,
            tuple(integer("input_shape's axes", axis, 1) for axis in input_shape))


def inputs_of(name, inputs, known):
    """The names of the outputs that a layer takes, a tuple: all of them made before it."""
    inputs = (inputs,) if isinstance(inputs, str) else inputs
    if not isinstance(inputs, (tuple, list)) or not inputs:
        raise TypeError(f"layer {name}: its inputs must be the name of a layer or a tuple of names,"
                        f" not {inputs!r}")
    for below in inputs:
        if below not in known:
            raise ValueError(f"layer {name} takes the output of {below!r}, which isn't among those "
                             f"made before it: {', '.join(known)}")
    return tuple(inputs)


def in_layer(name, error):
    """A TypeError or ValueError that came from a layer, with the layer's name ahead."""
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(f"layer {name}: {error}")


def promised(y, shape):
    """Raises the error of a layer that gives another shape than its output_shape said."""
    found = np.shape(y)[1:]
    raise ValueError(f"its output is {found} for each image, but its output_shape said {shape} "
                     "when the net was made; for another layer at its place make a new Network, of "
                     "a list of layers")


def like_output(dy, trace, name):
    """Raises the error of a gradient dy that isn't of the shape of layer `name`'s output."""
    raise ValueError(f"dy has shape {np.shape(dy)}, but the output of {name} has "
                     f"{trace[name].shape if name != trace.names[-1] else trace.scores.shape}")


def maps(layer, shape, channels=None):
    """The shape of maps (C, H, W) that a layer takes, of as many channels."""
    if len(shape) != 3 or channels not in (None, shape[0]):
        what = "maps" if channels is None else f"{channels} channels"
        raise ValueError(f"{layer} takes {what} (C, H, W), but gets shape {shape}")
    return shape


def working(name, dtype):
    """float32 or float64, as NumPy's dtype."""
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"{name} must be float32 or float64, not {np.dtype(dtype)}: a network "
                        "computes in these. To store one in less, convert the arrays of "
                        "net.parameters")
    return np.dtype(dtype)


def layer(net, name):
    """The name of a layer of the network."""
    if not isinstance(name, str) or name not in net.layers:
        raise ValueError(f"no layer {name!r}; the layers are: {', '.join(net.layers)}")
    return name


def layers(net, values):
    """A sequence of one name of a layer or more, as a list."""
    if isinstance(values, str) or not np.iterable(values):
        raise TypeError("layers must be a sequence of names, such as "
                        f"({values!r},), not {type(values).__name__}")
    values = [layer(net, value) for value in values]
    if not values:
        raise ValueError("layers is empty: it takes one name of a layer at least")
    return values


def reached(trace, name):
    """The name of a layer that a pass went through."""
    if name not in trace.names:
        raise ValueError(f"this pass didn't reach {name}; "
                         f"it went through: {', '.join(trace.names)}")
    return name


def place(row, column, height, width, name):
    """A place of the maps of layer `name`."""
    inside = integer("row", row) in range(height) and integer("column", column) in range(width)
    if not inside:
        raise ValueError(f"unit ({row}, {column}) is outside of {name}, "
                         f"whose maps are {height}×{width}")


def layers_of_maps(name, net, values):
    """A sequence of names of layers whose outputs are maps."""
    if isinstance(values, str):
        raise TypeError(f"{name} must be a sequence of layer names, such as ({values!r},), "
                        "not one string")
    if not np.iterable(values):
        raise TypeError(f"{name} must be a sequence of layer names, not {values!r}")
    values = list(values)
    for value in values:
        if value not in net.layers or len(net.shapes[value]) != 3:
            known = ", ".join(key for key in net.layers if len(net.shapes[key]) == 3)
            raise ValueError(f"{name} names {value!r}, which is no layer with maps; "
                             f"these are: {known}")
    return values


def images(net, x):
    """The input of a network, x (N, C, H, W): of its shape and dtype, finite. One image gets its N.

    Also refuses to run a network whose weights are all zero, since nobody has set them.
    """
    if net.layers.keys() != net.inputs.keys():
        changed = ", ".join(sorted(net.layers.keys() ^ net.inputs.keys()))
        raise ValueError(f"{changed} was put into net.layers or taken out of it: a layer's place "
                         "can be taken by another one; for others make a new Network, of a list")
    x = array("x", x, "NCHW" if np.ndim(x) != len(net.input_shape) else None)
    if x.ndim == len(net.input_shape):
        x = x[None]
    if x.shape[1:] != net.input_shape:
        raise ValueError(f"x has shape {x.shape}, this network takes "
                         f"(N, {', '.join(map(str, net.input_shape))})")
    weights = None                          # those of the first layer that has any that aren't zero
    for own in net.layers.values():
        weights = own.params.get("w", weights)
        if weights is not None and weights.any():
            break
    else:
        if weights is not None:
            raise ValueError("all weights of this network are zero: net.initialize(rng) draws "
                             "them, net.load_parameters(…) copies trained ones in")
    if weights is not None and x.dtype != weights.dtype:
        raise TypeError(f"x is {x.dtype}, this network {weights.dtype}; "
                        f"convert it with x.astype(np.{weights.dtype})")
    if not np.isfinite(x).all():
        n = int(np.flatnonzero(~np.isfinite(x).all(axis=(1, 2, 3)))[0])
        raise ValueError(f"image {n} of x holds NaN or infinite values")
    return x


def model(classes, input_shape, middle, hidden):
    """The arguments that all models take; the first two are easily mixed up."""
    integer("classes", classes, 1, hint="; the shape of the images goes in as input_shape")
    if np.shape(input_shape) != (3,) or np.asarray(input_shape).dtype.kind not in "iu":
        raise ValueError("input_shape must be (channels, height, width), such as (1, 28, 28), "
                         f"not {input_shape!r}")
    if not (isinstance(middle, (tuple, list)) and isinstance(hidden, (tuple, list))
            and 1 <= len(middle) <= 3 and len(hidden) <= 2):
        raise ValueError("middle must be one to three numbers of maps and hidden at most two of "
                         f"features, not {middle!r} and {hidden!r}")


def parameters(own, loaded, layers):
    """The names of parameters to load: those of `own`, of the same shapes, finite.

    layers: names of layers, only their parameters are to load; None for all.
    """
    if not isinstance(loaded, Mapping):
        raise TypeError("parameters must be a dictionary of arrays, as net.parameters, "
                        f"not {type(loaded).__name__}")
    if isinstance(layers, str):
        raise TypeError(f"layers must be a sequence of names, such as ({layers!r},)")
    names = dict.fromkeys([*own, *loaded])
    if layers is not None:
        names = [name for name in own if name.rpartition(".")[0] in layers]
        missing = set(layers) - {name.rpartition(".")[0] for name in names}
        if missing:
            raise ValueError("no layer with parameters has the name "
                             f"{', '.join(map(repr, missing))}")
    for name in names:
        shapes = [np.shape(p[name]) if name in p else "absent" for p in (own, loaded)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"another architecture: parameter {name} is {shapes[0]} in this "
                             f"network, {shapes[1]} in what is loaded")
        value = array(f"parameter {name}", loaded[name])
        if not (np.abs(value) <= np.finfo(own[name].dtype).max).all():
            raise ValueError(f"parameter {name} holds NaN or infinite values")
    return names


def covering(net, image, value):
    """An image (C, H, W) for a network, and what covers it, both as (1, C, H, W).

    value: a number, or numbers (C,) or (C, H, W).
    """
    image, shape = array("image", image, "CHW", like=net.dtype), net.input_shape
    if image.shape != shape:
        raise ValueError(f"image has shape {image.shape}, this network takes {shape}")
    value = np.asarray(value)
    if value.dtype.kind not in "iuf":
        raise TypeError(f"value must hold numbers, not {value.dtype}")
    if value.shape not in ((), shape[:1], shape):
        raise ValueError(f"value has shape {value.shape}; "
                         f"it must be a number, or of shape {shape[:1]} or {shape}")
    if not (np.abs(value) <= np.finfo(net.dtype).max).all():
        raise ValueError(f"value must be finite, as {net.dtype}")
    cover = np.broadcast_to(value.reshape(-1, 1, 1) if value.ndim < 3 else value, shape)
    return image[None], cover.astype(net.dtype)[None]


def places(name, values):
    """A sequence of one or more integers, as int64."""
    values = np.asarray(values)
    if values.ndim != 1 or not len(values) or values.dtype.kind not in "iu":
        raise ValueError(f"{name} must be a sequence of one or more integers, "
                         f"not {values.dtype} of shape {values.shape}")
    return integers(name, values, values.shape, -FARTHEST, FARTHEST)


# ---- units and projections ---------------------------------------------------------------------

def same_layers(net, trace):
    """A trace whose layers are of the network's kinds: else its saved would be misread."""
    if not hasattr(trace, "names"):
        raise TypeError("trace must be what net.forward gave, its arguments in their order, "
                        f"not {type(trace).__name__}")
    for name in trace.names:
        own, other = net.layers.get(name), trace.layers[name]
        if type(own) is not type(other) or own.window != other.window:
            raise ValueError(f"the trace is of another network: its {name} is {other!r}, "
                             f"this network's {own!r}")


def projection(net, trace, name, rule, seed, rules):
    """The output of a layer in a trace of this network; and the rule, as a tuple.

    rule: a name in `rules`, a Rule, or its three booleans.
    seed: "activation" or a number.
    """
    if isinstance(rule, str) and rule in rules:
        rule = rules[rule]
    if not isinstance(rule, (tuple, list)) or len(rule) not in (3, 4):
        raise ValueError(f"rule must be one of {', '.join(rules)}, or a Rule, or three booleans "
                         f"(forward ReLU mask, pooling switches, backward ReLU), not {rule!r}")
    rule = tuple(rule)
    if not all(choice in (False, True) for choice in rule[:3]):
        raise ValueError(f"a rule's three choices must be booleans, not {rule!r}")
    if rule[3:] not in ((), ("identity",), ("gradient",)):
        raise ValueError("a rule's through_normalization must be 'identity' or 'gradient', "
                         f"not {rule[3]!r}")
    if not hasattr(trace, "names") or trace.layers is not net.layers:
        same_layers(net, trace)
    layer(net, name)
    y = trace[name]
    if y.shape[1:] != net.shapes[name] or trace["input"].shape[1:] != net.input_shape:
        raise ValueError(f"the trace is of another network: its {name} is {y.shape[1:]}, "
                         f"this network's {net.shapes[name]}")
    if seed != "activation" and not (isinstance(seed, Real) and np.isfinite(seed)):
        raise ValueError(f"seed must be 'activation' or a finite number, not {seed!r}")
    return y, (*map(bool, rule[:3]), *rule[3:])


def unit(place, shape, name):
    """A unit of layer `name`, whose output has this shape: one integer per axis.

    Slices may stand for rows and columns: (n, channel, slice(None), slice(None)) is a whole map.
    """
    axes = "(n, channel, row, column)" if len(shape) == 4 else "(n, feature)"
    if not isinstance(place, (tuple, list, np.ndarray)) or len(place) != len(shape):
        whole = ""
        if len(shape) == 4:
            whole = "; for a whole map say (n, channel, slice(None), slice(None))"
        raise ValueError(f"a unit of {name} is {axes}, not {place!r}{whole}")
    for axis, (number, count) in enumerate(zip(place, shape)):
        if isinstance(number, slice) and axis >= 2 and len(range(count)[number]):
            continue
        if not isinstance(number, Integral) or isinstance(number, bool) or not 0 <= number < count:
            raise ValueError(f"unit {place!r} is outside of {name}, whose output is {shape}: "
                             f"{axes} counts from 0")
    return tuple(place)


def units(places, shape, name):
    """Units of layer `name`, whose output has this shape: int64 (M, axes)."""
    axes = "(n, channel, row, column)" if len(shape) == 4 else "(n, feature)"
    places = np.asarray(places)
    if places.size == 0:
        return np.empty((0, len(shape)), np.int64)
    if places.ndim != 2 or places.shape[1] != len(shape) or places.dtype.kind not in "iu":
        raise ValueError(f"units of {name} must be integers (M, {len(shape)}), one {axes} "
                         f"per row, not {places.dtype} {places.shape}")
    places = places.astype(np.int64)
    outside = np.flatnonzero(((places < 0) | (places >= shape)).any(axis=1))
    if len(outside):
        m = outside[0]
        raise ValueError(f"units[{m}], {tuple(places[m].tolist())}, is outside of {name}, "
                         f"whose output is {shape}: {axes} counts from 0")
    return places
