"""What the commands of several rooms share: words on the terminal, arguments, pictures."""
import argparse
from importlib import metadata
from pathlib import Path

from . import plots, texts
from .files import to_write


def say(text):
    """Print one line, in which the names of files and classes are plain text to a terminal."""
    print(texts.clean(text), flush=True)


def version():
    """numpyzf's version, such as "0.1.0"; None where it isn't installed."""
    try:
        return metadata.version("numpyzf")
    except metadata.PackageNotFoundError:
        return None


# ---- arguments, for argparse ---------------------------------------------------------------------

def at_least(least):
    """For argparse: an integer of `least` or more."""
    def integer(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, not {text}")
        return value
    return integer


def floats(text):
    """For argparse: "0.5,1e3" as a list of numbers, "7" as one."""
    numbers = [float(part) for part in text.split(",")]
    return numbers if len(numbers) > 1 else numbers[0]


floats.__name__ = "number"         # what argparse calls it in an error


def lines(path):
    """For argparse: the lines of a text file."""
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{path} can't be read: {error}") from None


def words(text):
    """For argparse: "relu1, fire2" as a tuple of words, each once."""
    return tuple(dict.fromkeys(word.strip() for word in text.split(",")))


def integers(text):
    """For argparse: "0,5,17" as a list of integers."""
    if not all(part.strip().isdecimal() for part in text.split(",")):
        raise argparse.ArgumentTypeError("must be numbers with commas between them, such as "
                                         f"0,5,17, not {text!r}")
    return [int(part) for part in text.split(",")]


# ---- files that are written ----------------------------------------------------------------------

def save(figure, path):
    """Write a matplotlib figure, and say where it is."""
    path = picture(path)
    plots.save(figure, path)
    say(f"Look at it: {path.resolve()}")


def picture(path):
    """The Path of a picture; an error if it can't be written."""
    path = to_write("--out", path, "the picture")
    if not path.suffix:
        path = path.with_name(f"{path.name}.png")       # as matplotlib would name it
    plots.check_path(path)
    return path
