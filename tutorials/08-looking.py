# %% [markdown]
# # 8. Choosing an architecture by looking
#
# - **Question:** How large should the filters of the first layer be, and how far apart? Can you see
#   a bad choice, without training ten nets?
# - **In the paper:** section 4.2 and Figure 6
# - **Running time:** about 4 seconds on two cores
# - **Before it:** lesson 1 (convolution), lesson 4 (the deconvnet)
#
# The paper looked at the net of the year before, whose first layer has filters of 11×11 pixels in
# strides of 4. Some filters were dead, waves of middle length were covered badly, and pictures of
# the second layer had patterns in them that weren't in the photographs: aliasing. The paper changed
# the layer to 7×7 in strides of 2.
#
# Aliasing needs no net. You can work it out on one row of pixels. So you begin there, then watch a
# convolution do it, then a photograph. At the end two small nets are trained, and you ask which of
# all this is found at that size. Not all of it is.

# %%
import numpy as np
from matplotlib import cbook

from numpyzf import data, functional, plots, runs, training
from numpyzf.data.preprocess import Preparation
from numpyzf.layers import Conv, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network
from numpyzf.paper.figure6 import draw, measure

# %% tags=["numbers"]
[11, 11, 4, 7, 7, 2]                                # the paper's

# %% [markdown]
# ## One row of pixels, by hand
#
# Two rows of pixels. In the first a wave goes up and down once in 12 pixels, in the second twice
# as often, once in 6. A layer in strides of 4 computes something at pixels 0, 4, 8, 12 and nowhere
# else. Read only these columns.

# %%
pixel = np.arange(13)
slow, fast = np.cos(2 * np.pi * pixel / 12), np.cos(2 * np.pi * pixel / 6)
print("pixel     ", *(f"{p:5}" for p in pixel))
print("period 12 ", *(f"{value:5.2f}" for value in slow))
print("period 6  ", *(f"{value:5.2f}" for value in fast))

# %% tags=["numbers"]
[12, 6, 4, *pixel[::4]]

# %% [markdown]
# At each of the four places both waves have the same value: 1, −0.5, −0.5, 1. Whatever comes after
# this layer can't know which of them was there. In strides of 2 the rows differ at once: at pixel
# 2 the slow one is at 0.5, the fast one at −0.5.
#
# The rule is simple. Count waves in periods per pixel. In strides of s, two waves are the same if
# their counts, with either sign, differ by 1/s. Here 1/6 − 1/4 = −1/12. So each wave shorter than
# *two strides* looks like a longer one: shorter than 8 pixels in strides of 4, shorter than 4
# pixels in strides of 2. And a wave of exactly 4 pixels, in strides of 4, looks like no wave at
# all.

# %% tags=["numbers"]
[*slow[::4].round(9), 2, 2, slow[2].round(9), fast[2].round(9), 1, 1, 6, 1, 4, -1, 12,
 2 * 4, 4, 2 * 2, 2, 4, 4]

# %% tags=["check"]
assert np.allclose(slow[::4], fast[::4]) and not np.allclose(slow[::2], fast[::2])
assert np.isclose(1 / 6 - 1 / 4, -1 / 12)
assert np.ptp(np.cos(2 * np.pi * pixel / 4)[::4]) < 1e-9        # a wave of 4 pixels
for period in (9, 10, 12, 24):                                  # longer than two strides: unlike
    shorter = np.cos(2 * np.pi * pixel / period)
    assert not any(np.allclose(shorter[::4], np.cos(2 * np.pi * pixel / other)[::4])
                   for other in (9, 10, 12, 24) if other != period)

# %% [markdown]
# ## A convolution does the same
#
# Does a filter help? It looks at 7×7 pixels around each place, not at one. Here are three gratings,
# of 12, 6 and 4.8 pixels, and one filter of random numbers. A filter answers a grating with a
# grating of the same period, stronger or weaker. So its map in strides of 4 has the same trouble.
# Each map is measured: how long is its strongest wave, in pixels of the picture? Below, one row of
# each map: thin and gray what the filter answers at every pixel, in color what is left in strides.

# %%
rng = np.random.default_rng(8)
w = rng.standard_normal((1, 1, 7, 7), np.float32)
periods = (12, 6, 4.8)
gratings = np.stack([np.cos(2 * np.pi * np.arange(102) / period) for period in periods])
gratings = np.repeat(gratings[:, None, None], 102, axis=2).astype(np.float32)  # (3, 1, 102, 102)

