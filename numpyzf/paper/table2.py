"""Table 2: the test error of one net, of its average over ten crops, of five nets' averaged probabilities, and of both.

The paper's nets take 224 of 256 pixels, so that ten crops differ by up to 32 pixels. The nets here take the whole image: their crops are
cut from the image with a margin of the mean around it, which is as wide, for its size, as the paper's.
"""
from typing import NamedTuple

import numpy as np

from .. import plots
from ..data import preprocess
from ..functional import softmax
from ..page import Section
from .claims import NOT_TESTABLE, Claim, Report, spread, verdict

NETS = 5
PAPER = {"one net": (38.4, 16.5), "five nets": (36.7, 15.3)}      # ImageNet 2012, validation: top-1, top-5 (%)


class Table2(NamedTuple):
    """Errors, shares 0 … 1; the last axis is (first answer wrong, none of the first k right).

    one, crops: (nets, 2), each net on the whole image, and averaged over crops. together, together_crops: (2,), the nets' average.
    k, images: how many answers count in the second number, how many test images there were.
    """
    k: int
    images: int
    one: np.ndarray
    crops: np.ndarray
    together: np.ndarray
    together_crops: np.ndarray


def views(run, images):
    """The ten crops of uint8 images (N, C, H, W) as inputs of a run's net, float32 (N, 10, C, size, size): see preprocess.ten_crops.

    Only the first five, which aren't mirrored, for a net that was trained without mirror images. The fifth is the middle: of a
    net that takes whole images, the whole image. Its crops come from the image in a margin of 1/14 of its size, the mean.
    """
    x, size = preprocess.normalize(images, run.prepare.mean, run.prepare.scale), run.prepare.size
    if min(x.shape[2:]) == size:
        margin = round(size / 14)               # as (256 − 224) / 2 of 224 pixels
        x = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    return preprocess.ten_crops(x, size)[:, :None if run.prepare.flip else 5]


def predict(run, images, batch=100):
    """Probabilities of one net for uint8 images (N, C, H, W): for the middle view, and averaged over all views; two of (N, classes)."""
    whole, mean = [], []
    for n in range(0, len(images), batch):
        x = views(run, images[n:n + batch])
        p = softmax(run.net.predict(np.ascontiguousarray(x.reshape(-1, *x.shape[2:])))).reshape(*x.shape[:2], -1)
        whole.append(p[:, 4])
        mean.append(p.mean(axis=1))
    return np.concatenate(whole), np.concatenate(mean)


def error(probabilities, labels, k=1):
    """Share of rows (N, classes) whose label isn't among the k largest; of equal ones the first classes count as larger."""
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return float((best != np.asarray(labels)[:, None]).all(axis=1).mean())


def compute(whole, cropped, labels, k=2):
    """Errors of nets and of their average.

    whole, cropped: probabilities (nets, N, classes), for whole images and averaged over crops, as `predict` gives them; labels (N,).
    Returns a Table2. Raises ValueError if the shapes don't fit.
    """
    whole, cropped, labels = np.asarray(whole), np.asarray(cropped), np.asarray(labels)
    if whole.ndim != 3 or whole.shape != cropped.shape or labels.shape != whole.shape[1:2] or whole.size == 0:
        raise ValueError(f"whole and cropped must be two arrays (nets, N, classes) and labels (N,), not {whole.shape}, {cropped.shape}, {labels.shape}")

    def both(probabilities):
        return np.array([error(probabilities, labels), error(probabilities, labels, k)])
    return Table2(k, len(labels), np.array([both(p) for p in whole]), np.array([both(p) for p in cropped]),
                  both(whole.mean(axis=0)), both(cropped.mean(axis=0)))


