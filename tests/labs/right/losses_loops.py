"""Lab losses, with loops."""
import numpy as np

grows = [1.0, 4.0]


def gram(y):
    N, C, H, W = y.shape
    found = np.zeros((N, C, C), y.dtype)
    for n in range(N):
        for c in range(C):
            for d in range(c + 1):
                total = 0.0
                for h in range(H):
                    for w in range(W):
                        total += float(y[n, c, h, w]) * float(y[n, d, h, w])
                found[n, c, d] = found[n, d, c] = total / (C * H * W)
    return found


def test_gram(gram):
    rng = np.random.default_rng(3)
    y = rng.standard_normal((2, 3, 2, 4)) + 0.5
    found = gram(y)
    for n in range(2):
        for c in range(3):
            for d in range(3):
                total = sum(y[n, c, h, w] * y[n, d, h, w] for h in range(2) for w in range(4))
                assert abs(found[n][c][d] - total / 24) < 1e-9


def feature_loss(y, target):
    loss, gradient = 0.0, np.empty(y.shape, y.dtype)
    for place in np.ndindex(y.shape):
        d = float(y[place]) - float(target[place])
        loss += d * d / y.size
        gradient[place] = 2 * d / y.size
    return loss, gradient


def style_loss(y, gram, target):
    N, C, H, W = y.shape
    loss, gradient = 0.0, np.zeros(y.shape, y.dtype)
    for n, c, d in np.ndindex(N, C, C):
        apart = float(gram[n, c, d]) - float(target[n, c, d])
        loss += apart ** 2 / N
        # y[n,c] is a factor here, and y[n,d]
        gradient[n, c] += y.dtype.type(2 * apart / (N * C * H * W)) * y[n, d]
        gradient[n, d] += y.dtype.type(2 * apart / (N * C * H * W)) * y[n, c]
    return loss, gradient


def total_variation(x):
    N, C, H, W = x.shape
    loss, gradient = 0.0, np.zeros_like(x)
    for n, c, h, w in np.ndindex(N, C, H, W):
        for h2, w2 in [(h - 1, w), (h + 1, w), (h, w - 1), (h, w + 1)]:
            if 0 <= h2 < H and 0 <= w2 < W:
                d = float(x[n, c, h, w]) - float(x[n, c, h2, w2])
                loss += d ** 2 / (2 * N)            # each step is seen from both its ends
                gradient[n, c, h, w] += 2 * d / N
    return loss, gradient
