"""Lab convolution: a dot product that moves (section 2 of the paper; lesson 1).

A filter has as many weights as its window has pixels. Lay it on the image, multiply each weight by
the pixel below it, add everything up: one dot product, one output. Then move the filter on.

    x, 4×4                      w, 2×2              y, 3×3

    [1   2]  0   1              1   2               8   .   .
    [0   1]  3   0              0   3               .   .   .
     2   0   1   1                                  .   .   .
     1   1   0   2              1·1 + 2·2 + 0·0 + 3·1 = 8

With channels, the window is a box through all of them, and each filter makes one map. The filter is
laid on the image as it is. (In mathematics a convolution turns it by 180° first. Nets don't.)

Write what is asked for, in any order, and check as often as you like:

    numpyzf lab check convolution.py                all of it
    numpyzf lab check convolution.py --task 2.1     one task
    numpyzf lab check convolution.py --seed 1       with other numbers

When everything passes, your functions are put into a net that has been trained. They carry an image
up, and what one unit has seen back down to the pixels. For all arrays: N images, C channels, H×W
pixels, F filters of K×K weights, OH×OW outputs. Windows are `stride` pixels apart. Around the image
lie `pad` rows and columns of zeros. Plain loops are good enough everywhere.
"""
import numpy as np

from numpyzf.functional import conv_forward as library_forward
from numpyzf.geometry import conv_output_size

# For everything that a task does not ask for, use the library. What has a = below is given by its
# name:
#
#     conv_output_size(n, size, stride, pad)            how many windows there are along an axis
#     library_forward(x, w, b, stride=1, pad=0)         a tuple; its first part is the y of task 2.1


# ---- 1. Where the windows lie, and how the filter lies in them -----------------------------------
#
#     n = 6, size 3, stride 2, pad 1         · 0 1 2 3 4 5 ·
#                                           [- - -]
#                                               [- - -]
#                                                   [- - -]

def output_size(n, size, stride, pad):
    """Task 1.1: the number of windows along an axis.

    n: pixels along the axis.
    size, stride: of the windows, in pixels.
    pad: pixels that are added on each of the two sides.
    Returns an int. Only windows that fit whole count. The window is never larger than what it moves
    over.

    >>> output_size(6, 2, 2, 0), output_size(6, 3, 2, 0), output_size(6, 3, 2, 1)
    (3, 2, 3)
    """
    # BEGIN SOLUTION
    return (n + 2 * pad - size) // stride + 1
    # END SOLUTION


# Task 1.2: predict, before you write any code. The image is one row of five pixels, all dark but
# one. The filter is 1, 2, 3. It moves by one pixel, so there are three outputs:
#
#     x      =   0   0   1   0   0
#     w      =   1   2   3
#     y      =   ?   .   .
#
# What is the first output, y[0]? Write the number. Then think about what y as a whole looks like.

# BEGIN SOLUTION
first = 3
# END SOLUTION


# ---- 2. Up: filtering ----------------------------------------------------------------------------

