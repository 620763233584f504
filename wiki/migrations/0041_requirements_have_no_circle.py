from django.db import migrations

# The lock makes two who add the two halves of a circle wait for each other: the second then sees what the first wrote.
REFUSE = """
CREATE FUNCTION wiki_requirements_have_no_circle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('wiki_requirement'));
    IF EXISTS (
        WITH RECURSIVE reached(id) AS (
            SELECT NEW.required_id
            UNION
            SELECT need.required_id FROM wiki_requirement need JOIN reached ON need.page_id = reached.id
        )
        SELECT 1 FROM reached WHERE id = NEW.page_id
    ) THEN
        RAISE EXCEPTION 'Pages may not require each other in a circle.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'requirements_have_no_circle';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER wiki_requirements_have_no_circle
    AFTER INSERT OR UPDATE OF page_id, required_id ON wiki_requirement
    FOR EACH ROW EXECUTE FUNCTION wiki_requirements_have_no_circle();
"""

ALLOW = """
DROP TRIGGER wiki_requirements_have_no_circle ON wiki_requirement;
DROP FUNCTION wiki_requirements_have_no_circle();
"""


class Migration(migrations.Migration):
    dependencies = [("wiki", "0040_care_and_requires")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
