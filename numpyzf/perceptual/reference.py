"""The operations of functional.py and normalize.py as literal loops: the specification.

As numpyzf/reference.py: sums run in float64, the result has the input's dtype.
"""
import math

import numpy as np


def conv_transpose_forward(x, w, b, *, stride, pad, extra):
    """Every pixel lays its filter, times its value, on y: x (N, C, H, W), w (C, F, K, K), b (F,).
    """
    (N, C, H, W), (_, F, K, _) = x.shape, w.shape
    OH, OW = ((n - 1) * stride + K - 2 * pad + extra for n in (H, W))
    y = np.zeros((N, F, OH, OW))
    for n, c, p, q in np.ndindex(x.shape):
        for f, i, j in np.ndindex(F, K, K):
            h, v = p * stride + i - pad, q * stride + j - pad
            if 0 <= h < OH and 0 <= v < OW:
                y[n, f, h, v] += float(w[c, f, i, j]) * float(x[n, c, p, q])
    for n, f, h, v in np.ndindex(y.shape):
        y[n, f, h, v] += b[f]
    return y.astype(x.dtype)


def conv_transpose_backward(dy, x, w, *, stride, pad):
    """(dx, dw, db) of Σ dy·y: each product of the forward pass hands dy on to both its factors."""
    (_, F, OH, OW), K = dy.shape, w.shape[2]
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(F)
    for n, c, p, q in np.ndindex(x.shape):
        for f, i, j in np.ndindex(F, K, K):
            h, v = p * stride + i - pad, q * stride + j - pad
            if 0 <= h < OH and 0 <= v < OW:
                dx[n, c, p, q] += float(dy[n, f, h, v]) * float(w[c, f, i, j])
                dw[c, f, i, j] += float(dy[n, f, h, v]) * float(x[n, c, p, q])
    for n, f, h, v in np.ndindex(dy.shape):
        db[f] += dy[n, f, h, v]
    return dx.astype(x.dtype), dw.astype(x.dtype), db.astype(x.dtype)


