"""The picture of Figure 5: a row per transformation, with images, distances and probability."""

from ... import plots, texts
from .measure import transformed

LINES = [       # color, line and marker of each image (Okabe and Ito's colors)
    (plots.BLUE, "-", "o"), (plots.ORANGE, "--", "s"), (plots.COLORS[2], "-.", "^"),
    (plots.COLORS[3], ":", "D"), ("#222222", (0, (6, 1)), "v")]
LABELS = {"translation": "shift down (pixels)", "scale": "scale (factor)",
          "rotation": "rotation (degrees)"}
UNITS = {"translation": " px", "scale": "×", "rotation": "°"}


def draw(result, classes, shown, answer="true class"):
    """Draw a Figure5 like the paper's.

    result: a measure.Figure5.
    classes: the names of the labels.
    shown: which images get a curve of their own, five at most; the gray line is the mean over all.
    answer: what the labels are.
    Returns a matplotlib figure. Raises ValueError for no images to show, or too many.
    """
    if not 1 <= len(shown) <= len(LINES):
        raise ValueError(f"shown must be 1 to {len(LINES)} images, not {len(shown)}")
    names = [texts.short(classes[result.labels[n]], 14) for n in shown]
    with plots.style():
        figure = plots.figure(9, 7.6)
        grid = figure.subplots(3, 4, gridspec_kw={"width_ratios": (1.25, 1.4, 1.4, 1.4)})
        for row, (name, sweep) in zip(grid, result.sweeps.items()):
            _draw_examples(row[0], result.images[shown], name, sweep.amounts)
            for axes, values in zip(row[1:], (sweep.first, sweep.last, sweep.probability)):
                _draw_curves(axes, sweep.amounts, values, names, shown)
                axes.set(xlabel=LABELS[name], ylabel="relative distance", ylim=(0, 1.05))
                if name == "rotation":
                    axes.set_xticks(range(0, 361, 90))
            row[1].set_title(f"first layer ({result.layers[0]})")
            row[2].set_title(f"last hidden layer ({result.layers[1]})")
            row[3].set(title=answer, ylabel="probability")
        top = max(values[:, shown].max() for sweep in result.sweeps.values()
                  for values in (sweep.first, sweep.last))
        for axes in grid[:, 1:3].flat:      # equal, so that layers and transformations compare
            axes.set_ylim(0, 1.05 * top or 1)
        figure.legend(*grid[0, 1].get_legend_handles_labels(), loc="outside lower center",
                      ncols=6, handlelength=3)
    return figure


def _draw_curves(axes, amounts, values, names, shown):
    axes.plot(amounts, values.mean(axis=1), color="#c8c8c8", linewidth=5,
              label=f"mean of {values.shape[1]} images")
    for n, name, (color, line, marker) in zip(shown, names, LINES):
        axes.plot(amounts, values[:, n], color=color, linestyle=line, linewidth=1.2,
                  marker=marker, markevery=max(1, len(values) // 8), label=name)


def _draw_examples(axes, images, name, amounts):
    """Each image (rows) by three amounts (columns): the ends of the range and halfway.

    A turn by 350° looks like none, so of the rotation it is an eighth and a half of the range.
    """
    last = len(amounts) - 1
    places = [0, len(amounts) // 2, last]
    if name == "rotation":
        places = [0, len(amounts) // 8, len(amounts) // 2]
    columns = [transformed(name, images, amounts[i]) for i in places]
    tiles = [plots.to_image(column[n]) for n in range(len(images)) for column in columns]
    pad = max(1, tiles[0].shape[0] // 20)
    plots.show(axes, plots.grid(tiles, len(places), pad))
    h, w = tiles[0].shape[0] + pad, tiles[0].shape[1] + pad
    for column, i in enumerate(places):
        text = f"{amounts[i]:.3g}{UNITS[name]}".replace("-", "−")
        axes.text(column * w + w / 2, -pad, text, ha="center", va="bottom", fontsize=7)
    for row, (color, _, marker) in zip(range(len(images)), LINES):
        axes.plot(-0.15 * w, row * h + h / 2, color=color, marker=marker, markersize=5,
                  clip_on=False)