seen, answers = {}, {}
for stride in (1, 2, 4):
    y, _ = functional.conv_forward(gratings, w, np.zeros(1, np.float32), stride=stride)
    for period, row in zip(periods, y[:, 0, 0]):            # all rows of a map are alike
        waves = np.abs(np.fft.rfft(row)).argmax()           # how many across the map
        seen[period, stride], answers[period, stride] = len(row) * stride / waves, row

with plots.style():
    figure = plots.figure(8, 3.8)
    for row, period in zip(figure.subplots(3, 2, sharex=True), periods):
        for axes, stride, color in zip(row, (2, 4), (plots.BLUE, plots.ORANGE)):
            axes.plot(answers[period, 1][:49], color=plots.GRAY, linewidth=0.8)
            axes.plot(np.arange(0, 49, stride), answers[period, stride][:48 // stride + 1], "o-",
                      color=color)
            axes.set(yticks=[], xticks=range(0, 49, 8))
            axes.set_title(f"period {period}, stride {stride}: looks like "
                           f"{seen[period, stride]:.1f}", loc="left")
figure

# %% tags=["numbers"]
[*w.shape[2:], *periods, 4]

# %% [markdown]
# In strides of 2 all three are told apart. In strides of 4 the grating of 6 pixels became one of
# 12, the same as the first, and the one of 4.8 became the slowest of all: 24 pixels.
#
# So such a layer has two ways, both bad. Either its filters let waves of less than 8 pixels pass,
# and these arrive as something else. Or they learn to hold them back, and the net never hears of
# them. The second is what one would see as *missing middle frequencies*, the first as *aliasing*
# in the layer above. The paper saw both.

# %% tags=["numbers"]
[2, 4, periods[1], seen[6, 4], periods[2], seen[4.8, 4], 2 * 4]

# %% tags=["check"]
assert all(np.isclose(seen[period, stride], period) for period in periods for stride in (1, 2))
assert np.allclose([seen[period, 4] for period in periods], [12, 12, 24])

# %% [markdown]
# ## A photograph
#
# A photograph is a sum of many waves. How much of it is too short? Take the learned filters of the
# net that comes with numpyzf (`runs.pretrained`, 32 filters of 5×5 pixels, learned in strides
# of 1), and Grace Hopper in 96×96 pixels. Compute every map at every pixel, then add up the energy
# of the waves that a stride would falsify. `measure.aliased_energy` does this with a Fourier
# transform.

# %%
filters = runs.pretrained().net.parameters["conv1.w"]
no_bias = np.zeros(len(filters), np.float32)
photo = data.load_image(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False), 96)
x = (np.float32(photo)[None] - 128) / 64
maps, _ = functional.conv_forward(x, filters, no_bias)
aliased = {}
for stride in (1, 2, 4):
    folded, total = measure.aliased_energy(maps, stride)
    aliased[stride] = folded / total
    print(f"stride {stride}: share of a map's energy that is aliased {aliased[stride].mean():.2f}, "
          f"in the worst map {aliased[stride].max():.2f}")

# %% tags=["numbers"]
[len(filters), *filters.shape[2:], 1, *photo.shape[1:]]

# %% [markdown]
# The filters are the same in all three lines. Only the stride differs. In strides of 4 more than
# half of what these maps would tell is falsified. (Strides of 2 aren't innocent.)
#
# Now look at it, with the deconvnet of lesson 4: up through the filters and the ReLU, and all of it
# down again through the transposed filters.

# %% tags=["numbers"]
[4, 2]

# %% tags=["cover"]
rebuilt = {}
with plots.style():
    figure = plots.figure(8, 2.3)
    panels = figure.subplots(1, 4)
    plots.show(panels[0], plots.to_image(photo))
    panels[0].set_title("photograph")
    for axes, stride in zip(panels[1:], (1, 2, 4)):
        y, _ = functional.conv_forward(x, filters, no_bias, stride=stride, pad=2)
        y, _ = functional.relu_forward(y)
        rebuilt[stride] = functional.conv_transpose(y, filters, stride=stride, pad=2,
                                                    size=photo.shape[1:])[0]
        plots.show(axes, plots.to_display(rebuilt[stride]))
        axes.set_title(f"stride {stride}: {y.shape[2]}×{y.shape[3]} places")
figure

# %%
def likeness(a, b):
    return np.vdot(a, b) / np.sqrt(np.vdot(a, a) * np.vdot(b, b))

