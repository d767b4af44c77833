"""`numpyzf lesson`: list the lessons, show their answers, build notebooks and index."""
import textwrap
from pathlib import Path

from . import index, notebook, rules, source


def add_arguments(parser):
    """Add what the command takes to an argparse parser."""
    parser.add_argument("action", metavar="ACTION", choices=("list", "answers", "build", "index"),
                        help="list: what there is; answers: to the exercises of the lessons named; "
                             "build: run the lessons named, or all, and write notebooks and index; "
                             "index: write the index alone")
    parser.add_argument("numbers", metavar="N", type=int, nargs="*", default=[],
                        help="numbers of lessons")
    parser.add_argument("--folder", type=Path, default=source.FOLDER,
                        help="where the lessons are")


def run(options):
    """Do what the arguments say; ValueError for an unknown lesson, or one that breaks its rules."""
    every = source.lessons(options.folder)
    known = {lesson.number: lesson for lesson in every}
    for number in options.numbers:
        if number not in known:
            raise ValueError(f"no lesson {number}; the lessons are {', '.join(map(str, known))}")
    chosen = [known[number] for number in options.numbers] or every
    if options.action == "list":
        _list(chosen)
    elif options.action in ("build", "index"):
        for lesson in chosen if options.action == "build" else []:
            _build(lesson)
        index.write(options.folder, every)
        print(f"Look at them: {(options.folder / 'index.html').resolve()}")
    elif options.numbers:
        for lesson in chosen:
            print(answers(lesson))
    else:
        raise ValueError("name the lesson whose answers you want, such as: numpyzf lesson answers "
                         f"{every[-1].number}")


def _list(lessons):
    for lesson in lessons:
        print(f"{lesson.number:2}. {lesson.title}   ({lesson.facts['Running time']})")
        print(textwrap.indent(textwrap.fill(lesson.facts["Question"], 92), "    "))
        print(f"    {lesson.notebook if lesson.notebook.exists() else lesson.path}")


def _build(lesson):
    print(f"running {lesson.path.name} …", flush=True)
    outputs = notebook.run_apart(lesson)
    made = notebook.write(lesson, outputs)
    problems = rules.problems(lesson, outputs)
    if problems:
        print(*problems, sep="\n")
        raise ValueError(f"{lesson.path.name} doesn't keep {len(problems)} of the rules for "
                         "lessons, which numpyzf/lessons/__init__.py explains")
    size, count = lesson.notebook.stat().st_size, len(notebook.pictures(made))
    print(f"{lesson.notebook.name}: {len(made['cells'])} cells, {count} "
          f"{'picture' if count == 1 else 'pictures'}, {size / 1000:.0f} kB")


def answers(lesson):
    """The exercises of a lesson, and behind them the answers, as text."""
    start = next(i for i, cell in enumerate(lesson.cells) if cell.text.startswith("## Exercises"))
    parts = [f"{lesson.number}. {lesson.title}", lesson.cells[start].text, "## Answers",
             "The code goes on where the notebook ends."]
    for cell in [cell for cell in lesson.cells[start + 1:] if "answer" in cell.tags]:
        parts.append(textwrap.indent(cell.text, "    ") if cell.kind == "code" else cell.text)
    return "\n\n".join(parts)
