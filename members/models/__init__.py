from members.models.announcements import Announcement
from members.models.audit import AuditEntry
from members.models.club import Club
from members.models.contacts import Contact, Organization
from members.models.invitations import Invitation
from members.models.magic_links import MagicLink
from members.models.notifications import MailEvent, Notification, Preference, Suppression
from members.models.offices import Office, OfficeTerm
from members.models.pairings import Pairing, PairingCheckIn, PairingMember
from members.models.people import User
from members.models.reports import ProblemReport
from members.models.terms import Break, Membership, Term
from members.models.thanks import Thanks
from members.models.topics import Topic
from members.models.webhooks import ChannelPost, Webhook

__all__ = [
    "Announcement",
    "AuditEntry",
    "Break",
    "ChannelPost",
    "Club",
    "Contact",
    "Invitation",
    "MagicLink",
    "MailEvent",
    "Membership",
    "Notification",
    "Office",
    "OfficeTerm",
    "Organization",
    "Pairing",
    "PairingCheckIn",
    "PairingMember",
    "Preference",
    "ProblemReport",
    "Suppression",
    "Term",
    "Thanks",
    "Topic",
    "User",
    "Webhook",
]
