"""Checkpoints: a training between two epochs, in one file.

A checkpoint is an .npz as numpy.savez writes it: a zip file, not compressed, of one .npy per array.
No array holds Python objects, so it is read without pickle. Its arrays are, by their names:

    parameter/conv1.w …   the parameters under the names and in the order of Network.parameters:
                          float32, C-contiguous; a convolution's w is (F, C, K, K), a fully
                          connected layer's w is (outputs, inputs), every b is (outputs,)
    velocity/conv1.w …    the momentum of each parameter: same name, shape and dtype
    about/NAME            arrays that belong to the net; a run has about/mean, float32 (C, H, W),
                          the mean image that is subtracted from every image
    info                  one string (shape ()): a JSON object with the four keys below

    rng        state of the random generator: what rng.bit_generator.state gives for a PCG64,
               {"bit_generator": "PCG64", "state": {"state", "inc"}, "has_uint32", "uinteger"}
    rate       learning rate of the next epoch
    history    a list with one object per finished epoch:
               {"epoch", "rate", "loss", "train_accuracy", "validation_accuracy"}
    about      what else belongs to the net, as JSON values. A run has
               "scale"      what an image is divided by after the mean image is subtracted
               "pad"        pixels of zeros around an image before it is cropped at random
               "settings"   how the net is built: "model" ("labnet" or "zfnet"), "variant" (its
                            keyword arguments, {} for none), "classes" (a list of names), "input"
                            ([C, H, W] of the net), "flip" (true or false);
                            where its images are: "data", "folder", "size", see data.load;
                            and, so that it is continued with the same ones only, all other
                            arguments of runs.train_run and a checksum of the images

Only runs/ knows what stands in `about`; to this file it is a dictionary.
"""
import json
import math
import os
import zipfile

import numpy as np

from . import checks
from .files import replacing
from .training import State

# An .npz that numpy.savez_compressed wrote is read too, but no bomb: the arrays may take this many
# times the bytes of the file, or this many bytes.
MOST_UNPACKED, SMALL = 10, 1 << 26
HISTORY = ("epoch", "rate", "loss", "train_accuracy", "validation_accuracy")


# ---- checkpoints --------------------------------------------------------------------------------

def save_checkpoint(path, state, about):
    """Write a training between two epochs, as described above.

    path: the file; the one before stays whole until the new one is complete.
    state: training.State.
    about: dictionary of arrays and JSON values.
    Raises OSError naming the file.
    """
    arrays = {f"parameter/{name}": value for name, value in state.net.parameters.items()}
    arrays |= {f"velocity/{name}": value for name, value in state.velocity.items()}
    values = {}
    for name, value in about.items():
        if isinstance(value, np.ndarray):
            arrays[f"about/{name}"] = value
        else:
            values[name] = value
    info = {"rng": state.rng.bit_generator.state, "rate": state.rate, "history": state.history,
            "about": values}
    text = json.dumps(info, default=lambda number: number.item())       # NumPy's numbers
    write_npz(path, arrays | {"info": np.array(text)})


def load_checkpoint(path, build):
    """Read what save_checkpoint wrote.

    path: the file.
    build: build(about) makes the network that the parameters go into.
    Returns (state, about), as they were saved. Raises ValueError naming the file if it is damaged,
    no checkpoint, or one of another architecture than build's network.
    """
    arrays = read_npz(path)
    try:
        info = json.loads(str(arrays["info"]))
        about = info["about"] | arrays_under(arrays, "about/")
        net = build(about)
        rng = np.random.default_rng()
        rng.bit_generator.state = info["rng"]
        _check_finite(arrays)
        net.load_parameters(arrays_under(arrays, "parameter/"))
        velocity = arrays_under(arrays, "velocity/")
        if _kinds(velocity) != _kinds(net.parameters):
            raise ValueError("its momentum doesn't match the network's parameters")
        _check_progress(info["rate"], info["history"])
        return State(net, rng, info["rate"], velocity, info["history"]), about
    except KeyError as error:
        raise ValueError(f"{path} is no checkpoint of numpyzf: it has no {error}") from None
    except Exception as error:      # what is damaged makes `build` and NumPy raise nearly any
        raise ValueError(f"{path}: {_one_line(error)}") from None


