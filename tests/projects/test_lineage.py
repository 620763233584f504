import pytest
from django.db import IntegrityError, transaction

from projects import lineage
from projects.models import InitiativeLink, Inspiration
from tests.factories import make_member, make_post
from tests.factories.projects import make_initiative
from tests.nmep.test_races import at_once

GREW, MERGED = InitiativeLink.Kind.GREW_INTO, InitiativeLink.Kind.MERGED


@pytest.mark.django_db
def test_a_circle_is_refused_by_the_database_itself():
    first, second, third = (make_initiative() for _ in range(3))
    lineage.connect(first, second, GREW)
    lineage.connect(second, third, GREW)
    with pytest.raises(lineage.Circle):
        lineage.connect(third, first, GREW)
    with pytest.raises(IntegrityError), transaction.atomic():
        InitiativeLink.objects.create(earlier=third, later=first, kind=GREW)
    with pytest.raises(lineage.Circle):
        lineage.connect(first, first, GREW)
    assert InitiativeLink.objects.count() == 2


@pytest.mark.django_db
def test_a_merged_project_keeps_both_parents_and_the_same_link_twice_is_one():
    one, two, team = (make_initiative() for _ in range(3))
    lineage.connect(one, team, MERGED)
    lineage.connect(two, team, MERGED)
    lineage.connect(two, team, MERGED)
    assert set(team.links_back.values_list("earlier", flat=True)) == {one.pk, two.pk}


@pytest.mark.django_db
def test_a_post_that_inspired_a_project_stands_in_the_picture_and_in_its_words(django_assert_num_queries):
    reader, author = make_member(), make_member()
    post = make_post(title="What the tide taught us", authors=[author], state="published")
    hidden = make_post(title="Not out", authors=[author])
    project, later = make_initiative(name="Tide table"), make_initiative(name="Harbour")
    private = make_initiative(name="Quiet", visibility="team")
    lineage.connect(project, later, GREW)
    for each in (project, private):
        Inspiration.objects.create(post=post, initiative=each)
    Inspiration.objects.create(post=hidden, initiative=later)
    reader.standing  # noqa: B018  (what every page knows)

    with django_assert_num_queries(4):
        drawing = lineage.drawn(reader, of=project)

    told = {node.name: (node.kind, node.url, sorted(node.onward)) for node in drawing.nodes}
    assert told == {
        "What the tide taught us": (
            "Post on the blog",
            post.get_absolute_url(),
            ["inspired Tide table", "inspired a private project"],
        ),
        "Tide table": (project.get_kind_display(), project.get_absolute_url(), ["grew into Harbour"]),
        "Harbour": (later.get_kind_display(), later.get_absolute_url(), []),
        "A private project": ("", "", []),
    }
    assert sorted(edge.words for edge in drawing.edges) == ["grew into", "inspired", "inspired"]


@pytest.mark.django_db
def test_a_project_that_only_a_post_led_to_has_a_picture_of_its_own():
    post, project = make_post(title="Noise first", state="published"), make_initiative(name="Noise")
    assert lineage.drawn(make_member(), of=project) is None
    Inspiration.objects.create(post=post, initiative=project)
    assert [node.name for node in lineage.drawn(make_member(), of=project).nodes] == ["Noise first", "Noise"]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_halves_of_a_circle_written_at_once_leave_one():
    one, two = make_initiative(), make_initiative()
    answers = at_once(
        lambda: lineage.connect(one, two, GREW),
        lambda: lineage.connect(two, one, GREW),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Circle", "InitiativeLink"]
    assert InitiativeLink.objects.count() == 1
