"""numpyzf superres train and apply, as they are typed."""
import json
import os

import numpy as np
import pytest
from PIL import Image

from numpyzf import checkpoints, cli, data
from numpyzf.perceptual import learn, pictures
from numpyzf.perceptual.style import train as style_train
from numpyzf.perceptual.superres import enlarge, train


def write(path, pixels):
    Image.fromarray(pixels).save(path)
    return str(path)


@pytest.fixture
def photos(tmp_path, rng):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        write(folder / f"{number}.png", rng.integers(256, size=(20, 24, 3), dtype=np.uint8))
    return str(folder)


@pytest.fixture
def net(tmp_path, photos):
    """A network for RGB that was trained for two steps: nearly bicubic."""
    out = str(tmp_path / "net")
    assert cli.main(["superres", "train", photos, "--out", out, "--scale", "2", "--maps", "4",
                     "--blocks", "1", "--steps", "2", "--batch", "2", "--patch", "4", "--size",
                     "16"]) == 0
    return out


def apply(*arguments):
    return cli.main(["superres", "apply", *map(str, arguments)])


def test_train_then_apply(tmp_path, net, rng, capsys):
    pixels = rng.integers(256, size=(9, 14, 3), dtype=np.uint8)
    source, out = write(tmp_path / "small.png", pixels), tmp_path / "large.png"
    assert apply(source, "--net", net, "--out", out) == 0
    made = np.asarray(Image.open(out))
    assert made.shape == (18, 28, 3)
    expected = pictures.enlarge_bicubic(np.moveaxis(pixels, -1, 0), 2)
    assert np.abs(np.moveaxis(made, -1, 0).astype(int) - expected).mean() < 20
    assert "14×9 pixels became 28×18" in capsys.readouterr().out


def test_match_gives_the_histogram_of_the_small_picture(tmp_path, net, rng, capsys):
    pixels = rng.integers(60, 200, size=(19, 24, 3), dtype=np.uint8)
    source = write(tmp_path / "small.png", pixels)
    made = []
    for number, options in enumerate(([], ["--match"])):
        assert apply(source, "--net", net, "--out", tmp_path / f"{number}.png", *options) == 0
        made.append(np.moveaxis(np.asarray(Image.open(tmp_path / f"{number}.png")), -1, 0))
    small = np.moveaxis(pixels, -1, 0)
    np.testing.assert_array_equal(made[1], pictures.match_histogram(made[0], small))
    assert (made[1] != made[0]).any()
    capsys.readouterr()
    told = []
    for options in ([], ["--match"]):
        assert cli.main(["superres", "evaluate", source, "--scale", "2", "--net", net, "--json",
                         str(tmp_path / "all.json"), *options]) == 0
        told.append(capsys.readouterr().out)
        assert json.loads((tmp_path / "all.json").read_text())["match"] == bool(options)
    assert "histograms of the small ones" in told[1] and "histograms" not in told[0]
    assert told[0].splitlines()[1] != told[1].splitlines()[1]


@pytest.mark.parametrize("name, pixels, shape", [
    ("gray", np.full((5, 6), 90, np.uint8), (10, 12)),
    ("alpha", np.full((5, 6, 4), 90, np.uint8), (10, 12, 3)),
    ("deep", np.full((5, 6), 30_000, np.uint16), (10, 12)),
    ("pixel", np.full((1, 1, 3), 90, np.uint8), (2, 2, 3)),
])
def test_pictures_of_all_kinds(tmp_path, net, name, pixels, shape):
    assert apply(write(tmp_path / f"{name}.png", pixels), "--net", net, "--out",
                 tmp_path / "out.png") == 0
    assert np.asarray(Image.open(tmp_path / "out.png")).shape == shape


def test_the_picture_s_name_holds_what_made_it(tmp_path, net, rng, monkeypatch):
    source = write(tmp_path / "small.png", rng.integers(256, size=(5, 5, 3), dtype=np.uint8))
    monkeypatch.chdir(tmp_path)
    assert apply(source, "--net", net) == 0
    assert (tmp_path / "small-x2-net.png").exists()


