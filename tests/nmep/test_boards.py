from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from mlclub.refusal import Refused
from nmep import at_once, boards, handing_in
from nmep.models import (
    Assignment,
    BoardName,
    Check,
    CheckResult,
    HiddenLabels,
    MarkChange,
    Part,
    Run,
)
from tests.factories import make_member
from tests.factories.boards import LABELS, answers, make_board, predict
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, moment

pytestmark = pytest.mark.django_db


def url(name, check, *more):
    assignment = check.part.assignment
    return reverse(f"nmep:{name}", args=[assignment.offering.slug, assignment.key, *more])


def upload(client, check, content, *, n=1, name="mine.csv"):
    data = {"n": n, f"part-{check.part_id}": SimpleUploadedFile(name, content)}
    return client.post(check.part.assignment.get_absolute_url(), data)


def test_a_file_is_scored_within_the_hand_in_and_its_hidden_part_is_kept_back(client):
    check = make_board()
    learner = make_enrolment(offering=check.part.assignment.offering)
    client.force_login(learner.person)
    assert upload(client, check, answers(30)).status_code == 302
    run = Run.objects.get()
    assert (run.state, run.submission.authors.get().enrolment) == ("finished", learner)
    now = timezone.now()
    seen = CheckResult.objects.visible_to(learner.person, now)
    assert [row.name for row in seen] == [boards.PUBLIC]
    late = check.part.assignment.due_at + timedelta(seconds=1)
    assert CheckResult.objects.visible_to(learner.person, late).count() == 2
    assert CheckResult.objects.visible_to(make_lead(offering=learner.offering), now).count() == 2


