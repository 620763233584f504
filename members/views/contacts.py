"""People outside the club, for officers: who they are, and what they and the club had to do with each other."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from members import contacts
from members.forms import ContactFilterForm, ContactForm
from members.models import Contact, User

PER_PAGE = 40


@permission_required("members.view_contact", raise_exception=True)
@require_safe
def contact_list(request: HttpRequest) -> HttpResponse:
    form = ContactFilterForm(request.GET, label_suffix="")
    asked = form.cleaned_data if form.is_valid() else {}
    found = Contact.objects.present().select_related("organization").prefetch_related("topics")
    for word in asked.get("q", "").split()[:6]:
        by_topic = Contact.topics.through.objects.filter(topic__name__unaccent__icontains=word)
        found = found.filter(
            Q(name__unaccent__icontains=word)
            | Q(organization__name__unaccent__icontains=word)
            | Q(pk__in=by_topic.values("contact"))
        )
    if asked.get("kind"):
        found = found.filter(organization__kind=asked["kind"])
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page_obj": page,
        "is_filtered": any(asked.values()),
        "can_add": request.user.has_perm("members.add_contact"),
    }
    return render(request, "members/contact_list.html", context)


@permission_required("members.view_contact", raise_exception=True)
@require_safe
def contact_detail(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Contact.objects.select_related("organization__owner", "user", "added_by").prefetch_related(
        "topics"
    )
    contact = get_object_or_404(rows, pk=pk)
    context = {"contact": contact, "can_change": request.user.has_perm("members.change_contact")}
    return render(request, "members/contact_detail.html", context)


@permission_required("members.add_contact", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_create(request: HttpRequest) -> HttpResponse:
    return contact_form(request, Contact(added_by=cast("User", request.user), created_at=timezone.now()))


@permission_required("members.change_contact", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return contact_form(
        request, get_object_or_404(Contact.objects.present().select_related("organization"), pk=pk)
    )


def contact_form(request: HttpRequest, contact: Contact) -> HttpResponse:
    form = ContactForm(request.POST if request.method == "POST" else None, instance=contact)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        with transaction.atomic():
            contact.organization = (
                contacts.organization_called(said["organization_name"], kind=said["organization_kind"])
                if said["organization_name"]
                else None
            )
            form.save()
            if "email" in form.changed_data:
                contacts.address_changed(contact, now=timezone.now())
        messages.success(request, "Saved.")
        return redirect("members:contact_detail", contact.pk)
    context = {"form": form, "contact": contact}
    return render(request, "members/contact_edit.html", context, status=422 if form.is_bound else 200)
