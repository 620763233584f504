"""What people type into the pages of events, a module for each subject."""

from events.forms.agenda import AgendaForm
from events.forms.calendars import FeedForm
from events.forms.finding import FilterForm
from events.forms.helping import HelpForm
from events.forms.organising import (
    CancelForm,
    EventForm,
    MaterialForm,
    MoveForm,
    ReinstateForm,
    ScopedForm,
    TalkForm,
)
from events.forms.seats import GuestForm, HeadCountForm
from events.forms.series import SeriesForm
from events.forms.sign_up import (
    AddForm,
    OpeningForm,
    QuestionForm,
    ReasonForm,
    RuleForm,
    SignUpForm,
    WindowForm,
)

__all__ = [
    "AddForm",
    "AgendaForm",
    "CancelForm",
    "EventForm",
    "FeedForm",
    "FilterForm",
    "GuestForm",
    "HeadCountForm",
    "HelpForm",
    "MaterialForm",
    "MoveForm",
    "OpeningForm",
    "QuestionForm",
    "ReasonForm",
    "ReinstateForm",
    "RuleForm",
    "ScopedForm",
    "SeriesForm",
    "SignUpForm",
    "TalkForm",
    "WindowForm",
]
