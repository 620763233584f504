"""Prediction files scored against hidden labels. No learner's code runs: numbers and words are read and compared."""

from nmep.predictions.reading import Refused, Table, read
from nmep.predictions.scoring import METRICS, Metric, Scores, score

__all__ = ["METRICS", "Metric", "Refused", "Scores", "Table", "read", "score"]
