from events.models.afterwards import Album, AlbumObjection, ThankYou
from events.models.agenda import AgendaItem
from events.models.calendars import CalendarFeed
from events.models.door import DoorTick, HeadCount
from events.models.events import Event
from events.models.fairs import Booth, Fair, FairCompany, FairDisclosure, FairStudent, FairTick
from events.models.feedback import FeedbackAnswer, FeedbackForm, FeedbackGiven
from events.models.following import SeriesFollow
from events.models.help import HelperOffer, HelpTicket
from events.models.kinds import Kind, Visibility
from events.models.mentoring import TalkMentoring
from events.models.no_shows import NoShowRule
from events.models.preparing import Preparation, SetupAnswer
from events.models.registrations import Attendance, Registration
from events.models.rooms import Room
from events.models.rotas import Backup, Presentation, Rota, SlotComment, Turn
from events.models.series import Series
from events.models.sign_up import (
    EventDraw,
    RegistrationWindow,
    SignUpAnswer,
    SignUpQuestion,
)
from events.models.slot_sheets import SlotSheet
from events.models.slots import Claim, Slot, SlotQuestion, Swap
from events.models.speakers import SpeakerVisit
from events.models.symposium import (
    Abstract,
    AbstractAuthor,
    AbstractReview,
    CoHost,
    ProgrammeSession,
    Symposium,
    SymposiumGuest,
    Track,
)
from events.models.talks import Material, Talk
from events.models.templates import EventTemplate

__all__ = [
    "Abstract",
    "AbstractAuthor",
    "AbstractReview",
    "AgendaItem",
    "Album",
    "AlbumObjection",
    "Attendance",
    "Backup",
    "Booth",
    "CalendarFeed",
    "Claim",
    "CoHost",
    "DoorTick",
    "Event",
    "EventDraw",
    "EventTemplate",
    "Fair",
    "FairCompany",
    "FairDisclosure",
    "FairStudent",
    "FairTick",
    "FeedbackAnswer",
    "FeedbackForm",
    "FeedbackGiven",
    "HeadCount",
    "HelpTicket",
    "HelperOffer",
    "Kind",
    "Material",
    "NoShowRule",
    "Preparation",
    "Presentation",
    "ProgrammeSession",
    "Registration",
    "RegistrationWindow",
    "Room",
    "Rota",
    "Series",
    "SeriesFollow",
    "SetupAnswer",
    "SignUpAnswer",
    "SignUpQuestion",
    "Slot",
    "SlotComment",
    "SlotQuestion",
    "SlotSheet",
    "SpeakerVisit",
    "Swap",
    "Symposium",
    "SymposiumGuest",
    "Talk",
    "TalkMentoring",
    "ThankYou",
    "Track",
    "Turn",
    "Visibility",
]
