"""Wrong answers to the tasks of the pooling lab, one misconception each; the docstring is the hint.

They use what solution.py imports, and nothing else.
"""
import numpy as np

from ...functional import max_pool_forward
from ...geometry import pool_output_size
from .. import judge
from ..tasks import Wrong


# ---- 1.1 output_size -----------------------------------------------------------------------------

def forgets_the_first(n, size, stride, pad=0, ceil=False):
    """The first window counts too: (how far it can be moved) / stride, and 1."""
    return pool_output_size(n, size, stride, pad, ceil) - 1


def swaps_size_and_stride(n, size, stride, pad=0, ceil=False):
    """It is the stride that the windows are apart; the size is what the last one needs."""
    return (n + 2 * pad - stride) // size + 1


def rounds_up(n, size, stride, pad=0, ceil=False):
    """Without ceil, a window that doesn't fit whole doesn't count: round down."""
    return pool_output_size(n, size, stride, pad, True)


def pads_one_side(n, size, stride, pad=0, ceil=False):
    """There are `pad` pixels before the image and `pad` behind it: 2·pad in all."""
    return (n + pad - size) // stride + 1 if pad else pool_output_size(n, size, stride, pad, ceil)


def rounds_down_always(n, size, stride, pad=0, ceil=False):
    """With ceil=True, what is left over gets a window of its own: round up."""
    return (n + 2 * pad - size) // stride + 1


def always_one_more(n, size, stride, pad=0, ceil=False):
    """With ceil=True there is one more window only if pixels are left over behind the last one.
    Yours comes too where the windows end with the image."""
    count = (n + 2 * pad - size) // stride + 1
    return count + (ceil and count * stride < n + pad)


