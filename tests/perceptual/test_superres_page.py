"""The page: every picture with its numbers, one file, nothing fetched, text shown as text."""
import argparse
import base64
import io
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from numpyzf import data, plots
from numpyzf.perceptual import pictures
from numpyzf.perceptual.superres import command, draw, findings, grid, measure, recognize, report
from numpyzf.perceptual.superres.measure import Row, Scores
from numpyzf.perceptual.superres.recognize import Recognition


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


class Reader(HTMLParser):
    """A page's pictures, its texts by tag, and all that a browser would have to fetch."""

    def __init__(self, html):
        super().__init__()
        self.open, self.images, self.text, self.fetched = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "img":
            data_ = attributes["src"].removeprefix("data:image/png;base64,")
            image = Image.open(io.BytesIO(base64.b64decode(data_, validate=True)))
            self.images.append((attributes, np.asarray(image)))
        elif tag not in ("meta", "br"):
            self.open.append(tag)
        for key in ("src", "href", "srcset"):
            if not attributes.get(key, "data:").startswith(("data:", "#")):
                self.fetched.append(attributes[key])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data_):
        if data_.strip():
            self.text.append((self.open[-1], data_.strip()))

    def texts(self, tag):
        return [text for own, text in self.text if own == tag]


ROWS = {4: [Row("Set5/a", (40, 48), {"bicubic": Scores(28., .81, .2, .9, 1.),
                                     "sharp": Scores(27., .76, .6, 1.7, 9.),
                                     "plain": Scores(29.5, .85, .4, 1., 1.)}),
            Row("Other/<b>", (40, 48), {"bicubic": Scores(20., .7, .2, .9, 1.),
                                        "sharp": Scores(np.inf, .7, .6, np.nan, 1.),
                                        "plain": Scores(22., .75, .4, 1., 1.)})],
        8: [Row("Set5/a", (40, 48), {"bicubic": Scores(24., .65, .1, 1., 1.)})]}


def network(**about):
    """Stands for an Enlarger: what is known of it."""
    net = SimpleNamespace(parameters={"w": np.zeros((25, 4, 10))})
    return SimpleNamespace(about=about, net=net)


NETWORKS = {4: {"sharp": network(loss="feature", steps=20), "plain": network(loss="pixel")}}


def shown(row, height=40, width=48, channels=3):
    original = noise(channels, height, width)
    made = {method: noise(channels, height, width, seed=seed)
            for seed, method in enumerate(("bicubic", "sharp", "plain"), 1)}
    return findings.Shown(row, {findings.SMALL: pictures.low_resolution(original, 4), **made,
                              findings.ORIGINAL: original},
                        {"bicubic": ("cat", .5), findings.ORIGINAL: ("<dog>", .987)})


def written(tmp_path, side=256, **changes):
    found = findings.Findings(
        4, "folder", NETWORKS, ROWS, [shown(ROWS[4][0]), shown(ROWS[4][1], 88, 120, 1)],
        findings.Classifier("a net", ("cat", "dog"), 32, []), [], [], 0)
    path = tmp_path / "page.html"
    report.write(path, found._replace(**changes), side)
    return path.read_text(encoding="utf-8"), Reader(path.read_text(encoding="utf-8"))


# ---- the page ------------------------------------------------------------------------------------

@pytest.mark.small
def test_pictures_side_by_side(tmp_path):
    html, reader = written(tmp_path, side=64)
    assert reader.open == [] and reader.fetched == []
    assert "http" not in re.sub(r"data:image/png;base64,[^\"]*", "", html)
    names = [attributes["data-name"] for attributes, _ in reader.images]
    assert names == 2 * ["low resolution", "bicubic", "sharp", "plain", "original"]
    first, second = reader.images[:5], reader.images[5:]
    original = shown(ROWS[4][0]).made["original"]
    np.testing.assert_array_equal(first[4][1], original.transpose(1, 2, 0))
    assert [image.shape for _, image in first] == [(10, 12, 3), *4 * [(40, 48, 3)]]
    assert {attributes["width"] for attributes, _ in first} == {"48"}
    # of the larger one the middle 64 × 64 pixels, and of the small one the same place
    made = shown(ROWS[4][1], 88, 120, 1).made
    np.testing.assert_array_equal(second[4][1], made["original"][0, 12:76, 28:92])
    np.testing.assert_array_equal(second[0][1], made["low resolution"][0, 3:19, 7:23])
    assert {attributes["width"] for attributes, _ in second} == {"64"}
    enlarged = ["class" in attributes for attributes, _ in first]
    assert enlarged == [True, False, False, False, False]