for stride in (2, 4):
    print(f"stride {stride}: likeness to stride 1 {likeness(rebuilt[stride], rebuilt[1]):.2f}")

# %% [markdown]
# In strides of 2 there is a fine comb, and little is lost. In strides of 4 a comb lies over
# everything, as wide as the stride, and slanted edges have become stairs. It lies even over the
# blank wall at the right, where there is nothing short to be falsified. That is the other side of
# the same coin: the map doesn't say which of the waves that look alike it was, so the way down
# draws all of them. When you see such a comb in projections, look at the strides.

# %% tags=["numbers"]
[2, 4]

# %% tags=["check"]
assert aliased[1].max() == 0
assert aliased[4].mean() > 0.5 and 0.15 < aliased[2].mean() < 0.3
assert likeness(rebuilt[2], rebuilt[1]) > 0.95 and likeness(rebuilt[4], rebuilt[1]) < 0.85

def comb(r):
    """The share of energy at a period of 4 pixels, along rows or columns or both."""
    power = (np.abs(np.fft.fft2(r)) ** 2).sum(axis=0)
    at = np.isin(np.arange(96), (24, 48, 72))       # 96 pixels hold 24 waves of 4 pixels
    either = at[:, None] | at
    return power[either].sum() / power.sum()

assert comb(rebuilt[4]) > 3 * comb(rebuilt[2])
blank = {stride: r[:, 20:40, 76:92] for stride, r in rebuilt.items()}       # the wall
assert np.ptp(photo[:, 20:40, 76:92].astype(int), axis=(1, 2)).max() < 60
roughness = {stride: r.std(axis=(1, 2)).mean() / rebuilt[stride].std()
             for stride, r in blank.items()}
assert roughness[4] > 3 * roughness[1] and roughness[4] > 1.5 * roughness[2]

# %% [markdown]
# ## Where the comb comes from
#
# Part of it is a count. On the way down each place adds its filter to the pixels it saw. How many
# places see a pixel? Filters of 11 pixels in strides of 4: along a row, 2 or 3 places, as 11 isn't
# a multiple of 4. In both directions that makes 4, 6 or 9.

# %%
counts = {}
for size, stride in ((11, 4), (7, 2), (5, 4)):
    places = (64 - size) // stride + 1
    ones = np.ones((1, 1, places, places), np.float32)
    filled = np.ones((1, 1, size, size), np.float32)
    counts[size, stride] = functional.conv_transpose(ones, filled, stride=stride, size=(64, 64))
    row = counts[size, stride][0, 0, 21, 20:32]
    print(f"{size:2}×{size:<2} in strides of {stride}:", *(f"{int(n):3}" for n in row))

# %% tags=["numbers"]
[11, 4, 2, 3, 11, 4, *np.unique(counts[11, 4][0, 0, 20:44, 20:44]).astype(int)]

# %% [markdown]
# 7×7 in strides of 2 has such a pattern too, from 9 to 16, but it repeats after 2 pixels, so it is
# as fine as a pattern of pixels can be. And the learned filters of the photograph, 5×5, in strides
# of 4: from 1 to 4. That is one reason why its comb is so plain.

# %% tags=["numbers"]
[7, 7, 2, counts[7, 2][0, 0, 20:44, 20:44].min(), counts[7, 2][0, 0, 20:44, 20:44].max(), 2,
 *filters.shape[2:], 4, counts[5, 4][0, 0, 20:44, 20:44].min(),
 counts[5, 4][0, 0, 20:44, 20:44].max()]

# %% tags=["check"]
inner = {key: value[0, 0, 20:44, 20:44] for key, value in counts.items()}
assert [*np.unique(inner[11, 4])] == [4, 6, 9] and np.isin(inner[7, 2], (9, 12, 16)).all()
assert np.array_equal(inner[7, 2][:, 2:], inner[7, 2][:, :-2])
assert not np.array_equal(inner[11, 4][:, 2:], inner[11, 4][:, :-2])

# %% [markdown]
# ## Two nets
#
# Now train. Two nets, alike but for conv1: 7×7 in strides of 2, and 11×11 in strides of 4. Both
# see 4,000 small pictures of clothes, twice. Then `measure.measure` looks at each: the package's
# Figure 6.

# %%
clothes, others = (data.load("fashion-mnist-small", split) for split in ("train", "test"))
images, labels = clothes.images[:4000], clothes.labels[:4000]
prepare = Preparation(images.mean(axis=0, dtype=np.float32), float(images.std()), 28, 0, False)

