"""The student's gradients train a small net; the student's judge looks at them."""
from types import SimpleNamespace

import numpy as np

from ... import data, functional, plots
from . import checks

STEPS, BATCH, RATE = 60, 32, 0.1
STRIDE = 2
SHOWN = 9           # images
LIBRARY = SimpleNamespace(
    linear_backward=checks.linear_backward, relu_backward=checks.relu_backward,
    conv_backward=checks.conv_backward, softmax_cross_entropy=checks.softmax_cross_entropy)


def draw(student):
    """Draw a training, the student's numbers beside central differences, filters, and pixels.

    student: has numerical_gradient, linear_backward, relu_backward, conv_backward,
    softmax_cross_entropy and at_chance.
    Returns a matplotlib figure.
    """
    x, labels = _images()
    first = _initial()
    params, losses = _train(student, first, x, labels)
    _, library_losses = _train(LIBRARY, first, x, labels)
    with plots.style():
        figure = plots.figure(9, 5)
        panels = figure.subplot_mosaic([["loss", "loss", "judge", "judge"],
                                        ["filters", "learned", "images", "pixels"]],
                                       height_ratios=[1.2, 1])
        _draw_losses(panels["loss"], losses, library_losses, student.at_chance)
        _draw_judge(panels["judge"], student, params, x[:4], labels[:4])
        plots.show(panels["filters"], plots.filters_image(params["w"]))
        panels["filters"].set_title("the filters")
        plots.show(panels["learned"], plots.filters_image(params["w"] - first["w"]))
        panels["learned"].set_title("what training changed")
        shown = x[:SHOWN]
        low, high = shown.min(), shown.max()
        tiles = [(image[0] - low) / (high - low) for image in shown]
        plots.show(panels["images"], plots.mosaic(tiles, 3))
        panels["images"].set_title("images")
        _, _, dx = _gradients(student, params, shown, labels[:SHOWN])
        plots.show(panels["pixels"], plots.mosaic([plots.to_display(-d) for d in dx], 3))
        panels["pixels"].set_title("−dx: brighten what is light\nhere, and the loss falls")
        figure.suptitle("Your gradients train a net of 8 filters on images of clothes")
    return figure


def _images():
    """Enough images for one pass, of 14×14 pixels around 0, and their labels."""
    images, labels, _ = data.load("fashion-mnist-small", "train")
    images = images[:STEPS * BATCH].reshape(-1, 1, 14, 2, 14, 2).mean(axis=(3, 5))
    x = (images - images.mean()) / images.std()
    return x.astype(np.float32), labels[:STEPS * BATCH].astype(np.int64)


def _initial():
    """Filters w by He's rule; weights v so small that all scores begin near 0; biases of zeros."""
    rng = np.random.default_rng(0)
    w = rng.standard_normal((8, 1, 5, 5)) * np.sqrt(2 / 25)
    v = rng.standard_normal((10, 200)) * 0.01
    params = {"w": w, "b": np.zeros(8), "v": v, "a": np.zeros(10)}
    return {name: value.astype(np.float32) for name, value in params.items()}


def _forward(params, x):
    """Scores, and what was before the ReLU and the last layer."""
    maps, _ = functional.conv_forward(x, params["w"], params["b"], stride=STRIDE)
    features = functional.relu_forward(maps)[0].reshape(len(x), -1)
    scores, _ = functional.linear_forward(features, params["v"], params["a"])
    return scores, maps, features


def _gradients(student, params, x, labels):
    """The student's loss, and its gradients: of all parameters, and of the pixels."""
    scores, maps, features = _forward(params, x)
    loss, dscores = student.softmax_cross_entropy(scores, labels)
    dfeatures, dv, da = student.linear_backward(dscores, features, params["v"])
    dmaps = student.relu_backward(dfeatures.reshape(maps.shape), maps)
    dx, dw, db = student.conv_backward(dmaps, x, params["w"], stride=STRIDE, pad=0)
    return float(loss), {"w": dw, "b": db, "v": dv, "a": da}, dx


def _train(student, params, x, labels):
    """Plain gradient descent, one step for each batch. Returns new parameters, and the losses."""
    losses = []
    for begin in range(0, len(x), BATCH):
        batch = slice(begin, begin + BATCH)
        loss, gradients, _ = _gradients(student, params, x[batch], labels[batch])
        params = {name: value - np.float32(RATE) * gradients[name]
                  for name, value in params.items()}
        losses.append(loss)
    return params, losses


def _draw_losses(axes, losses, library_losses, at_chance):
    """The student's losses over the library's, and where a net begins that knows nothing."""
    axes.axhline(at_chance, color=plots.GRAY, linewidth=1, linestyle=":")
    axes.text(len(losses), at_chance, "your prediction", color=plots.NOTE, ha="right", va="bottom")
    axes.plot(library_losses, color=plots.ORANGE, linewidth=3.5, label="the library's gradients")
    axes.plot(losses, color=plots.BLUE, linewidth=1.2, label="your gradients")
    axes.set(xlabel="step", ylabel="loss", ylim=(0, None), title="the loss falls")
    axes.legend(loc="lower left")


def _draw_judge(axes, student, params, x, labels):
    """Each weight of the filters: what the way down says, and what central differences say."""
    params = {name: value.astype(float) for name, value in params.items()}
    x = x.astype(float)

    def loss_of(w):
        scores, _, _ = _forward(params | {"w": w}, x)
        return np.array([student.softmax_cross_entropy(scores, labels)[0]])

    _, gradients, _ = _gradients(student, params, x, labels)
    # so large an h that a loss computed in float32 is good enough too
    differences = student.numerical_gradient(loss_of, params["w"], np.ones(1), h=1e-3)
    ends = [differences.min(), differences.max()]
    axes.plot(ends, ends, color=plots.GRAY, linewidth=1)
    axes.plot(differences.ravel(), gradients["w"].ravel(), "o", color=plots.BLUE, markersize=3)
    axes.set(xlabel="your central differences", ylabel="your conv_backward",
             title=f"{differences.size} weights: do both agree?")
