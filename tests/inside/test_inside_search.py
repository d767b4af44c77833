"""The search of all images at once, against top_activations and plain NumPy."""
import numpy as np
import pytest

from numpyzf.data.preprocess import Prepared
from numpyzf.inside import search
from numpyzf.inside.parts import Parts
from numpyzf.look.many import top_activations

from tiny import noise, tiny_net, tiny_run

LAYERS = ["conv1", "conv2", "fc3", "fc4"]


def found(tmp_path, images, labels, batch=7, tell=lambda done, total: None, counts=(9, 2)):
    counts = [dict.fromkeys(LAYERS, k) for k in counts]
    inputs = Prepared(images, tiny_run().prepare)
    (tmp_path / "page.parts").mkdir(exist_ok=True)
    return search.search([tiny_net(), tiny_net(1)], inputs, labels, LAYERS, counts=counts,
                         classes=3, batch=batch, parts=Parts(tmp_path / "page", "x"), tell=tell)


def test_the_strongest_are_those_of_top_activations(tmp_path):
    images = noise()
    tops, _ = found(tmp_path, images, np.arange(30) % 3)
    inputs = Prepared(images, tiny_run().prepare)
    for net, own, k in ((tiny_net(), tops[0], 9), (tiny_net(1), tops[1], 2)):
        for layer, top in top_activations(net, inputs, LAYERS, k, batch=7).items():
            np.testing.assert_array_equal(own[layer].values, top.values)
            np.testing.assert_array_equal(own[layer].units, top.units)


def test_the_statistics_are_those_of_all_outputs_at_once(tmp_path):
    images, labels = noise(), np.arange(30) % 3
    _, statistics = found(tmp_path, images, labels)
    outputs = tiny_net().outputs(tiny_run().prepare(images), LAYERS, batch=7)
    for layer in LAYERS:
        y = outputs[layer].reshape(30, outputs[layer].shape[1], -1)
        own = statistics[layer]
        for unit in range(y.shape[1]):
            inside = np.clip(y[:, unit], own.edges[0], own.edges[-1])
            counts, _ = np.histogram(inside, own.edges)
            # a value on an edge may fall to either side by its rounding
            np.testing.assert_allclose(own.histogram[unit], counts / inside.size,
                                       atol=1.5 / inside.size)
            assert own.histogram[unit].sum() == pytest.approx(1)
            assert own.silent[unit] == np.mean(y[:, unit] <= 0)
        maxima = y.max(axis=2).astype(np.float64)
        bars = np.stack([maxima[labels == c].mean(axis=0) for c in range(3)], axis=1)
        np.testing.assert_allclose(own.bars, bars, rtol=1e-9)
        means = np.stack([np.maximum(maxima, 0)[labels == c].mean(axis=0) for c in range(3)], 1)
        for unit, row in enumerate(means):
            best, rest = row.max(), np.delete(row, row.argmax()).mean()
            expected = (best - rest) / (best + rest) if best > 0 else 0
            assert own.selectivity[unit] == pytest.approx(expected, rel=1e-6)
    assert statistics["conv2"].silent[3] == 1


def test_unknown_classes_and_missing_ones_have_no_bars(tmp_path):
    for labels in (np.full(30, -1), np.arange(30) % 2):
        _, statistics = found(tmp_path / str(labels[0]), noise(), labels)
        assert statistics["conv1"].bars is None and statistics["conv1"].selectivity is None
    some = np.where(np.arange(30) < 15, np.arange(30) % 3, -1)
    _, statistics = found(tmp_path / "some", noise(), some)
    _, half = found(tmp_path / "half", noise()[:15], some[:15])
    np.testing.assert_allclose(statistics["fc3"].bars, half["fc3"].bars, rtol=1e-6)


def test_each_image_is_read_once_and_few_at_a_time(tmp_path):
    """Whatever the number of images; but for a few, of which the histograms' edges are."""
    class Counted:
        read, images = [], noise()

        def __len__(self):
            return len(self.images)

        def __getitem__(self, rows):
            self.read.append(self.images[rows].shape[0])
            return self.images[rows]
    found(tmp_path, Counted(), np.full(30, -1))
    assert Counted.read == [7, 7, 7, 7, 7, 2]


def test_a_search_goes_on_from_where_it_was_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "KEEP_EVERY", -1)
    whole = found(tmp_path / "whole", noise(), np.arange(30) % 3)

    def stop(done, total):
        if done == 14:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        found(tmp_path, noise(), np.arange(30) % 3, tell=stop)
    told = []
    tops, statistics = found(tmp_path, noise(), np.arange(30) % 3,
                             tell=lambda done, total: told.append(done))
    assert told == [14, 21, 28, 30]
    for layer in LAYERS:
        np.testing.assert_array_equal(tops[0][layer].units, whole[0][0][layer].units)
        for own, other in zip(statistics[layer], whole[1][layer]):
            np.testing.assert_array_equal(own, other)


@pytest.fixture(autouse=True)
def folders(tmp_path):
    for name in ("whole", "some", "half", "-1", "0"):
        (tmp_path / name).mkdir()
