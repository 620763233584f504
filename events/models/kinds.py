from __future__ import annotations

from django.db import models


class Kind(models.TextChoices):
    """What sort of gathering it is."""

    MEETING = "meeting", "General meeting"
    LECTURE = "lecture", "Class"
    READING_GROUP = "reading_group", "Reading group"
    WORKSHOP = "workshop", "Workshop"
    SOCIAL = "social", "Social"
    RESEARCH = "research", "Research meeting"
    STUDY_GROUP = "study_group", "Study group"
    HOMEWORK_PARTY = "homework_party", "Homework party"
    INFO_SESSION = "info_session", "Info session"
    SHOWCASE = "showcase", "Showcase"
    OTHER = "other", "Event"


class Visibility(models.TextChoices):
    """Who finds it and may come."""

    PUBLIC = "public", "Open to everyone"
    MEMBERS = "members", "Members"
    INVITED = "invited", "By invitation"


class RegistrationState(models.TextChoices):
    """Seated or waiting is not a state: it follows from the order of those who are going."""

    GOING = "going", "Going"
    CANCELLED = "cancelled", "Cancelled"
    LAPSED = "lapsed", "Offer lapsed"
