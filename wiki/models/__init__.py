from wiki.models.attachments import Attachment
from wiki.models.pages import Link, Page, Redirect, Revision, Word
from wiki.models.papers import BibEntry, Paper

__all__ = ["Attachment", "BibEntry", "Link", "Page", "Paper", "Redirect", "Revision", "Word"]
