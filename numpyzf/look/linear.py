"""Two linear classifiers to judge features by: a support vector machine and a softmax.

Zeiler & Fergus 2013, Table 7. Both minimize, over weights W (features, classes) and a bias b
(classes,), the mean of a loss over all images plus a penalty:

    mean loss(x·W + b, label) + ½ · strength · σ² · ‖W‖²,    σ² = mean ‖x − mean x‖²

With σ² in the penalty, one strength suits features of any size: a layer's outputs may be scaled
or shifted. Single features aren't standardized: a unit that hardly ever fires would be blown up
until it drowns the others.

The minimum is found by Nesterov's method, gradient steps with momentum. Coordinates are the
singular vectors of the features. Along each of them the loss curves at most curvature · energy,
where energy is the mean square of that coordinate. The penalty adds its own curvature. 1 over
their sum is the longest step that is safe, and each coordinate takes it.
"""
from typing import NamedTuple

import numpy as np

from .. import checks
from ..functional import softmax as probabilities

STRENGTHS = (1e-1, 1e-2, 1e-3, 1e-4)
TOLERANCE = 1e-6
MOST_STEPS = 20_000


class Classifier(NamedTuple):
    """A linear classifier."""
    weights: np.ndarray     # (features, classes), float64
    bias: np.ndarray        # (classes,), float64
    strength: float         # of the penalty that it was fitted with

    def predict(self, x):
        """Scores of features; the largest of a row is the answer.

        x: (N, features), float.
        Returns (N, classes).
        """
        x = checks.array("x", x, "NK")
        if x.shape[1] != len(self.weights):
            raise ValueError(f"x has {x.shape[1]} features (shape {x.shape}), "
                             f"this classifier takes {len(self.weights)}")
        return x @ self.weights + self.bias

    def accuracy(self, x, labels):
        """The share of images whose largest score is their label's.

        x: (N, features), float.
        labels: (N,), integers.
        Returns a float, 0 … 1.
        """
        labels = checks.one_label_each("labels", labels, len(x))
        return float((self.predict(x).argmax(axis=1) == labels).mean())


def fit_svm(x, labels, strengths):
    """Fit support vector machines, one class against all others.

    The loss of an image is the squared hinge Σ over classes of max(0, 1 − y·score)², where y is 1
    for its own class and −1 for the others.

    x: (N, features), float.
    labels: (N,), integers from 0, of two classes at least.
    strengths: positive numbers, of the penalty.
    Returns a list with one Classifier for each strength. Time and memory are those of a singular
    value decomposition of x. Raises TypeError or ValueError.
    """
    signs = 2 * _one_hot(labels) - 1

    def derivative(scores):
        return -2 * signs * np.maximum(0, 1 - signs * scores)
    return _fit(x, signs, strengths, derivative, curvature=2)


def fit_softmax(x, labels, strengths):
    """Fit softmax classifiers (multinomial logistic regression).

    The loss of an image is −log softmax(scores)[label].

    x, labels, strengths: as in fit_svm.
    Returns and raises the same as fit_svm.
    """
    target = _one_hot(labels)

    def derivative(scores):
        return probabilities(scores) - target
    return _fit(x, target, strengths, derivative, curvature=0.5)        # Böhning's bound


def choose(fit, x, labels, *, strengths=STRENGTHS, folds=5):
    """Fit a classifier with the strength that is best on images left out.

    The images of each class are dealt, in their order, into `folds` parts. Each part is left out
    once. Of equally good strengths the largest is taken. In the end all images are used.

    fit: fit_svm or fit_softmax.
    x, labels, strengths: as in fit_svm.
    folds: number of parts, two at least.
    Returns a Classifier. Raises TypeError or ValueError, also for a class with one image only.
    """
    folds = checks.integer("folds", folds, 2)
    strengths = sorted(_strengths(strengths), reverse=True)
    classes, labels = _one_hot(labels).shape[1], np.asarray(labels)
    x = _check_features(x, labels)
    counts = np.bincount(labels, minlength=classes)
    if counts.min() < 2:
        raise ValueError(f"labels has {counts.min()} of class {counts.argmin()}: it takes two "
                         "images of each class, one to leave out")
    fold = np.empty(len(labels), int)
    for c in range(classes):
        fold[labels == c] = np.arange(counts[c]) % folds
    # Many features of few images span few axes. In the coordinates of these, all fits are quick.
    axes = np.linalg.qr(x.T.astype(float))[0]
    z = x @ axes
    right = np.zeros(len(strengths), int)       # images left out whose class was found
    for k in range(min(folds, counts.max())):
        rest, out = fold != k, fold == k
        for i, found in enumerate(fit(z[rest], labels[rest], strengths)):
            right[i] += (found.predict(z[out]).argmax(axis=1) == labels[out]).sum()
    best = fit(z, labels, [strengths[right.argmax()]])[0]
    return best._replace(weights=axes @ best.weights)


