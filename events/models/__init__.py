from events.models.agenda import AgendaItem
from events.models.calendars import CalendarFeed
from events.models.events import Event
from events.models.fairs import Booth, Fair, FairCompany, FairDisclosure, FairStudent, FairTick
from events.models.feedback import FeedbackAnswer, FeedbackForm, FeedbackGiven
from events.models.help import HelperOffer, HelpTicket
from events.models.kinds import Kind, Visibility
from events.models.mentoring import TalkMentoring
from events.models.registrations import Attendance, Registration
from events.models.rooms import Room
from events.models.series import Series
from events.models.slots import Claim, Slot, SlotQuestion, SlotSheet, Swap
from events.models.talks import Material, Talk
from events.models.templates import EventTemplate

__all__ = [
    "AgendaItem",
    "Attendance",
    "Booth",
    "CalendarFeed",
    "Claim",
    "Event",
    "EventTemplate",
    "Fair",
    "FairCompany",
    "FairDisclosure",
    "FairStudent",
    "FairTick",
    "FeedbackAnswer",
    "FeedbackForm",
    "FeedbackGiven",
    "HelpTicket",
    "HelperOffer",
    "Kind",
    "Material",
    "Registration",
    "Room",
    "Series",
    "Slot",
    "SlotQuestion",
    "SlotSheet",
    "Swap",
    "Talk",
    "TalkMentoring",
    "Visibility",
]
