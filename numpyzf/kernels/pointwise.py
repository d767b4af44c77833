"""ReLU and the momentum update: one pass over memory each, split evenly among the threads.

Cost: bytes, not operations. NumPy would need a pass per operator (four for the update) and uses one thread.
"""
from numba import njit, prange

CHUNK = 1 << 14


@njit(parallel=True, cache=True)
def relu(x, y, mask):
    """Flat arrays: y = max(x, 0), a NaN stays NaN; mask = x > 0. y may be x."""
    for job in prange((x.size + CHUNK - 1) // CHUNK):
        for i in range(job * CHUNK, min((job + 1) * CHUNK, x.size)):
            mask[i] = x[i] > 0
            if x[i] <= 0:
                y[i] = 0
            else:
                y[i] = x[i]


@njit(parallel=True, cache=True)
def relu_gradient(dy, mask, dx):
    """Flat arrays: dx = dy where mask, else 0. dx may be dy."""
    for job in prange((dy.size + CHUNK - 1) // CHUNK):
        for i in range(job * CHUNK, min((job + 1) * CHUNK, dy.size)):
            if mask[i]:
                dx[i] = dy[i]
            else:
                dx[i] = 0


@njit(parallel=True, cache=True)
def momentum_step(w, velocity, gradient, rate, momentum):
    """Flat arrays, updated in place: velocity = momentum·velocity − rate·gradient, w += velocity."""
    for job in prange((w.size + CHUNK - 1) // CHUNK):
        for i in range(job * CHUNK, min((job + 1) * CHUNK, w.size)):
            velocity[i] = momentum * velocity[i] - rate * gradient[i]
            w[i] += velocity[i]
