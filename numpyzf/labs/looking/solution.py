"""Lab looking: top nine, occlusion, invariance, correspondence (sections 4.1 to 4.4 of the paper).

A trained net can be asked what it sees. Four questions, each a few lines of code:

    Which images fire a map most?       What if a part is covered?      And if the image moves?

    map 7:  image 3   9.1               . . . . . .                      distance
            image 0   8.4               . . ■ ■ . .    cat: 0.9 -> 0.2      |       x
            image 5   6.0               . . ■ ■ . .                         |   x
    each image once,                    . . . . . .                         | x
    with its strongest unit             a square slides over the image      x------------ shift

The fourth: the same part, an eye, is covered in several faces. Do the features change in the same
way in all of them? Then the net has a notion of an eye, though nobody told it.

Write what is asked for, in any order, and check as often as you like:

    numpyzf lab check looking.py                all of it
    numpyzf lab check looking.py --task 2.1     one task
    numpyzf lab check looking.py --seed 1       with other numbers

When everything passes, your functions look at a trained net, and draw what they find. For all
arrays: N images, C maps (or colors), H×W pixels. Plain loops are good enough everywhere.
"""
import numpy as np

from numpyzf.data.transform import translate
from numpyzf.paper.table1.measure import cover as cover_all

# For everything that a task does not ask for, use the library:
#
#     cover_all(x, corners, side, value)    a copy of the images x (N, C, H, W), each with a square
#                                           whose first row and column are in corners (N, 2)
#     translate(image, down, fill=0)        the image (C, H, W), uint8, moved by whole pixels


# ---- 1. Which images fire a map most? ------------------------------------------------------------

def top_units(y, k):
    """Task 1.1: the k images that fire each map most, each with its strongest unit.

    An image counts once for each map, even if its second strongest unit beats all other images:
    Figure 2 shows nine images, not nine places in one.

    y: (N, C, H, W), floats: a layer's output for N images.
    k: how many images for each map. If there are fewer, all of them.
    Returns values and units, with K = min(k, N):
        values (C, K), of y's dtype: the strongest unit of each image, strongest image first
        units (C, K, 4), int64: where these are, as n, c, row, column
    Among equals the earlier image comes first, and in an image the first place, row by row.

    >>> y = np.array([[[[1., 8.], [9., 0.]]], [[[5., 2.], [3., 4.]]]])
    >>> values, units = top_units(y, 2)
    >>> print(values)
    [[9. 5.]]
    >>> print(units)
    [[[0 0 1 0]
      [1 0 0 0]]]
    """
    # BEGIN SOLUTION
    N, C, H, W = y.shape
    flat = y.reshape(N, C, H * W)
    order = np.argsort(-flat.max(axis=2), axis=0, kind="stable")[:k].T          # (C, K)
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    places = flat.argmax(axis=2)[order, channels]
    rows, columns = np.divmod(places, W)
    units = np.stack([order, channels, rows, columns], axis=2).astype(np.int64)
    return flat[order, channels, places], units
    # END SOLUTION


def test_top_units(top_units):
    """Task 1.2: write a test. Does this `top_units` do what task 1.1 asks for?

    Your test will be run on right functions, which it must let pass, and on wrong ones, which it
    must catch.

    top_units: a function like that of task 1.1.
    Returns nothing if the function is right. If it is wrong, an `assert` fails.
    """
    # BEGIN SOLUTION
    y = np.zeros((3, 1, 2, 2))
    y[0, 0] = [[4, 4], [4, 4]]              # the largest mean
    y[1, 0] = [[0, 9], [8, 0]]              # two strong units
    y[2, 0] = [[0, 0], [5, 0]]
    values, units = top_units(y, 2)
    assert np.array_equal(values, [[9, 5]])
    assert np.array_equal(units, [[[1, 0, 0, 1], [2, 0, 1, 0]]])
    # END SOLUTION


# ---- 2. What if a part is covered? ---------------------------------------------------------------

