"""Lab speed: a convolution, 20 times faster and still right (section 2 of the paper).

The convolution below, slow_convolve, is right: seven loops, as the definition has it. But Python
takes far longer to find two numbers than to multiply them. So let NumPy find them, all at once,
and multiply them in one matrix product:

    x, padded       windows, a view             columns, a copy         y
                                                                      (N, F, OH, OW)
    1 2 3           [1 2]  [2 3]                1 2 4 5                  |
    4 5 6           [4 5]  [5 6]                2 3 5 6                  | laid out anew
    7 8 9           [4 5]  [5 6]                4 5 7 8                  |
                    [7 8]  [8 9]                5 6 8 9     w @ columns + b
                                            (C·K·K, N·OH·OW)         (F, N·OH·OW)

Write what is asked for, in any order, and check as often as you like:

    numpyzf lab check speed.py                all of it
    numpyzf lab check speed.py --task 2.1     one task
    numpyzf lab check speed.py --seed 1       with other numbers

When everything passes, your functions are put into a net that has been trained, and race against
the loops and the library. For all arrays: N images, C channels, H×W pixels, F filters of K×K,
OH×OW outputs. Windows are `stride` pixels apart, and an image has a margin of `pad` zeros on each
side.
"""
import numpy as np

from numpyzf.functional import conv_forward
from numpyzf.geometry import conv_output_size

# For everything that a task does not ask for, use the library. What has a = below is given by its
# name:
#
#     conv_output_size(n, size, stride, pad)            how many windows there are along an axis
#     conv_forward(x, w, b, stride=1, pad=0)[0]         the library's convolution


def slow_convolve(x, w, b, *, stride=1, pad=0):
    """A convolution by seven loops, two of them in words: right, and slow.

    x: (N, C, H, W). w: (F, C, K, K). b: (F,). Returns y (N, F, OH, OW), of x's dtype.
    """
    F, C, K, _ = w.shape
    OH, OW = (conv_output_size(n, K, stride, pad) for n in x.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = np.empty((len(x), F, OH, OW), x.dtype)
    for n, f, p, q in np.ndindex(y.shape):
        total = b[f]
        for c, i, j in np.ndindex(C, K, K):
            total += w[f, c, i, j] * padded[n, c, p * stride + i, q * stride + j]
        y[n, f, p, q] = total
    return y


# ---- 1. Windows and columns ----------------------------------------------------------------------
#
# Task 1.1: predict, before you write any code. An image of 100×100 pixels has a margin of one zero,
# so that windows of 3×3, one pixel apart, are as many as its pixels. Each window is laid out as a
# column of its own. How many numbers are in the columns, for each number in the image?

# BEGIN SOLUTION
copies = 9
# END SOLUTION


def windows(x, size, stride):
    """Task 1.2: all windows of the images, without copying a number.

    A view shows the memory of another array with other steps along its axes, and neighboring
    windows share most of their pixels. See np.lib.stride_tricks.

    x: (N, C, H, W), floats, padded already.
    size, stride: of the windows.
    Returns a view (N, C, OH, OW, size, size) of x: its element n, c, p, q, i, j is
    x[n, c, p·stride + i, q·stride + j].

    >>> windows(np.array([[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]]), 2, 1)[0, 0, 1, 0]
    array([[4, 5],
           [7, 8]])
    """
    # BEGIN SOLUTION
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    return views[:, :, ::stride, ::stride]
    # END SOLUTION


# ---- 2. A fast convolution -----------------------------------------------------------------------

def convolve(x, w, b, *, stride=1, pad=0):
    """Task 2.1: what slow_convolve does, at least 20 times as fast.

    The grader times both with 2 images of 3×16×16 and 16 filters of 3×3, on one core.

    x: (N, C, H, W), floats. w: (F, C, K, K). b: (F,).
    stride, pad: of the windows.
    Returns y (N, F, OH, OW), of x's dtype.
    """
    # BEGIN SOLUTION
    F, C, K, _ = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (K, K), axis=(2, 3))
    views = views[:, :, ::stride, ::stride]
    N, _, OH, OW = views.shape[:4]
    # (N, C, OH, OW, K, K) -> (C·K·K, N·OH·OW)
    columns = views.transpose(1, 4, 5, 0, 2, 3).reshape(C * K * K, N * OH * OW)
    y = w.reshape(F, -1) @ columns + b[:, None]
    return np.ascontiguousarray(y.reshape(F, N, OH, OW).transpose(1, 0, 2, 3))
    # END SOLUTION


