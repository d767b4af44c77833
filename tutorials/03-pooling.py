# %% [markdown]
# # 3. Pooling, switches, and what overlap does
#
# - **Question:** A pool keeps one number of nine. How does a value find its way back, and what
#   happens where two values want to go to the same place?
# - **In the paper:** section 2.1 and Figure 1
# - **Running time:** about 3 seconds on two cores
# - **Before it:** lesson 1 (convolution); lesson 2 (the gradient) for one paragraph
#
# A max pool looks at a map through small windows and hands up the largest value of each. The rest
# is gone. So is the place of the largest value, unless somebody writes it down. The paper does, and
# calls these notes *switches*. With them the deconvnet can go back down through a pool.
#
# The paper's windows overlap: 3×3 pixels, 2 apart. Then one pixel can win in several windows. The
# paper doesn't say what to do with it on the way down. This lesson does the sum, and you will see
# that only one answer is the gradient.

# %% tags=["numbers"]
[3, 3, 2]                                           # the paper's windows

# %%
import numpy as np
from matplotlib import cbook

from numpyzf import data, functional, plots, reference, runs
from numpyzf.geometry import pool_output_size
from numpyzf.paper.compare import cosine
from numpyzf.paper.figure1 import draw, measure

# %% [markdown]
# ## By hand
#
# A map of 5×5 pixels, and windows of 3×3, 2 apart. There are four windows. They all share the pixel
# in the middle, and neighbors share a side:
#
#     1  0  2  0  3
#     0  4  9  1  0          maxima    9   9
#     2  0  3  0  1                    5   6
#     0  5  0  1  0
#     3  0  1  0  6
#
# The 9 lies in both upper windows, and is the largest in both. A switch is one whole number, the
# place of the maximum: row·5 + column, counted from 0. The 9 is in row 1 and column 2, so its place
# is 7. Find the other switches, then run the cell.

# %%
x = np.float32([[1, 0, 2, 0, 3],
                [0, 4, 9, 1, 0],
                [2, 0, 3, 0, 1],
                [0, 5, 0, 1, 0],
                [3, 0, 1, 0, 6]])[None, None]           # one image of one map: (1, 1, 5, 5)
y, switches = functional.max_pool_forward(x, size=3, stride=2)
print("maxima\n", y[0, 0])
print("switches\n", switches.index[0, 0])

# %% tags=["numbers"]
[*x.shape[2:], 3, 3, 2, *x[0, 0, 0], *x[0, 0, 1], *y[0, 0, 0], *x[0, 0, 2], *y[0, 0, 1],
 *x[0, 0, 3], *x[0, 0, 4], x.max(), x.shape[3], 0, x.max(),
 *np.unravel_index(x[0, 0].argmax(), (5, 5)), switches.index[0, 0, 0, 0]]

# %% tags=["check"]
assert y.size == 4 and y[0, 0, 0, 0] == y[0, 0, 0, 1] == 9
assert switches.index[0, 0].tolist() == [[7, 7], [16, 24]]
slow = reference.max_pool_forward(x, size=3, stride=2)
assert np.array_equal(slow[0], y) and np.array_equal(slow[1], switches.index)

# %% [markdown]
# Now down. Four values r come from above, one for each window. Each goes to the place of its
# switch, everything else is 0, and where values meet they add. That is all of `functional.unpool`:
#
#     r      1    10          0    0    0    0     0
#          100  1000          0    0   11    0     0
#                             0    0    0    0     0
#                             0  100    0    0     0
#                             0    0    0    0  1000

# %%
r = np.float32([[1, 10], [100, 1000]])[None, None]
back = functional.unpool(r, switches)
print(back[0, 0])

# %% tags=["numbers"]
[0, *r[0, 0, 0], *back[0, 0, 0], *r[0, 0, 1], *back[0, 0, 1], *back[0, 0, 2], *back[0, 0, 3],
 *back[0, 0, 4]]

# %% tags=["check"]
assert np.array_equal(back, reference.unpool(r, switches.index, x.shape))

# %% [markdown]
# ## Why they add
#
# Other answers are possible: let the last value win, or the larger one, or take their mean. Two
# arguments say that they add.
#
# **The gradient.** Say the loss is Σ r·y. Make the 9 larger by 0.5. *Both* upper outputs grow by
# 0.5, so the loss grows by 1·0.5 + 10·0.5, which is 11 times the nudge. The gradient at this pixel
# is 11, and nothing else.

