"""The command `numpyzf lab`: list, start, check, grade, bundle, mutants."""
import argparse
import time
from pathlib import Path

from ..terminal import at_least, say
from . import LABS, grade, report as reports
from .bundle import write_bundle
from .exercise import start
from .mutants import table
from .submissions import Table, submissions
from .tasks import load


def add(sub):
    """Add what `numpyzf lab` takes to its parser."""
    actions = sub.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_list(actions)
    _add_start(actions)
    _add_check(actions)
    _add_grade(actions)
    _add_bundle(actions)
    _add_mutants(actions)


def seconds(text):
    """For argparse: a number above 0."""
    if not 0 < float(text) < 1e6:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, not {text}")
    return float(text)


seconds.__name__ = "number of seconds"          # what argparse calls it in an error


def _action(actions, name, function, text):
    sub = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    sub.set_defaults(command=function)
    return sub


# ---- list ----------------------------------------------------------------------------------------

def _add_list(actions):
    _action(actions, "list", _list, "list the labs")


def _list(options):
    for name in LABS:
        lab = load(name)
        print(f"{name:12} {lab.title}")
        print(f"{'':12} section {lab.about.section}, lesson {lab.about.lesson}; {len(lab.tasks)} "
              f"tasks, {lab.points} points, about {lab.about.minutes} minutes")
        print(f"{'':12} needs: {lab.about.needs}")
    print("\nBegin with: numpyzf lab start NAME")


# ---- start ---------------------------------------------------------------------------------------

def _add_start(actions):
    sub = _action(actions, "start", _start, "write the exercise of a lab, a file to fill in")
    sub.add_argument("lab", choices=LABS, metavar="LAB", help=", ".join(LABS))
    sub.add_argument("file", nargs="?", metavar="FILE", help="LAB.py in this folder if not given")


def _start(options):
    path = start(load(options.lab), options.file)
    print(f"{path} is there. Read it from the top, fill it in, and check it as often as you like:")
    print(f"    numpyzf lab check {path}")


# ---- check ---------------------------------------------------------------------------------------

def _add_check(actions):
    sub = _action(actions, "check", _check,
                  "grade a file: what is right, what is wrong, and a hint")
    sub.add_argument("file", metavar="FILE", help="the file, or a folder that holds it")
    sub.add_argument("--task", metavar="N", help="one task only, such as 2.1")
    sub.add_argument("--lab", metavar="LAB", choices=LABS,
                     help="the lab, if neither the file's first line nor its name says it")
    sub.add_argument("--seed", metavar="N", type=at_least(0), default=0, help="other inputs")
    sub.add_argument("--time-limit", metavar="S", type=seconds, default=grade.TIME_LIMIT,
                     help=f"seconds for each task; {grade.TIME_LIMIT} if not given")
    sub.add_argument("--json", metavar="FILE",
                     help="write Gradescope's results there, anew after every check")
    sub.add_argument("--figure", metavar="FILE",
                     help="the picture that your functions draw when all is right; LAB.png beside "
                          "the file if not given, and none with --json")
    _add_hold_back(sub)


def _add_hold_back(sub):
    sub.add_argument("--hold-back", metavar="N", nargs="+", default=[],
                     help="tasks (2.1) and checks (2.1/ties) whose results students see on "
                          "Gradescope only when they are published")


def _check(options):
    begin = time.monotonic()

    def changed(report):
        if options.json:
            reports.write_json(report, options.json, time.monotonic() - begin)

    report = grade.check(options.file, lab=options.lab, task=options.task, seed=options.seed,
                         time_limit=options.time_limit, hold_back=options.hold_back,
                         changed=changed)
    if report.problem:
        raise ValueError(report.problem)
    print("\n".join(reports.as_text(report)))
    if report.score == report.points and not options.task:
        _draw(report, options)


def _draw(report, options):
    figure = options.figure
    if not figure and not options.json:
        figure = Path(report.file).with_name(f"{report.lab}.png")
    if figure:
        print("All right. Now your functions draw …", flush=True)
        problem = grade.draw(report.file, report.lab, figure)
        print(f"no figure: {problem}" if problem else f"Look at it: {Path(figure).resolve()}")


# ---- grade ---------------------------------------------------------------------------------------

def _add_grade(actions):
    sub = _action(actions, "grade", _grade,
                  "grade all submissions in a folder, and write a table of their points")
    sub.add_argument("folder", metavar="FOLDER",
                     help="files, or folders of them: of each folder those that say in their first "
                          "line which lab they are, or else all")
    sub.add_argument("--lab", metavar="LAB", choices=LABS,
                     help="the lab, if the files don't say it")
    sub.add_argument("--seed", metavar="N", type=at_least(0), default=0, help="of the inputs")
    sub.add_argument("--time-limit", metavar="S", type=seconds, default=grade.TIME_LIMIT,
                     help=f"seconds for each task; {grade.TIME_LIMIT} if not given")
    sub.add_argument("--out", metavar="FOLDER", default="grades",
                     help="where scores.csv and each report go; grades if not given")


def _grade(options):
    files = submissions(options.folder, LABS, options.lab)
    scores = Table(options.out, options.folder)
    for path in files:
        try:
            report = grade.check(path, lab=options.lab, seed=options.seed,
                                 time_limit=options.time_limit)
            told = report.problem or f"{report.score} of {report.points} points"
        except ValueError as error:         # it can't be seen which lab it is
            report = told = str(error)
        scores.add(path, report)
        say(f"{path}: {told}")
    say(f"Look at them: {(scores.folder / 'scores.csv').resolve()}")


# ---- bundle --------------------------------------------------------------------------------------

def _add_bundle(actions):
    sub = _action(actions, "bundle", _bundle, "make the zip file that grades a lab on Gradescope")
    sub.add_argument("lab", choices=LABS, metavar="LAB", help=", ".join(LABS))
    sub.add_argument("--out", metavar="FILE", help="the zip; LAB.zip in this folder if not given")
    sub.add_argument("--seed", metavar="N", type=at_least(0), default=0, help="of the inputs there")
    _add_hold_back(sub)


def _bundle(options):
    path = Path(options.out or f"{options.lab}.zip")
    grade.check_held(load(options.lab), options.hold_back)
    write_bundle(options.lab, path, seed=options.seed, hold_back=options.hold_back)
    print(f"Upload {path.resolve()} as the autograder of a programming assignment.")


# ---- mutants -------------------------------------------------------------------------------------

def _add_mutants(actions):
    sub = _action(actions, "mutants", _mutants,
                  "show the wrong answers that test a lab: which check refuses each, with which "
                  "hint")
    sub.add_argument("lab", choices=LABS, metavar="LAB", help=", ".join(LABS))
    sub.add_argument("--seed", metavar="N", type=at_least(0), default=0, help="other inputs")


def _mutants(options):
    rows = table(load(options.lab), [options.seed])
    for row in rows:
        print(f"{row.task}  {row.answer}")
        print(f"     refused by {', '.join(row.refused_by) or 'nothing: IT SURVIVES'}")
        print(f"     {row.hint}")
        if not row.as_it_should:
            print(f"     NOT AS IT SHOULD: {row.task}/{row.check} and no other, with the hint: "
                  f"{row.expected_hint}")
    wrong = sum(not row.as_it_should for row in rows)
    refused = "each is" if not wrong else f"{wrong} are not"
    print(f"\n{len(rows)} wrong answers; {refused} refused as it should be")
    if wrong:
        raise ValueError(f"lab {options.lab}: {wrong} wrong answers are not refused as they should "
                         "be")
