"""The picture of an inversion: the image, and beside it what each layer gave back."""
from ... import plots
from ...geometry import ceil_div

COLUMNS, INCHES = 4, 2.3        # pictures side by side, and the width of each


def draw(image, made, net):
    """A figure like the paper's third.

    image: uint8 (C, H, W).
    made: a list of Inversion.
    net: its name.
    """
    columns = min(COLUMNS, len(made) + 1)
    rows = ceil_div(len(made) + 1, columns)
    height = INCHES * image.shape[1] / image.shape[2] + 0.25
    with plots.style():
        figure = plots.figure(INCHES * columns, height * rows + 0.5)
        figure.suptitle(plots.heading(f"A picture made anew from each layer of {net}",
                                      INCHES * columns), fontsize=10)
        places = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in places:
            axes.set_axis_off()
        plots.show(places[0], plots.to_image(image))
        places[0].set_title("the image")
        for axes, one in zip(places[1:], made):
            plots.show(axes, plots.to_image(one.picture))
            axes.set_title(f"{one.layer}: {one.psnr:.1f} dB")
    return figure
