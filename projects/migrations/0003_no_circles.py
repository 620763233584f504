from django.db import migrations

# One lock for all links: two halves of a circle written at once would each see no circle. The statement after the
# lock sees what the other one committed.
REFUSE = """
CREATE FUNCTION projects_links_make_no_circle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('projects_initiativelink'));
    IF EXISTS (
        WITH RECURSIVE onward(id) AS (
            SELECT NEW.later_id
            UNION
            SELECT link.later_id FROM projects_initiativelink link JOIN onward ON link.earlier_id = onward.id
            WHERE link.id IS DISTINCT FROM NEW.id
        )
        SELECT 1 FROM onward WHERE id = NEW.earlier_id
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'links_make_no_circle',
            MESSAGE = 'links_make_no_circle: a project cannot come of what came of it.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER projects_links_make_no_circle
    BEFORE INSERT OR UPDATE ON projects_initiativelink
    FOR EACH ROW EXECUTE FUNCTION projects_links_make_no_circle();
"""

ALLOW = """
DROP TRIGGER projects_links_make_no_circle ON projects_initiativelink;
DROP FUNCTION projects_links_make_no_circle();
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_initiative_link")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
