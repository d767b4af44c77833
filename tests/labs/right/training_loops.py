"""Lab training: plain loops over numbers, float32 inside, and Numba for the filters."""
import numba
import numpy as np

left_after_five = (800 * 0.01 ** 2 / 2) ** 2.5


def draw_weights(shape, initialization, rng):
    inputs = 1
    for n in shape[1:]:
        inputs *= n
    w = rng.standard_normal(shape, dtype=np.float32)
    w *= np.float32(0.01 if initialization == "paper" else (2 / inputs) ** 0.5)
    return w


def mean_gradient(grads, sizes):
    mean, seen = np.zeros_like(grads[0]), 0
    for gradient, size in zip(grads, sizes):        # a running mean
        seen += size
        mean = mean + (gradient - mean) * grads.dtype.type(size / seen)
    return mean


def momentum_step(w, v, gradient, *, rate, momentum):
    new_w, new_v = np.empty_like(w), np.empty_like(w)
    for place in np.ndindex(w.shape):
        new_v[place] = momentum * float(v[place]) - rate * float(gradient[place])
        new_w[place] = w[place] + new_v[place]
    return [new_w, new_v]


def next_rate(rate, accuracies, patience, factor):
    best, age = accuracies[0], 0
    for accuracy in accuracies[1:]:
        age = age + 1
        if accuracy > best:
            best, age = accuracy, 0
    if age and not age % patience:
        rate = factor * rate
    return rate


@numba.njit
def _scale(w, radius):
    for f in range(w.shape[0]):
        square = 0.0
        for value in w[f].flat:
            square += value * value
        rms = np.sqrt(square / w[f].size)
        if rms > radius:
            w[f] *= radius / rms


def renormalize(w, radius):
    out = np.array(w)
    _scale(out, radius)
    return out


def dropout(x, rate, rng, train):
    mask = np.ones(x.size, x.dtype)
    if train:
        for i in range(x.size):
            mask[i] = 0 if rng.random() < rate else 1 / (1 - rate)
    mask = mask.reshape(x.shape)
    return x * mask, mask


def test_dropout(dropout):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((3, 20, 10, 10)) + 10
    y, mask = dropout(x, 0.75, rng, True)
    dropped = 0
    for value, before in zip(y.flat, x.flat):
        dropped += value == 0
        assert value == 0 or abs(value - 4 * before) < 1e-6
    assert 4200 < dropped < 4800
    assert (mask[0] != mask[1]).any() and (mask[1] != mask[2]).any()
    y, _ = dropout(x, 0.75, rng, False)
    assert (y == x).all()
