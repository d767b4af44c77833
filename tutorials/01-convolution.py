# %% [markdown]
# # 1. A convolution is a dot product that moves
#
# - **Question:** What does a convolution compute, what does one of its units see of the picture,
#   and how does a value get back to where it came from?
# - **In the paper:** section 2, and section 2.1 for the way back
# - **Running time:** about 3 seconds on two cores
# - **Before it:** nothing but NumPy arrays
#
# Everything in this course is made of one operation. Lay a small window of weights over a picture,
# multiply what lies on top of each other, add up. Then move the window and do it again. The window
# is called a *filter*, the sums make a new picture, its *map*, and each number of it is a *unit*.

# %%
import numpy as np
from matplotlib import cbook

from numpyzf import data, functional, models, plots, reference, runs
from numpyzf.geometry import IDENTITY, Window, conv_output_size, see_through

# %% [markdown]
# ## By hand
#
# A picture of 4×5 pixels, dark at the left and bright at the right, and a filter of 2×2 weights:
#
#     picture            filter        map
#     0 0 1 1 1          −1 1          0 2 0 0
#     0 0 1 1 1          −1 1          0 2 0 0
#     0 0 1 1 1                        0 2 0 0
#     0 0 1 1 1
#
# The filter lies at the top left first. There it meets 0 everywhere, and the sum is 0. One step to
# the right it meets 0 1 in both rows: −1·0 + 1·1 − 1·0 + 1·1 = 2. One more step, and it meets 1
# everywhere: −1 + 1 − 1 + 1 = 0. So the map says where the picture gets brighter from left to
# right. It has 3×4 units, one for each place where the window fits.

# %%
picture = np.array([[0, 0, 1, 1, 1]] * 4, np.float32)
edge = np.array([[-1, 1],
                 [-1, 1]], np.float32)

def slide(x, w):
    """The dot product of w with each window of x."""
    size = len(w)
    rows, columns = x.shape[0] - size + 1, x.shape[1] - size + 1
    y = np.empty((rows, columns), x.dtype)
    for row in range(rows):
        for column in range(columns):
            window = x[row:row + size, column:column + size]
            y[row, column] = window.ravel() @ w.ravel()         # the dot product
    return y

print(slide(picture, edge))

# %% tags=["numbers"]
[*picture.shape, *edge.shape, *picture[0], *edge[0], *slide(picture, edge)[0],
 *picture[1], *edge[1], *slide(picture, edge)[1], *picture[2], *slide(picture, edge)[2],
 *picture[3],
 picture[:2, :2].max(), slide(picture, edge)[0, 0], *picture[0, 1:3],
 -1, 0, 1, 1, 1, 0, 1, 1, slide(picture, edge)[0, 1], picture[0, 2:4].min(), -1, 1, 1, 1,
 slide(picture, edge)[0, 2], *slide(picture, edge).shape]

# %% [markdown]
# A dot product measures *likeness*. Of all windows with the same mean square, the one that is a
# multiple of the filter gives the largest sum (the Cauchy–Schwarz inequality). So a filter is a
# small picture of what it looks for, and you can look at it. Here is a test with 10,000 random
# windows, each scaled to the filter's length. None beats the filter itself.

# %%
rng = np.random.default_rng(1)
windows = rng.standard_normal((10_000, edge.size))
windows *= np.linalg.norm(edge) / np.linalg.norm(windows, axis=1, keepdims=True)
answers = windows @ edge.ravel()
print(f"best of the random windows {answers.max():.2f}, the filter itself "
      f"{edge.ravel() @ edge.ravel():.2f}")
print("the window that comes closest:", windows[answers.argmax()].round(1))

# %% tags=["numbers"]
[len(windows)]

# %% tags=["check"]
assert 0.95 * edge.ravel() @ edge.ravel() < answers.max() < edge.ravel() @ edge.ravel()

# %% [markdown]
# ## In a net: many maps in, many maps out
#
# A color picture has three channels: red, green, blue. So a filter has three layers of weights, and
# its sum runs over all three. A layer has several filters, each with a bias that is added, and each
# makes one map. The next layer takes all of these maps as its channels:
#
#     y[n,f,p,q] = b[f] + Σ w[f,c,i,j] · x[n, c, p·stride + i − pad, q·stride + j − pad]
#                        c,i,j
#
# This is the whole definition. `reference.conv_forward` says it in seven loops: over images n,
# filters f, rows p and columns q of the map, channels c, rows i and columns j of the filter. And
# `functional.conv_forward` gives the same numbers, fast.

