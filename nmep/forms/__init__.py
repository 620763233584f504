"""What people type into the programme's pages, a module for each subject."""

from nmep.forms.handing_in import HandInForm
from nmep.forms.leaving import AskLeaveForm, LeaveForm
from nmep.forms.partners import LetterForm, MatchForm, MoveForm, NoteForm, WishForm
from nmep.forms.reviewing import CommentForm, ReviewForm, SettleForm
from nmep.forms.sheets import (
    OralResultForm,
    OralSlotsForm,
    PaperChoiceForm,
    PaperSheetForm,
    SlidesForm,
    SuggestionForm,
)
from nmep.forms.teaching import AnswerForm, ConceptCheckForm, QuestionForm

__all__ = [
    "AnswerForm",
    "AskLeaveForm",
    "CommentForm",
    "ConceptCheckForm",
    "HandInForm",
    "LeaveForm",
    "LetterForm",
    "MatchForm",
    "MoveForm",
    "NoteForm",
    "OralResultForm",
    "OralSlotsForm",
    "PaperChoiceForm",
    "PaperSheetForm",
    "QuestionForm",
    "ReviewForm",
    "SettleForm",
    "SlidesForm",
    "SuggestionForm",
    "WishForm",
]
