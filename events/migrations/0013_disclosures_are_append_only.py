from django.db import migrations

REFUSE = """
CREATE FUNCTION events_disclosure_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What was given to a company stays written down: % is refused.', TG_OP;
END
$$;
CREATE TRIGGER events_disclosure_is_append_only
    BEFORE UPDATE OR DELETE ON events_fairdisclosure
    FOR EACH ROW EXECUTE FUNCTION events_disclosure_is_append_only();
"""

ALLOW = """
DROP TRIGGER events_disclosure_is_append_only ON events_fairdisclosure;
DROP FUNCTION events_disclosure_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0012_fairs")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
