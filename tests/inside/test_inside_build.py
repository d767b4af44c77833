"""The page's data against `project` and a plain search; going on; the same bytes."""
import shutil
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import numpy as np
import pytest

from numpyzf.files import locked
from numpyzf.data.preprocess import center_crop
from numpyzf.deconvnet import project
from numpyzf.inside import build, parts, project as projecting, search
from numpyzf.inside.build import rounded
from numpyzf.layers import Flatten
from numpyzf.network import Network

from tiny import SIDE, make, noise, tiny_net, tiny_run


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page of the tiny net and 300 images, not all of which are shown."""
    made = make(tmp_path_factory.mktemp("page") / "look.html", images=noise(300),
                labels=np.arange(300) % 3, earlier=tiny_net(1))
    assert 100 < len(made.data["images"]["numbers"]) < 250
    return made


def net_of(page, version):
    """The net of a version of the page: the random one is drawn as a training draws it."""
    return [page.run.net, page.run.net.astype(np.float32).initialize(np.random.default_rng(0)),
            page.earlier][version]


def plain_nine(net, page, layer, unit):
    """The unit's strongest value in each image, and where, sorted by hand: (value, n, place)."""
    y = net.forward(page.run.prepare(page.images))[layer][:, unit]
    found = []
    for n, one in enumerate(y):
        place = np.unravel_index(one.argmax(), one.shape)
        found.append((float(one[place]), n, tuple(map(int, place))))
    return sorted(found, key=lambda entry: (-entry[0], entry[1]))


def test_fifty_random_patches_are_those_of_a_plain_search_and_of_project(page, rng):
    """Image, place, value, box, patch, class and projection, in every view."""
    data, checked = page.data, 0
    crops = center_crop(page.images, SIDE, SIDE)
    while checked < 50:
        layer = data["layers"][rng.integers(len(data["layers"]))]
        number = rng.integers(len(data["views"]))
        version, rule = data["views"][number].values()
        view, tops = layer["views"][number], layer["tops"][version]
        unit, rank = rng.integers(layer["shape"][0]), rng.integers(view["depth"])
        net = net_of(page, version)
        value, n, place = plain_nine(net, page, layer["name"], unit)[rank]
        s = tops["images"][unit][rank]
        assert data["images"]["numbers"][s] == n
        assert tops["values"][unit][rank] == pytest.approx(value, rel=1e-3, abs=1e-6)
        assert data["images"]["labels"][s] == n % 3
        np.testing.assert_array_equal(page.shown_image(s), crops[n])
        if layer["kind"] == "map":
            assert tops["places"][unit][rank] == list(place)
            rows, columns = net.cone(layer["name"], *place)
            top, left = tops["corners"][unit][rank]
            inside = [slice(max(top, 0), top + layer["box"][0]),
                      slice(max(left, 0), left + layer["box"][1])]
            assert [range(SIDE)[part] for part in inside] == [range(SIDE)[rows],
                                                              range(SIDE)[columns]]
        trace = net.forward(page.run.prepare(page.images[[n]]))
        picture = project(net, trace, layer["name"], (0, unit, *place), rule=projecting.WAYS[rule])
        check_tile(page.tile(view, unit, rank), view["scales"][unit][rank], picture, value > 0,
                   tops["corners"][unit][rank], layer["box"])
        checked += 1


def check_tile(tile, scale, picture, fired, corner, size):
    """A stored tile is the box of a projection, within the rounding of a byte and of the scale."""
    if not fired:
        assert (tile == 128).all() and scale == 0
        return
    (top, left), (h, w) = corner, size
    padded = np.pad(picture, ((0, 0), (h, h), (w, w)))      # the box may leave the image
    box = padded[:, top + h:top + 2 * h, left + w:left + 2 * w]
    assert np.count_nonzero(box) == np.count_nonzero(picture) > 0
    assert scale == pytest.approx(np.percentile(np.abs(box[box != 0]), 99.5), rel=6e-4)
    np.testing.assert_allclose((tile - 128.0) * scale / 127, np.clip(box, -scale, scale),
                               atol=(0.5 / 127 + 6e-4) * scale, rtol=0)


