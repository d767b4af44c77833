"""Convolution as its definition says, without BLAS: the seven loops, ordered so that the innermost runs along a row.

The idea: y[n, f] is a sum of shifted input rows, each times one weight. With the loop over columns innermost the
compiler turns it into vector multiply-adds, and one output plane per thread keeps threads apart. The two gradients are the same seven loops with another array on the left.

Cost: 2·N·F·C·K·K·OH·OW operations; each multiply-add loads and stores its sum, so it stays well below the speed
of a matrix product, which keeps its sums in registers. It is the version to read first.
"""
from numba import njit, prange

from .unfold import inside


@njit(parallel=True, cache=True)
def direct_forward(x, w, b, y, stride, pad):
    """y[n, f, p, q] = b[f] + Σ_{c,i,j} w[f, c, i, j] · x[n, c, p·stride + i − pad, q·stride + j − pad]."""
    images, channels, height, width = x.shape
    filters, k = w.shape[0], w.shape[2]
    oh, ow = y.shape[2], y.shape[3]
    for plane in prange(images * filters):
        n, f = plane // filters, plane % filters
        y[n, f] = b[f]
        for c in range(channels):
            for i in range(k):
                top, bottom = inside(height, i - pad, stride, oh)
                for j in range(k):
                    left, right = inside(width, j - pad, stride, ow)
                    weight = w[f, c, i, j]
                    for p in range(top, bottom):
                        line = x[n, c, p * stride + i - pad]
                        for q in range(left, right):
                            y[n, f, p, q] += weight * line[q * stride + j - pad]


@njit(parallel=True, cache=True)
def direct_transpose(r, w, x, stride, pad):
    """x[n, c, p·stride + i − pad, q·stride + j − pad] += w[f, c, i, j] · r[n, f, p, q]: the adjoint of the forward pass."""
    images, channels, height, width = x.shape
    filters, k = w.shape[0], w.shape[2]
    oh, ow = r.shape[2], r.shape[3]
    for plane in prange(images * channels):
        n, c = plane // channels, plane % channels
        x[n, c] = 0
        for f in range(filters):
            for i in range(k):
                top, bottom = inside(height, i - pad, stride, oh)
                for j in range(k):
                    left, right = inside(width, j - pad, stride, ow)
                    weight = w[f, c, i, j]
                    for p in range(top, bottom):
                        line = x[n, c, p * stride + i - pad]
                        for q in range(left, right):
                            line[q * stride + j - pad] += weight * r[n, f, p, q]


@njit(parallel=True, cache=True)
def direct_weights(dy, x, dw, stride, pad):
    """dw[f, c, i, j] = Σ_{n,p,q} dy[n, f, p, q] · x[n, c, p·stride + i − pad, q·stride + j − pad]."""
    images, channels, height, width = x.shape
    filters, k = dw.shape[0], dw.shape[2]
    oh, ow = dy.shape[2], dy.shape[3]
    for plane in prange(filters * channels):
        f, c = plane // channels, plane % channels
        for i in range(k):
            top, bottom = inside(height, i - pad, stride, oh)
            for j in range(k):
                left, right = inside(width, j - pad, stride, ow)
                total = 0.0                     # float64: a long sum in float32 would lose digits
                for n in range(images):
                    for p in range(top, bottom):
                        line = x[n, c, p * stride + i - pad]
                        for q in range(left, right):
                            total += dy[n, f, p, q] * line[q * stride + j - pad]
                dw[f, c, i, j] = total
