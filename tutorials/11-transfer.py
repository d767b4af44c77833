# %% [markdown]
# # 11. Features that travel
#
# - **Question:** A net has learned ten classes of photographs. Is what it learned of any use for
#   pictures of another kind, of which you have only a few? And which of its layers is?
# - **In the paper:** sections 5.2 and 5.3, Figure 9, Tables 4–7
# - **Running time:** about 10 seconds on two cores, half of it for a training
# - **Before it:** lesson 5 (training)
#
# The paper takes its net, trained on 1000 classes of photographs, and goes to another data set,
# Caltech-101, with 30 images of each class to learn from. A net trained on these images alone gets
# 46.5 % of the test images right. The big net as it is, with a new softmax on top, gets 86.5 %. Its
# features travel. Whoever uses a ready-made net for pictures of their own does this today.
#
# Here you do it with the net that comes with numpyzf, and see where it works, and where it doesn't.

# %%
import copy

import numpy as np

from numpyzf import data, models, plots, runs, training
from numpyzf.data import scenes
from numpyzf.look import linear
from numpyzf.paper import splits
from numpyzf.paper.study import first_of_each

# %% tags=["numbers"]
[1000, 30, 46.5, 86.5]      # the paper's

# %% [markdown]
# ## By hand: what a linear classifier can't do
#
# A linear classifier adds up features, each times a weight: score = a·x + b·y + c. It says "yes"
# where that is positive. Try it on four pictures of two pixels, x and y. The answer is to be "yes"
# where the two differ:
#
#     x  y     wanted     h = max(0, x + y − 1)     x + y − 2·h
#     0  0     no         0                         0
#     1  0     yes        0                         1
#     0  1     yes        0                         1
#     1  1     no         1                         0
#
# It can't be done. Add up the scores of the first and the last picture: a + b + 2c. Add up those of
# the other two: a + b + 2c. If both of one pair are positive, their sum is, and then not both of
# the other pair can be negative.
#
# Now let it have one unit with a ReLU as a third feature, the h of the table. Then x + y − 2·h is
# the answer. The classifier is as simple as before. The layer below has done the hard part: it has
# moved the pictures to where a straight border divides them. So a linear classifier *measures
# features*: how much of the hard part is done.

# %%
points = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
wanted = np.array([0, 1, 1, 0])
h = np.maximum(0, points.sum(axis=1) - 1)
print("x + y − 2·h:", points.sum(axis=1) - 2 * h)

def right(features):
    """How many of the four a linear classifier gets right after learning them; a tie is wrong."""
    features = features.astype(float)
    (classifier,) = linear.fit_svm(features, wanted, [1e-3])
    scores = classifier.predict(features)
    return np.sum(scores[range(4), wanted] > scores[range(4), 1 - wanted] + 1e-3)

print(f"with h {right(np.column_stack([points, h]))} of 4 are right, without it "
      f"{right(points)}: its scores are equal")

# %% tags=["numbers"]
[0, 1, 2, *np.column_stack([points, h, points.sum(axis=1) - 2 * h]).ravel(), 2]

# %% tags=["check"]
assert np.array_equal(points.sum(axis=1) - 2 * h, wanted)
assert right(np.column_stack([points, h])) == 4 > right(points)
a, b, c = np.random.default_rng(0).standard_normal((3, 100_000, 1))
scores = a * points[:, 0] + b * points[:, 1] + c            # of 100,000 other straight borders
assert not ((scores > 0) == wanted).all(axis=1).any()

# %% [markdown]
# ## New classes
#
# The net (`runs.pretrained`) was trained on CIFAR-10: photographs of 10 kinds of animals and
# vehicles. The new pictures are drawings (`data.scenes`), at any place and size and in any color,
# of 6 kinds that aren't among the 10. There are 30 of each to learn from and 50 of each to test.

