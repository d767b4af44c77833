"""Folders of few classes and few images: what can't be measured says what it takes."""
import io
from contextlib import redirect_stderr
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from numpyzf import data
from numpyzf.data import scenes
from numpyzf.paper import reproduce, splits
from numpyzf.paper.claims import NOT_TESTABLE, NotTestable
from numpyzf.paper.figure2 import report as figure2
from numpyzf.paper.figure5 import report as figure5
from numpyzf.paper.figure9 import report as figure9
from numpyzf.paper.recipe import report as recipe
from numpyzf.paper.study import Study
from numpyzf.paper.table7 import measure as table7

TRAIN = "to train a net takes 2 or more images of each class; there are fewer of class0"


def write(folder, counts):
    """Images of noise, so many of each class."""
    rng = np.random.default_rng(0)
    for label, count in enumerate(counts):
        (folder / f"class{label}").mkdir(parents=True)
        for i in range(count):
            pixels = rng.integers(0, 256, (30, 32, 3), np.uint8)
            Image.fromarray(pixels).save(folder / f"class{label}" / f"{i}.png")


def dataset(*counts):
    """Black images, so many of each class."""
    labels = np.repeat(np.arange(len(counts)), counts)
    return data.Dataset(np.zeros((len(labels), 1, 28, 28), np.uint8), labels,
                        tuple(f"class{label}" for label in range(len(counts))))


FOUR = ("half of the classes train a net, and the other half are new to it: that takes four "
        "classes at least; here are 2")
EQUAL = ("a net counts as better than guessing from 1.5 times its accuracy on, but guessing is "
         "right 83 % of the time here: it takes classes of more equal numbers of images")


CASES = {       # name: (images of each class, items, what one of their claims says)
    "two classes": ((10, 10), ("fig1", "fig3", "fig5", "table2", "table3", "fig9", "table7"),
                    {"fig9": FOUR, "table7": FOUR}),
    "a class of one image": ((1, 6), ("fig1", "fig3", "training", "table2", "table3", "fig9"),
                             {"fig1": TRAIN, "training": EQUAL, "table2": TRAIN, "table3": TRAIN,
                              "fig9": FOUR})}


def reports_on_few_images(case):
    """{item: its Report}, with few scenes and one seed."""
    counts, items, _ = CASES[case]
    load, few = scenes.load, {"train": 60, "test": 20}
    with (TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch,
          redirect_stderr(io.StringIO())):          # it tells of classes without test images
        write(Path(folder, "photos"), counts)
        patch.setattr(scenes, "load", lambda split, count=None: load(split, count=few[split]))
        study = Study(Path(folder, "paper"), data=Path(folder, "photos"), quick=True,
                      report=lambda text: None)
        study.seeds = (0,)
        reproduce.compute(study, items)
        return {item: reproduce.read(study.out, item) for item in items}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.beside(reports_on_few_images, each=True)
def test_every_item_on_few_images_is_computed_or_says_what_it_takes(case, beside):
    _, items, reasons = CASES[case]
    for item in items:
        claims = beside[item].claims
        untested = [claim.measured for claim in claims if claim.verdict == NOT_TESTABLE]
        if item in reasons:
            assert reasons[item] in untested
        else:
            assert not any("it takes" in text or "or more images" in text for text in untested)


# ---- each kind of measurement -------------------------------------------------------------------

class FewImages:
    """Stands for a Study whose images have these numbers of each class."""

    quick, seeds, name = False, (0,), "photos"

    def __init__(self, train, test):
        self.train, self.test = dataset(*train), dataset(*test)

    def step(self, text):
        pass

    def run_of(self, kind, seed, **_):
        raise AssertionError("nothing is trained")

    train_run = run_of


@pytest.mark.small
@pytest.mark.parametrize("train, test, message", [
    ((9, 9, 9), (9, 9, 9), "takes four classes at least; here are 3"),
    ((1, 1, 1, 1), (9, 9, 9, 9), "to learn new classes takes 2 or more images of each class; "
                                 "there are fewer of class., class."),
    ((9, 9, 9, 9), (0, 0, 0, 0), "to test new classes takes 1 or more images of each class")])
def test_a_split_of_classes(train, test, message):
    with pytest.raises(NotTestable, match=message):
        splits.split_classes(FewImages(train, test), "images", 0)


@pytest.mark.small
def test_own_classes_of_which_one_image_is_held_out():
    with pytest.raises(NotTestable, match="to judge layers by the tenth held out of the training "
                                          "takes 2 or more .* fewer of class1$"):
        table7.own_classes(FewImages((15, 14), (2, 2)), "images", 0)


@pytest.mark.small
def test_one_class_with_most_of_the_images():
    """No net can be right 1.5 times as often as guessing: none would seem to learn."""
    with pytest.raises(NotTestable, match="guessing is right 67 % of the time here"):
        recipe.report(FewImages((20, 10), (2, 2)))


@pytest.mark.small
def test_figure_5_of_one_image():
    with pytest.raises(NotTestable, match="takes two test images at least; here is one"):
        figure5._report_on("images", dataset(1), "photos", FewImages((2, 2), (1, 0)), each=5)


@pytest.mark.small
def test_figure_9_without_the_images(monkeypatch):
    """What was measured on the scenes stays, and the images have a reason."""
    def measure(study, kind):
        if kind == "images":
            raise NotTestable("it takes more")
        return SimpleNamespace(old_classes=("a",), new_classes=("b",), twin_counts=[0])
    monkeypatch.setattr(figure9, "measure", measure)
    monkeypatch.setattr(figure9, "claims", lambda name, result: [name])
    monkeypatch.setattr(figure9, "draw", len)
    monkeypatch.setattr(figure9, "table", len)
    claims, (section,), _ = figure9.report(FewImages((2, 2), (2, 2)))
    assert claims[0] == "scenes" and section.picture == 1
    assert (claims[1].measured, claims[1].verdict) == ("it takes more", NOT_TESTABLE)
    assert claims[1].on == "photos"


@pytest.mark.small
def test_figure_2_without_the_images():
    study = FewImages((2, 2), (5, 4))
    study.run_of = lambda kind, seed: None
    with pytest.raises(NotTestable, match="of 9 test images the 9 strongest are all that there"):
        figure2._measure(study, "images", None)
