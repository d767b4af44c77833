"""ReLU and the momentum update: one pass over memory each, split evenly among the threads.

Cost: bytes, not operations. NumPy would need a pass per operator (four for the update) and uses one thread. The loops run
from 0 over slices, since Numba then knows that no index is negative, and only then does the compiler use vector instructions.
"""
from numba import njit, prange

CHUNK = 1 << 14


@njit(parallel=True, cache=True)
def relu(x, y, mask):
    """Flat arrays: y = max(x, 0), a NaN stays NaN; mask = x > 0. y may be x."""
    zero = x.dtype.type(0)
    for job in prange((x.size + CHUNK - 1) // CHUNK):
        part = slice(job * CHUNK, (job + 1) * CHUNK)
        a, b, m = x[part], y[part], mask[part]
        for i in range(a.size):
            m[i] = a[i] > zero
            b[i] = zero if a[i] <= zero else a[i]


@njit(parallel=True, cache=True)
def relu_gradient(dy, mask, dx):
    """Flat arrays: dx = dy where mask, else 0. dx may be dy."""
    zero = dy.dtype.type(0)
    for job in prange((dy.size + CHUNK - 1) // CHUNK):
        part = slice(job * CHUNK, (job + 1) * CHUNK)
        a, b, m = dy[part], dx[part], mask[part]
        for i in range(a.size):
            b[i] = a[i] if m[i] else zero


@njit(parallel=True, cache=True)
def momentum_step(w, velocity, gradient, rate, momentum):
    """Flat arrays, updated in place: velocity = momentum·velocity − rate·gradient, w += velocity."""
    for job in prange((w.size + CHUNK - 1) // CHUNK):
        part = slice(job * CHUNK, (job + 1) * CHUNK)
        a, v, g = w[part], velocity[part], gradient[part]
        for i in range(a.size):
            v[i] = momentum * v[i] - rate * g[i]
            a[i] += v[i]
