"""The whole tour of an untrained net."""
import numpy as np
import pytest

from numpyzf import models, training
from numpyzf.look.many import top_activations
from numpyzf.tour import demo, features
from numpyzf.data.preprocess import Preparation
from numpyzf.runs import Run

HISTORY = [{"epoch": epoch, "rate": rate, "loss": 2 / epoch, "train_accuracy": 0.1 * epoch, "validation_accuracy": 0.12 * epoch}
           for epoch, rate in ((1, 0.01), (2, 0.001))]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)], ids=["gray", "color"])
def test_every_file_is_there(shape, tmp_path, rng):
    net = models.labnet(shape, 3).initialize(rng)
    run = Run(net, Preparation(np.full(shape, 128, np.float32), 64.0, shape[1], 2, True), ("<a>", "b", "c"), HISTORY,
              {"data": "some/where/noise", "folder": None, "size": None, "model": "labnet", "seed": 0})
    images, labels = rng.integers(0, 256, (30, *shape), np.uint8), rng.integers(0, 3, 30)
    accuracy = demo.build(run, tmp_path / "new" / "out", images, labels)
    assert accuracy == training.accuracy(net, images, labels, run.prepare)
    names = ["conv1.png", "conv2.png", "conv3.png", "conv4.png", "conv5.png", "curve.png", "explain.png", "filters.png", "index.html"]
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == names
    html = (tmp_path / "new" / "out" / "index.html").read_text(encoding="utf-8")
    assert html.count('src="data:image/png;base64,') == 8
    assert f"{accuracy:.1%} of 30 test images" in html and "noise" in html and "some/where" not in html
    assert "27×27 pixels" in html and "43×43 pixels, more than the whole image" in html and "<a>" not in html


def test_the_images_are_searched_once_for_all_layers(tmp_path, rng, monkeypatch):
    searches = []
    monkeypatch.setattr(demo, "top_activations", lambda net, images, layer: searches.append(layer) or top_activations(net, images, layer))
    monkeypatch.setattr(features, "top_activations", None)
    net = models.labnet().initialize(rng)
    run = Run(net, Preparation(np.full((1, 28, 28), 128, np.float32), 64.0, 28, 2, True), tuple("abcdefghij"), HISTORY,
              {"data": "noise", "folder": None, "size": None, "model": "labnet", "seed": 0})
    demo.build(run, tmp_path, rng.integers(0, 256, (12, 1, 28, 28), np.uint8), rng.integers(0, 10, 12))
    assert searches == [["conv1", "conv2", "conv3", "conv4", "conv5"]]