def draw(result):
    """Draw a Table2: a panel for each of its two errors, a dot for every net and one for their average; returns a matplotlib figure."""
    rows = [(result.one, "one net"), (result.crops, "one net, crops"), (result.together[None], f"{_number(result)} nets"),
            (result.together_crops[None], f"{_number(result)} nets, crops")]
    with plots.style():
        figure = plots.figure(8.0, 2.5)
        for j, (axes, title) in enumerate(zip(figure.subplots(1, 2, sharey=True), ("first answer", f"first {result.k} answers"))):
            for y, (errors, _) in enumerate(rows):
                color, marker = (plots.BLUE, "o") if y < 2 else (plots.ORANGE, "D")
                axes.plot(100 * errors[:, j], np.full(len(errors), y), marker, color=color, markersize=6, alpha=0.45 if len(errors) > 1 else 1)
                if len(errors) > 1:
                    axes.plot(100 * errors[:, j].mean(), y, "|", color=color, markersize=18, markeredgewidth=2)
            axes.set(xlabel=f"test error, {title} (%)", ylim=(3.5, -0.5))
            axes.set_yticks(range(4), [name for _, name in rows])
            axes.grid(axis="x", color="#e4e4e4", linewidth=0.8)
    return figure


def _number(result):
    return "five" if len(result.one) == 5 else len(result.one)


def reproduce(study):
    """Five nets that differ in their seed only, on the test images; a Report. The verdict counts each net as one seed."""
    seeds = study.seeds if study.quick else range(NETS)
    nets = [study.run_of("images", seed) for seed in seeds]
    whole, cropped = zip(*(predict(run, study.test.images) for run in nets))
    result = compute(whole, cropped, study.test.labels, k=5 if len(study.test.classes) >= 50 else 2)
    count, views_count = _number(result), 10 if nets[0].prepare.flip else 5
    one, crops, together, both = (100 * e[..., 0] for e in result[2:])
    claims = [
        Claim(f"The average of {count} nets errs less than one net (38.4 → 36.7 % on ImageNet). Tested: less than each of them",
              f"{spread(one, '.1f', ' %')} alone, {together:.1f} % together", verdict(together < one)),
        Claim("Averaging a net's probabilities over the crops of an image lowers its error. Tested: for each net",
              f"{spread(one, '.1f', ' %')} on whole images, {spread(crops, '.1f', ' %')} over {views_count} crops", verdict(crops < one)),
        Claim("ImageNet 2012, validation: 38.4 % for one net, 36.7 % for five, 36.0 % with nets of wider layers 3–5",
              "the 1.3 million photographs don't come with numpyzf, and training on them takes days on a laptop", NOT_TESTABLE)]
    return Report(claims, [Section("One net and five", _text(result, views_count, study.name), draw(result), _rows(result),
                                   "Test errors of single nets and of their average, with and without crops")])


def _rows(result):
    def cells(errors):
        return [spread(100 * e, ".1f", " %") if e.ndim else f"{100 * e:.1f} %" for e in np.moveaxis(errors, -1, 0)]
    def paper(name):
        return [f"{value} %" for value in PAPER[name]]
    return [("", "first answer", f"first {result.k} answers", "paper, first answer", "paper, first 5"),
            ("one net, whole images", *cells(result.one), "", ""), ("one net, crops", *cells(result.crops), *paper("one net")),
            (f"{_number(result)} nets, whole images", *cells(result.together), "", ""),
            (f"{_number(result)} nets, crops", *cells(result.together_crops), *paper("five nets"))]


def _text(result, views_count, name):
    p = result.one[:, 0].mean()
    error_of_error = 100 * np.sqrt(p * (1 - p) / result.images)
    mirrored = "each also mirrored" if views_count == 10 else "none mirrored, since the net never saw mirror images"
    return f"""How often is the net wrong? “First answer” counts an image as wrong unless the most probable class is the true one; \
“first {result.k} answers” unless it is among the {result.k} most probable. (The paper counts five answers of 1000 classes; five of as few \
classes as {name} has would say little.) Nets that started from other random numbers make other mistakes; where they disagree, the average of \
their probabilities often sides with those that are right. Faint dots are single nets, the bar is their mean, diamonds are averages of nets.

Crops are {views_count} views of one image: its four corners and its middle, {mirrored}. These nets take the whole image and \
were not trained on shifted ones as the paper's, so the corner views are shifted images with an edge of the mean: something new to them, which may \
cost more than the average gains.

With {result.images:,} test images, the error of a net is itself only known to about ± {error_of_error:.1f} points."""
