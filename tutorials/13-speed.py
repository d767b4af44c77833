# %% [markdown]
# # 13. How fast can a convolution go?
#
# - **Question:** Seven loops say what a convolution is. In Python they would need ten minutes for
#   one layer. Done well it takes some fifteen milliseconds, on the same two cores, with the same
#   numbers. Where does the time go?
# - **In the paper:** Figure 3 (its fourth convolution is the example)
# - **Running time:** about 3 seconds on two cores; 15 more if you measure your machine
# - **Before it:** lesson 1 (convolution), lesson 2 (its transpose)
#
# A ladder of six rungs leads from the loops to the limit of the machine. Each rung has one idea.
# Some words first, for those who know NumPy and not what is below it:
#
# - *GFLOP/s*: billions of multiplications and additions per second.
# - *Register*: one of the few places inside a core that it can calculate with. A *vector
#   instruction* does the same with eight or sixteen numbers of a wide register at once.
# - *Cache*: a small fast memory. The first-level cache is next to the core and smallest, then come
#   larger and slower ones, then main memory.
# - *BLAS*: the library that multiplies NumPy's matrices. People have tuned it for decades.

# %%
import tracemalloc

import numpy as np

from numpyzf import functional, kernels, plots, reference
from numpyzf.bench import ladder
from numpyzf.geometry import Window

# %% [markdown]
# ## The problem
#
# The fourth convolution of the paper's net: 8 images of 384 maps, 13×13, through 384 filters of
# 3×3, with a margin of one zero. Count a multiplication and an addition as two operations, and the
# definition asks for 3.59 billion. All speeds below are *these* operations per second, whatever a
# rung really does.
#
# **What can limit a rung?** Two things that you can measure: how fast the machine calculates (the
# *peak*: a large product of matrices) and how fast numbers come from memory (the *bandwidth*:
# adding up long arrays). A way that does I operations for each byte that it moves can't run faster
# than min(peak, bandwidth·I). That is the *roof* in the picture below; the model is called the
# *roofline* (Williams, Waterman and Patterson). At its bend both limits are equal. Left of the bend
# you wait for memory, right of it for arithmetic. And below the roof you wait for something else:
# finding out what is most of the fun.
#
# The speeds in this picture were measured once, by `numpyzf bench` on two idle cores. (The loops in
# Python on one image and one filter: nobody wants to wait ten minutes. Every output costs the same,
# so speeds can be compared.) Where the points stand from left to right is counted, not measured.

# %%
p = ladder.CONV4
print(f"{p.operations() / 1e9:.2f} billion operations")
speeds = [0.00584, 1.66, 4.41, 170, 164, 252]           # GFLOP/s of the rungs, on two idle cores
steps = []
for rung, speed in zip(ladder.RUNGS, speeds):
    timed = p._replace(N=min(rung.images or p.N, p.N), F=min(rung.filters or p.F, p.F))
    moved = 4 * rung.moves(timed, *timed.elements())    # bytes
    steps.append(ladder.Step(rung.name, timed, timed.operations() / speed / 1e9, speed,
                             timed.operations() / moved, np.nan, np.nan))
result = ladder.Ladder(p, steps, peak=195, bandwidth=33.0, missing=[])
# result = ladder.measure()             # your machine's own

# %% tags=["numbers"]
[p.N, p.C, p.H, p.W, p.F, p.K, p.K, p.operations() / 1e9]

# %% tags=["cover"]
ladder.draw(result)

# %% [markdown]
# Left, each rung under the roof; both axes are logarithmic, so a small step up is a lot. Right, the
# same speeds. Your machine gives others: `numpyzf bench` measures them and draws this picture. A
# busy machine can turn the order of two rungs around. It then says that it was disturbed, and you
# measure again when it is quiet.

# %% tags=["check"]
loops, compiled, direct, unfolded, blocked, winograd = speeds
intensity = {step.name: step.intensity for step in steps}
assert 9 < p.operations() / loops / 1e9 / 60 < 11       # minutes
assert 12 < p.operations() / winograd / 1e6 < 16        # milliseconds
assert max(speeds[:5]) < result.peak < winograd         # only one stands above the roof