def arrays_under(arrays, start):
    """The arrays whose names begin with `start`, under the rest of their names."""
    return {name.removeprefix(start): value for name, value in arrays.items()
            if name.startswith(start)}


def _check_finite(arrays):
    for name, value in arrays.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ValueError(f"{name} holds NaN or infinite values")


def _check_progress(rate, history):
    """The rate is a positive number, the history a list of rows of five numbers, as documented."""
    def is_number(value):
        return isinstance(value, (int, float)) and not isinstance(value, bool)

    if not (is_number(rate) and 0 < rate < math.inf):
        raise ValueError(f"its rate is damaged: {rate!r}")
    for row in history if isinstance(history, list) else [history]:
        if not (isinstance(row, dict) and all(is_number(row.get(key)) for key in HISTORY)):
            raise ValueError(f"its history is damaged: {row!r}")


def _kinds(arrays):
    return {name: (value.shape, value.dtype) for name, value in arrays.items()}


# ---- .npz ---------------------------------------------------------------------------------------

def write_npz(path, arrays):
    """Write a dictionary of arrays as .npz, in one step, see `replacing`.

    Raises OSError naming the file.
    """
    with replacing(path) as file:
        np.savez(file, **arrays)


def read_npz(path):
    """The arrays of an .npz as a dictionary, C-contiguous.

    Raises FileNotFoundError; PermissionError or IsADirectoryError if it can't be opened; ValueError
    naming the file if it is damaged, holds pickles, or would take far more memory than disk.
    """
    path = checks.path("path", path)
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        raise FileNotFoundError(f"no file {path}") from None
    with file:
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{path} can't be read as .npz, it is cut short or a file of another "
                             "kind; move it away and make it anew")
        try:
            with zipfile.ZipFile(file) as archive:
                return _read_arrays(archive, os.fstat(file.fileno()).st_size)
        except MemoryError:
            raise
        except Exception as error:      # damaged files make zipfile and NumPy raise nearly any
            if "pickle" in str(error).lower():
                raise ValueError(f"{path} holds pickled Python objects, which are never read; "
                                 "save plain arrays only") from None
            raise ValueError(f"{path} can't be read as .npz, it is damaged ({_one_line(error)}); "
                             "move it away and make it anew") from None


def _read_arrays(archive, nbytes):
    """The arrays of an open .npz file of `nbytes` bytes, each read to its end."""
    declared = sum(member.file_size for member in archive.infolist())
    if declared > max(MOST_UNPACKED * nbytes, SMALL):
        raise ValueError(f"{nbytes:,} bytes that say they hold {declared:,}")
    arrays = {}
    for member in archive.infolist():
        if not member.filename.endswith(".npy"):
            raise ValueError(f"{member.filename!r} in it is no array")
        if member.comment:      # its length is damaged: what it covers are entries of other arrays
            raise ValueError(f"the entry of {member.filename!r} has a comment")
        with archive.open(member) as file:
            _check_header(file, member)
        with archive.open(member) as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
            file.read()         # zipfile compares the checksum where a member ends, only there
        arrays[member.filename.removesuffix(".npy")] = np.asarray(array, order="C")
    return arrays


def _check_header(file, member):
    """The header of an .npy must be of plain numbers or text, and fit the member's size."""
    read = {(1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0}.get(np.lib.format.read_magic(file))
    if read is None:
        raise ValueError(f"{member.filename} is of an unknown version of .npy")
    try:
        shape, _, dtype = read(file)
    except MemoryError:         # Python's parser, about brackets in brackets
        raise ValueError(f"{member.filename} has no NumPy header") from None
    if dtype.hasobject:
        raise ValueError("pickled objects")
    expected = file.tell() + math.prod(shape) * dtype.itemsize
    if dtype.kind not in "biufcSU" or min(shape, default=0) < 0 or expected != member.file_size:
        raise ValueError(f"{member.filename} has {member.file_size:,} bytes, its header says "
                         f"{expected:,} of {dtype}")


def _one_line(error):
    """What an error says, or else what kind it is, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