@pytest.mark.small
def test_tiny_pictures_are_shown_larger_by_a_whole_factor(tmp_path):
    _, reader = written(tmp_path, side=100)
    assert {attributes["width"] for attributes, _ in reader.images[:5]} == {"96"}
    assert all(attributes["class"] == "pixels" for attributes, _ in reader.images[:5])


@pytest.mark.small
def test_what_stands_below_each_picture(tmp_path):
    html, reader = written(tmp_path)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", html)
    assert captions[0] == "<b>low resolution</b><br>12×10 pixels"
    assert captions[1] == ("<b>bicubic</b><br>28.00 dB · SSIM .8100<br>sharpness 20%<br>"
                           "“cat” 50%")
    assert captions[2] == "<b>sharp</b><br>27.00 dB · SSIM .7600<br>sharpness 60%"
    assert captions[4] == "<b>original</b><br>“&lt;dog&gt;” 99%"
    assert captions[7].startswith("<b>sharp</b><br>∞ dB")
    assert "Other/<b>" in reader.texts("h3") and "40 pixels" not in captions[0]


@pytest.mark.small
def test_the_magnifier_begins_where_most_edges_are(tmp_path):
    image = np.full((3, 120, 160), 90, np.uint8)
    image[:, 60:80, 100:110] = noise(3, 20, 10)
    assert draw.busiest(image, 42)[0] in range(58, 82) and draw.busiest(image, 42)[1] in range(
        88, 122)
    seen = draw.cut(image, draw.busiest(image, 42), 42)
    assert (seen != 90).sum() == (image != 90).sum()        # all of it
    assert draw.busiest(image[:, :20, :30], 42) == (10, 15)
    own = shown(ROWS[4][0])
    own = own._replace(made={name: (image[:, ::4, ::4] if name == findings.SMALL else image)
                             for name in own.made})
    html, _ = written(tmp_path, side=80, shown=[own])
    column, row = map(int, re.search(r'data-x="(\d+)" data-y="(\d+)"', html).groups())
    # the middle 80 × 80 begins at (20, 40)
    assert 60 - 20 - 2 <= row + 21 and row - 21 <= 80 - 20 and abs(column + 40 - 105) <= 17


@pytest.mark.small
def test_the_paper_s_table_and_ours(tmp_path):
    _, reader = written(tmp_path)
    cells = reader.texts("td")
    start = cells.index("Set5")
    assert cells[start:start + 10] == ["Set5", "×4", "bicubic", "28.00", ".8100", "20%", "0.90",
                                      "1.00", "28.43", ".8114"]
    assert cells[start + 10:start + 20] == ["Set5", "×4", "sharp", "27.00", ".7600", "60%", "1.70",
                                            "9.00", "27.09", ".7680"]
    assert "all 2" in cells and "×8" in cells and "23.80" in cells
    assert not any(".7301" in cell for cell in cells)       # Set14 isn't here


@pytest.mark.small
def test_one_set_s_folder_gets_the_paper_s_columns_too(tmp_path):
    rows = {4: [ROWS[4][0]._replace(picture="a")]}
    _, reader = written(tmp_path, source="Set5", rows=rows)
    assert "28.43" in reader.texts("td")
    _, reader = written(tmp_path, rows=rows)
    assert "28.43" not in reader.texts("td")


@pytest.mark.small
def test_nothing_is_claimed_of_numbers_that_are_not_there(tmp_path):
    flat = {name: Scores(np.inf, 1., np.inf, np.nan, np.nan) for name in ROWS[4][0].scores}
    _, reader = written(tmp_path, rows={4: [ROWS[4][0]._replace(scores=flat)]})
    assert not {report.HOLDS, report.DOES_NOT} & {*reader.texts("td")}


@pytest.mark.small
def test_claims_have_verdicts(tmp_path):
    right = np.zeros((3, 1000), bool)
    recognized = Recognition("clothes", 28, ("a", "b"), {
        "original": ~right, "bicubic": right, "sharp": ~right, "plain": right})
    _, reader = written(tmp_path, recognized=recognized)
    cells = reader.texts("td")
    verdicts = {cells[i]: cells[i + 2] for i in range(0, 3 * 10, 3)}
    assert verdicts == {
        # one picture of two, as "sharp" has no PSNR of the other
        "The feature loss has a lower PSNR than the pixel loss.": report.HOLDS,
        "The feature loss draws sharper edges than the pixel loss.": report.HOLDS,
        "sharp: a higher PSNR than bicubic enlargement.": "✗ does not hold",
        "sharp: no grid.": "✗ does not hold",
        "sharp: no pattern of its own.": "✗ does not hold",
        "plain: a higher PSNR than bicubic enlargement.": report.HOLDS,
        "plain: no grid.": report.HOLDS,
        "plain: no pattern of its own.": report.HOLDS,
        "sharp: recognized more often than bicubic.": report.HOLDS,
        "plain: recognized more often than bicubic.": "✗ does not hold"}
    start = cells.index("original")
    assert cells[start + 1] == "100.0 ± 0.0 %"
    assert any("1,000 test images" in text for text in reader.texts("p"))


