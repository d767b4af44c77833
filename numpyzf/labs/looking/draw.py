"""The student's functions look at a trained net: top nine, a square, shifts, covered parts."""
import numpy as np

from ... import functional, plots, runs
from ...data import scenes
from ...data.preprocess import Prepared

LAYER, COUNT = "relu5", 300         # of the top nine, and how many images are searched
CLASSES = ("cat", "fish", "bird", "car", "boat")
COVERED = ("cat", "bird", "car", "boat")
SIZE, STEP = 8, 2                   # of the square, pixels
SHIFTS = list(range(-8, 9))
PARTS = ("right eye", "left eye", "nose")
FACES = 5


def draw(student):
    """Draw what the student's functions find in the net that was trained on CIFAR-10.

    student: has top_units, cover, occlusion_map, shift_curve and correspondence.
    Returns a matplotlib figure.
    """
    run = runs.pretrained()
    with plots.style():
        figure = plots.figure(8.4, 8.4)
        upper, middle, lower = figure.subfigures(3, 1, height_ratios=[1, 1.15, 1.1])
        _draw_top(upper, run, student)
        _draw_occlusion(middle, run, student)
        left, right = lower.subplots(1, 2, width_ratios=[1, 1])
        _draw_shifts(left, run, student)
        _draw_faces(right, run, student)
        figure.suptitle("Your functions look at a net trained on CIFAR-10")
    return figure


def _draw_top(figure, run, student):
    """The nine images that fire four maps most, the unit's place marked."""
    images = scenes.render(COUNT, np.random.default_rng(9), size=32, classes=CLASSES).images
    y = run.net.outputs(Prepared(images, run.prepare), [LAYER])[LAYER]
    values, units = student.top_units(y, 9)
    chosen = np.argsort(-values[:, -1], kind="stable")[:4]      # strong in nine images
    scale = images.shape[2] // y.shape[2]
    for axes, channel in zip(figure.subplots(1, len(chosen)), chosen):
        plots.show(axes, plots.grid([plots.to_image(images[n]) for n, *_ in units[channel]], 3))
        for place, (_, _, row, column) in enumerate(units[channel]):
            down, right = divmod(place, 3)
            axes.plot(right * 33 + (column + 0.5) * scale, down * 33 + (row + 0.5) * scale, "o",
                      markersize=6, markerfacecolor="none", color=plots.ORANGE)
        axes.set_title(f"{LAYER}, map {channel}")


def _draw_occlusion(figure, run, student):
    """Covered images, and below them the probability of what the whole image is taken for."""
    images = scenes.render(len(COVERED), np.random.default_rng(4), size=32, classes=COVERED,
                           centered=True).images

    def predict(x):
        return functional.softmax(run.net.predict(x))
    x = run.prepare(images)
    places = list(range(-SIZE // 2, 32, STEP))
    panels = figure.subplots(2, len(images))
    for upper, lower, image, pixels in zip(*panels, images, x):
        whole = predict(pixels[None])[0]
        label = int(whole.argmax())
        found = student.occlusion_map(predict, pixels, label, size=SIZE, tops=places, lefts=places)
        row, column = np.unravel_index(found.argmin(), found.shape)
        worst = student.cover(image / 255, places[row], places[column], SIZE, 0.5)
        plots.show(upper, worst.transpose(1, 2, 0))
        upper.set_title(f"{run.classes[label]} {whole[label]:.2f}, here {found.min():.2f}",
                        fontsize=9)
        # a cell of the map lies where the middle of the square is
        first, last = places[0] + SIZE / 2 - 0.5, places[-1] + SIZE / 2 - 0.5
        edges = (first - STEP / 2, last + STEP / 2)
        shown = lower.imshow(found, cmap="viridis", vmin=0, vmax=1, extent=(*edges, *edges[::-1]),
                             interpolation="nearest")
        lower.set(xlim=(-0.5, 31.5), ylim=(31.5, -0.5), xticks=(), yticks=())
    figure.colorbar(shown, ax=panels.ravel().tolist(), label="probability", shrink=0.6)


def _draw_shifts(axes, run, student):
    """How far the first and the last features go when images are shifted."""
    images = scenes.render(len(CLASSES), np.random.default_rng(5), size=32, classes=CLASSES,
                           centered=True).images
    for layer, color in (("norm1", plots.BLUE), ("relu7", plots.ORANGE)):
        def features(x, layer=layer):
            return run.net.outputs(run.prepare(x), [layer])[layer]
        own = features(images).reshape(len(images), -1).astype(np.float64)
        # the mean distance of two different images is the unit
        unit = np.mean([np.linalg.norm(own[i] - own[j]) for i in range(len(own)) for j in range(i)])
        curves = [student.shift_curve(features, image, SHIFTS) / unit for image in images]
        axes.plot(SHIFTS, np.transpose(curves), color=color, alpha=0.3, linewidth=1)
        axes.plot(SHIFTS, np.mean(curves, axis=0), color=color, linewidth=2, label=layer)
    axes.set(xlabel="pixels down", ylabel="distance, in that of two images", ylim=(0, None),
             xticks=SHIFTS[::4], title="features of shifted images")
    axes.legend(title="layer", loc="upper center")
    axes.grid(color=plots.GRID)


def _draw_faces(axes, run, student):
    """Δ for the same part covered in five faces, a mean over 12 groups."""
    groups = 12
    faces = scenes.render(FACES * groups, np.random.default_rng(8), size=32, classes=("face",),
                          centered=True)
    x = run.prepare(faces.images)
    before = run.net.outputs(x, ["pool5"])["pool5"]
    radii = [faces.parts[part][:, 2].mean() for part in PARTS]
    size = round(2 * np.mean(radii))
    rng = np.random.default_rng(1)
    places = {part: faces.parts[part][:, :2] for part in PARTS}
    places["random place"] = rng.uniform(size / 2, 32 - size / 2, (len(x), 2))
    for line, (name, centers) in enumerate(places.items()):
        corners = np.rint(centers - (size - 1) / 2).astype(int)
        covered = np.stack([student.cover(image, int(top), int(left), size, 0)
                            for image, (top, left) in zip(x, corners)])
        after = run.net.outputs(covered, ["pool5"])["pool5"]
        # what differs by rounding has not changed
        after = np.where(abs(after - before) > 1e-4, after, before)
        deltas = [student.correspondence(before[n:n + FACES], after[n:n + FACES])
                  for n in range(0, len(x), FACES)]
        axes.errorbar(np.mean(deltas), line, xerr=np.std(deltas), marker="o", color=plots.BLUE,
                      capsize=3)
    axes.set(yticks=range(len(places)), yticklabels=places, ylim=(len(places) - 0.5, -0.5),
             xlim=(0, None), xlabel="Δ of pool5: share of features that disagree",
             title="covered faces; this net has learned none")
    axes.grid(axis="x", color=plots.GRID)
