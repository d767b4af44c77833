"""Lab deconvnet: without loops over pixels, by einsum and views of windows; float64 inside."""
import numpy as np
from numpy.lib.stride_tricks import as_strided

from numpyzf.layers import Conv, MaxPool, ReLU
from numpyzf.network import Network

at_the_pixel = [5.0, 3.0, 8.0]
with_bias = np.float32(24)


def rectify(r, x, rule):
    up, down = np.heaviside(x, 0), np.heaviside(r, 0)
    gates = {"gradient": up, "deconvnet": down, "guided": up * down}
    both = np.stack([r, r * gates[rule].astype(r.dtype)])
    return both[1]                          # a view of fresh memory


def _scatter(r, index, shape):
    """Values to places, by one matrix of zeros and ones for each map."""
    onehot = np.eye(shape[2] * shape[3])[index.reshape(*index.shape[:2], -1)]
    return np.einsum("ncpi,ncp->nci", onehot, r.reshape(*index.shape[:2], -1)).reshape(shape)


def _filter(r, w, stride, pad, size):
    """Σ over filters, added into windows of zeros, one pixel of the filter at a time."""
    K = w.shape[2]
    x = np.zeros((len(r), w.shape[1], size[0] + 2 * pad, size[1] + 2 * pad))
    s = x.strides
    windows = as_strided(x, (*x.shape[:2], *r.shape[2:], K, K),
                         (s[0], s[1], s[2] * stride, s[3] * stride, s[2], s[3]))
    patches = np.einsum("nfpq,fcij->ncpqij", r, w)
    for i, j in np.ndindex(K, K):
        windows[..., i, j] += patches[..., i, j]
    return x[:, :, pad:pad + size[0], pad:pad + size[1]]


def stage_down(r, index, map_shape, w, *, stride, pad, size):
    up = np.clip(_scatter(r, index, map_shape), 0, None)
    return _filter(up, w, stride, pad, size).astype(r.dtype)


def cone(place, windows, sizes):
    seen = np.array([place])
    for (size, stride, pad), n in zip(windows[::-1], sizes[::-1]):
        seen = np.unique(seen[:, None] * stride - pad + np.arange(size))
        seen = seen[(0 <= seen) & (seen < n)]
    return seen.min(), seen.max() + 1


def four_units(picture):
    net = Network([("pool1", MaxPool(2, stride=2)), ("conv1", Conv(1, 4, 1)), ("relu1", ReLU()),
                   ("conv2", Conv(4, 1, 1))], (1, 2, 2))
    net.load_parameters({"conv1.w": np.float32([2, -1, 3, -2]).reshape(4, 1, 1, 1),
                         "conv1.b": np.zeros(4, np.float32),
                         "conv2.w": np.float32([4, 5, -1, -3]).reshape(1, 4, 1, 1),
                         "conv2.b": np.ones(1, np.float32)})
    return net, net.forward(np.float32(picture).reshape(1, 1, 2, 2))


def project(net, trace, layer, unit, rule):
    n, below = unit[0], "input"
    up = []                                 # (kind, what it took, its name), from the image up
    for name in net.layers:
        up.append((net.layers[name], trace[below][[n]], name))
        below = name
        if name == layer:
            break
    r = np.where(np.arange(trace[layer][n].size) == np.ravel_multi_index(
        unit[1:], trace[layer].shape[1:]), trace[layer][n].ravel(), 0.0)
    r = r.reshape(1, *trace[layer].shape[1:])
    for kind, x, name in up[::-1]:
        if isinstance(kind, Conv):
            r = _filter(r, kind.params["w"], kind.window.stride, kind.window.pad, x.shape[2:])
        elif isinstance(kind, MaxPool):
            r = _scatter(r, trace.saved[name].index[[n]], x.shape)
        elif isinstance(kind, ReLU):
            r = rectify(r, x, rule)
    return np.squeeze(r.astype(trace[layer].dtype), axis=0)


def test_project(project):
    for picture, right in (([[3, 0], [1, 2]], 48), ([[0, 0], [0.25, 0]], 2.25 * 3)):
        net, trace = four_units(picture)
        pixels = project(net, trace, "conv2", (0, 0, 0, 0))
        expected = np.zeros(4)
        expected[np.argmax(picture)] = right
        np.testing.assert_allclose(pixels.ravel(), expected, rtol=1e-5)
