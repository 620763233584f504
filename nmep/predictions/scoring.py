"""How near predictions come to hidden labels, on a public and a private part of the rows."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nmep.predictions.reading import Refused, Table

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Metric:
    """A measure with its direction: a root mean square error is better when it is smaller."""

    name: str
    label: str
    is_smaller_better: bool
    of: Callable[[Pairs], float]
    wants_numbers: bool = False

    def is_better(self, one: float, other: float) -> bool:
        return one < other if self.is_smaller_better else one > other

    def meets(self, value: float, threshold: float | None) -> bool:
        """Whether a score is enough; without a threshold every score is."""
        if threshold is None:
            return True
        return value <= threshold if self.is_smaller_better else value >= threshold


@dataclass(frozen=True)
class Scores:
    """One score for the rows that learners may know of, one for the others."""

    public: float
    private: float | None


def accuracy(pairs: Pairs) -> float:
    """The share of rows that are right."""
    return sum(wanted == given for wanted, given in pairs) / len(pairs)


def macro_f1(pairs: Pairs) -> float:
    """The mean over the classes of the labels of F1 = 2·TP / (2·TP + FP + FN)."""
    hits, wanted_of, given_of = Counter(), Counter(), Counter()  # type: ignore[var-annotated]
    for wanted, given in pairs:
        wanted_of[wanted] += 1
        given_of[given] += 1
        hits[wanted] += wanted == given
    return sum(2 * hits[name] / (count + given_of[name]) for name, count in wanted_of.items()) / len(
        wanted_of
    )


def rmse(pairs: Pairs) -> float:
    """The root of the mean squared error."""
    errors = (float(wanted) - float(given) for wanted, given in pairs)
    return math.sqrt(math.fsum(error * error for error in errors) / len(pairs))


def mae(pairs: Pairs) -> float:
    """The mean absolute error."""
    return math.fsum(abs(float(wanted) - float(given)) for wanted, given in pairs) / len(pairs)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in [
        Metric("accuracy", "Accuracy", False, accuracy),
        Metric("f1", "Macro F1", False, macro_f1),
        Metric("rmse", "RMSE", True, rmse, wants_numbers=True),
        Metric("mae", "Mean absolute error", True, mae, wants_numbers=True),
    ]
}


def is_public(name: str, *, share: float, seed: str) -> bool:
    """Whether a row belongs to the public part: by a hash, so that the split neither drifts nor can be guessed."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def fitted(labels: Table, predictions: Table, metric: Metric) -> list[tuple[str, str, str]]:
    """(name, label, prediction) a row, in the order of the labels. Raises Refused with the first thing to mend."""
    names = list(labels.values)
    given: Mapping[str, str] = predictions.values
    if len(predictions) != len(labels):
        raise Refused(f"There are {len(predictions)} predictions; the test set has {len(labels)} rows.")
    if predictions.is_ordered and not labels.is_ordered:
        given = dict(zip(names, predictions.values.values(), strict=True))
    unknown = next((name for name in given if name not in labels.values), None)
    if unknown is not None:
        raise Refused(
            f"“{unknown}” is not in the test set. Take the names from the file that was handed out."
        )
    rows = [(name, labels.values[name], given[name]) for name in names]
    if metric.wants_numbers:
        for name, _, value in rows:
            if not _is_number(value):
                raise Refused(f"“{value}” (at “{name}”) is no finite number, and {metric.label} needs one.")
    return [(name, _same(wanted), _same(value)) for name, wanted, value in rows]


def score(labels: Table, predictions: Table, metric: Metric, *, share: float, seed: str) -> Scores:
    """Score `predictions`; a `share` of 1 keeps nothing private. Raises Refused where they do not fit."""
    public: list[tuple[str, str]] = []
    private: list[tuple[str, str]] = []
    for name, wanted, given in fitted(labels, predictions, metric):
        (public if is_public(name, share=share, seed=seed) else private).append((wanted, given))
    if not public:
        # So few rows that none fell into the public part: show all of them rather than nothing.
        public, private = private, []
    return Scores(public=_measured(metric, public), private=_measured(metric, private) if private else None)


def _measured(metric: Metric, pairs: Pairs) -> float:
    try:
        value = metric.of(pairs)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise Refused(f"These predictions are too far off for {metric.label} to be a number.")
    return value


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _same(text: str) -> str:
    """`3`, `3.0` and `03` are one label; words are themselves."""
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
