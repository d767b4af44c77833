# %% [markdown]
# # 9. Occlusion and correspondence: cover it, and see
#
# - **Question:** Does the net look at the object or at what is around it? And does it know that an
#   eye in one face is the same thing as an eye in another?
# - **In the paper:** sections 4.3 and 4.4, Figure 7, Table 1 and Figure 8
# - **Running time:** about 8 seconds on two cores
# - **Before it:** lessons 4 and 6
#
# A projection is a picture, and pictures persuade. Here is a way to ask the net without one: change
# the image, and see what changes in the answer. The paper slides a gray square over an image, and
# it covers the same part in several images. Both experiments need nothing but forward passes, and
# you can do them with any model, whatever is inside.

# %%
import copy

import numpy as np

from numpyzf import functional, plots, runs
from numpyzf.data import scenes
from numpyzf.layers import Linear
from numpyzf.look import linear, occlusion
from numpyzf.network import Network
from numpyzf.paper.claims import HOLDS, counted, verdict
from numpyzf.paper.figure7 import measure as figure7
from numpyzf.paper.table1 import measure as table1

# %% [markdown]
# ## A net that knows four drawings
#
# In drawings (`data.scenes`) it is known where the object is and where its parts are. The net that
# comes with numpyzf knows photographs. So take its five convolutions as they are, and fit one new
# layer on top, a softmax over what pool5 gives (lesson 11 has more about that). It is to tell
# faces, cats, birds and cars apart.

# %%
classes = ("face", "cat", "bird", "car")
run = runs.pretrained()

def drawings(count, seed):
    """Drawings of the four classes, and their labels from 0 to 3."""
    drawn = scenes.render(count, np.random.default_rng(seed), size=32, classes=classes)
    return drawn, np.array([classes.index(drawn.classes[c]) for c in drawn.labels])

def pool5(images):
    return run.net.outputs(run.prepare(images), ["pool5"])["pool5"].reshape(len(images), -1)

learned, labels = drawings(1000, seed=1)
(softmax,) = linear.fit_softmax(pool5(learned.images), labels, strengths=[1e-4])
names = [*run.net.layers]
kept = [(name, run.net.layers[name]) for name in names[:names.index("flatten") + 1]]
net = Network([*kept, ("fc8", Linear(len(softmax.weights), 4))], run.net.input_shape)
net.load_parameters({name: value for name, value in run.net.parameters.items()
                     if name.startswith("conv")}
                    | {"fc8.w": np.float32(softmax.weights.T), "fc8.b": np.float32(softmax.bias)})
run = run._replace(net=net, classes=classes)

test, truth = drawings(400, seed=2)
scores = net.predict(run.prepare(test.images))
print(f"right: {np.mean(scores.argmax(axis=1) == truth):.2f} of {len(truth)} new drawings")

# %% tags=["check"]
assert np.mean(scores.argmax(axis=1) == truth) > 0.75

# %% [markdown]
# ## A square that slides
#
# The square covers 7×7 of the 32×32 pixels, at every second place, with 0: after the preparation
# that is the gray of the mean image. At each place ask for the probability of the true class. By
# hand it is a loop. `look.occlusion.occlude` gives the same numbers, but computes only what the
# square changes; its head explains how.

# %%
n = 12
x = run.prepare(test.images[n:n + 1])[0]
places = occlusion.places(32, 7, 13)
covered = []
for top in places:
    for left in places:
        covered.append(x.copy())
        covered[-1][:, top:top + 7, left:left + 7] = 0
probability = functional.softmax(net.predict(np.array(covered)))[:, truth[n]].reshape(13, 13)

fast = occlusion.occlude(net, x, size=7, tops=places, lefts=places, sums=("relu5",))
same = functional.softmax(fast.scores.reshape(-1, 4))[:, truth[n]].reshape(13, 13)
print(f"{classes[truth[n]]}: probability {functional.softmax(scores[n:n + 1])[0, truth[n]]:.2f}, "
      f"covered at the worst place {probability.min():.2f}")
print("the same numbers:", np.allclose(probability, same, atol=1e-4))

# %% tags=["numbers"]
[7, 7, 32, 32, 0]

# %% tags=["check"]
assert np.allclose(probability, same, atol=1e-4)
assert np.diff(places).min() >= 2

# %% [markdown]
# Now four pictures for each of three drawings, as in the paper's Figure 7. The drawing. What of it
# fires one map of the last convolution, the map that the whole image fires most, projected down.
# That map's activity, summed, for each place of the square's middle. And the probability of the
# true class. The thin line is the object's outline. (`paper.figure7.measure` computes them.)

