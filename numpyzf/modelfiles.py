"""A net to take along: an ONNX file, and beside it, of the same name, a JSON file.

An ONNX file says nothing about how an image becomes an input, nor what the scores are of. The JSON
file does, as one object:

    size        the middle square of an image is made this large, in pixels; where the net's input
                is smaller, it is the middle of that
    channels    what an input has for channels: "RGB", "BGR" or "gray"
    mean        what is subtracted from values of 0 … 255, in the order of the channels: a list of
                one number each, or an image as lists of lists of lists, (C, size, size)
    scale       what the difference is divided by
    names       of the classes, in the order of the scores
"""
import json

from . import checks
from .checkpoints import replacing
from .exchange.write import write_onnx


def export(run, path, *, weights="float32"):
    """Write a run as an ONNX file and its JSON file.

    run: a runs.Run.
    path: the ONNX file, whose name ends in .onnx.
    weights: "float32", or "float16" for half the size, see exchange.write.write_onnx.
    Returns the Path of the JSON file. Raises ValueError for another ending, OSError naming the
    file.
    """
    path = checks.path("path", path)
    if path.suffix != ".onnx":
        raise ValueError(f"{path}: the name of a model file ends in .onnx")
    channels, size, _ = run.prepare.mean.shape
    # the shortest decimal that is this float32: 0.1, not 0.10000000149011612
    mean = [[[float(str(value)) for value in row] for row in map_] for map_ in run.prepare.mean]
    about = {"size": size, "channels": "gray" if channels == 1 else "RGB", "mean": mean,
             "scale": float(run.prepare.scale), "names": [*run.classes]}
    write_onnx(run.net, path, weights=weights)
    lines = [f" {json.dumps(key)}: {json.dumps(value)}"
             for key, value in about.items()]
    with replacing(path.with_suffix(".json")) as file:
        file.write(("{\n" + ",\n".join(lines) + "\n}\n").encode())
    return path.with_suffix(".json")
