# %% [markdown]
# # 4. The deconvnet: three passes side by side
#
# - **Question:** A unit fired. What in the picture made it fire? Three methods answer, and they
#   differ. Where exactly?
# - **In the paper:** section 2.1 and Figure 1
# - **Running time:** about 3 seconds on two cores
# - **Before it:** lesson 1 (convolution), lesson 3 (pooling and switches)
#
# A unit deep in a net is one number. To see what made it, take that number alone, set everything
# else in its layer to zero, and bring it down to the pixels, layer by layer. A convolution lets it
# down by its own filters, a max pool by its switches. At a ReLU there is a choice. The three usual
# ways to choose have names: **gradient**, **deconvnet**, **guided backpropagation**.
#
# First you work all three out by hand, on a net of four units. Then on a net of random weights,
# then on a photograph.

# %%
import inspect

import numpy as np
from matplotlib import cbook

from numpyzf import data, functional, plots, runs
from numpyzf.deconvnet import RULES, project, strongest
from numpyzf.layers import Conv, MaxPool, ReLU
from numpyzf.network import Network

# %% [markdown]
# ## Four units, by hand
#
# The picture has 2×2 pixels. A max pool takes the largest, 1, which is at the bottom left. Four
# units multiply it by their weights w = 1, 2, −1, −2. A ReLU follows. One last unit takes the four
# with weights v = 3, −4, 5, −6, and adds its bias, 7.

# %%
w, v = np.float32([1, 2, -1, -2]), np.float32([3, -4, 5, -6])
net = Network([("pool1", MaxPool(2, stride=2)), ("conv1", Conv(1, 4, 1)), ("relu1", ReLU()),
               ("conv2", Conv(4, 1, 1))], (1, 2, 2))
net.load_parameters({"conv1.w": w.reshape(4, 1, 1, 1), "conv1.b": np.zeros(4, np.float32),
                     "conv2.w": v.reshape(1, 4, 1, 1), "conv2.b": np.float32([7])})
picture = np.float32([[0, 0.5],
                      [1, 0.25]])
trace = net.forward(picture[None])          # one image of one map: (1, 2, 2)
print("going up, into the ReLU:", trace["conv1"].ravel())
print("out of it:              ", trace["relu1"].ravel())
print("the last unit:          ", trace["conv2"].item())

# %% tags=["numbers"]
[*picture.shape, picture.max(), *w, *v, *net.parameters["conv2.b"]]

# %% [markdown]
# The last unit is 1·3 − 2·4 + 7 = 2: units 2 and 3 got something negative, so the ReLU made them 0.
#
# Now down. Seed the last unit with 1. What comes down to the ReLU is v. Each of the four units then
# hands its weight times what it gets to the one pixel that won the pool, where all of it is added:
#
#     unit                     0    1    2    3
#     going up, 1·w            1    2   −1   −2
#     coming down, v           3   −4    5   −6
#     at the pixel, w·v        3   −8   −5   12      as far as the ReLU lets it through
#
# | method | the ReLU passes what comes down … | units | at the pixel |
# |---|---|---|---|
# | gradient | where the number *going up* was positive | 0, 1 | 3 − 8 = −5 |
# | deconvnet | where the number *coming down* is positive | 0, 2 | 3 − 5 = −2 |
# | guided | where both are | 0 | 3 |
#
# Cover the last column, work it out, then run the next cell. `deconvnet.project` is the whole
# method: seed, go down, return pixels.

# %%
print("w·v:", w * v)
for rule in RULES:
    pixels = project(net, trace, "conv2", (0, 0, 0, 0), rule=rule, seed=1)
    print(f"{rule:10}", pixels[0].tolist())

