"""Lab deconvnet: literal loops, compiled by Numba; the library's layers where they are at hand."""
import numba
import numpy as np

from numpyzf.layers import Conv, MaxPool, ReLU
from numpyzf.network import Network

at_the_pixel = 5, 3, 8
with_bias = 24.0


@numba.njit
def _rectify(r, x, y, up, down):
    for i in range(r.size):
        if (not up or x[i] > 0) and (not down or r[i] > 0):
            y[i] = r[i]


def rectify(r, x, rule):
    y = np.zeros(r.size, r.dtype)
    _rectify(r.reshape(-1), x.reshape(-1), y, rule[0] == "g", not rule.startswith("grad"))
    return y.reshape(r.shape)


@numba.njit
def _down(r, index, maps, w, x, stride, pad):
    for f in range(r.shape[1]):
        for p in range(r.shape[2]):
            for q in range(r.shape[3]):
                place = index[0, f, p, q]
                maps[f, place // maps.shape[2], place % maps.shape[2]] += r[0, f, p, q]
    for f in range(maps.shape[0]):
        for p in range(maps.shape[1]):
            for q in range(maps.shape[2]):
                if maps[f, p, q] <= 0:
                    continue
                for c in range(x.shape[1]):
                    for i in range(w.shape[2]):
                        for j in range(w.shape[3]):
                            h, v = p * stride + i - pad, q * stride + j - pad
                            if 0 <= h < x.shape[2] and 0 <= v < x.shape[3]:
                                x[0, c, h, v] += w[f, c, i, j] * maps[f, p, q]


def stage_down(r, index, map_shape, w, *, stride, pad, size):
    x = np.zeros((1, w.shape[1], *size), r.dtype)
    _down(r, index, np.zeros(map_shape[1:], r.dtype), w, x, stride, pad)
    return x


def cone(place, windows, sizes):
    if not windows:
        return place, place + 1
    (size, stride, pad), n = windows[-1], sizes[-1]
    first, end = max(place * stride - pad, 0), min(place * stride - pad + size, n)
    seen = [cone(p, windows[:-1], sizes[:-1]) for p in range(first, end)]
    return min(start for start, _ in seen), max(stop for _, stop in seen)


def four_units(picture):
    net = Network([("pool1", MaxPool(2, stride=2)), ("conv1", Conv(1, 4, 1)), ("relu1", ReLU()),
                   ("conv2", Conv(4, 1, 1))], (1, 2, 2))
    for name, values in {"conv1.w": [2, -1, 3, -2], "conv2.w": [4, 5, -1, -3],
                         "conv2.b": [1]}.items():
        net.parameters[name].reshape(-1)[:] = values
    return net, net.forward(np.float32(picture).reshape(1, 1, 2, 2))


def project(net, trace, layer, unit, rule):
    """From layer to layer by recursion; by the layers' own gradients, where these do."""
    def down(names, r):
        if not names:
            return r
        *names, name = names
        kind, saved = net.layers[name], trace.saved[name]
        if isinstance(kind, ReLU):
            mask = saved[unit[0]]
            if rule == "gradient":
                r = np.where(mask, r, 0)
            elif rule == "guided":
                r = np.where(mask & (r > 0), r, 0)
            else:
                r = np.maximum(r, 0)
            r = r.astype(trace[layer].dtype)
        elif isinstance(kind, Conv | MaxPool):
            dy = np.zeros((len(trace), *r.shape), r.dtype)
            dy[unit[0]] = r
            r = kind.backward(dy, saved)[0][unit[0]]
        return down(names, r)

    seed = np.zeros_like(trace[layer][0])
    seed[unit[1:]] = trace[layer][unit]
    names = list(net.layers)
    return down(names[:names.index(layer) + 1], seed).copy()


def test_project(project):
    net, trace = four_units([[0, 0], [2, 1]])
    came = project(net, trace, "conv2", (0, 0, 0, 0)).tolist()
    assert came == [[[0, 0], [33, 0]]], came
