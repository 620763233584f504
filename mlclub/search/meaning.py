"""What a text says, as a vector: texts that say the same in other words lie close to each other.

The model is a table of 32,000 pieces of words with 256 numbers each; a text is the mean of its pieces. Both files come in
the wheel of `wordllama`, which the extra `meaning` installs, and are read from where they lie. The package's own code is
never imported: it looks for one of the files in a folder where it is not, and then asks a hub on the network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

#: What the vectors depend on. Change it whenever they would come out otherwise, and all of them are made anew.
VERSION = "l2_supercat_256, 2"
DIMENSIONS = 256
#: So much of a vector is what a thing is called; the rest is its text, of which so many characters are read.
OF_TITLE = 0.4
READ = 8_000


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A table whose rows can be found by what they say, and the text columns that say it."""

    model: Any
    title: str = "title"
    body: tuple[str, ...] = ()


def is_installed() -> bool:
    """Whether the extra is there. Loads nothing."""
    return _files() is not None


def vector_of(title: str, text: str = "") -> list[float]:
    """What a text of this title says, as a vector of length 1; all zeros where there is nothing to go by."""
    parts = [(OF_TITLE, title), (1 - OF_TITLE, text[:READ])] if text.strip() else [(1.0, title)]
    mean, unit = _model()
    return [float(number) for number in unit(sum(weight * mean(words) for weight, words in parts))]


@lru_cache(maxsize=1)
def _files() -> tuple[Path, Path] | None:
    """The weights and the tokenizer, where everything that reads them is installed."""
    found = find_spec("wordllama")
    if found is None or not all(find_spec(name) for name in ("numpy", "safetensors", "tokenizers")):
        return None
    folder = Path((found.submodule_search_locations or [""])[0])
    files = (
        folder / "weights" / "l2_supercat_256.safetensors",
        folder / "tokenizers" / "l2_supercat_tokenizer_config.json",
    )
    return files if all(file.is_file() for file in files) else None


@lru_cache(maxsize=1)
def _model() -> tuple[Callable[[str], Any], Callable[[Any], Any]]:
    """Two functions: the mean of a text, and any vector with the length 1. A third of a second, once in a process."""
    # Imported when first asked for: the portal runs without them, and most processes never ask.
    import numpy
    from safetensors import safe_open
    from tokenizers import Tokenizer

    files = _files()
    if files is None:
        raise RuntimeError("The extra “meaning” is not installed: uv sync --extra meaning.")
    with safe_open(str(files[0]), framework="np") as opened:
        table = opened.get_tensor("embedding.weight")
    tokenizer = Tokenizer.from_file(str(files[1]))

    def unit(vector: Any) -> Any:
        length = float(numpy.linalg.norm(vector))
        return vector / length if length else vector

    def mean(text: str) -> Any:
        # The ends of lines are pieces too, and say nothing.
        pieces = tokenizer.encode(" ".join(text.split()), add_special_tokens=False).ids
        if not pieces:
            return numpy.zeros(DIMENSIONS, numpy.float32)
        return unit(table[pieces].astype(numpy.float32).mean(axis=0))

    return mean, unit
