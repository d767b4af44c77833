"""Wrong answers to the tasks of the speed lab, one misconception each; the docstring is the hint.

They use what solution.py imports, and nothing else.
"""
import numpy as np

from ...functional import conv_forward
from ...geometry import conv_output_size
from .. import judge
from ..tasks import Wrong
from .checks import COLUMNS, LOOPS, NUMPY, VIEW


# ---- 1.2 windows ---------------------------------------------------------------------------------

def one_too_few(x, size, stride):
    """The last window is missing along each axis: it begins at n − size, so there are
    n − size + 1."""
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    return views[:, :, :max(views.shape[2] - 1, 1):stride, :max(views.shape[3] - 1, 1):stride]


def window_first(x, size, stride):
    """The window's own axes come last: (N, C, OH, OW, size, size)."""
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    return views[:, :, ::stride, ::stride].transpose(0, 1, 4, 5, 2, 3)


def columns_down(x, size, stride):
    """Inside of a window, i goes with rows and j with columns. Yours are exchanged."""
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    return views[:, :, ::stride, ::stride].swapaxes(4, 5)


def side_by_side(x, size, stride):
    """Windows are `stride` pixels apart, and may overlap. Yours lie side by side, `size` apart."""
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    step = stride if stride > 1 else size
    return views[:, :, ::step, ::step]


def square_count(x, size, stride):
    """There are as many windows along the columns as W allows. Yours counts with H."""
    N, C, H, W = x.shape
    count = (H - size) // stride + 1
    a, b, c, d = x.strides
    fits = min(count, (W - size) // stride + 1)
    views = np.lib.stride_tricks.as_strided(x, (N, C, count, fits, size, size),
                                            (a, b, c * stride, d * stride, c, d))
    return views if fits == count else views[:, :, :, [*range(fits)] + [0] * (count - fits)]


def without_stride(x, size, stride):
    """Yours takes every window. Take every stride-th along both axes: [:, :, ::stride,
    ::stride]."""
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))


def stride_inside(x, size, stride):
    """The stride lies between windows. Inside of a window pixels are neighbors: their step is that
    of x."""
    N, C, H, W = x.shape
    reach = (size - 1) * stride + 1
    views = np.lib.stride_tricks.sliding_window_view(x, (reach, reach), axis=(2, 3))
    return views[..., ::stride, ::stride]


def first_image(x, size, stride):
    """Each image has its own windows. Yours are those of the first."""
    views = np.lib.stride_tricks.sliding_window_view(x[:1], (size, size), axis=(2, 3))
    views = views[:, :, ::stride, ::stride]
    return np.broadcast_to(views, (len(x), *views.shape[1:]))


def first_channel(x, size, stride):
    """Each channel has its own windows. Yours are those of the first."""
    views = np.lib.stride_tricks.sliding_window_view(x[:, :1], (size, size), axis=(2, 3))
    views = views[:, :, ::stride, ::stride]
    return np.broadcast_to(views, (len(x), x.shape[1], *views.shape[2:]))


def copies_them(x, size, stride):
    """-"""
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    return np.array(views[:, :, ::stride, ::stride])


# ---- 2.1 convolve --------------------------------------------------------------------------------

def flips_the_filter(x, w, b, *, stride=1, pad=0):
    """The filter isn't flipped: its first element meets the window's first pixel."""
    flipped = np.ascontiguousarray(w[:, :, ::-1, ::-1])
    return conv_forward(x, flipped, b, stride=stride, pad=pad)[0]


def transposes_the_filter(x, w, b, *, stride=1, pad=0):
    """Rows of the filter go with rows of the window. In your columns, rows and columns of a window
    are exchanged."""
    turned = np.ascontiguousarray(w.swapaxes(2, 3))
    return conv_forward(x, turned, b, stride=stride, pad=pad)[0]


def turned_outputs(x, w, b, *, stride=1, pad=0):
    """An output map has OH rows and OW columns. Yours are exchanged in the last reshape."""
    y = conv_forward(x, w, b, stride=stride, pad=pad)[0]
    return y.reshape(*y.shape[:2], y.shape[3], y.shape[2])


def takes_every_window(x, w, b, *, stride=1, pad=0):
    """Yours takes every window. Take every stride-th along both axes."""
    return conv_forward(x, w, b, pad=pad)[0]


def pads_behind(x, w, b, *, stride=1, pad=0):
    """There are `pad` zeros before the image and as many behind it. Yours are all behind it."""
    padded = np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))
    return conv_forward(padded, w, b, stride=stride)[0]


def pads_nothing(x, w, b, *, stride=1, pad=0):
    """The padding is missing: np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))."""
    if min(x.shape[2:]) < w.shape[2]:
        return np.zeros((len(x), len(w), 0, 0), x.dtype)
    return conv_forward(x, w, b, stride=stride)[0]


