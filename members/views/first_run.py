from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from members import first_run as process
from members import mailserver, standing
from members.first_run_forms import ClubForm, FirstOfficerForm, FirstTermForm, MailServerForm
from members.models import Club

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@sensitive_post_parameters()
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def first_run(request: HttpRequest, token: str) -> HttpResponse:
    if not process.is_token(token):
        raise Http404
    if process.is_done():
        return render(request, "members/first_run_over.html", status=410)
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    forms: dict[str, Any] = {
        "club": ClubForm(data, files, prefix="club"),
        "term": FirstTermForm(data, prefix="term", today=standing.today()),
        "mail": MailServerForm(data, prefix="mail"),
        "officer": FirstOfficerForm(data, prefix="officer"),
    }
    status = 200
    context: dict[str, Any] = {"forms": forms, "mail_is_set": not settings.MAIL_SERVER_FROM_CLUB}
    if request.method == "POST" and "test_mail" in request.POST:
        context["tested"] = tested(forms["mail"], forms["officer"], forms["club"])
    elif request.method == "POST":
        checked = [form.is_valid() for form in forms.values()]
        if all(checked):
            return settled(request, forms)
        status, context["is_wrong"] = 422, True
    return render(request, "members/first_run.html", context, status=status)


def settled(request: HttpRequest, forms: dict[str, Any]) -> HttpResponse:
    """Make the club, sign its first officer in and lead on to the second factor."""
    club = dict(forms["club"].cleaned_data)
    logo = club.pop("logo")
    club["term_system"] = forms["term"].cleaned_data["term_system"]
    officer = process.FirstOfficer(**forms["officer"].cleaned_data)
    try:
        with transaction.atomic():
            president = process.set_up(club=club, logo=logo, term=forms["term"].term, officer=officer)
            if forms["mail"].server["host"]:
                mailserver.save(Club.objects.get(pk=1), **forms["mail"].server)
    except process.AlreadySetUp:
        messages.info(request, "The club was set up a moment ago. Sign in to go on.")
        return redirect("account_login")
    record_authentication(request, president, "password", email=president.email, reauthenticated=True)
    login(request, president, backend=BACKEND)
    messages.success(request, f"{club['name']} has its portal. Now set up a second factor for your account.")
    return redirect("mfa_index")


def tested(mail: MailServerForm, officer: FirstOfficerForm, club: ClubForm) -> dict[str, Any]:
    """Send a test mail with what was typed so far, keeping nothing; how it went."""
    officer.is_valid()
    club.is_valid()
    address = officer.cleaned_data.get("email")
    if not address:
        return {"problem": "Fill in your mail address below first, so that there is somewhere to send it."}
    if not mail.is_valid():
        return {"problem": "Mend the settings of the mail server first."}
    with transaction.atomic():
        row, _ = Club.objects.get_or_create(pk=1)
        row.name = club.cleaned_data.get("name") or row.name
        mailserver.save(row, **mail.server)
        problem = mailserver.test(row, address)
        transaction.set_rollback(True)
    return {"problem": problem, "address": address}
