# %% [markdown]
# # 14. The judge: a trained net compares pictures
#
# - **Question:** Two pictures can differ a lot in their pixels and look the same, or differ little
#   and look quite different. What would compare them as we do, and what can one build with that?
# - **In the paper:** Johnson, Alahi and Fei-Fei (2016), sections 3.2 and 4.2
# - **Running time:** about 3 seconds on two cores
# - **Before it:** lesson 2 (gradient), lesson 4 (deconvnet)
#
# All lessons before asked what a net sees. This one lets it judge: two pictures are alike if the
# net sees the same in them. And since signals come down from its features to the pixels, as in
# lesson 4, a second net can learn from that judgment.

# %%
import numpy as np

from numpyzf import data, plots
from numpyzf.functional import conv_transpose
from numpyzf.perceptual import functional, judge, losses, pictures
from numpyzf.perceptual.superres import enlarge

# %% [markdown]
# ## By hand
#
# An edge of 8 pixels. Moved by one pixel it still is an edge; blurred, it is none any more:
#
#     edge       0 0 0 0 1 1 1 1
#     moved      0 0 0 1 1 1 1 1        one pixel differs by 1
#     blurred    0 0 ¼ ½ ½ ¾ 1 1        four differ, by ¼ and by ½
#
# The *pixel loss* is the mean of the squared differences. **Predict** which of the two it prefers.

# %%
edge = np.array([0, 0, 0, 0, 1, 1, 1, 1.])
moved = np.array([0, 0, 0, 1, 1, 1, 1, 1.])
blurred = np.array([0, 0, 0.25, 0.5, 0.5, 0.75, 1, 1])
for name, row in (("moved", moved), ("blurred", blurred)):
    print(f"{name:8} {np.mean((row - edge) ** 2):.4f}")

# %% tags=["numbers"]
[edge.size, 0, 0, 0, 0, 1, 1, 1, 1, *moved.astype(int), 1, 0, 0, 1, 1]

# %% tags=["check"]
as_picture = lambda row: row.reshape(1, 1, 1, -1)
value, _ = losses.pixel(as_picture(blurred), as_picture(edge))
assert value == np.mean((blurred - edge) ** 2) < losses.pixel(as_picture(moved),
                                                              as_picture(edge))[0]

# %% [markdown]
# It prefers the blurred one. A net that learns to enlarge pictures from this loss learns to blur:
# where it can't know at which pixel an edge lies, the mean of all the places costs least.

# %% [markdown]
# ## What a trained net says
#
# The judge is SqueezeNet, which comes with numpyzf and has learned to name a million photographs.
# Nobody trains it here. It looks at two pictures up to its layer fire3, and the *feature loss* is
# the mean squared difference of what it sees. A photograph, moved by one pixel, and blurred:

# %%
photo = pictures.from_bytes(data.load_image(data.photograph("raccoon"), 160))[None]

