# %% [markdown]
# # 5. Training a small ZFNet on one page, and why it can sit at chance
#
# - **Question:** What does it take to train a convnet, all of it? And why does the same program,
#   with other first weights, learn nothing at all?
# - **In the paper:** section 3
# - **Running time:** about 15 seconds on two cores
# - **Before it:** lesson 2 (the gradient)
#
# The paper trains its net by stochastic gradient descent: some images, up, the loss, down, a small
# step against the gradient, and again. There is a momentum, and one odd rule for the filters. That
# is all, and it fits on a page.
#
# Then the same page is run with the first weights that the paper gives. The loss doesn't move. You
# will see why in a batch of images, before any training.

# %%
import numpy as np

from numpyzf import data, models, plots
from numpyzf.functional import softmax_cross_entropy
from numpyzf.paper.recipe import draw, measure

# %% [markdown]
# ## The images
#
# 10,000 small gray pictures of clothes come with the package, and 2,000 others to test on: a part
# of Fashion-MNIST, ten classes, 28×28 pixels. The net's input are pixels around zero with a
# deviation of 1.

# %%
train, test = (data.load("fashion-mnist-small", split) for split in ("train", "test"))
mean, deviation = train.images.mean(axis=0), train.images.std()

def prepare(images):
    """Bytes (N, 1, 28, 28) to the net's input."""
    return ((images - mean) / deviation).astype(np.float32)

print(train.images.shape, test.images.shape, *train.classes, sep="  ")

# %% tags=["numbers"]
[len(train.images), len(test.images), *train.images.shape[2:], round(prepare(train.images).std())]

# %% tags=["check"]
assert len(train.classes) == 10
assert {*np.bincount(test.labels)} == {200}             # classes of equal size: chance is a tenth
assert abs(prepare(train.images).mean()) < 1e-3

# %%
chosen = [np.flatnonzero(train.labels == label)[:3] for label in range(10)]
with plots.style():
    figure = plots.figure(7, 2.4)
    for label, axes in enumerate(figure.subplots(1, 10)):
        tiles = [plots.to_image(train.images[n]) for n in chosen[label]]
        plots.show(axes, plots.grid(tiles, 1))
        axes.set_title(train.classes[label].split("/")[0], fontsize=7)
figure

# %% [markdown]
# ## The page
#
# `models.labnet` is the paper's net for small images: five convolutions, three pools, contrast
# normalization, three fully connected layers with dropout, but 32 to 64 maps in place of hundreds.
# Its `forward` and `backward` are lesson 1 and 2, layer after layer. The rest stands here. It is
# what `numpyzf train` does, without files, validation and a falling rate, which `training.py` and
# `runs/` have.

# %%
def train_net(count, *, initialization="he", batch=32, rate=0.01, momentum=0.9, radius=0.1, seed=0):
    """Show a lab net `count` pictures of clothes, each once; returns it and its losses."""
    rng = np.random.default_rng(seed)

    # The net, and for every parameter the step that it made last.
    net = models.labnet(len(train.classes)).initialize(rng, initialization)
    velocity = {name: np.zeros_like(w) for name, w in net.parameters.items()}

    losses = []
    order = rng.permutation(len(train.images))[:count]
    for start in range(0, len(order), batch):
        rows = order[start:start + batch]

        # Up, the loss, and down: one gradient for every parameter.
        trace = net.forward(prepare(train.images[rows]), train=True, rng=rng)
        loss, dscores = softmax_cross_entropy(trace.scores, train.labels[rows])
        gradients = net.backward(trace, dscores)
        losses.append(loss)

        # Momentum: a part of the last step, and a step against the gradient.
        for name, w in net.parameters.items():
            velocity[name] = momentum * velocity[name] - rate * gradients[name]
            w += velocity[name]

        # No filter of a convolution may have an RMS value above the radius.
        for name in net.convolutions:
            w = net.layers[name].params["w"]
            rms = np.sqrt(np.mean(w ** 2, axis=(1, 2, 3), keepdims=True))
            w *= radius / np.maximum(rms, radius)
    return net, losses

def accuracy(net):
    """The share of test images whose largest score is that of their class."""
    return np.mean(net.predict(prepare(test.images)).argmax(axis=1) == test.labels)