# %% tags=["numbers"]
[picture.max(), v[0], w[1], -v[1], 7, trace["conv2"].item(), *np.flatnonzero(w < 0), 0, 1,
 *range(4), picture.max(), *trace["conv1"].ravel(), *v, *(w * v),
 *np.flatnonzero(w > 0), (w * v)[0], -(w * v)[1], (w * v)[w > 0].sum(),
 *np.flatnonzero(v > 0), (w * v)[0], -(w * v)[2], (w * v)[v > 0].sum(),
 *np.flatnonzero((w > 0) & (v > 0)), (w * v)[(w > 0) & (v > 0)].sum()]

# %% tags=["check"]
assert trace["conv2"].item() == 1 * 3 - 2 * 4 + 7
assert not trace["relu1"].ravel()[w < 0].any()
for rule, by_hand in {"gradient": -5, "deconvnet": -2, "guided": 3}.items():
    pixels = project(net, trace, "conv2", (0, 0, 0, 0), rule=rule, seed=1)
    assert pixels.tolist() == [[[0, 0], [by_hand, 0]]]

# %% [markdown]
# Three pixels are 0: the switch of the pool sent everything to the place of the maximum
# (`functional.unpool`). The bias, 7, plays no part on the way down. And with the paper's seed, the
# unit's own value, 2 here, all numbers are twice as large: `project` does that unless you give a
# seed.

# %%
print(project(net, trace, "conv2", (0, 0, 0, 0))[0].tolist())      # "deconvnet", its own value

# %% tags=["numbers"]
[0, *net.parameters["conv2.b"], trace["conv2"].item()]

# %% tags=["check"]
own = project(net, trace, "conv2", (0, 0, 0, 0))
assert own[0, 1, 0] == 2 * -2 == -4
net.parameters["conv2.b"][:] += 100                 # after the pass
assert np.array_equal(own, project(net, trace, "conv2", (0, 0, 0, 0)))
net.parameters["conv2.b"][:] -= 100

# %% [markdown]
# ## What each of them means
#
# **The gradient** says what happens if a pixel changes a little. Add 0.001 to the largest pixel,
# and the last unit changes by −5 times that. You can measure it.
#
# **The deconvnet** doesn't: its −2 is no slope of anything. Look at the table again. Unit 2 did
# *not* fire, and still the deconvnet brings something down through it, for it never asks which
# units of a ReLU fired. All that it knows of this picture, on the way down, are the switches. So in
# a net without pooling its answer, but for the seed, is the same for *every* picture.

# %%
def last_unit(x):
    return net.forward(np.float32(x)[None])["conv2"].item()

step = 0.001
slope = (last_unit([[0, 0.5], [1 + step, 0.25]]) - last_unit(picture)) / step
print(f"slope at the largest pixel: {slope:.2f}")

unpooled = Network([(name, layer) for name, layer in net.layers.items() if name != "pool1"],
                   (1, 2, 2))
another = np.float32([[-9, 3], [-1, 0]])
for rule in ("gradient", "deconvnet"):
    two = [project(unpooled, unpooled.forward(x[None]), "conv2", (0, 0, 1, 0), rule=rule, seed=1)
           for x in (picture, another)]
    print(f"{rule:10} bottom left, of two pictures:", [r[0, 1, 0].item() for r in two])

# %% tags=["numbers"]
[step, round(slope, 2), two[0][0, 1, 0], np.flatnonzero((w < 0) & (v > 0)).item()]

# %% tags=["check"]
assert abs(slope - -5) < 0.01
assert np.array_equal(two[0], two[1])               # of the deconvnet, the last in the loop

# %% [markdown]
# ## The one line
#
# Here is the difference in the source. Everything else on the way down (`layers.py`, the methods
# `backward` and `project` of each layer) is the same for all three. (But for contrast
# normalization, which the paper's deconvnet passes by. See `layers.ContrastNorm.project`.)

# %%
print(inspect.getsource(ReLU.project))
for name, rule in RULES.items():
    print(f"{name:10} forward_mask={rule.forward_mask!s:6} backward_relu={rule.backward_relu}")

# %% [markdown]
# Now without the library's `project`: the way down through a convolution, a ReLU, a pool and
# another convolution, each a call of `functional`. The weights are random, the picture too.

