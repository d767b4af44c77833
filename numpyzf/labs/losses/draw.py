"""The student's losses paint: a texture, what layers know of a photograph, a smoother picture."""
import numpy as np

from ... import data, plots
from ...exchange import load_model

SIDE, STEPS, RATE = 96, 60, 6.0             # pixels; of the painting; bytes in a step
STYLE = ("relu1", "fire2", "fire3", "fire5")
KNOWN = ("relu1", "fire3", "fire5")
ROUGH = 0.03                                # of the style's weight, all layers together
PICTURE, PHOTOGRAPH = "cardigan", "cat"
NAMES = ("astronaut", "boots", "cardigan", "cat", "coffee", "hat")      # in the folder's order


def draw(student):
    """Draw what the student's losses paint, with SqueezeNet as the judge.

    student: has gram, feature_loss, style_loss and total_variation.
    Returns a matplotlib figure.
    """
    run = load_model(size=SIDE)
    images = run.prepare(data.photographs(size=SIDE)[:len(NAMES)])
    style, photo = (images[[NAMES.index(name)]] for name in (PICTURE, PHOTOGRAPH))
    noise = np.random.default_rng(0).normal(0, 40, photo.shape).astype(np.float32)
    texture, losses = _paint(noise, _style_of(student, run.net, style))
    rows = [{"whose style": style, "from this noise": noise, "your style loss": texture},
            {"a photograph": photo}]
    curves = {f"style of {PICTURE}": losses}
    for layer in KNOWN:
        seen, losses = _paint(noise, _features_of(student, run.net, photo, layer))
        rows[1][f"the same to {layer}"] = seen
        curves[f"features, {layer}"] = losses
    rough = photo + 0.8 * noise
    smooth, losses = _paint(rough, _near_and_smooth(student, rough))
    rows[0] |= {"with noise": rough, "and less rough": smooth}
    curves["total variation"] = losses
    return draw_panels(rows, curves, run.prepare.mean)


def draw_panels(rows, curves, mean):
    """The pictures in two rows, the losses as the last picture of the second."""
    columns = max(map(len, rows))
    with plots.style():
        figure = plots.figure(9.4, 4.4)
        panels = figure.subplots(2, columns)
        for axes in panels.flat:
            axes.set_axis_off()
        for row, found in zip(panels, rows):
            for axes, (name, x) in zip(row, found.items()):
                plots.show(axes, plots.to_image(np.uint8(np.clip(x[0] + mean, 0, 255).round())))
                axes.set_title(name)
        axes = panels[1, -1]
        axes.set_axis_on()
        for (name, losses), line in zip(curves.items(), ("-", "--", "-.", ":", (0, (5, 1)))):
            axes.semilogy(np.array(losses) / losses[0], label=name, linewidth=1.4, linestyle=line)
        axes.set(xlabel="step", title="your losses, 1 at first")
        axes.set_box_aspect(1)
        figure.legend(loc="outside lower center", ncols=3)
        figure.suptitle("Your losses paint; SqueezeNet judges")
    return figure


# ---- what is asked of a picture: functions of it, that give a loss and its gradient --------------

def _style_of(student, net, picture):
    """The style of a picture in all layers of STYLE, each of which counts alike, and smoothness."""
    trace = net.forward(picture, until=STYLE[-1])
    wanted = {layer: student.gram(trace[layer]) for layer in STYLE}
    scales = {}

    def judge(x):
        trace = net.forward(x, until=STYLE[-1])
        total, gradient = 0.0, np.zeros_like(x)
        for layer, target in wanted.items():
            y = trace[layer]
            loss, dy = student.style_loss(y, student.gram(y), target)
            scale = scales.setdefault(layer, 1 / float(loss))
            total += scale * float(loss)
            gradient += net.backward(trace, np.float32(scale) * dy, layer=layer,
                                     wrt_input=True)["input"]
        loss, dx = student.total_variation(x)
        scale = scales.setdefault("rough", ROUGH / float(loss))
        return total + scale * float(loss), gradient + np.float32(scale) * dx
    return judge


def _features_of(student, net, picture, layer):
    """The maps of one layer as they are in a picture."""
    target = net.forward(picture, until=layer)[layer]

    def judge(x):
        trace = net.forward(x, until=layer)
        loss, dy = student.feature_loss(trace[layer], target)
        return float(loss), net.backward(trace, dy, layer=layer, wrt_input=True)["input"]
    return judge


def _near_and_smooth(student, picture):
    """Few steps, and pixels near those of a picture."""
    weight = np.float32(0.4 / picture[0].size)

    def judge(x):
        near, gradient = student.feature_loss(x, picture)       # pixels are maps, too
        rough, dx = student.total_variation(x)
        return float(near) + weight * float(rough), gradient + weight * dx
    return judge


def _paint(x, judge):
    """Change a picture by Adam's steps, so that the judge's loss falls; the picture, the losses."""
    first, second, losses = np.zeros_like(x), np.zeros_like(x), []
    for step in range(1, STEPS + 1):
        loss, gradient = judge(x)
        losses.append(loss)
        first = 0.9 * first + 0.1 * gradient
        second = 0.99 * second + 0.01 * gradient ** 2
        size = np.sqrt(second / (1 - 0.99 ** step)) + 1e-20
        x = x - np.float32(RATE * (1 - step / STEPS)) * first / (1 - 0.9 ** step) / size
    return x.astype(np.float32), losses
