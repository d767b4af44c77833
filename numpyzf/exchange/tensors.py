"""Tensors: numbers in a model file, or in a file beside it, as NumPy arrays.

A tensor's numbers are raw_data, little-endian and row-major; or a list of a type of its own; or
they stand in another file. Such a file is read only if it lies in the model's folder: otherwise a
model from anywhere could show what else is on a disk.
"""
import math
import os
import re

import numpy as np

from . import messages, wire
from .messages import BFLOAT16, BOOL, DOUBLE, FLOAT, FLOAT16, INT8, INT32, INT64, UINT8

# NumPy's dtype of each type, and the list for its numbers. NumPy has no bfloat16: it is the upper
# half of a float32's bits.
DTYPES = {FLOAT: "<f4", DOUBLE: "<f8", FLOAT16: "<f2", BFLOAT16: "<u2", INT64: "<i8",
          INT32: "<i4", INT8: "i1", UINT8: "u1", BOOL: "u1"}
LISTS = {FLOAT: "float_data", DOUBLE: "double_data", INT64: "int64_data"}      # else int32_data
MOST_AXES = 8


def array(tensor, folder):
    """The numbers of a tensor.

    tensor: a message as wire.read gives it.
    folder: Path of the model's folder, for numbers that stand in another file.
    Returns an array, which may share the message's memory; bfloat16 comes as float32. Raises
    ValueError for damaged tensors, and for files outside of the folder.
    """
    name = tensor.get("name", "")
    try:
        return _array(tensor, folder)
    except (ValueError, OSError) as error:
        raise ValueError(f"tensor {name!r}: {error}") from None


def _array(tensor, folder):
    shape, kind = tuple(tensor.get("dims", ())), tensor.get("data_type")
    if kind not in DTYPES:
        raise ValueError(f"its numbers are of type {kind}; read here are "
                         f"{', '.join(map(str, sorted(DTYPES)))} of ONNX's TensorProto.DataType")
    if len(shape) > MOST_AXES or min(shape, default=0) < 0:
        raise ValueError(f"its shape is {list(shape)[:MOST_AXES + 1]}")
    dtype, count = np.dtype(DTYPES[kind]), math.prod(shape)
    own = LISTS.get(kind, "int32_data")
    places = [place for place in ("raw_data", *dict.fromkeys([*LISTS.values(), "int32_data"]))
              if len(tensor.get(place, b""))]
    if tensor.get("data_location") == messages.EXTERNAL:
        if places:
            raise ValueError("its numbers stand here and in another file")
        values = _outside(tensor, dtype, count, folder)
    elif places in ([], ["raw_data"]):
        values = np.frombuffer(_exact(tensor.get("raw_data", b""), count, dtype.itemsize), dtype)
    elif places == [own]:
        values = _listed(tensor[own], own, dtype, count)
    else:
        raise ValueError(f"type {kind} and numbers as {' and '.join(places)}")
    if kind == BFLOAT16:
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return (values.view(bool) if kind == BOOL else values).reshape(shape)


def _exact(data, count, itemsize):
    """`data`, if it has the bytes of `count` numbers."""
    if len(data) != count * itemsize:
        raise ValueError(f"its shape needs {count * itemsize:,} bytes, but it has {len(data):,}")
    return data


def _listed(data, own, dtype, count):
    """Numbers of a list of a type of its own, packed."""
    if own in ("float_data", "double_data"):
        return np.frombuffer(_exact(data, count, dtype.itemsize), dtype)
    found = wire.count_varints(data)
    if found != count:
        raise ValueError(f"its shape needs {count:,} numbers, but it has {found:,}")
    # of floats of 16 bits the bit patterns
    bits = np.dtype(f"<u{dtype.itemsize}") if dtype.kind == "f" else dtype
    return wire.varints(data, bits).view(dtype)


# ---- numbers in another file ---------------------------------------------------------------------

def _outside(tensor, dtype, count, folder):
    """Numbers of a file beside the model."""
    about = {pair.get("key"): pair.get("value", "") for pair in tensor.get("external_data", [])}
    if not {*about} <= {"location", "offset", "length", "checksum"}:
        raise ValueError(f"it says {', '.join(map(repr, about))} of another file")
    path = _inside(folder, about.get("location", ""))
    offset, nbytes = _number(about, "offset", 0), count * dtype.itemsize
    length = _number(about, "length", nbytes)
    if length != nbytes:
        raise ValueError(f"its shape needs {nbytes:,} bytes, but its length is {length:,}")
    with open(path, "rb") as file:
        there = os.fstat(file.fileno()).st_size
        if offset + length > there:
            raise ValueError(f"bytes {offset:,} to {offset + length:,} of {path.name}, which has "
                             f"{there:,}")
        values = np.fromfile(file, dtype, count, offset=offset)
    if len(values) != count:
        raise ValueError(f"{path.name} was cut short while it was read")
    return values


def _inside(folder, location):
    """The Path of a file at a relative location, with all links followed, inside of the folder."""
    parts = re.split(r"[/\\]", location)
    if not location or "\0" in location or ".." in parts or not parts[0] or ":" in parts[0]:
        raise ValueError(f"its file {location!r} isn't in the model's folder; only those are read")
    path, root = (folder / location).resolve(), folder.resolve()
    if not path.is_relative_to(root):
        raise ValueError(f"its file {location!r} is a link out of the model's folder; only files "
                         "in it are read: put the file itself there")
    if not path.exists():
        raise ValueError(f"its file {location!r} is missing; it belongs beside the model")
    if not path.is_file():
        raise ValueError(f"{location!r} is no file")
    return path


def _number(about, key, default):
    """An offset or a length, which is text."""
    text = about.get(key, str(default))
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError(f"its {key} is {text[:30]!r}, no number of bytes")
    return int(text)
