"""What the programme tells people, a module for each subject. A mail says that something is there, never what is in it."""

from nmep.notifications.capstones import (
    CapstonePlaced,
    FeedbackReleased,
    MentorAsked,
    MentorDeclined,
    MentorFound,
    StepAnswered,
    StepHandedIn,
    StepReminder,
)
from nmep.notifications.courses import ApplicationDecided, ConfirmApplication
from nmep.notifications.leaving import LearnerLeft, LeaveAsked, LeaveSettled
from nmep.notifications.mastery import Completed, HelpOffered, RequestAnswered, RequestWaits
from nmep.notifications.meetings import MeetingCancelled, MeetingMoved
from nmep.notifications.partners import NoPartner, PartnerLetter, PartnersTold, composition
from nmep.notifications.questions import QuestionAnswered
from nmep.notifications.reviewing import SecondLookAnswered
from nmep.notifications.sheets import LectureDropped, LectureReminder, LectureWanted, OralResultThere
from nmep.notifications.work import DueMoved, HomeworkReminder, Receipt, ReviewPosted, Welcome, link

__all__ = [
    "ApplicationDecided",
    "CapstonePlaced",
    "Completed",
    "ConfirmApplication",
    "DueMoved",
    "FeedbackReleased",
    "HelpOffered",
    "HomeworkReminder",
    "LearnerLeft",
    "LeaveAsked",
    "LeaveSettled",
    "LectureDropped",
    "LectureReminder",
    "LectureWanted",
    "MeetingCancelled",
    "MeetingMoved",
    "MentorAsked",
    "MentorDeclined",
    "MentorFound",
    "NoPartner",
    "OralResultThere",
    "PartnerLetter",
    "PartnersTold",
    "QuestionAnswered",
    "Receipt",
    "RequestAnswered",
    "RequestWaits",
    "ReviewPosted",
    "SecondLookAnswered",
    "StepAnswered",
    "StepHandedIn",
    "StepReminder",
    "Welcome",
    "composition",
    "link",
]
