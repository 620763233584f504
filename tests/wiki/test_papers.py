"""The hub of a paper: who read it, what they note, who cites it, and two rows of one work that become one."""

import pytest
from django.urls import reverse
from django.utils import timezone

from mlclub.refusal import Refused
from tests.events.test_races import all_at_once
from tests.factories import make_list, make_member, make_officer, make_page, make_paper, make_topic, make_user
from wiki import citing, lists, marks, paper_merging, papers
from wiki.models import Citing, FormerPaper, OtherKey, Paper, PaperNote, Placement, ReadMark

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def page(client, paper):
    return client.get(paper.get_absolute_url()).content.decode()


def librarian():
    return make_officer(slug="library")


# ── Marks ──


def test_a_mark_counts_and_the_name_shows_only_if_they_like(client):
    paper, quiet, open_ = make_paper(), make_member(name="Quiet Reader"), make_member(name="Open Reader")
    for person, shows in ((quiet, {}), (open_, {"shows_name": "1"})):
        client.force_login(person)
        client.post(reverse("wiki:paper_mark", args=[paper.pk]), {"state": "read", **shows})

    client.force_login(make_member())
    body = page(client, paper)

    assert "2 members read it." in body
    assert "Open Reader" in body
    assert "Quiet Reader" not in body


def test_a_second_mark_takes_the_place_of_the_first_and_none_takes_it_away():
    paper, person = make_paper(), make_member()
    for state in ("want", "read", "read"):
        marks.mark(paper, person, state, shows_name=False, now=NOW)
    assert [mark.state for mark in ReadMark.objects.all()] == ["read"]

    marks.mark(paper, person, "", shows_name=False, now=NOW)
    assert not ReadMark.objects.exists()
    with pytest.raises(Refused):
        marks.mark(paper, person, "burnt", shows_name=False, now=NOW)


# ── Notes ──


def test_a_note_is_read_by_members_changed_and_removed_by_its_author(client):
    paper, author = make_paper(), make_member()
    client.force_login(author)
    client.post(reverse("wiki:note_create", args=[paper.pk]), {"text": "Read **section 3**."})
    client.post(reverse("wiki:note_create", args=[paper.pk]), {"text": "Read **section 3**."})
    note = PaperNote.objects.get()
    assert "<strong>section 3</strong>" in page(client, paper)

    client.post(reverse("wiki:note_edit", args=[paper.pk, note.pk]), {"text": "Skip section 2."})
    assert "Skip section 2." in page(client, paper)

    client.force_login(make_member())
    assert client.get(reverse("wiki:note_edit", args=[paper.pk, note.pk])).status_code == 404
    client.force_login(author)
    client.post(reverse("wiki:note_remove", args=[paper.pk, note.pk]))
    assert not PaperNote.objects.exists()


@pytest.mark.parametrize("text", ["", "   \n", "x" * 1501])
def test_a_note_that_is_none_is_refused_and_what_was_typed_stays(client, text):
    paper = make_paper()
    client.force_login(make_member())
    answer = client.post(reverse("wiki:note_create", args=[paper.pk]), {"text": text})
    assert answer.status_code == 422
    assert text.strip() in answer.content.decode()
    assert not PaperNote.objects.exists()


def test_a_hidden_note_is_seen_by_its_author_and_keepers_alone(client):
    paper, author, keeper = make_paper(), make_member(), librarian()
    note = marks.write(paper, author, "Nobody should read this.", now=NOW)
    client.force_login(keeper)
    client.post(reverse("wiki:note_hide", args=[paper.pk, note.pk]))

    seen = {}
    for name, person in (("author", author), ("keeper", keeper), ("member", make_member())):
        client.force_login(person)
        seen[name] = "Nobody should read this." in page(client, paper)
    assert seen == {"author": True, "keeper": True, "member": False}


def test_notes_are_not_for_people_outside():
    note = marks.write(make_paper(), make_member(), "For us.", now=NOW)
    assert not PaperNote.objects.visible_to(make_user()).filter(pk=note.pk).exists()


# ── Keys and citations ──


def test_a_key_is_made_of_author_year_and_word_and_is_each_papers_own():
    first = make_paper(title="The Attention of Ships", authors_text="Ann de Vries and Bo Marsh", year=2017)
    second = make_paper(title="Attention again", authors_text="De Vries", year=2017)
    third = make_paper(title="Über Segel", authors_text="Öhman, Åsa", year=None)
    bare = make_paper(title="日本", authors_text="")
    keys = [paper.key for paper in (first, second, third, bare)]
    assert keys == ["vries2017attention", "vries2017attention2", "ohmanuber", "paper"]


def test_a_page_that_cites_stands_on_the_papers_page_and_lists_it_at_its_end(client):
    paper = make_paper(title="Attention", year=2017)
    make_page(path="Basics/Sails", text=f"Twice @{paper.key} and [@{paper.key}, p. 3].\n")
    client.force_login(make_member())

    assert "Sails" in page(client, paper)
    body = client.get("/wiki/Basics/Sails/").content.decode()
    assert 'id="u-ref-1"' in body
    assert 'href="#u-cite-1-2"' in body
    assert 'id="u-cite-1-2"' in body
    assert body.count("In the library") == 1


