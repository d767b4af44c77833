"""How a training went: loss and accuracies after each epoch, and where the rate was lowered."""
from .. import plots


def draw(history):
    """Draw the history of a run.

    history: a list with one dictionary per epoch, as training.train makes it.
    Returns a matplotlib figure. Raises ValueError for an empty history.
    """
    if not history:
        raise ValueError("the history is empty: no epoch has been trained")
    epochs = [row["epoch"] for row in history]
    curves = [("train_accuracy", "training", "o-", plots.BLUE),
              ("validation_accuracy", "validation (images held out)", "s--", plots.ORANGE)]
    with plots.style():
        figure = plots.figure(8.8, 3.0)
        left, right = figure.subplots(1, 2)
        left.plot(epochs, [row["loss"] for row in history], "o-", color=plots.BLUE)
        left.set(ylabel="loss (training)", ylim=(0, None))
        for key, name, line, color in curves:
            right.plot(epochs, [100 * row[key] for row in history], line, color=color, label=name)
        right.set(ylabel="accuracy (%)")
        for axes in (left, right):
            axes.set_xlabel("epoch")
            axes.set_xlim(0.5, epochs[-1] + 0.5)
            axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
            axes.grid(axis="y", color=plots.GRID, linewidth=0.8)
            _mark_drops(axes, history)
        right.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    return figure


def rate_drops(history):
    """The epochs that began with a lower rate than the one before: a list of (epoch, rate)."""
    return [(row["epoch"], row["rate"]) for before, row in zip(history, history[1:])
            if row["rate"] < before["rate"]]


def _mark_drops(axes, history):
    for epoch, rate in rate_drops(history):
        axes.axvline(epoch - 0.5, color=plots.GRAY, linestyle=":", linewidth=1.2)
        axes.annotate(f"rate {rate:g}", (epoch - 0.5, 0.03), xycoords=("data", "axes fraction"),
                      xytext=(2, 0), textcoords="offset points", rotation=90, va="bottom",
                      fontsize=7, color=plots.NOTE)


def draw_compared(histories, chance):
    """Draw the loss and the validation accuracy of several ways to train.

    A thin line is one seed. A thick line is their mean, over the epochs that all seeds have.

    histories: {name of the way: list of histories, one per seed}.
    chance: accuracy of guessing, 0 … 1.
    Returns a matplotlib figure. Raises ValueError for an empty history.
    """
    for seeds in histories.values():
        if not seeds or not all(seeds):
            raise ValueError("every way to train needs one history at least, of one epoch at least")
    fields = [("loss", 1, "loss (training)"),
              ("validation_accuracy", 100, "validation accuracy (%)")]
    with plots.style():
        figure = plots.figure(8.8, 3.2)
        panels = figure.subplots(1, 2)
        for axes, (key, factor, label) in zip(panels, fields):
            _draw_ways(axes, histories, key, factor)
            top = 1.08 * max(max(line.get_ydata()) for line in axes.lines)
            axes.set(xlabel="epoch", ylabel=label, ylim=(0, top))
            axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
            axes.grid(axis="y", color=plots.GRID, linewidth=0.8)
        _, accuracy = panels
        accuracy.set_ylim(0, 100)
        accuracy.axhline(100 * chance, color=plots.GRAY, linewidth=1)
        accuracy.annotate("guessing", (0.99, 100 * chance), xycoords=("axes fraction", "data"),
                          xytext=(0, 2), textcoords="offset points", ha="right", va="bottom",
                          fontsize=8, color=plots.NOTE)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center",
                      ncols=len(histories), handlelength=3.5)      # or a dashed line looks solid
    return figure


def _draw_ways(axes, histories, key, factor):
    """The lines of one field of the histories, times `factor`."""
    looks = [("o-", plots.BLUE), ("s--", plots.ORANGE), ("^:", "#444444")]
    for (line, color), (name, seeds) in zip(looks, histories.items()):
        values = [[factor * row[key] for row in history] for history in seeds]
        for seed in values:
            axes.plot(range(1, len(seed) + 1), seed, color=color, linewidth=0.7, alpha=0.6)
        mean = [sum(epoch) / len(epoch) for epoch in zip(*values)]
        axes.plot(range(1, len(mean) + 1), mean, line, color=color, label=name)