def enlarge_forward(x, *, factor):
    """y[n,c,p,q] = x[n, c, ⌊p/factor⌋, ⌊q/factor⌋]."""
    N, C, H, W = x.shape
    y = np.empty((N, C, H * factor, W * factor), x.dtype)
    for n, c, p, q in np.ndindex(y.shape):
        y[n, c, p, q] = x[n, c, p // factor, q // factor]
    return y


def enlarge_backward(dy, *, factor):
    """dx[n,c,h,v] = Σ dy over the square that pixel (h, v) became."""
    N, C, OH, OW = dy.shape
    dx = np.zeros((N, C, OH // factor, OW // factor))
    for n, c, p, q in np.ndindex(dy.shape):
        dx[n, c, p // factor, q // factor] += dy[n, c, p, q]
    return dx.astype(dy.dtype)


def pixel_shuffle_forward(x, *, factor):
    """y[n, c, h·factor + i, v·factor + j] = x[n, c·factor² + i·factor + j, h, v]."""
    N, maps, H, W = x.shape
    y = np.empty((N, maps // factor ** 2, H * factor, W * factor), x.dtype)
    for n, c, p, q in np.ndindex(y.shape):
        place = p % factor * factor + q % factor
        y[n, c, p, q] = x[n, c * factor ** 2 + place, p // factor, q // factor]
    return y


def pixel_shuffle_backward(dy, *, factor):
    """dx[n, c·factor² + i·factor + j, h, v] = dy[n, c, h·factor + i, v·factor + j]."""
    N, C, OH, OW = dy.shape
    dx = np.empty((N, C * factor ** 2, OH // factor, OW // factor), dy.dtype)
    for n, m, h, v in np.ndindex(dx.shape):
        c, place = divmod(m, factor ** 2)
        i, j = divmod(place, factor)
        dx[n, m, h, v] = dy[n, c, h * factor + i, v * factor + j]
    return dx


def mirrored(p, n, *, edge):
    """The pixel that a mirror at the ends of a row of n shows at place p.

    edge: the mirror shows the pixel at the edge too: b a | a b; else it stands on it: c b | a b c.
    """
    while not 0 <= p < n:
        p = -p - edge if p < 0 else 2 * (n - 1) - p + edge
    return p


def reflect_pad_forward(x, *, pad):
    """y[n,c,p,q] = x[n, c, the mirrored p − pad, the mirrored q − pad]."""
    N, C, H, W = x.shape
    y = np.empty((N, C, H + 2 * pad, W + 2 * pad), x.dtype)
    for n, c, p, q in np.ndindex(y.shape):
        y[n, c, p, q] = x[n, c, mirrored(p - pad, H, edge=False), mirrored(q - pad, W, edge=False)]
    return y


def reflect_pad_backward(dy, *, pad):
    """Every pixel of y hands its gradient to the pixel that it shows."""
    N, C, OH, OW = dy.shape
    H, W = OH - 2 * pad, OW - 2 * pad
    dx = np.zeros((N, C, H, W))
    for n, c, p, q in np.ndindex(dy.shape):
        place = mirrored(p - pad, H, edge=False), mirrored(q - pad, W, edge=False)
        dx[(n, c, *place)] += dy[n, c, p, q]
    return dx.astype(dy.dtype)


def cubic(t):
    """Keys' cubic with a = −0.5."""
    t = abs(t)
    if t <= 1:
        return 1.5 * t ** 3 - 2.5 * t ** 2 + 1
    return -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2 if t < 2 else 0.0


def bicubic_taps(p, n, factor):
    """(pixel, weight) of each of the four old pixels that make new pixel p of a row."""
    center = (p + 0.5) / factor - 0.5
    first = math.floor(center) - 1
    return [(mirrored(h, n, edge=True), cubic(h - center)) for h in range(first, first + 4)]


def bicubic_enlarge_forward(x, *, factor):
    """y[n,c,p,q] = Σ cubic(h − p') · cubic(v − q') · x[n,c,h,v], p' and q' the places in x."""
    N, C, H, W = x.shape
    y = np.zeros((N, C, H * factor, W * factor))
    for n, c, p, q in np.ndindex(y.shape):
        for h, down in bicubic_taps(p, H, factor):
            for v, along in bicubic_taps(q, W, factor):
                y[n, c, p, q] += down * along * float(x[n, c, h, v])
    return y.astype(x.dtype)


def bicubic_enlarge_backward(dy, *, factor):
    """Every product of the forward pass hands dy on, times its weights."""
    N, C, OH, OW = dy.shape
    dx = np.zeros((N, C, OH // factor, OW // factor))
    for n, c, p, q in np.ndindex(dy.shape):
        for h, down in bicubic_taps(p, dx.shape[2], factor):
            for v, along in bicubic_taps(q, dx.shape[3], factor):
                dx[n, c, h, v] += down * along * float(dy[n, c, p, q])
    return dx.astype(dy.dtype)


def smooth(x, *, factor):
    """y[n,c,p,q] = Σ weight(p − h) · weight(q − v) · x[n,c,h,v].

    weight(d) is 1/factor for |d| < factor/2, half of that for |d| = factor/2, else 0.
    """
    def weight(distance):
        reach = 2 * abs(distance)
        return (0 if reach > factor else 0.5 if reach == factor else 1) / factor

    y = np.zeros(x.shape)
    for n, c, p, q in np.ndindex(y.shape):
        for h, v in np.ndindex(x.shape[2:]):
            y[n, c, p, q] += weight(p - h) * weight(q - v) * float(x[n, c, h, v])
    return y.astype(x.dtype)


def groups(x, batch):
    """Lists of the places of x (N, C, …) that are normalized together, by the channel."""
    N, C, *size = x.shape
    images = [range(N)] if batch else [[n] for n in range(N)]
    return [(c, [(n, c, *place) for n in some for place in np.ndindex(*size)])
            for some in images for c in range(C)]


def moments(x, places):
    """Mean and mean square deviation of x at some places."""
    mean = sum(float(x[place]) for place in places) / len(places)
    return mean, sum((float(x[place]) - mean) ** 2 for place in places) / len(places)


def normalize_forward(x, scale, shift, *, batch, epsilon):
    """y = scale[c] · (x − mean) / √(variance + epsilon) + shift[c], each group by its own."""
    y = np.empty_like(x)
    for c, places in groups(x, batch):
        mean, variance = moments(x, places)
        for place in places:
            normal = (x[place] - mean) / math.sqrt(variance + epsilon)
            y[place] = scale[c] * normal + shift[c]
    return y


def normalize_backward(dy, x, scale, *, batch, epsilon):
    """(dx, dscale, dshift) of Σ dy·y, from the derivative of each output by each input of a group.

    ∂normal[a]/∂x[b] = ((a == b) − 1/m − normal[a]·normal[b]/m) / √(variance + epsilon), m numbers
    """
    dx, dscale, dshift = np.zeros(x.shape), np.zeros(scale.shape), np.zeros(scale.shape)
    for c, places in groups(x, batch):
        (mean, variance), m = moments(x, places), len(places)
        root = math.sqrt(variance + epsilon)
        normal = {place: (float(x[place]) - mean) / root for place in places}
        for a in places:
            dscale[c] += dy[a] * normal[a]
            dshift[c] += dy[a]
            for b in places:
                slope = ((a == b) - 1 / m - normal[a] * normal[b] / m) / root
                dx[b] += float(dy[a]) * float(scale[c]) * slope
    return dx.astype(x.dtype), dscale.astype(x.dtype), dshift.astype(x.dtype)


def scaled_tanh_forward(x, *, low, high):
    """y = low + (high − low) · (tanh x + 1) / 2."""
    y = np.empty_like(x)
    for place in np.ndindex(x.shape):
        y[place] = low + (high - low) * (math.tanh(x[place]) + 1) / 2
    return y


def scaled_tanh_backward(dy, x, *, low, high):
    """dx = dy · (high − low)/2 / cosh² x."""
    dx = np.empty_like(dy)
    for place in np.ndindex(x.shape):
        dx[place] = dy[place] * (high - low) / 2 / math.cosh(x[place]) ** 2
    return dx


def cropped_add_forward(xs):
    """y[n,c,p,q] = Σ x[n, c, p + (H − OH)/2, q + (W − OW)/2], OH and OW the least H and W."""
    OH, OW = (min(x.shape[axis] for x in xs) for axis in (2, 3))
    y = np.empty((*xs[0].shape[:2], OH, OW), xs[0].dtype)
    for n, c, p, q in np.ndindex(y.shape):
        y[n, c, p, q] = sum(float(x[n, c, p + (x.shape[2] - OH) // 2, q + (x.shape[3] - OW) // 2])
                            for x in xs)
    return y


def cropped_add_backward(dy, sizes):
    """For each (H, W): dx[n,c,h,v] = dy[n, c, h − (H − OH)/2, v − (W − OW)/2], or 0 outside."""
    N, C, OH, OW = dy.shape
    parts = []
    for H, W in sizes:
        dx = np.zeros((N, C, H, W), dy.dtype)
        for n, c, h, v in np.ndindex(dx.shape):
            p, q = h - (H - OH) // 2, v - (W - OW) // 2
            if 0 <= p < OH and 0 <= q < OW:
                dx[n, c, h, v] = dy[n, c, p, q]
        parts.append(dx)
    return parts


def adam_step(w, m, v, gradient, step, *, rate, beta1, beta2, epsilon):
    """The new (w, m, v) of one step, number by number."""
    new = [np.empty_like(w) for _ in range(3)]
    for place in np.ndindex(w.shape):
        mean = beta1 * float(m[place]) + (1 - beta1) * float(gradient[place])
        square = beta2 * float(v[place]) + (1 - beta2) * float(gradient[place]) ** 2
        size = math.sqrt(square / (1 - beta2 ** step)) + epsilon
        new[0][place] = float(w[place]) - rate * mean / (1 - beta1 ** step) / size
        new[1][place], new[2][place] = mean, square
    return new