# %% [markdown]
# For all that follows, a small problem of the same kind, and one yardstick: the largest difference,
# over the largest value.

# %%
rng = np.random.default_rng(0)
small = ladder.Problem(N=2, C=16, H=7, W=6, F=4, K=3, stride=1, pad=1)
x, w, b = small.arrays(rng)

def error(y, right):
    return float(np.abs(y - right).max() / np.abs(right).max())

# %% [markdown]
# ## Rung one: seven loops in Python
#
# `reference.conv_forward` says it word for word: for every image, filter, row and column, sum over
# channels and the filter's rows and columns. It is the specification. All else has to give these
# numbers.
#
# *What limits it:* neither arithmetic nor memory. For each multiplication the interpreter looks up
# names, checks types, makes objects, checks bounds. The multiplication itself drowns in that.

# %% [markdown]
# ## Rung two: the same loops, compiled
#
# `kernels/naive.py` holds the same loops, and Numba compiles them. No idea at all, and by far the
# longest step of the ladder: nearly three hundred times faster.

# %%
right = reference.conv_forward(x, w, b, stride=1, pad=1)
y = np.empty_like(right)
kernels.naive_forward(x, w, b, y, 1, 1)
print("loops, compiled: the same to rounding:", error(y, right) < 1e-6)

# %% tags=["check"]
assert error(y, right) < 1e-6
assert 270 < compiled / loops < 300
assert max(b / a for a, b in zip(speeds[1:], speeds[2:])) < 0.2 * compiled / loops

# %% [markdown]
# *What limits it:* a chain. `total += w·x`, and the next addition needs this total, so each waits
# the few cycles that an addition takes. The core could do eight or sixteen of them side by side
# with vector instructions, but then it would have to add in another order. Sums of rounded numbers
# depend on their order, and a compiler must not change a result.
#
# **Think.** Sums in one long chain also lose more digits than sums of partial sums do. Which rungs
# round worst? The cell measures it on one image of the large problem.

# %%
image = p._replace(N=1).arrays(rng)
exact = ladder.blocked(*(array.astype(np.float64) for array in image), 1, 1)
rounding = {way.__name__: error(way(*image, 1, 1), exact)
            for way in (ladder.compiled, ladder.unfolded, ladder.winograd)}
print("the worst first:", *sorted(rounding, key=rounding.get, reverse=True))

# %% tags=["check"]
assert rounding["winograd"] > 1.5 * rounding["compiled"]
assert rounding["compiled"] > 3 * rounding["unfolded"]                  # which adds partial sums

# %% [markdown]
# ## Rung three: a better order, and all cores
#
# `kernels/direct.py` reorders the loops: a whole *row* of outputs is innermost. Neighboring outputs
# don't wait for each other, so vector instructions are allowed, and no sum is reordered. And each
# output plane is a task of its own, so that all cores work.
#
# *What limits it:* the sums now live in memory and not in a register. Each multiplication loads an
# input and a sum, and stores a sum: three trips to the first-level cache for two operations. And a
# row has only 13 pixels, barely one vector. So this rung gains little more than the second core.
#
# *Further on this way:* `kernels/shift.py` mends both for a layer of few channels, such as a first
# one, or of few filters, such as the last one of a network that makes pictures. `conv_forward`
# takes it there by itself.
#
# **Think.** In the picture this rung stands far right of rung two, since a plane of sums stays in
# the cache, and a row of pixels is read for nine taps at once. Why does moving fewer bytes help so
# little? (Because memory wasn't what the rung below waited for.)

# %%
y, _ = functional.conv_forward(x, w, b, pad=1, method="direct")
print("direct: the same to rounding:", error(y, right) < 1e-6)
for name in ("loops, compiled", "direct, parallel"):
    print(f"{name}: {intensity[name]:.2f} operations per byte")

# %% tags=["numbers"]
[p.W]

# %% tags=["check"]
assert error(y, right) < 1e-6
assert intensity["direct, parallel"] > 10 * intensity["loops, compiled"]
assert 2 < direct / compiled < 3
assert kernels.choose("auto", 8, 28, 28, (32, 1, 5, 5), Window(5, 1, 2)) == "shift"

