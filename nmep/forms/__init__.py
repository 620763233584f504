"""What people type into the programme's pages, a module for each subject."""

from nmep.forms.handing_in import HandInForm
from nmep.forms.reviewing import CommentForm, ReviewForm, SettleForm

__all__ = ["CommentForm", "HandInForm", "ReviewForm", "SettleForm"]
