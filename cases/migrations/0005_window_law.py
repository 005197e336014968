"""Amendments, and what the database alone refuses of domain rules 4 to 8 beside the sums of migration 0002.

Frozen rows are refused at the statement; what depends on several rows is asked at the commit, after the case row is
locked, so that an action may change them in any order.
"""

import django.db.models.deletion
from django.db import migrations, models

FITS = """
CREATE FUNCTION cases_released(version uuid, release varchar) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    -- a release, planned or actual, whichever comes first; the newest statement of each counts
    SELECT min(m.at) FROM (
        SELECT DISTINCT ON (state) at FROM cases_releasemilestone
        WHERE model_version_id = version AND kind = release
        ORDER BY state, stated_at DESC, id
    ) m
$$;

CREATE OR REPLACE FUNCTION cases_grant_fits(g cases_grant) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    signed cases_agreement%ROWTYPE;
    released timestamptz := cases_released(g.model_version_id, 'general_release');
BEGIN
    IF upper(g.span) > released THEN
        RETURN false;
    END IF;
    SELECT a.* INTO signed FROM cases_agreement a WHERE a.case_id = g.case_id AND a.state = 'signed';
    IF g.kind = 'partner' AND signed.anchor_kind = 'other_trusted_partners' THEN
        RETURN released IS NOT NULL AND lower(g.span) >= signed.anchor_at;
    END IF;
    -- an amendment cuts a period and puts another at its end: a grant may run through both
    RETURN (SELECT range_agg(w.span) FROM cases_windowperiod w WHERE w.case_id = g.case_id) @> g.span;
END $$;
"""

# What a row said when it was signed or set stays: agreements, periods and grants never grow by an UPDATE.
FROZEN = """
CREATE FUNCTION cases_signed_text_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'draft' THEN
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - 'state' IS DISTINCT FROM to_jsonb(OLD) - 'state'
        OR (OLD.state, NEW.state) NOT IN (
            ('offered', 'offered'), ('offered', 'signed'), ('offered', 'superseded'),
            ('signed', 'signed'), ('signed', 'superseded'), ('superseded', 'superseded')
        ) THEN
        RAISE EXCEPTION 'what was signed of an agreement is final'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'agreement_signed_is_final';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER agreement_signed_is_final BEFORE UPDATE ON cases_agreement
    FOR EACH ROW EXECUTE FUNCTION cases_signed_text_is_final();

CREATE FUNCTION cases_signature_under_its_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM cases_agreement a WHERE a.id = NEW.agreement_id AND a.text_digest = NEW.text_digest
        AND a.text_digest = encode(sha256(convert_to(a.text, 'UTF8')), 'hex')
    ) THEN
        RAISE EXCEPTION 'a signature stands under the text of its agreement'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_under_its_text';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER signature_under_its_text BEFORE INSERT ON cases_signature
    FOR EACH ROW EXECUTE FUNCTION cases_signature_under_its_text();

CREATE FUNCTION cases_period_only_shrinks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT NEW.span <@ OLD.span OR (NEW.case_id, NEW.agreement_id, NEW.agreed_end)
        IS DISTINCT FROM (OLD.case_id, OLD.agreement_id, OLD.agreed_end) THEN
        RAISE EXCEPTION 'a window period is only ever cut'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'window_period_only_shrinks';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER window_period_only_shrinks BEFORE UPDATE ON cases_windowperiod
    FOR EACH ROW EXECUTE FUNCTION cases_period_only_shrinks();

CREATE FUNCTION cases_grant_only_shrinks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT NEW.span <@ OLD.span
        OR (NEW.case_id, NEW.organisation_id, NEW.kind, NEW.model_version_id, NEW.nomination_id)
        IS DISTINCT FROM (OLD.case_id, OLD.organisation_id, OLD.kind, OLD.model_version_id, OLD.nomination_id) THEN
        RAISE EXCEPTION 'a grant is only ever cut, and stays whose it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_only_shrinks';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grant_only_shrinks BEFORE UPDATE ON cases_grant
    FOR EACH ROW EXECUTE FUNCTION cases_grant_only_shrinks();
"""