def conv_forward(x, w, b, *, stride, pad):
    """Task 2.1: filter.

    y[n,f,p,q] = b[f] + Σ_{c,i,j} w[f,c,i,j] · x[n, c, p·stride + i − pad, q·stride + j − pad]

    x: (N, C, H, W), floats; zero outside of it.
    w: (F, C, K, K), the filters.
    b: (F,), one number for each filter.
    stride, pad: of the windows, as in task 1.1.
    Returns y (N, F, OH, OW), of x's dtype.

    >>> x = np.array([[[[1., 2., 0.], [0., 1., 3.]]]])
    >>> w = np.array([[[[1., 2.], [0., 3.]]]])
    >>> conv_forward(x, w, np.array([10.]), stride=1, pad=0)
    array([[[[18., 21.]]]])
    """
    # BEGIN SOLUTION
    (N, C, H, W), (F, _, K, _) = x.shape, w.shape
    OH, OW = conv_output_size(H, K, stride, pad), conv_output_size(W, K, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = np.empty((N, F, OH, OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        top, left = p * stride, q * stride
        window = padded[:, :, top:top + K, left:left + K]       # (N, C, K, K)
        for f in range(F):
            y[:, f, p, q] = (window * w[f]).sum(axis=(1, 2, 3)) + b[f]
    return y
    # END SOLUTION


# The same as one matrix product. Write each window down as a column, its pixels in the order of a
# filter's weights. Then each filter is a row, and all of them times all windows are all outputs:
#
#     w.reshape(F, C·K·K)  @  columns[n] (C·K·K, OH·OW)  =  y[n].reshape(F, OH·OW)
#
#     x = 1 2 3       windows of 2×2, one     columns[0] =   1 2 4 5
#         4 5 6       pixel apart:                           2 3 5 6
#         7 8 9       four of them                           4 5 7 8
#                                                            5 6 8 9
#
# Pixels are written down several times, which costs memory. But matrix products are what computers
# do fastest.

def unfold(x, size, *, stride, pad):
    """Task 2.2: write the windows down as columns.

    x: (N, C, H, W), floats; zero outside of it.
    size, stride, pad: of the windows, as in task 1.1.
    Returns columns (N, C·size·size, OH·OW), of x's dtype. Window (p, q), in row p and column q of
    the output, is column p·OW + q. Its pixel (i, j) of channel c stands in row
    (c·size + i)·size + j.

    >>> unfold(np.array([[[[1., 2., 3.], [4., 5., 6.]]]]), 2, stride=1, pad=0)
    array([[[1., 2.],
            [2., 3.],
            [4., 5.],
            [5., 6.]]])
    """
    # BEGIN SOLUTION
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    columns = np.empty((N, C * size * size, OH * OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + size, q * stride:q * stride + size]
        columns[:, :, p * OW + q] = window.reshape(N, C * size * size)
    return columns
    # END SOLUTION


# ---- 3. Down: transposed filtering ---------------------------------------------------------------
#
# On the way up, a window of pixels makes one output. On the way down, one value goes back to the
# pixels of its window, to each by the weight that the pixel was multiplied with:
#
#     r = 10   1              w = 1  2  3         windows 2 apart
#
#     10·w                    10  20  30
#      1·w                             1   2   3
#     x                       10  20  31   2   3          where windows overlap, values add

def conv_transpose(r, w, *, stride, pad, size):
    """Task 3.1: transposed filtering.

    x[n, c, p·stride + i − pad, q·stride + j − pad] += w[f,c,i,j] · r[n,f,p,q], wherever that place
    lies in the image. What would go into the padding is lost.

    r: (N, F, OH, OW), floats: what comes from above.
    w: (F, C, K, K), the filters. There is no bias on the way down.
    stride, pad: of the windows, on the way up.
    size: (H, W), of the image. For the shape of r there may be several.
    Returns x (N, C, H, W), of r's dtype. Pixels that are in no window get 0.

    >>> r, w = np.array([[[[10., 1.]]]]), np.array([[[[1., 2.], [3., 4.]]]])
    >>> conv_transpose(r, w, stride=1, pad=0, size=(2, 3))
    array([[[[10., 21.,  2.],
             [30., 43.,  4.]]]])
    """
    # BEGIN SOLUTION
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for f, p, q in np.ndindex(F, OH, OW):
        top, left = p * stride, q * stride
        values = r[:, f, p, q].reshape(N, 1, 1, 1)
        padded[:, :, top:top + K, left:left + K] += values * w[f]
    return padded[:, :, pad:pad + H, pad:pad + W].copy()
    # END SOLUTION


def test_conv_transpose(conv_transpose):
    """Task 3.2: write a test. Does this `conv_transpose` do what task 3.1 asks for?

    Your test will be run on right functions, which it must let pass, and on wrong ones, which it
    must catch. There is one sentence that only the right one fulfills: it is the adjoint of
    filtering without a bias. Whatever x and r are,

        Σ filtered(x) · r  =  Σ x · conv_transpose(r)           over all elements

    conv_transpose: a function like that of task 3.1, with the same arguments.
    Returns nothing if the function is right. If it is wrong, an `assert` fails.
    """
    # BEGIN SOLUTION
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 3, 6, 7))
    w = rng.standard_normal((4, 3, 3, 3))
    y, _ = library_forward(x, w, np.zeros(4), stride=2, pad=1)
    r = rng.standard_normal(y.shape)
    back = conv_transpose(r, w, stride=2, pad=1, size=(6, 7))
    assert back.shape == x.shape
    assert np.isclose((y * r).sum(), (x * back).sum())
    # END SOLUTION


# ---- 4. How far does a unit see? -----------------------------------------------------------------
#
#     pixels                 0   1   2   3   4   5
#     a filter of 3         [a           ]                unit a sees 3 pixels,
#                               [b           ]            unit b too, 1 pixel further
#     on it a pool of 2,    [a   b           ]            its first unit sees a and b: pixels 0 … 3,
#     2 apart                       [            ]        its second 4 pixels too, 2 further

def receptive_field(windows):
    """Task 4.1: what a unit sees of the image, along one axis.

    windows: a list of (size, stride), from the image upwards: those of convolutions and of pools.
    At least one.
    Returns (size, stride), two ints: how many pixels, side by side, a unit behind the last window
    sees; and how many pixels further its neighbor begins.

    >>> receptive_field([(3, 1)]), receptive_field([(3, 1), (2, 2)])
    ((3, 1), (4, 2))
    """
    # BEGIN SOLUTION
    size, stride = 1, 1                     # a pixel sees itself
    for window, step in windows:
        size += (window - 1) * stride
        stride *= step
    return size, stride
    # END SOLUTION