# %% [markdown]
# ## Rung four: unfold, and let BLAS multiply
#
# To keep sums in registers, a rung has to do many things with each number while it has it. The
# matrix product does. So write the convolution as one: lay each window out as a column.

# %%
padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
# (N, C, OH, OW, K, K) -> (C·K·K, N·OH·OW)
columns = windows.transpose(1, 4, 5, 0, 2, 3).reshape(16 * 3 * 3, -1)
y = w.reshape(4, -1) @ columns + b[:, None]             # (F, N·OH·OW)
y = y.reshape(4, 2, 7, 6).transpose(1, 0, 2, 3)
print("unfolded: the same to rounding:", error(y, right) < 1e-6)
print(f"columns of the large problem: {4 * p.elements()[3] / 1e6:.1f} MB")

# %% tags=["check"]
assert error(y, right) < 1e-6
assert columns.size == small.elements()[3]

# %% [markdown]
# The price: a pixel is now there nine times. For the large problem the columns take 18.7 MB,
# written once and read once. But each of these numbers then meets all 384 filters: some 60
# operations for each byte moved. We can afford the copies.
#
# *Why is BLAS fast?* It cuts the matrices into tiles that fit the caches, and the innermost tile
# into sums that fit the *registers*. With 6×16 sums there, a step loads 6 + 16 numbers and does 96
# multiplications with them, none waiting for another. Rung two loads two numbers for one.
#
# *What limits it:* the product itself runs near the peak. What is lost is the time in which nothing
# is multiplied: NumPy's copy, on one core, of windows that lie scattered in memory.

# %% tags=["numbers"]
[4 * p.elements()[3] / 1e6, p.F, round(intensity["unfold + BLAS"], -1), 6, 16, 6, 16, 6 * 16]

# %% tags=["check"]
assert intensity["unfold + BLAS"] > 5 * result.peak / result.bandwidth    # right of the bend
assert 0.8 < unfolded / result.peak < 0.95

# %% [markdown]
# ## Rung five: unfold in blocks
#
# The same idea with better manners (`kernels/unfold.py`). A few images at a time are unfolded, into
# a piece of memory that is used again for the next few; every core has its own. In the picture the
# point moves right: x, w and y are all that still travels.
#
# Don't expect that to be faster! The bytes of rung four weren't what held it back, for it stood
# right of the bend already. Here rung five is even 4 % slower: smaller matrices multiply a little
# less well. What it surely saves is *memory*. The columns of 128 images would take 299 MB; a block
# has 8 MB at most.

# %%
large = p._replace(N=32).arrays(rng)