# %%
results = {n: figure7.measure(run, test.images[n], truth[n], size=7) for n in range(30)}

# %% tags=["cover"]
with plots.style():
    figure = plots.figure(6.4, 4.7)
    panels = figure.subplots(3, 4)
    for row, n in zip(panels, (17, 12, 29)):
        result = results[n]
        plots.show(row[0], plots.to_image(result.image))
        plots.show(row[1], plots.to_display(result.projection))
        for axes, values, colors in ((row[2], result.sums / result.whole_sum, "magma"),
                                     (row[3], result.probability, "viridis")):
            first, last = result.tops[0] + 2, result.tops[-1] + 4       # of the square's middle
            image = axes.imshow(values, cmap=colors, vmin=0, vmax=1,
                                extent=[first, last, last, first])
            axes.contour(test.masks[n], [0.5], colors="white", linewidths=1)
            axes.set(xlim=(-0.5, 31.5), ylim=(31.5, -0.5), xticks=[], yticks=[])
            axes.spines[:].set_visible(True)
            figure.colorbar(image, ax=axes, ticks=[0, 1], aspect=12)
        row[0].set_title(classes[truth[n]])
        row[1].set_title(f"what fires map {result.channel}")
    panels[0, 2].set_title("its activity")
    panels[0, 3].set_title("probability")
figure

# %% [markdown]
# The right column is what one hopes for: the face and the cat lose most with an eye covered (the
# one at the right), the car with a window. In the column before it the map should fall silent where
# its projection has structure. That isn't always on the object: what the cat's map 62 shows, and
# what silences it, is the background at the left, and the probability doesn't care.
#
# Three pictures prove nothing. But here the object's pixels are known, so count, in 30 drawings.
# How much probability is lost with the square's middle on the object, and off it? How much of the
# map's activity is lost where the square covers most of the projection's energy, and at an average
# place?

# %% tags=["numbers"]
[results[12].channel, len(results)]

# %% tags=["check"]
def worst(n):
    """The part nearest to the square's middle where the probability is lowest, and how far."""
    i, j = np.unravel_index(results[n].probability.argmin(), results[n].probability.shape)
    middle = results[n].tops[i] + 3, results[n].lefts[j] + 3
    return min((np.hypot(*(part[n, :2] - middle)), name) for name, part in test.parts.items()
               if np.isfinite(part[n, 0]))

for n, part in ((17, "right eye"), (12, "right eye"), (29, "right window")):
    distance, name = worst(n)
    assert name == part and distance < 3.5
cat = results[12]
i, j = np.unravel_index(cat.sums.argmin(), cat.sums.shape)
assert cat.lefts[j] < 6 and cat.probability[i, j] > 0.9 * cat.whole_probability

# %%
score = figure7.of_images([figure7.score(result, test.masks[n], np.empty((0, 2)))
                           for n, result in results.items()])
print(f"probability lost: {score.inside.mean():.2f} on the object, {score.outside.mean():.2f} off")
print(f"activity lost: {score.covered.mean():.2f} on the projection, "
      f"{score.anywhere.mean():.2f} anywhere")
print(f"of all that is lost, {np.nanmean(score.share):.2f} is on the object, which has "
      f"{score.area.mean():.2f} of the places")

# %% [markdown]
# So both hold. It costs more than twice as much probability to cover the object as to cover
# something else. And the projection isn't just a picture: covering what it shows costs its map more
# than twice the activity of an average place. But not all is on the object: about half of what is
# lost lies beside it. The squares reach beyond their middle, and the background matters, too.

# %% tags=["check"]
# by more than two standard errors
assert verdict(counted([score.inside - score.outside])) == HOLDS
assert score.inside.mean() > 2.2 * score.outside.mean()
assert score.covered.mean() > 2.2 * score.anywhere.mean()
assert 0.35 < np.nanmean(score.share) < 0.65

# %% [markdown]
# ## Is an eye an eye?
#
# No one told the net that faces have eyes. Suppose it has a notion of an eye. Then covering the
# left eye must change the net's features in the same way in every face. The paper tests that: let ε
# be the features of a face minus its features with the part covered. Of two faces take the share of
# features where the *signs* of ε differ: down, unchanged or up. The mean over all pairs in a group
# of five faces is Δ. If parts correspond, Δ is lower for an eye than for a random place. In the
# paper's layer 5 it is: .067 and .069 for the eyes, .079 for the nose, .107 at random.
#
# The same here: 200 drawn faces, which stand upright in the middle, a square of 5 pixels, the
# features of relu5. There is one more row than in the paper: a random place that is the *same* in
# all five faces. And one more column: a net that has learned nothing.

