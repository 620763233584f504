"""Every address of the portal, and who may open it. A new address has to be written down here before its page passes.

`PUBLIC_PAGES` is the complete list of what opens without signing in.
"""

from __future__ import annotations

from tests.access import parts
from tests.access.cases import (
    EVENT_OFFICERS,
    HOSTS,
    IN_THE_COURSE,
    INVITED,
    LEADS,
    LIBRARY,
    OTHER_LEADS,
    OTHER_WORK,
    OWN_WORK,
    PLANNERS,
    PROJECT_LEADS,
    STAFF,
    WORKERS,
    Within,
    event,
    of_events,
    of_offerings,
    of_pages,
    of_projects,
    of_work,
    path,
    person,
    project,
    slug,
    work,
)
from tests.access.doors import (
    EVERYBODY,
    FORBIDDEN,
    GONE,
    HIDDEN_READERS,
    MISSING,
    NO,
    NOBODY,
    OFFICERS,
    OFFICES,
    PUBLIC,
    READERS,
    SIGN_IN,
    SIGNED_IN,
    WRITERS,
    Case,
    only,
)

#: Whoever speaks at an event leaves slides there, as its hosts do.
TELLERS = only("host", "member", *OFFICES, others=FORBIDDEN)

PUBLIC_PAGES = {
    # what the club shows to the world; each page shows of it what is public
    "portal:front",
    "events:event_list",
    "events:event_detail",
    "events:event_file",
    "events:series_detail",
    "events:recording_list",
    "events:material_file",
    "nmep:current",
    "nmep:syllabus",
    "nmep:week_detail",
    "projects:initiative_list",
    "projects:initiative_detail",
    "wiki:page_front",
    "wiki:page_detail",
    "wiki:attachment_file",
    "members:club_logo",
    "members:report_problem",
    "portal:search",
    "portal:search_suggest",
    "theme_set",
    # calendars, and what a token opens
    "events:public_feed",
    "events:series_feed",
    "events:personal_feed",
    "events:code_entry",
    "events:code_check_in",
    "members:unsubscribe",
    "members:invitation_detail",
    "members:first_run",
    # the demo club's own, 404 everywhere else
    "portal:demo_sign_in",
    "portal:demo_mail_list",
    "portal:demo_mail_detail",
    "portal:demo_mail_html",
    # machines
    "health_live",
    "health_ready",
    # signing in and signing up (allauth)
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_email_verification_sent",
    "account_reset_password",
    "account_confirm_login_code",
    "account_confirm_password_reset_code",
    "account_complete_password_reset",
    "account_password_reset_completed",
    "account_request_login_code",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "socialaccount_login_cancelled",
    "socialaccount_signup",
    "google_login",
    "google_callback",
    "google_login_by_token",
    "github_login",
    "github_callback",
    "openid_connect_login",
    "openid_connect_callback",
}

#: allauth's addresses that ask for a signed-in person. Its public ones are above.
ACCOUNT_PAGES = {
    "account_change_password",
    "account_email",
    "account_reauthenticate",
    "account_set_password",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_deactivate_totp",
    "mfa_download_recovery_codes",
    "mfa_edit_webauthn",
    "mfa_generate_recovery_codes",
    "mfa_index",
    "mfa_list_webauthn",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "mfa_view_recovery_codes",
    "socialaccount_connections",
    "socialaccount_login_error",
    "usersessions_list",
}

