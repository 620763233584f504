from django.db import migrations

REFUSE = """
CREATE FUNCTION nmep_skill_marks_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What was seen of a skill is append-only: % is refused.', TG_OP;
END
$$;
CREATE TRIGGER nmep_skill_marks_are_append_only
    BEFORE UPDATE OR DELETE ON nmep_skillmark
    FOR EACH ROW EXECUTE FUNCTION nmep_skill_marks_are_append_only();
"""

ALLOW = """
DROP TRIGGER nmep_skill_marks_are_append_only ON nmep_skillmark;
DROP FUNCTION nmep_skill_marks_are_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("nmep", "0013_mastery_absences_completion")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
