"""Pictures compared: cosines, ranks and energies counted by hand."""
import numpy as np
import pytest

from numpyzf.paper import compare

pytestmark = pytest.mark.small


def gray(*rows):
    """One picture (1, 1, H, W) of these pixels."""
    return np.array(rows, float)[None, None]


# ---- cosine -----------------------------------------------------------------------------------

def test_the_cosine_of_each_array():
    a = np.array([[[3.0, 0], [0, 4]], [[0, 0], [0, 0]]])
    np.testing.assert_allclose(compare.cosine(a, 2 * a), [1, 0])        # a zero array has none
    np.testing.assert_allclose(compare.cosine(a, np.array([[[0.0, 1], [0, 1]]])),
                               [4 / 5 / np.sqrt(2), 0])                 # shapes broadcast
    np.testing.assert_allclose(compare.cosine(a, -a, axes=2), [[-1, -1], [0, 0]])


def test_one_cosine_of_whole_arrays():
    diagonal = compare.cosine(np.array([1.0, 1]), np.array([1.0, 0]), axes=0)
    assert diagonal == pytest.approx(np.sqrt(0.5))
    assert compare.cosine(np.zeros(2), np.ones(2), axes=0) == 0


def test_the_cosine_of_a_pair_is_their_product_over_their_lengths(rng):
    a, b = rng.standard_normal((2, 3, 2, 4, 4)).astype(np.float32)
    expected = [np.vdot(p, q) / np.linalg.norm(p) / np.linalg.norm(q) for p, q in zip(a, b)]
    cosines = compare.cosine(a, b)
    assert cosines.dtype == np.float64
    np.testing.assert_allclose(cosines, expected, rtol=1e-5)


def test_a_cosine_is_that_of_float64_sums():
    a = np.full((1, 1, 100, 100), 200, np.uint8)        # their squares don't fit into 8 bits
    np.testing.assert_allclose(compare.cosine(a, a), 1)


# ---- ranks ------------------------------------------------------------------------------------

@pytest.mark.parametrize("b, expected", [
    (gray([1, 20], [300, 4000]), 1),            # the same order, whatever the numbers
    (gray([1, -2], [3, -4]), 1),                # a sign is no matter of strength
    (gray([4, 3], [2, 1]), -1),
    (gray([5, 5], [5, 5]), 0),                  # the same everywhere
    (gray([1, 2], [4, 3]), 0.8)])               # 1 − 6 · (1 + 1) / (4 · 15)
def test_rank_correlation(b, expected):
    np.testing.assert_allclose(compare.rank_correlation(gray([1, 2], [3, 4]), b), [expected])


def test_equal_strengths_share_their_rank():
    """Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5, lengths √4.5 and √5."""
    found = compare.rank_correlation(gray([0, 7], [7, 9]), gray([1, 2], [3, 4]))
    np.testing.assert_allclose(found, 4.5 / np.sqrt(4.5 * 5))


def test_a_pixels_strength_is_that_of_all_its_channels():
    a = np.array([[[[3.0, 0]], [[4, 4.5]]]])            # strengths 5 and 4.5
    np.testing.assert_allclose(compare.rank_correlation(a, gray([2, 1])), [1])
    np.testing.assert_allclose(compare.rank_correlation(a[:, 1:], gray([2, 1])), [-1])


# ---- energy -----------------------------------------------------------------------------------

def test_energy_is_the_sum_of_squares_over_the_channels():
    pictures = np.array([[[[1, -2]], [[3, 0]]]], np.float32)
    found = compare.energy(pictures)
    assert found.dtype == np.float64 and found.tolist() == [[[10, 4]]]
    assert compare.energy(np.full((1, 1, 1, 1), 200, np.uint8)).tolist() == [[[40000]]]


def test_the_share_of_energy_inside_of_each_mask():
    pictures = np.concatenate([gray([1, -2], [0, 1]), gray([3, 0], [0, 1]), gray([0, 0], [0, 0])])
    masks = np.array([[[0, 1], [1, 0]], [[1, 1], [1, 1]], [[1, 1], [1, 1]]], bool)
    np.testing.assert_allclose(compare.energy_inside(pictures, masks), [4 / 6, 1, 0])
