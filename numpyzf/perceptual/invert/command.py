"""The command `numpyzf invert`: a picture made anew from what each layer of a net saw of it."""
from ... import checks, data, texts
from ...exchange.model import open_net
from ...progress import show_progress
from ...terminal import at_least, picture, save, say, words
from ...tour.usual import usual_layers
from . import draw, measure

SIZE = 128      # side in pixels, where none is given


def add_invert(parser):
    """Add what `invert` takes to an argparse parser."""
    parser.add_argument("picture", metavar="PICTURE",
                        help="an image file, or one that comes along: "
                             f"{', '.join(data.examples())}")
    parser.add_argument("--net", metavar="NET", default="squeezenet",
                        help="squeezenet or labnet-cifar10, which come with numpyzf; a run's "
                             "folder or an ONNX file")
    parser.add_argument("--layers", metavar="L,L,…", type=words,
                        help="layers to go back from; if not given, some from the pixels up")
    parser.add_argument("--size", type=at_least(1), default=SIZE,
                        help="side in pixels that the middle square of the picture becomes")
    parser.add_argument("--steps", type=at_least(1), default=200,
                        help="of the optimization for each layer, at most")
    parser.add_argument("--variation", type=float, default=1.0,
                        help="weight of what keeps neighboring pixels alike, where a layer doesn't "
                             "care; 10 makes upper layers' pictures smoother, and those of low "
                             "ones blurred, too")
    parser.add_argument("--seed", type=at_least(0), default=0, help="of the noise at the start")
    parser.add_argument("--out", metavar="FILE",
                        help="the figure; PICTURE-inverted-NET.png in this folder if not given")


def run_invert(options):
    """Invert layer by layer, and draw; ValueError or OSError if that can't be."""
    run, net = open_net(options.net)
    source = data.photograph(options.picture)
    path = picture(options.out or texts.file_name(source.stem, "inverted", net))
    image = data.load_image(source, options.size, channels=run.net.input_shape[0])
    layers = options.layers or usual_layers(run.net)
    checks.weight("variation", options.variation)
    for layer in layers:        # all of them, before the first is computed
        measure.features(run, image, layer)
    C, H, W = image.shape
    say(f"The middle square of {source.name}, {W}×{H} pixels: {image.size:,} numbers")
    made = []
    for layer in layers:
        made.append(measure.invert(
            run, image, layer, variation=options.variation, steps=options.steps,
            seed=options.seed, progress=lambda step, value: show_progress(
                f"{layer}: step {step}/{options.steps}  loss {value:.4g}")))
        show_progress("")
    print(table(made))
    save(draw.draw(image, made, net), path)
    troubles = [f"{one.layer}: {one.trouble}" for one in made if one.trouble]
    if troubles:
        raise ValueError(f"{'; '.join(troubles)}. Its picture is from before; try a smaller "
                         "--variation or --size")


def table(made):
    """The numbers of some Inversions as lines of text."""
    rows = [("layer", "its numbers", "features left", "steps", "PSNR")]
    rows += [(one.layer, f"{one.numbers:,}", f"{one.left:.2%}", f"{one.steps}",
              f"{one.psnr:.2f} dB") for one in made]
    return texts.table(rows, left=1)