# %% tags=["numbers"]
[*sorted({net.shape[0] for name, net in models.labnet().parameters.items()
          if name.startswith("conv")})[::2]]

# %% tags=["check"]
layers = [*models.labnet().layers]
assert [sum(name.startswith(kind) for name in layers) for kind in ("conv", "pool", "fc")] \
       == [5, 3, 3]

# %% [markdown]
# It is shown 3,000 of the images, each once. How well does it do?

# %%
untrained, _ = train_net(0)
net, losses = train_net(3000)
print(f"untrained: {accuracy(untrained):.2f} of the test images right")
print(f"trained:   {accuracy(net):.2f}, loss at the start {np.mean(losses[:5]):.1f}, "
      f"at the end {np.mean(losses[-20:]):.1f}")

# %% tags=["numbers"]
[32 * len(losses) // 1000 * 1000]

# %% tags=["check"]
assert len(losses) == 94 and 0 <= 94 * 32 - 3000 < 32
assert accuracy(untrained) < 0.25 and accuracy(net) > 0.5
assert np.mean(losses[-20:]) < 0.65 * np.mean(losses[:5])

# %% [markdown]
# Some seconds, and it is right more often than not, where guessing is right one time in ten. (All
# images, ten times, and a falling rate: `numpyzf train` gets much further.)
#
# Three things in it deserve a look.
#
# **The loss at the start.** The loss is minus the logarithm of the probability that the net gives
# to the right class. If it gives the same to each of 10 classes, that is −ln(1/10) = 2.30. Every
# training should begin there. One that begins far above is sure of nonsense.
#
# **Momentum.** If the gradient stays the same, each step adds to the last one, and the steps grow
# to 1/(1 − 0.9) = 10 times the rate. If it changes its sign from batch to batch, they cancel.
#
# **The radius.** The paper saw a few filters of its first layer grow until they drowned the others.
# So each filter whose RMS value exceeds 0.1 is scaled back to it (`training.renormalize_filters`).
# After so short a training none has got there. But look which layer has grown: conv1, from 0.01.

# %%
rms = measure.filter_sizes(net)
for name, sizes in rms.items():
    print(f"{name}: RMS values of the filters {sizes.min():.3f} … {sizes.max():.3f}")

# %% tags=["numbers"]
[len(train.classes), 1, 10, round(-np.log(1 / 10), 2), 1, 1, 0.9, round(1 / (1 - 0.9)), 0.1,
 measure.filter_sizes(untrained)["conv1"].mean()]

# %% tags=["check"]
assert abs(np.mean(losses[:5]) - np.log(10)) < 0.05
step = 0
for _ in range(200):
    step = 0.9 * step - 0.01
assert abs(step / -0.01 - 10) < 1e-6
grown = {name: sizes.mean() / measure.filter_sizes(untrained)[name].mean()
         for name, sizes in rms.items()}
assert grown.pop("conv1") > 2 and max(grown.values()) < 1.2
assert max(sizes.max() for sizes in rms.values()) < 0.1

# %% [markdown]
# ## The same page, at chance
#
# "Weights start at 1e-2", says the paper. Read that as a Gaussian of deviation 0.01. Our net began
# with something else: He's, where a unit with n inputs gets weights of deviation √(2/n). (Only
# conv1 begins with 0.01 either way; `Network.initialize`.) Here is the paper's start, with
# everything else as before.

# %%
stalled, flat = train_net(3000, initialization="paper")
print(f"paper's start: {accuracy(stalled):.2f} of the test images right, loss at the start "
      f"{np.mean(flat[:5]):.2f}, at the end {np.mean(flat[-20:]):.2f}")

# %% tags=["numbers"]
[1e-2, 0.01, 2, 0.01]

# %% tags=["cover"]
def smooth(values):
    """Means of ten neighbors."""
    return np.convolve(values, np.ones(10) / 10, "valid")

with plots.style():
    figure = plots.figure(6, 2.6)
    axes = figure.subplots()
    for values, name, color in ((losses, "He's start", plots.BLUE),
                                (flat, "a Gaussian of 0.01", plots.ORANGE)):
        axes.plot(smooth(values), color=color, label=name)
    axes.axhline(np.log(10), color=plots.GRAY, linestyle=":", label="guessing")
    axes.set(xlabel="steps", ylabel="loss", ylim=(0, 2.6))
    axes.grid(color=plots.GRID, linewidth=0.8)
    axes.legend()
figure

# %% [markdown]
# It is not slow, it doesn't move. The answer is the same class for nearly every image. And nothing
# says that something is wrong: no error, no NaN. Others who built the paper's nets again report the
# same, for thousands of steps.

# %% tags=["check"]
assert np.abs(smooth(flat) - np.log(10)).max() < 0.05
assert accuracy(stalled) < 0.15
answers = stalled.predict(prepare(test.images)).argmax(axis=1)
assert np.bincount(answers).max() > 0.9 * len(test.images)

# %% [markdown]
# ## Why
#
# One batch and no training tells it. A unit adds up n numbers, each times a weight of deviation s.
# If the numbers are about as large as a, their sum is about s·√n·a. The ReLU then removes half of
# the energy. So a layer multiplies the size of the signal by about s·√(n/2). With s = 0.01 and a
# few hundred inputs that is far below 1, and it happens in each of eight layers. The gradient comes
# down through the same weights and shrinks in the same way. He's s = √(2/n) is made so that the
# factor is 1.

# %%
x, labels = prepare(train.images[:200]), train.labels[:200]
nets = {"He's start": models.labnet().initialize(np.random.default_rng(0), "he"),
        "a Gaussian of 0.01": models.labnet().initialize(np.random.default_rng(0), "paper")}
signals = {name: measure.measure(net, x, labels) for name, net in nets.items()}

# %%
draw.draw(signals)

# %% tags=["numbers"]
[2, 0.01, 1, 2, 1]

# %% tags=["check"]
he, paper = signals.values()
assert len(paper.layers) == 8 and 100 < np.median(paper.inputs) < 1000
factors = paper.activations[1:] / paper.activations[:-1]
expected = 0.01 * np.sqrt(paper.inputs[1:] / 2)
assert (expected < 0.3).all() and (factors < 0.5).all()
assert ((factors / expected > 0.4) & (factors / expected < 2.5)).all()
deep = [layer.startswith("conv") for layer in paper.layers]
shrunk = [s.activations[-1] / s.activations[0] for s in (paper, he)]
assert shrunk[0] < 1e-5 and shrunk[1] > 0.1
assert paper.gradients[0] < 1e-4 * he.gradients[0]
assert np.median(paper.changes[1:]) < 1e-3 * np.median(he.changes[1:])

# %% [markdown]
# Left, going up: from conv1 to fc8 the paper's start loses all but a trace of the signal, He's
# keeps it. So the scores are nearly 0 whatever the image. Middle, going down: the gradient is gone
# before it reaches the first layers. Right, what decides: a weight's gradient is a product of both,
# of what comes up to it and of what comes down. The curve says by which part of itself one step
# changes the weights. At this rate the middle layers would take more than a hundred million steps
# to become others.
#
# Only biases get a gradient worth the name. But a bias adds the same for every image. All that it
# can learn is how frequent the classes are, and that is the flat line.
#
# Here are the factors from one layer to the next, as predicted and as measured.

# %%
print("layer   inputs   predicted   measured")
for name, n, predicted, factor in zip(paper.layers[1:], paper.inputs[1:], expected, factors):
    print(f"{name:6} {n:7.0f}   {predicted:9.2f}   {factor:8.2f}")

# %% tags=["numbers"]
[0]

# %% tags=["check"]
assert np.abs(stalled.predict(x)).max() < 0.3
trace = nets["a Gaussian of 0.01"].forward(x)
_, dscores = softmax_cross_entropy(trace.scores, labels)
grads = nets["a Gaussian of 0.01"].backward(trace, dscores)
of_biases, of_weights = (max(np.abs(value).max() for name, value in grads.items()
                             if name.endswith(kind)) for kind in (".b", ".w"))
assert of_weights < 1e-3 * of_biases
assert np.median(paper.changes[1:6]) < 1e-8

# %% [markdown]
# Predicted and measured agree to a factor of two or so; pools and contrast normalization have a
# part in it.
#
# Then how could the paper train? Its net is wide. A unit of its fc6 has 9,216 inputs, so the factor
# is 0.68 there, not 0.15 as in fc6 of ours. And its pixels are about a hundred times larger. The
# recipe fits its net, it doesn't fit ours. (`numpyzf reproduce training` compares them.)

# %% tags=["numbers"]
[models.zfnet().parameters["fc6.w"].shape[1], round(0.01 * np.sqrt(9216 / 2), 2),
 round(0.01 * np.sqrt(models.labnet().parameters["fc6.w"].shape[1] / 2), 2)]

# %% [markdown]
# ## What to take along
#
# - Training is up, loss, down, step. The rest is book-keeping.
# - A loss that stays at the logarithm of the number of classes is a net that guesses.
# - Look at the size of the signal in each layer before you look for a bug.

# %% [markdown]
# ## Exercises
#
# 1. **Predict** the loss of a net with 1,000 classes that has learned nothing, before you work it
#    out.
# 2. The radius is 0.1. **Predict** which convolutions' filters exceed it at He's start, and which
#    would with a radius of 0.055.
# 3. The gradient has been the same for a long time, and now it is suddenly 0. **Predict** after how
#    many steps the step is less than half as long, with a momentum of 0.9.
# 4. Give all weights of the net, biases aside, the *same* small number. **Predict** how the filters
#    of conv1 differ after a step.
#
# Then write momentum, dropout and renormalization yourself: `numpyzf lab start training`.

# %% tags=["numbers"]
[1000, 0.1, 0.055, 0, 0.9]                              # what the reader is to try

# %% [markdown] tags=["answer"]
# **1.** ln 1,000 = 6.91.

# %% tags=["answer"]
loss_of_guessing, _ = softmax_cross_entropy(np.zeros((1, 1000)), [3])
assert np.isclose(loss_of_guessing, np.log(1000))

# %% tags=["numbers"]
[1000, round(loss_of_guessing, 2)]

# %% [markdown] tags=["answer"]
# **2.** √(2/n) is 0.05 for conv2, with 800 inputs, and below 0.07 for conv3, conv4 and conv5. None
# exceeds 0.1. Above 0.055 are the filters of conv3, conv4 and conv5, nearly all of them.

# %% tags=["answer"]
begun = measure.filter_sizes(nets["He's start"])
assert all(sizes.max() < 0.1 for sizes in begun.values())
above = {name: np.mean(sizes > 0.055) for name, sizes in begun.items()}
assert above["conv1"] == 0 and above["conv2"] < 0.1
assert min(above["conv3"], above["conv4"], above["conv5"]) > 0.9

# %% tags=["numbers"]
[2, np.sqrt(2 / 800), models.labnet().parameters["conv2.w"][0].size, 0.07, 0.1, 0.055]

# %% tags=["answer"]
inputs = {name: models.labnet().parameters[f"{name}.w"][0].size for name in begun}
assert np.sqrt(2 / min(inputs[name] for name in ("conv3", "conv4", "conv5"))) < 0.07

# %% [markdown] tags=["answer"]
# **3.** After k steps it is 0.9 to the power of k: after 7 steps, 0.48.

# %% tags=["answer"]
powers = 0.9 ** np.arange(20)
assert np.flatnonzero(powers < 0.5)[0] == 7

# %% tags=["numbers"]
[0.9, np.flatnonzero(powers < 0.5)[0], round(0.9 ** 7, 2)]

# %% [markdown] tags=["answer"]
# **4.** Not at all. Filters that begin the same see the same, get the same gradient, and stay the
# same. Random numbers are there to make them differ. (Contrast normalization treats the first and
# last maps a little differently, so leave it out to see it exactly.)

# %% tags=["answer"]
same = models.build(10, (1, 28, 28), (5, 1, 2), (32, 48), (5, 1, 2), (64, 64, 48), (256, 256), 0.25)
plain = type(same)([(name, layer) for name, layer in same.layers.items() if "norm" not in name],
                   (1, 28, 28))
for name, value in plain.parameters.items():
    value[...] = 0.01 if name.endswith(".w") else 0
passed = plain.forward(x[:20])
after = plain.backward(passed, softmax_cross_entropy(passed.scores, labels[:20])[1])["conv1.w"]
assert np.allclose(after, after[:1], rtol=1e-3, atol=1e-6 * np.abs(after).max())
