# %% [markdown]
# # 7. How features grow
#
# - **Question:** What does a map look for while the net is learning? And when its picture jumps
#   from one epoch to the next, what has changed?
# - **In the paper:** section 4.1 (Feature Evolution during Training) and Figure 4
# - **Running time:** about 10 seconds on two cores
# - **Before it:** lesson 5 (training), lesson 6 (what each layer sees)
#
# The paper keeps its net after several epochs, and asks each time: of all training images, which
# one fires this map most, and what of it? Put side by side, these pictures show the map growing up.
# Its text says two things about them. Lower layers settle within a few epochs, upper ones much
# later. And sudden jumps come from a change of the image that fires the map most.
#
# You train one small net here, and measure both.

# %%
import copy

import numpy as np

from numpyzf import data, models, plots, runs, training
from numpyzf.data import preprocess
from numpyzf.look.many import project_many
from numpyzf.paper.compare import cosine
from numpyzf.paper.figure4 import draw, measure

# %% [markdown]
# ## Train, and keep every epoch
#
# 2,000 pictures of clothes, 28×28 pixels (a part of Fashion-MNIST that comes with numpyzf), 8
# epochs. `training.train` calls `after_epoch` after each; all that it takes to look back later is a
# copy of the net.

# %%
train = data.load("fashion-mnist-small")
test = data.load("fashion-mnist-small", "test")
images, labels = train.images[:2000], train.labels[:2000]
mean = preprocess.mean_image(images)
prepare = preprocess.Preparation(mean, scale=float((images - mean).std()), size=28, pad=0,
                                 flip=False)

def grow(seed, epochs=8):
    """Train a net; the net before training, and a Run after each epoch."""
    net = models.labnet(10, first=(5, 2, 2)).initialize(np.random.default_rng(seed))
    before, kept = copy.deepcopy(net), []
    recipe = training.Recipe(epochs=epochs, batch=32, rate=0.02, patience=epochs)
    state = training.State(net, np.random.default_rng(seed), recipe.rate)
    training.train(state, images, labels, (test.images[:500], test.labels[:500]), prepare=prepare,
                   recipe=recipe, after_epoch=lambda state: kept.append(
                       runs.Run(copy.deepcopy(state.net), prepare, train.classes)))
    return before, kept, state.history

start, kept, history = grow(seed=0)
for row in history:
    print(f"epoch {row['epoch']}: right {row['validation_accuracy']:.1f}, rate {row['rate']:.3f}")

# %% tags=["numbers"]
[len(images), *images.shape[2:], len(kept)]

# %% tags=["check"]
assert history[-1]["validation_accuracy"] > 0.7
assert start.parameters["conv1.w"].shape == kept[0].net.parameters["conv1.w"].shape

# %% [markdown]
# ## The pictures
#
# `paper.figure4.measure` finds, at each epoch and for every map, the strongest activation over all
# the training images, and projects it. Two maps of three layers, four epochs: at the left of a pair
# the projection, at its right the patch of the image. An orange frame means: another image than in
# the column before.

# %%
evolutions = measure.measure(kept, start, images)
epochs = np.arange(1, len(kept) + 1)

# %% tags=["cover"]
draw.draw(evolutions[::2], epochs, maps=2, shown=(1, 2, 4, 8))

# %% [markdown]
# A map of conv1 soon has its picture. In conv3 and conv5 the image changes from column to column,
# and often the picture with it. Is the map learning all that time? Or does only another image win?

# %% tags=["check"]
new = [measure.course(evolution).new_images for evolution in evolutions]
assert min(new) > 0.35                          # from epoch to epoch: another image in so many maps

# %% [markdown]
# ## When has a layer settled?
#
# Compare each picture with the last one: the cosine of the angle between the two projections, laid
# over each other with their units in one place, is 1 when they are equal. `measure.course` takes
# the mean over all maps of a layer. It also says how many maps have found their final image, and
# how far the *weights* are on their way: the cosine between their change so far and the whole
# change.

