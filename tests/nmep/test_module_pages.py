from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from nmep import gathered
from nmep.forms.library import ModuleForm
from nmep.models import Module, ModuleNeed, Offering
from tests.factories import make_member, make_officer, make_user
from tests.factories.finding import found as found_in
from tests.factories.library import make_module
from tests.factories.nmep import make_enrolment, make_offering, make_session

pytestmark = pytest.mark.django_db

PRIVATE = {"after": "secret-after", "solutions": "secret-solutions", "concerns": "secret-concerns"}


def page(client, name, *args):
    return client.get(reverse(f"learn:{name}", args=args)).content.decode()


def typed(module=None, **changes):
    """What the form sends for a module without dependencies."""
    sent = {
        "title": "Attention",
        "slug": "attention",
        "level": "modern",
        "licence": "",
        "maintainer": "",
        "seen": module.revision if module else "",
    }
    return {**sent, **changes}


def test_a_visitor_sees_public_modules_by_level_and_what_each_needs(client):
    vectors = make_module("Vectors", is_public=True)
    hidden = make_module("Hidden gems")
    make_module(
        "Networks",
        is_public=True,
        needs=[vectors, hidden],
        better_after=[make_module("Graphs", is_public=True)],
    )
    shown = page(client, "module_list")
    assert "needs <a" in shown
    assert "good after <a" in shown
    assert "and 1 for members" in shown
    assert "Hidden gems" not in shown
    assert shown.index("Vectors") < shown.index("Networks")


def test_a_member_sees_the_others_too(client):
    make_module("Hidden gems")
    client.force_login(make_member())
    assert "Hidden gems" in page(client, "module_list")


def test_a_module_that_is_not_public_does_not_exist_for_visitors(client):
    module = make_module()
    for viewer in (None, make_user()):
        if viewer:
            client.force_login(viewer)
        assert client.get(module.get_absolute_url()).status_code == 404


def test_what_is_not_for_visitors_is_not_on_their_page(client):
    module = make_module(is_public=True, overview="open-overview", before="open-before", **PRIVATE)
    maintainer = make_member()
    Module.objects.filter(pk=module.pk).update(maintainer=maintainer)
    helper = make_enrolment(offering=make_offering(), role="helper", person=make_member()).person
    found = {}
    for name, viewer in {
        "visitor": None,
        "account": make_user(),
        "member": make_member(),
        "helper": helper,
        "maintainer": maintainer,
        "education": make_officer(slug="education"),
    }.items():
        client.logout()
        if viewer:
            client.force_login(viewer)
        shown = page(client, "module_detail", module.slug)
        assert "open-overview" in shown
        assert "open-before" in shown
        found[name] = [key for key, secret in PRIVATE.items() if secret in shown]
    everything = list(PRIVATE)
    assert found == {
        "visitor": [],
        "account": [],
        "member": ["after", "concerns"],
        "helper": everything,
        "maintainer": everything,
        "education": everything,
    }


def test_the_licence_and_what_builds_on_it_stand_on_the_page(client):
    module = make_module("Vectors", is_public=True)
    make_module("Networks", is_public=True, needs=[module])
    make_module("Hidden gems", needs=[module])
    session = make_session(title="Vectors, by hand", module=module)
    draft = make_session(
        offering=make_offering(state=Offering.State.DRAFT), title="Draft class", module=module
    )
    old = make_session(
        offering=make_offering(state=Offering.State.ARCHIVED), title="Old class", module=module
    )
    shown = page(client, "module_detail", module.slug)
    assert "CC BY-SA 4.0" in shown
    assert "Networks" in shown
    assert session.title in shown
    assert [words in shown for words in ("Hidden gems", draft.title, old.title)] == [False, False, False]
    client.force_login(make_officer(slug="education"))
    shown = page(client, "module_edit", module.slug)
    assert [words in shown for words in ("Networks", "Hidden gems", session.title, draft.title)] == [True] * 4


def test_the_maintainer_edits_and_may_not_make_it_public(client):
    maintainer = make_member()
    module = make_module("Attention", slug="attention", maintainer=maintainer)
    client.force_login(maintainer)
    address = reverse("learn:module_edit", args=[module.slug])
    shown = client.get(address).content.decode()
    assert 'name="outline"' in shown
    assert 'name="is_public"' not in shown
    needed = make_module("Vectors")
    answer = client.post(
        address,
        typed(
            module,
            outline="Queries.",
            is_public="on",
            licence="cc0-1.0",
            **{"needs-0": needed.pk, "strength-0": "weak"},
        ),
    )
    assert answer.status_code == 302
    module.refresh_from_db()
    assert (module.outline, module.is_public, module.revision) == ("Queries.", False, 2)
    assert list(module.needs.values_list("needed", "strength")) == [(needed.pk, "weak")]


