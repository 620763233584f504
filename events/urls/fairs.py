from __future__ import annotations

from django.urls import path

from events.views import fair_company_page, fair_officers, fairs

urlpatterns = [
    path("events/<int:pk>/fair/", fair_officers.fair_edit, name="fair_edit"),
    path("events/fair/company/<str:token>/", fair_company_page.company_detail, name="company_detail"),
    path("events/fair/company/<str:token>/edit/", fair_company_page.company_edit, name="company_edit"),
    path(
        "events/fair/company/<str:token>/withdraw/",
        fair_company_page.company_withdraw,
        name="company_withdraw",
    ),
    path(
        "events/fair/company/<str:token>/resume/<int:pk>/",
        fair_company_page.company_resume,
        name="company_resume",
    ),
    path("events/fair/company/<str:token>/list/", fair_company_page.company_list, name="company_list"),
    path("events/fair/<slug:slug>/", fairs.fair_detail, name="fair_detail"),
    path("events/fair/<slug:slug>/booths/", fairs.fair_booths, name="fair_booths"),
    path("events/fair/<slug:slug>/register/", fairs.fair_register, name="fair_register"),
    path("events/fair/<slug:slug>/students/", fairs.fair_students_page, name="fair_students"),
    path("events/fair/<slug:slug>/door/", fairs.fair_door, name="fair_door"),
    path("events/fair/<slug:slug>/logo/<int:pk>/", fairs.fair_logo, name="fair_logo"),
    path("events/fair/<slug:slug>/companies/", fair_officers.fair_companies, name="fair_companies"),
    path("events/fair/<slug:slug>/companies/<int:pk>/", fair_officers.fair_company, name="fair_company"),
    path(
        "events/fair/<slug:slug>/companies/<int:pk>/answer/",
        fair_officers.fair_company_answer,
        name="fair_company_answer",
    ),
    path(
        "events/fair/<slug:slug>/companies/<int:pk>/booth/",
        fair_officers.fair_company_booth,
        name="fair_company_booth",
    ),
    path(
        "events/fair/<slug:slug>/companies/<int:pk>/notes/",
        fair_officers.fair_company_notes,
        name="fair_company_notes",
    ),
    path(
        "events/fair/<slug:slug>/companies/<int:pk>/report/",
        fair_officers.fair_report_preview,
        name="fair_report",
    ),
]