def cover(image, top, left, size, value):
    """Task 2.1: a copy of an image with a square in it.

    image: (C, H, W), floats.
    top, left: the square's first row and column. The square may hang over any edge of the image, or
    lie outside of it: top and left may be negative. What is inside is covered.
    size: the square's side in pixels.
    value: of its pixels, a number.
    Returns a new array (C, H, W), of image's dtype.

    >>> print(cover(np.ones((1, 3, 4)), -1, 1, 2, 0)[0])
    [[1. 0. 0. 1.]
     [1. 1. 1. 1.]
     [1. 1. 1. 1.]]
    """
    # BEGIN SOLUTION
    covered = image.copy()
    rows = slice(max(top, 0), max(top + size, 0))
    columns = slice(max(left, 0), max(left + size, 0))
    covered[:, rows, columns] = value
    return covered
    # END SOLUTION


# Task 2.2: predict, before you write any code. In a row of 32 pixels, a unit sees ten: 11 to 20. A
# square of 4 pixels slides along the row, pixel by pixel, from edge to edge.
#
#     0         11         20      31
#     . . . . . [- - - - - -] . . . .
#     ■■■■ ->
#
# For how many places of the square can the unit change? Write the number.

# BEGIN SOLUTION
touched = 13
# END SOLUTION


def occlusion_map(predict, image, label, *, size, tops, lefts, value=0.0):
    """Task 2.3: the probability of one class, with a square over each place of a grid (Figure 7).

    predict: a function. predict(x) of images x (N, C, H, W) is their classes' probabilities
    (N, classes), as softmax(net.predict(x)) would be.
    image: (C, H, W), floats.
    label: the class.
    size, value: of the square, as in task 2.1.
    tops, lefts: lists of integers: the square's first rows, and its first columns.
    Returns (rows, columns), of image's dtype: the probability of the class `label` when the square
    lies at tops[i], lefts[j], and nothing else is covered.
    """
    # BEGIN SOLUTION
    found = np.empty((len(tops), len(lefts)), image.dtype)
    for i, top in enumerate(tops):
        corners = [(top, left) for left in lefts]
        row = np.repeat(image[None], len(lefts), axis=0)        # a copy of the image for each place
        found[i] = predict(cover_all(row, corners, size, value))[:, label]
    return found
    # END SOLUTION


# ---- 3. And if the image moves? ------------------------------------------------------------------

def shift_curve(features, image, shifts):
    """Task 3.1: how far the features of a layer go when the image is shifted (Figure 5).

    features: a function. features(x) of images x (N, C, H, W), uint8, is a layer's output, floats
    (N, …) with any number of axes.
    image: (C, H, W), uint8.
    shifts: a list of integers: pixels down, negative is up. What comes in at the edge is 0.
    Returns (shifts,), float64: for each, the Euclidean distance √(Σ (a − b)²) from the features of
    the shifted image to those of the image as it was.

    >>> def pixels(x):
    ...     return x.astype(float)
    >>> print(shift_curve(pixels, np.array([[[3], [0]]], np.uint8), [0, 1, -1]))
    [0.         4.24264069 3.        ]
    """
    # BEGIN SOLUTION
    moved = np.stack([translate(image, down) for down in shifts])
    change = features(moved).astype(np.float64) - features(image[None])
    return np.linalg.norm(change.reshape(len(shifts), -1), axis=1)
    # END SOLUTION


# ---- 4. Is an eye an eye in every face? ----------------------------------------------------------

def correspondence(before, after):
    """Task 4.1: Δ of Table 1: how differently n images change when the same part is covered.

    The change of an image's features is before − after. Of it only the sign counts: −1, 0 or 1,
    where 0 agrees with 0 only. Two images disagree in a share of their features. Δ is the mean of
    that share over all pairs of two images.

    before, after: (n, …), floats, with any number of further axes: the features of n images, two at
    least, and those with the part covered.
    Returns a number, 0 … 1.

        change of image 0:     2  -1   0   5
        change of image 1:     7   1   0   0       two of four features disagree: Δ = 0.5
    """
    # BEGIN SOLUTION
    signs = np.sign(before - after).reshape(len(before), -1)                # (n, features)
    pairs = [(i, j) for i in range(len(signs)) for j in range(i)]
    return np.mean([np.mean(signs[i] != signs[j]) for i, j in pairs])
    # END SOLUTION
