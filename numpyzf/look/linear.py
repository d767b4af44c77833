"""Two linear classifiers to judge features by, as in the paper's Table 7: a support vector machine and a softmax.

Both minimize, over weights W (features, classes) and bias b (classes,), the mean of a loss over all images plus a penalty:

    mean loss(x·W + b, label) + ½ · strength · σ² · ‖W‖²,    σ² = mean ‖x − mean x‖²

With σ² in it, the same strengths suit features of any size, and it doesn't matter how a layer's outputs are scaled or shifted.
Single features aren't standardized: a unit that hardly ever fires would be blown up until it drowns the others.

The way to the minimum is Nesterov's: gradient steps with momentum. In the coordinates of the features' own axes (their singular
vectors) all losses bend at most `curvature` · energy of the axis, so each axis has the longest step that is safe.
"""
from typing import NamedTuple

import numpy as np

from ..functional import check_array
from ..functional import softmax as probabilities

STRENGTHS = (1e-1, 1e-2, 1e-3, 1e-4)
TOLERANCE = 1e-6
MOST_STEPS = 20_000


class Classifier(NamedTuple):
    """A linear classifier: weights float64 (features, classes), bias (classes,), and the strength of the penalty it was made with."""
    weights: np.ndarray
    bias: np.ndarray
    strength: float

    def scores(self, x):
        """Scores (N, classes) of features x (N, features); the largest is the answer."""
        return x @ self.weights + self.bias

    def accuracy(self, x, labels):
        """Share of x (N, features) whose largest score is their label's."""
        return float((self.scores(x).argmax(axis=1) == labels).mean())


def fit_svm(x, labels, strengths):
    """Support vector machines, one class against all others, with squared hinge loss Σ over classes of max(0, 1 − y·score)², y = ±1.

    x: (N, features), float; labels (N,): integers from 0, of two classes at least. strengths: positive numbers.
    Returns a list with one Classifier for each strength. Time and memory are those of a singular value decomposition of x.
    Raises TypeError or ValueError.
    """
    signs = 2 * _one_hot(labels) - 1
    return _fit(x, signs, strengths, lambda scores: -2 * signs * np.maximum(0, 1 - signs * scores), curvature=2)


def fit_softmax(x, labels, strengths):
    """Softmax classifiers (multinomial logistic regression), with loss −log softmax(scores)[label]; the rest as in fit_svm."""
    target = _one_hot(labels)
    return _fit(x, target, strengths, lambda scores: probabilities(scores) - target, curvature=0.5)     # Böhning's bound


def choose(fit, x, labels, *, strengths=STRENGTHS, folds=5):
    """The Classifier of fit (fit_svm or fit_softmax) with the strength that is best on images left out; of equals, the strongest.

    The images of each class, in their order, are dealt into `folds` parts; each part is left out once, and in the end all are used.
    Raises TypeError or ValueError, also for a class with one image only.
    """
    classes, labels = _one_hot(labels).shape[1], np.asarray(labels)
    counts = np.bincount(labels, minlength=classes)
    if counts.min() < 2:
        raise ValueError(f"labels has {counts.min()} of class {counts.argmin()}: it takes two images of each class, one to leave out")
    fold = np.empty(len(labels), int)
    for c in range(classes):
        fold[labels == c] = np.arange(counts[c]) % folds
    strengths, right = sorted(strengths, reverse=True), 0
    x = check_array("x", x, "NK")
    axes = np.linalg.qr(x.T.astype(float))[0]       # many features of few images span few axes: turned into these, all fits are quick
    z = x @ axes
    for k in range(min(folds, counts.max())):
        rest, out = fold != k, fold == k
        right = right + np.array([(c.scores(z[out]).argmax(axis=1) == labels[out]).sum() for c in fit(z[rest], labels[rest], strengths)])
    best = fit(z, labels, [strengths[right.argmax()]])[0]
    return best._replace(weights=axes @ best.weights)


def _fit(x, target, strengths, derivative, curvature):
    """derivative(scores (N, classes)) -> that of each image's loss. curvature: the most that it can be for one unit of score."""
    x = check_array("x", x, "NK")
    if len(x) != len(target):
        raise ValueError(f"labels has {len(target)} entries, expected one for each of {len(x)} rows of x")
    if not np.isfinite(x).all():
        raise ValueError("x holds NaN or infinite values")
    mean = x.mean(axis=0, dtype=np.float64)
    u, s, axes = np.linalg.svd(x - mean, full_matrices=False)
    real = s > max(1e-9 * s[0], 1e-12 * np.linalg.norm(x))          # the others are rounding; of equal rows all are
    u, s, axes = u[:, real], s[real], axes[real]
    z = np.column_stack([u * s, np.ones(len(x))])                   # (N, axes + 1): the last coordinate carries the bias
    energy = s ** 2 / len(x)
    found = []
    for strength in strengths:
        if not 0 < strength < np.inf:
            raise ValueError(f"strengths must be positive, not {strength!r}")
        penalty = np.append(np.full(len(s), strength * energy.sum()), 0)[:, None]
        a = _minimize(lambda a: z.T @ derivative(z @ a) / len(x) + penalty * a, curvature * np.append(energy, 1)[:, None] + penalty,
                      np.zeros((len(s) + 1, target.shape[1])))
        weights = axes.T @ a[:-1]
        found.append(Classifier(weights, a[-1] - mean @ weights, float(strength)))
    return found


def _minimize(gradient, bound, a):
    """Nesterov's method from a on, with a step of 1 / bound along each axis; the momentum starts anew whenever it leads uphill."""
    look, momentum, start = a, 1.0, None
    for _ in range(MOST_STEPS):
        slope = gradient(look)
        length = np.sqrt((slope ** 2 / bound).sum())
        start = start or length
        if length <= TOLERANCE * start:
            return look
        before, a = a, look - slope / bound
        if (slope * (a - before)).sum() > 0:
            momentum = 1.0
        after = (1 + np.sqrt(1 + 4 * momentum ** 2)) / 2
        look, momentum = a + (momentum - 1) / after * (a - before), after
    return look


def _one_hot(labels):
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) == 0 or labels.min() < 0 or labels.max() < 1:
        raise ValueError(f"labels must be integers (N,), counted from 0, of two classes at least, not {labels.dtype} {labels.shape}")
    return (labels[:, None] == np.arange(labels.max() + 1)).astype(float)
