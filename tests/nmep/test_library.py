import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from nmep import library
from nmep.models import Module, ModuleNeed
from tests.factories import make_module
from tests.nmep.test_races import at_once

pytestmark = pytest.mark.django_db

STRONG, WEAK = library.STRONG, library.WEAK


def test_a_circle_is_refused_by_name():
    first = make_module("Vectors")
    second = make_module("Matrices", needs=[first])
    third = make_module("Networks", better_after=[second])
    with pytest.raises(ValidationError) as refused:
        library.set_needs(first, {third.pk: WEAK})
    assert refused.value.messages == [
        "That closes a circle: Vectors needs Networks, which needs Matrices, which needs Vectors."
    ]
    with pytest.raises(ValidationError, match="which needs Vectors"):
        ModuleNeed(module=first, needed=third).full_clean()
    assert ModuleNeed.objects.filter(module=first).count() == 0


def test_the_database_refuses_a_circle_that_nobody_checked():
    first = make_module()
    second = make_module(needs=[first])
    with pytest.raises(IntegrityError, match="in a circle"), transaction.atomic():
        ModuleNeed.objects.create(module=first, needed=second, strength=WEAK)
    one, two = make_module(), make_module()
    with pytest.raises(IntegrityError, match="in a circle"), transaction.atomic():
        ModuleNeed.objects.bulk_create(
            [ModuleNeed(module=one, needed=two), ModuleNeed(module=two, needed=one)]
        )
    with (
        pytest.raises(IntegrityError, match=r"module_does_not_need_itself|in a circle"),
        transaction.atomic(),
    ):
        ModuleNeed.objects.create(module=first, needed=first)


def test_a_dependency_that_is_turned_round_closes_a_circle_too():
    first, second, third = make_module(), make_module(), make_module()
    make_module(needs=[first])
    ModuleNeed.objects.create(module=second, needed=first)
    need = ModuleNeed.objects.create(module=first, needed=third)
    with pytest.raises(IntegrityError, match="in a circle"), transaction.atomic():
        ModuleNeed.objects.filter(pk=need.pk).update(needed=second)


def test_the_same_dependency_stands_once():
    first = make_module()
    second = make_module(needs=[first])
    with pytest.raises(IntegrityError, match="one_need_a_pair"), transaction.atomic():
        ModuleNeed.objects.create(module=second, needed=first, strength=WEAK)


def test_a_public_module_names_its_licence():
    with pytest.raises(IntegrityError, match="public_module_has_a_licence"), transaction.atomic():
        make_module(is_public=True, licence="")
    with pytest.raises(IntegrityError, match="module_address_is_free"), transaction.atomic():
        make_module(slug="new")
    with pytest.raises(IntegrityError, match="deck_is_a_link_or_a_file"), transaction.atomic():
        make_module(deck_url="https://slides.example/1", deck_file="decks/one.pdf")


def test_saving_counts_revisions_and_refuses_what_somebody_else_saved_over():
    now = timezone.now()
    module = library.save(Module(title="Attention", slug="attention"), {}, by=None, now=now)
    module.outline = "Queries and keys."
    library.save(module, {}, by=None, now=now, seen=1)
    assert Module.objects.get().revision == 2
    with pytest.raises(library.Changed):
        library.save(module, {}, by=None, now=now, seen=1)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_officers_who_add_the_two_halves_of_a_circle_at_once_do_not_close_it():
    first, second = make_module(), make_module()
    answers = at_once(
        lambda: library.set_needs(first, {second.pk: STRONG}),
        lambda: library.set_needs(second, {first.pk: WEAK}),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["ValidationError", "bool"]
    assert ModuleNeed.objects.filter(module__in=[first, second]).count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_the_database_alone_keeps_two_who_do_not_ask_from_closing_a_circle():
    """Each has written its half before either commits: the second to be checked waits, and then sees the first."""
    first, second = make_module(), make_module()
    begun, answers = threading.Barrier(2), []

    def add(module, needed):
        try:
            with transaction.atomic():
                Module.objects.count()
                begun.wait()
                ModuleNeed.objects.create(module=module, needed=needed)
            answers.append("saved")
        except IntegrityError as problem:
            answers.append("refused" if "in a circle" in str(problem) else str(problem))
        finally:
            connection.close()

    threads = [threading.Thread(target=add, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["refused", "saved"]
