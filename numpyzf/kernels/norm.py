"""Contrast normalization across maps: each activation divided by the strength of its neighbors in other maps.

The idea: y[c] = x[c] / s[c]^β with s[c] = k + (α/size) Σ x[c']² over `size` maps around c. All maps of one pixel need
each other and nothing else, so an image's pixels are cut into chunks, some for each thread, and the inner
loop runs along the chunk. Chunk number n·chunks + k is chunk k of image n. s is kept for the way back.

Cost: about 2·size operations and one power per element. β = 3/4, the usual value, is two square roots, s^¾ = √s · √√s,
with which the whole forward pass is several times faster than with a power. Source: Krizhevsky et al. 2012 section 3.3;
ONNX's LRN.
"""
import numpy as np
from numba import njit

CHUNK = 128     # pixels: a few hundred maps of a chunk stay in the second-level cache


@njit(inline="always", error_model="numpy")
def power(s, beta, out):
    """out = s^beta, by square roots for beta = 3/4. The choice stands outside of the loops, or they would not become vector code."""
    if beta == 0.75:
        for p in range(s.size):
            root = np.sqrt(s[p])
            out[p] = root * np.sqrt(root)
    else:
        for p in range(s.size):
            out[p] = s[p] ** beta


@njit(nogil=True, cache=True, error_model="numpy")
def contrast_norm(x, y, s, first, last, before, after, scale, beta, k):
    """x (N, C, P) -> chunks first … last − 1 of y and s, same shape. Map c looks at maps c − before … c + after; scale = α/size."""
    channels, pixels = x.shape[1:]
    chunks = (pixels + CHUNK - 1) // CHUNK
    for job in range(first, last):
        n, lo = job // chunks, job % chunks * CHUNK
        part = slice(lo, min(lo + CHUNK, pixels))
        total = np.empty(min(CHUNK, pixels - lo), x.dtype)
        for c in range(channels):
            strength, own, out = s[n, c, part], x[n, c, part], y[n, c, part]
            total[:] = 0
            for other in range(max(c - before, 0), min(c + after + 1, channels)):
                near = x[n, other, part]
                for p in range(total.size):
                    total[p] += near[p] * near[p]
            for p in range(total.size):
                strength[p] = k + scale * total[p]
            power(strength, beta, out)
            for p in range(total.size):
                out[p] = own[p] / out[p]


@njit(nogil=True, cache=True, error_model="numpy")
def contrast_norm_gradient(dy, x, s, dx, first, last, before, after, factor, beta):
    """dx[c] = dy[c]/s[c]^β − factor·x[c]·Σ dy[c']·x[c'] / s[c']^(β+1) over the maps c' that look at c; factor = 2βα/size. The same chunks."""
    channels, pixels = x.shape[1:]
    chunks = (pixels + CHUNK - 1) // CHUNK
    for job in range(first, last):
        n, lo = job // chunks, job % chunks * CHUNK
        part = slice(lo, min(lo + CHUNK, pixels))
        ratios = np.empty((channels, min(CHUNK, pixels - lo)), x.dtype)        # dy·x / s^(β+1)
        total = np.empty(ratios.shape[1], x.dtype)
        for c in range(channels):
            signal, own, strength, out, ratio = dy[n, c, part], x[n, c, part], s[n, c, part], dx[n, c, part], ratios[c]
            power(strength, beta, out)
            for p in range(total.size):
                out[p] = signal[p] / out[p]
                ratio[p] = out[p] * own[p] / strength[p]
        for c in range(channels):
            own, out = x[n, c, part], dx[n, c, part]
            total[:] = 0
            for other in range(max(c - after, 0), min(c + before + 1, channels)):
                ratio = ratios[other]
                for p in range(total.size):
                    total[p] += ratio[p]
            for p in range(total.size):
                out[p] -= factor * own[p] * total[p]
