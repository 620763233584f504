from nmep.models.allowances import Absence, ExtensionRequest
from nmep.models.assignments import Assignment, Deviation, Milestone, Part, RubricCriterion, SpecRevision
from nmep.models.boards import BoardName, HiddenLabels
from nmep.models.capstones import (
    Capstone,
    CapstoneMember,
    CapstonePolicy,
    CapstoneStep,
    StepComment,
    StepVersion,
)
from nmep.models.checks import Check, CheckResult, GraderMachine, Run
from nmep.models.completions import Completion, Override
from nmep.models.concept_checks import ConceptCheck, ConceptTally, ConceptVoter
from nmep.models.courses import CourseApplication, CourseGroup, CoursePolicy, GroupPlace, WeekCheckIn
from nmep.models.departures import Departure
from nmep.models.enrolments import Enrolment
from nmep.models.marks import MarkChange
from nmep.models.mastery import HelpOffer, LearnerNote, Skill, SkillMark
from nmep.models.modules import Module, ModuleLink, ModuleNeed
from nmep.models.partners import PairingRound, PartnerNote, PartnerTeam, PartnerWish, TeamPlace
from nmep.models.phrases import Phrase, PhraseUse
from nmep.models.programmes import Offering, Program, Session
from nmep.models.questions import Answer, Question
from nmep.models.reviews import Comment, Review, RubricMark
from nmep.models.second_looks import SecondLook
from nmep.models.sheets import OfferingSheet, OralResult, PaperTalk
from nmep.models.showcases import Showcase, ShowcaseTalk
from nmep.models.submissions import Piece, Submission, SubmissionAuthor

__all__ = [
    "Absence",
    "Answer",
    "Assignment",
    "BoardName",
    "Capstone",
    "CapstoneMember",
    "CapstonePolicy",
    "CapstoneStep",
    "Check",
    "CheckResult",
    "Comment",
    "Completion",
    "ConceptCheck",
    "ConceptTally",
    "ConceptVoter",
    "CourseApplication",
    "CourseGroup",
    "CoursePolicy",
    "Departure",
    "Deviation",
    "Enrolment",
    "ExtensionRequest",
    "GraderMachine",
    "GroupPlace",
    "HelpOffer",
    "HiddenLabels",
    "LearnerNote",
    "MarkChange",
    "Milestone",
    "Module",
    "ModuleLink",
    "ModuleNeed",
    "Offering",
    "OfferingSheet",
    "OralResult",
    "Override",
    "PairingRound",
    "PaperTalk",
    "Part",
    "PartnerNote",
    "PartnerTeam",
    "PartnerWish",
    "Phrase",
    "PhraseUse",
    "Piece",
    "Program",
    "Question",
    "Review",
    "RubricCriterion",
    "RubricMark",
    "Run",
    "SecondLook",
    "Session",
    "Showcase",
    "ShowcaseTalk",
    "Skill",
    "SkillMark",
    "SpecRevision",
    "StepComment",
    "StepVersion",
    "Submission",
    "SubmissionAuthor",
    "TeamPlace",
    "WeekCheckIn",
]
