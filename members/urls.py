from __future__ import annotations

from django.urls import URLPattern, path

from members.views import first_run, invitations, links, mail, own, people, reports

app_name = "members"

urlpatterns: list[URLPattern] = [
    path("people/", people.person_list, name="person_list"),
    path("people/me/", own.profile_edit, name="profile_edit"),
    path("people/<slug:handle>/", people.person_detail, name="person_detail"),
    path("people/<slug:handle>/avatar/", people.avatar, name="avatar"),
    path("settings/privacy/", own.privacy_settings, name="privacy_settings"),
    path("settings/data/", own.own_data, name="own_data"),
    path("settings/data/download/", own.own_data_download, name="own_data_download"),
    path("settings/data/erasure/", own.erasure_ask, name="erasure_ask"),
    path("club/logo/", people.club_logo, name="club_logo"),
    path("invitation/<str:token>/", invitations.invitation_detail, name="invitation_detail"),
    path("first-run/<str:token>/", first_run.first_run, name="first_run"),
    path("link/renew/", links.link_renew, name="link_renew"),
    path("organizations/<int:pk>/logo/", links.organization_logo, name="organization_logo"),
    path("report/", reports.report_problem, name="report_problem"),
    path("settings/notifications/", mail.notification_settings, name="notification_settings"),
    path("settings/notifications/resume/", mail.mail_resume, name="mail_resume"),
    path("settings/sent/", mail.sent_to_me, name="sent_to_me"),
    path("u/<str:token>/", mail.unsubscribe, name="unsubscribe"),
    path("desk/mail/", mail.mail_desk, name="mail_desk"),
    path("desk/mail/lift/", mail.mail_lift, name="mail_lift"),
]
