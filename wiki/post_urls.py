"""The addresses below `/blog/`. What stands beside a post is in `wiki.models.posts.RESERVED`."""

from __future__ import annotations

from django.urls import path

from wiki.views import post_desk, post_writing, posts

blog = [
    path("", posts.post_list, name="post_list"),
    path("new/", post_writing.post_create, name="post_create"),
    path("desk/", post_desk.post_desk, name="post_desk"),
    path("feed.xml", posts.post_feed, name="post_feed"),
    path("atom.xml", posts.post_atom, name="post_atom"),
    path("<int:year>/<int:month>/<int:day>/<str:slug>/", posts.post_moved, name="post_moved"),
    path("notes/<int:pk>/answer/", posts.note_answer, name="note_answer"),
    path("<slug:slug>/", posts.post_detail, name="post_detail"),
    path("<slug:slug>/edit/", post_writing.post_edit, name="post_edit"),
    path("<slug:slug>/settings/", post_writing.post_settings, name="post_settings"),
    path("<slug:slug>/versions/", post_writing.post_history, name="post_history"),
    path("<slug:slug>/authors/add/", post_writing.post_author_add, name="post_author_add"),
    path("<slug:slug>/authors/<int:pk>/move/", post_writing.post_author_move, name="post_author_move"),
    path("<slug:slug>/begin/", post_desk.post_begin, name="post_begin"),
    path("<slug:slug>/ask/", post_desk.post_ask, name="post_ask"),
    path("<slug:slug>/decide/", post_desk.post_decide, name="post_decide"),
    path("<slug:slug>/withdraw/", post_desk.post_withdraw, name="post_withdraw"),
    path("<slug:slug>/take-up/", post_desk.post_take_up, name="post_take_up"),
    path("<slug:slug>/note/", posts.post_note, name="post_note"),
    path("<slug:slug>/notes/", posts.post_notes, name="post_notes"),
]
