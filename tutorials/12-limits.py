# %% [markdown]
# # 12. What a deconvnet does not tell you
#
# - **Question:** A projection shows the object, edges and all. Does it show what the net has
#   learned? And how could one know?
# - **In the paper:** section 2.1 has the method; the question was asked after it, by others
# - **Running time:** about 4 seconds on two cores
# - **Before it:** lesson 4 (the deconvnet), lesson 6 (what each layer sees)
#
# A picture that looks right convinces at once. That is why it needs a control, as any experiment
# does. The control is simple: take away what the picture is said to show, and look again. If the
# picture stays, it showed something else.
#
# Two studies did this to pictures like ours. Mahendran and Vedaldi ("Salient Deconvolutional
# Networks", ECCV 2016) asked how much of a deconvnet's picture depends on the unit, and how much on
# what the way down remembers of the image. Adebayo and others ("Sanity Checks for Saliency Maps",
# NeurIPS 2018) replaced the weights of a net by noise, layer by layer from the top. Here you do
# both.

# %%
import numpy as np

from numpyzf import functional, plots, runs
from numpyzf.data import scenes
from numpyzf.deconvnet import RULES
from numpyzf.paper.compare import cosine, energy_inside, rank_correlation
from numpyzf.paper.limits import measure as limits

# %% tags=["numbers"]
[2016, 2018]        # the years of the two studies

# %% [markdown]
# ## A ring
#
# The net that comes with numpyzf knows 10 classes of animals and vehicles. Here are 12 pictures,
# drawn and not photographed (`data.scenes`), and the first shows a ring. A ring is none of the
# classes. The net gives an answer all the same, and the deconvnet brings the score of that answer
# down to the pixels.

# %%
run = runs.pretrained()
net = run.net
drawn = scenes.load("test", size=32, count=12)
x = run.prepare(drawn.images)
trace = net.forward(x)
answers = trace.scores.argmax(axis=1)
units = np.column_stack([np.arange(len(x)), answers])       # of fc8: (image, class)
print(f"the picture: {drawn.classes[drawn.labels[0]]}; the answer: {run.classes[answers[0]]}")

# %% tags=["numbers"]
[len(run.classes), len(x)]

# %% tags=["check"]
assert drawn.classes[drawn.labels[0]] == "ring" not in run.classes
assert np.diff(np.sort(trace.scores[0])[-2:]) > 0.2         # the answer is no near-tie

# %% [markdown]
# Now the control. `limits.randomize` makes a copy of the net in which some layers have noise for
# weights, as strong as the weights were, and no biases. The image goes up through this damaged net,
# and the same score comes down through it, seeded with 1. First fc8 alone is noise, then everything
# from fc8 down to fc6, then down to conv5, to conv3, and at last to conv1: a net that knows nothing
# at all. (Noise is drawn 3 times; the first is shown.)
#
# **Predict** before you run it: in which of these pictures will there still be a ring?

# %%
layers = limits.weighted_layers(net)[::-1]                  # from the top
shown = ("fc8", "fc6", "conv5", "conv3", "conv1")

def noise_down_to(name, seed):
    """The net with noise for the weights of fc8 down to and including layer `name`."""
    return limits.randomize(net, layers[:layers.index(name) + 1], np.random.default_rng(seed))

def bring_down(net, trace, rule, units=units):
    """Each unit of fc8 at the pixels, seeded with 1: (M, 3, 32, 32)."""
    return limits.projections(net, trace, "fc8", units, rule)

draws = 3                                                   # of the noise
trained = {rule: bring_down(net, trace, rule) for rule in RULES}
pictures = {(name, rule): [] for name in shown for rule in RULES}
for name in shown:
    for seed in range(draws):
        damaged = noise_down_to(name, seed)
        passed = damaged.forward(x)
        for rule in RULES:
            pictures[name, rule].append(bring_down(damaged, passed, rule))
print("layers, from the top:", *layers)

