"""A page with every component in its states, and a form of every kind: for tests and for looking at."""

from datetime import timedelta
from pathlib import Path

from django import forms as django_forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path
from django.utils import timezone

from mlclub import forms
from mlclub.urls import urlpatterns as real


class SpecimenForm(django_forms.Form):
    title = django_forms.CharField(help_text="What a first-timer understands. No room or date here.")
    address = django_forms.EmailField(required=False)
    seats = django_forms.IntegerField(help_text="From 1 to 400.", required=False)
    starts_at = forms.DateTimeField(label="Starts")
    on = forms.DateField(label="Day", required=False)
    kind = django_forms.ChoiceField(choices=[("workshop", "Workshop"), ("meeting", "General meeting")])
    freed = django_forms.ChoiceField(
        label="When a seat frees",
        choices=[("next", "The next in line gets it"), ("offer", "The next in line is offered it")],
        widget=django_forms.RadioSelect,
    )
    record = django_forms.ChoiceField(
        label="Who may record",
        choices=[("no", "Nobody"), ("sound", "Sound"), ("all", "All")],
        widget=forms.Segments,
    )
    topics = django_forms.MultipleChoiceField(
        choices=[("rl", "Reinforcement learning"), ("cv", "Vision")],
        widget=django_forms.CheckboxSelectMultiple,
        required=False,
    )
    is_public = django_forms.BooleanField(
        label="Open to everyone", required=False, help_text="Walk-ins welcome."
    )
    slides = django_forms.FileField(required=False, help_text="PDF, at most 20 MB.")
    text = forms.MarkdownField(label="About it")


class Person:
    display_name = "Maximiliana Thérèse de Oliveira-Featherstonehaugh y Montalbán"
    initials = "MM"

    def get_absolute_url(self):
        return "/people/mm/"


def specimens(request):
    if request.GET.get("messages"):
        messages.success(request, "Saved. Version 2 is in.")
        messages.error(request, "The file did not arrive whole. What you typed is kept.")
    data = (
        {"title": "", "seats": "24 or so", "starts_at": "soon", "kind": "x"}
        if "errors" in request.GET
        else None
    )
    now = timezone.now()
    template = engines["django"].from_string(Path(__file__).with_name("specimens.html").read_text())
    page = Paginator(range(300), 10).get_page(request.GET.get("page", 4))
    return HttpResponse(
        template.render(
            {
                "form": SpecimenForm(data, initial={"starts_at": now}),
                "page_obj": page,
                "person": Person(),
                "soon": now + timedelta(days=3, hours=2),
                "today": now + timedelta(minutes=50),
                "past": now - timedelta(days=400),
            },
            request,
        )
    )


urlpatterns = [path("specimens/", login_not_required(specimens), name="specimens"), path("", include(real))]
