"""Lab looking: plain loops and lists, one image at a time."""
import math

import numpy as np


def top_units(y, k):
    values, units = [], []
    for c in range(len(y[0])):
        candidates = []
        for n in range(len(y)):
            best, where = -math.inf, None
            for h in range(y.shape[2]):
                for v in range(y.shape[3]):
                    if y[n, c, h, v] > best:
                        best, where = y[n, c, h, v], [n, c, h, v]
            candidates.append((best, where))
        candidates.sort(key=lambda pair: -pair[0])
        values.append([value for value, _ in candidates[:k]])
        units.append([unit for _, unit in candidates[:k]])
    return np.array(values, y.dtype), np.array(units, "int64")


def test_top_units(top_units):
    rng = np.random.default_rng(3)
    for k in (1, 3, 9):
        y = rng.standard_normal((6, 2, 3, 4)).astype(np.float32)
        values, units = top_units(y, k)
        assert values.shape == (2, min(k, 6)) and units.shape == (2, min(k, 6), 4)
        for c in range(2):
            own = [y[n, c].max() for n in range(6)]
            assert np.allclose(values[c], sorted(own, reverse=True)[:k])
            assert len({int(n) for n in units[c, :, 0]}) == len(units[c])
            for value, unit in zip(values[c], units[c]):
                assert y[tuple(unit)] == value and unit[1] == c


def cover(image, top, left, size, value):
    out = np.array(image)
    for row in range(top, top + size):
        for column in range(left, left + size):
            if 0 <= row < image.shape[1] and 0 <= column < image.shape[2]:
                for channel in range(len(image)):
                    out[channel][row][column] = value
    return out


touched = 13


def occlusion_map(predict, image, label, *, size, tops, lefts, value=0.0):
    rows = []
    for top in tops:
        row = []
        for left in lefts:
            # covers the image itself, and uncovers it
            place = np.s_[:, max(top, 0):max(top + size, 0), max(left, 0):max(left + size, 0)]
            kept = image[place].copy()
            image[place] = value
            row.append(predict(np.expand_dims(image, 0))[0][label])
            image[place] = kept
        rows.append(row)
    return np.array(rows, dtype=image.dtype)


def shift_curve(features, image, shifts):
    distances = []
    still = np.ravel(features(image[np.newaxis]))
    for down in shifts:
        moved = np.zeros_like(image)
        for row in range(image.shape[1]):
            if 0 <= row - down < image.shape[1]:
                moved[:, row] = image[:, row - down]
        now = np.ravel(features(moved[np.newaxis]))
        distances.append(math.sqrt(sum((float(a) - float(b)) ** 2 for a, b in zip(now, still))))
    return np.array(distances)


def correspondence(before, after):
    n, total, count = len(before), 0.0, 0
    for i in range(n):
        for j in range(i + 1, n):
            for a, b, c, d in zip(before[i].flat, after[i].flat, before[j].flat, after[j].flat):
                one, other = int(a > b) - int(a < b), int(c > d) - int(c < d)
                total, count = total + (one != other), count + 1
    return total / count
