"""Lab gradients: the way down, and how to check it (section 2 of the paper; lesson 2).

A net ends in one number, the loss. The gradient says of every number in the net: if this one grows
a little, how much does the loss grow? It is computed from the top down, layer by layer. A layer is
told dy, the gradient with respect to its output, and says what it is for its input, and for its
weights:

              x ──────────────▶ layer ──────────────▶ y ───────▶ … ───────▶ loss
                                w, b

              dx ◀───────────── layer ◀────────────── dy ◀────── … ◀─────── 1
                                dw, db

    dx[i] = Σ dy · (what y gains, if x[i] grows by a little), divided by that little

A wrong gradient doesn't crash. The net learns worse, and nobody knows why. So first write the judge
that finds it out: central differences.

Write what is asked for, in any order, and check as often as you like:

    numpyzf lab check gradients.py                all of it
    numpyzf lab check gradients.py --task 2.1     one task
    numpyzf lab check gradients.py --seed 1       with other numbers

When everything passes, your gradients train a small net, and your judge looks at it. For all
arrays: N images, C channels, H×W pixels, F filters of K×K weights, OH×OW outputs; fully connected,
I inputs and O outputs. Plain loops are good enough everywhere.
"""
import numpy as np

from numpyzf.functional import conv_transpose

# For everything that a task does not ask for, use the library. What has a = below is given by its
# name, such as stride=2:
#
#     conv_transpose(r, w, stride=1, pad=0, size=(H, W))    transposed filtering:
#         x[n, c, p·stride + i − pad, q·stride + j − pad] += w[f,c,i,j] · r[n,f,p,q]


# ---- 1. The judge: central differences -----------------------------------------------------------
#
#     f(x)  |                        o   above = f(x + h)
#           |                    ·
#           |               ·              slope = (above − below) / 2h
#           |          ·
#           |    o   below = f(x − h)
#           +----|---------|---------|---
#              x − h       x       x + h

def numerical_gradient(f, x, dy, h=1e-5):
    """Task 1.1: the gradient of Σ dy·f(x) with respect to x, by central differences.

    For one element after the other, all others staying as they are:
    [Σ dy·f(x, this element + h) − Σ dy·f(x, this element − h)] / 2h

    f: a function. It takes an array of x's shape and returns one of dy's shape.
    x: float64, any shape.
    dy: float64, any shape: how much each element of f(x) counts.
    h: how far to go to each side.
    Returns an array of x's shape, float64.

    >>> numerical_gradient(lambda x: x ** 3, np.array([2.0]), np.array([10.0]), h=1.0)
    array([130.])
    """
    # BEGIN SOLUTION
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += h
        below[place] -= h
        gradient[place] = (dy * (f(above) - f(below))).sum() / (2 * h)
    return gradient
    # END SOLUTION


def squash(x):
    """Given, for task 1.2: keep each row of x shorter than 1. y = x / √(1 + Σ x²), Σ over the row.

    x: (N, I), floats.
    Returns y (N, I). Each value of a row changes all of the row.
    """
    return x / np.sqrt(1 + (x ** 2).sum(axis=1, keepdims=True))


def test_squash_backward(backward):
    """Task 1.2: write a test. Is this `backward` the gradient of `squash`?

    Your test will be run on right functions, which it must let pass, and on wrong ones, which it
    must catch. You don't need to know the formula: differences of `squash` tell what is right. Work
    in float64: in float32 a difference has few good digits.

    backward: a function backward(dy, x) -> dx, three arrays (N, I): dy is the gradient of some loss
    with respect to squash(x), and dx should be the gradient with respect to x.
    Returns nothing if the function is right. If it is wrong, an `assert` fails.
    """
    # BEGIN SOLUTION
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    dx, h = backward(dy, x), 1e-5
    assert dx.shape == x.shape
    for place in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[place] = h
        slope = (dy * (squash(x + nudge) - squash(x - nudge))).sum() / (2 * h)
        assert abs(dx[place] - slope) < 1e-6
    # END SOLUTION


# ---- 2. Layers: the way down ---------------------------------------------------------------------

def linear_backward(dy, x, w):
    """Task 2.1: the gradients of a fully connected layer.

    Up, the layer was y[n,o] = b[o] + Σ_i w[o,i] · x[n,i], which is y = x wᵀ + b.

    dy: (N, O), the gradient of some loss with respect to y.
    x: (N, I), what the layer was given.
    w: (O, I), its weights.
    Returns dx (N, I), dw (O, I) and db (O,), of x's dtype. A weight is used for all images: what
    they say adds.

    >>> dx, dw, db = linear_backward(np.array([[1., 10.]]), np.array([[2., 3.]]),
    ...                              np.array([[4., 5.], [6., 7.]]))
    >>> dx
    array([[64., 75.]])
    >>> dw
    array([[ 2.,  3.],
           [20., 30.]])
    """
    # BEGIN SOLUTION
    dx = dy @ w                             # (N, O) @ (O, I) -> (N, I)
    dw = dy.T @ x                           # (O, N) @ (N, I) -> (O, I)
    db = dy.sum(axis=0)
    return dx, dw, db
    # END SOLUTION