# %%
nudged = x.copy()
nudged[0, 0, 1, 2] += 0.5
rise = functional.max_pool_forward(nudged, size=3, stride=2)[0] - y
print("the outputs rise by\n", rise[0, 0])
print("the loss, per unit of the nudge:", np.vdot(r, rise) / 0.5)

# %% tags=["numbers"]
[x.max(), rise.max(), rise.max(), r[0, 0, 0, 0], rise[0, 0, 0, 0], r[0, 0, 0, 1], rise[0, 0, 0, 1],
 np.vdot(r, rise) / 0.5, back[0, 0, 1, 2]]

# %% tags=["check"]
assert functional.max_pool_backward is functional.unpool

# %% [markdown]
# **The adjoint.** With its switches held fixed, pooling is linear: it picks pixels. Its transpose
# has to satisfy ⟨unpool r, x⟩ = ⟨r, pool x⟩, for every r. At the left: 11·9 + 100·5 + 1000·6. At
# the right: 1·9 + 10·9 + 100·5 + 1000·6. Both are 6599. Let the last one win, and the left side
# falls short by 9.

# %%
last = back.copy()
last[0, 0, 1, 2] = 10
print("right", np.vdot(r, y), "  adding", np.vdot(back, x), "  the last wins", np.vdot(last, x))

# %% tags=["numbers"]
[back[0, 0, 1, 2], x[0, 0, 1, 2], back[0, 0, 3, 1], x[0, 0, 3, 1], back[0, 0, 4, 4],
 x[0, 0, 4, 4], *np.stack([r.ravel(), y.ravel()], axis=1).ravel(), np.vdot(r, y),
 np.vdot(r, y) - np.vdot(last, x)]

# %% tags=["check"]
assert np.vdot(r, y) == np.vdot(back, x)
random = np.random.default_rng(3).standard_normal((1, 4, 11, 12))
pooled, notes = functional.max_pool_forward(random, size=3, stride=2, ceil=True)
above = np.random.default_rng(4).standard_normal(pooled.shape)
assert np.isclose(np.vdot(functional.unpool(above, notes), random), np.vdot(above, pooled))

# %% [markdown]
# So one function serves both ways down: `layers.MaxPool.backward` and `layers.MaxPool.project` call
# the same `functional.unpool`. And a sum has no favorite: but for rounding, it doesn't matter which
# window comes first.

# %% [markdown]
# ## The small print: ties, edges, dead windows
#
# - **Ties.** Of equal values the first counts, row by row. A convention, but a fixed one.
# - **Edges.** 110 pixels and windows of 3, 2 apart: 54 windows fit, and one pixel is left over. The
#   paper's map has 55, so its last window must hang over the edge (`ceil=True`). Where a pool has
#   padding, it counts as −∞ and never wins.
# - **Dead windows.** Behind a ReLU a whole window can be 0. That is a tie: the switch points to its
#   first pixel.

# %%
print("windows without and with ceil:", pool_output_size(110, 3, 2, 0, False),
      pool_output_size(110, 3, 2, 0, True))
dead, notes = functional.max_pool_forward(np.zeros((1, 1, 5, 5)), size=3, stride=2)
print("switches of a dead map:", notes.index.ravel())

# %% tags=["numbers"]
[110, 3, 2, pool_output_size(110, 3, 2, 0, False),
 pool_output_size(110, 3, 2, 0, True), 0]

# %% tags=["check"]
assert notes.index.ravel().tolist() == [0, 2, 10, 12]
negative = -np.ones((1, 1, 4, 4))
assert (functional.max_pool_forward(negative, size=3, stride=2, pad=1)[0] == -1).all()

# %% [markdown]
# Does a dead window matter? Not for the gradient: below stands a ReLU that passes nothing where
# nothing came up. But the deconvnet's ReLU doesn't ask what went up (lesson 4). What comes down to
# a dead window lands at its first pixel, and goes on. Keep that in mind when a projection shows
# faint marks where the picture has nothing.

# %% [markdown]
# ## In a real net
#
# The net that comes with numpyzf (`runs.pretrained`), and a photograph, of Grace Hopper. The
# strongest unit of conv5 is brought down. Here is what happens at pool1, in one map, at a place
# where there is much to see. `paper/figure1` draws it.

# %%
run = runs.pretrained()
photo = data.load_image(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False), 32)
stage = measure.measure(run, photo)

# %% tags=["cover"]
draw.draw_magnified(stage)

# %% [markdown]
# Above, going up: nine windows of the rectified map, and the nine maxima. A letter marks where each
# maximum is. Where a place has two letters, two windows share it. Below, going down: each value
# goes to the place with its letter. The negative ones are dropped by the ReLU.

