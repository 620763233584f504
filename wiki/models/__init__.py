from wiki.models.attachments import Attachment
from wiki.models.authors import ImportedAuthor
from wiki.models.care import CareRequest, LibraryFigure, OwnerChange
from wiki.models.changes import LibraryChange
from wiki.models.lists import Placement, ReadingList, ReadingTopic
from wiki.models.lookups import LookupPace, PaperLookup
from wiki.models.meanings import Meaning
from wiki.models.mirrors import LibraryArchive, Mirror, MirrorKey
from wiki.models.moves import Move
from wiki.models.pages import Link, Page, Redirect, Revision
from wiki.models.papers import BibEntry, OtherKey, Paper
from wiki.models.passages import Passage
from wiki.models.posts import Post, PostAddress, PostAuthor, PostRevision, ReaderNote, ReviewNote
from wiki.models.reading import Citing, FormerPaper, PaperNote, ReadMark
from wiki.models.requires import (
    KnownPage,
    LearningFollow,
    LearningPath,
    LearningStep,
    Requirement,
    RequirementProposal,
)
from wiki.models.suggestions import Suggestion, waiting_count
from wiki.models.views import PageViews, SearchMiss
from wiki.models.words import Word

__all__ = [
    "Attachment",
    "BibEntry",
    "CareRequest",
    "Citing",
    "FormerPaper",
    "ImportedAuthor",
    "KnownPage",
    "LearningFollow",
    "LearningPath",
    "LearningStep",
    "LibraryArchive",
    "LibraryChange",
    "LibraryFigure",
    "Link",
    "LookupPace",
    "Meaning",
    "Mirror",
    "MirrorKey",
    "Move",
    "OtherKey",
    "OwnerChange",
    "Page",
    "PageViews",
    "Paper",
    "PaperLookup",
    "PaperNote",
    "Passage",
    "Placement",
    "Post",
    "PostAddress",
    "PostAuthor",
    "PostRevision",
    "ReadMark",
    "ReaderNote",
    "ReadingList",
    "ReadingTopic",
    "Redirect",
    "Requirement",
    "RequirementProposal",
    "ReviewNote",
    "Revision",
    "SearchMiss",
    "Suggestion",
    "Word",
    "waiting_count",
]
