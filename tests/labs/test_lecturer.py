"""The lecturer's page says of each lab what the lab itself says."""
import re
from pathlib import Path

from numpyzf.labs import LABS
from numpyzf.labs.tasks import load

PAGE = (Path(__file__).parents[2] / "tutorials" / "LECTURER.md").read_text(encoding="utf-8")


def test_the_table_is_of_these_labs():
    rows = re.findall(r"^\| `(\w+)` \|[^|]+\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", PAGE, re.M)
    labs = [load(name) for name in LABS]
    assert rows == [(lab.name, str(lab.about.lesson), str(len(lab.tasks)), str(lab.points),
                     str(lab.about.minutes)) for lab in labs]


def test_what_the_labs_need():
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", PAGE, re.M)
    assert rows == [(name, load(name).about.needs) for name in LABS]


def test_what_it_holds_back_is_there():
    checks = {f"{task.number}/{check.name}" for task in load("pooling").tasks
              for check in task.checks} | {task.number for task in load("pooling").tasks}
    held = re.search(r"--hold-back (.*)", PAGE)[1].split()
    assert held and set(held) <= checks
