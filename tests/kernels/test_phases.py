"""Pixels split by row and column modulo the stride."""
import numpy as np
import pytest

from numpyzf.kernels.phases import inside, split_phases

pytestmark = pytest.mark.small


def plain(kernel):
    """The kernel's Python function; with the JIT compiler off it is that itself."""
    return getattr(kernel, "py_func", kernel)


@pytest.mark.parametrize("n", [1, 4, 7])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_which_windows_have_their_pixel_inside(n, stride):
    for count in (0, 1, 5):
        for shift in range(-12, 12):
            start, stop = plain(inside)(n, shift, stride, count)
            expected = [o for o in range(count) if 0 <= o * stride + shift < n]
            assert list(range(start, stop)) == expected and 0 <= start <= stop <= count


def test_the_phases_of_the_drawing():
    plane = np.add.outer(10 * np.arange(5), np.arange(5))
    phases = np.full((4, 9), -1)
    plain(split_phases)(plane, phases, 0, 99, 0, 3, 3, 2, 0)
    assert phases.tolist() == [
        [0, 2, 4, 20, 22, 24, 40, 42, 44], [1, 3, 99, 21, 23, 99, 41, 43, 99],
        [10, 12, 14, 30, 32, 34, 99, 99, 99], [11, 13, 99, 31, 33, 99, 99, 99, 99]]
    # places (0, 0), (0, 2) and (2, 0) of all windows
    assert [phases[0, begin:begin + 5].tolist() for begin in (0, 1, 3)] == [
        [0, 2, 4, 20, 22], [2, 4, 20, 22, 24], [20, 22, 24, 40, 42]]


@pytest.mark.parametrize("stride, pad, top",
                         [(1, 0, 0), (1, 2, 1), (2, 1, 0), (2, 3, 1), (3, 2, 0)])
def test_one_place_of_all_windows_is_one_stretch(stride, pad, top, rng):
    """Windows of 4×4, two rows of three, from row `top` on; padding is 99. It begins at place 5."""
    size, rows, columns = 4, 2, 3
    plane = rng.integers(0, 90, (9, 8))
    wide = np.pad(plane, ((pad, 40), (pad, 40)), constant_values=99)
    overhang = (size - 1) // stride
    row_length = columns + overhang
    phases = np.full((stride**2, 5 + (rows + overhang) * row_length + overhang), -1)
    plain(split_phases)(plane, phases, 5, 99, top, rows + overhang, row_length, stride, pad)
    assert (phases[:, :5] == -1).all()
    for i, j in np.ndindex(size, size):
        begin = 5 + i // stride * row_length + j // stride
        seen = phases[i % stride * stride + j % stride, begin:begin + rows * row_length]
        seen = seen.reshape(rows, row_length)[:, :columns]
        first = top * stride
        expected = wide[first + i:first + i + rows * stride:stride, j:j + columns * stride:stride]
        np.testing.assert_array_equal(seen, expected)