def _fit(x, target, strengths, derivative, curvature):
    """A Classifier for each strength.

    derivative: of each image's loss, scores (N, classes) -> (N, classes).
    curvature: the most that the derivative can change for one unit of score.
    """
    x, strengths = _check_features(x, target), _strengths(strengths)
    mean = x.mean(axis=0, dtype=np.float64)
    u, s, axes = np.linalg.svd(x - mean, full_matrices=False)
    # Axes of length zero are only rounding. If all rows are equal, all axes are of this kind.
    real = s > max(1e-9 * s[0], 1e-12 * np.linalg.norm(x))
    u, s, axes = u[:, real], s[real], axes[real]
    # (N, axes + 1): each image's coordinates; the last one, always 1, carries the bias
    z = np.column_stack([u * s, np.ones(len(x))])
    energy = s ** 2 / len(x)
    found = []
    for strength in strengths:
        # (axes + 1, 1): none for the bias
        penalty = np.append(np.full(len(s), strength * energy.sum()), 0)[:, None]
        bound = curvature * np.append(energy, 1)[:, None] + penalty

        def gradient(a):
            return z.T @ derivative(z @ a) / len(x) + penalty * a
        a = minimize(gradient, bound, np.zeros((len(s) + 1, target.shape[1])))
        weights = axes.T @ a[:-1]
        found.append(Classifier(weights, a[-1] - mean @ weights, float(strength)))
    return found


def minimize(gradient, bound, a):
    """Minimize a convex function by Nesterov's method.

    The momentum starts anew whenever it leads uphill.

    gradient: a function of an array like a.
    bound: (rows of a, 1), the largest curvature along each row; a step is slope / bound.
    a: where to start.
    Returns the minimum's place, like a: where the slope is TOLERANCE times that of the start, or
    after MOST_STEPS steps.
    """
    ahead, momentum, first = a, 1.0, None       # the slope is taken ahead of a, by the momentum
    for _ in range(MOST_STEPS):
        slope = gradient(ahead)
        length = np.sqrt((slope ** 2 / bound).sum())
        first = first or length
        if length <= TOLERANCE * first:
            return ahead
        before, a = a, ahead - slope / bound
        if (slope * (a - before)).sum() > 0:
            momentum = 1.0
        after = (1 + np.sqrt(1 + 4 * momentum ** 2)) / 2
        ahead, momentum = a + (momentum - 1) / after * (a - before), after
    return ahead


def _check_features(x, labels):
    """x (N, features), float and finite: one feature at least, and as many rows as labels."""
    x = checks.array("x", x, "NK")
    if len(x) != len(labels):
        raise ValueError(f"labels has {len(labels)} entries, "
                         f"expected one for each of {len(x)} rows of x")
    if x.shape[1] == 0:
        raise ValueError(f"x has no features, shape {x.shape}: there is nothing to learn from")
    if not np.isfinite(x).all():
        raise ValueError("x holds NaN or infinite values")
    return x


def _strengths(values):
    """Positive numbers, one at least, as a list."""
    if isinstance(values, str) or not np.iterable(values):
        raise TypeError(f"strengths must be a sequence of positive numbers, not {values!r}")
    values = list(values)
    if not values:
        raise ValueError("strengths is empty: there is none to choose")
    for value in values:
        checks.positive(strengths=value)
    return values


def _one_hot(labels):
    """(N, classes): 1 at each image's label, 0 elsewhere."""
    labels = np.asarray(labels)
    integers = labels.ndim == 1 and labels.dtype.kind in "iu" and len(labels) > 0
    if not integers or labels.min() < 0 or labels.max() < 1:
        raise ValueError("labels must be integers (N,), counted from 0, of two classes at least, "
                         f"not {labels.dtype} {labels.shape}")
    if labels.max() >= checks.MOST_CLASSES:
        raise ValueError(f"labels[{labels.argmax()}] is {labels.max()}; classes are counted from "
                         f"0, one after the other, up to {checks.MOST_CLASSES - 1}")
    return (labels[:, None] == np.arange(labels.max() + 1)).astype(float)
