"""Reading lists as nested JSON."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_paper
from tests.wiki.test_import import KEYS
from wiki.models import Paper, Placement, ReadingList, ReadingTopic

pytestmark = pytest.mark.django_db


def entry(**said):
    return {"type": "paper", "flavor": "", "title": "", "authors": None, "link": "", "relevance": 1} | said


BOATS = {
    "type": "topic",
    "name": "Boats",
    "children": [
        {
            "type": "topic",
            "name": "Sails",
            "children": [
                entry(flavor="DRAG", title="On the Drag of Wet Rope", link="https://arxiv.org/abs/1901.00001", relevance=3),
                entry(flavor="Dyna", relevance=0),
                {"type": "topic", "name": "Knots", "children": [entry(title="Knots", link="https://knots.example/k.pdf")]},
            ],
        },
        {"type": "topic", "name": "Again", "children": [entry(title="Knots", link="https://knots.example/k.pdf", relevance=2)]},
        {"type": "paper", "title": "Bare"},
    ],
}  # fmt: skip


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "reading-lists"
    folder.mkdir()
    (folder / "boats.json").write_text(json.dumps(BOATS))
    return folder / "boats.json"


def run(source, *options):
    out, code = StringIO(), 0
    try:
        call_command("import_reading_list", str(source), "--json", *options, stdout=out)
    except SystemExit as end:
        code = end.code
    return code, json.loads(out.getvalue())


def places():
    return [
        (row.topic.title if row.topic else "", row.paper.title, row.relevance)
        for row in Placement.objects.select_related("topic", "paper").order_by("position")
    ]


def test_topics_order_relevance_stubs_and_a_paper_in_two_places_come_along(source):
    code, report = run(source)

    assert (code, list(report)) == (0, KEYS)
    assert (report["pages"], report["links"], report["links_broken"], report["created"]) == (1, 5, 2, 5)
    assert places() == [
        ("Sails", "On the Drag of Wet Rope", 3),
        ("Sails", "Dyna", 0),
        ("Knots", "Knots", 1),
        ("Again", "Knots", 2),
        ("", "Bare", None),
    ]
    assert ReadingList.objects.get().title == "Boats"
    assert ReadingTopic.objects.get(title="Knots").parent.title == "Sails"
    assert Paper.objects.get(short_name="DRAG").arxiv_id == "1901.00001"
    assert Paper.objects.count() == 4
    assert "boats.json:1: Sails, Dyna: no link; kept as a stub." in report["warnings"]


def test_a_second_run_changes_nothing_and_a_rehearsal_stores_nothing(source):
    _, rehearsed = run(source, "--dry-run")
    assert not ReadingList.objects.exists()
    assert not Paper.objects.exists()
    _, first = run(source)
    before = list(Placement.objects.order_by("pk").values())
    _, second = run(source)

    assert rehearsed == first
    assert (second["created"], second["unchanged"]) == (0, 5)
    assert list(Placement.objects.order_by("pk").values()) == before


def test_a_paper_that_is_known_is_the_same_one(source):
    known = make_paper(title="Drag", arxiv_id="1901.00001")
    run(source)
    assert Placement.objects.filter(paper=known).count() == 1


def test_what_is_left_out_has_a_line(source):
    source.write_text(
        json.dumps([entry(), "word", entry(title="A", link="javascript:x", relevance=7)], indent=0)
    )
    code, report = run(source)

    assert code == 1
    assert report["warnings"][:4] == [
        "boats.json:2: at the top: an entry without title, short name and link; left out.",
        "boats.json: at the top: neither a topic nor a paper; left out.",
        "boats.json:11: at the top, A: the relevance 7 is none of 0 to 3.",
        "boats.json:11: at the top, A: “javascript:x” is no address; kept without a link.",
    ]


@pytest.mark.parametrize("content", [b"{", b"\xff", b"3", b'{"children":[' * 50_000])
def test_what_is_no_list_is_refused_and_nothing_stored(source, content):
    source.write_bytes(content)
    with pytest.raises(CommandError, match=r"Nothing was imported"):
        call_command("import_reading_list", str(source))
    assert not ReadingList.objects.exists()


def test_a_folder_of_lists_comes_whole_and_links_out_of_it_are_refused(source):
    (source.parent / "more.json").write_text(json.dumps({"name": "More", "children": []}))
    run(source.parent)
    assert set(ReadingList.objects.values_list("title", flat=True)) == {"Boats", "More"}

    (source.parent / "leak.json").symlink_to(source)
    with pytest.raises(CommandError, match="symbolic link"):
        call_command("import_reading_list", str(source.parent))
