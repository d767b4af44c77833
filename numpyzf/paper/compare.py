"""How alike are two pictures, and where does a picture's energy lie?

What several items measure is written once, here.
"""
import numpy as np


def cosine(a, b, axes=1):
    """Are the numbers equal, but for a factor? The cosine of the angle between arrays.

    a, b: arrays with equally many axes whose shapes broadcast, such as signed pictures
    (M, C, H, W).
    axes: how many axes, from the first on, count arrays. The cosine is taken over all other axes.
    Returns float64, with the first `axes` axes; 0 where an array is zero everywhere.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    others = tuple(range(axes, a.ndim))
    products = (a * b).sum(axis=others)
    lengths = np.sqrt((a ** 2).sum(axis=others)) * np.sqrt((b ** 2).sum(axis=others))
    return np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)


def rank_correlation(a, b):
    """Are the same pixels strong? Spearman's rank correlation of the pixels' strengths.

    a, b: pictures (M, C, H, W). A pixel's strength is √(Σ over channels of squares). Faint pixels
    count as much as strong ones.
    Returns float64 (M,): 1 if all pixels have the same order; 0 if one picture says nothing about
    the other, or is the same everywhere.
    """
    def centered(pictures):
        strengths = np.sqrt(energy(pictures)).reshape(len(pictures), -1)
        return np.stack([_ranks(row) for row in strengths]) - (strengths.shape[1] + 1) / 2
    return cosine(centered(a), centered(b))


def _ranks(values):
    """Ranks from 1; equal values share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def energy(pictures):
    """The energy of each pixel, the sum of squares over the channels.

    pictures: (M, C, H, W).
    Returns float64 (M, H, W).
    """
    return np.square(pictures, dtype=np.float64).sum(axis=1)


def energy_inside(pictures, masks):
    """Share of each picture's energy that lies in its mask.

    pictures: (M, C, H, W).
    masks: bool (M, H, W).
    Returns float64 (M,); 0 where a picture has no energy at all.
    """
    own = energy(pictures)
    total = own.sum(axis=(1, 2))
    inside = (own * masks).sum(axis=(1, 2))
    return np.divide(inside, total, out=np.zeros(len(total)), where=total > 0)
