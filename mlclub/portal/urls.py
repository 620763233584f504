from __future__ import annotations

from django.urls import path

from mlclub.portal.views import demo, desk, home, search

app_name = "portal"

urlpatterns = [
    path("", home.front, name="front"),
    path("home/", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("search/suggest/", search.search_suggest, name="search_suggest"),
    path("desk/", desk.desk, name="desk"),
    path("home/digest/", desk.digest_mine, name="digest_mine"),
    path("desk/mail/digests/", desk.digest_preview, name="digest_preview"),
    path("demo/sign-in/", demo.demo_sign_in, name="demo_sign_in"),
    path("demo/mail/", demo.demo_mail_list, name="demo_mail_list"),
    path("demo/mail/<str:name>/", demo.demo_mail_detail, name="demo_mail_detail"),
    path("demo/mail/<str:name>/html/", demo.demo_mail_html, name="demo_mail_html"),
]
