"""The rights of offices, and what the portal keeps about a person."""

from __future__ import annotations

from typing import Any

from events import fair_students
from events.models import (
    AgendaItem,
    AlbumObjection,
    Attendance,
    Backup,
    CalendarFeed,
    Claim,
    HelperOffer,
    HelpTicket,
    Presentation,
    Registration,
    SeriesFollow,
    SetupAnswer,
    SlotComment,
    SlotQuestion,
    SpeakerVisit,
    Talk,
)
from members.models import User


def office_permissions() -> dict[str, list[str]]:
    """Every office may make and run events; the records of people belong to those who look after events."""
    own = [
        f"events.{verb}_{model}"
        for model in ("event", "series", "slotsheet", "room")
        for verb in ("add", "change", "view")
    ]
    own += [
        f"events.{verb}_{model}"
        for model in ("talk", "material", "slot", "eventtemplate")
        for verb in ("add", "change", "delete", "view")
    ]
    own += [f"events.{verb}_{model}" for model in ("rota", "preparation") for verb in ("change", "view")]
    own += ["events.add_preparation", "events.delete_preparation"]
    own += [f"events.{verb}_backup" for verb in ("change", "delete", "view")]
    own += ["events.view_slotcomment", "events.delete_slotcomment"]
    own += [
        f"events.{verb}_{model}"
        for model in ("symposium", "track", "programmesession", "cohost", "abstract", "abstractauthor")
        for verb in ("add", "change", "view")
    ]
    own += ["events.view_feedbackform", "events.view_eventdraw"]
    own += [
        f"events.{verb}_{model}"
        for model in ("registrationwindow", "signupquestion")
        for verb in ("add", "change", "view")
    ]
    own.append("events.delete_registrationwindow")
    own += [f"events.{verb}_speakervisit" for verb in ("add", "change", "view")]
    own += [
        f"events.{verb}_{model}" for model in ("fair", "booth", "faircompany") for verb in ("change", "view")
    ]
    records = [
        "events.change_feedbackform",
        "events.delete_feedbackform",
        "events.view_registration",
        "events.view_noshowrule",
        "events.add_noshowrule",
        "events.change_noshowrule",
        "events.view_attendance",
        "events.add_attendance",
        "events.change_attendance",
        "events.delete_attendance",
        "events.export_registration",
        "events.delete_event",
        "events.view_album",
        "events.change_album",
        "events.delete_album",
        "events.view_albumobjection",
        "events.change_albumobjection",
        "events.delete_series",
        "events.delete_room",
        "events.view_seriesfollow",
        "events.add_seriesfollow",
        "events.delete_seriesfollow",
        "events.view_claim",
        "events.change_claim",
        "events.view_swap",
        "events.view_slotquestion",
        "events.delete_slotquestion",
        "events.delete_slotsheet",
    ]
    return {"*": own, "president": records, "events": records}


def personal_data(person: User) -> dict[str, Any]:
    return {
        "event registrations": [
            {
                "event": row.event.title,
                "starts_at": row.event.starts_at.isoformat(),
                "state": row.get_state_display(),
                "registered_at": row.created_at.isoformat(),
                "cancelled_at": row.cancelled_at.isoformat() if row.cancelled_at else None,
                "reason": row.reason,
                "note": row.note,
                "answers": {answer.asked: answer.words for answer in row.answers.all()},
                "said_no_at": row.said_no_at.isoformat() if row.said_no_at else None,
                "excused_at": row.excused_at.isoformat() if row.excused_at else None,
                "guests": [guest.name for guest in row.guests.all()],
            }
            for row in Registration.objects.filter(user=person)
            .select_related("event")
            .prefetch_related("answers", "guests")
        ],
        "event attendance": [
            {"event": row.event.title, "at": row.at.isoformat(), "source": row.get_source_display()}
            for row in Attendance.objects.filter(user=person).select_related("event")
        ],
        "pictures not to be shown": [
            {"event": row.album.event.title, "which": row.which, "at": row.at.isoformat()}
            for row in AlbumObjection.objects.filter(person=person).select_related("album__event")
        ],
        "points put on an agenda": list(
            AgendaItem.objects.filter(added_by=person).values("event__title", "title", "notes", "added_at")
        ),
        "help asked for": [
            {
                "event": row.event.title,
                "about": row.about,
                "text": row.text,
                "state": row.get_state_display(),
                "at": row.created_at.isoformat(),
            }
            for row in HelpTicket.objects.filter(person=person).select_related("event")
        ],
        "help offered": [
            {"event": row.event.title, "at": row.said_at.isoformat()}
            for row in HelperOffer.objects.filter(person=person).select_related("event")
        ],
        "talks as somebody from outside": [
            {
                "event": visit.event.title if visit.event else "",
                "state": visit.get_state_display(),
                "title": visit.title,
                "bio": visit.bio,
                "letter": visit.letter,
                "thanks": visit.thanks if visit.thanked_at else "",
            }
            for visit in SpeakerVisit.objects.filter(contact__user=person).select_related("event")
        ],
        "talks": [
            {"event": talk.event.title, "at": talk.event.starts_at.isoformat(), "title": talk.title}
            for talk in Talk.objects.filter(speakers=person).select_related("event")
        ],
        "slots": list(
            Claim.objects.filter(person=person).values(
                "slot__sheet__title", "slot__title", "state", "rank", "topic", "claimed_at", "ended_at"
            )
        ),
        "questions before talks": list(
            SlotQuestion.objects.filter(author=person).values("slot__sheet__title", "text", "asked_at")
        ),
        "series followed": list(SeriesFollow.objects.filter(person=person).values("series__name", "since")),
        "feedback on presentations": list(
            SlotComment.objects.filter(author=person).values("slot__sheet__title", "text", "at")
        ),
        "presentations chosen": list(
            Presentation.objects.filter(chosen_by=person).values(
                "slot__sheet__title", "paper__title", "ask", "chosen_at"
            )
        ),
        "stepping in": list(
            Backup.objects.filter(person=person).values("slot__sheet__title", "state", "since", "ended_at")
        ),
        "setup before workshops": list(
            SetupAnswer.objects.filter(person=person).values("event__title", "works", "note", "at")
        ),
        "given to companies of career fairs": fair_students.personal_data(person),
        "calendar addresses": [
            {
                "created_at": feed.created_at.isoformat(),
                "revoked_at": feed.revoked_at.isoformat() if feed.revoked_at else None,
            }
            for feed in CalendarFeed.objects.filter(user=person)
        ],
    }