def net_of(size, stride, pad):
    layers = [("conv1", Conv(1, 32, size, stride=stride, pad=pad)), ("relu1", ReLU()),
              ("pool1", MaxPool(3, stride=2, ceil=True)),
              ("conv2", Conv(32, 48, 3, pad=1)), ("relu2", ReLU()), ("flatten", Flatten())]
    (features,) = Network(layers, (1, 28, 28)).shapes["flatten"]
    return Network([*layers, ("fc3", Linear(features, 10))], (1, 28, 28))

results, nets = {}, {}
recipe = training.Recipe(epochs=2, batch=32)
for name, first in {"7×7, stride 2": (7, 2, 3), "11×11, stride 4": (11, 4, 4)}.items():
    nets[name] = net_of(*first).initialize(np.random.default_rng(0))
    state = training.State(nets[name], np.random.default_rng(0), recipe.rate)
    for epoch in range(recipe.epochs):
        training.train_epoch(state, images, labels, prepare, recipe.rate, recipe)
    run = runs.Run(nets[name], prepare, tuple(clothes.classes))
    results[name] = measure.measure(run, others.images, others.labels)
draw.draw(results)

# %% tags=["numbers"]
[7, 7, 2, 11, 11, 4, len(images)]

# %%
small, large = results.values()
for label, number in {**draw.MEASURES, "right answers (%)": measure.accuracy_percent}.items():
    label, one, two = " ".join(label.split()), number(small), number(large)
    if "%" in label:
        print(f"{label.replace(' (%)', ', share'):36} {one / 100:4.2f} {two / 100:4.2f}")
    else:
        print(f"{label:36} {one:4.1f} {two:4.1f}")

# %% [markdown]
# First the picture. In both nets the pale filters, and in the second nearly all, still look like
# the noise they began with: this was a short training. Then the numbers, line by line, against what
# the paper saw:
#
# - **Aliasing** is there, and plain: in strides of 4 more than twice the share.
# - **Right answers**: the small filters in small strides have more, by a little. (They also leave
#   the layers above four times the places, so the filters aren't the only reason.)
# - **Middle frequencies**: hardly a difference. **Dead filters**: none in either net.
# - **Independent maps**: here the *large* filters tell more different things, against the paper.
#   Perhaps as 121 pixels have more room for difference than 49; nothing here tests that.
#
# Gray pictures of 28×28 pixels and a minute part of the paper's training are not photographs of
# 224×224 and 70 epochs. What follows from the stride alone, by arithmetic, is seen at any size.
# What depends on learning isn't.

# %% tags=["numbers"]
[4, 11 * 11, 7 * 7, *images.shape[2:], 224, 224, 70]

# %% tags=["check"]
assert measure.aliased_percent(large) > 2 * measure.aliased_percent(small)
assert large.accuracy < small.accuracy
assert abs(measure.middle_percent(large) - measure.middle_percent(small)) < 10
assert measure.dead_filters(small) == measure.dead_filters(large) == 0
assert large.different > small.different
one, two = (np.prod(net.shapes["conv1"][1:]) for net in nets.values())
assert one == 4 * two

# %% [markdown]
# ## What makes a filter dead
#
# None died here, so kill one. A unit that fires on no picture passes no gradient: its filter gets
# nothing, and stays as it is. Push the bias of one filter down by 100 and ask for the gradients.

# %%
net = nets["7×7, stride 2"]
net.parameters["conv1.b"][5] -= 100
trace = net.forward(prepare(images[:200]))
_, dscores = functional.softmax_cross_entropy(trace.scores, labels[:200])
gradient = net.backward(trace, dscores)["conv1.w"]
print("filters without any gradient:", np.flatnonzero(~gradient.any(axis=(1, 2, 3))).tolist())
net.parameters["conv1.b"][5] += 100

# %% tags=["numbers"]
[100]

# %% [markdown]
# One large step in training can do that, and no later step undoes it. A look at the first layer,
# where a dead filter is flat or still the noise it began with, costs a second. `measure.Figure6`
# counts both kinds, as `silent` and as `unmoved`.

# %% tags=["check"]
dead = ~gradient.any(axis=(1, 2, 3))
assert dead[5] and dead.sum() == 1
assert not trace["relu1"][:, 5].any()

