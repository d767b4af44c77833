"""A folder of one's own images as a data set: one sub-folder per class, images of any size."""
import os
import time
import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from .download import say
from .image import SUFFIXES, check_size, load_image

HOLD_OUT = 5        # every fifth image of a class is a test image, if the folder names none
TESTS = ("test", "val", "valid", "validation")      # names of the test split's folder, best first
RUBBISH = ("__macosx", "thumbs.db", "desktop.ini")  # what systems leave in folders, in any case
DEEPER = "in deeper folders"
PHONES = (".heic", ".heif", ".avif")                # what Pillow doesn't read, or not always
LISTED = 10         # bad files that a message names
BATCH = 4           # images that one task of the thread pool decodes; an interrupt waits for it
TELL_EVERY = 5      # seconds between two lines that say how many images are read


class Files:
    """Images in files, read as squares when they are asked for: images[a:b], images[[3, 7]].

    Each time they are read anew, so memory holds none but those that were asked for.
    """

    def __init__(self, paths, size, folder, what="images", channels=3):
        self.paths, self.side, self.channels = paths, check_size(size), channels
        self.folder, self.what = folder, what       # for messages

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, rows):
        paths = [self.paths[i] for i in np.arange(len(self))[rows]]
        return _decoded(paths, self.side, self.what, self.folder, self.channels)

    @property
    def names(self):
        """Each file's path within the folder, with slashes, in Unicode's composed form."""
        return [unicodedata.normalize("NFC", path.relative_to(self.folder).as_posix())
                for path in self.paths]

    def stamps(self):
        """What tells these images from others without reading them: names, sizes, times."""
        found = [(name, path.stat()) for name, path in zip(self.names, self.paths)]
        return [self.side, self.channels,
                *([name, stat.st_size, stat.st_mtime_ns] for name, stat in found)]


def read_folder(split, folder, size, lazily=False):
    """Read the images of one split as squares.

    split: "train" or "test". Without folders of these names, every fifth image of a class, in the
    order of their names, is a test image.
    folder: a Path. It holds one sub-folder per class, or the folders train/ and test/ (or val/,
    valid/, validation/), each with one sub-folder per class.
    size: pixels. Each image's smallest side is resized to it, and the center size × size is kept.
    lazily: give Files in place of the images: each is read when it is asked for.
    What isn't read is told in a line on stderr, and of which classes there is no test image; where
    reading takes long, how far it is.
    Returns images uint8 (N, 3, size, size), labels int64 (N,), classes (the sub-folders' names,
    in Unicode's composed form NFC, sorted).
    Raises ValueError for a folder without images and for damaged images, and names them;
    TypeError or ValueError for a bad size.
    """
    check_size(size)
    files, classes = _files(folder, split)
    images = Files([path for path, _ in files], size, folder, f"{split} images")
    if not lazily:
        images = images[:]
    return images, np.array([label for _, label in files], np.int64), classes


def read_sample(folder, size, most):
    """Read images of all splits of a folder, as read_folder reads those of one.

    folder: a Path.
    size: pixels, as in read_folder.
    most: how many images at most. Of a larger folder they are drawn, always the same ones, evenly
    over the classes: as many of each, and all of a class that has fewer.
    Returns images, labels and classes as read_folder does, and how many images the folder has.
    Raises what read_folder does.
    """
    side = check_size(size)
    places = _splits(folder)
    classes = _classes(places[0])
    for place in places[1:]:
        _check_same_classes(place, _classes(place), places[0])
    paths = [[path for place in places for path in _images(_classes(place)[name])]
             for name in classes]
    total, share = sum(map(len, paths)), max(map(len, paths))
    while sum(min(len(own), share) for own in paths) > most:
        share -= 1
    rng, files = np.random.default_rng(0), []
    for label, own in enumerate(paths):
        chosen = np.sort(rng.permutation(len(own))[:share])
        files += [(own[i], label) for i in chosen]
    images = _decoded([path for path, _ in files], side, "images", folder)
    return images, np.array([label for _, label in files], np.int64), tuple(classes), total


def read_photographs(folder, size, channels=3, lazily=False):
    """Read all images in a folder and in the folders in it, as squares; no classes.

    folder: a Path.
    size: pixels, as in read_folder.
    channels: 3 for RGB, 1 for gray.
    lazily: give Files in place of the images: each is read when it is asked for.
    Returns images uint8 (N, channels, size, size), in the order of their paths.
    Raises ValueError for a folder without images and for damaged ones; TypeError or ValueError for
    a bad size.
    """
    check_size(size)
    images = Files(image_files(folder), size, folder, channels=channels)
    return images if lazily else images[:]


def image_files(folder):
    """The paths of all images in a folder, a Path, and in the folders in it, sorted.

    Raises ValueError if there are none, OSError for a folder that can't be read.
    """
    def refuse(error):
        raise error
    paths = sorted(Path(parent, name) for parent, inner, names in os.walk(folder, onerror=refuse)
                   for name in names if _is_image(name)
                   and all(map(_is_visible, Path(parent).relative_to(folder).parts)))
    if not paths:
        raise ValueError(f"{folder}: has no images ({' '.join(SUFFIXES)})")
    return paths


def _decoded(paths, side, what, folder, channels=3):
    """The images of these paths, uint8 (N, channels, side, side); ValueError for damaged ones."""
    images = np.empty((len(paths), channels, side, side), np.uint8)

    def decode(start):
        bad = []
        for i in range(start, min(start + BATCH, len(paths))):
            try:
                images[i] = load_image(paths[i], side, channels)
            except ValueError as error:
                bad.append((paths[i], error))
        return bad

    # Pillow decodes without Python's global lock, so threads work at the same time.
    bad, told = [], time.monotonic()
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for done, found in enumerate(pool.map(decode, range(0, len(paths), BATCH)), 1):
            bad += found
            if time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                say(f"{folder}: read {min(done * BATCH, len(paths)):,} of {len(paths):,} {what}")
    if bad:
        raise ValueError(_all_bad(bad))
    return images