def test_grids_are_drawn(tmp_path):
    made = [grid.Made(ending, (200., 100.), (9., 8.), noise(2, 3, 96, 96),
                      np.random.default_rng(0).random((2, 33))) for ending in grid.ENDINGS]
    power = {"trained": np.ones(33), "random": np.ones(33)}
    pulls = [grid.Pull(grid.PIXELS, 16, {"trained": 1.}, {"trained": 1.}, {"trained": np.ones(33)}),
             grid.Pull("relu1", 2, {"trained": 3., "random": 8.}, {"trained": 4., "random": 7.},
                       power)]
    _, reader = written(tmp_path, made=made, pulls=pulls, steps=77)
    assert len(reader.images) == 10 + 2
    cells, paragraphs = reader.texts("td"), " ".join(reader.texts("p"))
    start = cells.index(grid.ENDINGS[0])
    assert cells[start:start + 5] == ["stride ½, 3×3", "200.0", "100.0", "9.0", "8.0"]
    start = cells.index("relu1")
    assert cells[start:start + 6] == ["relu1", "2", "3.0", "8.0", "4.0", "7.0"]
    assert "after 77 steps" in paragraphs
    figure = draw.draw_grids(made)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["stride ½, 3×3, untrained",
                                                              "stride ½, 3×3, trained"]
    assert draw.draw_pulls(pulls).axes[1].get_title() == "relu1, stride 2"
    plots.png_bytes(figure)


# ---- the classifier ------------------------------------------------------------------------------

class Brightness:
    """A classifier of bytes (C, 30, 30) that knows dark and bright, and keeps what it was shown."""

    def __init__(self, channels):
        self.mean, self.classes, self.seen = np.zeros((channels, 30, 30)), ("dark", "bright"), []
        self.prepare = self.net = self

    def __call__(self, images):
        assert images.dtype == np.uint8 and images.shape == (1, *self.mean.shape)
        return images

    def predict(self, images):
        self.seen.append(images[0])
        level = images.mean() / 64 - 2
        return np.array([[-level, level]])


@pytest.mark.small
def test_what_a_classifier_sees():
    """The middle square, as 32 × 32 pixels: a multiple of the scale; of it the middle 30 × 30."""
    run = Brightness(3)
    image = np.zeros((3, 64, 100), np.uint8)
    image[:, :, 18:82] = noise(3, 16, 16).repeat(4, axis=1).repeat(4, axis=2)
    small = []

    def white(low):
        small.append(low)
        return np.full((3, 32, 32), 255, np.uint8)
    found = recognize.answers(run, "x", image, 4, {"white": white})
    assert [*found] == ["original", "bicubic", "white"]
    square = pictures.to_bytes(pictures.resize(image[:, :, 18:82] / 255, 32, 32))
    np.testing.assert_array_equal(run.seen[0], square[:, 1:31, 1:31])
    np.testing.assert_array_equal(small[0], pictures.low_resolution(square, 4))
    np.testing.assert_array_equal(run.seen[1],
                                  pictures.enlarge_bicubic(small[0], 4)[:, 1:31, 1:31])
    assert found["white"][0] == "bright"
    assert found["white"][1] == pytest.approx(1 / (1 + np.exp(-2 * (255 / 64 - 2))))


@pytest.mark.small
def test_colors_for_a_classifier_of_gray_and_gray_for_one_of_colors():
    gray, color = Brightness(1), Brightness(3)
    red = np.zeros((3, 32, 32), np.uint8)
    red[0] = 200
    recognize.answers(gray, "x", red, 2, {})
    assert (gray.seen[0] == 60).all()               # .299 · 200
    recognize.answers(color, "x", red[:1], 2, {})
    assert (color.seen[0] == 200).all()


# ---- the commands --------------------------------------------------------------------------------