def test_what_the_data_say_of_the_layers(page):
    data = page.data
    assert [(layer["name"], layer["kind"], layer["shape"], layer["field"], layer["box"],
             layer["classes"]) for layer in data["layers"]] == [
        ("conv1", "map", [5, 16, 16], 3, [3, 3], False),
        ("conv2", "map", [6, 4, 4], 9, [9, 9], False),
        ("fc3", "feature", [7], None, [16, 16], False),
        ("fc4", "feature", [3], None, [16, 16], True)]
    assert data["layers"][1]["about"] == "convolution 3×3/2, pad 1; 5 → 6 maps"
    assert data["versions"] == ["trained", "random weights", "epoch 1"]
    assert [tuple(view.values()) for view in data["views"]] == [
        (0, "deconvnet"), (0, "gradient"), (0, "guided"), (0, "no switches"), (1, "deconvnet"),
        (2, "deconvnet")]
    assert [[view["depth"] for view in layer["views"]] for layer in data["layers"]] == [
        [9, 3, 3, 3, 3, 3], [9, 3, 3, 3, 3, 3], [9, 1, 1, 1, 1, 1], [9, 1, 1, 1, 1, 1]]
    assert [len(top["values"][0]) for top in data["layers"][0]["tops"]] == [9, 3, 3]
    assert data["layers"][1]["tops"][0]["dead"] == [3]
    assert data["classes"] == ["cat", "<b>dog</b>", "öwl"] and data["pixelated"]
    made = dict(data["made"])
    assert made["Images"] == "noise" and made["Pictures"] == "WebP, without loss"
    assert made["Parameters"] == "1,119" and "/" not in made["Version"]


def test_common_is_the_class_of_most_of_the_nine(page):
    labels = page.data["images"]["labels"]
    for layer in page.data["layers"]:
        for images, (best, count) in zip(layer["tops"][0]["images"],
                                         layer["statistics"]["common"]):
            own = [labels[s] for s in images]
            assert count == own.count(best) == max(map(own.count, range(3)))


def test_the_shares_of_what_feeds_a_unit_name_the_layer_below(page):
    first, second, third, _ = page.data["layers"]
    assert first["down"] == [[]] * 5 and second["down"][3] == []     # 3 never fires
    assert all(len(down) == 5 for i, down in enumerate(second["down"]) if i != 3)
    for down in second["down"] + third["down"]:
        amounts = [abs(share) for _, _, share in down]
        assert amounts == sorted(amounts, reverse=True)
    assert {below for down in third["down"] for below, _, _ in down} == {1}


# ---- going on, and the same bytes ----------------------------------------------------------------

