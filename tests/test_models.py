"""The paper's network is the paper's, number by number; the lab-size one has all of its stages."""
import inspect

import numpy as np
import pytest

from numpyzf.geometry import ReceptiveField
from numpyzf.layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from numpyzf.models import labnet, zfnet

STAGES = [("conv1", Conv), ("relu1", ReLU), ("pool1", MaxPool), ("norm1", ContrastNorm),
          ("conv2", Conv), ("relu2", ReLU), ("pool2", MaxPool), ("norm2", ContrastNorm),
          ("conv3", Conv), ("relu3", ReLU), ("conv4", Conv), ("relu4", ReLU),
          ("conv5", Conv), ("relu5", ReLU), ("pool5", MaxPool), ("flatten", Flatten),
          ("fc6", Linear), ("relu6", ReLU), ("drop6", Dropout),
          ("fc7", Linear), ("relu7", ReLU), ("drop7", Dropout), ("fc8", Linear)]


@pytest.fixture(scope="module")
def paper():
    return zfnet()


@pytest.fixture(scope="module")
def table(paper):
    """The lines of the table that print(net) shows, one per layer, under the layer's name."""
    return {line.split()[0]: line for line in repr(paper).splitlines()}


@pytest.mark.parametrize("net", [zfnet(7), labnet(7), labnet(7, input_shape=(3, 32, 32)),
                                 labnet(classes=7, input_shape=(1, 12, 12))],
                         ids=["zfnet", "labnet-28-gray", "labnet-32-color", "labnet-12-gray"])
def test_all_stages_in_the_papers_order(net):
    assert [(name, type(layer)) for name, layer in net.layers.items()] == STAGES
    assert net.shapes["fc8"] == (7,)


@pytest.mark.parametrize("name, shape, field", [
    ("conv1", (96, 110, 110), ReceptiveField(7, 2, -1)),
    ("pool1", (96, 55, 55), ReceptiveField(11, 4, -1)),
    ("conv2", (256, 26, 26), ReceptiveField(27, 8, -1)),
    ("pool2", (256, 13, 13), ReceptiveField(43, 16, -1)),
    ("conv3", (384, 13, 13), ReceptiveField(75, 16, -17)),
    ("conv4", (384, 13, 13), ReceptiveField(107, 16, -33)),
    ("conv5", (256, 13, 13), ReceptiveField(139, 16, -49)),
    ("pool5", (256, 6, 6), ReceptiveField(171, 32, -49))])
def test_sizes_and_receptive_fields_of_the_paper(paper, table, name, shape, field):
    assert paper.shapes[name] == shape
    assert paper.receptive_field(name) == field
    for part in (name, "×".join(map(str, shape)), f"{field.size}/{field.stride}"):
        assert part in table[name]


@pytest.mark.parametrize("name, count", [("conv1", 14_208), ("conv2", 614_656),
                                         ("conv3", 885_120), ("conv4", 1_327_488),
                                         ("conv5", 884_992), ("fc6", 37_752_832),
                                         ("fc7", 16_781_312), ("fc8", 4_097_000)])
def test_parameters_of_the_paper(paper, table, name, count):
    """Counted by hand: filters·channels·size² + filters."""
    assert paper.parameters[f"{name}.w"].size + paper.parameters[f"{name}.b"].size == count
    assert table[name].endswith(f" {count:,}")


def test_parameters_in_all(paper):
    assert sum(value.size for value in paper.parameters.values()) == 62_357_608
    assert repr(paper).splitlines()[-1].strip() == "62,357,608"
    assert {value.dtype for value in paper.parameters.values()} == {np.dtype(np.float32)}


def test_the_table_says_what_each_layer_does(paper, table):
    for name, words in {"conv1": "convolution 7×7/2, pad 1", "pool5": "max pool 3×3/2",
                        "norm2": "contrast normalization over 5 maps", "relu3": "ReLU",
                        "drop7": "dropout 0.5", "fc6": "fully connected"}.items():
        assert words in table[name]
    assert "all" in table["fc8"].split()            # a unit behind the maps sees all of the image
    assert len(table) == 26                         # a head, the input, 23 layers, the total


@pytest.mark.parametrize("net", [zfnet(), labnet(), labnet(input_shape=(3, 32, 32))],
                         ids=["zfnet", "labnet-gray", "labnet-color"])
