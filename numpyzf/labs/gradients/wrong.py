"""Wrong answers to the tasks of the gradients lab, one misconception each; docstrings are hints.

They use what solution.py imports or defines for its tasks, and nothing else.
"""
import numpy as np

from ...functional import conv_transpose
from .. import judge
from ..tasks import Wrong
from .solution import squash


# ---- 1.1 numerical_gradient ----------------------------------------------------------------------

def divides_by_h(f, x, dy, h=1e-5):
    """From x − h to x + h it is 2h. Yours divides by h."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += h
        below[place] -= h
        gradient[place] = (dy * (f(above) - f(below))).sum() / h
    return gradient


def does_not_divide(f, x, dy, h=1e-5):
    """A slope is a change divided by a distance: divide by 2h."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += h
        below[place] -= h
        gradient[place] = (dy * (f(above) - f(below))).sum()
    return gradient


def below_minus_above(f, x, dy, h=1e-5):
    """The sign is wrong: it is f above minus f below."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += h
        below[place] -= h
        gradient[place] = (dy * (f(below) - f(above))).sum() / (2 * h)
    return gradient


def gives_the_value(f, x, dy, h=1e-5):
    """This is Σ dy·f(x) itself. The gradient says how much that changes."""
    return np.full(x.shape, (dy * f(x)).sum())


def all_at_once(f, x, dy, h=1e-5):
    """Yours changes all elements at once, and finds one slope. Change one element, and leave the
    others as they are."""
    slope = (dy * (f(x + h) - f(x - h))).sum() / (2 * h)
    return np.full(x.shape, slope)


def never_undone(f, x, dy, h=1e-5):
    """What you change in an element has to be undone before the next one's turn."""
    gradient, moved = np.empty(x.shape), x.copy()
    for place in np.ndindex(x.shape):
        moved[place] += h
        above = f(moved.copy())
        moved[place] -= 2 * h
        gradient[place] = (dy * (above - f(moved.copy()))).sum() / (2 * h)
    return gradient


def loses_the_shape(f, x, dy, h=1e-5):
    """The gradient has x's shape: one number for each element of x, at its place."""
    gradient = np.empty(x.size)
    for i, place in enumerate(np.ndindex(x.shape)):
        above, below = x.copy(), x.copy()
        above[place] += h
        below[place] -= h
        gradient[i] = (dy * (f(above) - f(below))).sum() / (2 * h)
    return gradient


def one_sided(f, x, dy, h=1e-5):
    """Yours goes to one side only, from x to x + h. To both sides the error is far smaller: it
    falls with h² and not with h."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        above = x.copy()
        above[place] += h
        gradient[place] = (dy * (f(above) - f(x.copy()))).sum() / h
    return gradient


def half_the_way(f, x, dy, h=1e-5):
    """Yours goes from x to x + h, but divides by 2h. Go to both sides."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        above = x.copy()
        above[place] += h
        gradient[place] = (dy * (f(above) - f(x.copy()))).sum() / (2 * h)
    return gradient


def other_side(f, x, dy, h=1e-5):
    """Yours goes to one side only, from x − h to x. To both sides the error is far smaller: it
    falls with h² and not with h."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        below = x.copy()
        below[place] -= h
        gradient[place] = (dy * (f(x.copy()) - f(below))).sum() / h
    return gradient


def h_of_its_own(f, x, dy, h=1e-5):
    """Go as far as h says. Yours has a step of its own."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += 1e-5
        below[place] -= 1e-5
        gradient[place] = (dy * (f(above) - f(below))).sum() / 2e-5
    return gradient


def half_of_h(f, x, dy, h=1e-5):
    """Go as far as h to each side. Yours goes half as far."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += h / 2
        below[place] -= h / 2
        gradient[place] = (dy * (f(above) - f(below))).sum() / h
    return gradient


def forgets_dy(f, x, dy, h=1e-5):
    """dy is missing: each output's change counts dy times."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += h
        below[place] -= h
        gradient[place] = (f(above) - f(below)).sum() / (2 * h)
    return gradient