# %% tags=["numbers"]
[1, draws]

# %% tags=["cover"]
with plots.style():
    figure = plots.figure(8, 3.7)
    panels = figure.subplots(len(RULES), 2 + len(shown))
    plots.show(panels[0, 0], plots.to_image(drawn.images[0]))
    panels[0, 0].set_title("picture")
    for axes in panels[1:, 0]:
        axes.set_axis_off()
    for row, rule in zip(panels[:, 1:], RULES):
        found = [trained[rule], *(pictures[name, rule][0] for name in shown)]
        for axes, projections in zip(row, found):
            plots.show(axes, plots.to_display(projections[0]))
        row[0].text(-0.08, 0.5, rule, rotation=90, ha="right", va="center",
                    transform=row[0].transAxes, fontweight="bold")
    for axes, name in zip(panels[0, 1:], ("trained", "noise: fc8", *shown[1:])):
        axes.set_title(f"fc8 … {name}" if name in shown else name)
figure

# %% [markdown]
# The ring is there every time. Look along the row of the deconvnet: with fc8 noise, the score that
# comes down belongs to no class of this world. With noise down to conv3, only the first two layers
# know anything. In the last column nothing does. A net of noise has never seen a ring, and paints
# one. So the ring in the first column isn't knowledge, either.
#
# Guided backpropagation, which looks sharpest, hardly notices that its net is being destroyed. The
# gradient is the only one that becomes another picture as soon as fc8 is noise. It isn't pretty,
# trained or not.

# %% tags=["check"]
flat = x - x.mean(axis=(2, 3), keepdims=True)               # without each image's mean color
for found in [[trained["deconvnet"]], *(pictures[name, "deconvnet"] for name in shown)]:
    for projections in found:               # like the picture of the ring, every time
        assert cosine(flat, projections)[0] > 0.25
first = {rule: cosine(trained[rule], pictures["fc8", rule][0])[0] for rule in RULES}
assert first["guided"] > 0.95 and abs(first["gradient"]) < 0.5

# %% [markdown]
# ## Alike, in numbers
#
# One ring may be chance. So take all 12 pictures, and put a number on it: the likeness of lesson 4,
# the cosine between the damaged net's picture and the trained net's. A likeness says nothing by
# itself. It needs a floor: the same unit's picture, but for another image. What stands at the floor
# has lost everything of its image, and 1 is the very same picture.

# %%
next_image = np.column_stack([np.roll(units[:, 0], 1), units[:, 1]])
floors = {rule: bring_down(net, trace, rule, next_image) for rule in RULES}

def likeness(measure):
    """{rule: [of each kind of damage, mean over images and draws, …, and of another image]}."""
    return {rule: [*(np.mean([measure(trained[rule], other) for other in pictures[name, rule]])
                     for name in shown), measure(trained[rule], floors[rule]).mean()]
            for rule in RULES}

cosines, ranks = likeness(cosine), likeness(rank_correlation)
for title, found in (("cosine", cosines), ("rank correlation", ranks)):
    print(f"{title:17}", *(f"{name:>6}" for name in shown), " another image")
    for rule, values in found.items():
        print(f"{rule:17}", *(f"{value:6.2f}" for value in values[:-1]), f"{values[-1]:14.2f}")

# %% tags=["numbers"]
[len(x), 1]

# %% [markdown]
# Guided: 0.92, with 6 of the 8 layers noise. Whatever these layers have learned, the picture
# doesn't show it.
#
# The deconvnet: 0.6 with fc8 noise, and still 0.6 with 6 layers noise. Its floor is at 0.03. So the
# first damage costs something, and what comes on top of it costs nothing, as long as the first two
# layers are left.
#
# The gradient is near 0 from the first damage on, as is another image's. So it depends on the
# weights. That is necessary, and not enough: a method that answers with pure noise would pass this
# test, too.

