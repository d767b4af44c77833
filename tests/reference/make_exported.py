"""Writes tests/exchange/exported/: small nets by both of PyTorch's exporters, and their scores.

The nets are built as AlexNet, VGG, ResNet, DenseNet and MobileNet are, of a few channels, with
random weights. scores.npz has the images x, and for each net what PyTorch makes of them. The script
imports nothing of numpyzf. It takes `torch` and `onnxscript`:

    python tests/reference/make_exported.py

(PyTorch writes its LocalResponseNorm as a pool in three dimensions, which numpyzf doesn't read. So
AlexNet goes without, as torchvision's does.)
"""
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

FOLDER = Path(__file__).parent.parent / "exchange" / "exported"
CLASSES = 5


# ---- the nets ------------------------------------------------------------------------------------

class AlexNet(nn.Module):
    """Large filters, groups, overlapping pools, a view, dropout."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 7, stride=2, padding=2), nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(6, 8, 5, padding=2, groups=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
            nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(inplace=True))
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(72, 16), nn.ReLU(inplace=True),
                                        nn.Dropout(), nn.Linear(16, CLASSES))

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.view(x.size(0), -1))


class VGG(nn.Module):
    """Pairs of 3×3, an adaptive pool, flatten, probabilities."""

    def __init__(self):
        super().__init__()
        layers, channels = [], 3
        for filters in (4, 6, 8):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters),
                       nn.ReLU(), nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU(),
                       nn.MaxPool2d(2, 2, ceil_mode=True)]
            channels = filters
        self.features, self.pool = nn.Sequential(*layers), nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Linear(32, CLASSES)

    def forward(self, x):
        x = torch.flatten(self.pool(self.features(x)), 1)
        return torch.softmax(self.classifier(x), 1)


def conv_bn(channels, filters, size, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(channels, filters, size, stride, size // 2, groups=groups,
                                   bias=False), nn.BatchNorm2d(filters))


class Residual(nn.Module):
    """Two convolutions, and what goes past them."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.one, self.two = conv_bn(channels, filters, 3, stride), conv_bn(filters, filters, 3)
        self.past = None if channels == filters else conv_bn(channels, filters, 1, stride)

    def forward(self, x):
        y = self.two(torch.relu(self.one(x)))
        return torch.relu(y + (x if self.past is None else self.past(x)))


class ResNet(nn.Module):
    """Batch normalization, sums, a padded pool, the mean of each map."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, 4, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.blocks = nn.Sequential(Residual(4, 4, 1), Residual(4, 8, 2), Residual(8, 8, 1))
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(8, CLASSES)

    def forward(self, x):
        return self.fc(torch.flatten(self.pool(self.blocks(self.stem(x))), 1))


class Dense(nn.Module):
    """Normalized first; its maps go behind what comes in."""

    def __init__(self, channels):
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, 8, 1, bias=False),
            nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3, padding=1, bias=False))

    def forward(self, x):
        return torch.cat([x, self.layers(x)], 1)


class DenseNet(nn.Module):
    """Concatenations, average pools, a mean as an operation."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1, bias=False), Dense(6), Dense(10),
            nn.BatchNorm2d(14), nn.ReLU(), nn.Conv2d(14, 7, 1, bias=False), nn.AvgPool2d(2, 2),
            Dense(7), Dense(11), nn.BatchNorm2d(15), nn.ReLU(),
            nn.AvgPool2d(3, 2, 1, count_include_pad=False))
        self.fc = nn.Linear(15, CLASSES)

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3)))


class Inverted(nn.Module):
    """Wide, depthwise, narrow; what comes in is added where the shapes agree."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.layers = nn.Sequential(
            conv_bn(channels, 12, 1), nn.ReLU6(), conv_bn(12, 12, 3, stride, groups=12),
            nn.ReLU6(), conv_bn(12, filters, 1))
        self.sum = channels == filters and stride == 1

    def forward(self, x):
        return x + self.layers(x) if self.sum else self.layers(x)


class MobileNet(nn.Module):
    """Depthwise convolutions, ReLU6."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(conv_bn(3, 6, 3, 2), nn.ReLU6(), Inverted(6, 6, 1),
                                      Inverted(6, 8, 2), Inverted(8, 8, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(8, CLASSES))

    def forward(self, x):
        x = nn.functional.adaptive_avg_pool2d(self.features(x), (1, 1))
        return self.classifier(x.reshape(x.shape[0], -1))


NETS = {"alexnet": AlexNet, "vgg": VGG, "resnet": ResNet, "densenet": DenseNet,
        "mobilenet": MobileNet}


# ---- their files ---------------------------------------------------------------------------------

def randomize(net):
    """Weights such that no signal fades or grows, normalizations as training leaves them."""
    for value in net.parameters():
        if value.ndim > 1:
            nn.init.normal_(value, std=float(np.sqrt(2 / value[0].numel())))
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for value, low, high in ((layer.weight, 0.5, 1.5), (layer.bias, -0.5, 0.5),
                                     (layer.running_mean, -0.5, 0.5), (layer.running_var, 0.5, 2)):
                nn.init.uniform_(value, low, high)
    return net.eval()


def drop_notes(path):
    """Take out the notes of every node: which lines of which files on this machine made it."""
    model = onnx.load(path, load_external_data=False)
    for node in model.graph.node:
        del node.metadata_props[:]
    path.write_bytes(model.SerializeToString())


def main():
    torch.manual_seed(0)
    x = torch.randn(2, 3, 32, 32)
    scores = {"x": x.numpy(), "versions": np.array(f"torch {torch.__version__}")}
    FOLDER.mkdir(exist_ok=True)
    for name, kind in NETS.items():
        net = randomize(kind())
        with torch.no_grad():
            scores[name] = net(x).numpy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")         # that the first of the two exporters is old
            torch.onnx.export(net, (x,), FOLDER / f"{name}-torchscript.onnx", dynamo=False,
                              input_names=["images"], dynamic_axes={"images": {0: "batch"}})
            torch.onnx.export(net, (x,), FOLDER / f"{name}-dynamo.onnx", dynamo=True,
                              dynamic_shapes=({0: torch.export.Dim("batch")},), verbose=False)
        drop_notes(FOLDER / f"{name}-dynamo.onnx")
    np.savez_compressed(FOLDER / "scores.npz", **scores)
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.stat().st_size:7,} {path.name}")


if __name__ == "__main__":
    main()
