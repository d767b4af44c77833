# %% [markdown]
# # 6. What each layer sees
#
# - **Question:** What makes a unit of each layer fire: an edge, a part, a whole object? And how
#   much of what the pictures suggest is true?
# - **In the paper:** section 4.1 and Figure 2
# - **Running time:** about 10 seconds on two cores
# - **Before it:** lesson 4 (the deconvnet)
#
# Lesson 4 brought one unit down to the pixels, in one picture. The paper asks more: what is a whole
# *map* looking for? Its recipe is simple. Run many pictures through the net. Of each map take the
# nine pictures that fire it most. Project each of these nine activations, and put beside it the
# patch that the unit saw. What do the nine have in common?
#
# That question is dangerous: people find something in common in any nine pictures. So this lesson
# searches in drawings of which everything is known, and counts.

# %%
import copy

import numpy as np

from numpyzf import plots, runs
from numpyzf.data import scenes
from numpyzf.data.preprocess import Prepared
from numpyzf.look.many import top_activations
from numpyzf.paper.figure2.measure import common, nearest_parts, on_object
from numpyzf.tour import features

# %% [markdown]
# ## A net of photographs, a world of drawings
#
# The net is the one that comes with numpyzf. It learned from the photographs of CIFAR-10: animals
# and vehicles, 32×32 pixels. The pictures in which we search are 1,200 drawings, `data.scenes`, ten
# kinds of objects on backgrounds full of clutter. The net has never seen a drawing. But of a
# drawing we know which pixels are the object's, and where each of its parts is: every eye, every
# wheel.

# %%
run = runs.pretrained()
net = run.net
drawn = scenes.load("test", 32)
inputs = Prepared(drawn.images, run.prepare)
print(len(drawn.images), "drawings of", ", ".join(drawn.classes))

with plots.style():
    figure = plots.figure(6.4, 1.55)
    for c, axes in enumerate(figure.subplots(1, 8)):
        n = np.flatnonzero(drawn.labels == c)[0]
        plots.show(axes, plots.to_image(drawn.images[n]))
        places = np.array([part[n, :2] for part in drawn.parts.values()])
        axes.plot(places[:, 1], places[:, 0], "o", markersize=4, color="white",
                  markeredgecolor="black")
        axes.set_title(drawn.classes[c])
figure

# %% tags=["numbers"]
[*net.input_shape[1:], len(drawn.images)]

# %% tags=["check"]
assert len(drawn.classes) == 10
for name in ("left eye", "left wheel"):
    row, column, _ = drawn.parts[name][np.isfinite(drawn.parts[name][:, 0])].T
    assert (row > 0).all() and (row < 32).all() and (column > 0).all() and (column < 32).all()

# %% [markdown]
# ## The nine strongest
#
# For one map it takes three lines: the map's largest value in each picture, the nine pictures where
# it is largest, and the place in each. `look.many.top_activations` does the same for every map of
# several layers in one pass, and keeps only the best.

# %%
layers = ["conv1", "conv3", "conv5"]
tops = top_activations(net, inputs, layers, k=100)

y = net.outputs(inputs, ["conv3"])["conv3"][:, 69]          # map 69: (1200, 8, 8)
pictures = np.argsort(-y.max(axis=(1, 2)), kind="stable")[:9]
print("the same nine:", pictures.tolist() == tops["conv3"].units[69, :9, 0].tolist())
for layer in layers:
    print(layer, len(tops[layer].values), "maps, a unit sees",
          net.receptive_field(layer).size, "pixels each way")

# %% tags=["check"]
assert pictures.tolist() == tops["conv3"].units[69, :9, 0].tolist()
assert np.allclose(y.max(axis=(1, 2))[pictures], tops["conv3"].values[69, :9])

# %% [markdown]
# ## Three layers
#
# Two maps of each layer, chosen because they are clear. `tour.features.measure` searches and
# projects, `tour.features.draw` draws: projections at the left, patches at the right. Of each
# picture say in one word what the nine have in common, before you read on.

# %%
def nine(layer, channels):
    top = tops[layer]
    return features.measure(run, drawn.images, layer, channels=channels,
                            top=top._replace(values=top.values[:, :9], units=top.units[:, :9]))

features.draw(nine("conv1", [25, 7]))

# %%
features.draw(nine("conv3", [69, 8]))

# %% tags=["cover"]
features.draw(nine("conv5", [31, 40]))

