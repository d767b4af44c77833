"""What each task of the convolution lab is judged by."""
import numpy as np

from ... import functional, geometry
from ..inputs import normal, signed
from ..tasks import Check, Task


# ---- the right functions, with the contract's arguments ------------------------------------------

def output_size(n, size, stride, pad):
    """The library's answer to task 1.1."""
    return geometry.conv_output_size(n, size, stride, pad)


def conv_forward(x, w, b, *, stride, pad):
    """The library's answer to task 2.1."""
    return functional.conv_forward(x, w, b, stride=stride, pad=pad, method="direct")[0]


def unfold(x, size, *, stride, pad):
    """The answer to task 2.2: a pixel of each window is what a filter with a single 1 gives."""
    (N, C, H, W), count = x.shape, x.shape[1] * size * size
    single = np.eye(count, dtype=x.dtype).reshape(count, C, size, size)
    y = conv_forward(x, single, np.zeros(count, x.dtype), stride=stride, pad=pad)
    return y.reshape(N, count, -1)


def conv_transpose(r, w, *, stride, pad, size):
    """The library's answer to task 3.1."""
    return functional.conv_transpose(r, w, stride=stride, pad=pad, size=size)


def receptive_field(windows):
    """The library's answer to task 4.1."""
    field = geometry.IDENTITY
    for size, stride in windows:
        field = geometry.see_through(field, geometry.Window(size, stride, 0))
    return field.size, field.stride


# ---- 1.1 output_size, and 1.2 a prediction -------------------------------------------------------

# (n, size, stride, pad) of a single window, which holds the image and all padding. The stride moves
# nothing, but who mixes it up with the padding is found out.
ALONE = ((1, 3, 2, 1), (1, 3, 3, 1), (3, 5, 2, 1), (1, 5, 3, 2))


def fits(judge, rng):
    """windows that fill the image exactly"""
    for n, size, stride in ((1, 1, 1), (4, 2, 2), (5, 3, 2), (3, 2, 1), (9, 3, 3), (13, 5, 4)):
        judge.compare(output_size, n, size, stride, 0)


def floor(judge, rng):
    """pixels that are left over get no window"""
    for n, size, stride in ((3, 2, 2), (6, 3, 2), (5, 3, 3), (12, 5, 4)):
        judge.compare(output_size, n, size, stride, 0)


def padded_size(judge, rng):
    """padding on both sides"""
    for n, size, stride, pad in ((1, 2, 1, 1), (2, 2, 2, 1), (3, 3, 1, 1), (5, 3, 2, 1),
                                 (9, 5, 4, 2), (15, 7, 2, 3)):
        judge.compare(output_size, n, size, stride, pad)


def mirrored(judge, rng):
    """where the filter's weights come out"""
    judge.predicted(3, "The first window holds the pixels 0 0 1, and they meet the weights 1 2 3: "
                       "0·1 + 0·2 + 1·3 = 3. The filter moves to the right, so the bright pixel "
                       "meets the last weight first. What comes out is 3 2 1: one bright pixel "
                       "makes the filter's mirror image.")


# ---- 2.1 conv_forward ----------------------------------------------------------------------------

def filtered(judge, rng, x_shape, w_shape, *, stride=1, pad=0, start=1):
    """Compare conv_forward for whole numbers, the weights' from `start` on, without a bias."""
    judge.compare(conv_forward, signed(rng, x_shape), signed(rng, w_shape, start),
                  np.zeros(w_shape[0], np.float32), stride=stride, pad=pad)


def one_map(judge, rng):
    """one square map and one filter"""
    for side, size in ((1, 1), (2, 2), (3, 2), (4, 3)):
        filtered(judge, rng, (1, 1, side, side), (1, 1, size, size))


def channels(judge, rng):
    """several channels: a filter has weights for each, and adds all up"""
    for count, side in ((2, 1), (3, 2), (2, 3)):
        size = min(side, 2)
        filtered(judge, rng, (1, count, side, side), (1, count, size, size), start=3)


