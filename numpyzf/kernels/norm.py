"""Contrast normalization across maps: each activation divided by the strength of its neighbors in other maps.

The idea: y[c] = x[c] / s[c]^β with s[c] = k + (α/size) Σ x[c']² over `size` maps around c. All maps of one pixel need
each other and nothing else, so an image's pixels are cut into chunks, one chunk per thread at a time, and the inner
loop runs along the chunk. s is kept for the way back.

Cost: about 2·size operations and one power per element; memory speed but for the power. β = 3/4, the usual value,
is two square roots, s^¾ = √s · √√s, which are many times faster than a power. Source: Krizhevsky et al. 2012 section 3.3; ONNX's LRN.
"""
import numpy as np
from numba import njit, prange

CHUNK = 128     # pixels: a few hundred maps of a chunk stay in the second-level cache


@njit(inline="always")
def power(s, beta):
    """s^beta, by square roots for beta = 3/4."""
    if beta == 0.75:
        root = np.sqrt(s)
        return root * np.sqrt(root)
    return s ** beta


@njit(parallel=True, cache=True)
def contrast_norm(x, y, s, before, after, scale, beta, k):
    """x (N, C, P) -> y and s, same shape. Map c looks at maps c − before … c + after; scale = α/size."""
    images, channels, pixels = x.shape
    chunks = (pixels + CHUNK - 1) // CHUNK
    for job in prange(images * chunks):
        n, lo = job // chunks, job % chunks * CHUNK
        hi = min(lo + CHUNK, pixels)
        for c in range(channels):
            for p in range(lo, hi):
                s[n, c, p] = 0
            for other in range(max(c - before, 0), min(c + after + 1, channels)):
                for p in range(lo, hi):
                    s[n, c, p] += x[n, other, p] * x[n, other, p]
            for p in range(lo, hi):
                s[n, c, p] = k + scale * s[n, c, p]
                y[n, c, p] = x[n, c, p] / power(s[n, c, p], beta)


@njit(parallel=True, cache=True)
def contrast_norm_gradient(dy, x, s, dx, before, after, factor, beta):
    """dx[c] = dy[c]/s[c]^β − factor·x[c]·Σ dy[c']·x[c'] / s[c']^(β+1) over the maps c' that look at c; factor = 2βα/size."""
    images, channels, pixels = x.shape
    chunks = (pixels + CHUNK - 1) // CHUNK
    for job in prange(images * chunks):
        n, lo = job // chunks, job % chunks * CHUNK
        hi = min(lo + CHUNK, pixels)
        part = np.empty((channels, hi - lo), x.dtype)      # dy·x / s^(β+1)
        total = np.empty(hi - lo, x.dtype)
        for c in range(channels):
            for p in range(lo, hi):
                direct = dy[n, c, p] / power(s[n, c, p], beta)
                dx[n, c, p] = direct
                part[c, p - lo] = direct * x[n, c, p] / s[n, c, p]
        for c in range(channels):
            total[:] = 0
            for other in range(max(c - after, 0), min(c + before + 1, channels)):
                for p in range(hi - lo):
                    total[p] += part[other, p]
            for p in range(hi - lo):
                dx[n, c, lo + p] -= factor * x[n, c, lo + p] * total[p]
