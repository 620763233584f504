"""Jupyter notebooks, shown without running anything and without believing anything that they say."""

from mlclub.notebooks.changes import diff, diff_lines, match_cells, match_lines
from mlclub.notebooks.keeping import kept
from mlclub.notebooks.reading import output_image, parse
from mlclub.notebooks.shapes import Cell, CellChange, Notebook, NotebookError, Output

__all__ = [
    "Cell",
    "CellChange",
    "Notebook",
    "NotebookError",
    "Output",
    "diff",
    "diff_lines",
    "kept",
    "match_cells",
    "match_lines",
    "output_image",
    "parse",
]
