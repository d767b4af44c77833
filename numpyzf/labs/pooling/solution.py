"""Lab pooling: pooling, switches, and what overlap does (section 2.1 of the paper).

Max pooling keeps the largest value of each window. The deconvnet has to go back: so pooling also
records *where* each maximum was, the switches, and unpooling sends values there. Windows may
overlap, and then one place may get two values.

    windows of 3, 2 apart:          pooling                      unpooling r by the switches

      1   7   2   0   5
     [---------]                    the window's maximum 7       r[0] goes to where 7 was
             [---------]            the window's maximum 5       r[1] goes to where 5 was

                                    y      = 7, 5
                                    switch = 1, 4                0  r[0]  0   0  r[1]

Write what is asked for, in any order, and check as often as you like:

    numpyzf lab check pooling.py                all of it
    numpyzf lab check pooling.py --task 2.1     one task
    numpyzf lab check pooling.py --seed 1       with other numbers

When everything passes, your functions are put into a net that has been trained, and it draws what
it sees through them. For all arrays: N images, C maps, H×W pixels, OH×OW outputs. A window is
square, `size` pixels wide. Windows are `stride` pixels apart, and the first begins `pad` pixels
before the image. Plain loops are good enough everywhere.
"""
import numpy as np

from numpyzf.functional import max_pool_forward
from numpyzf.geometry import pool_output_size

# For everything that a task does not ask for, use the library. What has a = below is given by its
# name, such as size=3:
#
#     pool_output_size(n, size, stride, pad, ceil)      how many windows there are along an axis
#     max_pool_forward(x, size=3, stride=2, pad=0, ceil=False)
#                                                       y and its switches, whose index is that of
#                                                       task 2.2


# ---- 1. How many windows? ------------------------------------------------------------------------
#
#     n = 6, size 3, stride 2                 0 1 2 3 4 5
#                                            [- - -]
#                                                [- - -]
#     with ceil, one more that hangs over            [- - -]

def output_size(n, size, stride, pad=0, ceil=False):
    """Task 1.1: the number of pooling windows along an axis.

    n: pixels along the axis.
    size, stride, pad: of the windows. `pad` pixels are added on both sides.
    ceil: if pixels are left over behind the last window, one more window may hang over the edge.
    It counts only if it begins inside of the image or of the padding before it: at a place
    < n + pad, counted from the first pixel of the padding.
    Returns an int.

    >>> output_size(6, 2, 2), output_size(6, 3, 2), output_size(6, 3, 2, ceil=True)
    (3, 2, 3)
    """
    # BEGIN SOLUTION
    left = n + 2 * pad - size               # how far the first window can be moved
    count = left // stride + 1
    if ceil and left % stride and count * stride < n + pad:
        count += 1
    return count
    # END SOLUTION


# ---- 2. Up: the maximum, and where it was --------------------------------------------------------

def max_pool(x, *, size, stride, pad=0, ceil=False):
    """Task 2.1: the largest value of each window.

    x: (N, C, H, W), floats. Padding counts as −∞: it never wins.
    size, stride, pad, ceil: of the windows, as in task 1.1.
    Returns y (N, C, OH, OW), of x's dtype.

    >>> max_pool(np.array([[[[1., 7., 2., 0.], [3., 4., 9., 5.]]]]), size=2, stride=2)
    array([[[[7., 9.]]]])
    """
    # BEGIN SOLUTION
    N, C, H, W = x.shape
    OH, OW = (pool_output_size(n, size, stride, pad, ceil) for n in (H, W))
    y = np.empty((N, C, OH, OW), x.dtype)
    for p in range(OH):
        top = p * stride - pad
        for q in range(OW):
            left = q * stride - pad
            window = x[:, :, max(top, 0):top + size, max(left, 0):left + size]
            y[:, :, p, q] = window.max(axis=(2, 3))
    return y
    # END SOLUTION


