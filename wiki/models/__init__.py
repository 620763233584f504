from wiki.models.attachments import Attachment
from wiki.models.authors import ImportedAuthor
from wiki.models.lists import Placement, ReadingList, ReadingTopic
from wiki.models.lookups import LookupPace, PaperLookup
from wiki.models.pages import Link, Page, Redirect, Revision, Word
from wiki.models.papers import BibEntry, Paper

__all__ = [
    "Attachment",
    "BibEntry",
    "ImportedAuthor",
    "Link",
    "LookupPace",
    "Page",
    "Paper",
    "PaperLookup",
    "Placement",
    "ReadingList",
    "ReadingTopic",
    "Redirect",
    "Revision",
    "Word",
]