def mean_over_outputs(f, x, dy, h=1e-5):
    """The outputs' changes, each times its dy, are added. Yours takes the mean."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += h
        below[place] -= h
        gradient[place] = (dy * (f(above) - f(below))).mean() / (2 * h)
    return gradient


def adds_before_dy(f, x, dy, h=1e-5):
    """Each output's change is multiplied by its own dy, then all are added. Yours adds first."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += h
        below[place] -= h
        gradient[place] = dy.sum() * (f(above) - f(below)).sum() / (2 * h)
    return gradient


def leaves_x_a_little_off(f, x, dy, h=1e-5):
    """-"""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        x[place] += h
        above = f(x.copy())
        x[place] -= 2 * h
        gradient[place] = (dy * (above - f(x.copy()))).sum() / (2 * h)
        x[place] += h
    return gradient


# ---- 1.2 test_squash_backward --------------------------------------------------------------------

def always_fails(backward):
    """Your test fails whatever it is given."""
    assert False


def wants_it_without_dy(backward):
    """In your differences dy is missing: it is Σ dy·squash(x) that the gradient is of."""
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    dx = backward(dy, x)
    for place in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[place] = 1e-5
        slope = (squash(x + nudge) - squash(x - nudge)).sum() / 2e-5
        assert abs(dx[place] - slope) < 1e-6


def never_fails(backward):
    """Your test catches nothing: does it compare the values of dx?"""
    x = np.ones((2, 3))
    assert backward(x, x).shape == x.shape


def with_ones(backward):
    """In your test all of dy is 1. A function that doesn't multiply by dy, or does it in the wrong
    place, is right there: use random numbers."""
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 3)), np.ones((2, 3))
    dx = backward(dy, x)
    for place in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[place] = 1e-5
        slope = (dy * (squash(x + nudge) - squash(x - nudge))).sum() / 2e-5
        assert abs(dx[place] - slope) < 1e-6


def with_one_row(backward):
    """Your test has a single row: so it can't see what happens to several."""
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((1, 3)), rng.standard_normal((1, 3))
    dx = backward(dy, x)
    for place in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[place] = 1e-5
        slope = (dy * (squash(x + nudge) - squash(x - nudge))).sum() / 2e-5
        assert abs(dx[place] - slope) < 1e-6


def with_a_wide_tolerance(backward):
    """Your test allows too large an error: in float64, central differences are good to some eight
    digits."""
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    dx = backward(dy, x)
    for place in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[place] = 1e-5
        slope = (dy * (squash(x + nudge) - squash(x - nudge))).sum() / 2e-5
        assert abs(dx[place] - slope) < 0.02 + 0.02 * abs(slope)


def with_positive_numbers(backward):
    """In your test all of x is positive. A wrong sign doesn't show there."""
    rng = np.random.default_rng(0)
    x, dy = rng.uniform(0.5, 2, (2, 3)), rng.standard_normal((2, 3))
    dx = backward(dy, x)
    for place in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[place] = 1e-5
        slope = (dy * (squash(x + nudge) - squash(x - nudge))).sum() / 2e-5
        assert abs(dx[place] - slope) < 1e-6


def at_zero(backward):
    """In your test x is 0, or close to it. There squash changes nothing, and much that is wrong
    looks right."""
    rng = np.random.default_rng(0)
    x, dy = np.zeros((2, 3)), rng.standard_normal((2, 3))
    dx = backward(dy, x)
    for place in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[place] = 1e-5
        slope = (dy * (squash(x + nudge) - squash(x - nudge))).sum() / 2e-5
        assert abs(dx[place] - slope) < 1e-6


# ---- 2.1 linear_backward -------------------------------------------------------------------------

def weights_transposed(dy, x, w):
    """dx = dy w: x[i] has gone to output o by w[o, i], and dy[o] comes back by the same weight.
    Yours takes w[i, o]."""
    return (dy @ w.T)[:, :w.shape[1]], dy.T @ x, dy.sum(axis=0)


def dw_transposed(dy, x, w):
    """dw has w's shape (O, I): dw[o, i] = Σ_n dy[n, o] · x[n, i]. Yours has o and i exchanged."""
    return dy @ w, x.T @ dy, dy.sum(axis=0)