def columns_in_another_order(x, w, b, *, stride=1, pad=0):
    """A row of the columns must meet its own weight: w.reshape(F, -1) runs through c, i, j, so the
    columns have to, too. Yours run through i, j, c: transpose before you reshape."""
    F, C, K, _ = w.shape
    shuffled = np.ascontiguousarray(w.reshape(F, K, K, C).transpose(0, 3, 1, 2))
    return conv_forward(x, shuffled, b, stride=stride, pad=pad)[0]


def images_taken_for_filters(x, w, b, *, stride=1, pad=0):
    """The product is (F, N·OH·OW): its first axis is that of the filters. So reshape it to
    (F, N, OH, OW), and then transpose; reshaping it to (N, F, OH, OW) mixes images and filters."""
    y = conv_forward(x, w, b, stride=stride, pad=pad)[0]
    return np.ascontiguousarray(y.transpose(1, 0, 2, 3)).reshape(y.shape)


def forgets_the_bias(x, w, b, *, stride=1, pad=0):
    """The bias is missing: b[f] is added to each output of filter f."""
    return conv_forward(x, w, np.zeros_like(b), stride=stride, pad=pad)[0]


def first_bias(x, w, b, *, stride=1, pad=0):
    """Each filter has its own bias. Yours adds the first one's to all."""
    return conv_forward(x, w, np.full_like(b, b[0]), stride=stride, pad=pad)[0]


def in_float64(x, w, b, *, stride=1, pad=0):
    """-"""
    return conv_forward(x, w, b, stride=stride, pad=pad)[0].astype(np.float64)


def adds_to_the_weights(x, w, b, *, stride=1, pad=0):
    """-"""
    y = conv_forward(x, w, b, stride=stride, pad=pad)[0]
    w *= 2
    return y


def window_by_window(x, w, b, *, stride=1, pad=0):
    """-"""
    F, C, K, _ = w.shape
    OH, OW = (conv_output_size(n, K, stride, pad) for n in x.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = np.empty((len(x), F, OH, OW), x.dtype)
    for n, f, p, q in np.ndindex(y.shape):
        top, left = p * stride, q * stride
        y[n, f, p, q] = np.sum(padded[n, :, top:top + K, left:left + K] * w[f]) + b[f]
    return y


def number_by_number(x, w, b, *, stride=1, pad=0):
    """-"""
    F, C, K, _ = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (K, K), axis=(2, 3))
    views = views[:, :, ::stride, ::stride]
    N, _, OH, OW = views.shape[:4]
    columns = views.transpose(1, 4, 5, 0, 2, 3).reshape(C * K * K, N * OH * OW)
    products = w.reshape(F, -1, 1).astype(object) * columns.astype(object)
    y = products.sum(axis=1) + b[:, None]
    return y.reshape(F, N, OH, OW).transpose(1, 0, 2, 3).astype(x.dtype)


# ---- 2.2 convolve_in_blocks ----------------------------------------------------------------------

def blocks_without_bias(x, w, b, *, limit, stride=1, pad=0):
    """The bias is missing: each output of filter f gets b[f] added, once."""
    return conv_forward(x, w, np.zeros_like(b), stride=stride, pad=pad)[0]


def blocks_side_by_side(x, w, b, *, limit, stride=1, pad=0):
    """Stride and padding count as they do without blocks. Yours leaves them out."""
    if min(x.shape[2:]) < w.shape[2]:
        return np.zeros((len(x), len(w), 0, 0), x.dtype)
    return conv_forward(x, w, b)[0]