# %% [markdown]
# In conv1 all nine projections of a map are the same picture: its filter. In conv3 and conv5 they
# differ, as the switches of the pools differ. Map 69 of conv3 shows pairs of dark bars, and map 8
# the lower half of a ring. In conv5, map 31 shows dark disks below a car, and map 40 whole rings.
# White in a patch is outside of the drawing.
#
# So the pictures say: bars, pairs of eyes, wheels. Let us count it. A projection shows the part
# whose center is nearest to the center of its energy (the energy of a pixel is its square, summed
# over the colors). `paper.figure2.measure.nearest_parts` finds it.

# %%
words = [name.removeprefix("left ").removeprefix("right ") for name in drawn.parts]
kinds = sorted(set(words))                      # a left eye and a right one are both an eye

def shares(layer, channel, part, first=9):
    """Of a map's strongest pictures, the share whose projection shows this part."""
    top = tops[layer]
    top = top._replace(values=top.values[:, :first], units=top.units[:, :first])
    found = features.measure(run, drawn.images, layer, channels=[channel], top=top)
    label = nearest_parts(found, drawn)[0]      # class and part in one number, or −1
    name, word = part.split()
    return np.mean(label == drawn.classes.index(name) * len(kinds) + kinds.index(word))

seen = {("conv1", 25): "cat eye", ("conv1", 7): "cat eye", ("conv3", 69): "cat eye",
        ("conv5", 31): "car wheel"}
for (layer, channel), part in seen.items():
    print(f"{layer}, map {channel:2}: {round(9 * shares(layer, channel, part))} of 9 show a {part}")

# %% tags=["numbers"]
[69, 8, 31, 40]

# %% tags=["check"]
for layer, channels in (("conv1", [25, 7]), ("conv3", [69, 8]), ("conv5", [31, 40])):
    found = nine(layer, channels)
    flat = found.projections.reshape(2, 9, -1)
    flat = flat / np.linalg.norm(flat, axis=2, keepdims=True)
    likeness = np.einsum("mip,mjp->mij", flat, flat)
    if layer == "conv1":
        assert likeness.min() > 0.999           # all nine are the filter
        for f, tile in zip(channels, found.projections[:, 0]):
            assert np.corrcoef(tile.ravel(), net.parameters["conv1.w"][f].ravel())[0, 1] > 0.999
    else:
        assert likeness.mean() < 0.8
assert all(shares(*which, part) == 1 for which, part in seen.items())
rings = drawn.labels[tops["conv5"].units[40, :9, 0]] == drawn.classes.index("ring")
assert rings.all()

# %% [markdown]
# ## Trap one: nine of nine
#
# Nine of nine for all four maps. A net that was never told about eyes or wheels has units for them,
# and finds them even in drawings. Or has it?
#
# Look at conv1 again. Its map 25 has nine cats' eyes, no less than map 69 of conv3. But a unit of
# conv1 sees 5×5 pixels. It looks for a dark bar between bright ones. In this world the darkest
# narrow bar on the brightest ground happens to be a cat's pupil. The *drawings* make it an eye
# detector. So first ask what the unit can see at all.
#
# Second, don't stop at nine. Of 1,200 pictures the nine strongest are the extreme. Here is the
# share in the first 100.

# %%
for (layer, channel), part in seen.items():
    print(f"{layer}, map {channel:2}: {shares(layer, channel, part, 100):.2f} of the first 100 "
          f"show a {part}")

# %% tags=["numbers"]
[25, 69, net.receptive_field("conv1").size, net.receptive_field("conv1").size,
 len(drawn.images), tops["conv1"].values.shape[1]]

# %% tags=["check"]
assert drawn.classes[4] == "car" and np.mean(drawn.labels == 4) == 0.1
assert 0.3 < shares("conv5", 31, "car wheel", 100) < 0.47
assert 0.3 < shares("conv3", 69, "cat eye", 100) < 0.47

# %% [markdown]
# Of map 31's first hundred, fewer than half are a car's wheels. It *prefers* wheels (only every
# tenth drawing has a car in it), but it isn't silent elsewhere.
#
# Third, and best: say what you think the map wants, draw it, and see. Three pictures in black on
# white: one bar, two bars like a cat's pupils, and a disk with a hole. How does each map answer,
# compared with its best of all 1,200 drawings?

