"""Wrong answers to the tasks of the convolution lab, one misconception each; docstrings are hints.

They use what solution.py imports, and nothing else.
"""
import numpy as np

from ...functional import conv_forward as library_forward
from ...geometry import conv_output_size
from .. import judge
from ..tasks import Wrong


# ---- 1.1 output_size -----------------------------------------------------------------------------

def forgets_the_first(n, size, stride, pad):
    """The first window counts too: (how far it can be moved) / stride, and 1."""
    return (n + 2 * pad - size) // stride


def swaps_size_and_stride(n, size, stride, pad):
    """It is the stride that the windows are apart; the size is what the last one needs."""
    return (n + 2 * pad - stride) // size + 1


def forgets_the_size(n, size, stride, pad):
    """The last window needs `size` pixels: it can be moved by n + 2·pad − size, no further."""
    return -(-(n + 2 * pad) // stride)


def divides(n, size, stride, pad):
    """A number of windows is whole. `//` divides and rounds down; `/` makes a float."""
    return (n + 2 * pad - size) / stride + 1


def rounds_up(n, size, stride, pad):
    """A window that doesn't fit whole doesn't count: round down."""
    return -(-(n + 2 * pad - size) // stride) + 1


def pads_one_side(n, size, stride, pad):
    """There are `pad` pixels before the image and `pad` behind it: 2·pad in all."""
    return (n + pad - size) // stride + 1


def leaves_padding_out(n, size, stride, pad):
    """Windows also lie on the padding: they move over n + 2·pad pixels."""
    return max((n - size) // stride + 1, 0)


# ---- 2.1 conv_forward ----------------------------------------------------------------------------

def turns_the_filter(x, w, b, *, stride, pad):
    """Yours turns the filter by 180°, as in mathematics. Here the first weight meets the first
    pixel of the window: w[f, c, i, j] and pixel (i, j)."""
    turned = np.ascontiguousarray(w[:, :, ::-1, ::-1])
    return library_forward(x, turned, b, stride=stride, pad=pad)[0]


def rows_with_columns(x, w, b, *, stride, pad):
    """Rows go with rows: weight (i, j) meets pixel (i, j). In yours it meets pixel (j, i)."""
    mirrored = np.ascontiguousarray(w.swapaxes(2, 3))
    return library_forward(x, mirrored, b, stride=stride, pad=pad)[0]


def takes_the_mean(x, w, b, *, stride, pad):
    """The products are added up. Yours takes their mean."""
    size = w.dtype.type(w[0].size)
    return library_forward(x, w / size, b, stride=stride, pad=pad)[0]


def one_channel(x, w, b, *, stride, pad):
    """A filter has weights for every channel. Yours looks at the first channel only."""
    first = np.zeros_like(w)
    first[:, 0] = w[:, 0]
    return library_forward(x, first, b, stride=stride, pad=pad)[0]


def one_filter(x, w, b, *, stride, pad):
    """Each filter makes a map of its own, y[:, f]. Yours uses the first filter for all."""
    first = np.repeat(w[:1], len(w), axis=0)
    return library_forward(x, first, b, stride=stride, pad=pad)[0]


def one_image(x, w, b, *, stride, pad):
    """Each image is filtered by itself. Yours gives the first image's maps for all."""
    y, _ = library_forward(x, w, b, stride=stride, pad=pad)
    return np.repeat(y[:1], len(y), axis=0)


def sums_over_the_batch(x, w, b, *, stride, pad):
    """Each image is filtered by itself. Yours adds the images up: sum over c, i and j, not n."""
    y, _ = library_forward(x, w, np.zeros_like(b), stride=stride, pad=pad)
    return np.repeat(y.sum(axis=0, keepdims=True), len(y), axis=0) + b.reshape(1, -1, 1, 1)


def no_bias(x, w, b, *, stride, pad):
    """The bias is missing: each output of filter f begins with b[f]."""
    return library_forward(x, w, np.zeros_like(b), stride=stride, pad=pad)[0]


def bias_in_every_product(x, w, b, *, stride, pad):
    """The bias is added once to each output, and not once for every weight."""
    return library_forward(x, w, b * w.dtype.type(w[0].size), stride=stride, pad=pad)[0]


def one_bias(x, w, b, *, stride, pad):
    """Each filter has a bias of its own, b[f]. Yours gives all filters the same."""
    return library_forward(x, w, np.full_like(b, b[0]), stride=stride, pad=pad)[0]


def steps_by_size(x, w, b, *, stride, pad):
    """Windows are `stride` pixels apart. Yours are a filter's size apart."""
    K, wide = w.shape[2], w.shape[2] * max(x.shape)
    OH, OW = (conv_output_size(n, K, stride, pad) for n in x.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), (pad, wide), (pad, wide)))
    return library_forward(padded, w, b, stride=K)[0][:, :, :OH, :OW].copy()


def moves_by_one(x, w, b, *, stride, pad):
    """Output (p, q) looks at the window that begins at p·stride, q·stride. Yours begins at p, q."""
    y, _ = library_forward(x, w, b, stride=1, pad=pad)
    OH, OW = (conv_output_size(n, w.shape[2], stride, pad) for n in x.shape[2:])
    return y[:, :, :OH, :OW].copy()


def no_padding(x, w, b, *, stride, pad):
    """`pad` rows and columns of zeros lie around the image, and windows begin there."""
    if pad == 0:
        return library_forward(x, w, b, stride=stride)[0]
    OH, OW = (max((n - w.shape[2]) // stride + 1, 0) for n in x.shape[2:])
    y = np.zeros((len(x), len(w), OH, OW), x.dtype)
    return library_forward(x, w, b, stride=stride)[0] if y.size else y


def pads_behind(x, w, b, *, stride, pad):
    """There are `pad` zeros before the image too, not only behind it: the first window begins at
    −pad."""
    padded = np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))
    return library_forward(padded, w, b, stride=stride)[0]


def repeats_the_edge(x, w, b, *, stride, pad):
    """Outside of the image is zero. Yours repeats the pixels at the edge there."""
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="edge")
    return library_forward(padded, w, b, stride=stride)[0]


