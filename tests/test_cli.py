"""The command `numpyzf` from outside: what it prints and draws, and the one line that tells what
was wrong.
"""
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from numpyzf import cli, data, plots, runs, terminal, training
from numpyzf.deconvnet import RULES
from numpyzf.bench import ladder
from numpyzf.exchange.model import KEYS, load_model
from numpyzf.exchange.read import read_onnx
from numpyzf.exchange.write import write_onnx
from numpyzf.layers import Conv, Flatten, Linear
from numpyzf.network import Network
from numpyzf.paper import command, reproduce
from numpyzf.paper.claims import HOLDS, Claim, Report
from numpyzf.tour import explain

PREPARATION = [f"--{key}" for key in KEYS]
OPTIONS = {
    "demo": ["--out", "--seed"],
    "train": ["--data", "--folder", "--size", "--model", "--middle", "--out", "--epochs", "--batch",
              "--rate", "--momentum", "--radius", "--patience", "--factor", "--settle",
              "--initialization", "--pad", "--flip", "--no-flip", "--seed"],
    "features": ["RUN", "--layer", "--maps", "--rule", "--data", "--folder", "--out", *RULES,
                 *PREPARATION],
    "explain": ["RUN", "IMAGE", "--layers", "--rule", "--invert", "--out", *PREPARATION],
    "look": ["RUN", "--images", "--folder", "--out", "--megabytes", "--seed", *PREPARATION],
    "reproduce": ["ITEM", "all", "--data", "--folder", "--size", "--photos", "--net", "--out",
                  "--again", "--quick", "--from"],
    "onnx": ["export"],
    "bench": ["--out"],
    "lab": ["list", "start", "check", "bundle", "mutants"],
    "data": []}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Two classes of 15 images of noise: dark and bright."""
    rng, folder = np.random.default_rng(5), tmp_path_factory.mktemp("images")
    for name, low in (("dark", 0), ("bright", 150)):
        (folder / name).mkdir()
        for i in range(15):
            pixels = rng.integers(low, low + 100, (28, 28, 3), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02}.png")
    return folder


@pytest.fixture(scope="module")
def run(images, tmp_path_factory):
    """The folder of a run of one epoch on these images."""
    out = tmp_path_factory.mktemp("run")
    assert cli.main(["train", *settings(images), "--epochs", "1", "--out", str(out)]) == 0
    return out


@pytest.fixture
def numpyzf(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder.

    Returns (exit status, lines of stdout, lines of stderr).
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NUMPYZF_TRACEBACK", raising=False)

    def numpyzf(*arguments):
        capsys.readouterr()
        try:
            status = cli.main([str(argument) for argument in arguments])
        except SystemExit as stop:          # argparse's way
            status = stop.code
        out, err = capsys.readouterr()
        compiling = "numpyzf: compiling kernels for this machine"   # in whichever test comes first
        err = [line for line in err.splitlines() if not line.startswith(compiling)]
        return status, out.splitlines(), err
    return numpyzf


@pytest.fixture
def refused(numpyzf):
    """A command that ends with status 2, nothing on stdout, and one line on stderr.

    usage: argparse found the error and puts its usage above the line
    """
    def refused(*arguments, usage=False):
        status, out, err = numpyzf(*arguments)
        assert (status, out) == (2, [])
        assert err[0].startswith("usage: numpyzf") == usage
        *before, line = err
        assert all(text.startswith(("usage: ", "  ")) for text in before), err
        assert re.match(r"numpyzf( \w+)?: error: " if usage else "numpyzf: ", line), err
        return line
    return refused


def settings(images):
    return "--data", str(images), "--size", "28", "--batch", "8"


def is_picture(path):
    with Image.open(path) as image:
        shades = image.convert("L").histogram()
        is_png = path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        return is_png and min(image.size) > 300 and np.count_nonzero(shades) > 50


# ---- help ---------------------------------------------------------------------------------------

def test_help_names_the_commands(numpyzf):
    status, out, err = numpyzf("--help")
    assert (status, err) == (0, [])
    text = "\n".join(out)
    named = [name for name in OPTIONS if re.search(rf"^ +{name}\s+\w", text, re.MULTILINE)]
    assert named == list(OPTIONS)


@pytest.mark.parametrize("command", OPTIONS)
def test_help_names_the_options(numpyzf, command):
    status, out, err = numpyzf(command, "--help")
    assert (status, err) == (0, [])
    text = "\n".join(out)
    assert [option for option in OPTIONS[command] if option in text] == OPTIONS[command]
    options = set(re.findall(r"(?<!\S)--[a-z-]+", text)) - {"--help"}
    assert options <= set(OPTIONS[command]), "an option that isn't tested"


def test_help_says_what_is_easily_mistaken(numpyzf):
    text = " ".join(" ".join(numpyzf("train", "--help")[1]).split())
    for words in ("two leave conv3 out", "the middle square stays; 32 if not given",
                  "how many of the last epochs run at --rate times --factor",
                  "a folder of images of your own goes in as --data"):
        assert words in text
    assert "what is positive" in " ".join(" ".join(numpyzf("explain", "--help")[1]).split())


def test_the_version(numpyzf, monkeypatch):
    status, (line,), err = numpyzf("--version")
    assert (status, err) == (0, []) and re.fullmatch(r"numpyzf (\d+\.\d+\S*|in .*)", line)

    def not_installed(name):
        raise terminal.metadata.PackageNotFoundError(name)
    monkeypatch.setattr(terminal.metadata, "version", not_installed)
    assert re.fullmatch(r"numpyzf in \S+, not installed", numpyzf("--version")[1][0])


# ---- reproduce ----------------------------------------------------------------------------------

def test_reproduce_computes_what_is_missing_and_names_the_page(numpyzf, tmp_path, monkeypatch):
    made = []

    def item(study):
        made.append((study.quick, study.train.images.shape))
        return Report([Claim("so it is", "1 (1 seed)", HOLDS)], [])
    monkeypatch.setattr(command, "how_many", lambda: 1)     # else it runs in another process
    items = [reproduce.Item("fig1", "Figure 1: one", item),
             reproduce.Item("table1", "Table 1: two", item, ("fig8",))]
    monkeypatch.setattr(reproduce, "ITEMS", items)
    page = tmp_path / "paper" / "index.html"
    for _ in range(2):
        status, out, err = numpyzf("reproduce", "fig8", "--quick", "--out", "paper")
        assert (status, err) == (0, []) and out[-1] == f"Look at it: {page}"
    assert made == [(True, (300, 1, 28, 28))]
    assert "Table 1" in page.read_text(encoding="utf-8")


    packed = tmp_path / "paper" / "items.zip"
    assert out[-2] == ("To hand it out: items.zip beside it (0.0 MB), from which numpyzf reproduce "
                       "--from makes the page without computing.")
    status, out, err = numpyzf("reproduce", "--from", packed, "--out", "there")
    assert (status, err) == (0, []) and out == [f"Look at it: {tmp_path / 'there' / 'index.html'}"]
    assert (tmp_path / "there" / "index.html").read_bytes() == page.read_bytes()
    assert os.listdir(tmp_path / "there") == ["index.html"]


def test_reproduce_from_a_file_takes_nothing_else(refused, tmp_path):
    assert "leave items, quick out" in refused("reproduce", "all", "--from", "a.zip", "--quick")
    assert "leave data out" in refused("reproduce", "--from", "a.zip", "--data", "cifar10")
    assert "no file a.zip" in refused("reproduce", "--from", "a.zip")
    assert os.listdir(tmp_path) == []


def test_reproduce_refuses_before_anything_is_made(refused, tmp_path):
    assert "no item 'fig99'; there are: all, " in refused("reproduce", "fig99")
    assert not (tmp_path / "numpyzf-paper").exists()


# ---- train, features, explain -------------------------------------------------------------------

def test_train_tells_its_epochs_the_accuracy_and_the_file(numpyzf, images, tmp_path):
    status, out, err = numpyzf("train", *settings(images), "--epochs", 2, "--out", tmp_path / "run")
    assert (status, err) == (0, [])
    assert out[0] == ("training labnet on 22 images up to epoch 2; 2 more are held out for "
                      "validation")
    assert [line[:15] for line in out[1:3]] == ["epoch  1  loss ", "epoch  2  loss "]
    run = runs.load_run(tmp_path / "run")
    test = data.load(images, "test", size=28)
    accuracy = training.accuracy(run.net, test.images, test.labels, run.prepare)
    assert out[3:5] == [f"Accuracy on 6 test images: {accuracy:.2%}",
                        f"Saved: {tmp_path / 'run' / 'checkpoint.npz'}"]


@pytest.mark.parametrize("right, known, words", [
    (46, 0.95, "95% of the images right that it learned from. Try more images of each class, "
               "--flip, --pad 2."),
    (46, 0.96, "96% of the images right that it learned from. Try more images of each class."),
    (33, 0.36, "36% of the images right that it learned from. Try more --epochs, another --rate, "
               "more images of each class."),
    (60, 0.95, None)])
def test_a_net_that_is_not_better_than_chance_gets_a_hint(numpyzf, monkeypatch, tmp_path,
                                                          right, known, words):
    """100 test images, of which 40 are of one class: 40 % are right by chance, 50 % perhaps."""
    used = {"flip": True, "pad": 1} if known == 0.96 else {}
    net = runs.Run(None, None, ("a", "b", "c"), [{"train_accuracy": known}], used)
    labels = np.repeat([0, 1, 2], (30, 40, 30))
    test = data.Dataset(np.zeros((100, 3, 28, 28), np.uint8), labels, net.classes)
    monkeypatch.setattr(data, "load", lambda *_, **__: test)
    monkeypatch.setattr(runs, "train_run", lambda *_, **__: net)
    monkeypatch.setattr(training, "accuracy", lambda *_: right / 100)
    status, out, err = numpyzf("train", "--out", tmp_path / "run")
    assert (status, err) == (0, []) and out[1].startswith("Saved: ")
    if words is None:
        assert len(out) == 2
    else:
        assert out[2] == ("Naming the most frequent class every time gives 40.00%: on 100 images "
                          "this net is not surely better.")
        assert out[3:] == [f"In the last epoch it named {words}"]


def test_own_images_without_a_size_are_told_theirs(numpyzf, images, monkeypatch, tmp_path):
    line = (f"Of each image in {images} the middle square is taken, as 32×32 pixels; --size asks "
            "for another size")
    command = ["train", "--data", images, "--epochs", 1, "--out", tmp_path / "run"]
    assert numpyzf(*command)[1][0] == line
    assert line not in numpyzf(*command, "--size", "32")[1]
    monkeypatch.setattr(reproduce, "ITEMS", [])
    status, out, err = numpyzf("reproduce", "all", "--data", images, "--quick")
    assert (status, err, out[0]) == (0, [], line)


@pytest.mark.parametrize("numbers, left_out", [
    ("8,4", "--middle has 2 of three numbers: this net is without conv3"),
    ("8", "--middle has 1 of three numbers: this net is without conv3 and conv4"),
    ("8,8,4", None)])
def test_layers_that_are_left_out_are_named(numpyzf, images, tmp_path, numbers, left_out):
    _, out, _ = numpyzf("train", *settings(images), "--epochs", 1, "--middle", numbers, "--out",
                        tmp_path / "run")
    assert ("--middle has" in out[0]) == (left_out is not None)
    assert left_out is None or out[0] == left_out


def test_images_that_have_moved(numpyzf, refused, images, tmp_path):
    """features and train find them where they say that they are now; train keeps that."""
    before, after = tmp_path / "before", tmp_path / "after"
    shutil.copytree(images, before)
    command = ["train", "--size", "28", "--batch", "8", "--out", "run", "--data"]
    numpyzf(*command, before, "--epochs", 1)
    before.rename(after)
    assert "say where they are now: --data FOLDER" in refused("features", "run")
    assert numpyzf("features", "run", "--data", "after")[0] == 0
    status, out, err = numpyzf(*command, after, "--epochs", 2)
    assert (status, err) == (0, []) and out[0].endswith("after epoch 1")
    assert numpyzf("features", "run")[0] == 0
    (after / "dark").rename(after / "night")
    assert "after has the classes bright, night; this run was trained on bright, dark" in refused(
        "features", "run", "--data", after)
    assert "another classes" in refused(*command, after, "--epochs", 3)


def test_features_of_a_checkpoint_go_beside_it(numpyzf, run):
    _, out, err = numpyzf("features", run / "checkpoint.npz", "--layer", "conv1")
    assert (out, err) == ([f"Look at it: {run / f'{run.name}-conv1-deconvnet.png'}"], [])


def test_every_option_of_train_arrives(numpyzf, images, tmp_path, monkeypatch):
    got, train_run = {}, runs.train_run

    def remember_and_train(out, **options):
        got.update(options)
        return train_run(out, **options)
    monkeypatch.setattr(runs, "train_run", remember_and_train)
    status, _, err = numpyzf(
        "train", *settings(images), "--out", tmp_path / "run", "--epochs", 1, "--rate", 0.003,
        "--momentum", 0.8, "--radius", 0.2, "--patience", 3, "--factor", 0.5, "--settle", 1,
        "--middle", "8,4", "--initialization", "paper", "--pad", 3, "--flip", "--seed", 7)
    assert (status, err) == (0, [])
    recipe = training.Recipe(epochs=1, batch=8, rate=0.003, momentum=0.8, radius=0.2, patience=3,
                             factor=0.5, settle=1)
    assert got == {"data": str(images), "folder": None, "size": 28, "model": "labnet",
                   "variant": {"middle": [8, 4]}, "recipe": recipe, "seed": 7,
                   "initialization": "paper", "pad": 3, "flip": True, "report": got["report"]}


def test_train_goes_on_and_refuses_other_settings(numpyzf, refused, images, tmp_path):
    command = ["train", *settings(images), "--out", tmp_path / "run"]
    numpyzf(*command, "--epochs", 1)
    status, out, err = numpyzf(*command, "--epochs", 2)
    assert (status, err) == (0, [])
    assert out[0] == f"continuing {tmp_path / 'run' / 'checkpoint.npz'} after epoch 1"
    assert out[2].startswith("epoch  2") and len(runs.load_run(tmp_path / "run").history) == 2
    assert "another seed (0, not 1)" in refused(*command, "--seed", 1)


@pytest.mark.parametrize("options, name", [
    ([], "conv3-deconvnet.png"),
    (["--layer", "conv1", "--maps", "5, 0,31"], "conv1-maps-5-0-31-deconvnet.png"),
    (["--layer", "relu2", "--rule", "guided"], "relu2-guided.png"),
    (["--layer", "fc8"], "fc8-deconvnet.png")])
def test_features_draws_a_picture_into_the_run(numpyzf, run, options, name):
    """Whose name says of which net, layer and maps it is, and by which rule."""
    path = run / f"{run.name}-{name}"
    status, out, err = numpyzf("features", run, *options)
    assert (status, out, err) == (0, [f"Look at it: {path}"], [])
    assert is_picture(path)


def test_features_draws_what_it_is_told_to(numpyzf, run, tmp_path):
    def drawn(*options):
        _, out, _ = numpyzf("features", run, "--layer", "conv2", "--maps", "3", "--out",
                            "other.png", *options)
        assert out == [f"Look at it: {tmp_path / 'other.png'}"]
        return (tmp_path / "other.png").read_bytes()
    first = drawn()
    assert drawn() == first
    assert drawn("--rule", "guided") != first and drawn("--maps", "4") != first
    assert os.listdir(tmp_path) == ["other.png"]
    _, out, _ = numpyzf("features", run, "--out", "bare")
    assert out == [f"Look at it: {tmp_path / 'bare.png'}"] and is_picture(tmp_path / "bare.png")


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_explain_draws_and_tells_the_classes(numpyzf, run, mode, tmp_path):
    Image.new(mode, (200, 90), "gray").save(tmp_path / "my.photo.jpg")
    status, out, err = numpyzf("explain", run, "my.photo.jpg", "--rule", "guided")
    assert (status, err) == (0, [])
    percentages = [float(re.fullmatch(r" *(\d+\.\d)%  (dark|bright)", line)[1]) for line in out[:2]]
    assert percentages[0] >= percentages[1] and sum(percentages) == pytest.approx(100, abs=0.11)
    path = tmp_path / f"my.photo-explained-{run.name}-guided.png"
    assert out[2:] == ["It was the middle square of the image, as 28×28 pixels.",
                       "The net knows nothing but bright, dark: whatever it sees, it names one of "
                       "them.", f"Look at it: {path}"]
    assert is_picture(path)


def test_no_picture_is_overwritten_by_that_of_another_rule_net_layer_or_epoch(
        numpyzf, run, monkeypatch, tmp_path):
    Image.new("RGB", (30, 30)).save("a.png")
    shutil.copytree(run, tmp_path / "other")
    shutil.copy(run / "checkpoint.npz", tmp_path / "other" / "epoch-001.npz")
    made = []
    monkeypatch.setattr(plots, "save", lambda figure, path: made.append(path))
    for way in ([], [run], ["other"], ["other/epoch-001.npz"]):
        assert numpyzf("explain", *way, "a.png")[0] == 0
    for options in (["--rule", "guided"], ["--rule", "gradient"], ["--invert"]):
        assert numpyzf("explain", "other", "a.png", *options)[0] == 0
    for options in ([], ["--layer", "conv1"], ["--maps", "1"], ["--maps", "2"]):
        assert numpyzf("features", "other", *options)[0] == 0
    assert len(made) == len(set(made)) == 11


@pytest.mark.parametrize("options, remark", [
    ([], "its negative, 255 − image, may be what the net knows. Try --invert."),
    (["--invert"], None)])
def test_a_negative_is_told_and_can_be_inverted(numpyzf, monkeypatch, tmp_path, options, remark):
    """A dark spot on white, for a net that was trained on bright things on black."""
    images = np.zeros((20, 1, 16, 16), np.uint8)
    images[:, :, 4:12, 4:12] = 200
    images[10:, :, 7:9, 4:12] = 0
    dataset = data.Dataset(images, np.repeat([0, 1], 10), ("spot", "bars"))
    runs.train_run("clothes", data=dataset, recipe=training.Recipe(epochs=1, batch=8),
                   progress=None, report=lambda text: None)
    spot = np.full((16, 16), 255, np.uint8)
    spot[4:12, 4:12] = 55
    Image.fromarray(spot).save("spot.png")
    seen, measure = [], explain.measure

    def measure_and_keep(run, image, **rule):
        seen.append(image)
        return measure(run, image, **rule)
    monkeypatch.setattr(explain, "measure", measure_and_keep)
    status, out, err = numpyzf("explain", "clothes", "spot.png", *options)
    assert (status, err) == (0, [])
    assert out[2].endswith("as 16×16 pixels in gray.")
    np.testing.assert_array_equal(seen, [255 - spot[None] if options else spot[None]])
    remarks = [line for line in out if "255 − image" in line]
    assert remarks == [] if remark is None else remarks[0].endswith(remark)


def test_names_that_could_do_harm(numpyzf, tmp_path):
    """A class may be a formula, no UTF-8, in any script, very long, or an order to the terminal."""
    names = [r"$\frac{$", "$a$", "L" * 250, "red\x1b[31m\nline", "a\u202eb", "\u978b\u5b50",
             os.fsdecode(b"caf\xe9")]
    rng = np.random.default_rng(0)
    for i, name in enumerate(names):
        (tmp_path / "images" / name).mkdir(parents=True)
        for j in range(5):
            pixels = rng.integers(30 * i, 30 * i + 30, (16, 16), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{j}.png")
    picture = "\x1b[31m" + "x" * 225 + ".png"
    Image.new("L", (16, 16)).save(picture)
    run = "run$x$\x1b[31m"
    made = [numpyzf("train", "--data", "images", "--size", 16, "--batch", 8, "--epochs", 1, "--out",
                    run),
            numpyzf("features", run, "--layer", "fc8"), numpyzf("explain", run, picture)]
    for status, out, err in made:
        assert status == 0 and len(err) <= 1, err
        assert all(line.isprintable() for line in out + err)
        assert all(not line or "no installed font has" in line for line in err)
    status, _, (line,) = numpyzf("explain", run, "\x1b[31m.png")
    assert status == 2 and line.isprintable()


# ---- onnx ---------------------------------------------------------------------------------------

def test_a_gray_net_gets_photographs_in_gray(numpyzf, tmp_path):
    """Of the size that its JSON file says, which may be larger than its input."""
    net = Network([("conv1", Conv(1, 2, 3)), ("flatten", Flatten()), ("fc", Linear(72, 3))],
                  (1, 8, 8)).initialize(np.random.default_rng(0))
    write_onnx(net, tmp_path / "gray.onnx")
    (tmp_path / "gray.json").write_text('{"size": 10}')
    status, out, err = numpyzf("features", tmp_path / "gray.onnx", "--layer", "conv1")
    assert (status, err) == (0, []) and (tmp_path / "gray-conv1-deconvnet.png").exists()


def test_a_run_becomes_a_model_file(numpyzf, refused, run, tmp_path):
    status, out, err = numpyzf("onnx", "export", run)
    path = run / f"{run.name}.onnx"
    assert (status, err) == (0, [])
    assert out == [f"{path}: takes images N×3×28×28 as input, gives N×2 scores as fc8",
                   f"{path.with_suffix('.json')}: how an image becomes an input, and the names of "
                   "the classes"]
    net, x = runs.load_run(run).net, np.random.default_rng(0).standard_normal((2, 3, 28, 28))
    x = x.astype(np.float32)
    np.testing.assert_array_equal(read_onnx(path).predict(x), net.predict(x))
    assert path.with_suffix(".json").exists()
    assert numpyzf("onnx", "export", run / "checkpoint.npz", "--out", "mine.onnx")[0] == 0
    assert (tmp_path / "mine.onnx").read_bytes() == path.read_bytes()
    assert "net.txt" in refused("onnx", "export", run, "--out", "net.txt")
    assert "nowhere" in refused("onnx", "export", run, "--out", "nowhere/net.onnx")
    assert "here is not there" in refused("onnx", "export", "here")


# ---- bench --------------------------------------------------------------------------------------

def test_bench_prints_a_table_and_draws(numpyzf, monkeypatch, tmp_path):
    measure = ladder.measure
    problem = ladder.Problem(N=2, C=3, H=6, W=5, F=4, K=3, stride=1, pad=1)

    def measure_quickly(problem, progress):
        return measure(problem, side=8, length=64, seconds=0, progress=progress)
    monkeypatch.setattr(ladder, "CONV4", problem)
    monkeypatch.setattr(ladder, "measure", measure_quickly)
    status, out, _ = numpyzf("bench")       # stderr may say that it compiles
    assert status == 0
    assert out[0] == "One convolution in 6 ways: 2 images of 3 maps, 6×5, through 4 filters of 3×3."
    assert [line for line in out if line.startswith("measuring ")] == out[1:8]
    assert out[9].startswith("rung ")
    assert all(line.startswith(rung.name) for line, rung in zip(out[10:16], ladder.RUNGS))
    path = tmp_path / "numpyzf-bench.png"
    assert out[-1] == f"Look at it: {path}" and is_picture(path)
    assert numpyzf("bench", "--out", "other")[1][-1] == f"Look at it: {tmp_path / 'other.png'}"


# ---- data, demo ---------------------------------------------------------------------------------

def test_data_lists_every_name(numpyzf, monkeypatch, tmp_path):
    monkeypatch.setenv("NUMPYZF_CACHE", str(tmp_path / "cache"))
    status, out, err = numpyzf("data")
    assert (status, err) == (0, [])
    names = [line.split()[0] for line in out if line[0:1].strip()]
    assert names[:6] == [*data.NAMES, "photographs", "FOLDER"]
    assert str(tmp_path / "cache") in out[-1] and not (tmp_path / "cache").exists()


def test_demo_trains_and_writes_a_page(numpyzf, monkeypatch, tmp_path):
    load = data.load

    def load_60(*names, **options):
        images, labels, classes = load(*names, **options)
        return data.Dataset(images[:60], labels[:60], classes)

    monkeypatch.setattr(data, "load", load_60)
    monkeypatch.setattr(cli, "DEMO_RECIPE", training.Recipe(epochs=1, batch=32))
    folder = tmp_path / "new" / "demo"
    with monkeypatch.context() as patch:
        patch.setattr(cli.demo, "build", lambda *_: 0.5)
        assert numpyzf("demo", "--out", "new/demo")[0] == 0
    (folder / "index.html").write_text("earlier")
    status, out, err = numpyzf("demo", "--out", "new/demo")     # starts from the beginning
    assert (status, err) == (0, [])
    assert "continuing" not in "\n".join(out)
    assert len([line for line in out if line.startswith("epoch  1")]) == 1
    assert re.fullmatch(r"Done in \d+ s.*\.", out[-3])
    assert re.fullmatch(r"Accuracy on 60 test images: \d+\.\d%", out[-2])
    assert out[-1] == f"Look at it: {folder / 'index.html'}"
    assert "<html" in (folder / "index.html").read_text(encoding="utf-8")
    names = {path.name for path in folder.iterdir()}
    assert names >= {"checkpoint.npz", "conv1.png", "conv5.png", "curve.png", "look.html"}
    assert 'href="look.html"' in (folder / "index.html").read_text(encoding="utf-8")
    assert (folder / "look.html").stat().st_size < 4e6


# ---- what goes wrong ----------------------------------------------------------------------------

def words_of(value):
    """The name of a test: the arguments."""
    return " ".join(value) if isinstance(value, list) else ""


@pytest.mark.parametrize("arguments, words", [
    ([], "required: COMMAND"),
    (["paint"], "invalid choice: 'paint' (choose from "),
    (["train"], "required: --out"),
    (["train", "--out", "run", "--epochs", "0"], "argument --epochs: must be at least 1, not 0"),
    (["train", "--out", "run", "--epochs", "two"],
     "argument --epochs: invalid integer value: 'two'"),
    (["train", "--out", "run", "--batch", "-8"], "argument --batch: must be at least 1, not -8"),
    (["train", "--out", "run", "--size", "11"], "argument --size: must be at least 12, not 11"),
    (["train", "--out", "run", "--seed", "-1"], "argument --seed: must be at least 0, not -1"),
    (["train", "--out", "run", "--rate", "fast"], "argument --rate: invalid float value: 'fast'"),
    (["train", "--out", "run", "--model", "vgg"],
     "argument --model: invalid choice: 'vgg' (choose from "),
    (["features", "run", "--maps", "x"],
     "argument --maps: must be numbers with commas between them, such as 0,5,17, not 'x'"),
    (["features", "run", "--maps", "1,,2"], "argument --maps: must be numbers"),
    (["features", "run", "--maps", "²"], "argument --maps: must be numbers"),
    (["features", "run", "--rule", "magic"], "argument --rule: invalid choice: 'magic'"),
    (["explain"], "required: IMAGE"),
    (["reproduce"], "required: ITEM")], ids=words_of)
def test_arguments_that_cannot_be(refused, arguments, words, tmp_path):
    assert words in refused(*arguments, usage=True)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("options, words", [
    (["--rate", "-1"], "rate must be positive, not -1.0"),
    (["--rate", "nan"], "rate must be positive, not nan"),
    (["--momentum", "1.5"], "momentum must lie between 0 and 1, not 1.5"),
    (["--radius", "0"], "radius must be positive, not 0.0"),
    (["--data", "mnist"], f"no data set 'mnist': the names are {', '.join(data.NAMES)}"),
    (["--data", "my/photos"], "my/photos: no such folder"),
    (["--data", "."], "has no sub-folders; make one per class"),
    (["--size", "32"], "leave size out"),
    (["--folder", "."], "leave folder out"),
    (["--folder", "photos"], "if photos is a folder of images, say --data photos"),
    (["--data", "scenes", "--folder", "photos"], "say --data photos"),
    (["--model", "zfnet"], "zfnet takes images of 224×224 pixels")], ids=words_of)
def test_settings_that_cannot_be(refused, options, words, tmp_path):
    assert words in refused("train", "--out", "run", *options)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("out", ["taken", "taken/run"])
def test_a_file_where_the_run_should_go(refused, images, out, tmp_path):
    (tmp_path / "taken").write_text("mine")
    assert "taken" in refused("train", *settings(images), "--out", out)
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_folder_that_cannot_be_written_to(refused, images, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    if os.access(tmp_path / "locked", os.W_OK):
        pytest.skip("this user may write everywhere")
    assert "locked" in refused("train", *settings(images), "--out", "locked/run")


@pytest.mark.parametrize("command", [["features"], ["explain"]])
def test_a_run_without_a_net(refused, command, tmp_path):
    Image.new("RGB", (30, 30)).save("image.png")
    image = ["image.png"] if command == ["explain"] else []
    line = refused(*command, ".", *image)
    assert "checkpoint.npz is not there; make a trained net with: numpyzf train --out ." in line
    (tmp_path / "checkpoint.npz").write_bytes(b"PK")
    assert "checkpoint.npz can't be read as .npz" in refused(*command, ".", *image)


@pytest.mark.parametrize("options, words", [
    (["--layer", "conv9"], "no layer 'conv9'; the layers are: conv1, relu1, pool1"),
    (["--layer", "conv1", "--maps", "0,32"],
     "--maps: conv1 has the maps 0 to 31, no 32"),
    (["--layer", "conv1", "--maps", ",".join(str(i) for i in range(40))],
     "--maps: conv1 has the maps 0 to 31, no 32"),
    (["--out", "a.xyz"], "xyz"),
    (["--out", "nowhere/a.png"], "nowhere/a.png"),
    (["--out", "."], ". is a folder; --out takes the name of the picture"),
    (["--out", os.devnull], "is no file; --out takes the name of the picture")], ids=range(7))
def test_features_that_cannot_be_drawn(refused, run, options, words):
    assert words in refused("features", run, *options)


def test_explain_without_a_run_takes_squeezenet_and_the_small_net_by_its_name(numpyzf, tmp_path):
    """Half blue sky, half water: the small net has seen many ships and planes, no cat like that."""
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:20], pixels[20:], pixels[14:24, 8:32] = (130, 180, 235), (40, 80, 140), (90, 90, 95)
    Image.fromarray(pixels).save(tmp_path / "ship.png")
    names = {}
    for way, net in ([], "squeezenet"), (["labnet-cifar10"], "labnet-cifar10"):
        status, out, err = numpyzf("explain", *way, "ship.png")
        assert (status, err) == (0, [])
        assert is_picture(tmp_path / f"ship-explained-{net}-deconvnet.png")
        names[net] = [line.split("%  ")[1] for line in out[:5]]
    assert names["labnet-cifar10"][0] in ("ship", "airplane")
    assert set(names["labnet-cifar10"]) <= set(runs.pretrained().classes)
    assert set(names["squeezenet"]) <= set(load_model().classes)


def test_of_many_classes_a_few_are_named_and_the_file_that_has_all(numpyzf, monkeypatch, tmp_path):
    drawn = []
    monkeypatch.setattr(plots, "save", lambda figure, path: drawn.append(path.name))
    status, out, err = numpyzf("explain", "cat", "--layers", "fire4,relu1")
    assert (status, err, drawn) == (
        0, [], ["cat-explained-squeezenet-fire4-relu1-deconvnet.png"])
    known = out[6].removeprefix("The net knows nothing but its 1,000 classes (among them ")
    few, _, rest = known.partition("; all of them are in ")
    file, _, rest = rest.partition("): ")
    names = json.loads(Path(file).read_text(encoding="utf-8"))["names"]
    assert len(names) == 1000 and len(few.split(", ")) == 4 and set(few.split(", ")) <= set(names)
    assert rest == "whatever it sees, it names one of them."


def test_layers_without_maps_are_not_explained(refused, run, tmp_path):
    Image.new("RGB", (30, 30)).save("a.png")
    assert "'fc8', which is no layer with maps; these are: conv1, " in refused(
        "explain", run, "a.png", "--layers", "conv1,fc8")
    assert os.listdir(tmp_path) == ["a.png"]


def test_images_that_cannot_be_explained(refused, run, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    assert "none.png: no such image file" in refused("explain", run, "none.png")
    assert "text.png: cannot be read as an image" in refused("explain", run, "text.png")
    assert os.listdir(tmp_path) == ["text.png"]


@pytest.mark.parametrize("places, words", [
    (["a.png", "b.png"], "a.png is an image, not a run; explain takes one image at a time"),
    (["a.png", "run"], "the run comes first, then the image: numpyzf explain run a.png"),
    (["a.png", "run/checkpoint.npz"], "numpyzf explain run/checkpoint.npz a.png"),
    (["run"], "run is no image; the image comes after the run: numpyzf explain run IMAGE"),
    (["run/checkpoint.npz"], "numpyzf explain run/checkpoint.npz IMAGE"),
    (["photos"], "photos is a folder without a trained net; explain takes one image at a time"),
    (["run", "x" * 300 + ".png"], "x.png: no such image file; check the path"),
    (["run", "run"], "run is no image; explain takes a run and one image file"),
    (["notes.txt", "a.png"], "notes.txt is no trained net; give the folder that numpyzf train")],
    ids=words_of)
def test_a_run_and_an_image_in_each_other_s_place(refused, run, places, words, tmp_path):
    """And nobody is told to move a photograph away."""
    Image.new("RGB", (30, 30)).save("a.png")
    Image.new("RGB", (30, 30)).save("b.png")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "run").symlink_to(run)
    (tmp_path / "photos").mkdir()
    assert words in refused("explain", *places)


def test_what_a_command_does_not_take_is_told_with_its_own_usage(numpyzf):
    status, out, err = numpyzf("explain", "run", "a.png", "b.png")
    assert (status, out) == (2, []) and err[0].startswith("usage: numpyzf explain ")
    assert err[-1] == "numpyzf explain: error: unrecognized arguments: b.png"


def test_an_image_is_no_run(refused, tmp_path):
    Image.new("RGB", (30, 30)).save("a.png")
    assert "a.png is no trained net; give the folder" in refused("features", "a.png")


def test_an_interrupt(numpyzf, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt
    monkeypatch.setattr(runs, "train_run", interrupt)
    status, out, err = numpyzf("train", "--out", "run")
    assert (status, out) == (130, [])
    message = "interrupted; started again, a training goes on from its last finished epoch"
    assert [line for line in err if line] == [message]


def test_a_traceback_on_demand(numpyzf, monkeypatch):
    monkeypatch.setenv("NUMPYZF_TRACEBACK", "1")
    with pytest.raises(FileNotFoundError):
        cli.main(["features", "nowhere"])


def test_an_error_without_words_says_something(numpyzf, monkeypatch):
    """Python's own MemoryError has no text."""
    def too_much(*arguments, **options):
        raise MemoryError
    monkeypatch.setattr(data, "available", too_much)
    status, _, err = numpyzf("data")
    assert status == 2 and err == ["numpyzf: out of memory: try fewer or smaller images, "
                                   "or a smaller batch"]