def _all_bad(bad):
    """What is wrong with the first of some bad files, [(path, error)], and which are the others."""
    (_, error), *others = bad
    if not others:
        return str(error)
    names = ", ".join(str(path) for path, _ in others[:LISTED])
    and_more = ", …" if len(others) > LISTED else ""
    return f"{error}; {len(others):,} more cannot be read: {names}{and_more}"


def _files(folder, split):
    """All (path, label) of a split, in order, the classes, and how many files of what are left out.

    Where one folder is divided, what is left out is told with the training images only.
    """
    train, test = _divided(folder)
    place = {"train": train, "test": test}[split] if train else folder
    classes = _classes(place)
    if train:
        _check_same_classes(place, classes, train)
    files, counts, untested = [], _left_out(place, classes), []
    for label, (name, path) in enumerate(classes.items()):
        paths = _images(path)
        if not train and split == "test":
            untested += [name] if len(paths) < HOLD_OUT else []
            paths = paths[HOLD_OUT - 1::HOLD_OUT]
        elif not train:
            paths = [p for i, p in enumerate(paths) if i % HOLD_OUT != HOLD_OUT - 1]
        files += [(path, label) for path in paths]
    if not files:
        raise ValueError(f"{place}: no class has the {HOLD_OUT} images it takes to hold one out "
                         "for testing; add some, or make the folders train/ and test/")
    if counts and (train or split == "train"):
        count = "1 file" if counts.total() == 1 else f"{counts.total():,} files"
        say(f"{place}: {count} left out: {_listed(counts)}; images are read from "
            f"the class folders themselves ({' '.join(SUFFIXES)}){_advice(counts)}")
    if untested:
        say(f"{place}: no test image of {', '.join(untested)}: every {HOLD_OUT}th image of a class "
            "is one, and there are fewer")
    return files, tuple(classes)


def _divided(folder):
    """The folders of the two splits; (None, None) without."""
    train, *tests = _splits(folder)
    return (train, tests[0]) if tests else (None, None)


def _splits(folder):
    """The folders train/ and test/, val/ …, whatever the case of their names; else the folder."""
    named = {path.name.casefold(): path for path in sorted(folder.iterdir()) if path.is_dir()}
    tests = [named[name] for name in TESTS if name in named]
    return [named["train"], *tests] if "train" in named and tests else [folder]


def _check_same_classes(place, classes, train):
    """The folder `place` of one split must have the classes of the folder `train`."""
    differing = sorted(set(classes) ^ set(_classes(train)))
    if differing:
        raise ValueError(f"{place}: its class folders are not those of {train} (in one of them "
                         f"only: {', '.join(differing)}); both must have the same")


def _classes(folder):
    """The sub-folders of a folder, {name: Path}, sorted."""
    paths = {}
    for path in folder.iterdir():
        if path.is_dir() and _is_visible(path.name):
            name = _name(path)
            if name in paths:
                raise ValueError(f"{folder}: two folders have the name {name}, in two Unicode "
                                 "forms; move the images of both into one")
            paths[name] = path
    if not paths:
        raise ValueError(f"{folder}: has no sub-folders; "
                         "make one per class, with that class' images in it")
    return dict(sorted(paths.items()))


def _images(folder):
    """The paths of a folder's images, sorted by name."""
    paths = [p for p in folder.iterdir() if _is_image(p.name) and p.is_file()]
    if not paths:
        counts = _left_out_of(folder)
        found = f" but {_listed(counts)}" if counts else ""
        inner = f"; are the class folders in it? Then give {folder}" if counts[DEEPER] else ""
        raise ValueError(f"{folder}: has no images{found}; each class folder must hold some "
                         f"({' '.join(SUFFIXES)}){_advice(counts)}{inner}")
    return sorted(paths, key=lambda p: (_name(p), p.name))


# ---- names ---------------------------------------------------------------------------------------

def _name(path):
    """The name of a file, in one form: macOS writes ü as two characters, others as one."""
    return unicodedata.normalize("NFC", path.name)


def _is_visible(name):
    return not name.startswith(".") and name.casefold() not in RUBBISH


def _is_image(name):
    return _is_visible(name) and name.lower().endswith(SUFFIXES)


# ---- what is left out ----------------------------------------------------------------------------

def _left_out(place, classes):
    """What isn't read in a folder of classes: a Counter of words, such as ".heic"."""
    counts = Counter(_ending(p.name) for p in place.iterdir()
                     if p.is_file() and _is_visible(p.name))
    for path in classes.values():
        counts += _left_out_of(path)
    return counts


def _left_out_of(folder):
    """What isn't read in the folder of one class, a Counter."""
    counts = Counter()
    for parent, inner, names in os.walk(folder):
        inner[:] = [name for name in inner if _is_visible(name)]
        deeper = Path(parent) != folder
        for name in names:
            if _is_visible(name) and (deeper or not _is_image(name)):
                counts[DEEPER if deeper else _ending(name)] += 1
    return counts


def _ending(name):
    suffix = Path(name).suffix.lower()
    return suffix if suffix and suffix.isprintable() else "without an ending"


def _advice(counts):
    """What to do about files in a telephone's formats, if there are any."""
    found = [ending for ending in PHONES if counts[ending]]
    return f"; save {' and '.join(found)} as JPEG to have them read" if found else ""


def _listed(counts):
    """A Counter in words: "28 .heic, 2 .txt"."""
    return ", ".join(f"{count:,} {word}" for word, count in counts.most_common())
