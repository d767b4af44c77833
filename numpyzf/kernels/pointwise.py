"""ReLU and the momentum update: one pass over memory each.

Cost: bytes, not operations. NumPy would need a pass per operator, four for the update.

Threads: called by several Python threads at once, each with a part of the arrays (numpyzf/threads.py).
"""
from numba import njit


@njit(nogil=True, cache=True)
def relu(x, y, mask):
    """Flat arrays: y = max(x, 0), a NaN stays NaN; mask = x > 0. y may be x."""
    zero = x.dtype.type(0)
    for i in range(x.size):
        mask[i] = x[i] > zero
        y[i] = zero if x[i] <= zero else x[i]


@njit(nogil=True, cache=True)
def relu_gradient(dy, mask, dx):
    """Flat arrays: dx = dy where mask, else 0. dx may be dy."""
    zero = dy.dtype.type(0)
    for i in range(dy.size):
        dx[i] = dy[i] if mask[i] else zero


@njit(nogil=True, cache=True)
def momentum_step(w, velocity, gradient, rate, momentum):
    """Flat arrays, updated in place: velocity = momentum·velocity − rate·gradient, w += velocity."""
    for i in range(w.size):
        velocity[i] = momentum * velocity[i] - rate * gradient[i]
        w[i] += velocity[i]