# %% tags=["check"]
part = stage.magnified
assert part.y.size == part.r.size == 9
places = [tuple(place) for place in part.places.reshape(-1, 2)]
assert len(set(places)) < 9                             # some share
for place in set(places):                               # and there the values add
    total = sum(value for value, own in zip(part.r.ravel(), places) if own == place)
    assert np.isclose(part.unpooled[place], total)
assert (part.unpooled < 0).any() and not (part.rectified < 0).any()

# %% [markdown]
# ## What overlap does
#
# Pool the same maps twice, 2 pixels apart both times: with windows of 3×3, which overlap, and of
# 2×2, which don't.

# %%
x = stage.up["relu1"][None]
pools = {size: functional.max_pool_forward(x, size=size, stride=2, ceil=True) for size in (2, 3)}
shared, kept, empty, moved = {}, {}, {}, {}
for size, (y, switches) in pools.items():
    alive = (y > 0).astype(np.float32)
    wins = functional.unpool(alive, switches)           # in how many live windows a pixel wins
    shared[size], kept[size] = np.mean(wins[wins > 0] > 1), np.mean(wins > 0)
    empty[size] = np.mean(y == 0)
    later, _ = functional.max_pool_forward(np.roll(x, 1, axis=3), size=size, stride=2, ceil=True)
    inner = (slice(None), slice(None), slice(None), slice(1, -1))       # without the edges
    moved[size] = np.linalg.norm((later - y)[inner]) / np.linalg.norm(y[inner])
    print(f"{size}×{size}: maps {y.shape[2]}×{y.shape[3]}; pixels that win {kept[size]:.3f}, of "
          f"them in several windows {shared[size]:.3f}; dead windows {empty[size]:.3f}; "
          f"change after a shift {moved[size]:.2f}")

# %% tags=["numbers"]
[2, 3, 3, 2, 2]

# %% tags=["check"]
assert pools[2][0].shape == pools[3][0].shape
assert shared[2] == 0 and shared[3] > 0.1
assert kept[3] < kept[2] - 0.01
assert empty[3] < empty[2] - 0.05
assert moved[3] < moved[2] - 0.05

# %% [markdown]
# Both make maps of the same size. What you see in the numbers:
#
# - Without overlap no pixel ever wins twice. With it, many of the winners do.
# - So *fewer* different pixels get through, though there are as many windows. A strong pixel speaks
#   for all windows that it is in.
# - Fewer windows are dead: a larger one finds something more often.
# - Shift the map by one pixel, and the pooled map changes less. That is what a pool is for.

# %% [markdown]
# ## It is no inverse
#
# The paper calls unpooling an *approximate* inverse. How approximate? Pool the maps, then bring the
# maxima themselves back down, and take the likeness of that and the maps: the cosine of the angle
# between them, 1 if they are the same picture.

# %%
y, switches = pools[3]
added = functional.unpool(y, switches)                          # what unpool does
once = np.where(added > 0, x, 0)                                # each maximum only once
likeness = {"switches": cosine(added, x, axes=0), "each once": cosine(once, x, axes=0),
            "middles": measure.exactness(run, stage).inverse_middles}
for name, value in likeness.items():
    print(f"{name:10} {value:.2f}")

# %% tags=["numbers"]
[cosine(x, x, axes=0)]

# %% tags=["check"]
assert 0.4 < likeness["switches"] < 0.8
assert likeness["switches"] > likeness["middles"] + 0.1
assert likeness["each once"] > likeness["switches"] + 0.03
assert np.isclose(likeness["switches"], measure.exactness(run, stage).inverse)

# %% [markdown]
# The switches are worth a lot: put the maxima in the middles of their windows instead, and the
# likeness drops. But look at the second line. If each maximum came back *once*, the picture would
# be more like the map than with values that add. So adding isn't the best way to draw the map
# again. It is the way to send a signal down the wires on which it came up. A projection is the
# second, not the first.

# %%
with plots.style():
    figure = plots.figure(7, 2.1)
    shown = {"rectified map": x, "pooled": y, "unpooled": added, "each once": once}
    for axes, (title, maps) in zip(figure.subplots(1, len(shown)), shown.items()):
        plots.show(axes, plots.to_display(maps[0, stage.channel][None]))
        axes.set_title(title)
figure

# %% [markdown]
# Gray is zero. The pooled map is smaller; the two at the right hold single pixels. In the third
# picture each has a scale that its brightest pixels set, those that came from several windows.