def refused(capsys, *arguments):
    assert cli.main(["superres", *map(str, arguments)]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("numpyzf: ") and "\n" not in error
    return error


def test_bad_input_is_told_in_one_line(tmp_path, net, photos, rng, capsys):
    capsys.readouterr()
    source = write(tmp_path / "small.png", rng.integers(256, size=(5, 5, 3), dtype=np.uint8))
    assert "nowhere" in refused(capsys, "apply", tmp_path / "nowhere.png", "--net", net)
    assert "nothing" in refused(capsys, "apply", source, "--net", tmp_path / "nothing")
    assert "no kind of image" in refused(capsys, "apply", source, "--net", net, "--out",
                                         tmp_path / "x.txt")
    assert "begun with" in refused(capsys, "train", photos, "--out", net, "--scale", 4)
    assert "scale" in refused(capsys, "train", photos, "--out", tmp_path / "new", "--scale", 5)
    assert "relu99" in refused(capsys, "train", photos, "--out", tmp_path / "new", "--loss",
                               "feature", "--judge", "labnet-cifar10", "--layers", "relu99")
    assert "don't fit" in refused(capsys, "train", photos, "--out", tmp_path / "new", "--loss",
                              "feature", "--size", "8", "--layers", "fire9")
    for option, value, message in (("--rate", -1, "rate must be positive"),
                                   ("--rate", 0, "rate must be positive"),
                                   ("--feature", -1, "feature must be a weight of 0 to 1,000,000"),
                                   ("--pixel", "1e30", "pixel must be a weight"),
                                   ("--layers", "relu2", "--layers would do nothing without"),
                                   ("--folder", "x", "--folder is where the files"),
                                   ("--begin", "gone", "gone")):
        assert message in refused(capsys, "train", photos, "--out", tmp_path / "new", option, value)
    assert not (tmp_path / "new").exists()
    assert "patches of 2 pixels are too small for a judge" in refused(
        capsys, "train", photos, "--out", tmp_path / "new", "--loss", "feature", "--patch", "1",
        "--scale", "2", "--judge", "labnet-cifar10")
    assert "--side 32 is less than --scale 40" in refused(capsys, "page", photos, "--scale", "40",
                                                          "--side", "32")
    assert "can't be written to" in refused(capsys, "page", photos, "--nets", source, "--recognize",
                                            "fashion-mnist-small", "--out", tmp_path / "a.html")
    wide = write(tmp_path / "wide.png", np.zeros((1, 5000, 3), np.uint8))
    assert "20,000 pixels along a side doesn't fit into a WEBP file" in refused(
        capsys, "apply", wide, "--out", tmp_path / "x.webp")
    assert "is no file" in refused(capsys, "evaluate", source, "--json", os.devnull)
    assert "is a folder" in refused(capsys, "apply", source, "--out", tmp_path)
    assert "pixel or feature, which come along" in refused(capsys, "apply", source, "--net", "Px")
    about = {"kind": "style", "patch": 8, "maps": 2}
    learn.save(tmp_path / "style.npz", learn.State(style_train.build(about), rng, about))
    assert "of the kind 'style', not one that enlarges" in refused(
        capsys, "apply", source, "--net", tmp_path / "style.npz")


def test_a_training_begins_with_one_that_comes_along_and_goes_on_without_it(tmp_path, photos,
                                                                           monkeypatch, capsys):
    command = ["superres", "train", photos, "--out", str(tmp_path / "net"), "--batch", "2",
               "--patch", "4", "--size", "16", "--loss", "feature", "--layers", " relu1,relu1",
               "--rate", "1e-9", "--steps", "2", "--begin", "pixel"]
    assert cli.main(command) == 0
    state = learn.load(tmp_path / "net", train.build)
    begun = enlarge.open_enlarger("pixel").net.parameters
    for name, value in state.net.parameters.items():
        np.testing.assert_allclose(value, begun[name], atol=1e-7)
    assert state.about["layers"] == ["relu1"]
    monkeypatch.setitem(train.COME_ALONG, "pixel", tmp_path / "moved away")
    capsys.readouterr()
    assert cli.main(command) == 0 and "Try it" in capsys.readouterr().out


def test_what_a_training_begins_with_is_told_apart_by_what_it_holds(tmp_path, photos, capsys):
    """Two networks in folders of one name."""
    def train_it(folder, *more):
        return cli.main(["superres", "train", photos, "--out", str(folder), "--size", "16",
                         "--patch", "4", "--batch", "2", "--maps", "2", "--blocks", "1", "--steps",
                         "1", *map(str, more)])
    nets = [tmp_path / side / "net" for side in "ab"]
    for seed, net in enumerate(nets):
        assert train_it(net, "--seed", seed) == 0
        assert train_it(tmp_path / f"from {seed}", "--begin", net) == 0
    assert train_it(tmp_path / "from 0", "--begin", nets[0]) == 0
    capsys.readouterr()
    assert train_it(tmp_path / "from 0", "--begin", nets[1]) == 2
    assert f"was begun with another network than {nets[1]} is now" in capsys.readouterr().err
    # one of a time when there was no checksum goes on, whatever the network is now
    path = tmp_path / "from 0" / learn.FILE
    arrays = checkpoints.read_npz(path)
    info = json.loads(str(arrays["info"]))
    del info["about"]["begin_checksum"]
    checkpoints.write_npz(path, arrays | {"info": np.array(json.dumps(info))})
    assert train_it(tmp_path / "from 0", "--begin", nets[1]) == 0


def test_a_network_of_another_build_is_no_beginning(tmp_path, photos, capsys):
    """It's refused before the pictures are read."""
    error = refused(capsys, "train", tmp_path / "gone", "--out", tmp_path / "new", "--begin",
                    "pixel", "--maps", "8", "--scale", "8")
    assert "begin: pixel is of another build: scale 4, not 8; maps 32, not 8" in error


def test_a_beginning_brings_the_running_statistics(tmp_path, photos):
    def train_it(folder, *more):
        assert cli.main(["superres", "train", photos, "--out", str(tmp_path / folder), "--size",
                         "16", "--patch", "4", "--batch", "2", "--network", "paper", *more]) == 0
        return learn.running(learn.load(tmp_path / folder, train.build).net)
    before = train_it("first", "--steps", "12")
    after = train_it("next", "--steps", "1", "--begin", str(tmp_path / "first"), "--rate", "1e-9")
    # a tenth of it is new
    for name, value in before.items():
        if name.endswith("variance"):
            assert np.median(after[name] / value) == pytest.approx(1, abs=0.15), name


def test_a_shared_network_does_not_replace_the_training(tmp_path, photos, capsys):
    net = tmp_path / "net"
    error = refused(capsys, "train", photos, "--out", net, "--share", net / "x" / ".." / learn.FILE)
    assert "no folder" in error
    net.mkdir()
    assert "the training's own file" in refused(capsys, "train", photos, "--out", net, "--share",
                                                net / learn.FILE)


def test_an_empty_word_is_refused(tmp_path, photos, capsys):
    assert "--json is empty; it must have a value" in refused(capsys, "evaluate", photos, "--json",
                                                            "")
    assert "--net is empty" in refused(capsys, "evaluate", photos, "--net", "")


def test_a_network_worse_than_bicubic_is_told(tmp_path, rng, capsys):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(12):
        write(folder / f"{number}.png", rng.integers(256, size=(20, 24, 3), dtype=np.uint8))
    assert cli.main(["superres", "train", str(folder), "--out", str(tmp_path / "net"), "--scale",
                     "2", "--maps", "4", "--blocks", "1", "--steps", "3", "--batch", "2",
                     "--patch", "4", "--size", "32", "--rate", "1"]) == 0
    assert "That is worse than bicubic: try more --steps, or a lower --rate" in (
        capsys.readouterr().out)


def test_a_shared_network_applies_like_its_training(tmp_path, photos, rng):
    out, shared = tmp_path / "net", tmp_path / "small.npz"
    assert cli.main(["superres", "train", photos, "--out", str(out), "--scale", "2", "--maps", "4",
                     "--blocks", "1", "--steps", "2", "--batch", "2", "--patch", "4", "--size",
                     "16", "--share", str(shared)]) == 0
    picture = rng.integers(256, size=(3, 7, 7), dtype=np.uint8)
    ours, theirs = (enlarge.open_enlarger(str(path)) for path in (out, shared))
    assert (ours.name, theirs.name) == ("net", "small")
    assert np.abs(ours(picture).astype(int) - theirs(picture)).max() <= 1


def test_a_folder_of_the_same_name_is_another_network(tmp_path, net, monkeypatch, capsys):
    """`superres train --out pixel` doesn't change what `apply` and `evaluate` take by themselves.
    """
    (tmp_path / "net").rename(tmp_path / "pixel")
    monkeypatch.chdir(tmp_path)
    assert enlarge.open_enlarger("pixel").scale == 4
    assert enlarge.open_enlarger("./pixel").scale == 2


@pytest.mark.parametrize("name", enlarge.COME_ALONG)
def test_the_networks_that_come_along_beat_bicubic_where_they_should(name):
    """Measured on a photograph that neither has learned from."""
    enlarger = enlarge.open_enlarger(name)
    assert enlarger.scale == 4
    original = pictures.crop_to_multiple(data.load_image(data.photograph("raccoon")), 4)
    low = pictures.low_resolution(original, 4)
    made, bicubic = enlarger(low), pictures.enlarge_bicubic(low, 4)
    sharpness = [pictures.gradient_energy(picture, crop=4) for picture in (made, bicubic, original)]
    gain = (pictures.psnr(made, original, crop=4) - pictures.psnr(bicubic, original, crop=4))
    if name == "pixel":
        assert gain > 0.5
    assert sharpness[1] < sharpness[0] < 1.1 * sharpness[2]


def test_those_that_come_along_take_little_room():
    assert sum(path.stat().st_size for path in enlarge.COME_ALONG.values()) < 400_000


def test_what_comes_along_says_how_it_was_made():
    for path in enlarge.COME_ALONG.values():
        about = learn.load(path, train.build).about
        assert about["images"] > 1000 and about["steps"] == learn.load(path, train.build).step
