"""A run: one folder with a trained net, and all that it takes to use it or to go on training it.

`train_run` makes or continues a run, `load_run` reads it back. The folder holds one file,
checkpoint.npz, which is written anew after every epoch; checkpoints.py says what is in it.

    run.py          Run, load_run, run_data; nets to give away: release, pretrained
    settings.py     what a training learns from, and its settings
    train.py        train_run
    command.py      `numpyzf train`
"""
from .run import MODELS, PRETRAINED, Run, load_run, pretrained, release, run_data
from .settings import LEAST_SIDE, hold_out
from .train import epoch_file, train_run

__all__ = ["LEAST_SIDE", "MODELS", "PRETRAINED", "Run", "epoch_file", "hold_out", "load_run",
           "pretrained", "release", "run_data", "train_run"]