def filters(judge, rng):
    """each image by itself, and each filter makes a map"""
    for images, count, side in ((1, 2, 2), (2, 1, 2), (2, 3, 3)):
        filtered(judge, rng, (images, 1, side, side), (count, 1, 2, 2))
    # images, channels and filters at once; the second channel has no weight
    w = signed(rng, (3, 2, 2, 2))
    w[:, 1] = 0
    judge.compare(conv_forward, signed(rng, (2, 2, 3, 3)), w, np.zeros(3, np.float32), stride=1,
                  pad=0)


def bias(judge, rng):
    """each filter's own bias, once for each output"""
    for count, side, size in ((1, 2, 2), (3, 2, 1), (3, 4, 3)):
        # filters of zeros, so that nothing but the bias comes out
        judge.compare(conv_forward, signed(rng, (1, 1, side, side)),
                      np.zeros((count, 1, size, size), np.float32), signed(rng, (count,)),
                      stride=1, pad=0)


def strides(judge, rng):
    """windows that are further apart"""
    for side, size, stride in ((3, 1, 2), (5, 3, 2), (6, 2, 3), (7, 3, 2)):
        filtered(judge, rng, (1, 1, side, side), (1, 1, size, size), stride=stride)


def padding(judge, rng):
    """zeros around the image"""
    for side, size, pad in ((1, 2, 1), (1, 3, 1), (2, 3, 1), (3, 5, 2)):
        filtered(judge, rng, (1, 1, side, side), (1, 1, size, size), pad=pad)
    for side, size, stride, pad in ALONE:
        filtered(judge, rng, (1, 1, side, side), (1, 1, size, size), stride=stride, pad=pad)


def oblong(judge, rng):
    """maps that aren't square"""
    for shape in ((1, 2), (3, 2), (3, 5)):
        filtered(judge, rng, (1, 1, *shape), (1, 1, min(shape), min(shape)))


def forward_manners(judge, rng):
    """y has x's dtype and memory of its own, and x, w and b stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(conv_forward, normal(rng, (2, 2, 4, 4), dtype),
                      normal(rng, (2, 2, 3, 3), dtype), normal(rng, (2,), dtype), stride=1, pad=1)


# ---- 2.2 unfold ----------------------------------------------------------------------------------

def unfolded(judge, rng):
    """one square map: a window is a column, row by row"""
    for side, size in ((1, 1), (2, 1), (2, 2), (3, 2), (4, 2)):
        judge.compare(unfold, signed(rng, (1, 1, side, side)), size, stride=1, pad=0)


def unfolded_channels(judge, rng):
    """several images, and the channels of a window one below the other"""
    for shape, size in (((1, 2, 1, 1), 1), ((1, 2, 2, 2), 2), ((2, 1, 2, 2), 2), ((2, 3, 3, 3), 2)):
        judge.compare(unfold, signed(rng, shape), size, stride=1, pad=0)


def unfolded_strides(judge, rng):
    """windows that are further apart"""
    for side, size, stride in ((3, 1, 2), (5, 3, 2), (6, 2, 3)):
        judge.compare(unfold, signed(rng, (1, 1, side, side)), size, stride=stride, pad=0)


def unfolded_padding(judge, rng):
    """zeros around the image"""
    for side, size, stride, pad in ((1, 2, 1, 1), (2, 3, 1, 1), (3, 5, 1, 2), *ALONE):
        judge.compare(unfold, signed(rng, (1, 1, side, side)), size, stride=stride, pad=pad)


def unfolded_oblong(judge, rng):
    """maps that aren't square"""
    for shape, size in (((1, 2), 1), ((3, 2), 2), ((2, 4), 2), ((5, 3), 3)):
        judge.compare(unfold, signed(rng, (1, 1, *shape)), size, stride=1, pad=0)


def unfold_manners(judge, rng):
    """the columns have x's dtype and memory of their own, and x stays as it is"""
    for dtype in (np.float32, np.float64):
        judge.manners(unfold, normal(rng, (2, 2, 4, 4), dtype), 3, stride=1, pad=1)