def begins_anywhere(n, size, stride, pad=0, ceil=False):
    """A window that begins behind the image sees nothing of it: (count − 1)·stride must be less
    than n + pad."""
    left = n + 2 * pad - size
    return (-(-left // stride) if ceil else left // stride) + 1


# ---- 2.1 max_pool --------------------------------------------------------------------------------

def means(x, *, size, stride, pad=0, ceil=False):
    """This is the mean of each window. Max pooling takes the largest value."""
    N, C, H, W = x.shape
    OH, OW = (pool_output_size(n, size, stride, pad, ceil) for n in (H, W))
    y = np.empty((N, C, OH, OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        top, left = p * stride - pad, q * stride - pad
        window = x[:, :, max(top, 0):top + size, max(left, 0):left + size]
        y[:, :, p, q] = window.mean(axis=(2, 3))
    return y


def swaps_the_sides(x, *, size, stride, pad=0, ceil=False):
    """Rows go with H and columns with W. Yours are exchanged somewhere."""
    N, C, H, W = x.shape
    OH, OW = (pool_output_size(n, size, stride, pad, ceil) for n in (W, H))
    y = np.zeros((N, C, OH, OW), x.dtype)
    right, _ = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    y[:, :, :min(OH, OW), :min(OH, OW)] = right[:, :, :min(OH, OW), :min(OH, OW)]
    return y


def over_all_maps(x, *, size, stride, pad=0, ceil=False):
    """Each map is pooled for itself. Yours takes the maximum over the maps too."""
    y, _ = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    return np.broadcast_to(y.max(axis=(0, 1), keepdims=True), y.shape).copy()


def steps_by_size(x, *, size, stride, pad=0, ceil=False):
    """Windows are `stride` pixels apart. Yours are `size` pixels apart, so they never overlap."""
    N, C, H, W = x.shape
    OH, OW = (pool_output_size(n, size, stride, pad, ceil) for n in (H, W))
    y = np.zeros((N, C, OH, OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        top, left = p * size - pad, q * size - pad
        window = x[:, :, max(top, 0):top + size, max(left, 0):left + size]
        y[:, :, p, q] = window.max(axis=(2, 3)) if window.size else 0
    return y


def pads_with_zeros(x, *, size, stride, pad=0, ceil=False):
    """Padding counts as −∞. Yours counts as 0, and wins where all values are below zero."""
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    return max_pool_forward(padded, size=size, stride=stride, ceil=ceil)[0]


def drops_the_rest(x, *, size, stride, pad=0, ceil=False):
    """With ceil=True a last window hangs over the edge: it sees what is left of the image."""
    return max_pool_forward(x, size=size, stride=stride, pad=pad)[0]


def hangs_over_zeros(x, *, size, stride, pad=0, ceil=False):
    """What a window sees behind the edge counts as −∞ too. Yours counts as 0."""
    y, _ = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    N, C, H, W = x.shape
    for p, q in np.ndindex(y.shape[2:]):
        if p * stride - pad + size > H + pad or q * stride - pad + size > W + pad:
            y[:, :, p, q] = np.maximum(y[:, :, p, q], 0)
    return y


def makes_float64(x, *, size, stride, pad=0, ceil=False):
    """-"""
    y, _ = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    return y.astype(np.float64)


def marks_what_it_has_seen(x, *, size, stride, pad=0, ceil=False):
    """-"""
    y, switches = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    x.reshape(-1)[switches.index[0, 0].reshape(-1)] = -np.inf
    return y


# ---- 2.2 find_switches ---------------------------------------------------------------------------

def inside_of_the_window(x, *, size, stride, pad=0, ceil=False):
    """This is the place in the window. The switch is the place in the image: add where the window
    begins."""
    N, C, H, W = x.shape
    _, switches = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    rows, columns = np.divmod(switches.index, W)
    OH, OW = rows.shape[2:]
    tops = np.maximum(np.arange(OH) * stride - pad, 0)[:, None]
    lefts = np.maximum(np.arange(OW) * stride - pad, 0)
    return ((rows - tops) * size + columns - lefts).astype(np.int32)


def column_first(x, *, size, stride, pad=0, ceil=False):
    """The place is row·W + column. Yours is column·H + row."""
    _, switches = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    rows, columns = np.divmod(switches.index, x.shape[3])
    return (columns * x.shape[2] + rows).astype(np.int32)


def rows_of_height(x, *, size, stride, pad=0, ceil=False):
    """A row has W pixels: the place is row·W + column, not row·H + column."""
    _, switches = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    rows, columns = np.divmod(switches.index, x.shape[3])
    return (rows * x.shape[2] + columns).astype(np.int32)


def through_all_maps(x, *, size, stride, pad=0, ceil=False):
    """Places begin at 0 in every map. Yours go on from one map, or image, to the next."""
    N, C, H, W = x.shape
    _, switches = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    first = np.arange(N * C, dtype=np.int32).reshape(N, C, 1, 1) * (H * W)
    return switches.index + first


def places_by_size(x, *, size, stride, pad=0, ceil=False):
    """Windows are `stride` pixels apart. Yours are `size` pixels apart."""
    N, C, H, W = x.shape
    OH, OW = (pool_output_size(n, size, stride, pad, ceil) for n in (H, W))
    index = np.zeros((N, C, OH, OW), np.int32)
    for n, c, p, q in np.ndindex(N, C, OH, OW):
        top, left = max(p * size - pad, 0), max(q * size - pad, 0)
        window = x[n, c, top:p * size - pad + size, left:q * size - pad + size]
        if window.size:
            row, column = np.unravel_index(window.argmax(), window.shape)
            index[n, c, p, q] = (top + row) * W + left + column
    return index


def in_the_padded_image(x, *, size, stride, pad=0, ceil=False):
    """The place is that in the image without its padding. Yours counts the padding."""
    _, switches = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    rows, columns = np.divmod(switches.index, x.shape[3])
    return ((rows + pad) * (x.shape[3] + 2 * pad) + columns + pad).astype(np.int32)


def no_last_window(x, *, size, stride, pad=0, ceil=False):
    """With ceil=True the window that hangs over the edge has a maximum too, and a switch."""
    return max_pool_forward(x, size=size, stride=stride, pad=pad)[1].index


def divides_by_size(x, *, size, stride, pad=0, ceil=False):
    """A window that hangs over the edge is cut off, and narrower than `size`. Divide the place in
    it by its own width, window.shape[1]."""
    N, C, H, W = x.shape
    OH, OW = (pool_output_size(n, size, stride, pad, ceil) for n in (H, W))
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=-np.inf)
    index = np.zeros((N, C, OH, OW), np.int32)
    for n, c, p, q in np.ndindex(N, C, OH, OW):
        top, left = p * stride, q * stride
        row, column = divmod(padded[n, c, top:top + size, left:left + size].argmax(), size)
        index[n, c, p, q] = (top + row - pad) * W + left + column - pad
    return index


def last_of_equals(x, *, size, stride, pad=0, ceil=False):
    """Of equal values yours takes the last. The first counts: `>` and not `>=`."""
    N, C, H, W = x.shape
    OH, OW = (pool_output_size(n, size, stride, pad, ceil) for n in (H, W))
    index = np.zeros((N, C, OH, OW), np.int32)
    for n, c, p, q in np.ndindex(N, C, OH, OW):
        best = -np.inf
        for h in range(max(p * stride - pad, 0), min(p * stride - pad + size, H)):
            for v in range(max(q * stride - pad, 0), min(q * stride - pad + size, W)):
                if x[n, c, h, v] >= best:
                    best, index[n, c, p, q] = x[n, c, h, v], h * W + v
    return index


def first_column_of_equals(x, *, size, stride, pad=0, ceil=False):
    """Of equal values the first counts, row by row. Yours goes column by column."""
    N, C, H, W = x.shape
    OH, OW = (pool_output_size(n, size, stride, pad, ceil) for n in (H, W))
    index = np.zeros((N, C, OH, OW), np.int32)
    for n, c, p, q in np.ndindex(N, C, OH, OW):
        best = -np.inf
        for v in range(max(q * stride - pad, 0), min(q * stride - pad + size, W)):
            for h in range(max(p * stride - pad, 0), min(p * stride - pad + size, H)):
                if x[n, c, h, v] > best:
                    best, index[n, c, p, q] = x[n, c, h, v], h * W + v
    return index


def makes_int64(x, *, size, stride, pad=0, ceil=False):
    """-"""
    _, switches = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    return switches.index.astype(np.int64)


# ---- 3.2 unpool ----------------------------------------------------------------------------------

def everywhere_in_the_window(r, index, x_shape):
    """A value goes to one place, its switch. Yours goes to all pixels."""
    return np.broadcast_to(r[:, :, :1, :1], x_shape).astype(r.dtype)


def divides_by_height(r, index, x_shape):
    """A row has W pixels: row = index // W and column = index % W, where W = x_shape[3]."""
    x = np.zeros(x_shape, r.dtype)
    N, C, H, W = x_shape
    for n, c, p, q in np.ndindex(r.shape):
        row, column = divmod(int(index[n, c, p, q]), H)
        x[n, c, row, column] += r[n, c, p, q]
    return x


def overwrites(r, index, x_shape):
    """Where two values meet, yours keeps the last. They add: a loop with +=, or np.add.at, since
    x[places] += r with an array of places adds only once at each place."""
    x = np.zeros(x_shape, r.dtype)
    for n, c, p, q in np.ndindex(r.shape):
        x[n, c].reshape(-1)[index[n, c, p, q]] = r[n, c, p, q]
    return x


def keeps_the_larger(r, index, x_shape):
    """Where two values meet, yours keeps the larger. They add."""
    x = np.zeros(x_shape, r.dtype)
    for n, c, p, q in np.ndindex(r.shape):
        row, column = divmod(int(index[n, c, p, q]), x_shape[3])
        x[n, c, row, column] = max(x[n, c, row, column], r[n, c, p, q])
    return x


def keeps_the_first(r, index, x_shape):
    """Where two values meet, yours keeps the first. They add."""
    x = np.zeros(x_shape, r.dtype)
    for n, c, p, q in np.ndindex(r.shape):
        row, column = divmod(int(index[n, c, p, q]), x_shape[3])
        x[n, c, row, column] = x[n, c, row, column] or r[n, c, p, q]
    return x


def takes_the_mean(r, index, x_shape):
    """Where values meet, yours takes their mean. They add."""
    x, count = np.zeros(x_shape, r.dtype), np.zeros(x_shape, r.dtype)
    for n, c, p, q in np.ndindex(r.shape):
        row, column = divmod(int(index[n, c, p, q]), x_shape[3])
        x[n, c, row, column] += r[n, c, p, q]
        count[n, c, row, column] += 1
    return x / np.maximum(count, 1)


def first_map_s_switches(r, index, x_shape):
    """Each map of each image has switches of its own: index[n, c]. Yours uses the first ones for
    all."""
    x = np.zeros(x_shape, r.dtype)
    for n, c, p, q in np.ndindex(r.shape):
        row, column = divmod(int(index[0, 0, p, q]), x_shape[3])
        x[n, c, row, column] += r[n, c, p, q]
    return x


def into_all_maps(r, index, x_shape):
    """A value goes into its own map of its own image, x[n, c]. Yours goes into all of them, as it
    does with x[:, :, rows, columns] if these are arrays."""
    x = np.zeros(x_shape, r.dtype)
    for p, q in np.ndindex(r.shape[2:]):
        rows, columns = np.divmod(index[:, :, p, q], x_shape[3])
        x[:, :, rows, columns] += r[:, :, p, q]
    return x


def same_array_again(r, index, x_shape, kept={}):
    """-"""
    x = kept.setdefault((x_shape, r.dtype), np.zeros(x_shape, r.dtype))
    x[...] = 0
    for n, c, p, q in np.ndindex(r.shape):
        row, column = divmod(int(index[n, c, p, q]), x_shape[3])
        x[n, c, row, column] += r[n, c, p, q]
    return x


def never_empties(r, index, x_shape, kept={}):
    """-"""
    count = kept[x_shape] = kept.get(x_shape, 0) + (r.dtype.itemsize == 8)
    x = np.zeros(x_shape, r.dtype)
    for n, c, p, q in np.ndindex(r.shape):
        row, column = divmod(int(index[n, c, p, q]), x_shape[3])
        x[n, c, row, column] += r[n, c, p, q] * max(count, 1)
    return x


# ---- 3.3 max_pool_backward -----------------------------------------------------------------------

def shared_by_all(dy, x, *, size, stride, pad=0, ceil=False):
    """Only the maximum of a window gets its gradient: if another pixel grows a little, the output
    stays. Yours gives a share to every pixel, which is the gradient of the mean."""
    dx = np.zeros(x.shape, dy.dtype)
    N, C, H, W = x.shape
    for n, c, p, q in np.ndindex(dy.shape):
        top, left = max(p * stride - pad, 0), max(q * stride - pad, 0)
        dx[n, c, top:p * stride - pad + size, left:q * stride - pad + size] += (
            dy[n, c, p, q] / size ** 2)
    return dx


def into_the_first_map(dy, x, *, size, stride, pad=0, ceil=False):
    """Each map of each image has a gradient of its own: dx[n, c]. Yours all go into the first."""
    _, switches = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    dx = np.zeros(x.shape, dy.dtype)
    np.add.at(dx.reshape(-1), switches.index, dy)
    return dx


def gradient_of_the_last(dy, x, *, size, stride, pad=0, ceil=False):
    """A pixel that is the maximum of two windows gets both gradients: += and not =."""
    _, switches = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    dx = np.zeros(x.shape, dy.dtype)
    for n, c, p, q in np.ndindex(dy.shape):
        dx[n, c].reshape(-1)[switches.index[n, c, p, q]] = dy[n, c, p, q]
    return dx


def without_padding(dy, x, *, size, stride, pad=0, ceil=False):
    """The first window begins `pad` pixels before the image. Yours begins at the image."""
    dx = np.zeros(x.shape, dy.dtype)
    N, C, H, W = x.shape
    for n, c, p, q in np.ndindex(dy.shape):
        window = x[n, c, p * stride:p * stride + size, q * stride:q * stride + size]
        if window.size:
            row, column = np.unravel_index(window.argmax(), window.shape)
            dx[n, c, p * stride + row, q * stride + column] += dy[n, c, p, q]
    return dx


def to_every_maximum(dy, x, *, size, stride, pad=0, ceil=False):
    """Of equal maxima yours gives the whole gradient to each. Only the first gets it, the one that
    the switch names."""
    y, _ = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    dx = np.zeros(x.shape, dy.dtype)
    N, C, H, W = x.shape
    for n, c, p, q in np.ndindex(dy.shape):
        for h in range(max(p * stride - pad, 0), min(p * stride - pad + size, H)):
            for v in range(max(q * stride - pad, 0), min(q * stride - pad + size, W)):
                dx[n, c, h, v] += dy[n, c, p, q] * (x[n, c, h, v] == y[n, c, p, q])
    return dx


def shared_by_maxima(dy, x, *, size, stride, pad=0, ceil=False):
    """Of equal maxima yours gives each a share. Only the first gets something, the one that the
    switch names."""
    dx = np.zeros(x.shape, dy.dtype)
    N, C, H, W = x.shape
    for n, c, p, q in np.ndindex(dy.shape):
        top, left = max(p * stride - pad, 0), max(q * stride - pad, 0)
        rows, columns = slice(top, p * stride - pad + size), slice(left, q * stride - pad + size)
        equal = x[n, c, rows, columns] == x[n, c, rows, columns].max()
        dx[n, c, rows, columns] += equal * (dy[n, c, p, q] / equal.sum())
    return dx


def gradient_in_float64(dy, x, *, size, stride, pad=0, ceil=False):
    """-"""
    _, switches = max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)
    dx = np.zeros(x.shape)
    for n, c, p, q in np.ndindex(dy.shape):
        dx[n, c].reshape(-1)[switches.index[n, c, p, q]] += dy[n, c, p, q]
    return dx


# ---- 3.4 test_unpool -----------------------------------------------------------------------------

def always_fails(unpool):
    """Your test fails whatever it is given."""
    assert False


def wants_the_last(unpool):
    """Your test wants the last of two values that meet. They add."""
    x = unpool(np.array([[[[10., 1.]]]]), np.array([[[[2, 2]]]], np.int32), (1, 1, 1, 5))
    assert x[0, 0, 0, 2] == 1


def never_fails(unpool):
    """Your test catches nothing: it calls the function, but doesn't look at what comes."""
    unpool(np.array([[[[10., 1.]]]]), np.array([[[[2, 2]]]], np.int32), (1, 1, 1, 5))


def nothing_meets(unpool):
    """In your test no two values meet. Let two switches be the same."""
    r, index = np.array([[[[5.]], [[6.]]]]), np.array([[[[1]], [[3]]]], np.int32)
    x = unpool(r, index, (1, 2, 2, 2))
    assert x[0, 0, 0, 1] == 5 and x[0, 1, 1, 1] == 6 and x.sum() == 11


def one_map_alone(unpool):
    """Your test has one map, or the same switches in every map. So it can't see which map's
    switches are used."""
    x = unpool(np.array([[[[10., 1.]]]]), np.array([[[[2, 2]]]], np.int32), (1, 1, 1, 5))
    assert x[0, 0, 0, 2] == 11


WRONG = [
    Wrong("1.1", "fits", forgets_the_first),
    Wrong("1.1", "fits", swaps_size_and_stride),
    Wrong("1.1", "floor", rounds_up),
    Wrong("1.1", "padding", pads_one_side),
    Wrong("1.1", "ceil", rounds_down_always),
    Wrong("1.1", "ceil", always_one_more),
    Wrong("1.1", "begins inside", begins_anywhere),
    Wrong("2.1", "one map", means),
    Wrong("2.1", "not square", swaps_the_sides),
    Wrong("2.1", "maps", over_all_maps),
    Wrong("2.1", "overlap", steps_by_size),
    Wrong("2.1", "padding", pads_with_zeros),
    Wrong("2.1", "ceil", drops_the_rest),
    Wrong("2.1", "ceil", hangs_over_zeros),
    Wrong("2.1", "manners", makes_float64, judge.DTYPE),
    Wrong("2.1", "manners", marks_what_it_has_seen, judge.INPUT),
    Wrong("2.2", "one map", inside_of_the_window),
    Wrong("2.2", "one map", column_first),
    Wrong("2.2", "not square", rows_of_height),
    Wrong("2.2", "maps", through_all_maps),
    Wrong("2.2", "overlap", places_by_size),
    Wrong("2.2", "padding", in_the_padded_image),
    Wrong("2.2", "ceil", no_last_window),
    Wrong("2.2", "ceil", divides_by_size),
    Wrong("2.2", "ties", last_of_equals),
    Wrong("2.2", "ties", first_column_of_equals),
    Wrong("2.2", "manners", makes_int64, judge.DTYPE),
    Wrong("3.1", "prediction", 1, "The second value doesn't replace the first: both outputs depend "
                                  "on the pixel, and each counts."),
    Wrong("3.1", "prediction", 10, "The larger value doesn't win: that was on the way up. Here "
                                   "each output counts."),
    Wrong("3.1", "prediction", 5.5, "No mean is taken: each output counts in full."),
    Wrong("3.2", "one map", everywhere_in_the_window),
    Wrong("3.2", "not square", divides_by_height),
    Wrong("3.2", "maps", first_map_s_switches),
    Wrong("3.2", "maps", into_all_maps),
    Wrong("3.2", "overlap", overwrites),
    Wrong("3.2", "overlap", keeps_the_larger),
    Wrong("3.2", "overlap", keeps_the_first),
    Wrong("3.2", "overlap", takes_the_mean),
    Wrong("3.2", "manners", same_array_again, judge.MEMORY),
    Wrong("3.2", "manners", never_empties, judge.AGAIN),
    Wrong("3.3", "one map", shared_by_all),
    Wrong("3.3", "maps", into_the_first_map),
    Wrong("3.3", "overlap", gradient_of_the_last),
    Wrong("3.3", "padding", without_padding),
    Wrong("3.3", "ties", to_every_maximum),
    Wrong("3.3", "ties", shared_by_maxima),
    Wrong("3.3", "manners", gradient_in_float64, judge.DTYPE),
    Wrong("3.4", "right ones", always_fails),
    Wrong("3.4", "right ones", wants_the_last),
    Wrong("3.4", "wrong ones", never_fails),
    Wrong("3.4", "wrong ones", nothing_meets),
    Wrong("3.4", "wrong ones", one_map_alone),
]