def bytes_of(tmp_path, name="page.html", **options):
    options = {"labels": np.arange(30) % 3, "earlier": tiny_net(1), **options}
    make(tmp_path / name, **options)
    return (tmp_path / name).read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a page that nothing interrupted, in small parts."""
    with pytest.MonkeyPatch.context() as patch:
        in_small_parts(patch)
        return bytes_of(tmp_path_factory.mktemp("whole"))


def in_small_parts(patch):
    patch.setattr(search, "KEEP_EVERY", -1)
    patch.setitem(build.BATCH, True, 7)
    patch.setitem(projecting.GROUP, True, 11)


def test_the_same_bytes_twice_and_nothing_else_is_left(tmp_path, whole, monkeypatch):
    in_small_parts(monkeypatch)
    assert bytes_of(tmp_path) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.parametrize("calls", [2, 4, 6, 8, 11, 20, 40, 62])
def test_interrupted_it_goes_on_to_the_same_bytes(calls, tmp_path, whole, monkeypatch):
    """Interrupted twice: after so many lines of progress, and after three more."""
    in_small_parts(monkeypatch)
    interrupted(tmp_path, calls)
    interrupted(tmp_path, 3)
    assert not (tmp_path / "page.html").exists()
    shown = []
    assert bytes_of(tmp_path, progress=shown.append) == whole
    # what was finished isn't computed again
    assert calls < 4 or "1/4 searching, image 0 of 30" not in shown
    assert calls < 12 or not any(text.startswith("2/4 projecting, tile 0 of") for text in shown)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def interrupted(tmp_path, calls=25, **options):
    """Leave the parts of an interrupted page; returns their paths."""
    shown = []

    def show(text):
        shown.append(text)
        if len(shown) == calls:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        bytes_of(tmp_path, progress=show, **options)
    return sorted(parts.folder_of(tmp_path / "page.html").glob("*.npz"))


def test_a_damaged_part_is_made_anew(tmp_path, whole, monkeypatch):
    in_small_parts(monkeypatch)
    files = interrupted(tmp_path)
    assert len(files) > 8
    files[-1].write_bytes(files[-1].read_bytes()[:-300])
    files[0].write_bytes(b"")
    content = bytearray(files[1].read_bytes())
    content[len(content) // 2] ^= 255
    files[1].write_bytes(content)
    assert bytes_of(tmp_path) == whole


@pytest.mark.parametrize("options", [
    {"images": noise()[::-1].copy()}, {"labels": None}, {"seed": 1}, {"run": tiny_run(3)},
    {"earlier": tiny_net(2)}], ids=lambda options: next(iter(options)))
def test_parts_of_another_page_are_not_taken(options, tmp_path, monkeypatch):
    in_small_parts(monkeypatch)
    (tmp_path / "fresh").mkdir()
    interrupted(tmp_path)
    assert bytes_of(tmp_path, **options) == bytes_of(tmp_path / "fresh", **options)


def test_a_second_one_waits_and_says_so(tmp_path, whole, monkeypatch):
    """It goes on although the first one, at its end, has taken the folder away."""
    in_small_parts(monkeypatch)
    folder, said = parts.folder_of(tmp_path / "page.html"), Queue()
    with ThreadPoolExecutor(1) as pool:
        with locked(folder / ".lock"):
            content = pool.submit(bytes_of, tmp_path, report=said.put)
            text = said.get(timeout=60)
            shutil.rmtree(folder)
        assert "page.html is being made by another process; this one waits" in text
        assert content.result() == whole


# ---- limits and refusals -------------------------------------------------------------------------

def test_it_keeps_the_size_and_says_it(tmp_path):
    page = make(tmp_path / "page.html", megabytes=1)
    assert dict(page.data["made"])["Pictures"] == "WebP, without loss"
    smaller = make(tmp_path / "page.html", megabytes=0.17)
    made = dict(smaller.data["made"])
    assert made["Pictures"].startswith("WebP of quality ") and "0.17 MB" in made["Pictures"]
    size = (tmp_path / "page.html").stat().st_size
    assert size < 170_000 and made["Size"] == f"{size / 1e6:.1f} MB"
    with pytest.raises(ValueError, match=r"has 0\.\d MB: allow it --megabytes 1 or more"):
        make(tmp_path / "page.html", megabytes=0.05)


def test_a_net_without_units_no_images_no_place(tmp_path):
    run = tiny_run()
    flat = Network([("flat", Flatten())], (3, SIDE, SIDE))
    with pytest.raises(ValueError, match="no units to look at; its layers are flat"):
        make(tmp_path / "page.html", run._replace(net=flat))
    with pytest.raises(ValueError, match="no images to search"):
        make(tmp_path / "page.html", images=noise()[:0])
    with pytest.raises(OSError, match="is a folder"):
        make(tmp_path)
    with pytest.raises(OSError, match="can't be written to"):
        (tmp_path / "file").write_text("")
        make(tmp_path / "file" / "page.html")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_after_an_error_no_empty_folder_stays(tmp_path):
    with pytest.raises(ValueError, match="trained on"):
        make(tmp_path / "page.html", images=noise(side=20))
    assert list(tmp_path.iterdir()) == []


def test_rounded_numbers():
    assert rounded([np.float32(1.23456), 1e-9, 12345678.0, -0.0, True, "a"]) == [
        1.235, 1e-9, 12350000, 0, True, "a"]
