from django.db import migrations

REFUSE = """
CREATE FUNCTION members_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail is append-only: % is refused.', TG_OP;
END
$$;
CREATE TRIGGER members_audit_is_append_only
    BEFORE UPDATE OR DELETE ON members_auditentry
    FOR EACH ROW EXECUTE FUNCTION members_audit_is_append_only();
"""

ALLOW = """
DROP TRIGGER members_audit_is_append_only ON members_auditentry;
DROP FUNCTION members_audit_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
