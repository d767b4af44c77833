"""The whole tour of an untrained net."""
import numpy as np
import pytest

from numpyzf import models, training
from numpyzf.look.many import top_activations
from numpyzf.tour import demo, features, training_curve
from numpyzf.data.preprocess import Preparation
from numpyzf.runs import Run

HISTORY = [{"epoch": epoch, "rate": rate, "loss": 2 / epoch, "train_accuracy": 0.1 * epoch,
            "validation_accuracy": 0.12 * epoch}
           for epoch, rate in ((1, 0.01), (2, 0.001))]
SETTINGS = {"folder": None, "size": None, "model": "labnet", "seed": 0}


@pytest.mark.small
def test_an_earlier_picture_stays_whole_until_the_new_one_is(tmp_path):
    """As what is written is killed, or finds a full disk: it doesn't write into the earlier one."""
    path = tmp_path / "curve.png"
    path.write_bytes(b"earlier")
    with open(path, "rb") as earlier:
        demo._section(tmp_path, "curve", "How", "", training_curve.draw(HISTORY), "two plots")
        assert earlier.read() == b"earlier" and path.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("shape, data", [((1, 28, 28), "some/where/noise"), ((3, 32, 32), None)],
                         ids=["gray", "color"])
def test_every_file_is_there(shape, data, tmp_path, rng, monkeypatch):
    """And the images are searched once for all layers."""
    searches = []

    def search(net, images, layers):
        searches.append(layers)
        return top_activations(net, images, layers)
    monkeypatch.setattr(demo, "top_activations", search)
    monkeypatch.setattr(features, "top_activations", None)
    net = models.labnet(3, input_shape=shape).initialize(rng)
    prepare = Preparation(np.full(shape, 128, np.float32), 64.0, shape[1], 2, True)
    run = Run(net, prepare, ("<a>", "b", "c"), HISTORY, {"data": data, **SETTINGS})
    images, labels = rng.integers(0, 256, (30, *shape), np.uint8), rng.integers(0, 3, 30)
    accuracy = demo.build(run, tmp_path / "new" / "out", images, labels)
    assert accuracy == training.accuracy(net, images, labels, run.prepare)
    assert searches == [["conv1", "conv2", "conv3", "conv4", "conv5"]]
    names = ["conv1.png", "conv2.png", "conv3.png", "conv4.png", "conv5.png", "curve.png",
             "explain.png", "filters.png", "index.html"]
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == names
    html = (tmp_path / "new" / "out" / "index.html").read_text(encoding="utf-8")
    assert html.count('src="data:image/png;base64,') == 8
    assert f"{accuracy:.1%} of 30 test images" in html
    assert "some/where" not in html and "<a>" not in html
    # arrays have no name
    assert ("images of its own" in html) == (data is None) and (data is None or "noise" in html)
    assert "27×27 pixels" in html and "43×43 pixels, more than the whole image" in html
    assert "{" not in html.partition("<body>")[2]       # every placeholder is filled in
    assert ("answers to its color" in html) == (shape[0] == 3)
    assert "Every unit" not in html


def test_it_links_to_a_page_of_every_unit(tmp_path, rng):
    net = models.labnet(2, input_shape=(1, 16, 16), middle=(4,), hidden=()).initialize(rng)
    prepare = Preparation(np.full((1, 16, 16), 128, np.float32), 64.0, 16, 0, False)
    run = Run(net, prepare, ("a", "b"), HISTORY, {"data": None, **SETTINGS})
    images, labels = rng.integers(0, 256, (4, 1, 16, 16), np.uint8), np.array([0, 1, 0, 1])
    demo.build(run, tmp_path, images, labels, "look.html")
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert '<a href="look.html">look.html</a>' in html and "click through" in html