def test_the_labels_leave_by_no_door(client):
    check = make_board(labels=LABELS.replace("39,1", "39,canary"))
    labels = HiddenLabels.objects.get()
    for person in (make_enrolment(offering=check.part.assignment.offering).person,):
        client.force_login(person)
        for page in (check.part.assignment.get_absolute_url(), url("board_detail", check)):
            assert "canary" not in client.get(page).content.decode()
        assert client.get(f"/media/{labels.file.name}").status_code == 404
        assert client.get(url("check_at_once_edit", check, check.pk)).status_code == 404


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"id,label\n0,1\n", "the test set has 40 rows"),
        (b"\x80\x04pickle", "archive or a pickle"),
        (answers().replace(b"39,", b"x,"), "is not in the test set"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused_beside_its_field_and_costs_no_try(client, content, sentence):
    check = make_board()
    learner = make_enrolment(offering=check.part.assignment.offering)
    client.force_login(learner.person)
    answer = upload(client, check, content)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert not Run.objects.exists()
    assert boards.tries(learner, check.part, timezone.now()).left == 3


def test_three_tries_a_day_and_the_same_file_again_is_none(client):
    check = make_board()
    learner = make_enrolment(offering=check.part.assignment.offering)
    now = moment(2031, 3, 5, 20)
    Assignment.objects.update(due_at=now + timedelta(days=9), promised_at=now + timedelta(days=9))
    for right in (10, 20, 30):
        predict(check, answers(right), enrolment=learner, now=now)
    with pytest.raises(Refused, match=r"your 3 tries of today\. The next one is from Thu 6 Mar, 00:00"):
        predict(check, answers(40), enrolment=learner, now=now)
    assert predict(check, answers(30), enrolment=learner, now=now).n == 4
    tomorrow = now + timedelta(days=1)
    assert predict(check, answers(40), enrolment=learner, now=tomorrow).n == 5
    assert boards.tries(learner, check.part, tomorrow).left == 2
    assert predict(check, answers(1), now=now).n == 1, "each has tries of their own"


def test_a_draft_is_no_way_around_the_limit():
    check = make_board(a_day=1)
    learner = make_enrolment(offering=check.part.assignment.offering)
    predict(check, answers(3), enrolment=learner)
    file = SimpleUploadedFile("mine.csv", answers(40))
    given = {check.part_id: handing_in.Given(file=file, name="mine.csv")}
    handing_in.save_draft(learner, check.part.assignment, given, now=timezone.now())
    with pytest.raises(Refused, match="tries of today"):
        handing_in.hand_in(learner, check.part.assignment, {}, n=2, now=timezone.now())


def ranks(client, check, person):
    client.force_login(person)
    [board] = client.get(url("board_detail", check)).context["boards"]
    return [(row.rank, row.person and row.person.display_name, row.is_mine) for row in board.rows]


def test_the_board_ranks_the_best_of_each_and_hides_who_wants_to_be_hidden(client):
    check = make_board(share=1, a_day=None)
    offering = check.part.assignment.offering
    ada, ben, cleo = (make_enrolment(offering=offering) for _ in range(3))
    for learner, rights in ((ada, (20, 35)), (ben, (40, 10)), (cleo, (35,))):
        for right in rights:
            predict(check, answers(right), enrolment=learner)
    client.force_login(ben.person)
    client.post(url("board_name", check), {"hidden": "1"})
    assert BoardName.objects.get().enrolment == ben

    name = {row: row.person.display_name for row in (ada, ben, cleo)}
    assert ranks(client, check, ada.person) == [
        (1, None, False),
        (2, name[ada], True),
        (2, name[cleo], False),
    ]
    assert name[ben] not in client.get(url("board_detail", check)).content.decode()
    assert ranks(client, check, ben.person)[0] == (1, name[ben], True)
    assert ranks(client, check, make_lead(offering=offering))[0] == (1, name[ben], False)
    client.force_login(ben.person)
    client.post(url("board_name", check), {"hidden": "0"})
    assert ranks(client, check, ada.person)[0] == (1, name[ben], False)


def test_on_a_board_of_errors_the_smallest_is_first(client):
    labels = "id,y\n" + "".join(f"{n},{n}\n" for n in range(10))
    check = make_board(metric="rmse", share=1, labels=labels, threshold=1)
    near, far = (make_enrolment(offering=check.part.assignment.offering) for _ in range(2))
    predict(check, ("id,y\n" + "".join(f"{n},{n + 5}\n" for n in range(10))).encode(), enrolment=far)
    predict(check, labels.encode(), enrolment=near)
    assert [mine for _, _, mine in ranks(client, check, near.person)] == [True, False]
    results = CheckResult.objects.order_by("score").values_list("score", "ok")
    assert list(results) == [(0, True), (5, False)]


def test_once_the_last_deadline_is_over_the_hidden_part_decides(client):
    check = make_board(a_day=None)
    offering, assignment = check.part.assignment.offering, check.part.assignment
    lucky, sound = (make_enrolment(offering=offering) for _ in range(2))
    public = {n for n in range(40) if boards.predictions.scoring.is_public(str(n), share=0.5, seed="tide")}

    def rows(right):
        return (
            "id,label\n" + "\n".join(f"{n},{n % 2 if right(n) else 1 - n % 2}" for n in range(40))
        ).encode()

    predict(check, rows(lambda n: n in public), enrolment=lucky)
    predict(check, rows(lambda n: n not in public or n % 3), enrolment=sound)
    assert ranks(client, check, lucky.person)[0][2]
    assert "Final score" not in client.get(url("board_detail", check)).content.decode()

    past = timezone.now() - timedelta(days=1)
    Assignment.objects.update(due_at=past, promised_at=past)
    assert not ranks(client, check, lucky.person)[0][2]
    assert "Final score" in client.get(url("board_detail", check)).content.decode()
    handing_in.grant(
        sound, assignment, extra_days=3, is_without_penalty=True, reason="other", by=None, now=past
    )
    assert ranks(client, check, lucky.person)[0][2], "somebody may still hand in"


def test_a_board_is_for_the_people_of_its_offering(client):
    check = make_board()
    client.force_login(make_member())
    assert client.get(url("board_detail", check)).status_code == 404
    assert client.post(url("board_name", check)).status_code == 404
    bare = make_assignment(offering=check.part.assignment.offering)
    client.force_login(make_enrolment(offering=bare.offering).person)
    page = reverse("nmep:board_detail", args=[bare.offering.slug, bare.key])
    assert client.get(page).status_code == 404


@pytest.mark.parametrize("size", [1, 5])
def test_a_board_costs_the_same_for_any_number_of_learners(client, size, django_assert_max_num_queries):
    check = make_board(a_day=None)
    for n in range(size):
        predict(check, answers(n + 3))
    client.force_login(make_enrolment(offering=check.part.assignment.offering).person)
    client.get(url("board_detail", check))
    with django_assert_max_num_queries(14):
        client.get(url("board_detail", check))


# ── A lead writes checks ──


def settings_of(check, **changes):
    return {
        "part": check.part_id,
        "title": "Test set",
        "metric": "accuracy",
        "percent": "50",
        "a_day": "3",
        "visible": "always",
        "is_published": "on",
        "threshold": "0.7",
    } | changes


def test_a_lead_makes_a_check_and_later_labels_score_everything_anew(client):
    check = make_board()
    offering = check.part.assignment.offering
    predict(check, answers(40))
    client.force_login(make_lead(offering=offering))
    flipped = LABELS.replace(",1\n", ",x\n").replace(",0\n", ",1\n").replace(",x\n", ",0\n")
    data = settings_of(check, labels=SimpleUploadedFile("l.csv", flipped.encode()))
    assert client.post(url("check_at_once_edit", check, check.pk), data).status_code == 302
    newest = Run.objects.order_by("-created_at", "-pk").first()
    assert [row.score for row in newest.results.all()] == [0, 0]
    seed = Check.objects.get().config["seed"]
    assert seed == "tide", "the split of the rows stays, or scores could not be compared"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"percent": "0"}, "Give 1 or more"),
        ({"labels": b"no table"}, "two columns"),
        ({"metric": "rmse", "labels": b"id,y\na,word\n"}, "needs one"),
        ({"title": ""}, "This is needed."),
        ({"part": "0"}, "is not"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused_with_a_sentence(client, changes, sentence):
    check = make_board()
    client.force_login(make_lead(offering=check.part.assignment.offering))
    data = settings_of(check, **changes)
    if "labels" in changes:
        data["labels"] = SimpleUploadedFile("l.csv", changes["labels"])
    answer = client.post(url("check_at_once_edit", check, check.pk), data)
    assert answer.status_code == 422
    assert any(sentence in error for errors in answer.context["form"].errors.values() for error in errors)


def test_a_new_check_wants_its_labels(client):
    assignment = make_assignment(parts=(Part.Kind.PREDICTIONS,))
    client.force_login(make_lead(offering=assignment.offering))
    page = reverse(
        "nmep:check_at_once_create", args=[assignment.offering.slug, assignment.key, "predictions"]
    )
    data = {
        "part": assignment.parts.get().pk,
        "title": "T",
        "metric": "f1",
        "percent": "40",
        "visible": "staff",
    }
    answer = client.post(page, data)
    assert "Choose the file with the labels." in answer.content.decode()
    data["labels"] = SimpleUploadedFile("labels.csv", LABELS.encode())
    assert client.post(page, data).status_code == 302
    assert HiddenLabels.objects.get().rows == 40
    wrong = reverse("nmep:check_at_once_create", args=[assignment.offering.slug, assignment.key, "functions"])
    assert client.get(wrong).status_code == 404


def test_what_breaks_on_our_side_does_not_break_the_hand_in(settings):
    check = make_board()
    HiddenLabels.objects.get().file.storage.delete(HiddenLabels.objects.get().file.name)
    submission = predict(check)
    run = Run.objects.get()
    assert (submission.state, run.state, run.results.count()) == ("handed_in", "failed", 0)
    assert at_once.look_again(check, now=timezone.now()) == 1


# ── A grader outside ──


def make_outside(**fields):
    return make_assignment(parts=(), outside_url="https://grader.example/tide", outside_code="X7Q2", **fields)


def test_homework_that_is_graded_elsewhere_says_where_and_takes_a_word_for_it(client):
    assignment = make_outside()
    learner = make_enrolment(offering=assignment.offering)
    client.force_login(learner.person)
    page = client.get(assignment.get_absolute_url()).content.decode()
    assert ("grader.example" in page, "X7Q2" in page) == (True, True)
    client.post(assignment.get_absolute_url(), {"n": "1"})
    assert handing_in.standing(learner, assignment).latest.n == 1
    client.force_login(make_member())
    assert "X7Q2" not in client.get(assignment.get_absolute_url()).content.decode()


def test_results_from_outside_are_looked_at_and_then_written_once(client):
    assignment = make_outside()
    offering = assignment.offering
    done, not_yet, ungraded = (make_enrolment(offering=offering) for _ in range(3))
    for learner in (done, not_yet):
        handing_in.hand_in(learner, assignment, {}, n=1, now=timezone.now())
    page = reverse("nmep:outside_results", args=[offering.slug, assignment.key])
    table = f"mail,score\n{done.person.email.upper()},91\n{not_yet.person.email},40\n"
    client.force_login(make_lead(offering=offering))
    looked = client.post(page, {"table": table, "enough": "60"})
    assert "2 entries would be written" in looked.content.decode()
    assert not MarkChange.objects.exists()
    for _ in range(2):
        client.post(page, {"table": table, "enough": "60", "write": "1"})
    entries = MarkChange.objects.order_by("pk").values_list("enrolment", "kind", "value")
    assert list(entries) == [(done.pk, "done", "91"), (not_yet.pk, "not_yet", "40")]
    states = {row.pk: handing_in.standing(row, assignment).latest for row in (done, not_yet, ungraded)}
    assert (states[done.pk].state, states[not_yet.pk].state, states[ungraded.pk]) == (
        "done",
        "returned",
        None,
    )


def test_a_table_with_one_row_that_cannot_be_read_writes_nothing(client):
    assignment = make_outside()
    learner = make_enrolment(offering=assignment.offering)
    page = reverse("nmep:outside_results", args=[assignment.offering.slug, assignment.key])
    mail = learner.person.email
    client.force_login(make_lead(offering=assignment.offering))
    for table, sentence in (
        ("nobody@club.example,done", "nobody here has the address"),
        (f"{mail},done\n{mail},done", "stands there twice"),
        (f"{mail},perhaps", "neither done, not yet, nor a number"),
        (f"{mail},91", "from which number on"),
    ):
        answer = client.post(page, {"table": table, "write": "1"})
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert not MarkChange.objects.exists()
    client.force_login(learner.person)
    assert client.get(page).status_code == 404