def convolve_in_blocks(x, w, b, *, limit, stride=1, pad=0):
    """Task 2.2: the same in little memory: the columns of a few images at a time.

    The columns of all images may take more memory than there is. Those of a block of images fit,
    and stay in the cache until they have been multiplied.

    x, w, b, stride, pad: as in task 2.1.
    limit: bytes of columns at a time. A block has as many images as fit, and one at least.
    Returns y (N, F, OH, OW), of x's dtype. Besides y, it never takes much more memory than x and a
    few times `limit`, however many images there are.
    """
    # BEGIN SOLUTION
    F, C, K, _ = w.shape
    OH, OW = (conv_output_size(n, K, stride, pad) for n in x.shape[2:])
    y = np.empty((len(x), F, OH, OW), x.dtype)
    block = max(1, limit // (C * K * K * OH * OW * x.itemsize))
    for n in range(0, len(x), block):
        padded = np.pad(x[n:n + block], ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        views = np.lib.stride_tricks.sliding_window_view(padded, (K, K), axis=(2, 3))
        views = views[:, :, ::stride, ::stride]
        # one product for each image, (F, C·K·K) @ (C·K·K, OH·OW): nothing to lay out anew
        columns = views.transpose(0, 1, 4, 5, 2, 3).reshape(len(padded), C * K * K, OH * OW)
        products = np.matmul(w.reshape(F, -1), columns) + b[:, None]
        y[n:n + block] = products.reshape(-1, F, OH, OW)
    return y
    # END SOLUTION


# ---- 3. What limits it? And is it still right? ---------------------------------------------------
#
# Task 3.1: predict. Each of these waits for something else:
#
#     1   seven loops in Python
#     2   the same loops, compiled by Numba: total += w·x, one product after another
#     3   the product of two large matrices, by NumPy's @
#     4   adding a bias to an array of 400 MB, in place
#
#     A   arithmetic: it can't multiply and add any faster
#     B   the interpreter: finding names, checking types, making objects
#     C   a chain: each addition has to wait for the result of the one before
#     D   memory: numbers come and go more slowly than they are added
#
# Write four letters, such as "ABCD": what 1 waits for comes first. Each letter comes once.

# BEGIN SOLUTION
limits = "BCAD"
# END SOLUTION


def test_convolve(convolve):
    """Task 3.2: write a test. Is this fast `convolve` still right?

    Your test will be run on right functions, which it must let pass, and on wrong ones, which it
    must catch. The right ones calculate in float32 or float64 and add in different orders, so they
    round differently: in float32, by about a millionth of the largest value. One of the wrong ones
    is fast because it calculates with 16 bits, and is wrong by about a thousandth.

    convolve: a function like slow_convolve.
    Returns nothing if the function is right. If it is wrong, an `assert` fails.
    """
    # BEGIN SOLUTION
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape).astype(np.float32)
               for shape in ((2, 3, 7, 6), (4, 3, 3, 3), 4))
    for stride, pad in ((1, 0), (2, 1)):
        right = slow_convolve(x, w, b, stride=stride, pad=pad)
        y = convolve(x, w, b, stride=stride, pad=pad)
        assert y.shape == right.shape
        assert abs(y - right).max() < 1e-4 * abs(right).max()
    # END SOLUTION