def test_an_unknown_key_is_marked_and_wanted_until_somebody_brings_it(client):
    client.force_login(make_member())
    make_page(path="Basics/Sails", text="See @poe2009keels and @everyone.\n")
    assert "cite missing" in client.get("/wiki/Basics/Sails/").content.decode()
    assert "@poe2009keels" in client.get(reverse("wiki:paper_wanted")).content.decode()
    assert [row.key for row in Citing.objects.all()] == ["poe2009keels"]

    client.post(
        reverse("wiki:bibliography_import"),
        {"do": "take", "text": "@book{poe2009keels, title={Keels}, author={Poe, Ed}, year=2009}"},
    )

    assert Citing.objects.get().paper == Paper.objects.get()
    assert "cite missing" not in client.get("/wiki/Basics/Sails/").content.decode()


def test_a_renamed_key_goes_on_to_work():
    paper = make_paper(title="Attention", year=2017)
    old = paper.key
    make_page(path="Basics/Sails", text=f"See @{old}.\n")
    keeper = librarian()

    citing.rename(paper, "quill-attention", by=keeper, now=NOW)

    assert set(citing.papers_for([old, "Quill-Attention"])) == {old, "Quill-Attention"}
    other = make_paper(title="Attention", year=2017)
    assert other.key != old
    for taken in (old, "quill-attention", "ends with:"):
        with pytest.raises(Refused):
            citing.rename(other, taken, by=keeper, now=NOW)
    citing.rename(paper, old, by=keeper, now=NOW)
    assert (Paper.objects.get(pk=paper.pk).key, OtherKey.objects.get().key) == (old, "quill-attention")


def test_the_editor_is_offered_papers_by_key_short_name_author_and_title(client):
    make_paper(title="Playing games", authors_text="Vo Mnih", year=2013, short_name="DQN")
    make_paper(title="Attention", authors_text="Ada Quill", year=2017)
    client.force_login(make_member())

    def offered(typed):
        return [
            item["insert"] for item in client.get(reverse("wiki:paper_keys"), {"q": typed}).json()["found"]
        ]

    assert offered("mnih") == offered("dqn") == offered("playing") == ["@mnih2013playing"]
    assert offered("quill20") == ["@quill2017attention"]
    assert offered("") == offered("nothing like it") == []


# ── Two rows of one work ──


def test_two_rows_become_one_and_nothing_is_lost(client):
    keeper, reader, other = librarian(), make_member(), make_member()
    kept = make_paper(title="Attention", arxiv_id="1706.03762", year=2017)
    gone = make_paper(title="Attention!", doi="10.5555/att", venue="NeurIPS", abstract="All of it.")
    marks.mark(kept, reader, "want", shows_name=True, now=NOW)
    marks.mark(gone, reader, "read", shows_name=False, now=NOW)
    marks.mark(gone, other, "reading", shows_name=True, now=NOW)
    marks.write(gone, other, "A note.", now=NOW)
    both, one = make_list(), make_list()
    topic = make_topic(reading_list=one)
    lists.place(both, kept, by=None, now=NOW, note="First.", relevance=1)
    lists.place(both, gone, by=None, now=NOW, note="Second.", relevance=3)
    lists.place(one, gone, by=None, now=NOW, topic=topic)
    make_page(path="Basics/Sails", text=f"See @{gone.key}.\n")
    number, old_key, old_address = gone.pk, gone.key, gone.get_absolute_url()
    client.force_login(keeper)

    client.post(reverse("wiki:paper_merge", args=[kept.pk]), {"other": old_address})

    paper = Paper.objects.get()
    assert (paper.pk, paper.doi, paper.venue, paper.arxiv_id) == (
        kept.pk,
        "10.5555/att",
        "NeurIPS",
        "1706.03762",
    )
    assert dict(ReadMark.objects.values_list("person", "state")) == {reader.pk: "read", other.pk: "reading"}
    assert not ReadMark.objects.get(person=reader).shows_name
    assert PaperNote.objects.get().paper == paper
    places = list(Placement.objects.order_by("list").values_list("list", "topic", "note", "relevance"))
    assert places == [(both.pk, None, "First. Second.", 3), (one.pk, topic.pk, "", None)]
    assert Citing.objects.get().paper == paper
    assert citing.papers_for([old_key]) == {old_key: paper}
    assert client.get(old_address).headers["Location"] == paper.get_absolute_url()
    assert FormerPaper.objects.get().said["title"] == "Attention!"
    assert papers.find(papers.Named(title="", doi="10.5555/ATT")) == paper
    assert paper_merging.merge(Paper(pk=number), into=paper, by=keeper, now=NOW) == paper