def relu_backward(dy, x):
    """Task 2.2: the gradient of a ReLU.

    Up, the layer was y = max(x, 0), element by element.

    dy: the gradient of some loss with respect to y; any shape.
    x: of the same shape, what the layer was given.
    Returns dx of the same shape, of dy's dtype. Where x is 0, dx is 0.

    >>> relu_backward(np.array([5., 6., -7.]), np.array([-1., 2., 3.]))
    array([ 0.,  6., -7.])
    """
    # BEGIN SOLUTION
    return dy * (x > 0)
    # END SOLUTION


# A convolution hands each dy to both factors of every product that it made:
#
#     up:    y[n,f,p,q] = b[f] + Σ_{c,i,j} w[f,c,i,j] · x[n, c, p·stride + i − pad, …]
#
#     down:  dx gets  dy · w  at the pixel         (as conv_transpose does it)
#            dw gets  dy · x  at the weight        (Σ over all images and windows)
#            db gets  dy

def conv_backward(dy, x, w, *, stride, pad):
    """Task 2.3: the gradients of a convolution.

    dy: (N, F, OH, OW), the gradient of some loss with respect to the output.
    x: (N, C, H, W), what the layer was given; outside of it are zeros.
    w: (F, C, K, K), its filters.
    stride, pad: pixels from one window to the next; and the first begins `pad` pixels before the
    image.
    Returns dx (N, C, H, W), dw (F, C, K, K) and db (F,), of x's dtype.

    >>> x = np.array([[[[1., 2., 0.], [0., 1., 3.]]]])
    >>> w = np.array([[[[1., 2.], [0., 3.]]]])
    >>> dx, dw, db = conv_backward(np.array([[[[10., 1.]]]]), x, w, stride=1, pad=0)
    >>> dx
    array([[[[10., 21.,  2.],
             [ 0., 30.,  3.]]]])
    >>> dw, db
    (array([[[[12., 20.],
             [ 1., 13.]]]]), array([11.]))
    """
    # BEGIN SOLUTION
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        top, left = p * stride, q * stride
        window = padded[:, :, top:top + K, left:left + K]       # (N, C, K, K)
        for f in range(len(w)):
            dw[f] += (dy[:, f, p, q].reshape(-1, 1, 1, 1) * window).sum(axis=0)
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.sum(axis=(0, 2, 3))
    # END SOLUTION


# ---- 3. The loss ---------------------------------------------------------------------------------
#
#     scores, one for each class      2     1     0
#     e^score                        7.39  2.72  1.00       Σ = 11.11
#     probability                    0.67  0.24  0.09
#
#     The label says which class is right. If it is the first, the loss is −log 0.67 = 0.41.
#
# Task 3.1: predict, before you write any code. A net that knows nothing gives ten classes the same
# score. What is its loss? (log is the natural logarithm, np.log.) Write the number, with two digits
# behind the point.

# BEGIN SOLUTION
at_chance = 2.30
# END SOLUTION


def softmax_cross_entropy(scores, labels):
    """Task 3.2: the loss and its gradient.

    p = e^score / Σ e^score, Σ over the classes of one image.
    loss = −log p[label], its mean over the images.

    scores: (N, classes), floats; they may be large, 1000 and more.
    labels: (N,), integers: the right class of each image.
    Returns the loss, a number, and its gradient dscores (N, classes), of scores' dtype. For one
    image it is p, with 1 taken off at the label: p − 1 there.

    >>> loss, dscores = softmax_cross_entropy(np.log([[1., 3.], [1., 1.]]), np.array([0, 1]))
    >>> round(float(loss), 4), dscores.round(4)     # the mean of log 4 and log 2
    (1.0397, array([[-0.375,  0.375],
           [ 0.25 , -0.25 ]]))
    """
    # BEGIN SOLUTION
    images = np.arange(len(scores))
    shifted = scores - scores.max(axis=1, keepdims=True)        # e^shifted is at most 1
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[images, labels].mean()
    dscores = np.exp(log_p)
    dscores[images, labels] -= 1
    return loss, dscores / len(scores)
    # END SOLUTION
