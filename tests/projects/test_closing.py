"""What an initiative leaves in the library when it is over."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members import standing
from members.models import Notification
from mlclub.refusal import Refused
from projects import closing, gathered
from projects.models import Initiative, NothingLeft, Output
from projects.notifications import PageAsked
from tests.events.test_races import all_at_once
from tests.factories import make_alumnus, make_member, make_officer, make_page
from tests.factories.projects import make_initiative
from wiki import editing
from wiki.models import Page

pytestmark = pytest.mark.django_db


def over(lead, **fields):
    today = standing.today()
    return make_initiative(
        lead=lead,
        **{
            "name": "Tide [model]",
            "state": Initiative.State.DONE,
            "started_on": today - timedelta(days=90),
            "ended_on": today - timedelta(days=2),
            "outcome": "It predicts the tide.",
            **fields,
        },
    )


def test_an_initiative_that_is_over_asks_for_its_page_and_links_it_afterwards(client):
    lead = make_member(name="Ada Quill")
    project = over(lead, team=[make_member(name="Bo Marsh")])
    Output.objects.create(
        initiative=project,
        kind="code",
        title="Gauge code",
        url="https://example.org/c",
        made_on=standing.today(),
    )
    client.force_login(lead)
    assert "Leave a page of it" in client.get(project.get_absolute_url()).content.decode()

    answer = client.post(reverse("projects:initiative_page", args=[project.slug]))

    page = Page.objects.get()
    assert (page.path, page.owner) == ("Projects/Tide model", lead)
    assert answer.url == reverse("wiki:page_edit", args=[page.path])
    for words in (
        "It predicts the tide.",
        "Ada Quill and Bo Marsh",
        "[Gauge code](https://example.org/c)",
        "What we would do again",
    ):
        assert words in page.text
    body = client.get(project.get_absolute_url()).content.decode()
    assert "Leave a page of it" not in body
    assert page.get_absolute_url() in body


def test_a_page_that_is_there_already_can_be_named(client):
    lead = make_member()
    project, page = over(lead), make_page(path="RL/Exploration notes")
    client.force_login(lead)
    where = reverse("projects:initiative_page", args=[project.slug])
    refused = client.post(where, {"existing": "Nothing like it"})
    assert (refused.status_code, b"There is no page of this name" in refused.content) == (422, True)
    assert client.post(where, {"existing": "exploration notes"}).url == project.get_absolute_url()
    project.refresh_from_db()
    assert project.page == page


def test_one_that_goes_on_or_is_private_leaves_no_page_and_is_not_asked(client):
    lead = make_member()
    running = make_initiative(lead=lead)
    private = over(lead, name="Quiet", visibility="team")
    client.force_login(lead)
    for project in (running, private):
        assert "Leave a page of it" not in client.get(project.get_absolute_url()).content.decode()
        assert client.post(reverse("projects:initiative_page", args=[project.slug])).status_code == 422
    assert not Page.objects.exists()


def test_home_and_the_desk_say_what_left_no_page_until_it_did(django_assert_max_num_queries):
    lead, officer = make_member(), make_officer(slug="projects")
    project = over(lead)
    over(lead, name="Long ago", started_on=None, ended_on=standing.today() - timedelta(days=400))
    now = timezone.now()
    lead.standing  # noqa: B018
    officer.has_perm("projects.change_initiative")

    with django_assert_max_num_queries(2):
        cards = gathered.home(lead, now)
    with django_assert_max_num_queries(2):
        items = gathered.desk(officer, now)

    assert [card.title for card in cards] == ["Tide [model] is over and has left no page"]
    assert ("Project over and left without a page", 1) in [(item.title, item.count) for item in items]
    page = closing.leave(project, by=lead, now=now)
    assert gathered.home(lead, now) == []
    editing.trash(page, by=officer, now=now)
    assert len(gathered.home(lead, now)) == 1


def test_an_officer_asks_in_one_step_and_the_lead_gets_one_mail_a_week(client, django_assert_max_num_queries):
    lead, officer = make_member(name="Ada Quill"), make_officer(slug="projects")
    projects = [over(lead, name=f"Tide {n}") for n in range(5)]
    now = timezone.now()
    [item] = [each for each in gathered.desk(officer, now) if "left without a page" in each.title]
    assert item.url == reverse("projects:initiative_without_page")
    client.force_login(lead)
    assert client.get(item.url).status_code == 403
    client.force_login(officer)
    with django_assert_max_num_queries(15):
        body = client.get(item.url).content.decode()
    assert body.count("Ask for it") == 5
    assert "led by Ada Quill" in body

    for _ in range(2):
        answer = client.post(reverse("projects:initiative_page_ask", args=[projects[0].slug]), follow=True)

    assert "Ada Quill will get a mail about Tide 0." in answer.content.decode()
    row = Notification.objects.get(kind="project-page-asked")
    assert (row.person, PageAsked().still_wanted(row, now)) == (lead, True)
    closing.leave(projects[0], by=lead, now=now)
    assert PageAsked().still_wanted(row, now) == "answered meanwhile"
    with pytest.raises(Refused):
        closing.ask(projects[0], by=officer, now=now)


def test_the_mail_that_asks_leads_to_a_page_with_a_button(client):
    lead = make_member()
    project = over(lead)
    closing.ask(project, by=make_officer(slug="projects"), now=timezone.now())
    row = Notification.objects.get(kind="project-page-asked")
    url = PageAsked().context(row)["url"]
    client.force_login(lead)
    body = client.get(url).content.decode()
    assert "Nothing to keep" in body
    assert not Page.objects.exists()


def test_a_project_whose_leads_have_left_is_not_asked(client):
    project = over(make_alumnus())
    client.force_login(make_officer(slug="projects"))
    answer = client.post(reverse("projects:initiative_page_ask", args=[project.slug]), follow=True)
    assert "Nobody who led it is still here" in answer.content.decode()
    assert not Notification.objects.filter(kind="project-page-asked").exists()


def test_a_project_says_that_there_is_nothing_to_keep_and_is_not_asked_again(client):
    lead, officer, now = make_member(name="Ada Quill"), make_officer(slug="projects"), timezone.now()
    project = over(lead)
    where = reverse("projects:initiative_nothing", args=[project.slug])
    client.force_login(make_member())
    assert client.post(where, {"reason": "No"}).status_code == 403
    client.force_login(lead)
    refused = client.post(where, {"reason": " "})
    assert (refused.status_code, b"Say why there is nothing to keep" in refused.content) == (422, True)

    assert client.post(where, {"reason": "It never really began."}).url == project.get_absolute_url()
    client.post(where, {"reason": "A second click"})

    said = NothingLeft.objects.get()
    assert (said.reason, said.said_by) == ("It never really began.", lead)
    assert gathered.home(lead, now) == []
    assert not [item for item in gathered.desk(officer, now) if "left without a page" in item.title]
    body = client.get(project.get_absolute_url()).content.decode()
    assert "It leaves no page: It never really began. (Ada Quill" in body
    assert "Leave a page of it" not in body
    closing.leave(project, by=lead, now=now)
    assert not NothingLeft.objects.exists()


def test_one_that_goes_on_cannot_say_that_it_leaves_nothing():
    with pytest.raises(Refused):
        closing.keep_nothing(make_initiative(), "Why", by=make_member(), now=timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_two_who_begin_the_page_at_once_get_one():
    lead, other = make_member(), make_member()
    project = over(lead, team=[other])
    found = []
    all_at_once(
        [
            lambda person=person: found.append(
                closing.leave(Initiative.objects.get(pk=project.pk), by=person, now=timezone.now()).pk
            )
            for person in (lead, other)
        ]
    )
    assert len(set(found)) == 1
    assert Page.objects.count() == 1