# %%
rng = np.random.default_rng(4)
net = Network([("conv1", Conv(1, 8, 5, pad=2)), ("relu1", ReLU()), ("pool1", MaxPool(2, stride=2)),
               ("conv2", Conv(8, 6, 3, pad=1))], (1, 16, 16)).initialize(rng)
x = rng.standard_normal((1, 16, 16), np.float32)
trace = net.forward(x)
unit = strongest(trace, "conv2", channel=2)         # (image, channel, row, column)
print("unit", unit, "fired with", f"{trace['conv2'][unit]:.4f}")

def down(at_the_relu):
    """From that unit to the pixels, with a function for the line that differs."""
    r = np.zeros_like(trace["conv2"])
    r[unit] = trace["conv2"][unit]                                          # seed
    r = functional.conv_transpose(r, net.parameters["conv2.w"], pad=1, size=(8, 8))     # filter
    r = functional.unpool(r, trace.saved["pool1"])                          # unpool
    r = at_the_relu(r, trace.saved["relu1"])                                # rectify
    return functional.conv_transpose(r, net.parameters["conv1.w"], pad=2, size=(16, 16))[0]

lines = {"deconvnet": lambda r, mask: functional.relu_project(r),
         "gradient": lambda r, mask: functional.relu_backward(r, mask),
         "guided": lambda r, mask: functional.relu_backward(functional.relu_project(r), mask)}
for rule, line in lines.items():
    same = np.array_equal(down(line), project(net, trace, "conv2", unit, rule=rule))
    print(f"{rule:10} the same as project: {same}")

# %% [markdown]
# And with a line that does nothing, which is what a net without ReLUs has, there is nothing left to
# disagree about: down goes the adjoint of up, whatever you call it.

# %% tags=["check"]
for rule, line in lines.items():
    assert np.array_equal(down(line), project(net, trace, "conv2", unit, rule=rule))
rows, columns = net.cone("conv2", *unit[2:])
for line in lines.values():
    outside = down(line)
    outside[:, rows, columns] = 0
    assert not outside.any()

linear = Network([(name, layer) for name, layer in net.layers.items() if name != "relu1"],
                 (1, 16, 16))
passed = linear.forward(x)
answers = [project(linear, passed, "conv2", unit, rule=rule) for rule in RULES]
assert np.array_equal(answers[0], answers[1]) and np.array_equal(answers[0], answers[2])

# %% [markdown]
# ## A photograph, under three rules
#
# The net that comes with numpyzf was trained on CIFAR-10: ten classes of animals and vehicles,
# 32×32 pixels (`runs.pretrained`). The photograph is one that comes with matplotlib: Grace Hopper,
# who wrote one of the first compilers. She is none of the ten classes, so never mind the net's
# answer. Ask its units instead. In two layers, take the map that fires most, and of it the unit
# that fires most.

# %%
run = runs.pretrained()
photo = data.load_image(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False), 32)
trace = run.net.forward(run.prepare(photo[None]))
units = {}
for layer in ("conv2", "conv4"):
    channel = trace[layer][0].max(axis=(1, 2)).argmax()
    units[layer] = strongest(trace, layer, channel)
    print(f"{layer}: map {channel}, value {trace[layer][units[layer]]:.1f}, sees "
          f"{run.net.receptive_field(layer).size} pixels each way")

# %% tags=["numbers"]
[*run.net.input_shape[1:]]

# %% tags=["cover"]
def frame(axes, rows, columns):
    """A frame around the pixels that the unit can see."""
    left, right = columns.start - 0.5, columns.stop - 0.5
    top, bottom = rows.start - 0.5, rows.stop - 0.5
    axes.fill([left, right, right, left], [top, top, bottom, bottom], fill=False,
              edgecolor=plots.CONE, clip_on=False)

