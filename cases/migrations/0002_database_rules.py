"""What constraints alone cannot hold: append-only tables, and the 30-day rule over several rows.

The window trigger is deferred to the commit and locks the case row first, so that two periods written at once are
judged one after the other. It refuses what `cases.rules.window` refuses.
"""

from django.db import migrations

from portal.audit.triggers import append_only

WINDOW = """
CREATE FUNCTION cases_window_within_limit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    anchor timestamptz;
    used interval;
BEGIN
    PERFORM 1 FROM cases_case WHERE id = NEW.case_id FOR NO KEY UPDATE;
    SELECT anchor_at INTO anchor FROM cases_agreement WHERE id = NEW.agreement_id AND case_id = NEW.case_id;
    IF anchor IS NULL OR upper(NEW.span) > anchor OR lower(NEW.span) < anchor - interval '720 hours' THEN
        RAISE EXCEPTION 'window period outside the 720 hours before its anchor'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'window_period_before_anchor';
    END IF;
    SELECT sum(upper(span) - lower(span)) INTO used FROM cases_windowperiod WHERE case_id = NEW.case_id;
    IF extract(epoch FROM used) > 720 * 3600 THEN
        RAISE EXCEPTION 'window periods of a case exceed 720 hours in total'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'window_total_within_limit';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER window_within_limit AFTER INSERT OR UPDATE ON cases_windowperiod
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_window_within_limit();
"""

GRANT = """
CREATE FUNCTION cases_grant_within_window() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    signed cases_agreement%ROWTYPE;
BEGIN
    PERFORM 1 FROM cases_case WHERE id = NEW.case_id FOR NO KEY UPDATE;
    IF NEW.end_reason <> '' THEN
        RETURN NULL;
    END IF;
    SELECT a.* INTO signed FROM cases_agreement a WHERE a.case_id = NEW.case_id AND a.state = 'signed';
    IF NEW.kind = 'partner' AND signed.anchor_kind = 'other_trusted_partners' THEN
        IF lower(NEW.span) >= signed.anchor_at THEN
            RETURN NULL;
        END IF;
    ELSIF EXISTS (SELECT FROM cases_windowperiod w WHERE w.case_id = NEW.case_id AND w.span @> NEW.span) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'grant outside the access window'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_within_window';
END $$;
CREATE CONSTRAINT TRIGGER grant_within_window AFTER INSERT OR UPDATE ON cases_grant
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_grant_within_window();

CREATE FUNCTION cases_first_end_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.end_reason <> '' AND (NEW.end_reason, NEW.ended_at) IS DISTINCT FROM (OLD.end_reason, OLD.ended_at) THEN
        RAISE EXCEPTION 'the first end of a grant is final'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_first_end_is_final';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grant_first_end_is_final BEFORE UPDATE ON cases_grant
    FOR EACH ROW EXECUTE FUNCTION cases_first_end_is_final();
"""

LIFE = """
CREATE FUNCTION cases_terminal_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.stage IN ('closed', 'withdrawn') AND NEW.stage <> OLD.stage THEN
        RAISE EXCEPTION 'a closed or withdrawn case never reopens'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_terminal_is_final';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_terminal_is_final BEFORE UPDATE ON cases_case
    FOR EACH ROW EXECUTE FUNCTION cases_terminal_is_final();
"""

DROP = """
DROP TRIGGER case_terminal_is_final ON cases_case;
DROP TRIGGER grant_first_end_is_final ON cases_grant;
DROP TRIGGER grant_within_window ON cases_grant;
DROP TRIGGER window_within_limit ON cases_windowperiod;
DROP FUNCTION cases_terminal_is_final, cases_first_end_is_final, cases_grant_within_window, cases_window_within_limit;
"""

OWN_HISTORY = ("releasemilestone", "note", "signature", "score", "finding", "packetdocument")
WITH_HISTORY = (
    "policyversion rosterentry model modelversion case assignment recusal legalhold document document_named_readers "
    "documentversion documentshare agreement windowperiod nomination concurrence grant grantuserpermission suite "
    "suiteversion suitetask thresholdrule run highsidepointer consultation determination disclosure label"
).split()


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]

    operations = [
        migrations.RunSQL(WINDOW + GRANT + LIFE, DROP),
        append_only(
            *(f"cases_{table}" for table in OWN_HISTORY),
            *(f"cases_historical{table}" for table in WITH_HISTORY),
        ),
    ]
