from django.db import migrations

# The lock makes two who add the two halves of a circle wait for each other: the second then sees what the first wrote.
REFUSE = """
CREATE FUNCTION nmep_needs_have_no_circle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('nmep_moduleneed'));
    IF EXISTS (
        WITH RECURSIVE reached(id) AS (
            SELECT NEW.needed_id
            UNION
            SELECT need.needed_id FROM nmep_moduleneed need JOIN reached ON need.module_id = reached.id
        )
        SELECT 1 FROM reached WHERE id = NEW.module_id
    ) THEN
        RAISE EXCEPTION 'Modules may not need each other in a circle.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_have_no_circle';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER nmep_needs_have_no_circle
    AFTER INSERT OR UPDATE OF module_id, needed_id ON nmep_moduleneed
    FOR EACH ROW EXECUTE FUNCTION nmep_needs_have_no_circle();
"""

ALLOW = """
DROP TRIGGER nmep_needs_have_no_circle ON nmep_moduleneed;
DROP FUNCTION nmep_needs_have_no_circle();
"""


class Migration(migrations.Migration):
    dependencies = [("nmep", "0005_module_library")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
