from django.db import migrations

REFUSE = """
CREATE FUNCTION events_recording_needs_no_refusal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'recording' AND EXISTS (
        SELECT 1 FROM events_talk
        WHERE event_id = NEW.event_id AND may_record = FALSE AND (NEW.talk_id IS NULL OR id = NEW.talk_id)
    ) THEN
        RAISE EXCEPTION 'A speaker of this said no to being recorded.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER events_recording_needs_no_refusal
    BEFORE INSERT OR UPDATE OF kind, event_id, talk_id, url, file ON events_material
    FOR EACH ROW EXECUTE FUNCTION events_recording_needs_no_refusal();
"""

ALLOW = """
DROP TRIGGER events_recording_needs_no_refusal ON events_material;
DROP FUNCTION events_recording_needs_no_refusal();
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0017_the_door_and_afterwards")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