# %%
courses = [measure.course(evolution) for evolution in evolutions]
for course in courses:
    print(f"{course.layer}: pictures", " ".join(f"{value:.1f}" for value in course.pictures),
          "  weights", " ".join(f"{value:.1f}" for value in course.filters))
draw.draw_courses([courses], epochs)

# %% tags=["numbers"]
[courses[0].pictures[-1].round(9)]

# %% [markdown]
# The middle plot is what the paper says: conv1 comes to rest early, its pictures are above 0.9
# well before those of the other layers. The left plot doesn't say it at all. By their
# weights, all layers are equally far on their way, at every epoch. And whatever isn't settled
# settles in the last two epochs, since there `training.train` lowers the rate to a tenth: with
# small steps nothing moves far. A net that looks finished may just have been slowed down.
#
# So why are the pictures of the upper layers so late?

# %% tags=["numbers"]
[measure.SETTLED["pictures"]]

# %% tags=["check"]
when = {course.layer: measure.settled(epochs, course.pictures, 0.9) for course in courses}
assert all(when[layer] > when["conv1"] + 1.5 for layer in when if layer != "conv1"), when
weights = np.array([course.filters for course in courses])
assert np.ptp(weights, axis=0).max() < 0.25
assert abs(weights[0] - weights[-1]).max() < 0.15
assert [row["rate"] for row in history[-3:]] == [0.02, 0.002, 0.002]

# %% [markdown]
# ## The map, or the winner?
#
# First the paper's second sentence. From one epoch to the next, how much does a map's picture jump
# (1 minus the cosine) where another image wins, and where the same one wins again?

# %%
print("mean jump    another image    the same image")
for course in courses:
    print(f"{course.layer}        {course.jump_with_image:.1f}              "
          f"{course.jump_without_image:.1f}")

# %% tags=["numbers"]
[1]

# %% [markdown]
# Another image, a jump; the same image, hardly any. In conv1 even another image makes little
# difference, for there the projection is the filter, whatever the image. So is a picture of conv5
# late because the map still learns, or because the winner still changes? Hold the image still: take
# the unit that wins in the end, in its image, and project this one unit at every epoch.

# %%
held = {}
for evolution in evolutions:
    layer, units = evolution.layer, evolution.found[-1].units[:, 0].copy()
    x = prepare(images[units[:, 0]])            # the winner's image of each map
    units[:, 0] = np.arange(len(units))
    tiles = [project_many(net, net.forward(x, until=layer), layer, units).boxes
             for net in (start, *(run.net for run in kept))]
    held[layer] = cosine(tiles, tiles[-1:], axes=2).mean(axis=1)      # before, and each epoch

middle = len(kept) // 2
print(f"cosine with the end    before training    epoch {middle}    epoch {middle}, winner's image")
for course in courses:
    print(f"{course.layer}                  {held[course.layer][0]:.1f}                "
          f"{held[course.layer][middle]:.1f}        {course.pictures[middle - 1]:.1f}")

# %% [markdown]
# With the image held still, a map of conv5 is well on its way by epoch 4, and not so far behind
# conv1. With the winner's image it seems to be at the beginning. So in this net, most of what our
# Figure 4 shows of upper layers is that their *winner* changes. The paper says itself where its
# jumps come from. But "upper layers need longer to learn" is more than such pictures show. (The
# held image has a part in it: two projections of one image are never quite unlike. The first column
# says how alike they are before the net has learned anything.)

# %% tags=["numbers"]
[middle]

# %% tags=["check"]
for course in courses[1:]:
    assert course.jump_with_image > 3 * course.jump_without_image
    assert held[course.layer][middle] > course.pictures[middle - 1] + 0.15
    assert held[course.layer][middle] > held[course.layer][0] + 0.2