def blur(x, factor):
    """Pictures made smaller and enlarged again."""
    height, width = x.shape[2:]
    small = pictures.resize(x, height // factor, width // factor)
    return pictures.resize(small, height, width)

changed = {"moved": np.roll(photo, 1, axis=3), "blurred": blur(photo, 4)}
seen = judge.judge_of("squeezenet", ["fire3"])

def feature_loss(judge, x, y):
    """How differently a judge sees two pictures, in its one layer."""
    layer, = judge.layers
    return losses.feature(judge.features(x)[layer], judge.features(y)[layer])[0]

by_pixels = {name: losses.pixel(x, photo)[0] for name, x in changed.items()}
by_judge = {name: feature_loss(seen, x, photo) for name, x in changed.items()}
for name in changed:
    print(f"{name:8} pixel loss {by_pixels[name]:.4f}   feature loss {by_judge[name]:5.0f}")

# %% tags=["check"]
assert by_pixels["moved"] > 1.3 * by_pixels["blurred"]
assert by_judge["moved"] < 0.3 * by_judge["blurred"]

# %% tags=["cover"]
titles = ("the photograph", "moved by one pixel", "blurred")
with plots.style():
    figure = plots.figure(7.2, 2.6)
    for axes, title, x in zip(figure.subplots(1, 3), titles, (photo, *changed.values())):
        plots.show(axes, plots.to_image(pictures.to_bytes(x[0])))
        axes.set_title(title)
figure

# %% [markdown]
# The pixels find the moved photograph farther away than the blurred one. The judge finds the
# blurred one several times as far: fur is gone, and fur is what it has learned to look at.
#
# Is it the training, or would any net do? A control: the same net with random weights. **Predict**
# by what factor it tells the two apart.

# %%
random = judge.judge_of("squeezenet", ["fire3"], random=0)
by_random = {name: feature_loss(random, x, photo) for name, x in changed.items()}
for name, found in (("trained", by_judge), ("random", by_random)):
    print(f"{name:8} blurred / moved: {found['blurred'] / found['moved']:.1f}")

# %% tags=["check"]
factors = [found["blurred"] / found["moved"] for found in (by_judge, by_random)]
assert factors[0] > 2 * factors[1] > 1

# %% [markdown]
# Random filters see something of it, since blur takes away what they respond to. But it takes a
# trained net to see it that clearly.

# %% [markdown]
# ## Down again
#
# To learn from the judge one needs the gradient of the loss with respect to the *picture*. The way
# is known: seed the layer with the gradient of the loss with respect to its output, and go down as
# in lesson 4, by the rule "gradient". No weight of the judge is touched. As always: is it right?
# Move the picture a little in a random direction, and compare.

# %%
def judged(x, target):
    """The feature loss and its gradient with respect to x."""
    own, other = seen.features(x), seen.features(target)
    value, signal = losses.feature(own["fire3"], other["fire3"])
    return value, seen.pull(own, {"fire3": signal}, 3)

small = photo[:, :, :40, :40].astype(np.float64)
other = blur(small, 2)
direction = np.random.default_rng(0).standard_normal(small.shape)
step = 1e-6 * direction
measured = (judged(other + step, small)[0] - judged(other - step, small)[0]) / 2e-6
computed = (judged(other, small)[1] * direction).sum()
print(f"measured {measured:.4f}, by the gradient {computed:.4f}")

# %% tags=["check"]
assert np.isclose(measured, computed, rtol=1e-4)

# %% [markdown]
# ## Style: what remains when places are forgotten
#
# The *Gram matrix* of a layer says which two maps fire together, summed over all places. So it
# can't say where. Move every place of the maps to another one, at random: the features are another
# picture's, the Gram matrix is the same. That is what "style" means in the paper.

# %%
maps = seen.features(photo)["fire3"]
order = np.random.default_rng(0).permutation(maps.shape[2] * maps.shape[3])
shuffled = maps.reshape(*maps.shape[:2], -1)[:, :, order].reshape(maps.shape)
print(f"features differ by {losses.feature(shuffled, maps)[0]:.0f}, "
      f"Gram matrices by {np.abs(losses.gram(shuffled) - losses.gram(maps)).max():.0e}")

# %% tags=["check"]
assert losses.feature(shuffled, maps)[0] > 100
assert np.allclose(losses.gram(shuffled), losses.gram(maps), rtol=1e-6)
value, signal = losses.style(shuffled, losses.gram(maps))
assert value < 1e-6 and losses.gram(maps).shape == (1, 128, 128)

# %% [markdown]
# `numpyzf style transfer CONTENT STYLE` makes a picture whose features are those of one picture,
# and whose Gram matrices are those of another one.

# %% [markdown]
# ## Made larger
#
# Two networks come with numpyzf that enlarge pictures 4 times. They are built the same, and have
# learned from the same photographs. One was trained by the pixel loss, the other by the feature
# loss, with a little of the pixel loss that holds the colors. Neither has seen this raccoon.
# **Predict** which one is nearer in pixels, and which one is sharper.

# %%
original = pictures.crop_to_multiple(data.load_image(data.photograph("raccoon")), 4)
low = pictures.low_resolution(original, 4)
made = {"bicubic": pictures.enlarge_bicubic(low, 4)}
made |= {name: enlarge.open_enlarger(name)(low) for name in ("pixel", "feature")}
sharp = pictures.gradient_energy(original, crop=4)
psnr, edges = {}, {}
for name, picture in made.items():
    psnr[name] = pictures.psnr(picture, original, crop=4)
    edges[name] = pictures.gradient_energy(picture, crop=4) / sharp
    print(f"{name:8} PSNR {psnr[name]:.2f} dB   energy of edges {edges[name]:.0%} of the "
          "original's")

# %% tags=["numbers"]
[4]

# %%
row, column = 110, 190          # the eyes
with plots.style():
    figure = plots.figure(7.2, 2.2)
    for axes, (name, picture) in zip(figure.subplots(1, 4), {**made, "original": original}.items()):
        part = picture[:, row - 44:row + 44, column - 44:column + 44]
        plots.show(axes, plots.to_image(part))
        axes.set_title(name)
figure

# %% tags=["check"]
assert psnr["pixel"] > psnr["bicubic"] + 0.5 and psnr["pixel"] > psnr["feature"]
assert edges["bicubic"] < edges["pixel"] < edges["feature"]

# %% [markdown]
# The feature loss is sharper. In pixels the pixel loss wins, but here by next to nothing: the
# judge was asked for its first layer alone, relu1, which sees little more than edges. The paper's
# judge is asked further up: its feature loss costs more, and people prefer it. Asked for fire3 as
# well, our network becomes sharper still, loses more, and draws a weave into fur that is on no
# raccoon: this judge looks at pixels in strides and takes maxima, and what it can't see, nobody
# forbids. (Try it: `numpyzf superres train FOLDER --loss feature --begin pixel --layers relu1,fire3
# --out sharper`.)

# %% [markdown]
# ## The grid
#
# The paper's network enlarges by transposed filtering of stride ½: what the deconvnet looks with is
# here the layer that draws. But count how many taps reach each pixel when filters of 3 pixels are
# laid down every 2: one, two, one, two. With a constant signal, and filters of ones:

# %%
ones = np.ones((1, 1, 4, 4), np.float32)
taps = conv_transpose(ones, np.ones((1, 1, 3, 3), np.float32), stride=2, pad=1, size=(8, 8))
print(taps[0, 0, :5, :5].astype(int))

# %% tags=["numbers"]
[3, 2]

# %% tags=["check"]
assert set(np.unique(taps[0, 0, 1:-1, 1:-1])) == {1, 2, 4}
even = conv_transpose(ones, np.ones((1, 1, 4, 4), np.float32), stride=2, pad=1, size=(8, 8))
assert len(np.unique(even[0, 0, 1:-1, 1:-1])) == 1              # 4 is a multiple of 2

# %% [markdown]
# One, two, four: a grid, before anything is learned. Filters whose size is a multiple of the stride
# have none at first, but may learn one. The networks that come along enlarge last, by giving each
# of 16 maps its place in a square of 4×4 pixels, and then take the mean over 4 neighbors. Whatever
# those 16 maps do, a pattern that repeats every 4 pixels adds up to nothing:

# %%
pattern = np.random.default_rng(0).random((1, 1, 4, 4))
grid = np.tile(pattern, (6, 6))
smooth = functional.smooth(grid, factor=4)[0, 0, 4:-4, 4:-4]        # without the border
print(f"before: {grid.std():.2f}, after: {smooth.std():.0e}")

# %% tags=["numbers"]
[16, pattern.shape[2], pattern.shape[3], 4, 16, 4]

# %% tags=["check"]
assert grid.std() > 0.2 and smooth.std() < 1e-12

# %% [markdown]
# ## What to take along
#
# - A loss on pixels asks for the mean of all that could be; the mean of edges is a blur.
# - A trained net is a loss: the difference of what it sees. Its gradient comes down as in lesson 4.
# - A Gram matrix keeps what fires together, and forgets where.
# - Transposed filtering is the deconvnet's way to look, and a way to draw. It brings grids along.
# - The judge's taste is what it was trained for. Show the control.
#
# `perceptual/judge.py` and `losses.py` are the whole judge; `perceptual/superres/train.py` trains
# by it. `numpyzf superres page FOLDER` shows your own pictures side by side.

# %% [markdown]
# ## Exercises
#
# 1. Make the photograph darker, by a tenth. **Predict** whether the judge in fire3 finds that worse
#    than the blur, and whether the pixels do.
# 2. **Predict** the gradient of the feature loss where both pictures are the same.
# 3. The Gram matrix of maps that are all twice as large: **predict** the factor, and that of the
#    style loss against a Gram matrix of zeros.
#
# Write the losses yourself, with their gradients: `numpyzf lab start losses`.

# %% [markdown] tags=["answer"]
# **1.** Pixels and judge agree: the blur is farther away. But the judge finds the darker photograph
# much nearer, compared with the blur, than the pixels do: its filters look for edges, and edges
# stay.

# %% tags=["answer"]
darker = 0.9 * photo
print(losses.pixel(darker, photo)[0] / by_pixels["blurred"],
      feature_loss(seen, darker, photo) / by_judge["blurred"])
assert (feature_loss(seen, darker, photo) / by_judge["blurred"]
        < 0.2 * losses.pixel(darker, photo)[0] / by_pixels["blurred"])

# %% [markdown] tags=["answer"]
# **2.** Zero: it is proportional to the difference of the features, and there is none.

# %% tags=["answer"]
value, gradient = judged(photo, photo)
print(value, np.abs(gradient).max())
assert value == 0 and not gradient.any()

# %% [markdown] tags=["answer"]
# **3.** A product of two maps, so four times; the loss squares it once more, so sixteen times.

# %% tags=["answer"]
nothing = np.zeros_like(losses.gram(maps))
once, twice = (losses.style(factor * maps, nothing)[0] for factor in (1, 2))
print(losses.gram(2 * maps).max() / losses.gram(maps).max(), twice / once)
assert np.isclose(twice / once, 16)
