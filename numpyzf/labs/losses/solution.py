"""Lab losses: a net judges pictures (section 3.2 of Johnson, Alahi & Fei-Fei 2016).

How alike are two pictures? Pixel by pixel, a picture that is moved by one pixel is a bad copy. A
trained net sees that it is nearly the same: its maps are. So let the net be the judge. It stays as
it is; the picture is what learns:

    picture ──▶ net ──▶ maps y ──▶ loss          how far from what is wanted, one number

    picture ◀── net ◀── gradient ◀── 1           what to change in each pixel, to have less of it

Three losses: the maps themselves (is it the same thing, at the same place?), their Gram matrix
(is it made of the same stuff, wherever?), and the roughness of the picture.

Write what is asked for, in any order, and check as often as you like:

    numpyzf lab check losses.py                all of it
    numpyzf lab check losses.py --task 2.1     one task
    numpyzf lab check losses.py --seed 1       with other numbers

When everything passes, your losses paint: a texture out of noise, and a photograph from what a net
still knows of it. For all arrays: N pictures, C maps (or colors), H×W pixels. A loss is the mean
over the N pictures. Plain loops are good enough everywhere.
"""
import numpy as np


# ---- 1. The Gram matrix --------------------------------------------------------------------------
#
# Write each map as a row: ψ is (C, H·W). Which maps fire together, wherever that is?
#
#                    places                      G = ψψᵀ / (C·H·W)
#     map 0    3  0  1  0                        G[0, 0] = (3·3 + 1·1) / 12
#     map 1    2  0  0  0        C·H·W = 12      G[0, 1] = (3·2) / 12            they meet once
#     map 2    0  5  0  1                        G[0, 2] = 0                     they never meet
#
# The places are summed up: what is where, G doesn't say. So it stands for the style of a picture.
#
# Task 1.1: predict, before you write any code. By which factor do the numbers of G grow, if
#
#     each map becomes twice as high and twice as wide: each value is now four values, all the same
#     each value becomes twice as large
#
# Write both factors.

# BEGIN SOLUTION
grows = (1, 4)
# END SOLUTION


def gram(y):
    """Task 1.2: the Gram matrix of each picture's maps.

    G[n,c,d] = Σ_{h,w} y[n,c,h,w] · y[n,d,h,w] / (C·H·W)

    y: (N, C, H, W), floats: a layer's output for N pictures.
    Returns (N, C, C), of y's dtype.

    >>> gram(np.array([[[[3., 0.], [1., 0.]], [[2., 0.], [0., 4.]]]]))
    array([[[1.25, 0.75],
            [0.75, 2.5 ]]])
    """
    # BEGIN SOLUTION
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    return maps @ maps.transpose(0, 2, 1) / y.dtype.type(C * H * W)     # (N, C, H·W) @ (N, H·W, C)
    # END SOLUTION


def test_gram(gram):
    """Task 1.3: write a test. Does this `gram` do what task 1.2 asks for?

    Your test will be run on right functions, which it must let pass, and on wrong ones, which it
    must catch. Right ones may divide before they add, or after that.

    gram: a function like that of task 1.2.
    Returns nothing if the function is right. If it is wrong, an `assert` fails.
    """
    # BEGIN SOLUTION
    y = np.arange(24.0).reshape(2, 2, 2, 3) - 10
    found = gram(y)
    assert found.shape == (2, 2, 2)
    for n, c, d in np.ndindex(2, 2, 2):
        assert np.isclose(found[n, c, d], (y[n, c] * y[n, d]).sum() / 12)
    # END SOLUTION


# ---- 2. Losses, and their gradients --------------------------------------------------------------
#
# Each gives two things: the loss, and its gradient: by how much does the loss grow, for each number
# of the first argument, if that grows a little? (Lab gradients has a judge for it.)

def feature_loss(y, target):
    """Task 2.1: how far are a layer's maps from those that are wanted?

    The loss of one picture is Σ (y − target)² / (C·H·W), Σ over all its maps and places. The loss
    is the mean over the N pictures.

    y: (N, C, H, W), floats: the maps of the pictures.
    target: (N, C, H, W), floats: the maps that are wanted.
    Returns the loss, a number, and its gradient with respect to y, (N, C, H, W), of y's dtype.

    >>> loss, gradient = feature_loss(np.array([[[[3., 1.]]]]), np.array([[[[1., 2.]]]]))
    >>> float(loss)
    2.5
    >>> gradient
    array([[[[ 2., -1.]]]])
    """
    # BEGIN SOLUTION
    difference = y - target
    return (difference ** 2).mean(), 2 * difference / y.dtype.type(y.size)
    # END SOLUTION


def style_loss(y, gram, target):
    """Task 2.2: how far is a layer's Gram matrix from that of another picture?

    The loss of one picture is Σ (gram − target)², Σ over all C·C numbers: a sum, no mean. The loss
    is the mean over the N pictures.

    In the gradient each y[n,c,h,w] counts in all of row c of its Gram matrix, and in all of column
    c. Work it out on paper, or for one map first: gram = y² / (H·W), for one place.

    y: (N, C, H, W), floats: the maps of the pictures.
    gram: (N, C, C), floats: their Gram matrices, as in task 1.2. You needn't compute them.
    target: (N, C, C), floats: the Gram matrices that are wanted. As all Gram matrices they are
    symmetric.
    Returns the loss, a number, and its gradient with respect to y, (N, C, H, W), of y's dtype: also
    in `gram` is y.

    >>> loss, gradient = style_loss(np.array([[[[3.]]]]), np.array([[[9.]]]), np.array([[[7.]]]))
    >>> float(loss), gradient                   # (9 − 7)²; and of (y² − 7)² it is 2·(9 − 7)·2·3
    (4.0, array([[[[24.]]]]))
    """
    # BEGIN SOLUTION
    N, C, H, W = y.shape
    difference = gram - target
    loss = (difference ** 2).sum() / N
    slope = 4 * difference / y.dtype.type(N * C * H * W)
    return loss, (slope @ y.reshape(N, C, H * W)).reshape(y.shape)      # (N, C, C) @ (N, C, H·W)
    # END SOLUTION


#     a step down, a step to the right:        2 ── 5      5 − 2 =  3      3² + 1² + 2² + 0² = 14
#     what neighbors differ by                 │    │      3 − 2 =  1
#                                              3 ── 5      5 − 3 =  2
#                                                          5 − 5 =  0

def total_variation(x):
    """Task 2.3: how rough is a picture?

    The loss of one picture is the sum of the squares of all its steps: from each pixel to the one
    below it, and to the one at its right, where there is one; each color by itself. The loss is the
    mean over the N pictures.

    x: (N, C, H, W), floats: pictures.
    Returns the loss, a number, and its gradient with respect to x, (N, C, H, W), of x's dtype.

    >>> loss, gradient = total_variation(np.array([[[[2., 5.], [3., 5.]]]]))
    >>> float(loss)
    14.0
    >>> gradient
    array([[[[-8.,  6.],
             [-2.,  4.]]]])
    """
    # BEGIN SOLUTION
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    # a step is what lies behind it, minus what lies before it
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, 2 * gradient / x.dtype.type(len(x))
    # END SOLUTION