# %% tags=["numbers"]
[cosines["guided"][3], layers.index("conv3") + 1, len(layers), cosines["deconvnet"][0],
 cosines["deconvnet"][3], layers.index("conv3") + 1, cosines["deconvnet"][-1], 0]

# %% tags=["check"]
assert min(cosines["guided"][:4]) > 0.85 and max(np.abs(cosines["gradient"])) < 0.3
assert min(cosines["deconvnet"][:4]) > (1 + cosines["deconvnet"][-1]) / 2
assert max(cosines["deconvnet"][:4]) - min(cosines["deconvnet"][:4]) < 0.1

# %% [markdown]
# Below stands a second measure, which Adebayo and others used: are the same *pixels* strong? It
# ranks the pixels, so a faint background counts as much as a strong line. By it the deconvnet has
# lost more than half of what lies between its floor, 0.21, and 1. By the cosine, which is ruled by
# what is strong as your eye is, it has lost less than half. Neither is the truth. If you report a
# likeness, say which, and give its floor.

# %% tags=["numbers"]
[ranks["deconvnet"][-1], 1]

# %% tags=["check"]
assert max(ranks["deconvnet"][:-1]) < (1 + ranks["deconvnet"][-1]) / 2
assert min(ranks["guided"][:4]) > 0.8

# %% [markdown]
# ## Another class, the same picture
#
# A second control, and no noise in it: one image, one trained net, but another class. If a picture
# explains the score of "automobile", that of "cat" must be another picture.

# %%
names = ("automobile", "airplane", "bird", "cat")
with plots.style():
    figure = plots.figure(6, 2.6)
    panels = figure.subplots(2, 1 + len(names))
    plots.show(panels[0, 0], plots.to_image(drawn.images[0]))
    panels[1, 0].set_axis_off()
    for row, rule in zip(panels[:, 1:], ("deconvnet", "guided")):
        wanted = [(0, run.classes.index(name)) for name in names]
        for axes, picture in zip(row, bring_down(net, trace, rule, np.array(wanted))):
            plots.show(axes, plots.to_display(picture))
        row[0].text(-0.08, 0.5, rule, rotation=90, ha="right", va="center",
                    transform=row[0].transAxes, fontweight="bold")
    for axes, name in zip(panels[0, 1:], names):
        axes.set_title(name)
figure

# %% [markdown]
# Four times a ring. Over all 12 images, and all 9 other classes of each:

# %%
similarities, _ = limits.compare_classes(net, trace, answers, np.arange(10))
classes = dict(zip(RULES, similarities[limits.COSINE].mean(axis=1)))
for rule, value in classes.items():
    print(f"{rule:10} likeness of the answer's picture and another class's: {value:5.2f}")

# %% tags=["numbers"]
[len(x), len(run.classes) - 1]

# %% [markdown]
# The deconvnet's picture for another class is as much like it as that of noise for fc8 was: 0.6
# here, 0.6 there. It says what is in the image, and next to nothing about the class.

# %% tags=["numbers"]
[classes["deconvnet"], cosines["deconvnet"][0]]

# %% tags=["check"]
assert abs(classes["deconvnet"] - cosines["deconvnet"][0]) < 0.1
assert classes["guided"] > 0.95 and abs(classes["gradient"]) < 0.3

# %% [markdown]
# ## Who paints the ring?
#
# Lesson 1 had it all. Going up, a filter's dot product says how much the window *looks like* the
# filter. Going down, that number paints the filter where it lay. So the filter is painted where the
# image looked like it, and what comes back looks like the image. This needs no learning. Take
# random filters, go up and down by the same ones, and compare with the image:

