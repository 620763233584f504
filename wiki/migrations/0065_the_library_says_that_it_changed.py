from django.db import migrations

FUNCTION = """
CREATE FUNCTION wiki_library_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO wiki_librarychange (mark) VALUES ((random() * 4611686018427387903)::bigint);
    RETURN NULL;
END
$$;
"""

TABLES = [
    "wiki_attachment",
    "wiki_bibentry",
    "wiki_link",
    "wiki_otherkey",
    "wiki_paper",
    "wiki_redirect",
    "wiki_requirement",
    "wiki_requirementproposal",
    "wiki_revision",
    "wiki_suggestion",
    # Who still looks after a page.
    "members_membership",
    "members_officeterm",
    "members_term",
]

#: Of a page everything but `seen`, which is counted up every few minutes.
OF_PAGES = (
    "path, is_public, owner_id, review_by, key, title, aliases, names, headings, plain_text, dead_pictures, head_id,"
    " content_at, checked_at, checked_by_id, trashed_at"
)
#: Of a person what a page says of its owner and its writers, not that they signed in.
OF_PEOPLE = "name, handle, is_active, erased_at"


def trigger(table: str, event: str) -> tuple[str, str]:
    return (
        f"CREATE TRIGGER wiki_library_changed AFTER {event} ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION wiki_library_changed()",
        f"DROP TRIGGER wiki_library_changed ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("wiki", "0064_library_changes"), ("members", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION wiki_library_changed()"),
        *(migrations.RunSQL(*trigger(table, "INSERT OR UPDATE OR DELETE")) for table in TABLES),
        migrations.RunSQL(*trigger("wiki_page", f"INSERT OR DELETE OR UPDATE OF {OF_PAGES}")),
        migrations.RunSQL(*trigger("members_user", f"DELETE OR UPDATE OF {OF_PEOPLE}")),
    ]