def peak_of(rung):
    """Megabytes that a rung takes at its worst moment, for 32 images."""
    rung(*large, 1, 1)                                  # what is kept from call to call is there
    tracemalloc.start()
    rung(*large, 1, 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6

memory = {rung.__name__: peak_of(rung) for rung in (ladder.unfolded, ladder.blocked)}
print({name: f"{peak:.1f} MB" for name, peak in memory.items()})

# %% tags=["numbers"]
[round(100 * (1 - blocked / unfolded)), 128, round(4 * p._replace(N=128).elements()[3] / 1e6),
 kernels.METHODS["unfold"].COLUMN_NBYTES >> 20]

# %% tags=["check"]
assert memory["unfolded"] > 4 * memory["blocked"]
assert intensity["unfold in blocks"] > 3 * intensity["unfold + BLAS"]
assert error(ladder.blocked(x, w, b, 1, 1), right) < 1e-6

# %% [markdown]
# ## Rung six: fewer multiplications
#
# We are near the roof. To get above it, we'd have to do *less*. Is that possible? Two neighboring
# outputs of a filter with three taps take six multiplications:
#
#     y0 = d0·g0 + d1·g1 + d2·g2
#     y1 = d1·g0 + d2·g1 + d3·g2
#
# Four are enough. Here is where that comes from.
#
# **A product of polynomials.** Take a(t) = a0 + a1·t and g(t) = g0 + g1·t + g2·t². Their product s
# has four coefficients, and to multiply it out takes six multiplications. But a polynomial with
# four coefficients is known once it is known *at four points*, and a value of the product is a
# product of values: one multiplication. Take the points 0, 1, −1 and ∞, by which we mean the
# coefficient of the highest power:
#
#     at 0     a0 · g0
#     at 1     (a0 + a1) · (g0 + g1 + g2)
#     at −1    (a0 − a1) · (g0 − g1 + g2)
#     at ∞     a1 · g2
#
# Four multiplications. In matrices: A evaluates a at these points, G evaluates g, and V evaluates
# s, whose coefficients we want, so V is inverted. Each row is a point, each column a power, and the
# last row picks the highest one:
#
#         1  0         1  0  0          1  0  0  0
#     A = 1  1     G = 1  1  1      V = 1  1  1  1
#         1 −1         1 −1  1          1 −1  1 −1
#         0  1         0  0  1          0  0  0  1
#
# So s = V⁻¹ · (G g ⊙ A a), where ⊙ multiplies number by number. The inverse holds nothing but
# halves and ones: additions. And G g can be computed beforehand, once for each filter.

# %%
def evaluate(points, count):
    """A row for each point, 1, p, p², …, and one for ∞, where the highest power alone counts."""
    return np.vstack([np.vander(points, count, increasing=True), np.eye(count)[-1:]])

A, G, V = (evaluate([0, 1, -1], count) for count in (2, 3, 4))
a, g = np.array([2.0, 5]), np.array([2.0, 7, 1])
print("by four multiplications:", np.linalg.inv(V) @ ((G @ g) * (A @ a)))
print("multiplied out:         ", np.polymul(a[::-1], g[::-1])[::-1])

# %% tags=["numbers"]
[*[0, 1, -1], *[0, 1, -1], *np.hstack([A, G, V]).ravel()]

# %% tags=["check"]
assert np.allclose(np.linalg.inv(V) @ ((G @ g) * (A @ a)), np.convolve(a, g))
assert {*np.abs(np.linalg.inv(V)).ravel().round(9)} == {0, 0.5, 1}

# %% [markdown]
# **Turn it around.** A polynomial product spreads a out: it is the way *down* through a
# convolution. We want the way up, and that is the transpose (lesson 2). So transpose everything:
#
#     y = Aᵀ · (G g ⊙ Bᵀ d),      Bᵀ = (V⁻¹)ᵀ

# %%
def winograd_matrices(points, m, r):
    """Aᵀ (m, n), G (n, r), Bᵀ (n, n) for m outputs, r taps, and n = m + r − 1 points with ∞."""
    return evaluate(points, m).T, evaluate(points, r), np.linalg.inv(evaluate(points, m + r - 1)).T

A_T, G, B_T = winograd_matrices([0, 1, -1], m=2, r=3)
d = np.array([3.0, 1, 4, 1.5])
print("four multiplications:", A_T @ ((G @ g) * (B_T @ d)))
print("six:                 ", np.correlate(d, g))

# %% tags=["check"]
assert np.allclose(A_T @ ((G @ g) * (B_T @ d)), np.correlate(d, g))

# %% [markdown]
# **Two dimensions: nest it**, along rows and along columns: Y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A. Tiles
# of 4×4 outputs need six points, 0, ±1, ±2 and ∞. A tile looks at 6×6 inputs and takes 36
# multiplications for its 16 outputs; the definition takes 144.

# %%
A_T, G, B_T = winograd_matrices([0, 1, -1, 2, -2], m=4, r=3)
d, g = rng.standard_normal((6, 6)), rng.standard_normal((3, 3))
at_points = (G @ g @ G.T) * (B_T @ d @ B_T.T)
tile = A_T @ at_points @ A_T.T
definition, _ = functional.conv_forward(d[None, None], g[None, None], np.zeros(1))
print("multiplications:", at_points.size, "  the same:", error(tile, definition[0, 0]) < 1e-12)

# %% tags=["numbers"]
[*tile.shape, 0, 1, 2, *d.shape, at_points.size, tile.size, tile.size * g.size]

# %% tags=["check"]
assert error(tile, definition[0, 0]) < 1e-12
whole, _ = functional.conv_forward(x, w, b, pad=1, method="winograd")
assert error(whole, right) < 1e-5

# %% [markdown]
# **And the additions?** They aren't free. But a tile is transformed once for each *input* map and
# then used by all filters; and since the way back is linear, we sum over channels *at the points*
# and go back once for each *output* map. So at each point there is a matrix product: BLAS again,
# with 36 products in place of one (`kernels/winograd.py`, which also has tiles of seven and eight
# points, and takes what costs least; here that is six).
#
# Above the roof is no magic: the roof is drawn for the definition's operations, and this rung does
# fewer. It would be four times fewer, if maps were made of whole tiles. But 13 pixels need four
# tiles of 4, and a part of each is thrown away: 2.64 times fewer are left. What rung six gains over
# rung five is less again, 1.54 times: transforms, and 36 smaller products.
#
# **The price.** The matrices hold powers of the points. Large numbers are added and cancel, and
# what was rounded in them stays. The more points, the worse: here for tiles of 2, 4 and 6 outputs
# along an axis, in float32.

# %%
def rounding_of(points, m, trials=200, rng=np.random.default_rng(1)):
    """The median error of a tile in float32, against the same in float64."""
    matrices = winograd_matrices(points, m, 3)
    worst = []
    for _ in range(trials):
        d = rng.standard_normal((m + 2, m + 2), np.float32)
        g = rng.standard_normal((3, 3), np.float32)
        tiles = []
        for dtype in (np.float32, np.float64):
            A_T, G, B_T, d_, g_ = (array.astype(dtype) for array in (*matrices, d, g))
            tiles.append(A_T @ ((G @ g_ @ G.T) * (B_T @ d_ @ B_T.T)) @ A_T.T)
        worst.append(error(*tiles))
    return float(np.median(worst))

two, four, six = (rounding_of(points, m) for points, m in
                  (([0, 1, -1], 2), ([0, 1, -1, 2, -2], 4), ([0, 1, -1, 2, -2, 3, -3], 6)))

# %%
with plots.style():
    figure = plots.figure(3.6, 2.2)
    axes = figure.subplots()
    axes.plot([2, 4, 6], [two, four, six], "o-", color=plots.BLUE)
    axes.set(yscale="log", xticks=[2, 4, 6], xlabel="outputs of a tile along an axis",
             ylabel="rounding")
    axes.grid(color=plots.GRID, linewidth=0.8)
figure

# %% tags=["numbers"]
[at_points.size, p.H, tile.shape[0], 9 * 13 * 13 / (36 * 4 * 4), winograd / blocked,
 at_points.size, 2, 4, 6]

# %% tags=["check"]
assert 1e-8 < two < four / 1.5 < four < six / 3 < six < 1e-4
assert p.at_points() == (6 * 6, p.N * 4 * 4)

# %% [markdown]
# For training a net, and for looking at one, that is nothing. For a check of gradients it may be
# too much, and then there is rung five. `kernels/__init__.py` says which way is taken when
# (`kernels.choose`).

# %% [markdown]
# ## What to take along
#
# - Measure what the machine can do before you ask why your code is slow.
# - Count operations and bytes. Then you know which of the two to work on, and which work would be
#   for nothing.
# - A compiler removes the interpreter; the order of loops decides what it can do then; tiles keep
#   numbers near; and when all that is done, only another *algorithm* helps.
# - Not each idea makes it faster. Blocks are there for the memory.
# - Every rung was compared with the seven loops. Fast and wrong is easy.

# %% [markdown]
# ## Exercises
#
# `print(*ladder.report(ladder.measure()), sep="\n")` measures your machine and shows it as a table.
# "From reference" is the difference from the seven loops on a small problem, "rounding" that from
# float64 on the large one. It takes a quarter of a minute.
#
# 1. **Bend the roof.** Take a problem with few channels and filters:
#    `ladder.measure(p._replace(C=3, F=8, H=64, W=64))`. **Predict** how many operations per byte
#    rung four gets. Then look at `ladder.draw`: which rungs have moved left?
# 2. **Break the chain.** Keep four sums, each of every fourth product, and add them at the end.
#    **Predict**: is the result more exact or less? (And write it with Numba: how much faster is
#    it?)
# 3. **Other points.** For tiles of 4, take the points 0, 1, 2, 3, 4 in place of 0, ±1, ±2.
#    **Predict** how the rounding changes. For tiles of 6, take ±½ in place of ±3.
# 4. **One dimension more.** Films: tiles of 2×2×2 outputs, filters of 3×3×3. **Predict** how many
#    multiplications a tile takes, and how many the definition.
# 5. **Where blocks pay.** Set `COLUMN_NBYTES` and `NARROWEST` of `kernels.METHODS["unfold"]` to
#    64 kB and 1 column, 1 MB and 1, 1 GB and 512. **Predict** the shape of the matrices that BLAS
#    gets, then time rung five (`%timeit`).
#
# Then make a slow convolution twenty times faster, and keep it right: `numpyzf lab start speed`.

# %% tags=["numbers"]
# the reader's to try
[3, 8, 64, 64, 4, *range(5), 0, 1, 2, 6, 3, *[2, 2, 2], *[3, 3, 3], 64, 1, 1, 1, 1, 512]

# %% [markdown] tags=["answer"]
# **1.** About 1. Each column has 27 numbers, and each of them meets only 8 filters. Rung four and
# Winograd move far left, to the left of the bend: there they wait for memory.

# %% tags=["answer"]
bent = p._replace(C=3, F=8, H=64, W=64)
(rung,) = [rung for rung in ladder.RUNGS if rung.name == "unfold + BLAS"]
of_bent = bent.operations() / (4 * rung.moves(bent, *bent.elements()))
assert of_bent < result.peak / result.bandwidth             # left of the bend, on those two cores

# %% tags=["numbers"]
[round(of_bent), bent.C * bent.K ** 2, bent.F]

# %% [markdown] tags=["answer"]
# **2.** More exact: each of the four sums is shorter, and rounds less.

# %% tags=["answer"]
products = rng.standard_normal((400, 384 * 9)).astype(np.float32)
exact = products.sum(axis=1, dtype=np.float64)
one = np.cumsum(products, axis=1)[:, -1]                # a chain: cumsum adds one by one
chains = [np.cumsum(products[:, k::4], axis=1)[:, -1] for k in range(4)]
split = (chains[0] + chains[1]) + (chains[2] + chains[3])
assert np.abs(split - exact).mean() < 0.8 * np.abs(one - exact).mean()

# %% [markdown] tags=["answer"]
# **3.** With 0 … 4 the rounding is thousands of times worse: powers of 4 get large, and cancel.
# With ±½ it is more than ten times better than with ±3. Points near 1, of both signs, are good.

# %% tags=["answer"]
far, near = rounding_of([0, 1, 2, 3, 4], 4), rounding_of([0, 1, -1, 2, -2, 0.5, -0.5], 6)
assert far > 1000 * four and near < six / 10

# %% tags=["numbers"]
[0, 4, 4, 3, 1]

# %% [markdown] tags=["answer"]
# **4.** Four points along each axis: 64. The definition takes 8·27 = 216.

# %% tags=["numbers"]
[4 ** 3, 2 ** 3, 3 ** 3, 2 ** 3 * 3 ** 3]

# %% [markdown] tags=["answer"]
# **5.** The columns have 3,457 rows here, one of them for the bias, and one image has 169 columns.
# At 64 kB BLAS gets only 13 of these at a time, one row of outputs: a thin matrix. At 1 MB it gets
# up to 65, and at 1 GB all images at once, as rung four does. Between them the block fits a cache,
# and is wide enough.

# %% tags=["answer"]
unfold = kernels.METHODS["unfold"]

def columns_at_a_time(nbytes, narrowest):
    """In the first block, with so many bytes allowed."""
    before = unfold.COLUMN_NBYTES, unfold.NARROWEST
    unfold.COLUMN_NBYTES, unfold.NARROWEST = nbytes, narrowest
    try:
        blocks, _ = unfold.blocks_of_outputs(3457, p.N, 13, 13, np.dtype(np.float32))
        images, rows = blocks[0]
        return (images.stop - images.start) * (rows.stop - rows.start) * 13
    finally:
        unfold.COLUMN_NBYTES, unfold.NARROWEST = before

widths = [columns_at_a_time(*limits) for limits in ((64 << 10, 1), (1 << 20, 1), (1 << 30, 512))]
assert widths == [13, 65, 169 * p.N]

# %% tags=["numbers"]
[p.elements()[3] // (169 * p.N) + 1, 169, 64, widths[0], 1, widths[1], 1]
