"""The command `numpyzf reproduce`."""
import argparse

from ..runs.command import add_source, check_source, tell_size
from ..terminal import say
from . import archive, reproduce
from .processes import end_with_the_starter, how_many
from .study import LEAST_SIDE, Study


def add_reproduce(sub):
    """Add what `reproduce` takes to an argparse parser."""
    sub.add_argument("items", metavar="ITEM", nargs="*",
                     help=f"all, or some of: {', '.join(reproduce.names())}")
    sub.add_argument("--from", dest="archive", metavar="FILE.zip",
                     help="make the page of the finished items in this file, and compute nothing: "
                          "items.zip, which stands beside the page of who has computed them; only "
                          "--out goes with it")
    add_source(sub, "the images beside the rendered scenes: a name that `numpyzf data` lists, or "
                    "a folder of images", LEAST_SIDE)
    sub.add_argument("--photos", metavar="FOLDER",
                     help="photographs, one sub-folder per class, on which a real network is tried "
                          "where the paper did it: fig2, fig5, fig7, fig9, table7, limits; "
                          "fig2-real is that part of fig2 alone")
    sub.add_argument("--net", metavar="MODEL.onnx",
                     help="that network, if not SqueezeNet, which comes with numpyzf: an ONNX file "
                          "with its JSON file beside it, or the folder of a trained net")
    sub.add_argument("--out", metavar="FOLDER", default="numpyzf-paper",
                     help="where nets, finished items and the page go; started again, it goes on "
                          "from there")
    sub.add_argument("--again", action="store_true",
                     help="compute these items anew, from the nets that are there")
    sub.add_argument("--quick", action="store_true",
                     help="few images, nets of two epochs: to see that everything runs, not to "
                          "learn anything")
    # how the command calls itself, see paper/processes.py
    sub.add_argument("--part", action="store_true", help=argparse.SUPPRESS)


def run_reproduce(options):
    """Compute items and make the page; ValueError or OSError if that can't be."""
    if options.part:
        end_with_the_starter()
    if options.archive is not None:
        _page_of_archive(options)
        return
    if not options.items:
        options.parser.error("the following arguments are required: ITEM, or --from FILE.zip")
    # an unknown name is refused before anything is made
    reproduce.find(options.items, options.photos is not None)
    check_source(options)
    if options.net is not None and options.photos is None:
        raise ValueError("--net is a network to try on photographs: give --photos FOLDER too")
    study = Study(options.out, data=options.data, folder=options.folder, size=options.size,
                  photos=options.photos, net=options.net, quick=options.quick)
    tell_size(options)
    if study.photos and not options.part:
        run = study.photos.run
        say(f"{study.photos.net_name} takes images of {run.prepare.size}×{run.prepare.size} "
             f"pixels; {'; '.join(run.settings.get('assumed', ['as it was trained']))}.")
    path = reproduce.compute(study, options.items, again=options.again,
                             processes=1 if options.part else how_many())
    if not options.part:
        packed = archive.pack(study)
        say(f"To hand it out: {packed.name} beside it ({packed.stat().st_size / 1e6:.1f} MB), from "
            "which numpyzf reproduce --from makes the page without computing.")
    print(f"Look at it: {path.resolve()}")


def _page_of_archive(options):
    """Make the page of finished items that someone else has computed."""
    others = ("items", "data", "folder", "size", "photos", "net", "again", "quick")
    given = [name for name in others
             if getattr(options, name) not in ([], options.parser.get_default(name))]
    if given:
        raise ValueError(f"--from takes what is in the file: leave {', '.join(given)} out")
    print(f"Look at it: {archive.write_page(options.archive, options.out).resolve()}")