# %%
row, column = np.indices((32, 32))
distance = np.hypot(row - 15.5, column - 15.5)
short = (row > 12) & (row < 19)
ink = {"one bar": short & (column == 11), "two bars": short & np.isin(column, (11, 20)),
       "wheel": (distance < 4) & (distance > 1.6)}
own = np.stack([np.where(black, 0, 255).astype(np.uint8) for black in ink.values()])
own = own[:, None].repeat(3, axis=1)                    # (3, 3, 32, 32): three colors alike
outputs = net.outputs(run.prepare(own), layers)

relative = {}
with plots.style():
    figure = plots.figure(4.5, 1.7)
    for axes, name, image in zip(figure.subplots(1, 3), ink, own):
        axes.imshow(plots.to_image(image), interpolation="nearest")
        axes.set(title=name, xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
for layer, channel in (("conv1", 25), ("conv3", 69), ("conv5", 31)):
    answers = outputs[layer][:, channel].max(axis=(1, 2)) / tops[layer].values[channel, 0]
    relative[layer] = answers = dict(zip(ink, answers))
    print(f"{layer}, map {channel}, in units of its best drawing:",
          ", ".join(f"{name} {answer:.1f}" for name, answer in answers.items()))
figure

# %% tags=["numbers"]
[31, len(drawn.images)]

# %% [markdown]
# Map 25 of conv1 fires for one bar more than for the best of all eyes: a bar is all that it asks
# for. Map 69 of conv3 wants a *pair* of bars: two give it twice its best drawing, and
# more than twice what one gives. Map 31 of conv5 fires for this little wheel more than for any
# wheel of any car, and hardly for the bars. So here the pictures told the truth. Without the test
# you wouldn't have known which of them did.

# %% tags=["numbers"]
[25, 69, 31]

# %% tags=["check"]
assert relative["conv1"]["one bar"] > 1.1
assert relative["conv3"]["two bars"] > 2 > 1.1 > relative["conv3"]["one bar"]
assert relative["conv3"]["two bars"] > 2.3 * relative["conv3"]["one bar"]
assert relative["conv5"]["wheel"] > 1.25
assert max(relative["conv5"]["one bar"], relative["conv5"]["two bars"]) < 0.5

# %% [markdown]
# ## Trap two: it lies on the object
#
# Most of the energy in the pictures above lies on the object, though the background is larger. Is
# that learned? The way to know is to ask a net that has learned nothing: the same layers, random
# weights. All maps of three layers now, and two questions. How much of a projection's energy lies
# on the object, and how much of what the unit sees does? How many of a map's nine show one and the
# same part, and how many would if all labels of the layer were dealt out at random?

# %%
def scores(of_run, layer):
    """What was found, and: energy on the object, pixels on it; one part in common, by chance."""
    top = top_activations(of_run.net, Prepared(drawn.images, of_run.prepare), [layer])[layer]
    fires = np.flatnonzero(top.values.min(axis=1) > 0)
    found = features.measure(of_run, drawn.images, layer, channels=fires, top=top)
    parts = common(nearest_parts(found, drawn), np.random.default_rng(0))
    return found, (*on_object(found, drawn.masks), parts.share, parts.chance)

untrained = run._replace(net=copy.deepcopy(net).initialize(np.random.default_rng(0)))
table, founds = {}, {}
print("                 on the object     one part in common")
print("                 energy  pixels    nine    by chance")
for name, of_run in (("trained", run), ("random", untrained)):
    for layer in layers:
        founds[name, layer], row = scores(of_run, layer)
        table[name, layer] = row
        print(f"{name:8} {layer}   {row[0]:.2f}    {row[1]:.2f}      {row[2]:.2f}    {row[3]:.2f}")

# %% [markdown]
# The random net's projections lie on the object, too: in conv5 more than half of their energy, on
# less than a third of the pixels. Of course: a deconvnet shows what fired the unit, what fires any
# unit most is contrast, and in these scenes the object has it. So "it looks at the object" says
# little about learning.
#
# "The nine belong together" says more. Above conv1, the trained net's nine have a part in common
# clearly more often than dealt ones; the random net's hardly. That is what learning has added.

# %% tags=["check"]
for layer in ("conv3", "conv5"):
    energy, pixels, share, chance = table["trained", layer]
    assert energy > pixels + 0.25 and share > chance + 0.1
    energy, pixels, share, chance = table["random", layer]
    assert energy > pixels + 0.15 and share < chance + 0.07
assert all(table["trained", layer][0] > 0.55 for layer in layers)
assert table["random", "conv5"][0] > 0.52 and table["random", "conv5"][1] < 0.3

# %% [markdown]
# ## What to take along
#
# - Nine strongest, projected, beside their patches: a map in one glance. In conv1 it is the filter,
#   higher up it is a part, at a place of its own in each picture.
# - The nine are an extreme, and they depend on what you search in. Look at the first hundred, and
#   at what a unit can see.
# - Compare with a net that has learned nothing. What it can do as well needs no learning.
# - Every unit of this net by its nine strongest: `numpyzf look labnet-cifar10 --images FOLDER`,
#   with any folder of pictures, makes one page to click through.

# %% [markdown]
# ## Exercises
#
# 1. How alike are a map's nine projections, laid over each other with their units in one place?
#    `paper.figure2.measure.alike` gives their mean correlation. **Predict** in which of the three
#    layers it is largest, and whether that of the patches goes the same way.
# 2. Search without the cars. **Predict** whether map 31 of conv5 finds nine pictures that fire it
#    as much as its nine wheels do.
# 3. Draw the two bars at other distances, from 3 to 12 pixels. **Predict** how map 25 of conv1 and
#    map 69 of conv3 answer.
# 4. Project the nine of map 31 and of map 40 of conv5 with `rule="gradient"`. **Predict** whether
#    more or less of the energy lies on the object than with the deconvnet.
#
# Then write the search yourself: `numpyzf lab start looking`.

# %% tags=["numbers"]
[31, 3, 12, 25, 69, 31, 40]

# %% [markdown] tags=["answer"]
# **1.** In conv1 the projections correlate fully: they are one filter. Higher up both numbers are
# much lower: larger patches have more in them that can differ. So a low correlation is no sign that
# a map is confused.

# %% tags=["answer"]
from numpyzf.paper.figure2.measure import aligned, alike

alikeness = {}
for layer in layers:
    found, field = founds["trained", layer], net.receptive_field(layer)
    alikeness[layer] = (alike(*aligned(found.projections, found, field)),
                        alike(*aligned(found.patches, found, field)))
    print(f"{layer}: projections {alikeness[layer][0]:.2f}, patches {alikeness[layer][1]:.2f}")
assert alikeness["conv1"][0] > 0.99
for kind in (0, 1):
    assert alikeness["conv1"][kind] > 0.3 + max(alikeness["conv3"][kind], alikeness["conv5"][kind])

# %% [markdown] tags=["answer"]
# **2.** No. The strongest of all pictures without a car fires it less than the last of the nine
# wheels.

# %% tags=["answer"]
others = drawn.images[drawn.labels != drawn.classes.index("car")]
without = top_activations(net, Prepared(others, run.prepare), ["conv5"], k=1)["conv5"].values[31]
print(f"without cars {without[0]:.1f}, ninth wheel {tops['conv5'].values[31, 8]:.1f}")
assert without[0] < 0.97 * tops["conv5"].values[31, 8]

# %% [markdown] tags=["answer"]
# **3.** Map 25 fires as for one bar: one is all that it asks for. Map 69 fires more for a
# pair than for one bar at every one of these distances. It wants two, but it isn't particular about
# how far apart they are, and no drawing has two bars as black as these.

# %% tags=["answer"]
pairs = np.stack([np.where(short & np.isin(column, (11, 11 + apart)), 0, 255).astype(np.uint8)
                  for apart in (3, 6, 9, 12)])
fired = net.outputs(run.prepare(pairs[:, None].repeat(3, axis=1)), ["conv1", "conv3"])
single = outputs["conv1"][0, 25].max(), outputs["conv3"][0, 69].max()
assert np.all(fired["conv1"][:, 25].max(axis=(1, 2)) < 1.02 * single[0])
assert np.all(fired["conv3"][:, 69].max(axis=(1, 2)) > 1.3 * single[1])

# %% tags=["numbers"]
[25, 69]

# %% [markdown] tags=["answer"]
# **4.** Less: the gradient isn't held to what is positive on its way down, and spreads.

# %% tags=["answer"]
inside = {}
for rule in ("deconvnet", "gradient"):
    found = features.measure(run, drawn.images, "conv5", channels=[31, 40], top=tops["conv5"],
                             rule=rule)
    inside[rule], _ = on_object(found, drawn.masks)
    print(f"{rule:10} {inside[rule]:.2f}")
assert inside["gradient"] < inside["deconvnet"] - 0.03
