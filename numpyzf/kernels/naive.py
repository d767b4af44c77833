"""Convolution in the seven loops of its definition, compiled and no more; and the triad.

The idea: `naive_forward` is reference.py's convolution word for word: the sum is innermost, in one
number, on one thread. It shows what compiling is worth by itself, and what it leaves. Every
addition waits for the one before it: floating-point sums may not be reordered, so vector
instructions can't be used. And every multiply-add asks for two numbers, many of them far apart in
memory.

Cost: 2·N·F·C·K·K·OH·OW operations; each multiply-add asks for 8 bytes in float32. direct.py is the
same loops in a better order.

`triad` measures memory: it does almost nothing per byte, so its speed is the memory's.
Source: STREAM (McCalpin 1995).
"""
from .cache import njit


@njit(nogil=True, cache=True)
def naive_forward(x, w, b, y, stride, pad):
    """y[n, f, p, q] = b[f] + Σ_{c,i,j} w[f, c, i, j] · x[n, c, h, v].

    Here h = p·stride + i − pad and v = q·stride + j − pad. All of it, on the thread that calls it.

    x: (N, C, H, W).
    w: (F, C, size, size).
    b: (F,).
    y: (N, F, OH, OW), the result.
    stride, pad: of the filters.
    """
    images, channels, height, width = x.shape
    filters, size = w.shape[0], w.shape[2]
    oh, ow = y.shape[2], y.shape[3]
    # every output
    for n in range(images):
        for f in range(filters):
            for p in range(oh):
                for q in range(ow):
                    # begins with the bias
                    total = b[f]
                    # and adds every weight times the pixel under it
                    for c in range(channels):
                        for i in range(size):
                            for j in range(size):
                                # padding counts as zero
                                h, v = p * stride + i - pad, q * stride + j - pad
                                if 0 <= h < height and 0 <= v < width:
                                    total += w[f, c, i, j] * x[n, c, h, v]
                    # the sum is done: store it
                    y[n, f, p, q] = total


@njit(nogil=True, cache=True)
def triad(a, b, scale, c, start, stop):
    """c = a + scale·b: in float32, two numbers read and one written are 12 bytes per element.

    a, b: flat arrays of one size.
    scale: of their dtype.
    c: flat, the result.
    start, stop: which elements.
    """
    # this share, so that the loop runs from 0 (see pointwise.py)
    a, b, c = a[start:stop], b[start:stop], c[start:stop]
    for i in range(c.size):
        c[i] = a[i] + scale * b[i]
