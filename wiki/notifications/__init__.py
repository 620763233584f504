"""What the library tells people."""

from wiki.notifications.posts import PostPublished, PostReturned, PostReviewAsked, ReaderWrote
from wiki.notifications.suggestions import SuggestionMade, SuggestionSettled

__all__ = [
    "PostPublished",
    "PostReturned",
    "PostReviewAsked",
    "ReaderWrote",
    "SuggestionMade",
    "SuggestionSettled",
]
