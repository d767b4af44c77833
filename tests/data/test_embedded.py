from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from numpyzf.data import embedded, fashion, load
from numpyzf.data.embedded import draw

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
FOLDER = Path(embedded.__file__).parent
full_set = pytest.mark.skipif(not DEBIAN.is_dir(),
                              reason="the Debian package dataset-fashion-mnist is not installed")


@pytest.mark.parametrize("split, count", [("train", 1000), ("test", 200)])
def test_balanced_and_in_turns(split, count):
    data = load("fashion-mnist-small", split)
    assert data.images.shape == (10 * count, 1, 28, 28) and data.images.dtype == np.uint8
    assert data.images.flags.c_contiguous and data.images.flags.writeable
    assert data.labels.dtype == np.int64 and data.labels.tolist() == list(range(10)) * count
    assert data.classes == fashion.CLASSES
    # Fashion-MNIST repeats a few images.
    assert len({image.tobytes() for image in data.images}) > 9.99 * count


def test_a_damaged_file_is_named(tmp_path, refuses, monkeypatch):
    path = tmp_path / "fashion-mnist-small-test.png"
    content = bytearray((FOLDER / path.name).read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(embedded, "__file__", str(tmp_path / "__init__.py"))
    with refuses(ValueError, path, "wrong checksum"):
        load("fashion-mnist-small", "test")


def test_bags_are_wider_than_trousers():
    images, labels, classes = load("fashion-mnist-small", "test")
    width = {name: (images[labels == i] > 0).any(axis=2).sum(axis=-1).mean()
             for i, name in enumerate(classes)}
    assert width["Bag"] > 24 > 20 > width["Trouser"]


def test_pick_is_balanced_seeded_and_without_repeats():
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 30))
    picked = draw.pick(labels, 20)
    assert picked.shape == (10, 20) and len(np.unique(picked)) == 200
    assert (labels[picked] == np.arange(10)[:, None]).all()
    np.testing.assert_array_equal(picked, draw.pick(labels, 20))


@full_set
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_images_and_labels_are_those_of_the_full_set(split, monkeypatch):
    monkeypatch.setattr(fashion, "DEBIAN", DEBIAN)
    small, full = load("fashion-mnist-small", split), load("fashion-mnist", split)
    picked = draw.pick(full.labels, draw.PER_CLASS[split]).T.ravel()
    np.testing.assert_array_equal(small.images, full.images[picked])
    np.testing.assert_array_equal(small.labels, full.labels[picked])


@full_set
def test_drawn_again_it_is_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(fashion, "DEBIAN", DEBIAN)
    for name in "ab":
        (tmp_path / name).mkdir()
    first, second = draw.draw("test", tmp_path / "a"), draw.draw("test", tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    with Image.open(first) as again, Image.open(FOLDER / first.name) as committed:
        np.testing.assert_array_equal(np.asarray(again), np.asarray(committed))


def test_small_enough_and_licensed():
    assert sum(p.stat().st_size for p in FOLDER.glob("*.png")) < 5e6
    assert "Copyright (c) 2017 Zalando SE" in (FOLDER / "LICENSE-fashion-mnist").read_text()