# %%
run = runs.pretrained()
names = ("face", "fish", "house", "wheel", "flower", "ring")
drawn = scenes.render(480, np.random.default_rng(11), size=32, classes=names)
labels = np.array([names.index(drawn.classes[label]) for label in drawn.labels])
few = first_of_each(labels, 30)                             # to learn from
rest = np.setdiff1d(np.arange(len(labels)), few)            # to test

with plots.style():
    figure = plots.figure(7, 1.4)
    for axes, label in zip(figure.subplots(1, len(names)), range(len(names))):
        plots.show(axes, plots.to_image(drawn.images[few][labels[few] == label][0]))
        axes.set_title(names[label])
figure

# %% tags=["numbers"]
[len(run.classes), len(names), len(run.classes), len(few) // len(names), len(rest) // len(names)]

# %% tags=["check"]
assert not set(names) & set(run.classes)
assert (np.bincount(labels[few]) == 30).all() and (np.bincount(labels[rest]) == 50).all()

# %% [markdown]
# The recipe is short. Run the pictures through the net, which stays as it is. Take the outputs of
# one layer as features. Fit a linear classifier (`look.linear`, here a support vector machine, as
# in Table 7) on the few, and count how many of the rest it gets right. Beside the net, as a
# control, stands the same net *untrained*, with weights drawn at random.
#
# **Predict** before you run it: the accuracy on the pixels themselves; guessing gets 1 of 6. The
# layer that is best. And what an untrained net is good for.

# %%
layers = ("norm1", "norm2", "relu3", "relu4", "pool5", "relu6", "relu7")
untrained = run._replace(net=copy.deepcopy(run.net).initialize(np.random.default_rng(0)))

def accuracy(features, labels, few, rest):
    """Of a linear classifier that learns from the few, on the rest."""
    (classifier,) = linear.fit_svm(features[few], labels[few], [1e-2])
    return classifier.accuracy(features[rest], labels[rest])

def judge(images, labels, few, rest, layers=layers):
    """Accuracies on the features of each layer: {"trained": {layer: …}, "untrained": …}."""
    pixels = run.prepare(images).reshape(len(images), -1)
    on_pixels = accuracy(pixels, labels, few, rest)
    found = {}
    for name, of in (("trained", run), ("untrained", untrained)):
        features = splits.features(of, images, layers)
        found[name] = {"pixels": on_pixels, **{layer: accuracy(x, labels, few, rest)
                                               for layer, x in features.items()}}
    return found

def show(found):
    print(f"{'':9}", *(f"{layer:>6}" for layer in found["trained"]))
    for name, values in found.items():
        print(f"{name:9}", *(f"{value:6.2f}" for value in values.values()))

on_drawings = judge(drawn.images, labels, few, rest)
show(on_drawings)

# %% tags=["numbers"]
[1, len(names)]

# %% [markdown]
# (A word on how sure these are. Of 300 test pictures, a share near one half comes out with an error
# of about 0.03 by chance alone. So two numbers that differ by 0.05 don't differ.)
#
# - The pixels are nearly worthless: not far above guessing, 1 of 6.
# - With the layers of the trained net the same classifier gets half of them right, from the same
#   few drawings. The net has never seen a drawing.
# - The untrained net helps a little. That is what convolutions and pools are worth by themselves.
#   The rest is learned, and it travels.
# - In Table 7 it goes up from 44.8 % in layer 1 to 86.2 % in layer 5, and then 85.5 % in layer 7.
#   Here most of it is there in layer 2 already, and above layer 5 it goes down: fc6 and fc7 have
#   learned what divides *their own* ten classes. A net that knows ten classes of small pictures
#   has less to give away than one that knows 1000.

# %% tags=["numbers"]
[len(rest), np.sqrt(0.5 * 0.5 / len(rest)), 0.05, 1, len(names),
 44.8, 1, 86.2, 5, 85.5, 7, 2, 5, 1000]

# %% tags=["check"]
known, random = on_drawings["trained"], on_drawings["untrained"]
assert 1 / 6 - 0.03 < known["pixels"] < 0.27
assert known["pool5"] > 0.48 and known["norm2"] > 0.45
assert all(value < 0.4 for value in random.values()) and max(random.values()) > 0.25
for layer in ("norm2", "relu3", "relu4", "pool5", "relu7"):
    assert known[layer] > random[layer] + 0.08
assert known["relu7"] < known["pool5"] - 0.05 and known["norm2"] > known["norm1"] + 0.1

# %% [markdown]
# ## From scratch
#
# And a net that learns from these 180 drawings alone, all of its layers? Take a smaller one, three
# convolutions and one hidden layer: it learns so few pictures sooner. It goes over them 18 times.

# %%
prepare = run.prepare._replace(pad=0, flip=False)
rng = np.random.default_rng(0)
small = models.labnet(len(names), input_shape=(3, 32, 32), middle=(48,), hidden=(256,))
state = training.State(small.initialize(rng), rng, 0.01)
recipe = training.Recipe(epochs=18, batch=15, patience=18, settle=4)
training.train(state, drawn.images[few], labels[few], (drawn.images[few], labels[few]),
               prepare=prepare, recipe=recipe)
on_few, scratch = (training.accuracy(state.net, drawn.images[rows], labels[rows], prepare)
                   for rows in (few, rest))
print(f"right of the few {on_few:.1f}, of the rest {scratch:.1f}")

# %% tags=["numbers"]
[len(few), recipe.epochs]

# %% [markdown]
# It knows most of the few by heart, and of the rest it gets a third or less: no better than a
# linear classifier on an untrained net. It has enough parameters for everything, and too few
# pictures to learn from. The paper's two numbers, 46.5 % and 86.5 %, say the same.

# %% tags=["numbers"]
[46.5, 86.5]

# %% tags=["check"]
assert on_few > 0.7 and scratch < 0.4 and scratch < known["pool5"] - 0.12
assert scratch < max(random.values()) + 0.05

# %% [markdown]
# ## Where they don't travel
#
# Now pictures of clothes (Fashion-MNIST): gray, one piece of clothing in the middle of a black
# frame, always the same way up. **Predict** the two curves once more. What do the pixels tell?

# %%
images, kinds, clothes = data.load("fashion-mnist-small", "test")
margin = [(0, 0), (0, 0), (2, 2), (2, 2)]                   # from 28×28 to 32×32 pixels
images, kinds = np.pad(images[:900], margin).repeat(3, axis=1), kinds[:900]
few_of_them = first_of_each(kinds, 30)
rest_of_them = np.setdiff1d(np.arange(len(kinds)), few_of_them)
on_clothes = judge(images, kinds, few_of_them, rest_of_them, ("norm2", "pool5", "relu7"))
show(on_clothes)

# %% tags=["cover"]
with plots.style():
    figure = plots.figure(7.2, 2.7)
    panels = figure.subplots(1, 2, sharey=True, width_ratios=(7, 4))
    for axes, found, title, guess in ((panels[0], on_drawings, "drawings of 6 new kinds", 1 / 6),
                                      (panels[1], on_clothes, "clothes of 10 kinds", 1 / 10)):
        for (name, values), color, line in zip(found.items(), plots.COLORS, ("o-", "s--")):
            axes.plot(list(values), list(values.values()), line, color=color, label=f"{name} net")
        axes.axhline(guess, color=plots.GRAY, linestyle=":", label="guessing")
        axes.grid(axis="y", color=plots.GRID, linewidth=0.8)
        axes.set(title=title, ylim=(0, 0.9))
    panels[0].axhline(scratch, color=plots.COLORS[2], linestyle="-.", label="from scratch")
    panels[0].set_ylabel("accuracy, 30 of each to learn")
    panels[0].legend(loc="upper center", ncols=2)
figure

# %% [markdown]
# The pixels alone are far better here, as each kind of clothes lies in its own place. Two layers,
# trained or not, add a little. And at the top the net *loses*: below the pixels, and below the
# untrained net. What fc6 and fc7 kept is what tells animals and vehicles apart, and sleeves aren't
# among it. What they have thrown away, no classifier brings back.
#
# So "features are general" is half of it. Features are as general as what they were learned for.

# %% tags=["check"]
known, random = on_clothes["trained"], on_clothes["untrained"]
assert known["pixels"] > 0.65 and known["norm2"] > known["pixels"] + 0.02
assert random["norm2"] > random["pixels"]
assert known["relu7"] < known["pixels"] - 0.05 and known["relu7"] < random["relu7"] - 0.02

# %% [markdown]
# ## What to take along
#
# - Few pictures: take a ready-made net, keep it as it is, fit a linear classifier on a layer.
# - Try the layers. The top isn't always the best, and the pixels are the first thing to try.
# - Controls say what was learned: an untrained net, pixels, guessing, and the error by chance.
# - Were the test pictures seen in training? The paper looked for images that were in both data
#   sets, and removed them. `paper/splits.py` does it here; `numpyzf reproduce fig9 table7` has the
#   whole experiment, with nets that learn one half of the classes and are tested on the other.

# %% [markdown]
# ## Exercises
#
# 1. Which of these units would also do in place of h: max(0, x − y), or max(0, x + y)? **Predict**
#    it on paper.
# 2. **Predict** what remains on pool5 with 5 drawings of each kind in place of 30. Half?
# 3. Shuffle the labels of the few. **Predict** the accuracy on the rest. Why is this worth doing?
# 4. The ten scores of fc8, as features: they say how much a drawing is like a ship, a frog and so
#    on. **Predict** whether one can tell a face from a house by them.
#
# What the training above does in each step, write yourself: `numpyzf lab start training`.

# %% tags=["numbers"]
[0, 0, 5, 30]

# %% [markdown] tags=["answer"]
# **1.** The first: 2·max(0, x − y) − x + y is 1 for both of the "yes" and 0 for the others. The
# second is just x + y on these four, which brings nothing new.

# %% tags=["answer"]
x, y = points.T
assert np.array_equal(2 * np.maximum(0, x - y) - x + y, wanted)
assert np.array_equal(np.maximum(0, x + y), x + y)

# %% tags=["numbers"]
[2, 0, 1, 0]

# %% [markdown] tags=["answer"]
# **2.** More than half of it. The first examples are worth the most: with five of them it is about
# where the untrained net is with 30.

# %% tags=["answer"]
features = splits.features(run, drawn.images, ["pool5", "fc8"])
five = first_of_each(labels, 5)
left = accuracy(features["pool5"], labels, five, rest)
print(f"{left:.2f}")
assert left > 0.5 * on_drawings["trained"]["pool5"]
assert abs(left - on_drawings["untrained"]["pool5"]) < 0.05

# %% tags=["numbers"]
[30]

# %% [markdown] tags=["answer"]
# **3.** Guessing, 1 of 6. If it were more, the test would leak: a picture in both sets, say, or
# labels in another order. It is the cheapest control of a whole experiment.

# %% tags=["answer"]
shuffled = labels.copy()
shuffled[few] = np.random.default_rng(1).permutation(labels[few])
print(f"{accuracy(features['pool5'], shuffled, few, rest):.2f}")
assert abs(accuracy(features["pool5"], shuffled, few, rest) - 1 / 6) < 0.08

# %% tags=["numbers"]
[1, len(names)]

# %% [markdown] tags=["answer"]
# **4.** Quite well: 10 numbers, and far above guessing.

# %% tags=["answer"]
scores = accuracy(features["fc8"], labels, few, rest)
print(f"{scores:.2f}")
assert scores > 1 / 6 + 0.15

# %% tags=["numbers"]
[len(run.classes)]