# %%
flat = x - x.mean(axis=(2, 3), keepdims=True)               # without each image's mean color
painted = {}
for count in (1, 8, 32, 128):
    w = np.random.default_rng(count).standard_normal((count, 3, 5, 5), np.float32)
    y, _ = functional.conv_forward(flat, w, np.zeros(count, np.float32), stride=1, pad=2)
    for through, values in (("straight", y), ("by a ReLU", np.maximum(y, 0))):
        back = functional.conv_transpose(values, w, pad=2, size=(32, 32))
        painted[count, through] = cosine(flat, back).mean()
    print(f"{count:3} random filters: likeness to the image {painted[count, 'straight']:.2f}, "
          f"with a ReLU on top {painted[count, 'by a ReLU']:.2f}")

# %% [markdown]
# 128 random filters give the image back with a likeness of 0.98. In matrices: up is W, down is Wᵀ,
# and WᵀW of many random rows is nearly a multiple of the identity.
#
# The whole net is 8 such layers. The deconvnet lets each layer's output down by that layer's own
# filters and to that layer's own switches: it goes back the way it came up. Break the way, and the
# ring is gone:

# %% tags=["numbers"]
[128, painted[128, "straight"], len(layers)]

# %%
noise, no_switches = noise_down_to("conv1", 0), RULES["deconvnet"]._replace(switches=False)
ways = {"trained net": trained["deconvnet"],
        "all noise": pictures["conv1", "deconvnet"][0],
        "trained net, no switches": bring_down(net, trace, no_switches),
        "up trained, down noise": bring_down(net, limits.with_weights(trace, noise), "deconvnet")}
like_image = {name: cosine(flat, picture).mean() for name, picture in ways.items()}
for name, value in like_image.items():
    print(f"{name:25} likeness to the image {value:5.2f}")

with plots.style():
    figure = plots.figure(7, 1.8)
    for axes, (name, picture) in zip(figure.subplots(1, len(ways)), ways.items()):
        plots.show(axes, plots.to_display(picture[0]))
        axes.set_title(name)
figure

# %% [markdown]
# And see: the net of pure noise is *more* like the image than the trained one. Learning has made
# the picture less of a copy. What it put in its place is worth looking for. But you can't see it by
# looking at one picture that shows both.

# %% tags=["check"]
assert painted[1, "straight"] < painted[8, "straight"] < painted[32, "straight"]
assert painted[128, "straight"] > 0.95 and painted[128, "by a ReLU"] > 0.9
assert like_image["all noise"] > like_image["trained net"] + 0.05 > 0.3
assert abs(like_image["trained net, no switches"]) < 0.1
assert abs(like_image["up trained, down noise"]) < 0.1
for other in pictures["conv1", "deconvnet"]:        # with other noise, too
    assert cosine(flat, other).mean() > like_image["trained net"] + 0.05

# %% [markdown]
# ## It lies on the object. So do the edges
#
# "The net looks at the object", one reads below such pictures. Of a scene we know the object's
# pixels, so we can count: which share of a picture's energy lies on the object?

# %%
edges = limits.edges(x)                                     # brightness's slope, no net at all
shares = {"the object's share of the image": drawn.masks.mean(),
          "deconvnet, trained net": energy_inside(trained["deconvnet"], drawn.masks).mean(),
          "deconvnet, all noise": np.mean([energy_inside(projections, drawn.masks) for projections
                                           in pictures["conv1", "deconvnet"]]),
          "edges of the image, no net": energy_inside(edges, drawn.masks).mean()}
for name, share in shares.items():
    print(f"{name:32} {share:.2f}")

# %% [markdown]
# The object is 18 % of an image, and 46 % of the trained net's picture lies on it. That would be a
# fine result, if an edge detector, which knows no net, didn't do as well.

# %% tags=["numbers"]
[round(100 * shares["the object's share of the image"]),
 round(100 * shares["deconvnet, trained net"])]

# %% tags=["check"]
area, of_trained, of_noise, of_edges = shares.values()
assert of_noise > 2 * area and of_edges > of_trained - 0.05

