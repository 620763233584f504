-- The database role of a grader: it reads what is checked, and writes what it found. Set a password, then:
--   psql -d mlclub -f docs/deploy/grader.sql && psql -d mlclub -c "ALTER ROLE grader LOGIN PASSWORD '…'"
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grader') THEN CREATE ROLE grader NOLOGIN; END IF;
END $$;
GRANT SELECT ON nmep_check, nmep_piece TO grader;
GRANT SELECT, UPDATE ON nmep_run TO grader;
GRANT SELECT, INSERT ON nmep_checkresult TO grader;
GRANT SELECT, INSERT, UPDATE ON nmep_gradermachine TO grader;
GRANT USAGE ON SEQUENCE nmep_checkresult_id_seq, nmep_gradermachine_id_seq TO grader;
