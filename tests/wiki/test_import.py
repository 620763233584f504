import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.factories import make_member, make_revision
from wiki import editing, importing
from wiki.models import BibEntry, Link, Page, Paper, Redirect, Revision

pytestmark = pytest.mark.django_db

FIXTURE = Path(__file__).parent / "fixtures" / "gollum"
REAL = Path(__file__).parents[2].parent / "shared" / "data" / "wiki"
KEYS = [
    "pages",
    "links",
    "links_resolved",
    "links_broken",
    "links_recovered",
    "formulas",
    "formulas_failed",
    "citations",
    "citations_resolved",
    "redirects",
    "images_missing",
    "images_recovered",
    "requirements_proposed",
    "revisions",
    "trashed",
    "lists",
    "posts",
    "created",
    "updated",
    "unchanged",
    "warnings",
]


@pytest.fixture
def source(tmp_path):
    return Path(shutil.copytree(FIXTURE, tmp_path / "wiki"))


def run(source, *options):
    out = StringIO()
    code = 0
    try:
        call_command("import_wiki", str(source), "--json", *options, stdout=out)
    except SystemExit as end:
        code = end.code
    return code, json.loads(out.getvalue())


def take(source):
    return importing.import_wiki(source, now=timezone.now())


def test_a_wiki_is_taken_over_with_a_line_for_everything_left_out(source):
    code, report = run(source)

    assert list(report) == KEYS
    assert {name: value for name, value in report.items() if name != "warnings"} == {
        "pages": 8,
        "links": 15,
        "links_resolved": 13,
        "links_broken": 2,
        "links_recovered": 0,
        "formulas": 6,
        "formulas_failed": 0,
        "citations": 2,
        "citations_resolved": 2,
        "redirects": 2,
        "images_missing": 1,
        "images_recovered": 0,
        "requirements_proposed": 0,
        "revisions": 0,
        "trashed": 0,
        "lists": 0,
        "posts": 0,
        "created": 8,
        "updated": 0,
        "unchanged": 0,
    }
    assert report["warnings"] == [
        "notes.txt: Neither a page, a picture nor a bibliography; left out.",
        ".redirects.gollum: “Boats/Nowhere” leads to “Boats/Gone”, which is not here; left out.",
        "Boats/Home.md:12: [[Anchor chain]] leads to no page.",
        "Table of knots.md:3: [[Bowline]] leads to no page.",
        "Boats/Home.md:14: The picture chart.png is missing.",
    ]
    assert code == 1  # two things were left out


def test_links_lead_where_gollum_led_them(source):
    take(source)

    found = dict(Link.objects.filter(source__path="Boats/Home").values_list("name", "target__path"))

    assert found == {
        "Sails": "Boats/Sails",
        "Mast": "Boats/Rigging/Mast",
        "Home": "Boats/Home",
        "old sails": "Boats/Sails",
        "Anchor chain": None,
        "Sails copy": "Boats/Sails copy",
    }


def test_the_text_is_kept_byte_for_byte(source):
    take(source)

    for file in source.rglob("*.md"):
        path = file.relative_to(source).as_posix().removesuffix(".md")
        assert Page.objects.select_related("head").get(path=path).text.encode() == file.read_bytes()


def test_papers_come_from_the_bibliographies_once(source):
    take(source)
    take(source)

    assert list(Paper.objects.values_list("title", "authors_text", "year", "doi")) == [
        ("Keels", "Poe, Ed", 2009, "10.5555/KEEL.7"),
        ("On the Drag of Wet Rope", "Roe, Mélanie and Doe, Ona", 2011, ""),
    ]
    assert BibEntry.objects.count() == 2


def test_a_second_run_changes_nothing(source):
    take(source)
    before = list(Revision.objects.order_by("pk").values())

    report = take(source)

    assert (report.created, report.updated, report.unchanged) == (0, 0, 8)
    assert list(Revision.objects.order_by("pk").values()) == before


def test_a_rehearsal_says_the_same_and_writes_nothing(source):
    _, rehearsed = run(source, "--dry-run")
    assert not Page.objects.exists()
    assert not Paper.objects.exists()
    assert not Redirect.objects.exists()

    _, done = run(source)

    assert rehearsed == done


def test_a_changed_file_becomes_a_new_version(source):
    take(source)
    (source / "Boats/Sails.md").write_text("Shorter.\n")

    report = take(source)

    page = Page.objects.select_related("head").get(path="Boats/Sails")
    assert (report.updated, report.unchanged, page.head.number, page.text) == (1, 7, 2, "Shorter.\n")


