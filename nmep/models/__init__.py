from nmep.models.allowances import Absence, ExtensionRequest
from nmep.models.assignments import Assignment, Deviation, Milestone, Part, RubricCriterion, SpecRevision
from nmep.models.completions import Completion, Override
from nmep.models.enrolments import Enrolment
from nmep.models.marks import MarkChange
from nmep.models.mastery import HelpOffer, LearnerNote, Skill, SkillMark
from nmep.models.programmes import Module, Offering, Program, Session
from nmep.models.reviews import Comment, Review, RubricMark
from nmep.models.submissions import Piece, Submission, SubmissionAuthor

__all__ = [
    "Absence",
    "Assignment",
    "Comment",
    "Completion",
    "Deviation",
    "Enrolment",
    "ExtensionRequest",
    "HelpOffer",
    "LearnerNote",
    "MarkChange",
    "Milestone",
    "Module",
    "Offering",
    "Override",
    "Part",
    "Piece",
    "Program",
    "Review",
    "RubricCriterion",
    "RubricMark",
    "Session",
    "Skill",
    "SkillMark",
    "SpecRevision",
    "Submission",
    "SubmissionAuthor",
]
