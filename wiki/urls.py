"""A page's address is its path; what is done with it stands behind `/-/`, so that no page's name can hide it. The blog
is not below `/wiki/`."""

from __future__ import annotations

from django.urls import include, path

from wiki.post_urls import blog
from wiki.views import (
    archives,
    bibliographies,
    care,
    front,
    learning,
    lists,
    mirror,
    moves,
    paper_acts,
    papers,
    pictures,
    reading,
    reading_lists,
    requires,
    suggestions,
    writing,
)

app_name = "wiki"

library = [
    path("", front.page_front, name="page_front"),
    path("new/", writing.page_create, name="page_create"),
    path("new/similar/", writing.page_similar, name="page_similar"),
    path("complete/", writing.page_complete, name="page_complete"),
    path("suggestions/", suggestions.suggestion_list, name="suggestion_list"),
    path("suggestions/<int:pk>/", suggestions.suggestion_detail, name="suggestion_detail"),
    path("suggestions/<int:pk>/accept/", suggestions.suggestion_accept, name="suggestion_accept"),
    path("suggestions/<int:pk>/settle/", suggestions.suggestion_settle, name="suggestion_settle"),
    path("suggestions/<int:pk>/reject/", suggestions.suggestion_reject, name="suggestion_reject"),
    path("suggestions/<int:pk>/withdraw/", suggestions.suggestion_withdraw, name="suggestion_withdraw"),
    path("moves/<int:pk>/", moves.move_detail, name="move_detail"),
    path("moves/<int:pk>/undo/", moves.move_undo, name="move_undo"),
    path("changes/", lists.change_list, name="change_list"),
    path("care/", care.page_care, name="page_care"),
    path("care/owners/", care.page_keepers, name="page_keepers"),
    path("care/read-first/", care.proposal_list, name="proposal_list"),
    path("care/read-first/<int:pk>/decide/", care.proposal_decide, name="proposal_decide"),
    path("graph/", requires.page_graph, name="page_graph"),
    path("learning-paths/", learning.learning_path_list, name="learning_path_list"),
    path("learning-paths/new/", learning.learning_path_create, name="learning_path_create"),
    path("learning-paths/<slug:slug>/", learning.learning_path_detail, name="learning_path_detail"),
    path("learning-paths/<slug:slug>/edit/", learning.learning_path_edit, name="learning_path_edit"),
    path("learning-paths/<slug:slug>/follow/", learning.learning_path_follow, name="learning_path_follow"),
    path("learning-paths/<slug:slug>/steps/new/", learning.learning_step_create, name="learning_step_create"),
    path(
        "learning-paths/<slug:slug>/steps/<int:pk>/move/",
        learning.learning_step_move,
        name="learning_step_move",
    ),
    path(
        "learning-paths/<slug:slug>/steps/<int:pk>/remove/",
        learning.learning_step_remove,
        name="learning_step_remove",
    ),
    path("wanted/", lists.page_wanted, name="page_wanted"),
    path("trash/", lists.page_trash_list, name="page_trash_list"),
    path("preview/", pictures.markdownx_markdownify, name="markdownx_markdownify"),
    path("upload/", pictures.markdownx_upload, name="markdownx_upload"),
    path("papers/", papers.paper_list, name="paper_list"),
    path("papers/<int:pk>/", papers.paper_detail, name="paper_detail"),
    path("papers/<int:pk>/edit/", papers.paper_edit, name="paper_edit"),
    path("papers/import/", bibliographies.bibliography_import, name="bibliography_import"),
    path("papers/all.bib", bibliographies.bibliography_all, name="bibliography_all"),
    path("papers/keys/", bibliographies.paper_keys, name="paper_keys"),
    path("papers/wanted/", bibliographies.paper_wanted, name="paper_wanted"),
    path("papers/<int:pk>/paper.bib", bibliographies.bibliography_paper, name="bibliography_paper"),
    path("papers/<int:pk>/mark/", paper_acts.paper_mark, name="paper_mark"),
    path("papers/<int:pk>/look-up/", paper_acts.paper_look_up, name="paper_look_up"),
    path("papers/<int:pk>/key/", paper_acts.paper_key, name="paper_key"),
    path("papers/<int:pk>/merge/", paper_acts.paper_merge, name="paper_merge"),
    path("papers/<int:pk>/notes/new/", paper_acts.note_create, name="note_create"),
    path("papers/<int:pk>/notes/<int:note_pk>/edit/", paper_acts.note_edit, name="note_edit"),
    path("papers/<int:pk>/notes/<int:note_pk>/remove/", paper_acts.note_remove, name="note_remove"),
    path("papers/<int:pk>/notes/<int:note_pk>/hide/", paper_acts.note_hide, name="note_hide"),
    path("reading-lists/", reading_lists.reading_list_list, name="reading_list_list"),
    path("reading-lists/new/", reading_lists.reading_list_create, name="reading_list_create"),
    path("reading-lists/<slug:slug>/", reading_lists.reading_list_detail, name="reading_list_detail"),
    path("reading-lists/<slug:slug>/list.bib", bibliographies.bibliography_list, name="bibliography_list"),
    path(
        "reading-lists/<slug:slug>/list.md", reading_lists.reading_list_markdown, name="reading_list_markdown"
    ),
    path("reading-lists/<slug:slug>/adopt/", reading_lists.reading_list_adopt, name="reading_list_adopt"),
    path("reading-lists/<slug:slug>/edit/", reading_lists.reading_list_edit, name="reading_list_edit"),
    path("reading-lists/<slug:slug>/papers/new/", reading_lists.placement_create, name="placement_create"),
    path(
        "reading-lists/<slug:slug>/papers/<int:pk>/edit/", reading_lists.placement_edit, name="placement_edit"
    ),
    path(
        "reading-lists/<slug:slug>/papers/<int:pk>/move/", reading_lists.placement_move, name="placement_move"
    ),
    path(
        "reading-lists/<slug:slug>/papers/<int:pk>/remove/",
        reading_lists.placement_remove,
        name="placement_remove",
    ),
    path("reading-lists/<slug:slug>/topics/new/", reading_lists.topic_create, name="topic_create"),
    path(
        "reading-lists/<slug:slug>/topics/<int:pk>/remove/", reading_lists.topic_remove, name="topic_remove"
    ),
    path("mirror/", mirror.mirror_detail, name="mirror_detail"),
    path("mirror/key/renew/", mirror.mirror_key_renew, name="mirror_key_renew"),
    path("mirror/key/revoke/", mirror.mirror_key_revoke, name="mirror_key_revoke"),
    path("mirror/<str:token>.git/<path:path>", mirror.mirror_file, name="mirror_file"),
    path("export/", archives.archive_list, name="archive_list"),
    path("export/new/", archives.archive_create, name="archive_create"),
    path("export/<int:pk>/", archives.archive_download, name="archive_download"),
    path("files/<slug:sha>.<slug:extension>", pictures.attachment_file, name="attachment_file"),
    path("<path:path>/-/edit/", writing.page_edit, name="page_edit"),
    path("<path:path>/-/suggest/", suggestions.page_suggest, name="page_suggest"),
    path("<path:path>/-/move/", moves.branch_move, name="branch_move"),
    path("<path:path>/-/rename/", writing.page_rename, name="page_rename"),
    path("<path:path>/-/settings/", writing.page_settings, name="page_settings"),
    path("<path:path>/-/revert/", writing.page_revert, name="page_revert"),
    path("<path:path>/-/check/", care.page_check, name="page_check"),
    path("<path:path>/-/adopt/", care.page_adopt, name="page_adopt"),
    path("<path:path>/-/ask/", care.page_ask, name="page_ask"),
    path("<path:path>/-/mend/", care.page_mend, name="page_mend"),
    path("<path:path>/-/requires/", requires.page_requires, name="page_requires"),
    path("<path:path>/-/requires/new/", requires.requirement_create, name="requirement_create"),
    path("<path:path>/-/requires/<int:pk>/remove/", requires.requirement_remove, name="requirement_remove"),
    path("<path:path>/-/known/", requires.page_known, name="page_known"),
    path("<path:path>/-/trash/", writing.page_trash, name="page_trash"),
    path("<path:path>/-/restore/", writing.page_restore, name="page_restore"),
    path("<path:path>/-/citations.bib", bibliographies.bibliography_page, name="bibliography_page"),
    path("<path:path>/-/history/", reading.page_history, name="page_history"),
    path("<path:path>/-/diff/", reading.page_diff, name="page_diff"),
    path("<path:path>/", reading.page_detail, name="page_detail"),
]

urlpatterns = [path("wiki/", include(library)), path("blog/", include(blog))]