TABLE: dict[str, list[Case]] = {
    # ── the portal ──
    "theme_set": [Case("", NO, PUBLIC, data={"theme": "dark"})],
    "portal:front": [Case("", PUBLIC)],
    "portal:home": [Case("", SIGNED_IN)],
    "portal:search": [Case("", PUBLIC)],
    "portal:search_suggest": [Case("", PUBLIC)],
    "portal:desk": [Case("", OFFICERS)],
    "portal:digest_mine": [Case("", SIGNED_IN)],
    "portal:digest_preview": [Case("", OFFICERS)],
    "portal:demo_sign_in": [Case("outside the demo", NOBODY, NOBODY, data={"role": "officer"})],
    "portal:demo_mail_list": [Case("outside the demo", NOBODY, NOBODY)],
    "portal:demo_mail_detail": [Case("outside the demo", NOBODY, NOBODY, lambda world: {"name": "a"})],
    "portal:demo_mail_html": [Case("outside the demo", NOBODY, NOBODY, lambda world: {"name": "a"})],
    "health_live": [Case("", PUBLIC)],
    "health_ready": [Case("", PUBLIC)],
    # ── people ──
    "members:person_list": [Case("", READERS)],
    "members:profile_edit": [Case("one's own", SIGNED_IN, SIGNED_IN)],
    "members:person_detail": [
        Case("somebody listed", READERS, NO, person("listed")),
        Case("somebody who is not listed", OFFICERS_ALONE := only(*OFFICES), NO, person("unlisted")),
    ],
    "members:avatar": [
        Case("somebody listed", READERS, NO, person("listed")),
        Case("somebody without a picture", only(), NO, person("unlisted")),
    ],
    "members:privacy_settings": [Case("one's own", SIGNED_IN, SIGNED_IN)],
    "members:own_data": [Case("one's own", SIGNED_IN)],
    "members:own_data_download": [Case("one's own", NO, SIGNED_IN)],
    "members:erasure_ask": [Case("one's own", NO, SIGNED_IN)],
    "members:club_logo": [Case("a club without a logo", NOBODY)],
    "members:invitation_detail": [
        Case(
            "with the link",
            PUBLIC,
            PUBLIC,
            lambda world: {"token": world.invitation.get_absolute_url().split("/")[2]},
        ),
        Case("with a wrong link", NOBODY, NOBODY, lambda world: {"token": "wrong"}),
    ],
    "members:first_run": [
        Case(
            "the club stands already",
            *(only(stranger=GONE, others=GONE),) * 2,
            lambda world: {"token": world.first_run_token},
        ),
        Case("with a wrong link", NOBODY, NOBODY, lambda world: {"token": "wrong"}),
    ],
    "members:report_problem": [Case("", PUBLIC, PUBLIC)],
    "members:notification_settings": [Case("one's own", SIGNED_IN, SIGNED_IN)],
    "members:mail_resume": [Case("one's own", NO, SIGNED_IN)],
    "members:sent_to_me": [Case("one's own", SIGNED_IN)],
    "members:unsubscribe": [
        Case("with the link", PUBLIC, PUBLIC, lambda world: {"token": world.stop_token}),
        Case("with a wrong link", NOBODY, NOBODY, lambda world: {"token": "wrong"}),
    ],
    "members:mail_desk": [Case("", MAIL := only("president", others=FORBIDDEN), MAIL)],
    "members:mail_lift": [Case("", NO, MAIL, data={"address": "a@club.example"})],
    # ── the library ──
    "wiki:page_front": [Case("with a public page", PUBLIC)],
    "wiki:page_create": [Case("", WRITERS, WRITERS)],
    "wiki:page_similar": [Case("", WRITERS)],
    "wiki:change_list": [Case("", READERS)],
    "wiki:page_care": [Case("", READERS)],
    "wiki:page_wanted": [Case("", READERS)],
    "wiki:page_trash_list": [Case("", LIBRARY)],
    "wiki:markdownx_markdownify": [Case("", NO, WRITERS, data={"content": "Some *words*"})],
    "wiki:markdownx_upload": [Case("no picture", NO, WRITERS)],
    "wiki:attachment_file": [
        Case(
            "a picture of a members' page",
            HIDDEN_READERS,
            NO,
            lambda world: {"sha": world.picture.sha256, "extension": world.picture.extension},
        )
    ],
    "wiki:page_edit": of_pages(WRITERS, WRITERS),
    "wiki:page_rename": of_pages(WRITERS, WRITERS),
    "wiki:page_settings": of_pages(LIBRARY, LIBRARY),
    "wiki:page_revert": of_pages(NO, WRITERS, number="1", base="1"),
    "wiki:page_check": of_pages(NO, WRITERS),
    "wiki:page_adopt": of_pages(NO, WRITERS),
    "wiki:page_trash": of_pages(LIBRARY, LIBRARY),
    "wiki:page_restore": [Case("a page in the trash", NO, LIBRARY, path("thrown"))],
    "wiki:page_history": [
        *of_pages(READERS),
        Case("a page in the trash", only(), NO, path("thrown")),
    ],
    "wiki:page_diff": of_pages(READERS),
    "wiki:page_detail": [
        Case("a public page", PUBLIC, NO, path("open")),
        Case("a members' page", READERS, NO, path("inside")),
        Case("a page in the trash", only(), NO, path("thrown")),
    ],
    # ── events ──
    "events:event_list": [Case("", PUBLIC)],
    "events:event_create": [Case("", EVENT_OFFICERS, EVENT_OFFICERS)],
    "events:recording_list": [Case("", PUBLIC)],
    "events:calendar_settings": [Case("one's own", SIGNED_IN, SIGNED_IN)],
    "events:feed_renew": [Case("one's own", NO, SIGNED_IN)],
    "events:feed_revoke": [Case("one's own", NO, SIGNED_IN)],
    "events:public_feed": [Case("", PUBLIC)],
    "events:personal_feed": [
        Case("with the address", PUBLIC, NO, lambda world: {"token": world.feed_token}),
        Case("with a wrong address", NOBODY, NO, lambda world: {"token": "wrong"}),
    ],
    "events:series_feed": [
        Case("a public series", PUBLIC, NO, slug("public_series")),
        Case("a members' series", NOBODY, NO, slug("members_series")),
    ],
    "events:series_create": [Case("", EVENT_OFFICERS, EVENT_OFFICERS)],
    "events:series_detail": [
        Case("a public series", PUBLIC, NO, slug("public_series")),
        Case("a members' series", HIDDEN_READERS, NO, slug("members_series")),
    ],
    "events:series_edit": [
        Case("a public series", HOSTS, HOSTS, slug("public_series")),
        Case(
            "a members' series",
            *(Within(HOSTS.who, SIGN_IN, FORBIDDEN, READERS.who),) * 2,
            slug("members_series"),
        ),
    ],
    "events:event_detail": [
        Case("a public event", PUBLIC, NO, event("public", among="page")),
        Case("a members' event", HIDDEN_READERS, NO, event("members", among="page")),
        Case("an event by invitation", INVITED, NO, event("invited", among="page")),
    ],
    "events:event_file": [
        Case("a public event", PUBLIC, NO, event("public")),
        Case("a members' event", HIDDEN_READERS, NO, event("members")),
        Case("an event by invitation", INVITED, NO, event("invited")),
    ],
    **{
        f"events:event_{verb}": [
            Case("a public event", NO, SIGNED_IN, event("public")),
            Case("a members' event", NO, READERS, event("members")),
            Case("an event by invitation", NO, only(*INVITED.who), event("invited")),
        ]
        for verb in ("register", "leave", "accept")
    },
    "events:guest_register": [
        Case(
            "one's own seat",
            NO,
            only("member"),
            event("members"),
            {"name": "A Guest", "email": "g@club.example"},
        ),
    ],
    **{f"events:event_{verb}": of_events(HOSTS, HOSTS) for verb in ("edit", "move", "cancel")},
    "events:talk_create": of_events(HOSTS, HOSTS),
    "events:talk_edit": of_events(HOSTS, HOSTS, among="talk"),
    # The member speaks at the members' event.
    "events:material_create": [
        *of_events(HOSTS, HOSTS)[::2],
        of_events(TELLERS, TELLERS)[1],
    ],
    "events:material_remove": of_events(NO, HOSTS, among="material"),
    "events:material_file": [
        Case("members' slides of a public event", HIDDEN_READERS, NO, event("public", among="file")),
        Case("slides of a members' event", HIDDEN_READERS, NO, event("members", among="file")),
        Case("slides of an event by invitation", INVITED, NO, event("invited", among="file")),
    ],
    "events:event_people": of_events(HOSTS),
    "events:people_cancel": of_events(NO, HOSTS, among="registration"),
    "events:event_screen": of_events(HOSTS),
    "events:event_door": [
        Case(case.about, case.get, case.post, case.kwargs, {"walk_in": "", "walk_in-name": ""})
        for case in of_events(HOSTS, HOSTS)
    ],
    "events:door_undo": of_events(NO, HOSTS),
    "events:code_entry": [Case("", PUBLIC)],
    "events:code_check_in": [
        Case("with the code of the minute", PUBLIC, PUBLIC, lambda world: {"code": world.code()}),
        Case("with a wrong code", NOBODY, NOBODY, lambda world: {"code": "XXXXXX"}),
    ],
    # ── projects ──
    "projects:initiative_list": [Case("", PUBLIC)],
    "projects:initiative_create": [Case("", WRITERS, WRITERS)],
    "projects:initiative_detail": of_projects(only(*EVERYBODY, stranger=MISSING))[:1]
    + [
        Case("a members' project", HIDDEN_READERS, NO, project("members")),
        Case(
            "a project of its team",
            only("member", "new member", *OFFICES, stranger=MISSING),
            NO,
            project("team"),
        ),
    ],
    "projects:initiative_edit": of_projects(PROJECT_LEADS, PROJECT_LEADS),
    "projects:update_create": of_projects(WORKERS, WORKERS),
    "projects:output_create": of_projects(PROJECT_LEADS, PROJECT_LEADS),
    "projects:team_edit": of_projects(PROJECT_LEADS, PROJECT_LEADS),
    "projects:role_end": of_projects(NO, PROJECT_LEADS, with_role=True),
    # ── the programme ──
    "nmep:current": [Case("", PUBLIC)],
    "nmep:syllabus": of_offerings(PUBLIC, PUBLIC, PLANNERS),
    "nmep:week_detail": of_offerings(PUBLIC, PUBLIC, PLANNERS, week=1),
    "nmep:assignment_detail": [
        Case("in the offering", IN_THE_COURSE, IN_THE_COURSE, slug("offering", key="hw1")),
        Case("in another offering", READERS, READERS, slug("other_offering", key="hw1")),
        Case(
            "not yet published", only("lead", *OFFICES), only("lead", *OFFICES), slug("offering", key="hw9")
        ),
    ],
    "nmep:spec_detail": [
        Case("in the offering", IN_THE_COURSE, NO, slug("offering", key="hw1", n=1)),
        Case("in another offering", READERS, NO, slug("other_offering", key="hw1", n=1)),
        Case("not yet published", only("lead", *OFFICES), NO, slug("offering", key="hw9", n=1)),
    ],
    "nmep:progress_mine": [
        Case("one's own", only("new member", "participant"), NO, slug("offering")),
        Case("where one does not learn", only(), NO, slug("other_offering")),
    ],
    "nmep:roster": of_offerings(LEADS, OTHER_LEADS, only("education")),
    "nmep:roster_export": of_offerings(LEADS, OTHER_LEADS, only("education"), posts=True),
    "nmep:progress_detail": [
        Case("a learner", LEADS, NO, lambda world: {"slug": "ours", "pk": world.enrolment.pk}),
        Case(
            "another's learner",
            OTHER_LEADS,
            NO,
            lambda world: {"slug": "theirs", "pk": world.other_enrolment.pk},
        ),
        Case(
            "under the wrong offering",
            only(),
            NO,
            lambda world: {"slug": "ours", "pk": world.other_enrolment.pk},
        ),
    ],
    "nmep:review_queue": of_offerings(STAFF, only("education"), only("education")),
    "nmep:review_next": of_offerings(STAFF, only("education"), only("education"), posts=True),
    "nmep:submission_detail": of_work(OWN_WORK, OTHER_WORK),
    "nmep:submission_changes": [
        Case("the second version", OWN_WORK, NO, work("submission")),
        Case("a first version", only(), NO, work("first_submission")),
    ],
    "nmep:submission_review": of_work(STAFF, OTHER_WORK, posts=True),
    "nmep:submission_assign": of_work(LEADS, OTHER_LEADS, posts=True),
    "nmep:comment_create": of_work(OWN_WORK, OTHER_WORK, posts=True),
    "nmep:comment_settle": [
        Case("on the new member's work", NO, OWN_WORK, lambda world: {"pk": world.submission.comment.pk}),
        Case("on a stranger's work", NO, OTHER_WORK, lambda world: {"pk": world.other_submission.comment.pk}),
    ],
    "nmep:piece_download": [
        Case("of the new member's work", OWN_WORK, NO, lambda world: {"pk": world.submission.piece.pk}),
        Case("of a stranger's work", OTHER_WORK, NO, lambda world: {"pk": world.other_submission.piece.pk}),
    ],
    "nmep:piece_image": [
        Case(
            "of the new member's work",
            OWN_WORK,
            NO,
            lambda world: {"pk": world.submission.piece.pk, "cell": 0, "output": 0},
        ),
        Case(
            "where there is none",
            only(),
            NO,
            lambda world: {"pk": world.other_submission.piece.pk, "cell": 0, "output": 0},
        ),
    ],
}