def test_others_may_not_edit(client):
    module = make_module(is_public=True)
    client.force_login(make_member())
    assert client.get(reverse("learn:module_edit", args=[module.slug])).status_code == 403
    assert client.get(reverse("learn:module_create")).status_code == 403


def test_the_officer_for_education_adds_a_module(client):
    client.force_login(make_officer(slug="education"))
    keeper = make_member(name="Ada Keeper")
    answer = client.post(
        reverse("learn:module_create"),
        typed(slug="", is_public="on", licence="cc-by-4.0", maintainer="ada keeper"),
    )
    assert answer.status_code == 302
    module = Module.objects.get()
    assert (module.slug, module.is_public, module.maintainer) == ("attention", True, keeper)


def test_a_form_that_is_sent_as_it_was_shown_changes_nothing(client):
    keeper = make_member(name="Ada Keeper")
    needed = make_module("Vectors")
    module = make_module("Attention", needs=[needed], maintainer=keeper, is_public=True, after="Homework.")
    officer = make_officer(slug="education")
    client.force_login(officer)
    form = ModuleForm(instance=Module.objects.get(pk=module.pk), editor=officer)
    shown = {field.html_name: field.value() for field in form}
    sent = {
        name: value for name, value in shown.items() if value not in (None, False, "") and name != "deck_file"
    }
    answer = client.post(reverse("learn:module_edit", args=[module.slug]), sent)
    assert answer.status_code == 302
    saved = Module.objects.get(pk=module.pk)
    names = ("title", "slug", "level", "after", "is_public", "licence", "maintainer_id")
    assert [getattr(saved, name) for name in names] == [getattr(module, name) for name in names]
    assert [need.needed for need in saved.needs.all()] == [needed]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "This is needed"),
        ({"is_public": "on"}, "under which licence"),
        ({"slug": "", "title": "new"}, "address of another page"),
        ({"maintainer": "Nobody Known"}, "Nobody here is called"),
        ({"deck_url": "slides"}, "whole address"),
        ({"needs-0": "999999"}, "is not among the choices"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(client, changes, said):
    client.force_login(make_officer(slug="education"))
    answer = client.post(reverse("learn:module_create"), typed(outline="typed words", **changes))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert said in shown
    assert "typed words" in shown
    assert Module.objects.count() == 0


def test_a_circle_and_a_doubled_dependency_are_refused_beside_the_field(client):
    vectors = make_module("Vectors")
    networks = make_module("Networks", needs=[vectors])
    client.force_login(make_officer(slug="education"))
    address = reverse("learn:module_edit", args=[vectors.slug])
    answer = client.post(address, typed(vectors, title="Vectors", **{"needs-0": networks.pk}))
    assert answer.status_code == 422
    assert "That closes a circle: Vectors needs Networks, which needs Vectors." in answer.content.decode()
    other = make_module("Other")
    twice = {"needs-0": other.pk, "needs-1": other.pk, "strength-1": "weak"}
    answer = client.post(address, typed(vectors, title="Vectors", **twice))
    assert "stands here twice" in answer.content.decode()
    assert ModuleNeed.objects.count() == 1


def test_what_somebody_saved_meanwhile_is_not_written_over_unawares(client):
    module = make_module("Attention", slug="attention")
    client.force_login(make_officer(slug="education"))
    address = reverse("learn:module_edit", args=[module.slug])
    stale = typed(module, outline="mine")
    client.post(address, typed(module, outline="theirs"))
    answer = client.post(address, stale)
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Somebody saved revision 2 while you wrote" in shown
    assert "mine" in shown
    module.refresh_from_db()
    assert module.outline == "theirs"
    client.post(address, {**stale, "seen": 2})
    module.refresh_from_db()
    assert (module.outline, module.revision) == ("mine", 3)


def test_a_deck_is_a_file_that_is_what_it_says(client, media):
    client.force_login(make_officer(slug="education"))
    address = reverse("learn:module_create")
    page = SimpleUploadedFile("deck.pdf", b"<html><script>alert(1)</script></html>")
    answer = client.post(address, typed(deck_file=page))
    assert answer.status_code == 422
    assert "not what its name says" in answer.content.decode()
    answer = client.post(address, typed(deck_file=SimpleUploadedFile("deck.exe", b"MZ")))
    assert "not a deck we take" in answer.content.decode()
    client.post(
        address,
        typed(
            deck_file=SimpleUploadedFile("deck.pdf", b"%PDF-1.7 slides"), is_public="on", licence="cc0-1.0"
        ),
    )
    module = Module.objects.get()
    client.logout()
    answer = client.get(reverse("learn:module_deck", args=[module.slug]))
    assert answer["Content-Type"] == "application/pdf"
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 slides"
    Module.objects.update(is_public=False)
    assert client.get(reverse("learn:module_deck", args=[module.slug])).status_code == 404


def test_a_new_link_takes_the_place_of_the_deck_that_was_a_file(client, media):
    module = make_module("Attention", slug="attention", deck_file="decks/2026/old.pdf")
    client.force_login(make_officer(slug="education"))
    client.post(
        reverse("learn:module_edit", args=[module.slug]), typed(module, deck_url="https://slides.example/1")
    )
    module.refresh_from_db()
    assert (module.deck_url, bool(module.deck_file)) == ("https://slides.example/1", False)


def test_a_broken_link_is_told_to_whoever_can_mend_it(client):
    maintainer = make_member()
    module = make_module(is_public=True, maintainer=maintainer)
    since = timezone.now() - timedelta(days=3)
    module.links.create(url="https://gone.example/slides", broken_since=since, problem="no such page (404)")
    for viewer, sees in (
        (None, False),
        (make_member(), False),
        (maintainer, True),
        (make_officer(slug="education"), True),
        (make_officer(slug="events"), True),
    ):
        client.logout()
        if viewer:
            client.force_login(viewer)
        assert ("link broken since" in page(client, "module_detail", module.slug)) == sees
        assert ("Broken link" in page(client, "module_list")) == sees


@pytest.mark.parametrize("size", [1, 5])
def test_the_pages_of_the_library_ask_as_much_for_five_modules_as_for_one(
    client, django_assert_max_num_queries, size
):
    first = make_module("Vectors", is_public=True)
    for _ in range(size):
        make_session(module=make_module(is_public=True, needs=[first]))
        make_session(module=first, offering=make_offering())
    with django_assert_max_num_queries(5):
        page(client, "module_list")
    with django_assert_max_num_queries(6):
        page(client, "module_detail", first.slug)
    client.force_login(make_officer(slug="education"))
    with django_assert_max_num_queries(10):
        page(client, "module_list")
    with django_assert_max_num_queries(13):
        page(client, "module_detail", first.slug)
    with django_assert_max_num_queries(14):
        page(client, "module_edit", first.slug)


def test_in_the_admin_too_a_circle_is_refused_and_what_builds_on_it_is_shown(client):
    vectors = make_module("Vectors")
    networks = make_module("Networks", needs=[vectors])
    client.force_login(make_officer(slug="education"))
    address = reverse("admin:nmep_module_change", args=[vectors.pk])
    shown = client.get(address).content.decode()
    assert "Networks</a> needs it" in shown
    sent = {
        "title": "Vectors",
        "slug": "vectors",
        "level": "fundamental",
        "needs-TOTAL_FORMS": 1,
        "needs-INITIAL_FORMS": 0,
        "needs-0-needed": networks.pk,
        "needs-0-strength": "weak",
        "links-TOTAL_FORMS": 0,
        "links-INITIAL_FORMS": 0,
    }
    answer = client.post(address, sent)
    assert "That closes a circle" in answer.content.decode()
    answer = client.post(address, {**sent, "needs-0-needed": make_module("Sets").pk})
    assert answer.status_code == 302
    vectors.refresh_from_db()
    assert (vectors.revision, vectors.needs.count()) == (2, 1)


def test_the_search_box_finds_modules_for_those_who_may_see_them(client):
    make_module("Diffusion", is_public=True, outline="Noise, step by step.", solutions="zebra", after="zebra")
    make_module("Diffusion for insiders")

    def found(viewer, query="diffusion"):
        return [hit.title for hit in found_in(gathered, query, viewer)]

    assert found(AnonymousUser()) == ["Diffusion"]
    assert found(make_user()) == ["Diffusion"]
    assert sorted(found(make_member())) == ["Diffusion", "Diffusion for insiders"]
    assert found(make_officer(slug="education"), "zebra") == []
