"""The four gatherings that every club has, as templates that its officers then make their own."""

from datetime import time, timedelta

from django.db import migrations

USUAL = [
    {
        "name": "General meeting",
        "kind": "meeting",
        "weekday": 2,
        "start_time": time(19),
        "length": timedelta(minutes=90),
        "visibility": "public",
        "summary": "What is going on in the club, and a talk. Newcomers are welcome.",
        "agenda": "Welcome | | 5\nNews of the projects | | 20\nTalk | | 40\nWho needs a hand? | | 10",
    },
    {
        "name": "Reading group",
        "kind": "reading_group",
        "weekday": 1,
        "start_time": time(18, 30),
        "length": timedelta(hours=1),
        "summary": "One paper, presented by one of us, then discussed by all.",
    },
    {
        "name": "Workshop",
        "kind": "workshop",
        "weekday": 5,
        "start_time": time(11),
        "length": timedelta(hours=2),
        "capacity": 24,
        "uses_offers": True,
        "helpers_wanted": 2,
        "summary": "Something to try out, step by step.",
        "description": "Bring a laptop. What to set up before comes by mail.",
    },
    {
        "name": "Social",
        "kind": "social",
        "weekday": 4,
        "start_time": time(20),
        "length": timedelta(hours=2, minutes=30),
        "guests_allowed": 1,
        "asks_note": True,
        "helpers_wanted": 2,
        "summary": "Food, games and time to talk.",
    },
]


def add(apps, schema_editor):
    template = apps.get_model("events", "EventTemplate")
    for position, fields in enumerate(USUAL):
        template.objects.get_or_create(name=fields["name"], defaults={**fields, "position": position})


def take_back(apps, schema_editor):
    apps.get_model("events", "EventTemplate").objects.filter(
        name__in=[fields["name"] for fields in USUAL]
    ).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0010_event_templates'),
    ]

    operations = [migrations.RunPython(add, take_back)]