# What stands open at a commit has everything it needs at that commit.
OPEN = """
CREATE FUNCTION cases_refuse_homeless_grant(g cases_grant) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF g.end_reason <> '' OR upper(g.span) <= transaction_timestamp() THEN
        RETURN;  -- ended, or its term was reached, of which no row needs to tell
    END IF;
    IF NOT EXISTS (
        SELECT FROM cases_case c WHERE c.id = g.case_id AND c.origin <> 'government'
        AND c.stage IN ('access', 'benchmarking', 'labeling') AND c.model_version_id = g.model_version_id
    ) THEN
        RAISE EXCEPTION 'no grant is open in a case that gives no access'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_in_a_case_with_access';
    END IF;
    IF g.kind = 'partner' AND (
        SELECT count(*) FROM cases_concurrence k JOIN cases_nomination n ON n.id = k.nomination_id
        WHERE n.id = g.nomination_id AND n.case_id = g.case_id AND n.partner_id = g.organisation_id
        AND k.retracted_at IS NULL
    ) < 2 THEN
        RAISE EXCEPTION 'a partner needs both concurrences, both current'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_with_both_concurrences';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION cases_grant_within_window() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fresh cases_grant%ROWTYPE;
BEGIN
    PERFORM 1 FROM cases_case WHERE id = NEW.case_id FOR NO KEY UPDATE;
    -- as it stands at the commit: the same transaction may have ended it after this change
    SELECT g.* INTO fresh FROM cases_grant g WHERE g.id = NEW.id;
    PERFORM cases_refuse_homeless_grant(fresh);
    IF fresh.end_reason <> '' OR cases_grant_fits(fresh) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'grant outside the access window'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_within_window';
END $$;

CREATE FUNCTION cases_retraction_ends_the_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cases_refuse_homeless_grant(g) FROM cases_grant g
    WHERE g.nomination_id IN (OLD.nomination_id, NEW.nomination_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER retraction_ends_the_grant AFTER UPDATE ON cases_concurrence
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_retraction_ends_the_grant();

CREATE FUNCTION cases_stage_ends_grants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cases_refuse_homeless_grant(g) FROM cases_grant g WHERE g.case_id = NEW.id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER stage_ends_grants AFTER UPDATE OF stage, origin, model_version_id ON cases_case
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.stage NOT IN ('access', 'benchmarking', 'labeling'))
    EXECUTE FUNCTION cases_stage_ends_grants();

CREATE FUNCTION cases_release_cuts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM cases_case WHERE model_version_id = NEW.model_version_id ORDER BY id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM cases_windowperiod w
        JOIN cases_case c ON c.id = w.case_id
        JOIN cases_agreement a ON a.case_id = w.case_id AND a.state = 'signed'
        WHERE c.model_version_id = NEW.model_version_id AND c.stage NOT IN ('closed', 'withdrawn')
        AND upper(w.span) > least(
            cases_released(NEW.model_version_id, 'general_release'), cases_released(NEW.model_version_id, a.anchor_kind)
        )
    ) THEN
        RAISE EXCEPTION 'an access window would last longer than the model is unreleased'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'window_ends_at_release';
    END IF;
    IF EXISTS (
        SELECT FROM cases_grant g
        WHERE g.model_version_id = NEW.model_version_id AND g.end_reason = '' AND NOT cases_grant_fits(g)
    ) THEN
        RAISE EXCEPTION 'an open grant would last longer than the model is unreleased'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_within_window';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER release_cuts AFTER INSERT ON cases_releasemilestone
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_release_cuts();

CREATE FUNCTION cases_agreement_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fresh cases_agreement%ROWTYPE;
BEGIN
    SELECT a.* INTO fresh FROM cases_agreement a WHERE a.id = NEW.id;
    IF fresh.state = 'signed' AND (
        SELECT count(*) FROM cases_signature s WHERE s.agreement_id = fresh.id AND s.text_digest = fresh.text_digest
    ) < 2 THEN
        RAISE EXCEPTION 'an agreement is signed by both sides'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'agreement_signed_by_both';
    END IF;
    IF fresh.amends_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM cases_agreement o
        WHERE o.id = fresh.amends_id AND o.case_id = fresh.case_id AND o.number < fresh.number
    ) THEN
        RAISE EXCEPTION 'an amendment amends an earlier version of its case'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'agreement_amends_its_own_case';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER agreement_stands AFTER INSERT OR UPDATE ON cases_agreement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_agreement_stands();

CREATE FUNCTION cases_period_of_a_signed_agreement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM cases_agreement a WHERE a.id = NEW.agreement_id AND a.state IN ('draft', 'offered')) THEN
        RAISE EXCEPTION 'a window follows from a signed agreement'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'window_period_signed';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER window_period_signed AFTER INSERT ON cases_windowperiod
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_period_of_a_signed_agreement();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_unread_runs")]

    operations = [
        migrations.AddField(
            model_name="agreement",
            name="amends",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="amendments",
                to="cases.agreement",
            ),
        ),
        migrations.AddField(
            model_name="historicalagreement",
            name="amends",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="cases.agreement",
            ),
        ),
        migrations.RunSQL(FITS + FROZEN + OPEN, migrations.RunSQL.noop),
    ]
