"""Prediction files are read and compared, never run."""

import io
import math
import pickle
import struct

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmep import predictions
from nmep.predictions import METRICS, Refused, Table

LABELS = b"id,label\na,1\nb,0\nc,1\nd,0\n"


def npy(array, **options):
    held = io.BytesIO()
    numpy.save(held, array, **options)
    return held.getvalue()


def values(content):
    return list(predictions.read(content).values.values())


def scores(labels, given_file, metric, *, share=1.0):
    return predictions.score(
        predictions.read(labels), predictions.read(given_file), METRICS[metric], share=share, seed="tide"
    )


@pytest.mark.parametrize("kind", ["f4", "f8", ">f8", "i1", "i4", ">i8", "u2", "?"])
def test_an_array_of_any_kind_of_number_is_read_as_numpy_wrote_it(kind):
    assert values(npy(numpy.array([1, 0, 1], dtype=kind))) == ["1", "0", "1"]


@pytest.mark.parametrize("shape", [(3,), (3, 1), (1, 3)])
def test_a_column_and_a_row_are_both_a_list(shape):
    assert values(npy(numpy.arange(3).reshape(shape))) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (npy(numpy.array([{"a": 1}], dtype=object), allow_pickle=True), "Python objects"),
        (pickle.dumps([1, 0]), "archive or a pickle"),
        (b"PK\x03\x04zip", "archive or a pickle"),
        (npy(numpy.zeros((2, 2))), "one prediction a row"),
        (npy(numpy.zeros(0)), "0 values"),
        (npy(numpy.array([1 + 2j])), "type <c16 is not taken"),
        (npy(numpy.array(["a"])), "type <U1 is not taken"),
        (npy(numpy.zeros(9))[:-3], "ends early"),
        (npy(numpy.zeros(9)) + b"more", "ends early"),
        (b"\x93NUMPY", "header"),
        (b"\x93NUMPY\x01\x00\xff\xff{", "header"),
        (b"\x93NUMPY\x01\x00\x10\x00" + b"__import__('os')", "header"),
        (b"\x93NUMPY\x01\x00\x40\x00" + b"{'descr': '<f8', 'shape': (10**9,)}".ljust(64), "header"),
        (b"\x93NUMPY\x01\x00\x40\x00" + b"{'descr': '<f8', 'shape': (999999999,)}".ljust(64), "values"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"", "two columns"),
        (b"id\n1\n", "two columns"),
        (b"id,label\n", "no row"),
        (b"id,label\na\n", "Row 2 has one column"),
        (b"id,label\na,\n", "Row 2 lacks its value"),
        (b"id,label\n,1\n", "Row 2 lacks its name"),
        (b"id,label\na,1\na,0\n", "Row 3 names “a” for the second time"),
        (b'id,label\na,"1\n', "cannot be read as .csv"),
        (b"id,label\na," + b"x" * 201, "more than 200 characters"),
        (b"id,label\n\x00,1", "zero bytes"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_a_sentence(content, sentence):
    with pytest.raises(Refused) as refused:
        predictions.read(content)
    assert sentence in str(refused.value)


def test_a_pickle_in_an_array_is_not_opened():
    class Bomb:
        def __reduce__(self):
            return (exec, ("raise SystemExit('it ran')",))

    with pytest.raises(Refused, match="Python objects"):
        predictions.read(npy(numpy.array([Bomb()], dtype=object), allow_pickle=True))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\x93NUMPY\x01\x00", b"id,label\n"]))
def test_whatever_is_sent_is_a_table_or_a_sentence(tail, head):
    try:
        table = predictions.read(head + tail)
    except Refused:
        return
    assert len(table) > 0


def test_accuracy_and_f1_are_those_of_the_books():
    given_file = b"id,label\nd,0\na,1\nb,1\nc,0\n"
    assert scores(LABELS, given_file, "accuracy").public == 0.5
    assert scores(LABELS, given_file, "f1").public == 0.5
    assert scores(LABELS, LABELS, "f1").public == 1


def test_rmse_and_mae_are_those_of_the_books():
    labels, given_file = b"id,y\na,1\nb,2\n", b"id,y\na,1\nb,5\n"
    assert scores(labels, given_file, "rmse").public == pytest.approx(math.sqrt(9 / 2))
    assert scores(labels, given_file, "mae").public == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("name", "better", "worse"),
    [("accuracy", 0.9, 0.2), ("f1", 0.9, 0.2), ("rmse", 0.2, 0.9), ("mae", 0.2, 0.9)],
)
def test_an_error_is_better_when_it_is_smaller(name, better, worse):
    metric = METRICS[name]
    assert (metric.is_better(better, worse), metric.is_better(worse, better)) == (True, False)
    assert (metric.meets(better, 0.5), metric.meets(worse, 0.5)) == (True, False)
    assert metric.meets(worse, None)


def test_an_array_stands_for_the_rows_in_the_order_of_the_labels():
    assert scores(LABELS, npy(numpy.array([1.0, 0, 1, 0])), "accuracy").public == 1
    assert scores(npy(numpy.array([1, 0])), b"i,l\n1,0\n0,1.0\n", "accuracy").public == 1


@pytest.mark.parametrize(
    ("given_file", "metric", "sentence"),
    [
        (b"id,label\na,1\n", "accuracy", "1 predictions; the test set has 4"),
        (b"id,label\na,1\nb,0\nc,1\nx,0\n", "accuracy", "“x” is not in the test set"),
        (b"id,label\na,1\nb,0\nc,1\nd,nan\n", "rmse", "no finite number"),
        (b"id,label\na,1\nb,0\nc,1\nd,inf\n", "rmse", "no finite number"),
        (b"id,label\na,1\nb,0\nc,1\nd,much\n", "mae", "no finite number"),
        (b"id,label\na,1\nb,0\nc,1\nd,1e300\n", "rmse", "too far off"),
    ],
)
def test_predictions_that_do_not_fit_the_test_set_say_what_to_mend(given_file, metric, sentence):
    with pytest.raises(Refused) as refused:
        scores(LABELS, given_file, metric)
    assert sentence in str(refused.value)


def test_the_split_is_about_the_share_that_was_asked_for_and_never_moves():
    names = [str(n) for n in range(4000)]
    public = [predictions.scoring.is_public(name, share=0.3, seed="tide") for name in names]
    assert 0.27 < sum(public) / len(public) < 0.33
    assert public == [predictions.scoring.is_public(name, share=0.3, seed="tide") for name in names]
    assert public != [predictions.scoring.is_public(name, share=0.3, seed="ebb") for name in names]


def test_each_part_of_the_rows_has_a_score_of_its_own():
    labels = Table({str(n): "1" for n in range(200)}, is_ordered=False)
    wrong = {
        name: "0" if predictions.scoring.is_public(name, share=0.5, seed="s") else "1"
        for name in labels.values
    }
    found = predictions.score(labels, Table(wrong, False), METRICS["accuracy"], share=0.5, seed="s")
    assert (found.public, found.private) == (0, 1)
    everything = predictions.score(labels, labels, METRICS["accuracy"], share=1, seed="s")
    assert (everything.public, everything.private) == (1, None)


def test_two_hundred_thousand_rows_are_the_most():
    header = struct.pack("<H", 64) + b"{'descr': '|i1', 'shape': (200001,)}".ljust(64)
    with pytest.raises(Refused, match="200001 values"):
        predictions.read(b"\x93NUMPY\x01\x00" + header + bytes(200_001))