# %% [markdown]
# ## What to take along
#
# - In strides of s, waves shorter than two strides arrive as longer ones. No layer above can undo
#   it.
# - The deconvnet shows it: a comb as wide as the stride, which isn't in the picture.
# - Look, then count, then compare nets that differ in one thing. Some of what a famous figure shows
#   depends on its size.
# - Look at every unit of a net before you change its architecture: `numpyzf look RUN` puts them on
#   one page, and marks those that never fired.

# %% [markdown]
# ## Exercises
#
# 1. A wave of 5 pixels in strides of 4. **Predict** the period that it seems to have. And in
#    strides of 2?
# 2. Blur the photograph before the filters: at each place the mean of 4×4 pixels. **Predict**
#    whether the aliased share in strides of 4 goes up or down, and what is lost.
# 3. Keep the 7×7 filters that you trained, but compute their maps only at every fourth pixel.
#    **Predict** whether the aliased share is above or below that of the 11×11 filters.
# 4. Filters of 8×8 in strides of 4. **Predict** how many places see a pixel in the middle. Is the
#    comb gone?
#
# Then write the search and the pictures yourself: `numpyzf lab start looking`.

# %% tags=["numbers"]
[5, 4, 2, 4, 4, 4, 7, 7, 11, 11, 8, 8, 4]           # what the reader is to try

# %% [markdown] tags=["answer"]
# **1.** 20 pixels, as 1/5 − 1/4 = −1/20. In strides of 2 it keeps its 5: that is more than 4.

# %% tags=["answer"]
place = np.arange(0, 41, 4)
assert np.allclose(np.cos(2 * np.pi * place / 5), np.cos(2 * np.pi * place / 20))

# %% tags=["numbers"]
[round(1 / (1 / 4 - 1 / 5)), 1, 5, 1, 4, -1, 20, 2, 5, 2 * 2]

# %% [markdown] tags=["answer"]
# **2.** Down, to less than half of what it was. But most maps are much weaker, too: the blur holds
# back what these filters look for. Only those that look for smooth color hardly lose anything. That
# is the choice between aliasing and missing frequencies.

# %% tags=["answer"]
channel = np.eye(3, dtype=np.float32)[:, :, None, None] / 16 * np.ones((4, 4), np.float32)
blurred, _ = functional.conv_forward(x, channel, np.zeros(3, np.float32))
soft, _ = functional.conv_forward(blurred, filters, no_bias)
folded, total = measure.aliased_energy(soft, 4)
left = soft.std(axis=(0, 2, 3)) / maps.std(axis=(0, 2, 3))
print(f"aliased {np.mean(folded / total):.2f}, deviation of the maps {np.median(left):.2f} times "
      f"what it was, {left.min():.2f} to {left.max():.2f}")
assert np.mean(folded / total) < 0.5 * aliased[4].mean()
assert np.median(left) < 0.7 and left.min() < 0.35 and left.max() > 0.9

# %% [markdown] tags=["answer"]
# **3.** Above. It is the stride that makes aliasing. At the same stride the larger filter has the
# smaller share, since it can blur over more pixels.

# %% tags=["answer"]
maps, _ = functional.conv_forward(prepare(others.images[:200]), small.w,
                                  np.zeros(len(small.w), np.float32))
folded, total = measure.aliased_energy(maps, 4)
print(f"7×7 in strides of 4: {100 * np.mean(folded / total):.0f} %")
assert np.mean(folded / total) > 1.2 * large.aliased.mean()

# %% [markdown] tags=["answer"]
# **4.** Each pixel is seen by 2·2 = 4 places: the count is flat. The comb of the count is gone, the
# aliasing isn't. And with filters whose weights differ, projections keep a comb all the same.

# %% tags=["answer"]
places = (64 - 8) // 4 + 1
flat = functional.conv_transpose(np.ones((1, 1, places, places), np.float32),
                                 np.ones((1, 1, 8, 8), np.float32), stride=4, size=(64, 64))
assert (flat[0, 0, 8:56, 8:56] == 4).all()
uneven = functional.conv_transpose(np.ones((1, 1, places, places), np.float32),
                                   rng.standard_normal((1, 1, 8, 8), np.float32), stride=4,
                                   size=(64, 64))[0, 0, 8:56, 8:56]
assert np.ptp(uneven) > 1 and np.allclose(uneven[:, 4:], uneven[:, :-4], atol=1e-5)

# %% tags=["numbers"]
[8 // 4, 8 // 4, int(flat[0, 0, 32, 32])]
