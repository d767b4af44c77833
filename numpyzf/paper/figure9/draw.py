"""The picture of Figure 9: accuracy against training images per class."""
from ... import plots
from ..draw_accuracies import draw_two_curves

PAIRS = 4       # of images that look the same, shown at the right


def draw(results):
    """Draw a panel for each kind of images, and pairs of images that look the same.

    results: {title: Figure9}.
    Returns a matplotlib figure.
    """
    with plots.style():
        figure = plots.figure(8.8, 3.4)
        pairs = [pair for result in results.values() for pair in result.twins][:PAIRS]
        widths = [3] * len(results) + ([1.3] if pairs else [])
        panels = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
        for axes, (title, result) in zip(panels, results.items()):
            _draw_panel(axes, title, result)
        panels[0].set_ylabel("test accuracy on new classes (%)")
        lines, labels = panels[0].get_legend_handles_labels()
        figure.legend(lines, labels, loc="outside upper center", ncols=2)
        if pairs:
            last = panels[-1]
            last.set_axis_off()
            tiles = [plots.enlarge(plots.to_image(image), 96) for pair in pairs for image in pair]
            plots.show(last, plots.grid(tiles, 2, pad=6))
            last.set_title("pairs most alike.\nLeft: an old class's,\nnot trained on.\n"
                           "Right: a new class's", fontsize=8)
    return figure


def _draw_panel(axes, title, result):
    most = result.counts[-1]
    draw_two_curves(axes, result.counts, {"layers learned on other classes": result.pretrained,
                                          "trained from scratch": result.from_scratch},
                    apart=0.005 * most, chance=result.chance)
    axes.set(xlabel="training images per class", title=title)
    axes.set_xlim(0, most * 1.08)
    axes.set_xticks(result.counts)
