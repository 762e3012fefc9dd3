"""The `liandong` command, the processes, and the composition root: the one place that wires the rest together."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("liandong")
except PackageNotFoundError:  # run from a folder that was never installed
    __version__ = "0"
