"""What the library tells people."""

from wiki.notifications.posts import PostPublished, PostReturned, PostReviewAsked, ReaderWrote

__all__ = ["PostPublished", "PostReturned", "PostReviewAsked", "ReaderWrote"]
