"""Many submissions: which files of a folder are a student's, and the points of all in one table."""
import csv
import io
import re
from pathlib import Path

from ..files import replacing
from . import report as reports
from .marking import PASSED

HEAD = 100_000          # bytes of a file, in which it says which lab it is
HEADINGS = ("file", "lab", "points", "of", "checks passed", "checks", "problem")


def said_lab(path, names):
    """The lab that a file's text says it is, or None; also None for what can't be read."""
    if not path.is_file():          # a pipe would be waited for
        return None
    try:
        with open(path, "rb") as file:
            start = file.read(HEAD).replace(b"\0", b"").decode("latin-1")
    except OSError:
        return None
    said = re.search(rf"\bLab ({'|'.join(names)}):", start)
    return said[1] if said else None


def candidates(folder, names, lab=None):
    """The files of a folder that may be a student's work, the likeliest first.

    Those whose text says that they are a lab, this one if it is known; where none does, those
    whose name does, or else all.
    """
    files = sorted(path for path in Path(folder).iterdir()
                   if path.suffix in (".py", ".ipynb") and path.is_file()
                   and not path.name.startswith("."))
    said = [path for path in files if said_lab(path, names) in ([lab] if lab else names)]
    named = [path for path in said or files if path.stem == lab]
    likely = [path for path in said or files if lab and lab in path.stem]
    return list(dict.fromkeys([*named, *likely, *said])) or files


def submissions(folder, names, lab=None):
    """The files to grade in a folder and in the folders in it, sorted.

    Of each folder the candidates: what a student has written beside a lab's file isn't graded.
    Raises ValueError for a folder that isn't there, or without any.
    """
    if not Path(folder).is_dir():
        raise ValueError(f"there is no folder {folder}")
    folders = [Path(folder), *sorted(path for path in Path(folder).rglob("*") if path.is_dir())]
    found = [path for each in folders
             if not any(part.startswith((".", "__")) for part in each.relative_to(folder).parts)
             for path in sorted(candidates(each, names, lab))]
    if not found:
        raise ValueError(f"{folder}: there are no submissions (.py, .ipynb) in it")
    return found


class Table:
    """The points of many files, as a CSV file that is whole after each of them.

    folder: where it goes, scores.csv, and each file's report as text; made if it isn't there.
    top: the folder of the submissions.
    """

    def __init__(self, folder, top):
        self.folder, self.top, self.rows = Path(folder), Path(top), []
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write()

    def add(self, path, report):
        """A file's report.Report; or why there is none, a string."""
        name = path.relative_to(self.top).as_posix()
        if isinstance(report, str):
            row = (name, "", 0, "", "", "", report)
        else:
            passed = sum(result.status == PASSED for result in report.results)
            row = (name, report.lab, report.score, report.points, passed, len(report.results),
                   report.problem)
            text = "\n".join([*reports.as_text(report), ""])
            place = self.folder / f"{name}.txt"
            place.parent.mkdir(parents=True, exist_ok=True)
            with replacing(place) as file:
                file.write(text.encode())
        self.rows.append(row)
        self.write()

    def write(self):
        """Write scores.csv."""
        text = io.StringIO()
        csv.writer(text).writerows([HEADINGS, *self.rows])
        with replacing(self.folder / "scores.csv") as file:
            # the mark tells spreadsheets that it is UTF-8
            file.write(text.getvalue().encode("utf-8-sig"))
