"""What the commands of several rooms share: words on the terminal, arguments, pictures."""
import argparse
import os
from importlib import metadata
from pathlib import Path

from . import checks, plots, texts


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

def output(path, option="--out", what="a file"):
    """The Path of a file that a command will write, to know now and not when all is computed.

    path: as it was typed; ~ is the home folder.
    option, what: for the error, an OSError, if it can't be written.
    """
    path = checks.path(option, path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; {option} takes the name of {what}")
    if path.exists() and not path.is_file():    # /dev/null, in whose place a file would be put
        raise OSError(f"{path} is no file; {option} takes the name of {what}")
    if not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise OSError(f"{path} can't be written: {path.parent} is no folder that can be written "
                      f"to; {option} takes the name of {what} in a folder that is there")
    return path


def save(figure, path):
    """Write a matplotlib figure, and say where it is."""
    path = picture(path)
    plots.save(figure, path)
    say(f"Look at it: {path.resolve()}")


def picture(path):
    """The Path of a picture; an error if it can't be written."""
    path = output(path, what="the picture")
    if not path.suffix:
        path = path.with_name(f"{path.name}.png")       # as matplotlib would name it
    plots.check_path(path)
    return path
