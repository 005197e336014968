"""A partner's grant is used on accepted terms alone; documents come to an incident while it is open."""

from django.conf import settings
from django.db import migrations, models

USE = """
CREATE FUNCTION cases_refuse_use(used uuid, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    g cases_grant%ROWTYPE;
BEGIN
    SELECT x.* INTO g FROM cases_grant x WHERE x.id = used;
    IF g.kind = 'partner' AND NOT EXISTS (
        SELECT FROM cases_termsacceptance t WHERE t.grant_id = g.id AND t.accepted_at = g.terms_accepted_at
        AND t.accepted_at <= at
    ) THEN
        RAISE EXCEPTION 'a partner uses its grant on accepted terms'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_used_on_accepted_terms';
    END IF;
    IF g.state <> 'agreed' OR g.end_reason <> '' OR at >= upper(g.span) THEN
        RAISE EXCEPTION 'a grant is used while it is open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_used_while_open';
    END IF;
END $$;

CREATE FUNCTION cases_reveal_is_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cases_refuse_use(c.grant_id, NEW.revealed_at) FROM cases_endpointcredential c WHERE c.id = NEW.credential_id;
    RETURN NEW;
END $$;
CREATE TRIGGER reveal_is_use BEFORE INSERT ON cases_credentialreveal
    FOR EACH ROW EXECUTE FUNCTION cases_reveal_is_use();

CREATE FUNCTION cases_findings_are_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cases_refuse_use(NEW.under_grant_id, NEW.created_at);
    RETURN NEW;
END $$;
CREATE TRIGGER findings_are_use BEFORE INSERT ON cases_document
    FOR EACH ROW WHEN (NEW.under_grant_id IS NOT NULL) EXECUTE FUNCTION cases_findings_are_use();
"""

TERMS = """
CREATE FUNCTION cases_accepted_terms_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.terms_accepted_at IS NOT NULL AND (NEW.terms_accepted_at, NEW.terms_accepted_by_id)
        IS DISTINCT FROM (OLD.terms_accepted_at, OLD.terms_accepted_by_id) THEN
        RAISE EXCEPTION 'terms are accepted once, and stay accepted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_terms_accepted_once';
    END IF;
    IF OLD.terms_accepted_at IS NULL AND NEW.terms_accepted_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM cases_termsacceptance t
        WHERE t.grant_id = NEW.id AND t.accepted_at = NEW.terms_accepted_at AND t.accepted_by_id = NEW.terms_accepted_by_id
    ) THEN
        RAISE EXCEPTION 'terms are accepted word for word'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_terms_word_for_word';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accepted_terms_stay BEFORE UPDATE OF terms_accepted_at, terms_accepted_by_id ON cases_grant
    FOR EACH ROW EXECUTE FUNCTION cases_accepted_terms_stay();
"""

PAPERS = """
CREATE TRIGGER incident_paper_while_open BEFORE INSERT ON cases_incidentdocument
    FOR EACH ROW EXECUTE FUNCTION cases_incident_entry_while_open();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_append_only"),
        ("cases", "0016_spills"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("terms_accepted_at__isnull", True), ("terms_accepted_by__isnull", True)),
                    models.Q(
                        ("kind", "partner"),
                        ("terms_accepted_at__isnull", False),
                        ("terms_accepted_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="grant_terms_of_a_partner",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["-noticed_at", "-id"], name="incident_newest"),
        ),
        migrations.RunSQL(USE + TERMS + PAPERS, migrations.RunSQL.noop),
    ]