def parsed(name, *words):
    parser = argparse.ArgumentParser()
    getattr(command, f"add_{name}")(parser)
    return parser.parse_args([*map(str, words)])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in" / "Set5").mkdir(parents=True)
    for number, size in enumerate([(64, 80), (72, 64), (80, 64)]):
        x = pictures.to_bytes(pictures.resize(
            pictures.from_bytes(noise(3, 16, 16, seed=number)), *size))
        Image.fromarray(x.transpose(1, 2, 0)).save(tmp_path / "in" / "Set5" / f"{number}.png")
    return tmp_path / "in"


def test_evaluate_prints_a_table_and_writes_json(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "COME_ALONG", {})
    path = tmp_path / "numbers.json"
    command.run_evaluate(parsed("evaluate", folder, "--json", path))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["pixels", "bicubic"] and lines[1].split()[0] == "Set5/0"
    rows = measure.evaluate(folder, 4, {})
    assert f"{rows[0].scores['bicubic'].psnr:.2f}" in lines[1]
    assert '"Set5/2"' in path.read_text()
    with pytest.raises(OSError, match="--json takes the name of a file"):
        command.run_evaluate(parsed("evaluate", folder, "--json", tmp_path))


def test_the_page_of_a_folder(folder, tmp_path, monkeypatch):
    """All of it, with trainings of a few steps."""
    path, images = tmp_path / "out.html", data.photographs(size=96)
    monkeypatch.setattr(findings.data, "photographs", lambda size: images)
    networks = {4: {"repeated": lambda low: low.repeat(4, axis=1).repeat(4, axis=2)},
                2: {"other": lambda low: low.repeat(2, axis=1).repeat(2, axis=2)}}
    lines, options = [], parsed("page", folder, "--pictures", 2)
    found = findings.find(options, networks, report=lines.append, steps=3)
    report.write(path, found, 64)
    reader = Reader(path.read_text(encoding="utf-8"))
    assert reader.fetched == [] and reader.open == []
    assert reader.texts("h3")[:2] == ["Set5/0", "Set5/2"]
    names = [attributes.get("data-name") for attributes, _ in reader.images]
    assert names[:5] == ["low resolution", "bicubic", "repeated", "original", "low resolution"]
    assert {"×2", "×4", "×8", "other"} <= set(reader.texts("td"))   # the paper has Set5 at ×8, too
    assert lines == ["3 pictures measured; looking for grids"]
    assert any("labnet-cifar10" in text for text in reader.texts("p"))
    assert not any("Careful" in text for text in reader.texts("p"))


@pytest.mark.small
def test_a_classifier_that_was_the_judge_is_told(tmp_path):
    told = findings.Classifier("squeezenet", tuple("abcdefghijklmnop"), 227, ["sharp"])
    _, reader = written(tmp_path, classifier=told)
    paragraphs = " ".join(reader.texts("p"))
    assert "Careful: squeezenet was the judge of sharp." in paragraphs
    assert "16 classes, such as a, e, i, m, and sees" in paragraphs


@pytest.mark.small
def test_matched_histograms_are_told(tmp_path):
    told = []
    for match in (False, True):
        one = network(loss="pixel")
        one.match = match
        _, reader = written(tmp_path, networks={4: {"plain": one}})
        told.append("has the histogram of the low-resolution picture" in " ".join(
            reader.texts("p")))
    assert told == [False, True]


@pytest.mark.small
def test_networks_are_listed_by_scale(tmp_path, monkeypatch):
    opened = {"a": SimpleNamespace(name="a", scale=4), "b": SimpleNamespace(name="b", scale=8),
              "again": SimpleNamespace(name="a", scale=4)}
    monkeypatch.setattr(command, "open_enlarger", lambda name, match: opened[name])
    options = parsed("evaluate", "x", "--net", "a", "--net", "b")
    assert command._networks(options) == {4: {"a": opened["a"]}, 8: {"b": opened["b"]}}
    with pytest.raises(ValueError, match="b enlarges 8 times, not 4: give --scale 8"):
        command.run_evaluate(options)
    with pytest.raises(ValueError, match="two networks are called a"):
        command._networks(parsed("page", "x", "--net", "a", "--net", "again"))
    monkeypatch.setattr(command, "COME_ALONG", {"a": tmp_path, "b": tmp_path / "nowhere"})
    assert command._networks(parsed("page", "x")) == {4: {"a": opened["a"]}}
    assert command._networks(parsed("page", "x", "--scale", "8")) == {8: {}}
    _, reader = written(tmp_path)
    cells = reader.texts("td")
    start = cells.index("1,000") - 3
    assert cells[start:start + 5] == ["sharp", "×4", "feature", "1,000", "20"]