# %% [markdown]
# ## What to take along
#
# - A clear picture is no evidence. Before you believe one, ask for its controls: noise for weights,
#   another unit, another image. They cost ten lines.
# - What a deconvnet paints is a part of the image, painted back the way it came up. Outside of the
#   cone it is zero, and there the unit can't have seen anything: that much is certain (lesson 1).
# - The *choice* of images in Figure 2 is the net's own: which nine fire a map most depends on
#   everything that it has learned. Trust what the nine patches have in common, more than the
#   strokes in any of their projections (lesson 6).
# - If you want to know what matters to a net, change the image and ask the net again (lesson 9).
# - All of this is one net and 12 images that it wasn't trained on. `numpyzf reproduce limits`
#   does it with nets trained on scenes, several of them, and with all eight rules.
# - Don't look at a projection without a control. On the page that `numpyzf look RUN` makes, the
#   random weights are one key away, and so is the way down without switches.

# %% tags=["numbers"]
[len(x)]

# %% [markdown]
# ## Exercises
#
# 1. Noise for one layer only, and guided backpropagation: `limits.randomize(net, ["fc8"], …)`, and
#    then `["conv1"]`. **Predict** which of the two costs more likeness.
# 2. Go up and down by conv1's *learned* 32 filters in place of 32 random ones, without a ReLU.
#    **Predict** whether what comes back is more like the image, or less. Why?
# 3. The net before its first step: `copy.deepcopy(net).initialize(…)`, which draws He's weights.
#    **Predict** whether its deconvnet's pictures are like the images.
# 4. The gradient passed the test of the classes. **Predict** the likeness of *its* pictures to the
#    images, of the trained net and of noise.
#
# Write the way down yourself: `numpyzf lab start deconvnet`. For what comes after it, occlusion
# above all: `numpyzf lab start looking`.

# %% tags=["numbers"]
[len(net.parameters["conv1.w"]), 32]

# %% [markdown] tags=["answer"]
# **1.** conv1. Noise for fc8 costs nearly nothing, noise for conv1 leaves 0.4. Guided
# backpropagation passes where units fired, and fc8 comes behind all of them. conv1 paints the
# pixels.

# %% tags=["answer"]
left = {}
for name in ("fc8", "conv1"):
    other = limits.randomize(net, [name], np.random.default_rng(0))
    left[name] = cosine(trained["guided"], bring_down(other, other.forward(x), "guided"))
    print(name, f"{left[name].mean():.2f}")
assert left["fc8"].mean() > 0.95 > left["conv1"].mean() + 0.3

# %% tags=["numbers"]
[left["conv1"].mean()]

# %% [markdown] tags=["answer"]
# **2.** Less: 0.81, and 0.96 for random ones. Learned filters have favorites: some patterns many of
# them look for, others none. So WᵀW is farther from the identity, and brings back what they look
# for.

# %% tags=["answer"]
w = net.parameters["conv1.w"]
y, _ = functional.conv_forward(flat, w, np.zeros(len(w), np.float32), stride=1, pad=2)
learned = cosine(flat, functional.conv_transpose(y, w, pad=2, size=(32, 32))).mean()
assert learned < painted[32, "straight"] - 0.1

# %% tags=["numbers"]
[learned, painted[32, "straight"]]

# %% [markdown] tags=["answer"]
# **3.** They are. It is noise as well, only of another strength, and a factor changes nothing.

# %% tags=["answer"]
import copy

before = copy.deepcopy(net).initialize(np.random.default_rng(3))
back = bring_down(before, before.forward(x), "deconvnet")
assert cosine(flat, back).mean() > like_image["trained net"]

# %% [markdown] tags=["answer"]
# **4.** Next to none, trained or not: below 0.1. It isn't painted where the image looks like a
# filter, but where a change would change the score.

# %% tags=["answer"]
gradients = [cosine(flat, projections).mean()
             for projections in (trained["gradient"], pictures["conv1", "gradient"][0])]
assert max(np.abs(gradients)) < 0.1

# %% tags=["numbers"]
[0.1]           # the bound in the assert