# ---- 3.1 conv_transpose --------------------------------------------------------------------------

def sent(judge, rng, r_shape, w_shape, *, stride, size, pad=0):
    """Compare conv_transpose for whole numbers."""
    judge.compare(conv_transpose, signed(rng, r_shape), signed(rng, w_shape), stride=stride,
                  pad=pad, size=size)


def spread(judge, rng):
    """one square map, windows side by side"""
    for count, size in ((1, 1), (1, 2), (2, 2), (2, 3)):
        side = count * size
        sent(judge, rng, (1, 1, count, count), (1, 1, size, size), stride=size, size=(side, side))


def spread_channels(judge, rng):
    """each filter goes to all channels, and what all filters send there adds"""
    for images, count, to, size in ((1, 1, 2, 1), (1, 2, 1, 1), (2, 1, 1, 2), (2, 3, 2, 2)):
        sent(judge, rng, (images, count, 2, 2), (count, to, size, size), stride=size,
             size=(2 * size, 2 * size))


def spread_overlap(judge, rng):
    """windows that overlap, where what meets adds, and windows with gaps between them"""
    for count, size, stride in ((2, 2, 1), (2, 3, 1), (2, 3, 2), (3, 3, 1), (2, 1, 2), (2, 2, 3)):
        side = (count - 1) * stride + size
        sent(judge, rng, (1, 1, count, count), (1, 1, size, size), stride=stride, size=(side, side))


def spread_padding(judge, rng):
    """what would go into the padding is lost"""
    for side, size, stride, pad in ((2, 2, 2, 1), (4, 2, 2, 1), (5, 3, 3, 2), *ALONE):
        count = output_size(side, size, stride, pad)
        sent(judge, rng, (1, 1, count, count), (1, 1, size, size), stride=stride, pad=pad,
             size=(side, side))


def spread_rest(judge, rng):
    """pixels behind the last window get 0"""
    for count, size, stride, rest in ((1, 1, 2, 1), (1, 2, 3, 2), (2, 2, 2, 1), (2, 3, 3, 2)):
        side = (count - 1) * stride + size + rest
        sent(judge, rng, (1, 1, count, count), (1, 1, size, size), stride=stride, size=(side, side))


def spread_oblong(judge, rng):
    """maps that aren't square"""
    for shape in ((1, 2), (2, 1), (2, 3)):
        sent(judge, rng, (1, 1, *shape), (1, 1, 2, 2), stride=2, size=(2 * shape[0], 2 * shape[1]))


