"""Incidents; a suspension by the agency names one. Closed incidents stay as they are, and nothing points across cases."""

import uuid

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import cases.incidents.models
from portal.audit.triggers import append_only

RULES = """
CREATE FUNCTION cases_incident_closed_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'a closed incident stays as it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_closed_is_final';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER incident_closed_is_final BEFORE UPDATE ON cases_incident
    FOR EACH ROW EXECUTE FUNCTION cases_incident_closed_is_final();

CREATE FUNCTION cases_incident_entry_while_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM cases_incident i WHERE i.id = NEW.incident_id AND i.closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a closed incident takes no more entries'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_entry_while_open';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER incident_entry_while_open BEFORE INSERT ON cases_incidententry
    FOR EACH ROW EXECUTE FUNCTION cases_incident_entry_while_open();

CREATE FUNCTION cases_incident_within_case() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own uuid;
    theirs uuid;
BEGIN
    SELECT i.case_id INTO own FROM cases_incident i WHERE i.id = NEW.incident_id;
    IF TG_TABLE_NAME = 'cases_incidentdocument' THEN
        SELECT d.case_id INTO theirs FROM cases_document d WHERE d.id = NEW.document_id;
    ELSE
        SELECT g.case_id INTO theirs FROM cases_grant g WHERE g.id = NEW.grant_id;
    END IF;
    IF NEW.incident_id IS NOT NULL AND theirs IS DISTINCT FROM own THEN
        RAISE EXCEPTION 'an incident concerns its own case alone'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_within_case';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER incident_within_case BEFORE INSERT ON cases_incidentgrant
    FOR EACH ROW EXECUTE FUNCTION cases_incident_within_case();
CREATE TRIGGER incident_within_case BEFORE INSERT ON cases_incidentdocument
    FOR EACH ROW EXECUTE FUNCTION cases_incident_within_case();
CREATE TRIGGER incident_within_case BEFORE INSERT OR UPDATE OF incident_id ON cases_suspension
    FOR EACH ROW EXECUTE FUNCTION cases_incident_within_case();

-- on insert alone: suspensions from before incidents existed still end and resume
CREATE FUNCTION cases_suspension_names_incident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.side = 'agency' AND NEW.incident_id IS NULL THEN
        RAISE EXCEPTION 'the agency suspends on an incident'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'suspension_agency_on_incident';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER suspension_names_incident BEFORE INSERT ON cases_suspension
    FOR EACH ROW EXECUTE FUNCTION cases_suspension_names_incident();
"""