def db_per_image(dy, x, w):
    """db has b's shape (O,): one number for each output, from all images."""
    return dy @ w, dy.T @ x, dy


def dx_without_dy(dy, x, w):
    """dy is missing in dx: w says how much an output grows, and dy how much that counts."""
    return np.broadcast_to(w.sum(axis=0), x.shape).copy(), dy.T @ x, dy.sum(axis=0)


def dw_without_x(dy, x, w):
    """A weight is multiplied by x: so its gradient is dy times x. x is missing in your dw."""
    dw = np.broadcast_to(dy.sum(axis=0)[:, None], w.shape).copy()
    return dy @ w, dw, dy.sum(axis=0)


def mean_over_the_batch(dy, x, w):
    """What the images say about a weight adds. Yours takes the mean: that has been done already, in
    the loss, and is in dy."""
    N = x.dtype.type(len(x))
    return dy @ w, dy.T @ x / N, dy.sum(axis=0) / N


def dx_over_the_batch(dy, x, w):
    """dx[n] is of image n alone, and its dy[n] is all that it needs. Yours divides by the number of
    images."""
    return dy @ w / x.dtype.type(len(x)), dy.T @ x, dy.sum(axis=0)


def first_image_s_db(dy, x, w):
    """What the images say about b adds: Σ over n. Yours has one image's dy."""
    return dy @ w, dy.T @ x, dy[0].copy()


def last_image_s_dw(dy, x, w):
    """What the images say about w adds: Σ over n. Yours keeps the last image's: += and not =."""
    return dy @ w, dy[-1][:, None] * x[-1], dy.sum(axis=0)


def changes_w(dy, x, w):
    """-"""
    dx, dw = dy @ w, dy.T @ x
    w -= 0.01 * dw
    return dx, dw, dy.sum(axis=0)


def linear_in_float64(dy, x, w):
    """-"""
    dw = np.zeros(w.shape)
    for n in range(len(x)):
        dw += dy[n][:, None] * x[n]
    return dy @ w, dw, dy.sum(axis=0)


# ---- 2.2 relu_backward ---------------------------------------------------------------------------

def passes_everything(dy, x):
    """Where x is negative, y stays 0 whatever x does: nothing goes down there."""
    return dy.copy()


def by_the_sign_of_dy(dy, x):
    """Yours passes where dy is positive: that is the deconvnet's rule. The gradient passes where x
    was positive."""
    return np.maximum(dy, 0)


def times_the_output(dy, x):
    """The slope of a ReLU is 1 where x is positive. Yours multiplies dy by the output."""
    return dy * np.maximum(x, 0)


def gives_the_mask(dy, x):
    """dy is missing: the slope, 1 or 0, is multiplied by dy."""
    return (x > 0).astype(dy.dtype)


def where_it_is_negative(dy, x):
    """Yours passes where x is negative. It is the other way round."""
    return dy * (x < 0)


def by_both_signs(dy, x):
    """Yours passes only where dy is positive too: that is guided backpropagation. The gradient may
    be negative."""
    return np.maximum(dy, 0) * (x > 0)


def by_its_size(dy, x):
    """dy keeps its sign. Yours makes it positive."""
    return np.abs(dy) * (x > 0)


def passes_at_zero(dy, x):
    """At x = 0 the contract wants 0: x > 0, and not x ≥ 0."""
    return dy * (x >= 0)


def half_at_zero(dy, x):
    """At x = 0 the contract wants 0. Yours gives half of dy: the slopes of both sides, averaged."""
    return dy * ((x > 0).astype(dy.dtype) + (x >= 0)) / dy.dtype.type(2)


def erases_in_dy(dy, x):
    """-"""
    dy[x <= 0] = 0
    return dy.copy()


def relu_in_float64(dy, x):
    """-"""
    return np.where(x > 0, dy, 0.0).astype(float)


# ---- 2.3 conv_backward ---------------------------------------------------------------------------

def turns_dx(dy, x, w, *, stride, pad):
    """dx: each dy goes back by the weight that it was made with, to pixel (i, j) of its window by
    w[i, j]. Yours takes the filter turned by 180°."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    turned = np.ascontiguousarray(w[:, :, ::-1, ::-1])
    dx = conv_transpose(dy, turned, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.sum(axis=(0, 2, 3))


def turns_dw(dy, x, w, *, stride, pad):
    """dw[i, j] comes from the pixels (i, j) of the windows. Yours is turned by 180°."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw[:, :, ::-1, ::-1].copy(), dy.sum(axis=(0, 2, 3))