# %%
x = rng.standard_normal((2, 3, 8, 9))                   # 2 images, 3 channels, 8×9 pixels
w, b = rng.standard_normal((4, 3, 3, 3)), rng.standard_normal(4)      # 4 filters of 3×3
slow = reference.conv_forward(x, w, b, stride=1, pad=1)
fast, _ = functional.conv_forward(x, w, b, stride=1, pad=1)
print("map", slow.shape, "the same numbers:", np.allclose(slow, fast, rtol=1e-12))

# %% tags=["check"]
assert np.abs(slow - fast).max() < 1e-12
by_slide = b[1] + sum(slide(np.pad(x[0, c], 1), w[1, c]) for c in range(3))
assert np.allclose(by_slide, slow[0, 1])                # the two loops from above, once per channel

# %% [markdown]
# Now a layer that has learned. The net that comes with numpyzf (`runs.pretrained`) looks at color
# pictures of 32×32 pixels. Its first layer, conv1, has 32 filters of 5×5 weights in 3 channels, and
# 32 biases: 2,432 parameters in all. Nobody told it what to look for.

# %%
run = runs.pretrained()
net = run.net
photo = data.load_image(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False), 32)
trace = net.forward(run.prepare(photo[None]))
filters = net.parameters["conv1.w"]
print("filters", filters.shape, "maps", trace["conv1"].shape)

# %% tags=["numbers"]
[*net.input_shape[1:], len(filters), *filters.shape[2:], filters.shape[1],
 net.parameters["conv1.b"].size, filters.size + net.parameters["conv1.b"].size]

# %% tags=["cover"]
biggest = np.argsort(-np.abs(trace["conv1"][0]).max(axis=(1, 2)), kind="stable")[:5]
with plots.style():
    figure = plots.figure(7, 2.6)
    panels = figure.subplots(2, 6)
    plots.show(panels[0, 0], plots.to_image(photo))
    panels[0, 0].set_title("photograph")
    panels[1, 0].set_axis_off()
    for axes, f in zip(panels[:, 1:].T, biggest):
        plots.show(axes[0], plots.to_display(filters[f], percentile=100))
        axes[0].set_title(f"filter {f}")
        plots.show(axes[1], plots.to_display(trace["conv1"][0, f][None]))
figure

# %% [markdown]
# Above, five of the filters, below each its map of the photograph (of Grace Hopper; it comes with
# matplotlib). Gray is zero, lighter is positive, darker negative. A map is bright where the picture
# is like the filter, and dark where it is like the filter's negative.

# %% tags=["check"]
inputs = trace["input"][0]
f = biggest[0]
row, column = np.unravel_index(trace["conv1"][0, f, 2:-2, 2:-2].argmax(), (28, 28))
window = inputs[:, row:row + 5, column:column + 5]
value = window.ravel() @ filters[f].ravel() + net.parameters["conv1.b"][f]
assert np.isclose(value, trace["conv1"][0, f, row + 2, column + 2], rtol=1e-4)
assert np.corrcoef(window.ravel(), filters[f].ravel())[0, 1] > 0.4      # bright: alike

# %% [markdown]
# ## Sizes: stride and padding
#
# A window of K pixels that moves by 1 pixel fits N − K + 1 times into N pixels. Two things change
# that. With a *stride* the window moves by several pixels at once, and the map gets smaller. With
# *padding* the picture gets a margin of zeros, and the map gets larger: a filter of 5×5 with a
# margin of 2 keeps the size. `geometry.conv_output_size` has the formula:
#
#     (N + 2·pad − K) / stride, rounded down, + 1
#
# The paper's first layer has 7×7 weights and stride 2 on pictures of 224×224 pixels, and its maps
# are 110×110. The paper doesn't say how it pads; a margin of 1 gives that size: (224 + 2 − 7) / 2
# is 109.5, rounded down 109, and 1 more is 110. Rounded down means that the last window ends before
# the picture does: of the padded 226 columns it leaves out the last.

# %%
print("our slide: ", slide(picture, edge).shape[1], "=", conv_output_size(5, 2, 1, 0))
print("our conv1: ", trace["conv1"].shape[2], "=", conv_output_size(32, 5, 1, 2))
paper = models.zfnet()
print("the paper's conv1:", paper.shapes["conv1"], "and how it is made:",
      tuple(paper.layers["conv1"].window))