answers = {}
with plots.style():
    figure = plots.figure(7, 3.9)
    panels = figure.subplots(2, 4)
    for row, (layer, unit) in zip(panels, units.items()):
        plots.show(row[0], plots.to_image(photo))
        row[0].set_title(f"{layer}, map {unit[1]}")
        for axes, rule in zip(row[1:], ("gradient", "deconvnet", "guided")):
            answers[layer, rule] = project(run.net, trace, layer, unit, rule=rule)
            plots.show(axes, plots.to_display(answers[layer, rule]))
            axes.set_title(rule)
        for axes in row:
            frame(axes, *run.net.cone(layer, *unit[2:]))
figure

# %% [markdown]
# Gray is zero; lighter is positive, darker negative; each picture has a scale of its own
# (`plots.to_display`). The frame is what the unit can see. Outside of it all three are exactly
# zero.
#
# In the upper row they hardly differ. In the lower row they do: the gradient is full of grain, the
# deconvnet draws the collar and the shoulder, and guided leaves little but these. Each ReLU on the
# way is a place to disagree, and there are 3 below conv4, but 1 below conv2. Put a number on it:
# the likeness of two answers is the cosine of the angle between them, 1 for the same picture, 0 for
# pictures that have nothing to do with each other.

# %%
def likeness(a, b):
    return np.vdot(a, b) / np.sqrt(np.vdot(a, a) * np.vdot(b, b))

for layer in units:
    relus = sum(name.startswith("relu") for name in run.net.up_to(layer))
    print(f"{layer}, ReLUs on the way: {relus}. Likeness of deconvnet and gradient "
          f"{likeness(answers[layer, 'deconvnet'], answers[layer, 'gradient']):.2f}, "
          f"of deconvnet and guided "
          f"{likeness(answers[layer, 'deconvnet'], answers[layer, 'guided']):.2f}")

# %% tags=["numbers"]
[*(sum(name.startswith("relu") for name in run.net.up_to(layer)) for layer in ("conv4", "conv2")),
 likeness(photo / 1, photo / 1).round(9), likeness(np.array([1, 0]), np.array([0, 1]))]

# %% tags=["check"]
for first, second in (("deconvnet", "gradient"), ("deconvnet", "guided"), ("gradient", "guided")):
    low, high = (likeness(answers[layer, first], answers[layer, second]) for layer in units)
    assert low > high + 0.2                         # alike below one ReLU, less so below three
for (layer, rule), pixels in answers.items():
    outside = pixels.copy()
    outside[(slice(None), *run.net.cone(layer, *units[layer][2:]))] = 0
    assert pixels.any() and not outside.any()

# %% [markdown]
# ## What to take along
#
# - One seed, one way down, three rules. They differ in `layers.ReLU.project`, and nowhere else.
# - Only the gradient is a slope. The deconvnet and guided backpropagation are pictures that often
#   look clearer. Clearer isn't truer: the deconvnet's depends on this picture by the switches and
#   the seed alone. Lesson 12 comes back to that.
# - Without a ReLU on the way, all three are the same.
# - Every unit under all three rules, on one page to click through: `numpyzf look` makes it, of the
#   photographs that come along; `numpyzf look --images FOLDER` of your own.

# %% [markdown]
# ## Exercises
#
# All but the last are about the net of four units. Work on paper first.
#
# 1. Seed the last unit with −1. **Predict** the three answers. (Two of them don't just change their
#    sign.)
# 2. Make the picture negative: −4 and −3 above, −1 and −2 below. The pool now hands up −1. Which
#    units fire? **Predict** which of the three methods doesn't notice, and the other two answers.
# 3. `project` also takes a rule of your own, three booleans: forward mask, switches, backward ReLU.
#    **Predict** what a ReLU that lets everything pass gives: `rule=(False, True, False)`. And where
#    does the deconvnet's answer land without switches, `rule=(False, False, True)`?
# 4. Take the photograph and conv5. How many ReLUs are on the way? **Predict** whether the likeness
#    of deconvnet and gradient is above or below that of conv2.
#
# Then write the way down yourself, and let the grader look for what is wrong with it:
# `numpyzf lab start deconvnet`.

