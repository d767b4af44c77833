"""Files that PyTorch's two exporters wrote: read, they give PyTorch's own scores.

They lie in exported/, which tests/reference/make_exported.py has written. The older exporter makes
one file by tracing, the newer one (dynamo) another beside it with the weights.
"""
from pathlib import Path

import numpy as np
import pytest

from numpyzf.deconvnet import project, strongest
from numpyzf.exchange.read import read_onnx

FOLDER = Path(__file__).parent / "exported"
FILES = sorted(FOLDER.glob("*.onnx"))
with np.load(FOLDER / "scores.npz", allow_pickle=False) as file:
    STORED = dict(file)
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_each_net_comes_from_both_exporters():
    names = {"alexnet", "vgg", "resnet", "densenet", "mobilenet"}
    assert {path.stem for path in FILES} == {f"{name}-{exporter}" for name in names
                                             for exporter in ("torchscript", "dynamo")}
    beside = {path.name for path in FOLDER.glob("*.onnx.data")}
    assert beside == {f"{name}-dynamo.onnx.data" for name in names}


@each_file
def test_scores_are_pytorch_s(path):
    net, expected = read_onnx(path), STORED[path.stem.split("-")[0]]
    assert np.ptp(expected, axis=1).min() > 0.1         # classes differ
    for images in (slice(None), slice(1, 2)):           # any number of them
        scores = net.forward(STORED["x"][images]).scores
        np.testing.assert_allclose(scores, expected[images], rtol=0,
                                   atol=1e-5 * np.abs(expected).max())


@each_file
def test_it_can_be_looked_into(path):
    """A projection from the last maps is inside the cone of its unit."""
    net = read_onnx(path)
    trace = net.forward(STORED["x"])
    layer = [name for name, shape in net.shapes.items() if len(shape) == 3 and shape[1] > 1][-1]
    unit = strongest(trace, layer, trace[layer].max(axis=(0, 2, 3)).argmax())
    pixels = project(net, trace, layer, unit)
    rows, columns = net.cone(layer, *unit[2:])
    inside = np.zeros(pixels.shape, bool)
    inside[:, rows, columns] = True
    assert pixels.any() and not pixels[~inside].any()