def test_what_comes_out_has_the_shapes_of_the_table(net):
    net.parameters["conv1.w"][...] = 1
    trace = net.forward(np.zeros((1, *net.input_shape), np.float32))
    for name, shape in net.shapes.items():
        assert trace[name].shape == (1, *shape)


def test_an_image_that_is_too_small_names_the_layer():
    with pytest.raises(ValueError, match="^layer pool.: a window of size 3 is larger"):
        labnet(input_shape=(1, 4, 4))


# ---- arguments ---------------------------------------------------------------------------------

def test_both_take_the_same_arguments():
    """Of the same names and kinds, in the same order; only the defaults differ."""
    ours, papers = inspect.signature(labnet).parameters, inspect.signature(zfnet).parameters
    assert list(ours) == list(papers) == ["classes", "input_shape", "first", "middle", "hidden"]
    assert [own.kind for own in ours.values()] == [own.kind for own in papers.values()]
    assert labnet(10).shapes == labnet(classes=10).shapes == labnet().shapes


@pytest.mark.parametrize("model", [labnet, zfnet])
@pytest.mark.parametrize("wrong, error, words", [
    ((1, 8, 8), TypeError, r"classes must be an integer, not \(1, 8, 8\)"),
    (True, TypeError, "classes must be an integer, not True"),
    (10.0, TypeError, r"classes must be an integer, not 10\.0"),
    (0, ValueError, "classes must be at least 1, not 0")])
def test_what_is_no_number_of_classes(model, wrong, error, words):
    with pytest.raises(error, match=words):
        model(wrong)


def test_no_more_than_classes_goes_without_its_name():
    with pytest.raises(TypeError, match="positional"):
        labnet(10, (1, 28, 28))


# ---- variants ----------------------------------------------------------------------------------

def weights(net):
    return {name.removesuffix(".w"): value.shape
            for name, value in net.parameters.items() if name.endswith(".w")}


@pytest.mark.parametrize("variant, changed", [
    ({"middle": (48,)}, {"conv3": None, "conv4": None, "conv5": (48, 48, 3, 3)}),
    ({"middle": (9, 8)}, {"conv3": None, "conv4": (9, 48, 3, 3), "conv5": (8, 9, 3, 3),
                          "fc6": (256, 8 * 9)}),
    ({"hidden": (256,)}, {"fc7": None}),
    ({"hidden": ()}, {"fc6": None, "fc7": None, "fc8": (10, 48 * 9)}),
    ({"hidden": (7, 5)}, {"fc6": (7, 48 * 9), "fc7": (5, 7), "fc8": (10, 5)}),
    ({"first": (3, 1, 1)}, {"conv1": (32, 1, 3, 3)})], ids=str)
def test_a_variant_changes_these_layers_and_no_other(variant, changed):
    expected = {name: shape for name, shape in (weights(labnet()) | changed).items() if shape}
    assert weights(labnet(**variant)) == expected


def test_the_variants_of_table_3():
    """Parameters of the paper's layers, by hand: maps·(inputs·9 + 1), features·(inputs + 1)."""
    def count(**variant):
        return sum(value.size for value in zfnet(**variant).parameters.values())
    conv12, fc8 = 96 * (3 * 49 + 1) + 256 * (96 * 25 + 1), 1000 * 4097
    conv345 = 384 * (256 * 9 + 1) + 384 * (384 * 9 + 1) + 256 * (384 * 9 + 1)
    fc6, fc7 = 4096 * 9217, 4096 * 4097
    assert count(middle=(256,)) == conv12 + 256 * (256 * 9 + 1) + fc6 + fc7 + fc8
    assert count(hidden=(4096,)) == conv12 + conv345 + fc6 + fc8
    assert count(hidden=()) == conv12 + conv345 + 1000 * 9217


def test_from_48_pixels_on_conv1_is_the_papers():
    assert weights(labnet(input_shape=(3, 48, 48)))["conv1"] == (32, 3, 7, 7)
    assert weights(labnet(input_shape=(3, 47, 47)))["conv1"] == (32, 3, 5, 5)
    assert labnet(input_shape=(3, 64, 64)).shapes["conv1"] == (32, 32, 32)


@pytest.mark.parametrize("variant", [{"middle": ()}, {"middle": (1, 2, 3, 4)},
                                     {"hidden": (1, 2, 3)}])
def test_more_or_fewer_layers_than_there_are(variant):
    words = "middle must be one to three numbers of maps and hidden at most two"
    with pytest.raises(ValueError, match=words):
        labnet(**variant)
