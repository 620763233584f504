from __future__ import annotations

from django.urls import URLPattern, path

from members.views import (
    announcements,
    channels,
    contacts,
    first_run,
    invitations,
    links,
    mail,
    own,
    people,
    reports,
)

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
    path("contacts/", contacts.contact_list, name="contact_list"),
    path("contacts/new/", contacts.contact_create, name="contact_create"),
    path("contacts/<int:pk>/", contacts.contact_detail, name="contact_detail"),
    path("contacts/<int:pk>/edit/", contacts.contact_edit, name="contact_edit"),
    path("organizations/<int:pk>/logo/", links.organization_logo, name="organization_logo"),
    path("report/", reports.report_problem, name="report_problem"),
    path("settings/notifications/", mail.notification_settings, name="notification_settings"),
    path("settings/notifications/resume/", mail.mail_resume, name="mail_resume"),
    path("settings/notifications/prove/<str:token>/", mail.address_prove, name="address_prove"),
    path("settings/sent/", mail.sent_to_me, name="sent_to_me"),
    path("u/<str:token>/", mail.unsubscribe, name="unsubscribe"),
    path("announcements/", announcements.announcement_list, name="announcement_list"),
    path("announcements/new/", announcements.announcement_create, name="announcement_create"),
    path("announcements/<int:pk>/", announcements.announcement_detail, name="announcement_detail"),
    path("announcements/<int:pk>/html/", announcements.announcement_html, name="announcement_html"),
    path("announcements/<int:pk>/edit/", announcements.announcement_edit, name="announcement_edit"),
    path("announcements/<int:pk>/test/", announcements.announcement_test, name="announcement_test"),
    path("announcements/<int:pk>/send/", announcements.announcement_send, name="announcement_send"),
    path("announcements/<int:pk>/stop/", announcements.announcement_stop, name="announcement_stop"),
    path("announcements/<int:pk>/discard/", announcements.announcement_discard, name="announcement_discard"),
    path("desk/mail/", mail.mail_desk, name="mail_desk"),
    path("desk/mail/channels/", channels.channel_list, name="channel_list"),
    path("desk/mail/channels/<int:pk>/", channels.channel_act, name="channel_act"),
    path("desk/mail/lift/", mail.mail_lift, name="mail_lift"),
]