# %% tags=["check"]
assert added.max() > 1.5 * x.max()

# %% [markdown]
# ## What to take along
#
# - A switch is the place of a maximum. Unpooling sends a value there.
# - Where windows overlap, values meet. They add, because pooling's gradient does.
# - Switches are all that the deconvnet knows of *this* picture, on its way down through a pool.

# %% [markdown]
# ## Exercises
#
# 1. In the map of the first section, make the pixel in the middle 10 in place of 3. **Predict** the
#    four maxima, the four switches, and what unpooling puts into the middle for the same r.
# 2. A map of 6×6 pixels, windows of 2×2, 2 apart, and any r. **Predict** how many pixels are not 0
#    after unpooling, if no r is. And how many at least, at most, for windows of 3×3, 2 apart, with
#    `ceil=True`?
# 3. All pixels are −1, and the pool has a padding of 1. **Predict** the maxima. What would they be
#    if padding counted as 0?
# 4. Add 5 to every pixel of a map. **Predict** what happens to the maxima, to the switches, and to
#    what comes down.
#
# Then write the pool, its switches and its way back yourself: `numpyzf lab start pooling`.

# %% tags=["numbers"]
[10, 3, 6, 6, 2, 2, 2, 0, 3, 3, 2, -1, 1, 0, 5]         # what the reader is to try

# %% [markdown] tags=["answer"]
# **1.** The middle is in all four windows, and is now the largest in each: 10 four times, switch 12
# four times. There all of r meets: 1111.

# %% tags=["answer"]
map_ = np.float32([[1, 0, 2, 0, 3], [0, 4, 9, 1, 0], [2, 0, 10, 0, 1], [0, 5, 0, 1, 0],
                   [3, 0, 1, 0, 6]])[None, None]
ten, notes = functional.max_pool_forward(map_, size=3, stride=2)
assert (ten == 10).all() and (notes.index == 12).all()
assert functional.unpool(r, notes)[0, 0, 2, 2] == 1111 == functional.unpool(r, notes).sum()

# %% tags=["numbers"]
[ten.max(), notes.index.max(), functional.unpool(r, notes).max()]

# %% [markdown] tags=["answer"]
# **2.** Windows that don't overlap never share a pixel: 9 windows, 9 pixels. With windows of 3×3
# there are 9 as well, the last ones hanging over. At most 9 pixels then. At least 4: a pixel is in
# at most 2 windows along each axis, so 3 windows along an axis need 2 pixels.

# %% tags=["answer"]
rng = np.random.default_rng(0)
counts = []
for _ in range(500):
    six = rng.standard_normal((1, 1, 6, 6))
    flat, notes = functional.max_pool_forward(six, size=2, stride=2)
    assert np.count_nonzero(functional.unpool(np.ones_like(flat), notes)) == 9
    if rng.random() < 0.5:
        six[0, 0, [2, 2, 4, 4], [2, 4, 2, 4]] += 10     # four strong pixels in the right places
    nine, notes = functional.max_pool_forward(six, size=3, stride=2, ceil=True)
    counts.append(np.count_nonzero(functional.unpool(np.ones_like(nine), notes)))
assert nine.size == 9 and min(counts) == 4 and max(counts) <= 9

# %% tags=["numbers"]
[flat.size, 9, 3, 3, nine.size, 9, min(counts), 2, nine.shape[2], 2]

# %% [markdown] tags=["answer"]
# **3.** −1 everywhere, since −∞ never wins. With zeros around, every window at the edge would give
# 0: a maximum that is in no pixel, with a switch that points nowhere.

# %% tags=["answer"]
assert (functional.max_pool_forward(negative, size=3, stride=2, pad=1)[0] == -1).all()
around = functional.max_pool_forward(np.pad(negative, [(0, 0), (0, 0), (1, 1), (1, 1)]), size=3,
                                     stride=2)[0]
assert around[0, 0, 0, 0] == 0

# %% tags=["numbers"]
[functional.max_pool_forward(negative, size=3, stride=2, pad=1)[0].max(), around[0, 0, 0, 0]]

# %% [markdown] tags=["answer"]
# **4.** The maxima are 5 larger. The switches stay, and so does what comes down: unpooling knows
# where, not how much.

# %% tags=["answer"]
more, notes = functional.max_pool_forward(map_ + 5, size=3, stride=2)
assert np.array_equal(more, ten + 5) and (notes.index == 12).all()

# %% tags=["numbers"]
[(more - ten).max()]