def drops_the_rest(x, w, b, *, limit, stride=1, pad=0):
    """The last block may have fewer images. Yours leaves it out: range(0, N, block), and a slice
    may end behind N."""
    right = conv_forward(x, w, b, stride=stride, pad=pad)[0]
    of_one = w[0].size * right[0, 0].size * x.itemsize
    block = max(1, min(limit // of_one, len(x)))
    y = np.zeros_like(right)
    for n in range(len(x) // block):
        y[n * block:(n + 1) * block] = right[n * block:(n + 1) * block]
    return y


def over_the_first_block(x, w, b, *, limit, stride=1, pad=0):
    """Each block has its own place in y, y[n:n + block]. Yours writes all of them into the
    first."""
    right = conv_forward(x, w, b, stride=stride, pad=pad)[0]
    of_one = w[0].size * right[0, 0].size * x.itemsize
    block = max(1, min(limit // of_one, len(x)))
    y = np.zeros_like(right)
    for n in range(0, len(x), block):
        part = right[n:n + block]
        y[:len(part)] = part
    return y


def first_block_again(x, w, b, *, limit, stride=1, pad=0):
    """Each block takes its own images, x[n:n + block]. Yours takes the first ones each time."""
    right = conv_forward(x, w, b, stride=stride, pad=pad)[0]
    of_one = w[0].size * right[0, 0].size * x.itemsize
    block = max(1, min(limit // of_one, len(x)))
    return right[np.arange(len(x)) % block]


def none_fits(x, w, b, *, limit, stride=1, pad=0):
    """If not even one image's columns fit, limit // bytes is 0. A block has one image at least:
    max(1, …)."""
    right = conv_forward(x, w, b, stride=stride, pad=pad)[0]
    of_one = w[0].size * right[0, 0].size * x.itemsize
    y = np.zeros_like(right)
    for n in range(0, len(x), limit // of_one):
        y[n:n + limit // of_one] = right[n:n + limit // of_one]
    return y


def blocks_in_float64(x, w, b, *, limit, stride=1, pad=0):
    """-"""
    F, C, K, _ = w.shape
    OH, OW = (conv_output_size(n, K, stride, pad) for n in x.shape[2:])
    y = np.zeros((len(x), F, OH, OW))
    block = max(1, limit // (C * K * K * OH * OW * x.itemsize))
    for n in range(0, len(x), block):
        y[n:n + block] = conv_forward(x[n:n + block], w, b, stride=stride, pad=pad)[0]
    return y


def all_at_once(x, w, b, *, limit, stride=1, pad=0):
    """-"""
    F, C, K, _ = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (K, K), axis=(2, 3))
    views = views[:, :, ::stride, ::stride]
    N, _, OH, OW = views.shape[:4]
    columns = views.transpose(1, 4, 5, 0, 2, 3).reshape(C * K * K, N * OH * OW)
    y = w.reshape(F, -1) @ columns + b[:, None]
    return np.ascontiguousarray(y.reshape(F, N, OH, OW).transpose(1, 0, 2, 3))


def keeps_all_columns(x, w, b, *, limit, stride=1, pad=0):
    """-"""
    F, C, K, _ = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (K, K), axis=(2, 3))
    views = views[:, :, ::stride, ::stride].transpose(0, 1, 4, 5, 2, 3)
    OH, OW = views.shape[4:]
    block = max(1, limit // (C * K * K * OH * OW * x.itemsize))
    columns = [views[n:n + block].reshape(-1, C * K * K, OH * OW)
               for n in range(0, len(x), block)]
    y = np.concatenate([np.matmul(w.reshape(F, -1), each) + b[:, None] for each in columns])
    return y.reshape(-1, F, OH, OW)


# ---- 3.2 test_convolve ---------------------------------------------------------------------------

def always_fails(convolve):
    """Your test fails whatever it is given."""
    assert False


def wants_every_bit(convolve):
    """Your test wants the same bits. Right functions add in different orders, and round
    differently: allow an error of 1e-4 of the largest value."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape).astype(np.float32)
               for shape in ((2, 3, 7, 6), (4, 3, 3, 3), 4))
    right = conv_forward(x, w, b, stride=2, pad=1)[0]
    assert np.array_equal(convolve(x, w, b, stride=2, pad=1), right)


def never_fails(convolve):
    """Your test catches nothing: it calls the function, but doesn't look at what comes."""
    convolve(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), np.ones(1))


def shapes_alone(convolve):
    """Your test looks at shapes only. Look at the numbers too."""
    x, w, b = (np.ones(shape, np.float32) for shape in ((2, 3, 7, 6), (4, 3, 3, 3), 4))
    assert convolve(x, w, b, stride=2, pad=1).shape == (2, 4, 4, 3)
    # and that it needs the bias
    assert not np.array_equal(convolve(x, w, b), convolve(x, w, b + 1))


def large_errors_pass(convolve):
    """Your test allows too much: rounding in float32 is about a millionth of the largest value, and
    with 16 bits a thousandth. Allow 1e-4 of it."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape).astype(np.float32)
               for shape in ((2, 3, 7, 6), (4, 3, 3, 3), 4))
    right = conv_forward(x, w, b, stride=2, pad=1)[0]
    assert abs(convolve(x, w, b, stride=2, pad=1) - right).max() < 0.1


def stride_of_one(convolve):
    """Your test never asks for a stride of 2."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape).astype(np.float32)
               for shape in ((2, 3, 7, 6), (4, 3, 3, 3), 4))
    right = conv_forward(x, w, b, pad=1)[0]
    assert abs(convolve(x, w, b, pad=1) - right).max() < 1e-4 * abs(right).max()


def padding_of_zero(convolve):
    """Your test never asks for padding."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape).astype(np.float32)
               for shape in ((2, 3, 7, 6), (4, 3, 3, 3), 4))
    right = conv_forward(x, w, b, stride=2)[0]
    assert abs(convolve(x, w, b, stride=2) - right).max() < 1e-4 * abs(right).max()


def bias_of_zero(convolve):
    """In your test the bias is zero, so it may as well be left out."""
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape).astype(np.float32)
            for shape in ((2, 3, 7, 6), (4, 3, 3, 3)))
    b = np.zeros(4, np.float32)
    right = conv_forward(x, w, b, stride=2, pad=1)[0]
    assert abs(convolve(x, w, b, stride=2, pad=1) - right).max() < 1e-4 * abs(right).max()


def symmetric_filters(convolve):
    """In your test a flipped filter is the same filter, as one of ones is. Let all weights
    differ."""
    rng = np.random.default_rng(0)
    x, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((2, 3, 7, 6), 4))
    w = np.full((4, 3, 3, 3), 0.3, np.float32)
    right = conv_forward(x, w, b, stride=2, pad=1)[0]
    assert abs(convolve(x, w, b, stride=2, pad=1) - right).max() < 1e-4 * abs(right).max()


WRONG = [
    Wrong("1.1", "prediction", 3, "So often along a row, and so often along a column too: 3·3."),
    Wrong("1.1", "prediction", 1, "Windows overlap, and each has its own column: a pixel is there "
                                  "once for each window that it is in."),
    Wrong("1.1", "prediction", 90000, "These are all numbers of the columns. Divide by those of "
                                      "the image, 100·100."),
    Wrong("1.2", "one map", one_too_few),
    Wrong("1.2", "one map", window_first),
    Wrong("1.2", "one map", columns_down),
    Wrong("1.2", "one map", side_by_side),
    Wrong("1.2", "not square", square_count),
    Wrong("1.2", "stride", without_stride),
    Wrong("1.2", "stride", stride_inside),
    Wrong("1.2", "maps", first_image),
    Wrong("1.2", "maps", first_channel),
    Wrong("1.2", "no copy", copies_them, VIEW),
    Wrong("2.1", "right", flips_the_filter),
    Wrong("2.1", "right", transposes_the_filter),
    Wrong("2.1", "not square", turned_outputs),
    Wrong("2.1", "stride", takes_every_window),
    Wrong("2.1", "padding", pads_behind),
    Wrong("2.1", "padding", pads_nothing),
    Wrong("2.1", "right", columns_in_another_order),
    Wrong("2.1", "right", images_taken_for_filters),
    Wrong("2.1", "right", forgets_the_bias),
    Wrong("2.1", "right", first_bias),
    Wrong("2.1", "manners", in_float64, judge.DTYPE),
    Wrong("2.1", "manners", adds_to_the_weights, judge.INPUT),
    Wrong("2.1", "20 times", window_by_window, LOOPS),
    Wrong("2.1", "20 times", number_by_number, NUMPY),
    Wrong("2.2", "blocks", blocks_without_bias),
    Wrong("2.2", "windows", blocks_side_by_side),
    Wrong("2.2", "blocks", drops_the_rest),
    Wrong("2.2", "blocks", over_the_first_block),
    Wrong("2.2", "blocks", first_block_again),
    Wrong("2.2", "one at least", none_fits),
    Wrong("2.2", "manners", blocks_in_float64, judge.DTYPE),
    Wrong("2.2", "memory", all_at_once, COLUMNS),
    Wrong("2.2", "memory", keeps_all_columns, COLUMNS),
    Wrong("3.1", "prediction", "BACD", "2 doesn't multiply as fast as it could: it waits for the "
                                       "total before each addition. And 3, the product, was made "
                                       "so that nothing waits but for arithmetic."),
    Wrong("3.1", "prediction", "BCDA", "3 uses each number that comes from memory many times, and "
                                       "4 only once: for which of them must memory be quicker?"),
    Wrong("3.1", "prediction", "BDAC", "In 4 no addition needs the result of another; in 2 each "
                                       "needs the total of the one before."),
    Wrong("3.2", "right ones", always_fails),
    Wrong("3.2", "right ones", wants_every_bit),
    Wrong("3.2", "wrong ones", never_fails),
    Wrong("3.2", "wrong ones", shapes_alone),
    Wrong("3.2", "wrong ones", large_errors_pass),
    Wrong("3.2", "wrong ones", stride_of_one),
    Wrong("3.2", "wrong ones", padding_of_zero),
    Wrong("3.2", "wrong ones", bias_of_zero),
    Wrong("3.2", "wrong ones", symmetric_filters),
]
