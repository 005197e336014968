"""What constraints alone cannot hold: append-only tables, and the 30-day rule over several rows.

The window trigger is deferred to the commit and locks the case row first, so that two periods written at once are
judged one after the other. It refuses what `cases.rules.window` refuses.
"""

from django.db import migrations

from portal.audit.triggers import append_only

WINDOW = """
CREATE FUNCTION cases_grant_fits(g cases_grant) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    signed cases_agreement%ROWTYPE;
    released timestamptz;
BEGIN
    -- general release, planned or actual, whichever comes first; the newest statement of each counts
    SELECT min(m.at) INTO released FROM (
        SELECT DISTINCT ON (state) at FROM cases_releasemilestone
        WHERE model_version_id = g.model_version_id AND kind = 'general_release'
        ORDER BY state, stated_at DESC, id
    ) m;
    IF upper(g.span) > released THEN
        RETURN false;
    END IF;
    SELECT a.* INTO signed FROM cases_agreement a WHERE a.case_id = g.case_id AND a.state = 'signed';
    IF g.kind = 'partner' AND signed.anchor_kind = 'other_trusted_partners' THEN
        RETURN released IS NOT NULL AND lower(g.span) >= signed.anchor_at;
    END IF;
    RETURN EXISTS (SELECT FROM cases_windowperiod w WHERE w.case_id = g.case_id AND w.span @> g.span);
END $$;

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
    IF EXISTS (
        SELECT FROM cases_grant g WHERE g.case_id = NEW.case_id AND g.end_reason = '' AND NOT cases_grant_fits(g)
    ) THEN
        RAISE EXCEPTION 'an open grant would lie outside the access window'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_within_window';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER window_within_limit AFTER INSERT OR UPDATE ON cases_windowperiod
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_window_within_limit();
"""

GRANT = """
CREATE FUNCTION cases_grant_within_window() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fresh cases_grant%ROWTYPE;
BEGIN
    PERFORM 1 FROM cases_case WHERE id = NEW.case_id FOR NO KEY UPDATE;
    -- as it stands at the commit: the same transaction may have ended it after this change
    SELECT g.* INTO fresh FROM cases_grant g WHERE g.id = NEW.id;
    IF fresh.end_reason <> '' OR cases_grant_fits(fresh) THEN
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
DROP FUNCTION cases_terminal_is_final, cases_first_end_is_final, cases_grant_within_window, cases_window_within_limit,
    cases_grant_fits;
"""

OWN_HISTORY = ("releasemilestone", "note", "signature", "score", "finding", "packetdocument")
WITH_HISTORY = (
    "policyversion rosterentry model modelversion case assignment recusal legalhold document document_named_readers "
    "documentversion documentshare agreement windowperiod nomination concurrence grant suspension grantuserpermission suite "
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
