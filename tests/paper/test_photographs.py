"""Photographs and a real network: which layers stand for the paper's, and what is read."""
import numpy as np
import pytest
from real_nets import branched, write_model, write_photographs

from numpyzf import data, models, runs
from numpyzf.data.preprocess import Preparation
from numpyzf.general.layers import Add
from numpyzf.general.models import squeezenet
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.paper import photographs
from numpyzf.paper.claims import NotTestable
from numpyzf.tour import usual

pytestmark = pytest.mark.small


# ---- which layers -------------------------------------------------------------------------------

def residual():
    """A convolution, and two blocks around which their input goes."""
    return Network([("conv1", Conv(3, 4, 3, pad=1)), ("relu1", ReLU()),
                    ("conv2", Conv(4, 4, 3, pad=1)), ("inner2", ReLU()),
                    ("add2", Add(), ("inner2", "relu1")), ("relu2", ReLU()),
                    ("conv3", Conv(4, 4, 3, pad=1)), ("inner3", ReLU()),
                    ("add3", Add(), ("inner3", "relu2")),
                    ("flatten", Flatten()), ("fc", Linear(4 * 8 * 8, 2))], (3, 8, 8))


@pytest.mark.parametrize("net, expected", [
    (squeezenet(), ["relu1", *(f"fire{n}" for n in range(2, 10))]),
    (branched(), ["relu1", "two", "three"]),
    (residual(), ["relu1", "relu2", "add3"]),       # the ReLU behind the sum, where there is one
    (models.zfnet(), [f"relu{n}" for n in range(1, 6)])],
    ids=["squeezenet", "branched", "residual", "zfnet"])
def test_stages(net, expected):
    assert photographs.stages(net) == expected


def test_of_many_stages_some_are_taken_evenly():
    layers = [layer for i in range(30) for layer in ((f"conv{i}", Conv(1, 1, 1)),
                                                     (f"relu{i}", ReLU()))]
    found = photographs.stages(Network(layers, (1, 4, 4)))
    assert len(found) == photographs.MOST_STAGES and (found[0], found[-1]) == ("relu0", "relu29")


def test_no_branch_goes_around_a_passage():
    assert usual.passages(residual()) == [
        "conv1", "relu1", "add2", "relu2", "add3", "flatten", "fc"]


@pytest.mark.parametrize("net, first, last, classifier", [
    (squeezenet(), "pool1", "fire9", "conv10"),         # conv10 reads a dropout
    (residual(), "relu1", "add3", "fc"),                # fc reads a flattening
    (models.zfnet(), "norm1", "relu7", "fc8")], ids=["squeezenet", "residual", "zfnet"])
def test_first_and_last_hidden(net, first, last, classifier):
    assert photographs.first_hidden(net) == first
    assert photographs.last_hidden(net) == last and photographs.classifier(net) == classifier


def test_a_net_with_one_convolution_has_no_first_hidden_layer():
    net = Network([("conv1", Conv(1, 1, 1)), ("flatten", Flatten())], (1, 1, 1))
    with pytest.raises(NotTestable, match="two convolutions"):
        photographs.first_hidden(net)


# ---- features and answers -----------------------------------------------------------------------

def test_means_over_parts_of_maps():
    y = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(photographs.in_cells(y, 1), [[7.5]])
    np.testing.assert_array_equal(photographs.in_cells(y, 2), [[2.5, 4.5, 10.5, 12.5]])
    np.testing.assert_array_equal(photographs.in_cells(y, 9), y.reshape(1, 16))
    both = photographs.in_cells(np.concatenate([y, -y], axis=1), 2)
    np.testing.assert_array_equal(both, [[2.5, -2.5, 4.5, -4.5, 10.5, -10.5, 12.5, -12.5]])


def run():
    mean = np.full((3, 32, 32), 100, np.float32)
    return runs.Run(branched(), Preparation(mean, 50.0, 32, 0, False), tuple("vwxyz"))


def test_features_are_those_of_one_pass(monkeypatch, rng):
    """Of more images than a batch takes, in their order: maps as means, scores as they are."""
    monkeypatch.setattr(photographs, "BATCH", 2)
    images = rng.integers(0, 256, (3, 3, 32, 32)).astype(np.uint8)
    found = photographs.features(run(), images, ["two", "flatten"])
    trace = run().net.forward(run().prepare(images))
    np.testing.assert_allclose(found["two"], trace["two"].mean(axis=(2, 3)), rtol=1e-5)
    np.testing.assert_allclose(found["flatten"], trace.scores, rtol=1e-5)
    own = photographs.answers(run(), images)
    np.testing.assert_array_equal(own.labels, trace.scores.argmax(axis=1))
    e = np.exp(trace.scores.astype(float))
    np.testing.assert_allclose(own.probabilities, (e / e.sum(axis=1, keepdims=True)).max(axis=1),
                               rtol=1e-5)


# ---- photographs --------------------------------------------------------------------------------

def counted(*counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None, None]
    return data.Dataset(images, labels, tuple("abc"[:len(counts)]))


def test_as_many_of_each_class_evenly():
    found = photographs.evenly(counted(9, 2, 5), 9)
    assert found.images.ravel().tolist() == [0, 4, 8, 9, 10, 11, 13, 15]
    assert found.labels.tolist() == [0] * 3 + [1] * 2 + [2] * 3


def test_drawn_rows_are_as_many_of_each_class(rng):
    labels = counted(9, 2, 5).labels
    rows = photographs.draw_rows(labels, 3, rng)
    assert sorted(labels[rows]) == [0] * 3 + [1] * 2 + [2] * 3 and len(set(rows)) == 8
    assert (np.diff(rows) < 0).any()


def test_smaller_images_are_means_of_squares(rng):
    images = rng.integers(0, 256, (2, 3, 8, 8)).astype(np.uint8)
    found = photographs.smaller(images, 4)
    means = images.reshape(2, 3, 4, 2, 4, 2).mean(axis=(3, 5))
    # Pillow rounds twice, rows and then columns: 0.5 each
    assert found.dtype == np.uint8 and np.abs(found - means).max() <= 1
    np.testing.assert_array_equal(photographs.smaller(images, 99), images)


def test_photographs_are_read_as_the_net_takes_them(tmp_path):
    folder, model = write_photographs(tmp_path, (3, 4, 2)), write_model(tmp_path)
    photos = photographs.Photographs(folder, model)
    assert photos.name == "photos, tiny" and photos.data.images.shape == (9, 3, 32, 32)
    assert photos.data.labels.tolist() == [0] * 3 + [1] * 4 + [2] * 2
    assert photos.data.classes == ("a", "b", "c") and photos.read()[1] == 9


def test_of_a_larger_folder_a_sample_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(photographs, "QUICK_MOST", 7)
    folder, model = write_photographs(tmp_path, (3, 9, 1)), write_model(tmp_path)
    photos, (again, total) = [photographs.Photographs(folder, model, quick=True),
                              photographs.Photographs(folder, model, quick=True).read()]
    assert np.bincount(photos.data.labels).tolist() == [3, 3, 1] and total == 13
    np.testing.assert_array_equal(photos.data.images, again.images)


def test_what_can_not_be_used_is_refused_at_once(tmp_path):
    model = write_model(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        photographs.Photographs(tmp_path / "nowhere", model)
    with pytest.raises(FileNotFoundError, match="gone.onnx"):
        photographs.Photographs(tmp_path, tmp_path / "gone.onnx")
