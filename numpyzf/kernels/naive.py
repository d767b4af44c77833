"""Convolution in the seven loops of its definition, compiled and no more; and the triad, which measures memory.

The idea: `naive_forward` is reference.py's convolution word for word, reduction innermost, one scalar sum, one thread. What
compiling alone is worth, and what it leaves: every addition waits for the one before it, since floating-point sums may not
be reordered, so no vector instructions; and every multiply-add asks for two numbers, many of them far apart in memory.

Cost: 2·N·F·C·K·K·OH·OW operations, 8 bytes asked for per multiply-add. direct.py is the same loops in a better order.

`triad` does almost nothing per byte, so its speed is the memory's. Source: STREAM (McCalpin 1995).
"""
from numba import njit, prange

CHUNK = 1 << 14         # numbers; the loop runs from 0 over slices, since Numba then knows that no index is negative, and vector instructions are used


@njit(cache=True)
def naive_forward(x, w, b, y, stride, pad):
    """y[n, f, p, q] = b[f] + Σ_{c,i,j} w[f, c, i, j] · x[n, c, p·stride + i − pad, q·stride + j − pad], on one thread."""
    images, channels, height, width = x.shape
    filters, k = w.shape[0], w.shape[2]
    oh, ow = y.shape[2], y.shape[3]
    for n in range(images):
        for f in range(filters):
            for p in range(oh):
                for q in range(ow):
                    total = b[f]
                    for c in range(channels):
                        for i in range(k):
                            for j in range(k):
                                h, v = p * stride + i - pad, q * stride + j - pad
                                if 0 <= h < height and 0 <= v < width:
                                    total += w[f, c, i, j] * x[n, c, h, v]
                    y[n, f, p, q] = total


@njit(parallel=True, cache=True)
def triad(a, b, scale, c):
    """Flat arrays: c = a + scale·b. Moves 12 bytes per float32 element, as STREAM counts: two read, one written."""
    for job in prange((c.size + CHUNK - 1) // CHUNK):
        part = slice(job * CHUNK, (job + 1) * CHUNK)
        u, v, out = a[part], b[part], c[part]
        for i in range(out.size):
            out[i] = u[i] + scale * v[i]