# %% tags=["numbers"]
[-1, -4, -3, -1, -2, max(-4, -3, -1, -2)]           # what the reader is to try

# %% [markdown] tags=["answer"]
# **1.** What comes down to the ReLU is −v: −3, 4, −5, 6. The gradient is linear, so it changes its
# sign: 5. The deconvnet now passes units 1 and 3: 4·2 + 6·(−2) = −4. Guided passes unit 1 alone: 8.

# %% tags=["answer"]
small = Network([("pool1", MaxPool(2, stride=2)), ("conv1", Conv(1, 4, 1)), ("relu1", ReLU()),
                 ("conv2", Conv(4, 1, 1))], (1, 2, 2))
small.load_parameters({"conv1.w": w.reshape(4, 1, 1, 1), "conv1.b": np.zeros(4, np.float32),
                       "conv2.w": v.reshape(1, 4, 1, 1), "conv2.b": np.float32([7])})

def answer(x, rule, seed=1):
    return project(small, small.forward(np.float32(x)[None]), "conv2", (0, 0, 0, 0), rule=rule,
                   seed=seed)[0]

for rule, by_hand in {"gradient": 5, "deconvnet": 4 * 2 + 6 * -2, "guided": 8}.items():
    assert answer(picture, rule, seed=-1)[1, 0] == by_hand

# %% tags=["numbers"]
[*-v, answer(picture, "gradient", seed=-1)[1, 0], *np.flatnonzero(-v > 0), -v[1], w[1], -v[3], w[3],
 answer(picture, "deconvnet", seed=-1)[1, 0], np.flatnonzero((-v > 0) & (w > 0)).item(),
 answer(picture, "guided", seed=-1)[1, 0]]

# %% [markdown] tags=["answer"]
# **2.** Going up, the units get −1, −2, 1 and 2: now 2 and 3 fire. The deconvnet doesn't notice, it
# says −2 as before. The gradient passes 2 and 3: 5·(−1) + (−6)·(−2) = 7. Guided passes unit 2
# alone: −5.

# %% tags=["answer"]
negative = [[-4, -3], [-1, -2]]
for rule, by_hand in {"gradient": 5 * -1 + -6 * -2, "deconvnet": -2, "guided": -5}.items():
    assert answer(negative, rule)[1, 0] == by_hand

# %% tags=["numbers"]
[*-w, *np.flatnonzero(-w > 0), answer(negative, "deconvnet")[1, 0], *np.flatnonzero(-w > 0),
 v[2], w[2], v[3], w[3], answer(negative, "gradient")[1, 0],
 np.flatnonzero((-w > 0) & (v > 0)).item(), answer(negative, "guided")[1, 0]]

# %% [markdown] tags=["answer"]
# **3.** All four arrive: 3 − 8 − 5 + 12 = 2. Without switches the pool sends a value to the middle
# of its window, which of 2×2 pixels is taken to be the last one: the −2 lands at the bottom right.

# %% tags=["answer"]
assert answer(picture, (False, True, False))[1, 0] == 3 - 8 - 5 + 12
assert answer(picture, (False, False, True)).tolist() == [[0, 0], [0, -2]]

# %% tags=["numbers"]
[*(w * v)[:2] * [1, -1], -(w * v)[2], (w * v)[3], answer(picture, (False, True, False))[1, 0],
 *picture.shape, answer(picture, (False, False, True))[1, 1]]

# %% [markdown] tags=["answer"]
# **4.** 4 ReLUs, and the likeness is below that of conv2.

# %% tags=["answer"]
channel = trace["conv5"][0].max(axis=(1, 2)).argmax()
deconvnet, gradient = (project(run.net, trace, "conv5", strongest(trace, "conv5", channel),
                               rule=rule) for rule in ("deconvnet", "gradient"))
assert likeness(deconvnet, gradient) < likeness(answers["conv2", "deconvnet"],
                                                answers["conv2", "gradient"])

# %% tags=["numbers"]
[sum(name.startswith("relu") for name in run.net.up_to("conv5"))]