# %% tags=["numbers"]
[1, 1, filters.shape[2], filters.shape[3], net.layers["conv1"].window.pad, 2, 1,
 paper.layers["conv1"].window.size, paper.layers["conv1"].window.size,
 paper.layers["conv1"].window.stride, *paper.input_shape[1:], *paper.shapes["conv1"][1:],
 paper.layers["conv1"].window.pad, 224, 2 * paper.layers["conv1"].window.pad, 7, 2,
 (224 + 2 - 7) / 2, (224 + 2 - 7) // 2, 1, paper.shapes["conv1"][1], 224 + 2 * 1]

# %% tags=["check"]
assert net.shapes["conv1"][1:] == net.input_shape[1:]
assert 109 * 2 + 7 == 226 - 1                   # where the last of the windows 0 … 109 ends

# %% [markdown]
# ## Layers upon layers: the receptive field
#
# A unit of the second layer sees a window of maps, and each unit in that window sees a window of
# the picture. Together they see more. Two layers of 3×3 see 5×5 pixels. In general, one more layer
# with a window of K units, which lie S pixels apart in the picture, adds (K − 1)·S pixels; and its
# stride multiplies S. That is all of `geometry.see_through`. Pools are windows, too. So for the
# paper's net, layer by layer:

# %%
field = IDENTITY                                        # one pixel sees one pixel
for name, layer in paper.layers.items():
    if layer.window is None:                            # fully connected: sees everything
        break
    field = see_through(field, layer.window)
    if layer.window.size > 1:
        print(f"{name:6} window {layer.window.size}, stride {layer.window.stride}: "
              f"sees {field.size:3} pixels, {field.stride:2} apart")

# %% tags=["numbers"]
[3, 3, *[see_through(see_through(IDENTITY, Window(3, 1, 0)), Window(3, 1, 0)).size] * 2, 1]

# %% [markdown]
# So one unit of conv5 sees 139×139 of the 224×224 pixels. Where exactly? `Network.cone` says it,
# and you can test it: change one pixel, and look which units notice. (The smaller net is quicker to
# ask. A unit of its conv3 sees 27×27 pixels.)

# %% tags=["numbers"]
[*[paper.receptive_field("conv5").size] * 2, *paper.input_shape[1:],
 *[net.receptive_field("conv3").size] * 2]

# %%
rows, columns = net.cone("conv3", 3, 3)                 # row and column in conv3's maps of 8×8
print("it sees rows", rows, "and columns", columns)

def conv3(pixels):
    return net.forward(run.prepare(pixels[None]), until="conv3")["conv3"][0, :, 3, 3]

before = conv3(photo)
for row, column in ((rows.start, 16), (rows.start - 1, 16)):
    changed = photo.copy()
    changed[:, row, column] ^= 255                      # this pixel's negative
    print(f"pixel ({row}, {column}): largest change {np.abs(conv3(changed) - before).max():.3f}")

# %% tags=["check"]
inside, outside = photo.copy(), photo ^ 255
inside[:, rows, columns] ^= 255
outside[:, rows, columns] ^= 255                        # back as it was
assert np.allclose(conv3(outside), before, atol=1e-3)       # Winograd's way rounds
assert np.abs(conv3(inside) - before).max() > 0.1
assert rows.stop - rows.start == columns.stop - columns.start == net.receptive_field("conv3").size
for row in (rows.start, rows.start - 1):
    changed = photo.copy()
    changed[:, row, columns] ^= 255
    assert (row >= rows.start) == (np.abs(conv3(changed) - before).max() > 1e-3)

# %% [markdown]
# ## The way back
#
# A unit holds a value, say 10. Which pixels did it come from, and how much of it from each? The
# unit is a sum of weight times pixel. So give each pixel of its window the value *times the weight
# that it met*: the value paints the filter at the place where the filter lay. Several units paint
# over each other, and what meets is added. That is the *transposed* convolution:

# %%
def paint(r, w, shape):
    """Put each value times w where w lay; what overlaps is added."""
    x = np.zeros(shape, r.dtype)
    for row, column in np.ndindex(r.shape):
        x[row:row + len(w), column:column + len(w)] += r[row, column] * w
    return x

values = np.zeros((3, 4), np.float32)
values[0, 1] = 10
print(paint(values, edge, (4, 5)))
values[1, 1] = 10
print(paint(values, edge, (4, 5)))

# %% tags=["numbers"]
[values.max()]

# %% [markdown]
# The first picture has one filter in it, −10 and 10 in two rows. In the second, two filters
# overlap: the row where they meet has −20 and 20.
#
# Why *transposed*? Sliding is linear, so it is a matrix: one row per unit, one column per pixel, in
# each row the filter's weights at the pixels of that window. `slide` multiplies by this matrix, and
# `paint` by its transpose: the same weights, rows and columns exchanged. So for every picture x and
# every map r the two dot products
#
#     slide(x) · r  =  x · paint(r)
#
# are equal. `functional.conv_transpose` is the fast one. It is the way down of the gradient
# (lesson 2), and of the deconvnet (lesson 4).

# %% tags=["numbers"]
[*(10 * edge)[0], *paint(values, edge, (4, 5))[1, 1:3]]

# %%
matrix = np.array([slide(pixel.reshape(4, 5), edge).ravel() for pixel in np.eye(20)]).T
print("the matrix", matrix.shape, "has", np.count_nonzero(matrix[0]), "weights in each row")

x, r = rng.standard_normal((4, 5)), rng.standard_normal((3, 4))
up, down = slide(x, edge), paint(r, edge, (4, 5))
print(f"slide(x) · r = {np.vdot(up, r):.4f}")
print(f"x · paint(r) = {np.vdot(x, down):.4f}")

# %% tags=["check"]
assert np.allclose(matrix @ x.ravel(), up.ravel())
assert np.allclose(matrix.T @ r.ravel(), down.ravel())
assert np.isclose(np.vdot(up, r), np.vdot(x, down), rtol=1e-12)
fast = functional.conv_transpose(r[None, None], edge[None, None].astype(float), size=(4, 5))
assert np.allclose(fast[0, 0], down)

# %% [markdown]
# ## What to take along
#
# - A unit is a dot product of a filter and a window: large where the picture looks like the filter.
# - Every size and every receptive field comes from window size, stride and padding (`geometry.py`).
# - Back goes a value by painting its filter, and what overlaps is added: the same weights,
#   transposed. It isn't the inverse: it doesn't give the picture back, but says how much each pixel
#   had to do with the value.

# %% [markdown]
# ## Exercises
#
# 1. Turn the filter by 180°: `edge[::-1, ::-1]`. **Predict** the map of the picture by hand. (What
#    mathematicians call a convolution turns its filter first. Nets don't, and lose nothing: they
#    learn it the way they need it.)
# 2. **Predict** the size of the map if the filter moves over the picture of 4×5 pixels with
#    stride 2 and a margin of 1.
# 3. **Predict** what `paint` makes of a 3×4 map of ones and a 2×2 filter of ones. What does each
#    pixel's number count?
# 4. The paper's net, conv2: **predict** its receptive field from that of pool1, 11 pixels, 4 apart.
#    Its window has 5 units.
#
# Then write them yourself, stride and padding too: `numpyzf lab start convolution`.

# %% tags=["numbers"]
[180, -1, -1, *picture.shape, 2, 1, *values.shape, *edge.shape,
 *paper.receptive_field("pool1")[:2], paper.layers["conv2"].window.size]

# %% [markdown] tags=["answer"]
# **1.** Only the sign changes: −2 where 2 was. It looks for a picture that gets darker.

# %% tags=["answer"]
assert np.array_equal(slide(picture, edge[::-1, ::-1]), -slide(picture, edge))

# %% tags=["numbers"]
[slide(picture, edge[::-1, ::-1]).min(), slide(picture, edge).max()]

# %% [markdown] tags=["answer"]
# **2.** Rows: (4 + 2 − 2) / 2 + 1 = 3. Columns: (5 + 2 − 2) / 2 is 2.5, rounded down 2, and 1 more
# is 3. So the map is 3×3.

# %% tags=["answer"]
sizes = [conv_output_size(n, 2, 2, 1) for n in (4, 5)]
assert sizes == [3, 3]

# %% tags=["numbers"]
[4, 2 * 1, 2, 2, 1, sizes[0], 5, 2 * 1, 2, 2, (5 + 2 - 2) / 2, (5 + 2 - 2) // 2, 1, sizes[1],
 *sizes]

# %% [markdown] tags=["answer"]
# **3.** It counts the windows that see the pixel: 1 in the corners, 2 along the edges, 4 inside.

# %% tags=["answer"]
count = paint(np.ones((3, 4)), np.ones((2, 2)), (4, 5))
assert np.array_equal(count, np.outer([1, 2, 2, 1], [1, 2, 2, 2, 1]))

# %% tags=["numbers"]
[count[0, 0], count[0, 1], count[1, 1]]

# %% [markdown] tags=["answer"]
# **4.** 11 + (5 − 1)·4 = 27 pixels; its stride of 2 makes them 8 apart.

# %% tags=["answer"]
field = see_through(paper.receptive_field("pool1"), paper.layers["conv2"].window)
assert field == paper.receptive_field("conv2")

# %% tags=["numbers"]
[11, 5, 1, 4, field.size, paper.layers["conv2"].window.stride, field.stride]