def strides_over_padding(x, w, b, *, stride, pad):
    """The padding counts pixels, not strides: a window begins at p·stride − pad. Yours begins at
    (p − pad)·stride."""
    OH, OW = (conv_output_size(n, w.shape[2], stride, pad) for n in x.shape[2:])
    wide = pad * stride
    padded = np.pad(x, ((0, 0), (0, 0), (wide, wide + stride), (wide, wide + stride)))
    y, _ = library_forward(padded, w, b, stride=stride)
    return y[:, :, :OH, :OW].copy()


def swaps_the_sides(x, w, b, *, stride, pad):
    """Rows go with H and columns with W. Yours are exchanged somewhere."""
    y, _ = library_forward(x, w, b, stride=stride, pad=pad)
    side = min(y.shape[2:])
    swapped = np.zeros((*y.shape[:2], y.shape[3], y.shape[2]), y.dtype)
    swapped[:, :, :side, :side] = y[:, :, :side, :side]
    return swapped


def makes_float64(x, w, b, *, stride, pad):
    """-"""
    return library_forward(x, w, b, stride=stride, pad=pad)[0].astype(np.float64)


def same_array_again(x, w, b, *, stride, pad, kept={}):
    """-"""
    y, _ = library_forward(x, w, b, stride=stride, pad=pad)
    room = kept.setdefault((y.shape, y.dtype), y)
    room[...] = y
    return room


# ---- 2.2 unfold ----------------------------------------------------------------------------------

def windows_as_rows(x, size, *, stride, pad):
    """Each window is a column here: (C·size·size, OH·OW). In yours it is a row."""
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows = np.empty((N, OH * OW, C * size * size), x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + size, q * stride:q * stride + size]
        rows[:, p * OW + q] = window.reshape(N, -1)
    return rows


