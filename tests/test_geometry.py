"""Sizes and receptive fields, worked out by hand and against brute force that counts windows."""
import itertools

import numpy as np
import pytest

from numpyzf import checks
from numpyzf.geometry import (IDENTITY, ReceptiveField, Window, ceil_div, conv_output_size,
                              pixels_below, pool_output_size, see_through)

pytestmark = pytest.mark.small


@pytest.mark.parametrize("n, size, stride, pad, expected", [
    (5, 3, 1, 0, 3),        # [012] [123] [234]
    (5, 3, 1, 1, 5),        # pad 1 keeps the size of a 3×3
    (5, 2, 2, 0, 2),        # [01] [23], pixel 4 is not visited
    (7, 1, 3, 0, 3),        # [0] [3] [6]
    (4, 2, 3, 0, 1),        # [01], the window at 3 would need a pixel 4
    (3, 3, 1, 0, 1),
    (1, 3, 1, 1, 1),
    (1, 1, 1, 2, 5),        # four of the five windows hold nothing but padding
])
def test_conv_output_size_by_hand(n, size, stride, pad, expected):
    assert conv_output_size(n, size, stride, pad) == expected


@pytest.mark.parametrize("n, size, stride, pad, floor, ceil", [
    (5, 2, 2, 0, 2, 3),     # [01] [23] | [4·
    (6, 2, 2, 0, 3, 3),     # fits: no window hangs over
    (6, 3, 2, 0, 2, 3),     # [012] [234] | [45·
    (5, 2, 3, 0, 2, 2),     # [01] [34]
    (4, 2, 3, 0, 1, 2),     # [01] | [3·
    (3, 1, 3, 0, 1, 1),     # [0]: the next window would begin at 3, outside
    (4, 2, 2, 1, 3, 3),     # [·0] [12] [3·]
    (3, 2, 2, 1, 2, 2),     # [·0] [12]: the next would begin at 3, in the padding
])
def test_pool_output_size_by_hand(n, size, stride, pad, floor, ceil):
    assert pool_output_size(n, size, stride, pad) == floor
    assert pool_output_size(n, size, stride, pad, ceil=True) == ceil


def windows_one_by_one(n, size, stride, pad, ceil):
    """The first pixels of all windows.

    Each fits into the padded input, or with `ceil` the last one is cut by its end.
    """
    starts = list(range(-pad, n + pad - size + 1, stride))
    uncovered = starts[-1] + size < n + pad
    if ceil and uncovered and starts[-1] + stride < n:
        starts.append(starts[-1] + stride)
    return starts