# %%
def covered_signs(net, drawn, side=5):
    """Signs of ε: {what is covered: (groups, five faces, features)}."""
    x, signs = run.prepare(drawn.images), {}
    places = table1.places_to_cover(drawn, side, np.random.default_rng(1))
    before = net.outputs(x, ["relu5"])["relu5"]
    for part, corners in places.items():
        after = net.outputs(table1.cover(x, corners, side), ["relu5"])["relu5"]
        signs[part] = table1.change_signs(before, after).reshape(len(x) // 5, 5, -1)
    return signs

def delta(signs):
    return np.mean([table1.disagreement(group) for group in signs])

faces = scenes.render(200, np.random.default_rng(3), size=32, classes=["face"], centered=True)
nets = {"trained": net, "random": copy.deepcopy(net).initialize(np.random.default_rng(0))}
signs = {name: covered_signs(of_net, faces) for name, of_net in nets.items()}
print("Δ                     trained   random")
for part in signs["trained"]:
    row = [delta(signs[name][part]) for name in nets]
    print(f"{part:20}    {row[0]:.3f}    {row[1]:.3f}")

# %% tags=["numbers"]
[5, .067, .069, .079, .107, len(faces.images), 5]       # the paper's, and what is chosen

# %% [markdown]
# Read it twice. In the trained net Δ isn't lower for the eyes than at random: it is a little
# higher. In the net that has learned nothing, it is lower for the eyes, then comes the nose, then
# the random place. That is the order of the paper's table, and no learning was needed for it. (Nor
# an eye: at the same random place in all five faces it is as low.)
#
# How come? Δ takes "unchanged in both" as agreement. Behind a ReLU most features of the trained net
# are zero with the square and without it: only about a tenth change. So Δ mostly says *how many*
# change, and an eye, being full of contrast, changes more of them than a cheek.

# %% tags=["check"]
eyes = ("right eye", "left eye")
for eye in eyes:
    assert delta(signs["trained"][eye]) > delta(signs["trained"][table1.RANDOM]) + 0.004
    assert delta(signs["random"][eye]) < delta(signs["random"]["nose"]) - 0.008
    share = {part: (s != 0).mean() for part, s in signs["trained"].items()}
    assert share[eye] > 1.03 * share[table1.RANDOM]
    assert abs(delta(signs["random"][eye]) - delta(signs["random"][table1.SAME])) < 0.015
assert delta(signs["random"]["nose"]) < delta(signs["random"][table1.RANDOM]) - 0.004
assert all(0.08 < (s != 0).mean() < 0.13 for s in signs["trained"].values())
assert all((s != 0).mean() > 0.4 for s in signs["random"].values())

# %% [markdown]
# So leave them out. Of the features that change in *both* of two faces, how many go the same way?
# Half would be a coin's answer.

# %%
def agreement(signs):
    """Of the features that change in two faces of a group, the share that change the same way."""
    signs = np.float32(signs)
    pairs = ~np.eye(5, dtype=bool)
    same_minus_other = (signs @ signs.swapaxes(1, 2))[:, pairs].sum()
    changed = (np.abs(signs) @ np.abs(signs).swapaxes(1, 2))[:, pairs].sum()
    return 0.5 + 0.5 * same_minus_other / changed

anywhere = scenes.render(200, np.random.default_rng(3), size=32, classes=["face"])
signs["anywhere"] = covered_signs(net, anywhere)
print("agreement             trained   random   trained,")
print("                                         faces anywhere")
for part in signs["trained"]:
    row = [agreement(signs[name][part]) for name in signs]
    print(f"{part:20}     {row[0]:.2f}     {row[1]:.2f}     {row[2]:.2f}")

# %% [markdown]
# Now the trained net does say that an eye is an eye. Covering it does more of the same in two faces
# than covering a random place, or the same random place. Some of that is there before learning, for
# all eyes are drawn alike; in the trained net there is more. The effect is small, and it is only
# there for the eyes: the nose does no better than the same random place. And the last column says
# what kind of knowledge it is. If the faces stand anywhere in the picture, not in the middle, it is
# nearly gone. ε is compared feature by feature, each at its place. What corresponds is an eye
# *here*.

# %% tags=["check"]
for eye in eyes:
    others = [agreement(signs["trained"][part]) for part in (table1.RANDOM, table1.SAME, "nose")]
    others += [agreement(s) for s in signs["random"].values()]
    assert agreement(signs["trained"][eye]) > max(others) + 0.02
    assert agreement(signs["anywhere"][eye]) < 0.55
assert all(0.45 < agreement(s) for of_net in signs.values() for s in of_net.values())
assert agreement(signs["trained"]["nose"]) < agreement(signs["trained"][table1.SAME]) + 0.01

# %% [markdown]
# ## What to take along
#
# - Occlusion asks the net itself: no picture of the inside, only answers. It costs a forward pass
#   for each place, and its answer depends on the square's size and color.
# - What a projection shows, its map needs: covering it silences the map. That is a test that any
#   way of visualizing should pass.
# - Before you believe a number, compute it where there is nothing to find: at the same random
#   place, in a net with random weights. Here the paper's measure put the random net first. A
#   count without the unchanged features puts the trained net first, by a little.
# - `numpyzf look RUN` makes a page to click through: among much else, such a map over a picture,
#   and which units are strongest where.

# %% [markdown]
# ## Exercises
#
# 1. Slide a square of 3 pixels, and one of 13, in place of 7. **Predict** how the probability that
#    is lost on the object changes, and that off it.
# 2. Compute Δ of the trained net for a square of 1 pixel. **Predict** whether it is lower or
#    higher than for 5. Does the net know eyes better now?
# 3. In one face cover the left eye, in another the right one. **Predict** how many of the features
#    that change in both go the same way: as many as for two left eyes, or half?
# 4. Cover with white in place of gray, `value=(255 - run.prepare.mean) / run.prepare.scale` of
#    `occlusion.occlude`. **Predict** whether the probability off the object stays as it was.
#
# Then write it yourself: `numpyzf lab start looking`.

# %% tags=["numbers"]
[3, 13, 7, 1, 5, 255]

# %% [markdown] tags=["answer"]
# **1.** With the size both grow. A small square hardly hides anything. A large one, with its middle
# off the object, still covers some of it.

# %% tags=["answer"]
lost = {}
for size in (3, 7, 13):
    found = [figure7.measure(run, test.images[n], truth[n], size=size, step=3) for n in range(12)]
    many = figure7.of_images([figure7.score(result, test.masks[n], np.empty((0, 2)))
                              for n, result in enumerate(found)])
    lost[size] = many.inside.mean(), many.outside.mean()
    print(f"size {size:2}: {lost[size][0]:.2f} on, {lost[size][1]:.2f} off")
for where in (0, 1):
    assert lost[13][where] > lost[7][where] + 0.01 > lost[3][where] + 0.02

# %% [markdown] tags=["answer"]
# **2.** Lower: fewer features change, and all others agree. Nothing has been understood better.

# %% tags=["answer"]
few = covered_signs(net, faces, side=1)
for eye in eyes:
    assert delta(few[eye]) < delta(signs["trained"][eye]) - 0.008

# %% [markdown] tags=["answer"]
# **3.** Hardly more than half. For this count, a left eye and a right one are two different things.

# %% tags=["answer"]
left, right = (np.float32(signs["trained"][eye]) for eye in ("left eye", "right eye"))
pairs = ~np.eye(5, dtype=bool)
crossed = 0.5 + 0.5 * ((left @ right.swapaxes(1, 2))[:, pairs].sum()
                       / (np.abs(left) @ np.abs(right).swapaxes(1, 2))[:, pairs].sum())
print(f"left against right {crossed:.2f}, left against left {agreement(left):.2f}")
assert crossed < 0.54 < agreement(left) - 0.03

# %% [markdown] tags=["answer"]
# **4.** No. A white square isn't nothing: it has edges and light of its own, and the net answers to
# them. Off the object more is lost (in absolute terms) than with gray, which is why gray is used.

# %% tags=["answer"]
white = (255 - run.prepare.mean) / run.prepare.scale
change = {"gray": 0, "white": 0}
for n in range(12):
    x = run.prepare(test.images[n:n + 1])[0]
    before = functional.softmax(net.predict(x[None]))[0, truth[n]]
    off = ~figure7.on_object(results[n], test.masks[n])
    for name, value in (("gray", 0.0), ("white", white)):
        found = occlusion.occlude(net, x, size=7, tops=places, lefts=places, value=value)
        after = functional.softmax(found.scores.reshape(-1, 4))[:, truth[n]].reshape(13, 13)
        change[name] += np.abs(after - before)[off].mean() / 12
print({name: f"{value:.3f}" for name, value in change.items()})
assert change["white"] > 1.3 * change["gray"]
