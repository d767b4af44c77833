"""What a run does to its images before a net sees them.

Some are held out, the mean is removed, they are cropped.
"""
import copy
import pickle

import numpy as np
import pytest

from numpyzf.data.preprocess import Preparation, center_crop
from numpyzf.runs import Run, hold_out


# ---- what is held out ------------------------------------------------------------------------

def test_every_class_gives_its_share():
    labels = np.random.default_rng(1).permutation(np.repeat([0, 1, 2, 5], [100, 40, 3, 14]))
    rows, held = hold_out(labels, np.random.default_rng(0))
    assert [np.count_nonzero(labels[held] == c) for c in (0, 1, 2, 5)] == [10, 4, 1, 1]
    # Each image is in one of the two.
    np.testing.assert_array_equal(np.sort(np.concatenate([rows, held])), np.arange(157))
    again, other = (hold_out(labels, np.random.default_rng(seed))[1] for seed in (0, 1))
    np.testing.assert_array_equal(again, held)
    assert not np.array_equal(other, held)
    assert len(hold_out(labels, np.random.default_rng(0), share=0.5)[1]) == 50 + 20 + 2 + 7


# ---- preparation -----------------------------------------------------------------------------

def test_testing_takes_the_middle(rng):
    images = rng.integers(0, 256, (4, 3, 10, 10), np.uint8)
    mean = rng.random((3, 10, 10), np.float32) * 255
    x = Preparation(mean, 50.0, 6, 2, True)(images)
    np.testing.assert_allclose(x, ((images - mean) / 50)[:, :, 2:8, 2:8], rtol=1e-5, atol=1e-6)
    assert x.dtype == np.float32 and x.flags.c_contiguous


def test_the_middle_is_a_center_crop():
    images = np.arange(2 * 7 * 8, dtype=np.uint8).reshape(2, 1, 7, 8)
    prepare = Preparation(np.zeros((1, 7, 8), np.float32), 1.0, 4, 0, False)
    np.testing.assert_array_equal(center_crop(images, 4, 4), prepare(images))
    np.testing.assert_array_equal(center_crop(images, 4, 4), images[:, :, 1:5, 2:6])
    with pytest.raises(ValueError, match="7×8 have no middle of 9×4"):
        center_crop(images, 9, 4)


@pytest.mark.parametrize("flip", [False, True])
def test_training_takes_any_place(rng, flip):
    """The pixels tell where a crop is from, and if it is a mirror image.

    Each column counts 10 more than the last one, each row 1 more.
    """
    image = (np.arange(7)[:, None] + 10 * np.arange(7)).astype(np.uint8)
    prepare = Preparation(np.zeros((1, 7, 7), np.float32), 1.0, 5, 0, flip)
    images = np.tile(image, (300, 1, 1, 1))
    x = prepare(images, np.random.default_rng(3))
    mirrored = x[:, 0, 0, 0] > x[:, 0, 0, 4]
    crops = np.where(mirrored[:, None, None, None], x[..., ::-1], x)
    rows, columns = crops[:, 0, 0, 0] % 10, crops[:, 0, 0, 0] // 10
    steps = np.broadcast_to(image[:5, :5], crops.shape)
    np.testing.assert_array_equal(crops - crops[:, :, :1, :1], steps)
    assert set(zip(rows, columns)) == {(i, j) for i in range(3) for j in range(3)}
    assert 100 < mirrored.sum() < 200 if flip else not mirrored.any()
    again = prepare(images, np.random.default_rng(3))
    np.testing.assert_array_equal(again, x)


def test_padding_shifts_images_over_their_edge():
    prepare = Preparation(np.zeros((1, 3, 3), np.float32), 1.0, 3, 1, False)
    x = prepare(np.full((200, 1, 3, 3), 9, np.uint8), np.random.default_rng(0))
    assert {int(n) for n in (x == 9).sum(axis=(1, 2, 3))} == {4, 6, 9}


def test_images_of_another_shape_are_refused():
    prepare = Preparation(np.zeros((1, 28, 28), np.float32), 1.0, 28, 0, False)
    message = r"the images are \(3, 28, 28\), this net was trained on \(1, 28, 28\)"
    with pytest.raises(ValueError, match=message):
        prepare(np.zeros((2, 3, 28, 28), np.uint8))


@pytest.mark.parametrize("spoil", [lambda a: a / 255, lambda a: a.astype(np.float32),
                                   lambda a: a.astype(int)], ids=["scaled", "floats", "integers"])
def test_numbers_on_another_scale_are_refused(spoil):
    """Images that were divided by 255, or prepared before, would look nearly black to the net."""
    prepare = Preparation(np.full((1, 4, 4), 100, np.float32), 50.0, 4, 0, False)
    with pytest.raises(TypeError, match="images must be uint8, 0 … 255"):
        prepare(spoil(np.zeros((2, 1, 4, 4), np.uint8)))


def test_a_run_can_be_copied_and_sent_to_another_process():
    run = Run(None, Preparation(np.zeros((1, 4, 4), np.float32), 50.0, 4, 0, False), ("a", "b"))
    for other in (copy.deepcopy(run), pickle.loads(pickle.dumps(run))):
        assert (other.classes, other.settings) == (run.classes, {})