@pytest.mark.parametrize("ceil", [False, True])
def test_pool_output_size_counts_windows(ceil):
    for n, size, stride in itertools.product(range(1, 14), range(1, 6), range(1, 7)):
        for pad in range(size // 2 + 1):
            if size <= n + 2 * pad:
                starts = windows_one_by_one(n, size, stride, pad, ceil)
                count = pool_output_size(n, size, stride, pad, ceil)
                assert count == len(starts), (n, size, stride, pad)
                for start in starts:
                    assert start < n and start + size > 0, "a window holds nothing but padding"


def test_ceil_covers_every_pixel_of_a_dense_pool():
    for n, size, stride in itertools.product(range(3, 30), (2, 3), (1, 2)):
        count = pool_output_size(n, size, stride, ceil=True)
        assert (count - 1) * stride + size >= n


# ---- the paper's net ---------------------------------------------------------------------------

ZFNET = [("conv1", Window(7, 2, 1), 110, 7, 2), ("pool1", Window(3, 2, 0), 55, 11, 4),
         ("conv2", Window(5, 2, 0), 26, 27, 8), ("pool2", Window(3, 2, 0), 13, 43, 16),
         ("conv3", Window(3, 1, 1), 13, 75, 16), ("conv4", Window(3, 1, 1), 13, 107, 16),
         ("conv5", Window(3, 1, 1), 13, 139, 16), ("pool5", Window(3, 2, 0), 6, 171, 32)]


def test_sizes_of_the_papers_net():
    n = 224
    for name, window, size, _, _ in ZFNET:
        pool = name.startswith("pool")
        n = pool_output_size(n, *window, ceil=True) if pool else conv_output_size(n, *window)
        assert n == size, name


def test_receptive_fields_of_the_papers_net():
    field = IDENTITY
    for name, window, _, size, stride in ZFNET:
        field = see_through(field, window)
        assert (field.size, field.stride) == (size, stride), name
    # conv1 begins one pixel outside; conv3, 4 and 5 each pad one unit more, 16 pixels
    assert field.start == -1 - 3 * 16


# ---- receptive fields and cones ----------------------------------------------------------------

def pixels_seen(unit, windows, n):
    """The input pixels that a unit sees, found layer by layer, pixel by pixel."""
    seen = {unit}
    for window, size in zip(reversed(windows), reversed(sizes_before(windows, n))):
        starts = [u * window.stride - window.pad for u in seen]
        seen = {p for start in starts for p in range(start, start + window.size) if 0 <= p < size}
    return seen


def sizes_before(windows, n):
    sizes = [n]
    for window in windows[:-1]:
        sizes.append(conv_output_size(sizes[-1], *window))
    return sizes


STACKS = [[Window(3, 1, 1)],
          [Window(7, 2, 1), Window(3, 2, 0)],
          [Window(3, 1, 1), Window(2, 2, 0), Window(3, 1, 1)],
          [Window(5, 2, 2), Window(3, 1, 1), Window(3, 2, 0)],
          [Window(3, 3, 0), Window(4, 1, 2)]]


@pytest.mark.parametrize("windows", STACKS)
def test_see_through_matches_the_pixels_of_an_inner_unit(windows):
    field, n = IDENTITY, 60
    for window in windows:
        field = see_through(field, window)
    last = n
    for window in windows:
        last = conv_output_size(last, *window)
    unit = last // 2                        # far from the edges, so that no pixel is cut off
    first = field.start + unit * field.stride
    assert pixels_seen(unit, windows, n) == set(range(first, first + field.size))


@pytest.mark.parametrize("windows", STACKS)
def test_pixels_below_are_the_pixels_of_every_unit(windows):
    n = 23
    sizes = sizes_before(windows, n)
    last = conv_output_size(sizes[-1], *windows[-1])
    for unit in range(last):
        start, stop = unit, unit + 1
        for window, size in zip(reversed(windows), reversed(sizes)):
            start, stop = pixels_below(start, stop, window, size)
        seen = pixels_seen(unit, windows, n)
        assert (start, stop) == (min(seen), max(seen) + 1), unit


def test_pixels_below_several_units_are_those_of_each():
    window, n = Window(3, 2, 1), 9
    for start, stop in itertools.combinations(range(conv_output_size(n, *window) + 1), 2):
        pixels = [pixels_below(unit, unit + 1, window, n) for unit in range(start, stop)]
        expected = min(first for first, _ in pixels), max(end for _, end in pixels)
        assert pixels_below(start, stop, window, n) == expected


def test_identity_sees_one_pixel():
    assert see_through(IDENTITY, Window(1, 1, 0)) == IDENTITY == ReceptiveField(1, 1, 0)


# ---- errors ------------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments, error, message", [
    ((0, 1, 0), ValueError, "size must be at least 1, not 0"),
    ((3, 0, 0), ValueError, "stride must be at least 1, not 0"),
    ((3, -2, 0), ValueError, "stride must be at least 1, not -2"),
    ((3, 1, -1), ValueError, "pad must be at least 0, not -1"),
    ((3.0, 1, 0), TypeError, r"size must be an integer .*, not 3\.0"),
    ((3, (2, 2), 0), TypeError, r"stride must be an integer \(windows are square\), not \(2, 2\)"),
    ((3, 1, True), TypeError, "pad must be an integer .*, not True"),
    ((3, 1, "same"), TypeError, "pad must be an integer .*, not 'same'"),
    ((3, 1, None), TypeError, "pad must be an integer .*, not None"),
])
def test_a_bad_window_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        checks.window(*arguments)
    with pytest.raises(error, match=message):
        conv_output_size(8, *arguments)


def test_numpy_integers_are_integers():
    assert conv_output_size(np.int64(5), np.int32(3), np.int64(1), np.int32(1)) == 5


def test_a_window_larger_than_its_input_is_refused():
    words = "window of size {} is larger than the padded input: {}"
    with pytest.raises(ValueError, match=words.format(7, r"4 \+ 2·1 = 6 pixels")):
        conv_output_size(4, 7, 1, 1)
    with pytest.raises(ValueError, match=words.format(3, r"2 \+ 2·0 = 2 pixels")):
        pool_output_size(2, 3, 2, ceil=True)


def test_a_pooling_window_of_padding_alone_is_refused():
    with pytest.raises(ValueError, match="pad 2 is more than half of the pooling window's size 3"):
        pool_output_size(8, 3, 2, pad=2)


def test_a_bool_is_not_taken_for_the_one_that_was_asked_for_before():
    """Sizes are remembered: True equals 1, but isn't an integer."""
    assert conv_output_size(9, 3, 1, 1) == 9
    with pytest.raises(TypeError, match="pad must be an integer .*, not True"):
        conv_output_size(9, 3, 1, True)


def test_ceil_div():
    assert [ceil_div(a, 3) for a in (-4, -3, 0, 1, 3, 4)] == [-1, -1, 0, 1, 1, 2]
