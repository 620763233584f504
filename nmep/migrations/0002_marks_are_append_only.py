from django.db import migrations

REFUSE = """
CREATE FUNCTION nmep_marks_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The marks journal is append-only: % is refused.', TG_OP;
END
$$;
CREATE TRIGGER nmep_marks_are_append_only
    BEFORE UPDATE OR DELETE ON nmep_markchange
    FOR EACH ROW EXECUTE FUNCTION nmep_marks_are_append_only();
"""

ALLOW = """
DROP TRIGGER nmep_marks_are_append_only ON nmep_markchange;
DROP FUNCTION nmep_marks_are_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("nmep", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