def test_a_second_number_still_finds_the_paper_that_it_was_merged_into():
    kept, gone = make_paper(arxiv_id="1706.03762"), make_paper(arxiv_id="1999.00001")
    paper_merging.merge(gone, into=kept, by=librarian(), now=NOW)
    assert papers.keep(papers.Named(title="", arxiv_id="1999.00001"), now=NOW) == kept


def test_a_paper_is_not_merged_with_itself_nor_with_nothing(client):
    paper = make_paper()
    client.force_login(librarian())
    for other in (f"@{paper.key}", "@nobody", "what is this"):
        answer = client.post(reverse("wiki:paper_merge", args=[paper.pk]), {"other": other})
        assert answer.status_code == 422
    assert Paper.objects.count() == 1


def test_what_was_presented_of_either_is_of_the_one_that_stays():
    from events.models import Presentation
    from tests.factories import make_slot

    kept, gone = make_paper(), make_paper(title="Twin")
    talk = Presentation.objects.create(slot=make_slot(), paper=gone)
    paper_merging.merge(gone, into=kept, by=librarian(), now=NOW)
    talk.refresh_from_db()
    assert talk.paper == kept


@pytest.mark.parametrize("size", [1, 10])
def test_the_hub_costs_the_same_however_much_hangs_on_it(client, size, django_assert_max_num_queries):
    paper = make_paper()
    for number in range(size):
        person = make_member()
        marks.mark(paper, person, "read", shows_name=True, now=NOW)
        marks.write(paper, person, f"Note {number}", now=NOW)
        lists.place(make_list(), paper, by=None, now=NOW)
        make_page(path=f"Basics/Citing {number}", text=f"@{paper.key}\n")
    client.force_login(make_member())
    page(client, paper)
    with django_assert_max_num_queries(15):
        page(client, paper)


def test_a_former_key_is_led_to_another_paper_by_a_librarian_and_pages_follow(client):
    wrong, right = make_paper(title="Wrong"), make_paper(title="Right")
    other = OtherKey.objects.create(key="quill1999ropes", paper=wrong)
    page = make_page(path="Basics/Sails", text="See [@quill1999ropes].\n")
    assert page.citings.get().paper == wrong
    client.force_login(librarian())
    client.post(reverse("admin:wiki_otherkey_change", args=[other.pk]), {"paper": right.pk})
    assert page.citings.get().paper == right
    assert client.get(reverse("admin:wiki_otherkey_add")).status_code == 403
    client.post(reverse("admin:wiki_otherkey_delete", args=[other.pk]), {"post": "yes"})
    assert page.citings.get().paper is None


def test_the_admin_shows_no_mark_whose_reader_shows_no_name_and_changes_none(client):
    paper = make_paper()
    marks.mark(paper, make_member(name="Quiet Reader"), "read", shows_name=False, now=NOW)
    marks.mark(paper, make_member(name="Open Reader"), "read", shows_name=True, now=NOW)
    client.force_login(librarian())
    body = client.get(reverse("admin:wiki_readmark_changelist")).content.decode()
    assert "Open Reader" in body
    assert "Quiet Reader" not in body
    for mark in ReadMark.objects.all():
        answer = client.post(reverse("admin:wiki_readmark_delete", args=[mark.pk]), {"post": "yes"})
        assert answer.status_code in {302, 403}
    assert ReadMark.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
@pytest.mark.parametrize("both_ways", [False, True], ids=["the same way", "each into the other"])
def test_two_keepers_who_merge_the_same_two_papers_at_once_lose_nothing(both_ways):
    one, other = make_paper(title="Sails"), make_paper(title="Sails", arxiv_id="1999.00001")
    people = [librarian(), make_member(), make_member()]
    marks.mark(one, people[1], "read", shows_name=False, now=NOW)
    marks.mark(other, people[1], "reading", shows_name=False, now=NOW)
    marks.mark(other, people[2], "read", shows_name=False, now=NOW)
    note = marks.write(other, people[1], "Worth it.", now=NOW)
    kept = lists.place(make_list(), other, by=None, now=NOW)
    outcomes = []

    def merge(gone, into):
        try:
            paper_merging.merge(gone, into=into, by=people[0], now=NOW)
            outcomes.append("done")
        except Refused as refused:
            outcomes.append(str(refused))

    turned = (one, other) if both_ways else (other, one)
    all_at_once([lambda: merge(other, one), lambda: merge(*turned)])
    gone = "One of the two is no longer there. Look at the page again."
    assert sorted(outcomes) == (sorted([gone, "done"]) if both_ways else ["done", "done"])
    paper = Paper.objects.get()
    assert paper.arxiv_id == "1999.00001"
    assert FormerPaper.objects.get().paper == paper
    assert sorted(paper.marks.values_list("person", "state")) == sorted(
        (person.pk, "read") for person in people[1:]
    )
    for row in (note, kept):
        row.refresh_from_db()
        assert row.paper == paper
    assert paper.other_keys.count() == 1