def dx_overwritten(dy, x, w, *, stride, pad):
    """A pixel in several windows gets something from each: dx += and not =."""
    (N, C, H, W), K, (OH, OW) = x.shape, w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw, dx = np.zeros(w.shape, x.dtype), np.zeros(padded.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        rows, columns = slice(p * stride, p * stride + K), slice(q * stride, q * stride + K)
        dw += np.tensordot(dy[:, :, p, q], padded[:, :, rows, columns], (0, 0))
        dx[:, :, rows, columns] = np.tensordot(dy[:, :, p, q], w, 1)
    return dx[:, :, pad:pad + H, pad:pad + W].copy(), dw, dy.sum(axis=(0, 2, 3))


def last_window_s_dw(dy, x, w, *, stride, pad):
    """A weight is used in all windows, and each says something: dw += and not =."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw = np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.sum(axis=(0, 2, 3))


def mean_over_places(dy, x, w, *, stride, pad):
    """The bias is added to each output, and each says something: db is the sum of dy over images
    and places, and not the mean over places."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.mean(axis=(2, 3)).sum(axis=0)


def mean_over_images(dy, x, w, *, stride, pad):
    """What the images say about a weight adds. Yours takes the mean: that has been done already, in
    the loss, and is in dy."""
    K, (OH, OW), N = w.shape[2], dy.shape[2:], x.dtype.type(len(x))
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw / N, dy.sum(axis=(0, 2, 3)) / N


def one_image_s_dw(dy, x, w, *, stride, pad):
    """A weight is used for all images, and each says something: Σ over n too. Yours has one image's
    share."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[-1:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[-1:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.sum(axis=(0, 2, 3))


def one_filter_s_dx(dy, x, w, *, stride, pad):
    """All filters look at a pixel, and each sends something back: dx is a sum over f too. Yours has
    one filter's share."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy[:, -1:].copy(), w[-1:], stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.sum(axis=(0, 2, 3))


def one_channel_s_dw(dy, x, w, *, stride, pad):
    """Each channel has weights of its own: dw[f, c] comes from x[:, c]. Yours takes the first
    channel for all."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window[:, :1], (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.sum(axis=(0, 2, 3))


def one_db_for_all(dy, x, w, *, stride, pad):
    """Each filter has a bias of its own, and db[f] is the sum of dy[:, f]. Yours adds the filters
    up."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, np.full(len(w), dy.sum(), x.dtype)


def windows_by_one(dy, x, w, *, stride, pad):
    """In dw: dy[p, q] belongs to the window that begins at p·stride, q·stride. Yours begins at
    p, q."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        dw += np.tensordot(dy[:, :, p, q], padded[:, :, p:p + K, q:q + K], (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.sum(axis=(0, 2, 3))


def as_far_as_windows_reach(dy, x, w, *, stride, pad):
    """dx has x's shape. Pixels behind the last window are in it too: their gradient is 0."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    size = (OH - 1) * stride + K - 2 * pad, (OW - 1) * stride + K - 2 * pad
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=size)
    return dx, dw, dy.sum(axis=(0, 2, 3))


def dw_of_the_unpadded(dy, x, w, *, stride, pad):
    """In dw: the first window begins `pad` pixels before the image, on zeros. Yours begins at the
    first pixel."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.sum(axis=(0, 2, 3))


def dx_with_its_padding(dy, x, w, *, stride, pad):
    """dx has x's shape. What went into the padding is cut off on all sides."""
    K, (OH, OW), (H, W) = w.shape[2], dy.shape[2:], x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=0, size=(H + 2 * pad, W + 2 * pad))
    return dx, dw, dy.sum(axis=(0, 2, 3))


