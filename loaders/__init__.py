"""Loaders: pure functions from a path to Frames. They never open a database and never download.

`recognise` tells the format by what the files hold; `load_frames` checks the whole input and stages it.
"""

from loaders.load import load_frames
from loaders.recognise import recognise

__all__ = ["load_frames", "recognise"]