def test_what_members_wrote_here_since_is_not_overwritten_and_the_report_says_so(source):
    take(source)
    page = Page.objects.get(path="Boats/Sails")
    make_revision(page=page, text="Written here.\n", author=make_member())
    (source / "Boats/Sails.md").write_text("Written there.\n")

    report = take(source)

    page.refresh_from_db()
    assert page.text == "Written here.\n"
    assert any(line.startswith("Boats/Sails.md: Edited here since") for line in report.warnings)
    assert report.has_dropped


def test_a_page_written_here_is_left_alone_while_the_folder_stays_the_same(source):
    take(source)
    make_revision(page=Page.objects.get(path="Boats/Sails"), text="Written here.\n", author=make_member())

    report = take(source)

    assert (report.updated, report.unchanged) == (0, 8)
    assert not any("Sails.md" in line and "Edited" in line for line in report.warnings)


def test_a_page_in_the_trash_stays_there(source):
    take(source)
    editing.trash(Page.objects.get(path="Boats/Sails"), by=make_member(), now=timezone.now())

    report = take(source)

    assert any("in the trash" in line for line in report.warnings)
    assert Page.objects.trashed().count() == 1


def test_a_link_out_of_the_folder_is_refused_before_anything_is_stored(source, tmp_path):
    (tmp_path / "secret.md").write_text("secret")
    (source / "Leak.md").symlink_to(tmp_path / "secret.md")

    with pytest.raises(CommandError, match=r"Nothing was imported.*Leak\.md is a symbolic link"):
        call_command("import_wiki", str(source))

    assert not Page.objects.exists()


def test_a_folder_that_is_not_there_is_said_plainly(tmp_path):
    with pytest.raises(CommandError, match="is not a folder"):
        call_command("import_wiki", str(tmp_path / "nothing"))


def test_names_the_portal_needs_and_bytes_nobody_can_read_are_reported(source):
    (source / "new.md").write_text("A page called new.\n")
    (source / "Broken.md").write_bytes(b"fine\nbro\xffken\n")

    report = take(source)

    assert Page.objects.filter(path="new page").exists()
    assert "Broken.md:2: Not UTF-8; what could not be read stands as �." in report.warnings


def test_a_page_that_ends_the_renderer_takes_no_other_with_it(source, monkeypatch):
    import os

    from wiki.importing import reading

    whole = reading.anatomy
    monkeypatch.setattr(
        reading,
        "anatomy",
        lambda text, **more: os._exit(9) if "mast of height" in text else whole(text, **more),
    )

    report = take(source)

    assert "Boats/Rigging/Mast.md: Could not be rendered; its text is kept as it is." in report.warnings
    assert (report.created, report.formulas) == (8, 5)


def test_pictures_come_along_and_are_shown(source, client):
    from PIL import Image

    Image.new("RGB", (4, 4), "red").save(source / "Boats" / "chart.png")
    report = take(source)
    client.force_login(make_member())

    body = client.get("/wiki/Boats/Home/").content.decode()

    assert report.images_missing == 0
    address = body.split('src="/wiki/files/')[1].split('"')[0]
    assert client.get(f"/wiki/files/{address}")["Content-Type"] == "image/png"


@pytest.mark.skipif(
    not REAL.is_dir(), reason="../shared/data/wiki is not here: the real wiki was not imported"
)
def test_a_real_clubs_wiki_is_taken_over_whole():
    report = importing.import_wiki(REAL, now=timezone.now())

    assert {name: value for name, value in report.as_json().items() if name != "warnings"} == {
        "pages": 106,
        "links": 141,
        "links_resolved": 130,
        "links_broken": 11,
        "links_recovered": 0,
        "formulas": 1537,
        "formulas_failed": 0,
        "citations": 11,
        "citations_resolved": 11,
        "redirects": 9,
        "images_missing": 2,
        "images_recovered": 0,
        "requirements_proposed": 29,
        "revisions": 0,
        "trashed": 0,
        "lists": 0,
        "posts": 0,
        "created": 106,
        "updated": 0,
        "unchanged": 0,
    }
    assert Page.objects.filter(plain_text="").count() >= 5
    assert not report.has_dropped
    again = importing.import_wiki(REAL, now=timezone.now())
    assert (again.created, again.updated, again.unchanged) == (0, 0, 106)


@pytest.mark.skipif(
    not REAL.is_dir(), reason="../shared/data/wiki is not here: the real wiki was not searched"
)
@pytest.mark.parametrize("page_of_links", ["RL/MDP", "RL/MDP copy"])
def test_a_copy_never_wins_a_link(page_of_links):
    importing.import_wiki(REAL, now=timezone.now())

    assert set(Link.objects.filter(key="mdp").values_list("target__path", flat=True)) == {"RL/MDP"}