def dx_cut_at_the_end(dy, x, w, *, stride, pad):
    """The padding is cut off on both sides of dx, `pad` on each. Yours cuts it off at the end."""
    K, (OH, OW), (H, W) = w.shape[2], dy.shape[2:], x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=0, size=(H + 2 * pad, W + 2 * pad))
    return dx[:, :, :H, :W].copy(), dw, dy.sum(axis=(0, 2, 3))


def strides_over_padding(dy, x, w, *, stride, pad):
    """In dw: the padding counts pixels, not strides: a window begins at p·stride − pad. Yours
    begins at (p − pad)·stride."""
    K, (OH, OW), wide = w.shape[2], dy.shape[2:], pad * stride
    padded = np.pad(x, ((0, 0), (0, 0), (wide, wide), (wide, wide)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.sum(axis=(0, 2, 3))


def swaps_the_sides(dy, x, w, *, stride, pad):
    """Rows go with H and columns with W. In your dx they are exchanged."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx.reshape(*x.shape[:2], x.shape[3], x.shape[2]), dw, dy.sum(axis=(0, 2, 3))


def dw_in_float64(dy, x, w, *, stride, pad):
    """-"""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.sum(axis=(0, 2, 3))


def dw_in_a_kept_array(dy, x, w, *, stride, pad, kept={}):
    """-"""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = kept.setdefault((w.shape, x.dtype), np.zeros(w.shape, x.dtype))
    dw[...] = 0
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + K, q * stride:q * stride + K]
        dw += np.tensordot(dy[:, :, p, q], window, (0, 0))
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, dy.sum(axis=(0, 2, 3))


# ---- 3.2 softmax_cross_entropy -------------------------------------------------------------------

def without_the_minus(scores, labels):
    """The loss is −log p: a probability is below 1, and its logarithm below 0."""
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    images = np.arange(len(scores))
    with np.errstate(divide="ignore"):
        loss = np.log(p[images, labels]).mean()
    p[images, labels] -= 1
    return loss, p / len(scores)


def without_the_logarithm(scores, labels):
    """This is 1 − p[label]. The loss is −log p[label]."""
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    images = np.arange(len(scores))
    loss = 1 - p[images, labels].mean()
    p[images, labels] -= 1
    return loss, p / len(scores)


def logarithm_of_ten(scores, labels):
    """It is the natural logarithm, np.log. Yours has another base."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    images = np.arange(len(scores))
    dscores = np.exp(log_p)
    dscores[images, labels] -= 1
    return -log_p[images, labels].mean() / np.log(10), dscores / len(scores)


def over_the_wrong_axis(scores, labels):
    """Probabilities of one image add up to 1: Σ over the classes, axis 1. Yours goes over the
    images."""
    p = np.exp(scores - scores.max(axis=0))
    p /= p.sum(axis=0)
    images = np.arange(len(scores))
    loss = -np.log(p[images, labels]).mean()
    p[images, labels] -= 1
    return loss, p / len(scores)


def gradient_is_p(scores, labels):
    """At the label, 1 is taken off: a higher score there lowers the loss."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    images = np.arange(len(scores))
    return -log_p[images, labels].mean(), np.exp(log_p) / len(scores)


def gradient_upside_down(scores, labels):
    """Your gradient has the wrong sign: it is p − 1 at the label, and p elsewhere."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    images = np.arange(len(scores))
    dscores = -np.exp(log_p)
    dscores[images, labels] += 1
    return -log_p[images, labels].mean(), dscores / len(scores)


def sums_the_losses(scores, labels):
    """The loss is the mean over the images, and so is its gradient. Yours are sums."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    images = np.arange(len(scores))
    dscores = np.exp(log_p)
    dscores[images, labels] -= 1
    return -log_p[images, labels].sum(), dscores


def mean_missing_in_the_gradient(scores, labels):
    """The loss is a mean over N images: so each image's gradient is divided by N. Yours isn't."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    images = np.arange(len(scores))
    dscores = np.exp(log_p)
    dscores[images, labels] -= 1
    return -log_p[images, labels].mean(), dscores


def mean_taken_twice(scores, labels):
    """The gradient is divided by N once. Yours is divided twice."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    images = np.arange(len(scores))
    dscores = np.exp(log_p)
    dscores[images, labels] -= 1
    return -log_p[images, labels].mean(), dscores / len(scores) ** 2


def mean_over_classes_too(scores, labels):
    """The gradient is divided by N, the number of images. Yours is divided by the number of scores,
    N times the classes."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    images = np.arange(len(scores))
    dscores = np.exp(log_p)
    dscores[images, labels] -= 1
    return -log_p[images, labels].mean(), dscores / scores.size


def all_labels_for_all(scores, labels):
    """log_p[:, labels] is an N×N array: all labels for every image. Each image has its own:
    log_p[np.arange(N), labels]."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dscores = np.exp(log_p)
    dscores[:, labels] -= 1
    return -log_p[:, labels].mean(), dscores / len(scores)


def first_label_for_all(scores, labels):
    """Each image has a label of its own, labels[n]. Yours takes the first one for all."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dscores = np.exp(log_p)
    dscores[:, labels[0]] -= 1
    return -log_p[:, labels[0]].mean(), dscores / len(scores)


def maximum_not_taken_off(scores, labels):
    """e^1000 is more than a float can hold. Take each image's largest score off all its scores
    first: the probabilities stay the same."""
    images = np.arange(len(scores))
    with np.errstate(all="ignore"):
        log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        dscores = np.exp(log_p)
        dscores[images, labels] -= 1
        return -log_p[images, labels].mean(), dscores / len(scores)


def one_maximum_for_all(scores, labels):
    """Each image has a largest score of its own. Yours takes off the batch's: of an image with low
    scores, all e^score become 0."""
    images = np.arange(len(scores))
    with np.errstate(all="ignore"):
        shifted = scores - scores.max()
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        dscores = np.exp(log_p)
        dscores[images, labels] -= 1
        return -log_p[images, labels].mean(), dscores / len(scores)


def logarithm_of_a_rounded_p(scores, labels):
    """A very small p has become 0, and log(p + something small) is not its logarithm. Don't compute
    p first: log p = score − log Σ e^score."""
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    images = np.arange(len(scores))
    loss = -np.log(np.maximum(p[images, labels], 1e-12)).mean()
    p[images, labels] -= 1
    return loss, p / len(scores)


def shifts_the_scores_themselves(scores, labels):
    """-"""
    scores -= scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    images = np.arange(len(scores))
    dscores = np.exp(log_p)
    dscores[images, labels] -= 1
    return -log_p[images, labels].mean(), dscores / len(scores)


def scores_in_float64(scores, labels):
    """-"""
    shifted = scores.astype(float) - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    images = np.arange(len(scores))
    dscores = np.exp(log_p)
    dscores[images, labels] -= 1
    return -log_p[images, labels].mean(), dscores / len(scores)


WRONG = [
    Wrong("1.1", "one number", divides_by_h),
    Wrong("1.1", "one number", does_not_divide),
    Wrong("1.1", "one number", half_the_way),
    Wrong("1.1", "one number", below_minus_above),
    Wrong("1.1", "one number", gives_the_value),
    Wrong("1.1", "each element", all_at_once),
    Wrong("1.1", "each element", never_undone),
    Wrong("1.1", "each element", loses_the_shape),
    Wrong("1.1", "both sides", one_sided),
    Wrong("1.1", "both sides", other_side),
    Wrong("1.1", "both sides", h_of_its_own),
    Wrong("1.1", "both sides", half_of_h),
    Wrong("1.1", "dy", forgets_dy),
    Wrong("1.1", "dy", mean_over_outputs),
    Wrong("1.1", "dy", adds_before_dy),
    Wrong("1.1", "manners", leaves_x_a_little_off, judge.INPUT),
    Wrong("1.2", "right ones", always_fails),
    Wrong("1.2", "right ones", wants_it_without_dy),
    Wrong("1.2", "wrong ones", never_fails),
    Wrong("1.2", "wrong ones", with_ones),
    Wrong("1.2", "wrong ones", with_one_row),
    Wrong("1.2", "wrong ones", with_a_wide_tolerance),
    Wrong("1.2", "wrong ones", with_positive_numbers),
    Wrong("1.2", "wrong ones", at_zero),
    Wrong("2.1", "one image", weights_transposed),
    Wrong("2.1", "one image", dw_transposed),
    Wrong("2.1", "one image", db_per_image),
    Wrong("2.1", "one image", dx_without_dy),
    Wrong("2.1", "one image", dw_without_x),
    Wrong("2.1", "images", mean_over_the_batch),
    Wrong("2.1", "images", dx_over_the_batch),
    Wrong("2.1", "images", first_image_s_db),
    Wrong("2.1", "images", last_image_s_dw),
    Wrong("2.1", "manners", changes_w, judge.INPUT),
    Wrong("2.1", "manners", linear_in_float64, judge.DTYPE),
    Wrong("2.2", "where", passes_everything),
    Wrong("2.2", "where", by_the_sign_of_dy),
    Wrong("2.2", "where", times_the_output),
    Wrong("2.2", "where", gives_the_mask),
    Wrong("2.2", "where", where_it_is_negative),
    Wrong("2.2", "where", by_both_signs),
    Wrong("2.2", "where", by_its_size),
    Wrong("2.2", "at zero", passes_at_zero),
    Wrong("2.2", "at zero", half_at_zero),
    Wrong("2.2", "manners", erases_in_dy, judge.INPUT),
    Wrong("2.2", "manners", relu_in_float64, judge.DTYPE),
    Wrong("2.3", "one map", turns_dx),
    Wrong("2.3", "one map", turns_dw),
    Wrong("2.3", "one map", dx_overwritten),
    Wrong("2.3", "one map", last_window_s_dw),
    Wrong("2.3", "one map", mean_over_places),
    Wrong("2.3", "images", mean_over_images),
    Wrong("2.3", "images", one_image_s_dw),
    Wrong("2.3", "channels", one_filter_s_dx),
    Wrong("2.3", "channels", one_channel_s_dw),
    Wrong("2.3", "channels", one_db_for_all),
    Wrong("2.3", "stride", windows_by_one),
    Wrong("2.3", "stride", as_far_as_windows_reach),
    Wrong("2.3", "padding", dw_of_the_unpadded),
    Wrong("2.3", "padding", dx_with_its_padding),
    Wrong("2.3", "padding", dx_cut_at_the_end),
    Wrong("2.3", "padding", strides_over_padding),
    Wrong("2.3", "not square", swaps_the_sides),
    Wrong("2.3", "manners", dw_in_float64, judge.DTYPE),
    Wrong("2.3", "manners", dw_in_a_kept_array, judge.MEMORY),
    Wrong("3.1", "prediction", 0.1, "That is the probability of each class. The loss is −log of "
                                    "it."),
    Wrong("3.1", "prediction", 0.9, "That is the probability of being wrong. The loss is −log of "
                                    "the probability of the right class."),
    Wrong("3.1", "prediction", 1.0, "That is the logarithm to the base 10. Here log is the natural "
                                    "one, np.log."),
    Wrong("3.1", "prediction", -2.3, "A probability is below 1, so its logarithm is below 0: the "
                                     "loss is −log p."),
    Wrong("3.1", "prediction", 0.0, "A loss of 0 needs a probability of 1 for the right class: a "
                                    "net that is sure, and right."),
    Wrong("3.2", "one image", without_the_minus),
    Wrong("3.2", "one image", without_the_logarithm),
    Wrong("3.2", "one image", logarithm_of_ten),
    Wrong("3.2", "one image", over_the_wrong_axis),
    Wrong("3.2", "one image", gradient_is_p),
    Wrong("3.2", "one image", gradient_upside_down),
    Wrong("3.2", "one image", mean_over_classes_too),
    Wrong("3.2", "images", sums_the_losses),
    Wrong("3.2", "images", mean_missing_in_the_gradient),
    Wrong("3.2", "images", mean_taken_twice),
    Wrong("3.2", "images", all_labels_for_all),
    Wrong("3.2", "images", first_label_for_all),
    Wrong("3.2", "large scores", maximum_not_taken_off),
    Wrong("3.2", "large scores", one_maximum_for_all),
    Wrong("3.2", "large scores", logarithm_of_a_rounded_p),
    Wrong("3.2", "manners", shifts_the_scores_themselves, judge.INPUT),
    Wrong("3.2", "manners", scores_in_float64, judge.DTYPE),
]
