import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from members import invitations, suspension
from members.middleware import has_second_factor
from members.models import AuditEntry, Club, Invitation, Membership, User
from tests.factories import make_club, make_member, make_officer, make_term, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "a long quiet river"


@pytest.fixture(autouse=True)
def club():
    cache.clear()
    make_club()
    make_term()


def code_in_mail():
    return re.search(r"^\s*([A-Z0-9-]{6,9})\s*$", mail.outbox[-1].body, re.MULTILINE)[1]


def sign_up(client, email="new@club.example", name="Newt Arrival"):
    return client.post(
        reverse("account_signup"),
        {"email": email, "name": name, "password1": PASSWORD, "password2": PASSWORD},
    )


def prove(client):
    return client.post(reverse("account_email_verification_sent"), {"code": code_in_mail()})


def with_password(person):
    person.set_password(PASSWORD)
    person.save()
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def sign_in(client, person, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": person.email, "password": password})


def is_signed_in(client):
    return "_auth_user_id" in client.session


# ── Signing up ──


def test_anybody_signs_up_with_a_name_and_proves_the_address_with_a_code(client):
    assert sign_up(client).status_code == 302
    assert not is_signed_in(client)
    prove(client)
    person = User.objects.get()
    assert (person.name, person.handle, person.email) == ("Newt Arrival", "newt-arrival", "new@club.example")
    assert is_signed_in(client)
    assert not person.standing.reads_members_area


def test_signing_up_without_a_name_is_refused_beside_the_field(client):
    page = sign_up(client, name="")
    assert "name" in page.context["form"].errors
    assert not User.objects.exists()


def test_signing_up_with_a_known_address_looks_the_same_and_makes_nothing(client):
    with_password(make_user(email="known@club.example"))
    known, unknown = sign_up(client, "known@club.example"), sign_up(type(client)(), "other@club.example")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert User.objects.filter(email="known@club.example").count() == 1
    assert [message.to for message in mail.outbox] == [["known@club.example"], ["other@club.example"]]


def test_sign_up_by_invitation_is_closed_to_whoever_has_none(client, settings):
    settings.SIGNUP = "invitation"
    sign_up(client)
    assert not User.objects.exists()


def test_sign_up_by_domain_takes_only_these_addresses(client, settings):
    settings.SIGNUP = "students.example, uni.example"
    refused = sign_up(client, "me@elsewhere.example")
    assert "Use your address at students.example or uni.example" in str(
        refused.context["form"].errors["email"]
    )
    sign_up(client, "me@uni.example")
    assert [person.email for person in User.objects.all()] == ["me@uni.example"]


# ── Invitations ──


@pytest.mark.parametrize("mode", ["open", "invitation", "students.example"])
def test_an_invitation_leads_to_an_account_and_a_membership_in_every_mode(client, settings, mode):
    settings.SIGNUP = mode
    term = make_term()
    invitation = invitations.invite("guest@far.example", name="Guest", term=term, kind="new", by=None)
    link = invitation.get_absolute_url()
    assert "Guest" in client.get(link).content.decode()
    assert Invitation.objects.get().accepted_at is None
    assert client.post(link)["Location"] == "/accounts/signup/?email=guest%40far.example"
    sign_up(client, "guest@far.example")
    person = User.objects.get()
    assert is_signed_in(client), "the link proved the address"
    assert [(row.term, row.kind) for row in person.memberships.all()] == [(term, "new")]
    assert Invitation.objects.get().accepted_at is not None
    assert client.get(link).status_code == 410


def test_an_invitation_to_a_known_address_is_taken_up_by_signing_in(client):
    person = with_password(make_user(email="old@club.example"))
    invitations.invite("Old@club.example", term=make_term(), kind="member", by=None)
    sign_in(client, person)
    assert person.memberships.get().status == Membership.Status.ACTIVE


def test_somebody_signed_in_takes_a_link_up_once(client):
    person = make_user()
    invitation = invitations.invite("elsewhere@far.example", term=make_term(), kind="fellow", by=None)
    client.force_login(person)
    client.post(invitation.get_absolute_url())
    assert person.memberships.get().kind == "fellow"
    client.force_login(make_user())
    assert client.post(invitation.get_absolute_url()).status_code == 410
    assert Membership.objects.count() == 1


def test_a_run_out_or_forged_invitation_opens_nothing(client):
    invitation = invitations.invite("late@far.example", term=make_term(), kind="new", by=None)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert client.post(invitation.get_absolute_url()).status_code == 410
    assert client.get("/invitation/forged/").status_code == 404


def test_the_mail_of_an_invitation_carries_the_link_and_no_second_one_goes(client):
    for _ in range(2):
        invitations.invite("guest@far.example", name="Guest", term=make_term(), kind="new", by=None)
        call_command("notify", "--once")
    [message] = mail.outbox
    assert (message.to, message.subject) == (["guest@far.example"], "Tidewater Learning Club invites you")
    link = re.search(r"http://localhost:8000(/invitation/\S+/)", message.body)[1]
    assert "Welcome, Guest" in client.get(link).content.decode()


def test_an_invitation_that_was_taken_up_meanwhile_is_not_mailed():
    invitation = invitations.invite("guest@far.example", term=make_term(), kind="new", by=None)
    invitations.take_up(invitation, make_user())
    call_command("notify", "--once")
    assert mail.outbox == []


def test_the_link_of_an_invitation_is_nowhere_at_rest():
    invitation = invitations.invite("a@far.example", term=make_term(), kind="new", by=None)
    token = invitation.get_absolute_url().split("/")[2]
    from members.models import Notification

    rows = [str(vars(row)) for model in (Invitation, Notification, AuditEntry) for row in model.objects.all()]
    assert len(rows) == 3
    assert not any(token in row for row in rows)


# ── Suspension ──


def test_suspending_ends_every_session_at_once_and_leaves_a_line_in_the_audit_trail(client):
    person, officer = with_password(make_member()), make_officer()
    sign_in(client, person)
    assert UserSession.objects.filter(user=person).count() == 1
    assert client.get("/people/").status_code == 200
    assert suspension.suspend(person, "spam", by=officer)
    assert client.get("/people/").status_code == 302
    assert not suspension.suspend(person, "again", by=officer)
    entry = AuditEntry.objects.get(action="account-suspended")
    assert (entry.actor, entry.subject, entry.after) == (
        officer,
        f"members.user:{person.pk}",
        {"reason": "spam"},
    )


def test_a_suspended_person_cannot_sign_in_until_the_account_is_opened_again(client):
    person, officer = with_password(make_member()), make_officer()
    suspension.suspend(person, "spam", by=officer)
    sign_in(client, person)
    assert not is_signed_in(client)
    assert suspension.reinstate(person, by=officer)
    sign_in(client, person)
    assert is_signed_in(client)


# ── Change of address ──


def test_a_new_address_counts_once_its_code_came_back(client):
    person = with_password(make_member(email="old@club.example"))
    sign_in(client, person)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.post(reverse("account_email"), {"email": "new@club.example", "action_add": ""})
    person.refresh_from_db()
    assert person.email == "old@club.example"
    prove(client)
    person.refresh_from_db()
    assert person.email == "new@club.example"
    assert not EmailAddress.objects.filter(email="old@club.example").exists()
    assert AuditEntry.objects.filter(action="address-changed", actor=person).count() == 1
    assert ["old@club.example"] in [message.to for message in mail.outbox], "the old address is told"


# ── Second factor ──


def test_what_an_officer_may_do_comes_with_the_office(django_assert_num_queries):
    officer = User.objects.get(pk=make_officer().pk)
    Club.current()  # from the cache from here on
    with django_assert_num_queries(2):
        assert officer.standing.is_officer
        assert officer.has_perm("members.view_officeterm")
        assert not officer.has_perm("members.no_such_right")
        assert has_second_factor(officer)
    Authenticator.objects.filter(user=officer).delete()
    assert not has_second_factor(User.objects.get(pk=officer.pk))
    Membership.objects.filter(person=officer).delete()
    assert User.objects.get(pk=officer.pk).has_perm("members.view_officeterm"), "the office gives it"


def test_whoever_is_no_member_this_term_costs_two_queries(django_assert_num_queries):
    guest = User.objects.get(pk=make_user().pk)
    Club.current()  # from the cache from here on
    with django_assert_num_queries(2):
        standing = guest.standing
    assert (standing.is_officer, standing.membership, standing.term is None) == (False, None, False)


def test_an_officer_without_a_second_factor_reaches_only_the_account_pages(client):
    officer = make_officer()
    Authenticator.objects.all().delete()
    client.force_login(officer)
    for path in ("/people/", "/admin/", "/settings/privacy/", "/home/"):
        assert client.get(path)["Location"] == reverse("mfa_index"), path
    assert client.get(reverse("mfa_index")).status_code == 200


def test_the_demo_button_stands_in_for_the_second_factor_in_the_demo_alone(client, settings):
    officer = make_officer()
    Authenticator.objects.all().delete()
    client.force_login(officer)
    session = client.session
    session["demo_second_factor"] = True
    session.save()
    assert client.get("/people/").status_code == 302
    settings.DEMO = True
    assert client.get("/people/").status_code == 200


def test_neither_a_code_by_mail_nor_a_new_password_goes_round_the_second_factor(client):
    officer = with_password(make_officer())
    sign_in(client, officer)
    assert not is_signed_in(client)
    client.logout()
    client.post(reverse("account_request_login_code"), {"email": officer.email})
    answer = client.post(reverse("account_confirm_login_code"), {"code": code_in_mail()})
    assert answer["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(client)
    client.logout()
    client.post(reverse("account_reset_password"), {"email": officer.email})
    client.post(reverse("account_confirm_password_reset_code"), {"code": code_in_mail()})
    client.post(
        reverse("account_complete_password_reset"),
        {"password1": "another quiet river", "password2": "another quiet river"},
    )
    officer.refresh_from_db()
    assert officer.check_password("another quiet river")
    assert not is_signed_in(client)
    assert client.get("/admin/").status_code == 302


def test_an_office_gives_its_rights_until_the_end_of_its_last_day_in_the_clubs_zone():
    officer = make_officer()
    held = officer.office_terms.get()
    last_day = timezone.make_aware(
        timezone.datetime(held.ends_on.year, held.ends_on.month, held.ends_on.day, 23, 59),
        make_club().zone,
    )
    with time_machine.travel(last_day, tick=False):
        before = User.objects.get(pk=officer.pk)
        assert (before.has_perm("members.change_user"), before.enters_admin) == (True, True)
    with time_machine.travel(last_day + timedelta(minutes=2), tick=False):
        after = User.objects.get(pk=officer.pk)
        assert (after.has_perm("members.change_user"), after.enters_admin) == (False, False)


def test_an_ex_officer_meets_a_closed_admin(client):
    officer = make_officer()
    officer.office_terms.update(ends_on=timezone.localdate() - timedelta(days=2))
    client.force_login(officer)
    assert client.get("/admin/").status_code in (302, 403)
    assert client.get("/admin/members/user/").status_code in (302, 403)
    assert client.get("/admin/", follow=True).status_code == 403


# ── Limits ──


def test_ten_wrong_passwords_in_a_row_close_the_door_for_that_address(client):
    person = with_password(make_member())
    for _ in range(6):
        sign_in(client, person, "wrong wrong wrong")
    sign_in(client, person)
    assert not is_signed_in(client)


def test_without_redis_nobody_signs_in_but_whoever_is_in_goes_on(client, settings):
    person = with_password(make_member())
    sign_in(client, person)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    assert client.get("/people/").status_code == 200
    other = type(client)()
    answer = sign_in(other, person)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "Signing in is paused" in answer.content.decode()
    assert not is_signed_in(other)
    assert client.post(reverse("account_logout")).status_code == 302


# ── Where it leads ──


@pytest.mark.parametrize(
    "where", ["//evil.example", "https://evil.example", "/\\evil.example", "http:///evil.example"]
)
def test_signing_in_never_leads_to_another_site(client, where):
    person = with_password(make_member())
    answer = client.post(
        reverse("account_login"), {"login": person.email, "password": PASSWORD, "next": where}
    )
    assert answer["Location"].startswith("/")
    assert "evil" not in answer["Location"]


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "127.0.0.1.evil.example"]
)
def test_a_forged_host_is_refused_and_never_reaches_a_mail(client, host):
    person = with_password(make_member())
    answer = client.post(reverse("account_reset_password"), {"email": person.email}, headers={"host": host})
    assert answer.status_code == 400
    assert mail.outbox == []


def test_the_secret_of_an_authenticator_app_is_not_readable_in_the_database(client):
    person = with_password(make_member())
    sign_in(client, person)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    code = format_code(secret)
    assert client.post(reverse("mfa_activate_totp"), {"code": code}).status_code == 302
    kept = Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP)
    assert secret not in str(kept.data)


def test_a_code_of_the_authenticator_app_opens_the_door_once(client):
    person = with_password(make_member())
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(person, secret)
    came_in = []
    for visitor in (client, type(client)()):
        sign_in(visitor, person)
        visitor.post(reverse("mfa_authenticate"), {"code": format_code(secret)})
        came_in.append(is_signed_in(visitor))
    assert came_in == [True, False]


def format_code(secret):
    return totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))