assert courses[0].jump_with_image < 0.5 * min(course.jump_with_image for course in courses[1:])
gap = {"held": held["conv1"][middle] - held["conv5"][middle],
       "winner": courses[0].pictures[middle - 1] - courses[-1].pictures[middle - 1]}
assert 0 < gap["held"] < 0.65 * gap["winner"], gap

# %% [markdown]
# ## What to take along
#
# - Keep nets while they train. Looking back costs a copy of the weights.
# - A picture of the strongest activation has two parts: the map, and the image that won. When it
#   jumps, ask which of them changed.
# - Here, in a small net and in few epochs, lower layers settle first by their pictures, and not by
#   their weights. The paper trained for some 70 epochs on 1.3 million images; its "after 40 to 50
#   epochs" can't be tested here.
# - `numpyzf demo` keeps some epochs, and its page `look.html` has a slider over them for every
#   unit. Of a run of your own, `numpyzf look RUN` makes such a page.

# %% tags=["numbers"]
[70, 1.3, 40, 50]

# %% [markdown]
# ## Exercises
#
# 1. How many maps of each layer have the same winner before training and at the end? **Predict**
#    first: if chance decided among all images, how many would it be?
# 2. Take the nine strongest images in place of one. **Predict** whether the nine of a map in epoch
#    5 and those at the end have more in common than the one winner has.
# 3. Project the held units with `rule="gradient"`. **Predict** in which layer nothing changes, and
#    whether conv5 looks more or less settled at epoch 4.
#
# Then train by your own functions: `numpyzf lab start training`.

# %% tags=["numbers"]
[5, middle]

# %% [markdown] tags=["answer"]
# **1.** By chance one map in 2,000. In fact it is next to none, too: no winner was there from the
# start, all of them came with learning.

# %% tags=["answer"]
from numpyzf.data.preprocess import Prepared
from numpyzf.look.many import top_activations

first = top_activations(start, Prepared(images, prepare), start.convolutions, k=1)
for evolution in evolutions:
    same = first[evolution.layer].units[:, 0, 0] == evolution.found[-1].units[:, 0, 0]
    print(f"{evolution.layer}: {same.mean():.2f}")
    assert same.mean() < 0.1

# %% tags=["numbers"]
[len(images)]

# %% [markdown] tags=["answer"]
# **2.** More in common: the first place is decided by a little, the group isn't.

# %% tags=["answer"]
nines = {}
for run in (kept[4], kept[-1]):
    tops = top_activations(run.net, Prepared(images, prepare), ["conv4", "conv5"])
    for layer, top in tops.items():
        nines.setdefault(layer, []).append(top.units[:, :, 0])
more = []
for layer, (early, late) in nines.items():
    common = np.mean([len(set(a) & set(b)) / 9 for a, b in zip(early, late)])
    winner = np.mean(early[:, 0] == late[:, 0])
    print(f"{layer}: of the nine {common:.2f} in common, of the winners {winner:.2f}")
    more.append(common - winner)
assert np.mean(more) > 0.04

# %% [markdown] tags=["answer"]
# **3.** In conv1: no ReLU lies below it, so all rules give the same. conv5 looks less settled: the
# gradient also depends on which units fire in this image, and those still change.

# %% tags=["answer"]
for layer, evolution in (("conv1", evolutions[0]), ("conv5", evolutions[-1])):
    units = evolution.found[-1].units[:, 0].copy()
    x = prepare(images[units[:, 0]])
    units[:, 0] = np.arange(len(units))
    tiles = [project_many(run.net, run.net.forward(x, until=layer), layer, units,
                          rule="gradient").boxes for run in (kept[middle - 1], kept[-1])]
    likeness = cosine(tiles[0], tiles[1]).mean()
    print(f"{layer}: {likeness:.2f}, with the deconvnet {held[layer][middle]:.2f}")
    if layer == "conv1":
        assert abs(likeness - held[layer][middle]) < 1e-3
    else:
        assert likeness < held[layer][middle] - 0.05