def windows_downwards(x, size, *, stride, pad):
    """Windows come row by row: window (p, q) is column p·OW + q. Yours is column q·OH + p."""
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    columns = np.empty((N, C * size * size, OH * OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + size, q * stride:q * stride + size]
        columns[:, :, q * OH + p] = window.reshape(N, -1)
    return columns


def pixels_downwards(x, size, *, stride, pad):
    """A window's pixels come row by row: (i, j) stands in row i·size + j. Yours go down first."""
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    columns = np.empty((N, C * size * size, OH * OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + size, q * stride:q * stride + size]
        columns[:, :, p * OW + q] = window.swapaxes(2, 3).reshape(N, -1)
    return columns


def channels_last(x, size, *, stride, pad):
    """First come all pixels of channel 0, then those of channel 1: row (c·size + i)·size + j. In
    yours the channels of one pixel stand together."""
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    columns = np.empty((N, C * size * size, OH * OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + size, q * stride:q * stride + size]
        columns[:, :, p * OW + q] = window.transpose(0, 2, 3, 1).reshape(N, -1)
    return columns


def images_mixed(x, size, *, stride, pad):
    """columns[n] holds windows of image n. A reshape can't exchange axes: it takes the numbers as
    they lie. Use transpose, or fill one image after the other."""
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    columns = np.empty((C * size * size, N, OH * OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + size, q * stride:q * stride + size]
        columns[:, :, p * OW + q] = window.reshape(N, -1).T
    return columns.reshape(N, C * size * size, OH * OW)


def windows_by_size(x, size, *, stride, pad):
    """Windows are `stride` pixels apart. Yours are `size` pixels apart."""
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    behind = pad + size * max(OH, OW)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, behind), (pad, behind)))
    columns = np.empty((N, C * size * size, OH * OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * size:p * size + size, q * size:q * size + size]
        columns[:, :, p * OW + q] = window.reshape(N, -1)
    return columns


def windows_by_one(x, size, *, stride, pad):
    """Window (p, q) begins at p·stride, q·stride. Yours begins at p, q."""
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    columns = np.empty((N, C * size * size, OH * OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        columns[:, :, p * OW + q] = padded[:, :, p:p + size, q:q + size].reshape(N, -1)
    return columns


def unfolds_the_edge(x, size, *, stride, pad):
    """Outside of the image is zero. Yours repeats the pixels at the edge there."""
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="edge")
    columns = np.empty((N, C * size * size, OH * OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + size, q * stride:q * stride + size]
        columns[:, :, p * OW + q] = window.reshape(N, -1)
    return columns


def unfolds_without_padding(x, size, *, stride, pad):
    """`pad` rows and columns of zeros lie around the image, and windows begin there."""
    N, C, H, W = x.shape
    OH, OW = (max((n - size) // stride + 1, 0) for n in (H, W))
    columns = np.empty((N, C * size * size, OH * OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = x[:, :, p * stride:p * stride + size, q * stride:q * stride + size]
        columns[:, :, p * OW + q] = window.reshape(N, -1)
    return columns


def counts_by_height(x, size, *, stride, pad):
    """A row of outputs has OW windows: window (p, q) is column p·OW + q, not p·OH + q."""
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    columns = np.zeros((N, C * size * size, OH * OW + OH + OW), x.dtype)
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + size, q * stride:q * stride + size]
        columns[:, :, (p * OH + q) % (OH * OW)] = window.reshape(N, -1)
    return columns[:, :, :OH * OW].copy()


def unfolds_to_float64(x, size, *, stride, pad):
    """-"""
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    columns = np.zeros((N, C * size * size, OH * OW))
    for p, q in np.ndindex(OH, OW):
        window = padded[:, :, p * stride:p * stride + size, q * stride:q * stride + size]
        columns[:, :, p * OW + q] = window.reshape(N, -1)
    return columns


# ---- 3.1 conv_transpose --------------------------------------------------------------------------

def turns_on_the_way_down(r, w, *, stride, pad, size):
    """Yours turns the filter by 180°. The value goes to pixel (i, j) of its window by the weight
    (i, j), the same as on the way up."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f, :, ::-1, ::-1]
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def columns_with_rows(r, w, *, stride, pad, size):
    """Rows go with rows: weight (i, j) sends to pixel (i, j). In yours it sends to pixel (j, i)."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f].swapaxes(1, 2)
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def leaves_weights_out(r, w, *, stride, pad, size):
    """Yours gives r itself to every pixel of the window. Each gets r times its weight."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q]
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def spreads_by_one(r, w, *, stride, pad, size):
    """Value (p, q) goes to the window that begins at p·stride, q·stride. Yours begins at p, q."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        padded[n, :, p:p + K, q:q + K] += r[n, f, p, q] * w[f]
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def filters_again(r, w, *, stride, pad, size):
    """Yours filters r, a dot product for each pixel. On the way down each value of r is spread over
    its window."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    x = np.zeros((N, C, H, W), r.dtype)
    for n, c, h, v in np.ndindex(x.shape):
        window = r[n, :, h:h + K, v:v + K]
        x[n, c, h, v] = (window * w[:, c, :window.shape[1], :window.shape[2]]).sum()
    return x


def one_filter_s_share(r, w, *, stride, pad, size):
    """All filters send something to a pixel: add over f. Yours keeps one filter's share."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for n, p, q in np.ndindex(N, OH, OW):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, -1, p, q] * w[-1]
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def mean_of_filters(r, w, *, stride, pad, size):
    """What all filters send to a pixel is added up. Yours takes the mean over the filters."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f] / F
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def same_to_all_channels(r, w, *, stride, pad, size):
    """A filter has weights of its own for each channel, w[f, c]. Yours sends the same to all."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f, 0]
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def overwrites(r, w, *, stride, pad, size):
    """Where windows overlap, yours keeps what came last. It adds: += and not =."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for n, p, q in np.ndindex(N, OH, OW):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] = np.tensordot(r[n, :, p, q], w, 1)
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def means_where_it_meets(r, w, *, stride, pad, size):
    """Where windows overlap, yours takes the mean of what meets. It adds."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    count = np.zeros((H + 2 * pad, W + 2 * pad), r.dtype)
    for p, q in np.ndindex(OH, OW):
        rows, columns = slice(p * stride, p * stride + K), slice(q * stride, q * stride + K)
        padded[:, :, rows, columns] += np.tensordot(r[:, :, p, q], w, 1)
        count[rows, columns] += 1
    return (padded / np.maximum(count, 1))[:, :, pad:pad + H, pad:pad + W].copy()


def spreads_by_size(r, w, *, stride, pad, size):
    """Windows are `stride` pixels apart, and a filter is K wide. Yours has the two exchanged, or
    takes one for both."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad + K * OH, W + 2 * pad + K * OW), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * K, q * K
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f]
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def ignores_padding(r, w, *, stride, pad, size):
    """The first window begins `pad` pixels before the image. Yours begins at the first pixel."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f]
    return padded[:, :, :H, :W].copy()


def keeps_the_padding(r, w, *, stride, pad, size):
    """The padding belongs to no image: cut it off on all sides before you return x."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f]
    return padded


def pads_by_strides(r, w, *, stride, pad, size):
    """The padding counts pixels, not strides: a window begins at p·stride − pad. Yours begins at
    (p − pad)·stride."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    wide = pad * stride
    padded = np.zeros((N, C, H + 2 * wide + K, W + 2 * wide + K), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f]
    return padded[:, :, wide:wide + H, wide:wide + W].copy()


def as_far_as_windows_reach(r, w, *, stride, pad, size):
    """x has the size that is asked for. Behind the last window there may be pixels that no window
    sees: they are there too, and 0."""
    (N, F, OH, OW), (_, C, K, _) = r.shape, w.shape
    high, wide = (OH - 1) * stride + K, (OW - 1) * stride + K
    padded = np.zeros((N, C, high, wide), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f]
    return padded[:, :, pad:high - pad, pad:wide - pad].copy()


def swaps_height_and_width(r, w, *, stride, pad, size):
    """size is (H, W): rows first. Yours has them exchanged."""
    (N, F, OH, OW), (_, C, K, _), (W, H) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad + W, W + 2 * pad + H), r.dtype)
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f]
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def goes_down_in_float64(r, w, *, stride, pad, size):
    """-"""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f]
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def view_of_a_kept_array(r, w, *, stride, pad, size, kept={}):
    """-"""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    shape = N, C, H + 2 * pad, W + 2 * pad
    padded = kept.setdefault((shape, r.dtype), np.zeros(shape, r.dtype))
    padded[...] = 0
    for n, f, p, q in np.ndindex(r.shape):
        top, left = p * stride, q * stride
        padded[n, :, top:top + K, left:left + K] += r[n, f, p, q] * w[f]
    return padded[:, :, pad:pad + H, pad:pad + W]


# ---- 3.2 test_conv_transpose ---------------------------------------------------------------------

def always_fails(conv_transpose):
    """Your test fails whatever it is given."""
    assert False


def wants_it_turned(conv_transpose):
    """Your test wants the filters turned by 180° on the way down. Each weight goes back to the
    pixel that it came from."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3, 6, 7)), rng.standard_normal((4, 3, 3, 3))
    y, _ = library_forward(x, w[:, :, ::-1, ::-1].copy(), np.zeros(4), stride=2, pad=1)
    r = rng.standard_normal(y.shape)
    back = conv_transpose(r, w, stride=2, pad=1, size=(6, 7))
    assert np.isclose((y * r).sum(), (x * back).sum())


def never_fails(conv_transpose):
    """Your test looks at the shape of what comes, or at nothing. It has to compare the values."""
    w = np.ones((4, 3, 3, 3))
    x = conv_transpose(np.ones((2, 4, 3, 4)), w, stride=2, pad=1, size=(6, 7))
    assert x.shape == (2, 3, 6, 7)


def without_overlap(conv_transpose):
    """In your test no windows overlap. Let the stride be smaller than the filter."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3, 6, 6)), rng.standard_normal((4, 3, 2, 2))
    y, _ = library_forward(x, w, np.zeros(4), stride=2, pad=1)
    r = rng.standard_normal(y.shape)
    back = conv_transpose(r, w, stride=2, pad=1, size=(6, 6))
    assert np.isclose((y * r).sum(), (x * back).sum())


def without_a_direction(conv_transpose):
    """In your test the filters look the same when they are turned by 180°. Use random weights."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3, 6, 7)), np.ones((4, 3, 3, 3))
    w *= rng.standard_normal((4, 3, 1, 1))
    y, _ = library_forward(x, w, np.zeros(4), stride=2, pad=1)
    r = rng.standard_normal(y.shape)
    back = conv_transpose(r, w, stride=2, pad=1, size=(6, 7))
    assert np.isclose((y * r).sum(), (x * back).sum())


def without_padding(conv_transpose):
    """Your test has no padding, so it can't see whether it is taken off."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3, 6, 7)), rng.standard_normal((4, 3, 3, 3))
    y, _ = library_forward(x, w, np.zeros(4), stride=1, pad=0)
    r = rng.standard_normal(y.shape)
    back = conv_transpose(r, w, stride=1, pad=0, size=(6, 7))
    assert np.isclose((y * r).sum(), (x * back).sum())


def with_one_filter(conv_transpose):
    """Your test has one filter, so it can't see which filter a map of r goes through."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3, 6, 7)), rng.standard_normal((1, 3, 3, 3))
    y, _ = library_forward(x, w, np.zeros(1), stride=2, pad=1)
    r = rng.standard_normal(y.shape)
    back = conv_transpose(r, w, stride=2, pad=1, size=(6, 7))
    assert np.isclose((y * r).sum(), (x * back).sum())


def with_one_channel(conv_transpose):
    """Your test has one channel, so it can't see which channel a weight belongs to."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 1, 6, 7)), rng.standard_normal((4, 1, 3, 3))
    y, _ = library_forward(x, w, np.zeros(4), stride=2, pad=1)
    r = rng.standard_normal(y.shape)
    back = conv_transpose(r, w, stride=2, pad=1, size=(6, 7))
    assert np.isclose((y * r).sum(), (x * back).sum())


# ---- 4.1 receptive_field -------------------------------------------------------------------------

def adds_sizes(windows):
    """Neighboring windows overlap: a window of `size` adds size − 1 pixels to what is seen, not
    size."""
    size, stride = 0, 1
    for window, step in windows:
        size += window * stride
        stride *= step
    return size, stride


def multiplies_sizes(windows):
    """Neighboring windows overlap: two filters of 3 see 5 pixels and not 9."""
    size, stride = 1, 1
    for window, step in windows:
        size *= window
        stride *= step
    return size, stride


def forgets_the_stride(windows):
    """A window's inputs are apart by all strides below it: it adds (size − 1)·stride pixels. Yours
    counts them as neighbors."""
    size, stride = 1, 1
    for window, step in windows:
        size += window - 1
        stride *= step
    return size, stride


def strides_too_early(windows):
    """A window's own stride moves it, but doesn't spread its inputs: those are apart by the strides
    below it. Yours multiplies by its own stride first."""
    size, stride = 1, 1
    for window, step in windows:
        stride *= step
        size += (window - 1) * stride
    return size, stride


def from_the_top(windows):
    """The list begins at the image. Yours goes through it from the top."""
    size, stride = 1, 1
    for window, step in reversed(windows):
        size += (window - 1) * stride
        stride *= step
    return size, stride


def last_stride(windows):
    """Strides multiply: neighbors of the last layer are apart by the product of all strides. Yours
    returns the last one."""
    size, stride = 1, 1
    for window, step in windows:
        size += (window - 1) * stride
        stride *= step
    return size, windows[-1][1]


def empties_the_list(windows):
    """-"""
    size, stride = 1, 1
    while windows:
        window, step = windows.pop(0)
        size += (window - 1) * stride
        stride *= step
    return size, stride


WRONG = [
    Wrong("1.1", "fits", forgets_the_first),
    Wrong("1.1", "fits", swaps_size_and_stride),
    Wrong("1.1", "fits", forgets_the_size),
    Wrong("1.1", "fits", divides),
    Wrong("1.1", "floor", rounds_up),
    Wrong("1.1", "padding", pads_one_side),
    Wrong("1.1", "padding", leaves_padding_out),
    Wrong("1.2", "prediction", 1, "That turns the filter first, as mathematics does. Lay it on the "
                                  "image as it is: its first weight on the first pixel."),
    Wrong("1.2", "prediction", 0, "The first window has its first weight on the first pixel, not "
                                  "its middle: it sees the pixels 0, 1 and 2."),
    Wrong("1.2", "prediction", 2, "The first window has its first weight on the first pixel: it "
                                  "sees the pixels 0, 1 and 2. Which weight lies on pixel 2?"),
    Wrong("1.2", "prediction", 6, "That adds up the weights. Each is multiplied by the pixel below "
                                  "it, and two of the three pixels are 0."),
    Wrong("2.1", "one map", turns_the_filter),
    Wrong("2.1", "one map", rows_with_columns),
    Wrong("2.1", "one map", takes_the_mean),
    Wrong("2.1", "one map", steps_by_size),
    Wrong("2.1", "channels", one_channel),
    Wrong("2.1", "filters", one_filter),
    Wrong("2.1", "filters", one_image),
    Wrong("2.1", "filters", sums_over_the_batch),
    Wrong("2.1", "bias", no_bias),
    Wrong("2.1", "bias", bias_in_every_product),
    Wrong("2.1", "bias", one_bias),
    Wrong("2.1", "stride", moves_by_one),
    Wrong("2.1", "padding", no_padding),
    Wrong("2.1", "padding", pads_behind),
    Wrong("2.1", "padding", repeats_the_edge),
    Wrong("2.1", "padding", strides_over_padding),
    Wrong("2.1", "not square", swaps_the_sides),
    Wrong("2.1", "manners", makes_float64, judge.DTYPE),
    Wrong("2.1", "manners", same_array_again, judge.MEMORY),
    Wrong("2.2", "one map", windows_as_rows),
    Wrong("2.2", "one map", windows_downwards),
    Wrong("2.2", "one map", pixels_downwards),
    Wrong("2.2", "one map", windows_by_size),
    Wrong("2.2", "channels", channels_last),
    Wrong("2.2", "channels", images_mixed),
    Wrong("2.2", "stride", windows_by_one),
    Wrong("2.2", "padding", unfolds_the_edge),
    Wrong("2.2", "padding", unfolds_without_padding),
    Wrong("2.2", "not square", counts_by_height),
    Wrong("2.2", "manners", unfolds_to_float64, judge.DTYPE),
    Wrong("3.1", "one map", turns_on_the_way_down),
    Wrong("3.1", "one map", columns_with_rows),
    Wrong("3.1", "one map", leaves_weights_out),
    Wrong("3.1", "one map", spreads_by_one),
    Wrong("3.1", "one map", filters_again),
    Wrong("3.1", "channels", one_filter_s_share),
    Wrong("3.1", "channels", mean_of_filters),
    Wrong("3.1", "channels", same_to_all_channels),
    Wrong("3.1", "overlap", overwrites),
    Wrong("3.1", "overlap", means_where_it_meets),
    Wrong("3.1", "overlap", spreads_by_size),
    Wrong("3.1", "padding", ignores_padding),
    Wrong("3.1", "padding", keeps_the_padding),
    Wrong("3.1", "padding", pads_by_strides),
    Wrong("3.1", "left over", as_far_as_windows_reach),
    Wrong("3.1", "not square", swaps_height_and_width),
    Wrong("3.1", "manners", goes_down_in_float64, judge.DTYPE),
    Wrong("3.1", "manners", view_of_a_kept_array, judge.MEMORY),
    Wrong("3.2", "right ones", always_fails),
    Wrong("3.2", "right ones", wants_it_turned),
    Wrong("3.2", "wrong ones", never_fails),
    Wrong("3.2", "wrong ones", without_overlap),
    Wrong("3.2", "wrong ones", without_a_direction),
    Wrong("3.2", "wrong ones", without_padding),
    Wrong("3.2", "wrong ones", with_one_filter),
    Wrong("3.2", "wrong ones", with_one_channel),
    Wrong("4.1", "stride 1", adds_sizes),
    Wrong("4.1", "stride 1", multiplies_sizes),
    Wrong("4.1", "strides", forgets_the_stride),
    Wrong("4.1", "strides", strides_too_early),
    Wrong("4.1", "strides", from_the_top),
    Wrong("4.1", "strides", last_stride),
    Wrong("4.1", "manners", empties_the_list, judge.INPUT),
]