DROP = """
DROP TRIGGER suspension_names_incident ON cases_suspension;
DROP TRIGGER incident_within_case ON cases_suspension;
DROP TRIGGER incident_within_case ON cases_incidentdocument;
DROP TRIGGER incident_within_case ON cases_incidentgrant;
DROP TRIGGER incident_entry_while_open ON cases_incidententry;
DROP TRIGGER incident_closed_is_final ON cases_incident;
DROP FUNCTION cases_suspension_names_incident, cases_incident_within_case, cases_incident_entry_while_open, cases_incident_closed_is_final;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_append_only"),
        ("cases", "0007_grants_whole"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="IncidentDocument",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("attached_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="IncidentEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(choices=cases.incidents.models.entry_kind_choices, max_length=12)),
                (
                    "audience",
                    models.CharField(choices=cases.incidents.models.audience_choices, max_length=10),
                ),
                ("text", models.TextField()),
                (
                    "severity",
                    models.CharField(
                        blank=True, choices=cases.incidents.models.severity_choices, max_length=10
                    ),
                ),
                (
                    "asks",
                    models.CharField(blank=True, choices=cases.incidents.models.asked_choices, max_length=10),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="IncidentGrant",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("named_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("reference", models.CharField(max_length=20, unique=True)),
                (
                    "kind",
                    models.CharField(choices=cases.incidents.models.incident_kind_choices, max_length=30),
                ),
                (
                    "severity",
                    models.CharField(choices=cases.incidents.models.severity_choices, max_length=10),
                ),
                ("account", models.TextField(help_text="What happened, in the reporter's words")),
                ("noticed_at", models.DateTimeField()),
                ("began_at", models.DateTimeField(blank=True, null=True)),
                ("reported_at", models.DateTimeField()),
                ("first_report_due_at", models.DateTimeField()),
                ("first_report_at", models.DateTimeField(blank=True, null=True)),
                ("escalated_at", models.DateTimeField(blank=True, null=True)),
                ("contained_at", models.DateTimeField(blank=True, null=True)),
                ("developer_asked_at", models.DateTimeField(blank=True, null=True)),
                ("reporter_asked_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True, choices=cases.incidents.models.outcome_choices, max_length=20
                    ),
                ),
                ("lessons", models.TextField(blank=True)),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "appointment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.appointment",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="incidents", to="cases.case"
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "follows",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="followed_by",
                        to="cases.incident",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "reported_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reported_under",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reported",
                        to="cases.grant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HistoricalIncident",
            fields=[
                ("id", models.UUIDField(db_index=True, default=uuid.uuid4, editable=False)),
                ("reference", models.CharField(db_index=True, max_length=20)),
                (
                    "kind",
                    models.CharField(choices=cases.incidents.models.incident_kind_choices, max_length=30),
                ),
                (
                    "severity",
                    models.CharField(choices=cases.incidents.models.severity_choices, max_length=10),
                ),
                ("account", models.TextField(help_text="What happened, in the reporter's words")),
                ("noticed_at", models.DateTimeField()),
                ("began_at", models.DateTimeField(blank=True, null=True)),
                ("reported_at", models.DateTimeField()),
                ("first_report_due_at", models.DateTimeField()),
                ("first_report_at", models.DateTimeField(blank=True, null=True)),
                ("escalated_at", models.DateTimeField(blank=True, null=True)),
                ("contained_at", models.DateTimeField(blank=True, null=True)),
                ("developer_asked_at", models.DateTimeField(blank=True, null=True)),
                ("reporter_asked_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True, choices=cases.incidents.models.outcome_choices, max_length=20
                    ),
                ),
                ("lessons", models.TextField(blank=True)),
                ("revision", models.PositiveIntegerField(default=0)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "appointment",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.appointment",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.case",
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "reported_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reported_under",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.grant",
                    ),
                ),
                (
                    "follows",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.incident",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical incident",
                "verbose_name_plural": "historical incidents",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddField(
            model_name="historicalsuspension",
            name="incident",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="cases.incident",
            ),
        ),
        migrations.AddField(
            model_name="suspension",
            name="incident",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="suspensions",
                to="cases.incident",
            ),
        ),
        migrations.AddConstraint(
            model_name="suspension",
            constraint=models.CheckConstraint(
                condition=models.Q(("side", "developer"), ("incident__isnull", False), _connector="OR"),
                name="suspension_agency_on_incident",
            ),
        ),
        migrations.AddField(
            model_name="incidentdocument",
            name="attached_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="incidentdocument",
            name="document",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="attached_to", to="cases.document"
            ),
        ),
        migrations.AddField(
            model_name="incidentdocument",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="attached", to="cases.incident"
            ),
        ),
        migrations.AddField(
            model_name="incidententry",
            name="appointment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.appointment"
            ),
        ),
        migrations.AddField(
            model_name="incidententry",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="incidententry",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="cases.incident"
            ),
        ),
        migrations.AddField(
            model_name="incidentgrant",
            name="grant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="concerned_by", to="cases.grant"
            ),
        ),
        migrations.AddField(
            model_name="incidentgrant",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="concerned", to="cases.incident"
            ),
        ),
        migrations.AddField(
            model_name="incidentgrant",
            name="named_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["case"], name="incident_of_case"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["first_report_due_at"],
                name="incident_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("noticed_at__lte", models.F("reported_at")),
                    models.Q(
                        ("began_at__isnull", True), ("began_at__lte", models.F("noticed_at")), _connector="OR"
                    ),
                ),
                name="incident_began_noticed_reported",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("closed_by__isnull", True), ("outcome", "")),
                    models.Q(
                        ("closed_at__isnull", False),
                        ("closed_by__isnull", False),
                        models.Q(("outcome", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="incident_closed_with_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_at__isnull", True), ("first_report_at__isnull", False), _connector="OR"
                ),
                name="incident_closed_after_first_report",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentdocument",
            constraint=models.UniqueConstraint(
                fields=("incident", "document"), name="incident_has_document_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="incidententry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "first_report")),
                fields=("incident",),
                name="incident_one_first_report",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidententry",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "severity"), ("severity", ""), _connector="XOR"),
                name="incident_entry_names_severity",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentgrant",
            constraint=models.UniqueConstraint(
                fields=("incident", "grant"), name="incident_concerns_grant_once"
            ),
        ),
        migrations.RunSQL(RULES, DROP),
        append_only(
            "cases_incidententry", "cases_incidentgrant", "cases_incidentdocument", "cases_historicalincident"
        ),
    ]