# ── The admin ──

#: table → the offices that open its list. Nobody else enters the admin at all, and what is not named here has no list.
NO_OFFICE: tuple[str, ...] = ()
ADMIN = {
    # people's records
    "members_user": OFFICES,
    "members_membership": OFFICES,
    "members_office": OFFICES,
    "members_officeterm": OFFICES,
    "members_notification": OFFICES,  # kind, time and outcome, never what it says
    "members_problemreport": OFFICES,
    "members_term": OFFICES,
    "members_topic": OFFICES,
    "members_auditentry": ("president",),
    "members_club": ("president",),
    "members_invitation": ("president",),
    "members_suppression": ("president",),
    # events
    "events_event": OFFICES,
    "events_series": OFFICES,
    "events_registration": ("officer", "president"),
    "events_attendance": ("officer", "education", "president"),
    # the programme: the plan is every officer's, a learner's work is not
    "nmep_assignment": OFFICES,
    "nmep_module": OFFICES,
    "nmep_offering": OFFICES,
    "nmep_program": OFFICES,
    "nmep_session": OFFICES,
    "nmep_enrolment": ("education", "president"),
    "nmep_deviation": ("education",),
    "nmep_markchange": ("education",),
    "nmep_review": ("education",),
    "nmep_submission": ("education",),
    # projects and the library
    "projects_initiative": OFFICES,
    "projects_role": OFFICES,
    "projects_update": OFFICES,
    "wiki_page": OFFICES,
    "wiki_attachment": ("librarian", "president"),
    "wiki_paper": ("librarian", "president"),
    "wiki_redirect": ("librarian", "president"),
    "wiki_revision": ("librarian", "president"),
    # secrets: the emergency account alone
    "account_emailaddress": NO_OFFICE,
    "auth_group": NO_OFFICE,
    "events_calendarfeed": NO_OFFICE,
    "mfa_authenticator": NO_OFFICE,
    "socialaccount_socialaccount": NO_OFFICE,
    "socialaccount_socialapp": NO_OFFICE,
    "socialaccount_socialtoken": NO_OFFICE,
    "usersessions_usersession": NO_OFFICE,
}
#: Pages of ours beside Django's list, form, history and deletion.
ADMIN_ACTIONS = {
    "members_user_import": (("president",), lambda world: {}),
    "members_user_erase": (("president",), lambda world: {"pk": world.listed.pk}),
    "nmep_offering_enrol": (("education",), lambda world: {"pk": world.offering.pk}),
    "nmep_offering_roster": (("education",), lambda world: {"pk": world.offering.pk}),
    "nmep_session_move": (
        ("education",),
        lambda world: {"pk": world.offering.sessions.order_by("seq").first().pk},
    ),
}

# ── What each part of the programme adds, beside the part ──
for part in parts.every():
    PUBLIC_PAGES |= getattr(part, "PUBLIC_PAGES", set())
    TABLE |= getattr(part, "TABLE", {})
    ADMIN |= getattr(part, "ADMIN", {})
    ADMIN_ACTIONS |= getattr(part, "ADMIN_ACTIONS", {})