def find_switches(x, *, size, stride, pad=0, ceil=False):
    """Task 2.2: where the largest value of each window is.

    A place is one number: row·W + column in the image x[n, c], without its padding.

    x, size, stride, pad, ceil: as in task 2.1.
    Returns index (N, C, OH, OW), int32. Of equal values the first counts, row by row from the top,
    and in a row from the left.

    >>> find_switches(np.array([[[[1., 7., 2., 0.], [3., 4., 9., 5.]]]]), size=2, stride=2)
    array([[[[1, 6]]]], dtype=int32)
    """
    # BEGIN SOLUTION
    N, C, H, W = x.shape
    OH, OW = (pool_output_size(n, size, stride, pad, ceil) for n in (H, W))
    index = np.empty((N, C, OH, OW), np.int32)
    for n, c, p, q in np.ndindex(N, C, OH, OW):
        top, left = max(p * stride - pad, 0), max(q * stride - pad, 0)
        window = x[n, c, top:p * stride - pad + size, left:q * stride - pad + size]
        row, column = np.unravel_index(window.argmax(), window.shape)
        index[n, c, p, q] = (top + row) * W + left + column
    return index
    # END SOLUTION


# ---- 3. Down: unpooling --------------------------------------------------------------------------
#
# Task 3.1: predict, before you write any code. An image is one row of five pixels. Windows of 3 are
# 2 apart, so the pixel in the middle is in both of them, and here it is the maximum of both:
#
#     x       =   1   3   9   2   4
#     windows    [---------]
#                        [---------]
#     switches =  2, 2
#
# From above comes r = 10, 1: one value for each window. Unpooling is to be the gradient of pooling:
# how fast Σ r·y grows with each pixel, where y are the outputs of pooling. If x[2] grows a little,
# both outputs grow. What does unpooling put at pixel 2? Write the number.

# BEGIN SOLUTION
meeting = 11
# END SOLUTION


def unpool(r, index, x_shape):
    """Task 3.2: send each value to the place where its maximum came from.

    r: (N, C, OH, OW), floats: what comes from above.
    index: int32 (N, C, OH, OW), as in task 2.2.
    x_shape: (N, C, H, W), of the image that was pooled.
    Returns x of that shape and r's dtype: zero wherever nothing was sent. Where several values
    meet, see task 3.1.

    >>> unpool(np.array([[[[5., 6.]]]]), np.array([[[[1, 3]]]], np.int32), (1, 1, 2, 2))
    array([[[[0., 5.],
             [0., 6.]]]])
    """
    # BEGIN SOLUTION
    x = np.zeros(x_shape, r.dtype)
    for n, c, p, q in np.ndindex(r.shape):
        row, column = divmod(int(index[n, c, p, q]), x_shape[3])
        x[n, c, row, column] += r[n, c, p, q]
    return x
    # END SOLUTION


def max_pool_backward(dy, x, *, size, stride, pad=0, ceil=False):
    """Task 3.3: the gradient of max pooling.

    dy: (N, C, OH, OW), the gradient of some loss with respect to max_pool(x).
    x: (N, C, H, W), what was pooled.
    size, stride, pad, ceil: as in task 2.1.
    Returns dx (N, C, H, W), of dy's dtype: the gradient of the loss with respect to x. Of equal
    maxima only the first gets something, as in task 2.2.
    """
    # BEGIN SOLUTION
    _, switches = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    dx = np.zeros(x.shape, dy.dtype)
    N, C, _, W = x.shape
    images, maps = np.ogrid[:N, :C]                     # (N, 1), (1, C)
    rows, columns = np.divmod(switches.index, W)
    np.add.at(dx, (images[..., None, None], maps[..., None, None], rows, columns), dy)
    return dx
    # END SOLUTION


def test_unpool(unpool):
    """Task 3.4: write a test. Does this `unpool` do what task 3.2 asks for?

    Your test will be run on right functions, which it must let pass, and on wrong ones, which it
    must catch.

    unpool: a function like that of task 3.2. It takes numpy arrays, and index is int32.
    Returns nothing if the function is right. If it is wrong, an `assert` fails.
    """
    # BEGIN SOLUTION
    r = np.array([[[[10., 1.], [4., 2.]], [[3., 5.], [7., 6.]]]])
    index = np.array([[[[4, 4], [4, 8]], [[0, 5], [7, 7]]]], np.int32)
    x = unpool(r, index, (1, 2, 3, 4))
    assert x.shape == (1, 2, 3, 4)
    right = np.zeros((2, 12))
    right[0, 4], right[0, 8] = 15, 2
    right[1, 0], right[1, 5], right[1, 7] = 3, 5, 13
    assert np.allclose(x.reshape(2, 12), right)
    # END SOLUTION
