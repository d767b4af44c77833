import json
import os
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from numpyzf.data import files, folder, load, photographs
from numpyzf.data.folder import read_sample

CLASSES = {"dog": 7, "cat": 12, "Ant": 5}


def save(path, value, size=(9, 7)):
    """An image of one color, by which it can be told."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 0, 255 - value)).save(path)


def make(folder, classes=CLASSES, first=0):
    """Make class folders of numbered images.

    Returns {class: the values of its images, in order of their names}.
    """
    values = {}
    for name, count in classes.items():
        values[name] = [first + 13 * i + len(values) for i in range(count)]
        for i in reversed(range(count)):
            save(folder / name / f"{i:03}.png", values[name][i])
    return values


def value_of(data):
    return data.images[:, 0, 3, 3].tolist()


def test_every_fifth_is_for_testing(tmp_path):
    values = make(tmp_path)
    train, test = load(tmp_path, "train", size=8), load(tmp_path, "test", size=8)
    assert train.classes == test.classes == ("Ant", "cat", "dog")
    assert train.images.shape == (20, 3, 8, 8) and train.images.dtype == np.uint8
    assert train.images.flags.c_contiguous
    assert train.labels.dtype == np.int64 and train.labels.tolist() == [0] * 4 + [1] * 10 + [2] * 6
    assert test.labels.tolist() == [0, 1, 1, 2]
    ant, cat, dog = values["Ant"], values["cat"], values["dog"]
    assert value_of(test) == [ant[4], cat[4], cat[9], dog[4]]
    assert sorted(value_of(train) + value_of(test)) == sorted(sum(values.values(), []))
    assert value_of(train)[4:14] == [v for i, v in enumerate(values["cat"]) if i not in (4, 9)]


def test_train_and_test_folders(tmp_path):
    train_values, test_values = make(tmp_path / "train"), make(tmp_path / "test", first=1)
    for split, values in (("train", train_values), ("test", test_values)):
        data = load(str(tmp_path), split)
        assert data.images.shape == (24, 3, 32, 32) and data.classes == ("Ant", "cat", "dog")
        assert value_of(data) == values["Ant"] + values["cat"] + values["dog"]


def test_a_class_may_be_named_train(tmp_path):
    make(tmp_path, {"train": 5, "bus": 5})
    assert load(tmp_path).classes == ("bus", "train")


def test_the_name_of_a_data_set_is_not_taken_for_a_folder_but_a_path_is(tmp_path, monkeypatch):
    make(tmp_path / "fashion-mnist-small")
    monkeypatch.chdir(tmp_path)
    assert len(load("fashion-mnist-small").classes) == 10
    assert load("./fashion-mnist-small").classes == ("Ant", "cat", "dog")


def test_what_is_no_image_is_ignored(tmp_path):
    make(tmp_path)
    for name in ("Thumbs.db", "notes.txt", ".hidden.png", "cat/Thumbs.db", "cat/list.txt",
                 "cat/._001.png"):
        (tmp_path / name).write_bytes(b"no image")
    for name in (".git", "cat/more.png", "cat/deeper"):
        (tmp_path / name).mkdir()
    assert load(tmp_path).classes == ("Ant", "cat", "dog") and len(load(tmp_path).images) == 20


def test_what_is_left_out_is_told_once(tmp_path, capsys):
    make(tmp_path)
    for i in range(28):
        (tmp_path / "cat" / f"IMG {i}.HEIC").write_bytes(b"photograph")
    save(tmp_path / "dog" / "2024" / "a.png", 1)
    for name in ("dog/b.avif", "dog/.c.avif", "dog/Thumbs.db", "dog/list", "readme.txt"):
        (tmp_path / name).write_bytes(b"else")
    assert len(load(tmp_path).images) == 20
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith(f"{tmp_path}: 32 files left out: 28 .heic, ")
    for words in ("1 in deeper folders", "1 .avif", "1 without an ending", "1 .txt"):
        assert words in lines[0]
    load(tmp_path, "test")
    assert capsys.readouterr().err == ""


def test_nothing_left_out_and_nothing_said(tmp_path, capsys):
    make(tmp_path)
    load(tmp_path)
    assert capsys.readouterr() == ("", "")


def test_each_split_tells_what_it_leaves_out(tmp_path, capsys):
    make(tmp_path / "train")
    make(tmp_path / "test")
    (tmp_path / "test" / "cat" / "a.heic").write_bytes(b"photograph")
    load(tmp_path)
    assert capsys.readouterr().err == ""
    load(tmp_path, "test")
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'test'}: 1 file left out: 1 .heic;")


def test_without_stderr(tmp_path, monkeypatch):
    make(tmp_path)
    (tmp_path / "cat" / "a.heic").write_bytes(b"photograph")
    monkeypatch.setattr("sys.stderr", None)
    assert len(load(tmp_path).images) == 20


@pytest.mark.parametrize("train, test", [("Train", "Test"), ("train", "val"), ("TRAIN", "valid"),
                                         ("train", "Validation")])
def test_other_names_of_the_splits(tmp_path, train, test):
    train_values, test_values = make(tmp_path / train), make(tmp_path / test, first=1)
    for split, values in (("train", train_values), ("test", test_values)):
        data = load(tmp_path, split)
        assert data.classes == ("Ant", "cat", "dog")
        assert value_of(data) == values["Ant"] + values["cat"] + values["dog"]


def test_test_comes_before_val(tmp_path):
    make(tmp_path / "train")
    make(tmp_path / "val")
    values = make(tmp_path / "test", first=1)
    assert value_of(load(tmp_path, "test")) == values["Ant"] + values["cat"] + values["dog"]


def test_what_systems_leave_is_no_class(tmp_path, capsys):
    make(tmp_path)
    (tmp_path / "__MACOSX" / "cat").mkdir(parents=True)
    (tmp_path / "__MACOSX" / "cat" / "._000.png").write_bytes(b"no image")
    (tmp_path / "desktop.ini").write_bytes(b"else")
    assert load(tmp_path).classes == ("Ant", "cat", "dog")
    assert capsys.readouterr().err == ""


COMPOSED, DECOMPOSED = "K\u00f6ln", "Ko\u0308ln"


def test_names_in_two_unicode_forms_are_one(tmp_path, refuses):
    make(tmp_path / "train", {COMPOSED: 2, "Kolumbus": 2, "Kz": 1})
    make(tmp_path / "test", {DECOMPOSED: 2, "Kolumbus": 2, "Kz": 1})
    for split in ("train", "test"):
        assert load(tmp_path, split).classes == ("Kolumbus", "Kz", COMPOSED)
    make(tmp_path / "train", {DECOMPOSED: 1})
    with refuses(ValueError, tmp_path / "train", COMPOSED, "two Unicode forms"):
        load(tmp_path)


def test_a_class_of_another_kind_of_files_is_told_so(tmp_path, refuses):
    make(tmp_path)
    (tmp_path / "cow").mkdir()
    for i in range(3):
        (tmp_path / "cow" / f"{i}.HEIC").write_bytes(b"photograph")
    with refuses(ValueError, tmp_path / "cow", "no images but 3 .heic", ".jpg"):
        load(tmp_path)


def test_photographs_of_a_telephone_are_told_how_to_be_read(tmp_path, refuses, capsys):
    make(tmp_path)
    for name in ("cat/1.HEIC", "cat/2.heif", "cat/3.avif", "dog/film.mov"):
        (tmp_path / name).write_bytes(b"photograph")
    load(tmp_path)
    advice = "; save .heic and .heif and .avif as JPEG to have them read"
    assert capsys.readouterr().err.endswith(f"{advice}\n")
    (tmp_path / "cow").mkdir()
    (tmp_path / "cow" / "1.heic").write_bytes(b"photograph")
    with refuses(ValueError, tmp_path / "cow", "; save .heic as JPEG"):
        load(tmp_path)


def test_class_folders_one_folder_deeper(tmp_path, refuses):
    make(tmp_path / "photos")
    place = tmp_path / "photos"
    with refuses(ValueError, place, f"are the class folders in it? Then give {place}"):
        load(tmp_path)


def test_a_class_without_a_test_image_is_told(tmp_path, capsys):
    make(tmp_path, {"bird": 4, "cat": 5, "dog": 3})
    assert load(tmp_path).labels.tolist() == 4 * [0] + 4 * [1] + 3 * [2]
    assert capsys.readouterr().err == ""
    assert load(tmp_path, "test").labels.tolist() == [1]
    assert capsys.readouterr().err == (
        f"{tmp_path}: no test image of bird, dog: every 5th image of a class is one, and there "
        "are fewer\n")


def test_suffixes_of_any_case(tmp_path):
    make(tmp_path)
    save(tmp_path / "cat" / "999.JPG", 9)
    save(tmp_path / "cat" / "998.jpeg", 9)
    save(tmp_path / "dog" / "999.jpg", 9)
    (tmp_path / "dog" / "999.jpg").rename(tmp_path / "dog" / "999.jfif")
    assert len(load(tmp_path).images) == 23


def test_many_images_keep_their_order(tmp_path):
    for i in range(300):
        save(tmp_path / "only" / f"x{i:03}.bmp", i % 256, size=(1 + i % 40, 40 - i % 40))
    images = load(tmp_path, size=5).images
    assert images[:, 0, 2, 2].tolist() == [i % 256 for i in range(300) if i % 5 != 4]


def test_memory_stays_near_the_result(tmp_path):
    for i in range(60):
        save(tmp_path / "a" / f"{i}.png", 1, size=(300, 300))
    load(tmp_path)
    tracemalloc.start()
    data = load(tmp_path, size=224)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.2 * data.images.nbytes


def test_reading_that_takes_long_says_how_far_it_is(tmp_path, monkeypatch, capsys):
    make(tmp_path, {"a": 25, "b": 25})
    clock = iter(range(0, 100, 3))
    monkeypatch.setattr("numpyzf.data.folder.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("numpyzf.data.folder.BATCH", 12)
    load(tmp_path)
    assert capsys.readouterr().err == (f"{tmp_path}: read 24 of 40 train images\n"
                                       f"{tmp_path}: read 40 of 40 train images\n")


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_bad_image_is_named(tmp_path, refuses, split):
    make(tmp_path / "train")
    make(tmp_path / "test")
    bad = tmp_path / split / "cat" / "004.png"
    bad.write_bytes(bad.read_bytes()[:40])
    with refuses(ValueError, bad, "cannot be read as an image"):
        load(tmp_path, split)


def test_all_bad_images_are_named_at_once(tmp_path, refuses):
    for i in range(90):
        save(tmp_path / "a" / f"{i:02}.png", 1)
    bad = [tmp_path / "a" / f"{i:02}.png" for i in (0, 5, 70)]      # 70: of another batch
    for path in bad:
        path.write_bytes(b"no image")
    with refuses(ValueError, bad[0], f"; 2 more cannot be read: {bad[1]}, {bad[2]}"):
        load(tmp_path)
    for path in (tmp_path / "a").iterdir():
        path.write_bytes(b"no image")
    with refuses(ValueError, bad[0], "; 71 more cannot be read: ", ", …"):
        load(tmp_path)


def test_an_empty_folder(tmp_path, refuses):
    with refuses(ValueError, tmp_path, "no sub-folders", "one per class"):
        load(tmp_path)


def test_images_without_class_folders(tmp_path, refuses):
    save(tmp_path / "a.png", 1)
    with refuses(ValueError, tmp_path, "no sub-folders"):
        load(tmp_path)


def test_a_class_without_images(tmp_path, refuses):
    make(tmp_path)
    (tmp_path / "cow").mkdir()
    (tmp_path / "cow" / "list.txt").write_text("moo")
    for split in ("train", "test"):
        with refuses(ValueError, tmp_path / "cow", "no images", ".jpg"):
            load(tmp_path, split)


def test_too_few_to_hold_any_out(tmp_path, refuses):
    make(tmp_path, {"a": 4, "b": 3})
    assert len(load(tmp_path).images) == 7
    with refuses(ValueError, tmp_path, "5 images"):
        load(tmp_path, "test")


def test_classes_of_test_must_be_those_of_train(tmp_path, refuses):
    make(tmp_path / "train", {"a": 1, "b": 1})
    make(tmp_path / "test", {"a": 1, "c": 1})
    load(tmp_path)
    with refuses(ValueError, tmp_path / "test", "b, c"):
        load(tmp_path, "test")


def test_no_such_folder(tmp_path, refuses):
    with refuses(FileNotFoundError, tmp_path / "gone", "no such folder"):
        load(str(tmp_path / "gone"))
    save(tmp_path / "a.png", 1)
    with refuses(ValueError, tmp_path / "a.png", "is a file"):
        load(tmp_path / "a.png")


def test_a_folder_of_pictures_needs_no_classes(tmp_path, refuses):
    with refuses(FileNotFoundError, "nofolder", "no such folder; give one with images in it"):
        photographs("nofolder")
    with refuses(FileNotFoundError, "scenes", "in it, not the name of a data set"):
        files("scenes")
    save(tmp_path / "a.png", 1)
    with refuses(ValueError, tmp_path / "a.png", "is a file; give a folder with images in it"):
        photographs(tmp_path / "a.png")
    assert files(tmp_path / "a.png") == [tmp_path / "a.png"]
    assert [path.name for path in files("cat")] == ["cat.jpg"]


def test_a_folder_that_can_t_be_read_is_no_empty_one(tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    save(tmp_path / "a.png", 1)
    scandir = os.scandir

    def forbidden(path):
        if str(path).endswith("inner"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)
    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(PermissionError, match="inner"):
        files(tmp_path)


@pytest.mark.parametrize("size, kind", [(0, ValueError), (10 ** 6, ValueError),
                                        (3.5, TypeError), (False, TypeError)])
def test_bad_sizes(tmp_path, refuses, size, kind):
    make(tmp_path)
    with refuses(kind, "size must"):
        load(tmp_path, size=size)


# ---- a sample -----------------------------------------------------------------------------------

def folder_of(tmp_path, **counts):
    """Gray pictures, the i-th of brightness i: {place: how many}, with __ for a slash."""
    for place, count in counts.items():
        folder = tmp_path / place.replace("__", "/")
        folder.mkdir(parents=True)
        for i in range(count):
            Image.new("RGB", (4, 4), (i, i, i)).save(folder / f"{i:02}.png")
    return tmp_path


def test_a_sample_that_is_all(tmp_path):
    found = read_sample(folder_of(tmp_path, a=3, b=6), 4, 9)
    assert found[0][:, 0, 0, 0].tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 5]
    assert found[1].tolist() == [0] * 3 + [1] * 6 and found[2:] == (("a", "b"), 9)


def test_a_sample_has_as_many_of_each_class(tmp_path):
    images, labels, classes, total = read_sample(folder_of(tmp_path, a=2, b=9, c=9), 4, 12)
    assert np.bincount(labels).tolist() == [2, 5, 5] and total == 20
    shown = images[labels == 1, 0, 0, 0]
    assert len(set(shown)) == 5 and shown.tolist() != [0, 1, 2, 3, 4]
    again = read_sample(tmp_path, 4, 12)
    np.testing.assert_array_equal(again[0], images)


def test_a_sample_is_of_all_splits(tmp_path):
    folder_of(tmp_path, train__a=3, train__b=2, test__a=1, test__b=1, validation__a=2,
              validation__b=1)
    images, labels, classes, total = read_sample(tmp_path, 4, 99)
    assert np.bincount(labels).tolist() == [6, 4] and total == 10
    (tmp_path / "test" / "c").mkdir()
    with pytest.raises(ValueError, match="its class folders are not those of"):
        read_sample(tmp_path, 4, 99)


# ---- lazily --------------------------------------------------------------------------------------

def test_files_are_read_when_they_are_asked_for(tmp_path, monkeypatch):
    make(tmp_path)
    images, labels, classes = load(tmp_path, "train", size=8)
    lazy, *others = load(tmp_path, "train", size=8, lazily=True)
    assert len(lazy) == len(images) == 20 and tuple(others[1]) == classes
    np.testing.assert_array_equal(others[0], labels)
    read = []
    load_image = folder.load_image
    monkeypatch.setattr(folder, "load_image",
                        lambda path, *others: read.append(path) or load_image(path, *others))
    for rows in (slice(3, 5), slice(18, 99), np.array([7, 2, 7]), [19], slice(0, 0)):
        read.clear()
        np.testing.assert_array_equal(lazy[rows], images[rows])
        assert len(read) == len(images[rows])


def test_photographs_lazily_and_what_tells_them_from_others(tmp_path):
    save(tmp_path / "b" / "u\u0308.png", 3)
    save(tmp_path / "a.png", 200)
    lazy = photographs(tmp_path, 8, lazily=True)
    np.testing.assert_array_equal(lazy[:], photographs(tmp_path, 8))
    assert lazy.names == ["a.png", "b/\u00fc.png"]
    before = lazy.stamps()
    assert before == photographs(tmp_path, 8, lazily=True).stamps()
    assert before != photographs(tmp_path, 9, lazily=True).stamps()
    save(tmp_path / "a.png", 201)
    os.utime(tmp_path / "a.png", ns=(1, 1))
    assert before != photographs(tmp_path, 8, lazily=True).stamps()
    assert json.loads(json.dumps(before)) is not None