def transpose_manners(judge, rng):
    """x has r's dtype and memory of its own, and r and w stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(conv_transpose, normal(rng, (2, 2, 4, 4), dtype),
                      normal(rng, (2, 2, 3, 3), dtype), stride=1, pad=1, size=(4, 4))


# ---- 3.2 a test to write -------------------------------------------------------------------------

def with_loops(r, w, *, stride, pad, size):
    """A right conv_transpose, in loops."""
    return together(np.asarray(r), np.asarray(w), stride, pad, size, lambda old, new: old + new)


def together(r, w, stride, pad, size, gather):
    """Transposed filtering with another rule for values that meet: gather(what is there, value)."""
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    padded = np.zeros((N, C, max(H + 2 * pad, (OH - 1) * stride + K),
                       max(W + 2 * pad, (OW - 1) * stride + K)), r.dtype)
    for p, q in np.ndindex(OH, OW):
        # all filters of one place together: only windows can meet
        value = np.einsum("nf,fcij->ncij", r[:, :, p, q], w)
        rows, columns = slice(p * stride, p * stride + K), slice(q * stride, q * stride + K)
        padded[:, :, rows, columns] = gather(padded[:, :, rows, columns], value)
    return padded[:, :, pad:pad + H, pad:pad + W].copy()


def overwriting(r, w, *, stride, pad, size):
    """The last of the values that meet stays."""
    return together(r, w, stride, pad, size, lambda old, new: new)


def flipping(r, w, *, stride, pad, size):
    """The filters are turned by 180°."""
    return conv_transpose(r, w[:, :, ::-1, ::-1].copy(), stride=stride, pad=pad, size=size)


def ignoring_padding(r, w, *, stride, pad, size):
    """The first window begins at the first pixel, whatever the padding."""
    return together(r, w, stride, 0, size, lambda old, new: old + new)


def filter_mixing(r, w, *, stride, pad, size):
    """All of r goes through the first filter."""
    first = np.broadcast_to(w[:1], w.shape).copy()
    return conv_transpose(r, first, stride=stride, pad=pad, size=size)


def channel_mixing(r, w, *, stride, pad, size):
    """All channels get what the first should get."""
    first = np.broadcast_to(w[:, :1], w.shape).copy()
    return conv_transpose(r, first, stride=stride, pad=pad, size=size)


RIGHT = {"the library's own": conv_transpose, "one with loops": with_loops}
CAUGHT = {"overwrites: where windows overlap, the last value stays": overwriting,
          "turns the filters by 180°": flipping,
          "ignores the padding": ignoring_padding,
          "sends everything through the first filter": filter_mixing,
          "sends to all channels what the first should get": channel_mixing}


def accepted(judge, rng):
    """right functions pass"""
    judge.accepts(RIGHT, CAUGHT,
                  hint="Both sums come from floats: compare by np.isclose. Filter without a bias, "
                       "and with the same stride and pad.")


def caught(judge, rng):
    """wrong functions are caught"""
    judge.refuses(CAUGHT, hint="Leave nothing out that can go wrong: random numbers, several "
                               "filters and channels, windows that overlap, padding. Then compare "
                               "the two sums.")


# ---- 4.1 receptive_field -------------------------------------------------------------------------

def side_by_side(judge, rng):
    """windows that move by one pixel"""
    for sizes in ((1,), (3,), (3, 3), (5, 1, 3), (3, 3, 3, 3)):
        judge.compare(receptive_field, [(size, 1) for size in sizes])


def further(judge, rng):
    """strides: what comes after them is that much further apart"""
    for windows in ([(2, 2)], [(3, 1), (3, 2)], [(3, 2), (3, 1)], [(2, 2), (2, 2)],
                    [(7, 2), (3, 2), (5, 2), (3, 2), (3, 1)]):
        judge.compare(receptive_field, windows)


def field_manners(judge, rng):
    """the list stays as it is"""
    judge.manners(receptive_field, [(3, 1), (2, 2), (3, 1)])


TASKS = [
    Task("1.1", "output_size", [
        Check("fits", 1, fits), Check("floor", 1, floor), Check("padding", 1, padded_size)]),
    Task("1.2", "first", [Check("prediction", 1, mirrored)], prediction=True),
    Task("2.1", "conv_forward", [
        Check("one map", 2, one_map), Check("channels", 1, channels), Check("filters", 1, filters),
        Check("bias", 1, bias), Check("stride", 1, strides), Check("padding", 1, padding),
        Check("not square", 1, oblong), Check("manners", 1, forward_manners)], after="first"),
    Task("2.2", "unfold", [
        Check("one map", 2, unfolded), Check("channels", 1, unfolded_channels),
        Check("stride", 1, unfolded_strides), Check("padding", 1, unfolded_padding),
        Check("not square", 1, unfolded_oblong), Check("manners", 1, unfold_manners)]),
    Task("3.1", "conv_transpose", [
        Check("one map", 2, spread), Check("channels", 1, spread_channels),
        Check("overlap", 2, spread_overlap), Check("padding", 1, spread_padding),
        Check("left over", 1, spread_rest), Check("not square", 1, spread_oblong),
        Check("manners", 1, transpose_manners)]),
    Task("3.2", "test_conv_transpose", [
        Check("right ones", 1, accepted), Check("wrong ones", 2, caught)]),
    Task("4.1", "receptive_field", [
        Check("stride 1", 1, side_by_side), Check("strides", 2, further),
        Check("manners", 1, field_manners)], returns=("the size", "the stride")),
]
