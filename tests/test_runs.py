"""A run in its folder: trained, killed, started again, read back. On 45 little images in color."""
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from numpyzf import checkpoints, data, models, runs, training
from numpyzf.runs import hold_out, load_run, run_data, settings, train_run
from numpyzf.training import Recipe

RECIPE = Recipe(epochs=2, batch=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three classes of 15 images, each in a color of its own, with noise.

    12 of a class are to train on, 3 to test.
    """
    rng, folder = np.random.default_rng(5), tmp_path_factory.mktemp("images")
    for name, color in (("blue", (40, 60, 200)), ("green", (40, 180, 60)), ("red", (210, 50, 40))):
        (folder / name).mkdir()
        for i in range(15):
            pixels = np.array(color) + rng.normal(0, 20, (28, 28, 3))
            pixels = np.clip(pixels, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02}.png")
    return folder


@pytest.fixture
def train(folder):
    """train_run on these images; what is given comes on top."""
    def train(out, recipe=RECIPE, **options):
        return train_run(out, **{"data": folder, "size": 28, "recipe": recipe} | options)
    return train


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    """The folder of a run of two epochs that nothing interrupted; tests only read it."""
    out = tmp_path_factory.mktemp("whole")
    train_run(out, data=folder, size=28, recipe=RECIPE)
    return out


def saved(out):
    """All that a checkpoint holds.

    Arrays are the parameters, the momentum, the mean image; one text has the random state, the
    rate, the history, the settings.
    """
    return checkpoints.read_npz(out / "checkpoint.npz")


def same(a, b):
    a, b = saved(a), saved(b)
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name, strict=True)


def other_bits(a, b):
    a, b = saved(a), saved(b)
    return not all(np.array_equal(a[name], b[name]) for name in a if name.startswith("parameter/"))


# ---- a run, there and back ----------------------------------------------------------------------

def test_training_writes_a_run_and_returns_it(train, tmp_path, capsys):
    run = train(tmp_path / "new" / "run")
    assert os.listdir(tmp_path / "new" / "run") == ["checkpoint.npz"]
    assert run.classes == ("blue", "green", "red") and run.net.input_shape == (3, 28, 28)
    assert run.net.predict(run.prepare(run_data(run).images)).shape == (9, 3)
    assert [row["epoch"] for row in run.history] == [1, 2]
    first, *epochs = capsys.readouterr().out.splitlines()
    assert "training labnet on 33 images up to epoch 2; 3 more are held out" in first
    assert [line[:15] for line in epochs] == ["epoch  1  loss ", "epoch  2  loss "]


def test_it_learns(train, tmp_path):
    run = train(tmp_path, RECIPE._replace(epochs=8))
    images, labels, _ = run_data(run)
    assert training.accuracy(run.net, images, labels, run.prepare) > 0.6     # guessing gets a third


def test_what_is_loaded_is_what_was_trained(train, tmp_path):
    run = train(tmp_path, pad=3, flip=True)
    for place in (tmp_path, str(tmp_path), tmp_path / "checkpoint.npz"):
        loaded = load_run(place)
        assert list(loaded.net.parameters) == list(run.net.parameters)
        for name, value in run.net.parameters.items():
            np.testing.assert_array_equal(loaded.net.parameters[name], value, strict=True)
        np.testing.assert_array_equal(loaded.prepare.mean, run.prepare.mean, strict=True)
        assert loaded.prepare[1:] == run.prepare[1:] == (run.prepare.scale, 28, 3, True)
        assert loaded.classes == run.classes and loaded.history == run.history
        assert loaded.settings == run.settings


def test_run_data_gives_the_same_test_images(folder, whole):
    run = load_run(whole)
    for split in ("test", "train"):
        ours, expected = run_data(run, split), data.load(folder, split, size=28)
        np.testing.assert_array_equal(ours.images, expected.images, strict=True)
        np.testing.assert_array_equal(ours.labels, expected.labels, strict=True)
    assert len(run_data(run).images) == 9


def test_mean_and_scale_come_from_the_images_trained_on(folder, whole):
    images, labels, _ = data.load(folder, "train", size=28)
    rows, _ = hold_out(labels, np.random.default_rng(0))
    prepare = load_run(whole).prepare
    np.testing.assert_allclose(prepare.mean, images[rows].mean(axis=0), rtol=1e-5)
    x = prepare(images[rows])
    np.testing.assert_allclose([x.mean(), x.std()], [0, 1], atol=1e-4)


def test_the_same_seed_gives_the_same_bits_and_another_one_others(train, whole, tmp_path):
    train(tmp_path / "again", progress=None)
    same(tmp_path / "again", whole)
    train(tmp_path / "other", seed=1)
    assert other_bits(tmp_path / "other", whole)


def test_the_initialization_of_the_paper(train, whole, tmp_path):
    run = train(tmp_path, initialization="paper")
    assert run.net.parameters["fc7.w"].std() == pytest.approx(0.01, rel=0.1)
    assert load_run(whole).net.parameters["fc7.w"].std() > 0.05


def test_the_scale_of_the_paper(train, tmp_path):
    """Pixels of about ±128: the mean image is subtracted, and nothing divided."""
    run = train(tmp_path, scale=1.0)
    assert run.prepare.scale == load_run(tmp_path).prepare.scale == 1
    with pytest.raises(ValueError, match="another scale .1.0, not None"):
        train(tmp_path)


# ---- stopped and started again ------------------------------------------------------------------

@pytest.mark.parametrize("steps", [2, 3, 5])         # three are an epoch
def test_interrupted_and_started_again_gives_the_same_bits(train, whole, tmp_path, monkeypatch,
                                                           steps, capsys):
    step, calls = training.train_step, []

    def step_or_stop(*arguments):
        if len(calls) == steps:
            raise KeyboardInterrupt
        calls.append(arguments)
        return step(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "train_step", step_or_stop)
        train(tmp_path)
    assert (tmp_path / "checkpoint.npz").exists() == (steps >= 3)
    capsys.readouterr()
    train(tmp_path, again=steps == 5)     # `again` trains a finished run anew, not this one
    assert ("after epoch 1" in capsys.readouterr().out) == (steps >= 3)
    same(tmp_path, whole)


def test_killed_and_started_again_gives_the_same_bits(folder, train, tmp_path):
    out, epochs = tmp_path / "killed", 15
    command = [sys.executable, "-m", "numpyzf", "train", "--data", folder, "--size", "28",
               "--epochs", str(epochs), "--batch", "16", "--out", out]
    where = {"cwd": Path(runs.__file__).parents[1]}         # the package may not be installed
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **where)
    while not (out / "checkpoint.npz").exists():
        assert process.poll() is None, "it ended by itself"
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    finished = len(load_run(out).history)
    assert 1 <= finished < epochs
    text = subprocess.run(command, check=True, capture_output=True, text=True, **where).stdout
    assert f"after epoch {finished}\n" in text
    assert f"epoch {epochs} " in text and f"epoch {finished:2} " not in text
    train(tmp_path / "whole", RECIPE._replace(epochs=epochs))
    same(out, tmp_path / "whole")


def test_more_epochs_continue(train, tmp_path):
    """They are those of a longer training, if there is no lower rate at the end.

    That would be early in the shorter training.
    """
    recipe = RECIPE._replace(settle=0, renormalize=("conv1", "conv2"))
    first = train(tmp_path / "run", recipe)
    run = train(tmp_path / "run", recipe._replace(epochs=4))
    assert len(run.history) == 4 and run.history[:2] == first.history
    train(tmp_path / "long", recipe._replace(epochs=4))
    same(tmp_path / "run", tmp_path / "long")


@pytest.mark.parametrize("epochs", [1, 2])
def test_nothing_left_to_do_changes_nothing(train, tmp_path, epochs, capsys):
    train(tmp_path)
    before = (tmp_path / "checkpoint.npz").read_bytes()
    capsys.readouterr()
    assert len(train(tmp_path, RECIPE._replace(epochs=epochs)).history) == 2
    assert capsys.readouterr().out == f"continuing {tmp_path / 'checkpoint.npz'} after epoch 2\n"
    assert (tmp_path / "checkpoint.npz").read_bytes() == before


def test_again_trains_a_finished_run_anew(train, whole, tmp_path, capsys):
    train(tmp_path)
    capsys.readouterr()
    run = train(tmp_path, again=True)
    assert "continuing" not in (text := capsys.readouterr().out) and "epoch  1" in text
    assert len(run.history) == 2
    same(tmp_path, whole)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("change, named", [
    ({"seed": 1}, "another seed .0, not 1"),
    ({"pad": 2}, "another pad .0, not 2"),
    ({"flip": True}, "another flip"),
    ({"scale": 1.0}, "another scale .None, not 1.0"),
    ({"initialization": "paper"}, "another initialization .'he', not 'paper'"),
    ({"size": 32}, r"another size .28, not 32., another input .\[3, 28, 28\], not \[3, 32, 32\]."),
    ({"recipe": RECIPE._replace(epochs=3, batch=8)}, "another batch .16, not 8"),
], ids=lambda change: next(iter(change)) if isinstance(change, dict) else None)
def test_other_settings_are_refused_and_nothing_changes(train, whole, change, named, again):
    before = (whole / "checkpoint.npz").read_bytes()
    message = (f"checkpoint.npz is a run with {named}.*; continue it with its own settings, or "
               "choose another folder")
    with pytest.raises(ValueError, match=message):
        train(whole, **{"again": again} | change)
    assert os.listdir(whole) == ["checkpoint.npz"]
    assert (whole / "checkpoint.npz").read_bytes() == before


# ---- two trainings into one folder --------------------------------------------------------------

@pytest.fixture
def beside(train, tmp_path):
    """What a second training does that begins in the first epoch of a first one of two epochs.

    It is a training of these options. Returns its Run, or raises its error; and what it reported.
    """
    def beside(**options):
        begun, waiting, lines = threading.Event(), threading.Event(), []

        def first_progress(text):
            begun.set()
            assert waiting.wait(60), "the second one didn't wait"

        def report(text):
            lines.append(text)
            waiting.set()

        def second():
            assert begun.wait(60)
            return train(tmp_path / "run", **{"report": report, "progress": None} | options)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(second)
            train(tmp_path / "run", progress=first_progress, report=str)
        assert lines[0] == (f"another training uses {tmp_path / 'run'}; this one waits until it "
                            "has ended")
        assert os.listdir(tmp_path / "run") == ["checkpoint.npz"]
        return future, lines[1:]
    return beside


def test_the_second_one_waits_and_then_is_refused(beside, whole, tmp_path):
    future, lines = beside(seed=1)
    with pytest.raises(ValueError, match="another seed .0, not 1"):
        future.result()
    assert lines == []
    same(tmp_path / "run", whole)


@pytest.mark.parametrize("epochs", [1, 2])
def test_the_second_one_waits_and_goes_on_from_there(beside, whole, tmp_path, epochs):
    future, lines = beside(recipe=RECIPE._replace(epochs=epochs))
    assert len(future.result().history) == 2
    assert lines == [f"continuing {tmp_path / 'run' / 'checkpoint.npz'} after epoch 2"]
    same(tmp_path / "run", whole)


def test_a_lock_that_a_killed_training_left_is_none(train, whole, tmp_path):
    (tmp_path / ".lock").touch()
    train(tmp_path)
    same(tmp_path, whole)
    assert os.listdir(tmp_path) == ["checkpoint.npz"]


def test_a_file_system_without_locks(train, whole, tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(38, "Function not implemented")
    monkeypatch.setattr("fcntl.flock", no_locks)
    train(tmp_path)
    same(tmp_path, whole)


# ---- arrays, variants, kept epochs --------------------------------------------------------------

def test_images_given_as_arrays_are_trained_on_like_those_of_a_folder(folder, whole, tmp_path):
    run = train_run(tmp_path, data=data.load(folder, "train", size=28), recipe=RECIPE, report=str)
    for name, value in load_run(whole).net.parameters.items():
        np.testing.assert_array_equal(run.net.parameters[name], value, err_msg=name)
    with pytest.raises(ValueError, match="trained on arrays.*pass the images themselves"):
        run_data(run)


def test_a_variant_is_built_trained_and_read_back(train, tmp_path):
    run = train(tmp_path, variant={"middle": (8, 16), "hidden": ()})
    shapes = load_run(tmp_path).net.shapes
    assert shapes == run.net.shapes
    assert shapes["conv4"][0] == 8 and shapes["conv5"][0] == 16
    assert "fc6" not in shapes and "conv3" not in shapes
    with pytest.raises(ValueError, match="another variant"):
        train(tmp_path, variant={"middle": (8, 16)})


def test_kept_epochs_are_the_checkpoints_of_shorter_runs(train, tmp_path):
    recipe = RECIPE._replace(epochs=3, settle=0)
    train(tmp_path / "long", recipe, keep=(1, 2))
    names = ["checkpoint.npz", "epoch-001.npz", "epoch-002.npz"]
    assert sorted(os.listdir(tmp_path / "long")) == names
    train(tmp_path / "short", recipe._replace(epochs=2))
    kept = checkpoints.read_npz(runs.epoch_file(tmp_path / "long", 2))
    short = checkpoints.read_npz(tmp_path / "short" / "checkpoint.npz")
    for name in kept:
        np.testing.assert_array_equal(kept[name], short[name], err_msg=name)
    assert len(load_run(runs.epoch_file(tmp_path / "long", 1)).history) == 1


def test_an_epoch_to_keep_is_there_before_the_run_goes_beyond_it(train, tmp_path, monkeypatch):
    """Stopped between the two files, a run would else go on and never keep this epoch."""
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        save = checkpoints.save_checkpoint

        def save_or_stop(path, *arguments):
            if path.name == "checkpoint.npz":
                raise KeyboardInterrupt
            save(path, *arguments)
        patch.setattr(checkpoints, "save_checkpoint", save_or_stop)
        train(tmp_path, keep=(1,))
    assert os.listdir(tmp_path) == ["epoch-001.npz"]


# ---- a data set of one's own, at the door -------------------------------------------------------

@pytest.fixture(scope="module")
def arrays():
    """30 little gray images of noise, 10 of each class: images, labels, classes."""
    images = np.random.default_rng(1).integers(0, 256, (30, 1, 16, 16)).astype(np.uint8)
    return images, np.arange(30) % 3, ("a", "b", "c")


BAD_DATA = {
    "more images than labels": (lambda x, y, c: (x, y[:15], c),
                                ValueError, r"labels must be \(30,\), one per image, not \(15,\)"),
    "more labels than images": (lambda x, y, c: (x[:15], y, c),
                                ValueError, r"labels must be \(15,\), one per image, not \(30,\)"),
    "wide": (lambda x, y, c: (np.tile(x, 2), y, c), ValueError,
             r"images must be squares, \(N, C, H, H\), not \(30, 1, 16, 32\): cut or pad them"),
    "tall": (lambda x, y, c: (x[..., :8], y, c), ValueError, "images must be squares"),
    "channels last": (lambda x, y, c: (np.zeros((30, 16, 16, 3), np.uint8), y, c),
                      ValueError, r"say images\.transpose\(0, 3, 1, 2\)"),
    "three axes": (lambda x, y, c: (x[:, 0], y, c), ValueError, r"say images\[:, None\]"),
    "no pixels": (lambda x, y, c: (x[..., :0, :0], y, c), ValueError, "one pixel at least"),
    "images floats": (lambda x, y, c: (x / 255, y, c), TypeError,
                      "images must be uint8, 0 … 255, not float64; .*astype"),
    "images a list": (lambda x, y, c: (x.tolist(), y, c), TypeError,
                      "images must be a NumPy array .*, not list"),
    "one-hot": (lambda x, y, c: (x, np.eye(3)[y], c), ValueError,
                r"labels must be \(30,\), .* not \(30, 3\); labels\.argmax\(axis=1\)"),
    "a column": (lambda x, y, c: (x, y[:, None], c), ValueError,
                 r"not \(30, 1\); labels\.ravel\(\) makes them so"),
    "labels floats": (lambda x, y, c: (x, y * 1.0, c), TypeError,
                      "labels must be integers that count the classes from 0, not float64"),
    "labels words": (lambda x, y, c: (x, np.array(c)[y], c), TypeError, "integers .* not <U1"),
    "a label below 0": (lambda x, y, c: (x, y - 1, c), ValueError,
                        r"labels\[0\] is -1, but they count the 3 classes from 0: 0 … 2"),
    "labels from 1": (lambda x, y, c: (x, y + 1, c), ValueError, r"labels\[2\] is 3, but they"),
    "one class": (lambda x, y, c: (x, y * 0, c[:1]), ValueError,
                  "the data set given has 1 class; .* it takes two at least"),
    "a number of classes": (lambda x, y, c: (x, y, 3), TypeError, "list or tuple of names, not 3"),
    "a word of classes": (lambda x, y, c: (x, y, "abc"), TypeError, "of names, not 'abc'")}


@pytest.mark.parametrize("case", BAD_DATA)
def test_a_data_set_that_cannot_be(arrays, case, tmp_path):
    change, kind, message = BAD_DATA[case]
    with pytest.raises(kind, match=message):
        train_run(tmp_path / "run", data=data.Dataset(*change(*arrays)), recipe=RECIPE)
    assert not (tmp_path / "run").exists()


def test_arrays_that_are_no_data_set(arrays, tmp_path):
    with pytest.raises(TypeError, match=r"or a data.Dataset\(images, labels, classes\), not tuple"):
        train_run(tmp_path / "run", data=arrays, recipe=RECIPE)


def test_a_folder_of_one_class(folder, tmp_path):
    shutil.copytree(folder / "blue", tmp_path / "photos" / "blue")
    with pytest.raises(ValueError, match="photos has 1 class; .* it takes two at least"):
        train_run(tmp_path / "run", data=tmp_path / "photos", recipe=RECIPE)


@pytest.mark.parametrize("change", [
    lambda x, y, c: (x.transpose(0, 1, 3, 2).copy().transpose(0, 1, 3, 2), y, c),
    lambda x, y, c: (np.repeat(x, 2, axis=0)[::2], np.repeat(y, 2)[::2], list(c)),
    lambda x, y, c: (x, y.tolist(), np.array(c))], ids=["transposed", "strided", "lists"])
def test_the_same_values_laid_out_in_another_way_give_the_same_bits(arrays, change, tmp_path):
    for name, values in (("plain", arrays), ("other", change(*arrays))):
        train_run(tmp_path / name, data=data.Dataset(*values), recipe=RECIPE, report=str)
    same(tmp_path / "plain", tmp_path / "other")


@pytest.mark.parametrize("seed", [None, 1.5, True, [1, 2]])
def test_a_seed_is_an_integer(arrays, seed, tmp_path):
    """With None, a continued run would hold out images that it was trained on before."""
    with pytest.raises(TypeError, match="seed must be an integer, not .*, so that a run that goes"):
        train_run(tmp_path / "run", data=data.Dataset(*arrays), recipe=RECIPE, seed=seed)


def test_a_column_of_labels_is_refused_by_the_loop_too(arrays, tmp_path):
    """Else each right answer would count as often as there are images of its class."""
    images, labels, _ = arrays
    run = train_run(tmp_path, data=data.Dataset(*arrays), recipe=RECIPE, report=str)
    state = training.State(run.net, np.random.default_rng(0), 0.01)
    for first, second in ((labels, labels[:, None]), (labels[:, None], labels),
                          (labels, labels * 1.0)):
        with pytest.raises((ValueError, TypeError), match="labels must be .*, not "):
            training.train(state, images, first, (images, second), prepare=run.prepare,
                           recipe=RECIPE)


# ---- nets to give away --------------------------------------------------------------------------

def test_a_released_net_is_small_and_says_where_it_comes_from(train, tmp_path):
    run = train(tmp_path / "run", flip=True, pad=2)
    runs.release(tmp_path / "run", tmp_path / "net.npz", name="cifar10", test_accuracy=0.75)
    net = runs.pretrained(tmp_path / "net.npz")
    small, large = (path.stat().st_size
                    for path in (tmp_path / "net.npz", tmp_path / "run" / "checkpoint.npz"))
    assert small < 0.27 * large
    assert net.settings["data"] == "cifar10" and net.settings["test accuracy"] == 0.75
    assert str(tmp_path) not in str(net.settings)
    assert net.classes == run.classes and net.history == run.history
    assert net.net.dtype == np.float32
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 28, 28)).astype(np.uint8)
    np.testing.assert_allclose(net.net.predict(net.prepare(images)),        # float16 has 11 bits
                               run.net.predict(run.prepare(images)), rtol=0.02, atol=0.005)


def test_the_net_that_comes_along():
    run = runs.pretrained()
    assert run.settings["data"] == "cifar10" and run.settings["test accuracy"] >= 0.8
    assert run.classes[3] == "cat" and len(run.history) == 40
    assert run.net.input_shape == (3, 32, 32)
    assert 2e5 < sum(value.size for value in run.net.parameters.values()) < 6e5
    assert runs.PRETRAINED.stat().st_size < 1.2e6 and "/" not in str(run.settings)


@pytest.mark.parametrize("name", ["info", "mean", "parameter/conv1.w"])
def test_a_damaged_released_net(train, tmp_path, name):
    train(tmp_path / "run")
    runs.release(tmp_path / "run", tmp_path / "net.npz", name="x", test_accuracy=0.5)
    arrays = checkpoints.read_npz(tmp_path / "net.npz")
    del arrays[name]
    checkpoints.write_npz(tmp_path / "net.npz", arrays)
    with pytest.raises(ValueError, match="net.npz is no net that `release` wrote, or it is damag"):
        runs.pretrained(tmp_path / "net.npz")


# ---- what can't be trained or loaded ------------------------------------------------------------

def test_an_unknown_model(train, tmp_path):
    with pytest.raises(ValueError, match="model must be 'labnet' or 'zfnet', not 'vgg'"):
        train(tmp_path / "run", model="vgg")
    assert not (tmp_path / "run").exists()


def test_a_recipe_that_cannot_be(train, tmp_path):
    with pytest.raises(ValueError, match="epochs must be at least 1, not 0"):
        train(tmp_path / "run", Recipe(epochs=0))
    assert not (tmp_path / "run").exists()


def test_a_variant_that_cannot_be(train, tmp_path):
    with pytest.raises(ValueError, match="middle must be one to three numbers of maps"):
        train(tmp_path / "run", variant={"middle": (1, 2, 3, 4)})
    assert not (tmp_path / "run").exists()


def test_images_too_small_for_the_paper_s_net(train, tmp_path):
    message = "zfnet takes images of 224×224 pixels, .* has 28×28; choose a larger size"
    with pytest.raises(ValueError, match=message):
        train(tmp_path / "run", model="zfnet")
    assert not (tmp_path / "run").exists()


def test_images_too_small_for_the_lab_net(tmp_path):
    labels = np.arange(8) % 2
    for side, fits in ((11, False), (12, True)):
        images = data.Dataset(np.zeros((8, 1, side, side), np.uint8), labels, ("a", "b"))
        if fits:
            assert settings.input_side("labnet", images, "these") == side
            models.labnet(2, input_shape=(1, side, side))
            continue
        with pytest.raises(ValueError, match="labnet takes images of 12×12 pixels or more, .* has "
                                             "11×11; choose a larger size"):
            runs.train_run(tmp_path / "run", data=images)
    assert not (tmp_path / "run").exists()


def test_gray_images_for_the_paper_s_net(train, tmp_path, monkeypatch):
    gray = data.Dataset(np.zeros((20, 1, 224, 224), np.uint8), np.arange(20) % 2, ("a", "b"))
    monkeypatch.setattr(data, "load", lambda *_, **__: gray)
    message = r"zfnet takes images of shape \(3, 224, 224\), not \(1, 224, 224\)"
    with pytest.raises(ValueError, match=message):
        train(tmp_path / "run", model="zfnet")
    assert not (tmp_path / "run" / "checkpoint.npz").exists()


def test_a_class_of_one_image(folder, train, tmp_path):
    """It would be held out for validation, and none be left to learn from."""
    for name, count in (("blue", 3), ("green", 1), ("red", 1)):
        (tmp_path / "few" / name).mkdir(parents=True)
        for i in range(count):
            shutil.copy(folder / name / f"{i:02}.png", tmp_path / "few" / name)
    message = "few has fewer than two images to train on of green, red; add some"
    with pytest.raises(ValueError, match=message):
        train(tmp_path / "run", data=tmp_path / "few")
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_is_not_trained_over(train, tmp_path):
    (tmp_path / "checkpoint.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match="checkpoint.npz can't be read"):
        train(tmp_path, again=True)
    assert (tmp_path / "checkpoint.npz").read_bytes() == b"PK"


@pytest.mark.parametrize("name", ["settings", "scale", "pad"])
def test_a_checkpoint_that_is_no_run(whole, tmp_path, name):
    net = load_run(whole).net
    state, about = checkpoints.load_checkpoint(whole / "checkpoint.npz", lambda about: net)
    del about[name]
    checkpoints.save_checkpoint(tmp_path / "checkpoint.npz", state, about)
    message = f"checkpoint.npz is no checkpoint of numpyzf: it has no '{name}'"
    with pytest.raises(ValueError, match=message):
        load_run(tmp_path)


@pytest.mark.parametrize("name, missing, run", [
    (".", "checkpoint.npz", "."), ("nowhere", "nowhere", "nowhere"),
    ("run/epoch-003.npz", "run/epoch-003.npz", "run")])
def test_a_folder_without_a_run(tmp_path, name, missing, run):
    """It is said once what is not there, and which folder to train into."""
    with pytest.raises(FileNotFoundError) as error:
        load_run(tmp_path / name)
    assert str(error.value) == (f"{tmp_path / missing} is not there; make a trained net with: "
                                f"numpyzf train --out {tmp_path / run}")


def test_a_file_in_the_folders_place_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OSError, match="out can't be written to, as .*out is no folder that can"):
        runs.train_run(tmp_path / "out", data="not even looked for")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_run_is_not_continued_on_other_images(folder, tmp_path):
    """Else images that were held out before would now be trained on."""
    folder = Path(shutil.copytree(folder, tmp_path / "pictures"))
    train_run(tmp_path / "run", data=folder, size=28, recipe=Recipe(epochs=1, batch=16), report=str)
    extra = next(folder.rglob("*.png"))
    shutil.copy(extra, extra.with_name("zz.png"))
    message = "is a run with other images: some were added, removed or changed since; continue it"
    with pytest.raises(ValueError, match=message):
        train_run(tmp_path / "run", data=folder, size=28, recipe=RECIPE, report=str)
    moved = folder.rename(tmp_path / "moved")
    message = f"another data .'{folder}', not '{moved}'., other images; continue it"
    with pytest.raises(ValueError, match=message):
        train_run(tmp_path / "run", data=moved, size=28, recipe=RECIPE, report=str)


def test_a_run_whose_images_have_moved(folder, tmp_path):
    """It goes on with the same images at another place, and remembers that place."""
    recipe, new = Recipe(epochs=1, batch=16), tmp_path / "new"
    old = shutil.copytree(folder, tmp_path / "old")
    run = train_run(tmp_path / "run", data=old, size=28, recipe=recipe, report=str)
    old.rename(new)
    with pytest.raises(FileNotFoundError, match=r"old: no such folder.*run_data\(run, data=FOLDER"):
        run_data(run)
    found = run_data(run, data=new)
    np.testing.assert_array_equal(found.images, data.load(new, "test", size=28).images)
    for epochs in (1, 2):           # whether or not there is something left to train
        run = train_run(tmp_path / "run", data=new, size=28, report=str,
                        recipe=recipe._replace(epochs=epochs))
        assert run.settings["data"] == str(new) and len(run.history) == epochs
        assert len(run_data(load_run(tmp_path / "run")).images) == 9
    (new / "red").rename(new / "rosy")
    with pytest.raises(ValueError, match="has the classes .*rosy; this run was trained on .*red"):
        run_data(run)


def test_a_run_remembers_where_its_images_are(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder.parent)
    recipe = Recipe(epochs=1, batch=16)
    run = train_run(tmp_path / "run", data=folder.name, size=28, recipe=recipe, report=str)
    monkeypatch.chdir(tmp_path)
    assert len(run_data(run).images) > 0
