"""The zip that Gradescope runs: its two scripts, and this package as it is here."""
import zipfile
from pathlib import Path

from ..files import replacing

PACKAGE = Path(__file__).parent.parent

# Gradescope unpacks the zip into /autograder/source, runs setup.sh there once, copies
# run_autograder to /autograder, and runs that for each submission. The scripts find their place by
# themselves, so that they can be tried in any folder.
ROOT = """#!/usr/bin/env bash
# {what}
set -u
root=$(cd "$(dirname "$0")" && pwd)
[ "$(basename "$root")" = source ] && root=$(dirname "$root")
export PYTHONPATH="$root/source/package"
export NUMBA_CACHE_DIR="${{NUMBA_CACHE_DIR:-$root/kernels}}"
"""
SETUP = """set -e
if ! python3 -m pip --version >/dev/null 2>&1; then
    apt-get update && apt-get install -y python3 python3-pip
fi
# a system's own Python may ask to be told twice
python3 -m pip install numpy numba pillow matplotlib ||
    python3 -m pip install --break-system-packages numpy numba pillow matplotlib
# compile the kernels, and see that the grader runs: the exercise itself has no point
mkdir -p "$root/kernels"
python3 -m numpyzf lab start {lab} "$root/kernels/{lab}.py"
python3 -m numpyzf lab check "$root/kernels/{lab}.py" --json "$root/kernels/results.json"
rm "$root/kernels/{lab}.py" "$root/kernels/results.json"
"""
RUN = """mkdir -p "$root/results"
python3 -m numpyzf lab check "$root/submission" --lab {lab} {more} \\
    --json "$root/results/results.json"
exit 0
"""


def write_bundle(lab, path, *, seed=0, hold_back=()):
    """Write the zip of a lab.

    lab: its name.
    path: the file.
    seed: of the inputs.
    hold_back: tasks and checks whose results are shown when they are published.
    """
    more = [f"--seed {seed}"]
    if hold_back:
        more.append(f"--hold-back {' '.join(hold_back)}")
    scripts = {
        "setup.sh": ROOT.format(what="Once: install what the grader needs.")
        + SETUP.format(lab=lab),
        "run_autograder": ROOT.format(what="For each submission: grade it.")
        + RUN.format(lab=lab, more=" ".join(more))}
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in scripts.items():
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.external_attr = 0o100755 << 16         # may be run
            archive.writestr(info, text)
        for source in sorted(PACKAGE.rglob("*")):
            if source.is_file() and "__pycache__" not in source.parts:
                info = zipfile.ZipInfo(f"package/numpyzf/{source.relative_to(PACKAGE).as_posix()}",
                                       (2020, 1, 1, 0, 0, 0))
                info.external_attr = 0o100644 << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, source.read_bytes())
