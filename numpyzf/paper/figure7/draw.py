"""The picture of Figure 7: a row per image, with the maps over the places of the square."""
import numpy as np

from ... import plots
from .measure import most_covered

LEAST = 0.1             # the largest change on the color scale of (b) is no smaller than this
REST = "#c8c8c8"        # for classes that are rarely the answer
TITLES = ("(a) image\nand square", "(b) activity of\nthe strongest map",
          "(c) its projection,\nand other images'", "(d) probability of {answer}",
          "(e) most probable\nclass")


def draw(results, others, classes, masks=None, answer="the\ntrue class", random=0):
    """Draw some images like the paper's figure.

    results: measure.Figure7, a row for each.
    random: so many of the last rows say that they were drawn at random, the others that they were
    chosen.
    others: for each row, projections (k, C, h, w) of the same map's strongest activations in other
    images.
    classes: the names of the labels.
    masks: bool (images, H, W), the objects, whose outlines are then drawn in.
    answer: what the labels are.
    Returns a matplotlib figure.
    """
    colors = class_colors([result.answers for result in results])
    shares = [share_left(result) for result in results]
    reach = max(LEAST, *(np.abs(share - 1).max() for share in shares))
    with plots.style():
        figure = plots.figure(9, 2.1 * len(results) + 1.2)
        heights = [1] * len(results) + [0.05]
        *grid, foot = figure.subplots(len(heights), 5, gridspec_kw={"height_ratios": heights})
        for i, (row, result) in enumerate(zip(grid, results)):
            chosen = "changed most" if i < len(results) - random else "drawn at random"
            _draw_covered(row[0], result, f"{classes[result.label]}\n({chosen})")
            activity = _heat(row[1], result, shares[i], "RdBu_r", 1 - reach, 1 + reach)
            _mark_covered(row[1], result, shares[i])
            _draw_projections(row[2], result, others[i])
            chance = _heat(row[3], result, result.probability, "viridis", 0, 1)
            _draw_answers(row[4], result, colors)
            if masks is not None:
                _draw_outlines(row[[1, 3, 4]], masks[i])
        for axes, title in zip(grid[0], TITLES):
            axes.set_title(title.format(answer=answer))
        for axes in foot[[0, 2, 4]]:
            axes.set_axis_off()
        figure.colorbar(activity, cax=foot[1], orientation="horizontal",
                        label="times that without the square\n(white: no change)")
        figure.colorbar(chance, cax=foot[3], orientation="horizontal", label="probability")
        _legend(figure, colors, classes)
    return figure


def share_left(result):
    """The map's sum by that without a square, (rows, columns); of a silent map it is 1."""
    return np.divide(result.sums, result.whole_sum, out=np.ones(result.sums.shape),
                     where=result.whole_sum > 0)


def class_colors(answers):
    """{class: color} of the most frequent answers, as many as there are colors."""
    found, counts = np.unique(np.concatenate([a.ravel() for a in answers]), return_counts=True)
    return dict(zip(found[np.argsort(-counts, kind="stable")].tolist(), plots.COLORS))


def _draw_covered(axes, result, name):
    """The image with the square at its first place."""
    covered, top, left = result.image.copy(), result.tops[0], result.lefts[0]
    covered[:, top:top + result.size, left:left + result.size] = 128
    plots.show(axes, plots.to_image(covered))
    _below(axes, name)


def _heat(axes, result, values, colors, least, most):
    """Values where the square's middle was, over the image's pixels; returns matplotlib's image."""
    image = axes.imshow(values, cmap=colors, vmin=least, vmax=most, extent=_extent(result),
                        interpolation="nearest")
    _pixel_axes(axes, result)
    return image


def _mark_covered(axes, result, share):
    """A cross where the square covers most of the projection, and the change of the map there."""
    i, j = most_covered(result)
    middle = (result.size - 1) / 2
    axes.plot(result.lefts[j] + middle, result.tops[i] + middle, "kx", markersize=5,
              markeredgewidth=1.2)
    change = f"{100 * (share[i, j] - 1):+.0f} %".replace("-", "−")
    axes.set_xlabel(f"pixels; at the cross {change}", fontsize=7, labelpad=1)


def _draw_answers(axes, result, colors):
    from matplotlib.colors import to_rgb
    image = [[to_rgb(colors.get(answer, REST)) for answer in row] for row in result.answers]
    axes.imshow(image, extent=_extent(result), interpolation="nearest")
    _pixel_axes(axes, result)


def _extent(result):
    """Left, right, bottom and top of a picture that has one cell per place of the square."""
    first_row, last_row, down = _span(result.tops, result.size)
    first_column, last_column, across = _span(result.lefts, result.size)
    return first_column - across, last_column + across, last_row + down, first_row - down


def _span(places, size):
    """The square's middle at the first and at the last place, and half of a cell."""
    middle = (size - 1) / 2
    half = np.diff(places).mean() / 2 if len(places) > 1 else size / 2
    return places[0] + middle, places[-1] + middle, half


def _pixel_axes(axes, result):
    h, w = result.image.shape[1:]
    axes.set(xlim=(-0.5, w - 0.5), ylim=(h - 0.5, -0.5), xticks=(0, w // 2, w - 1),
             yticks=(0, h // 2, h - 1), aspect="equal")
    axes.tick_params(labelsize=7, length=2)
    axes.set_xlabel("pixels", fontsize=7, labelpad=1)


def _draw_projections(axes, result, others):
    """The image's own projection, in a dark frame, and those of three other images at most."""
    tiles = [_framed(plots.to_display(result.projection), 0.0)]
    tiles += [_framed(plots.to_display(projection), 1.0) for projection in others[:3]]
    plots.show(axes, plots.grid(tiles, 2, pad=1))
    _below(axes, f"map {result.channel}")


def _framed(tile, gray):
    """A tile (H, W) or (H, W, 3) in a frame of two pixels."""
    height, width, *color = tile.shape
    out = np.full((height + 4, width + 4, *color), gray)
    out[2:-2, 2:-2] = tile
    return out


def _draw_outlines(row, mask):
    for axes in row:
        axes.contour(mask, [0.5], colors="white", linewidths=1.2)
        axes.contour(mask, [0.5], colors="black", linewidths=0.5)


def _below(axes, text):
    axes.text(0.5, -0.04, text, transform=axes.transAxes, ha="center", va="top", fontsize=8)


def _legend(figure, colors, classes):
    from matplotlib.patches import Patch
    patches = [Patch(facecolor=color, edgecolor=plots.GRAY, label=classes[label])
               for label, color in colors.items()]
    if len(colors) == len(plots.COLORS):
        patches.append(Patch(facecolor=REST, edgecolor=plots.GRAY, label="other classes"))
    figure.legend(handles=patches, loc="outside lower right", ncols=4, handlelength=1.2,
                  columnspacing=1)
