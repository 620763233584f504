"""Jupyter notebooks, shown without running anything and without believing anything that they say."""

from mlclub.notebooks.changes import diff, match_cells
from mlclub.notebooks.reading import output_image, parse
from mlclub.notebooks.shapes import Cell, CellChange, Notebook, NotebookError, Output

__all__ = [
    "Cell",
    "CellChange",
    "Notebook",
    "NotebookError",
    "Output",
    "diff",
    "match_cells",
    "output_image",
    "parse",
]
