"""Legal holds on documents as well as cases, with authority and reasons; FOIA requests."""

import uuid

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import accounts.roles
import cases.records.models
from portal.audit.triggers import append_only

RULES = """
CREATE FUNCTION cases_records_within_case() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own uuid;
    theirs uuid;
BEGIN
    IF NEW.document_id IS NULL THEN
        RETURN NEW;
    END IF;
    IF TG_TABLE_NAME = 'cases_legalhold' THEN
        own := (to_jsonb(NEW) ->> 'case_id')::uuid;
    ELSE
        SELECT r.case_id INTO own FROM cases_foiarequest r WHERE r.id = (to_jsonb(NEW) ->> 'request_id')::uuid;
    END IF;
    SELECT d.case_id INTO theirs FROM cases_document d WHERE d.id = NEW.document_id;
    IF theirs IS DISTINCT FROM own THEN
        RAISE EXCEPTION 'records of a case name its own documents alone'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'records_within_case';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER records_within_case BEFORE INSERT OR UPDATE ON cases_legalhold
    FOR EACH ROW EXECUTE FUNCTION cases_records_within_case();
CREATE TRIGGER records_within_case BEFORE INSERT ON cases_foiadocument
    FOR EACH ROW EXECUTE FUNCTION cases_records_within_case();

CREATE FUNCTION cases_records_end_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL THEN
        RAISE EXCEPTION 'what was lifted or decided stays as it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'records_end_is_final';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER records_end_is_final BEFORE UPDATE ON cases_legalhold
    FOR EACH ROW EXECUTE FUNCTION cases_records_end_is_final('lifted_at');
CREATE TRIGGER records_end_is_final BEFORE UPDATE ON cases_foiarequest
    FOR EACH ROW EXECUTE FUNCTION cases_records_end_is_final('decided_at');
"""

DROP = """
DROP TRIGGER records_end_is_final ON cases_foiarequest;
DROP TRIGGER records_end_is_final ON cases_legalhold;
DROP TRIGGER records_within_case ON cases_foiadocument;
DROP TRIGGER records_within_case ON cases_legalhold;
DROP FUNCTION cases_records_end_is_final, cases_records_within_case;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_append_only"),
        ("cases", "0013_uploads"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FoiaDocument",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("added_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="FoiaRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.CharField(max_length=40)),
                ("received_at", models.DateTimeField()),
                (
                    "asked_for",
                    models.TextField(help_text="The records asked for, as the request describes them"),
                ),
                ("recorded_at", models.DateTimeField()),
                ("notice_at", models.DateTimeField(blank=True, null=True)),
                ("answer_due_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "answer",
                    models.CharField(blank=True, choices=cases.records.models.answer_choices, max_length=10),
                ),
                ("objection", models.TextField(blank=True)),
                ("objection_pages", models.CharField(blank=True, max_length=200)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "capacity",
                    models.CharField(blank=True, choices=accounts.roles.capacity_choices, max_length=10),
                ),
                (
                    "outcome",
                    models.CharField(blank=True, choices=cases.records.models.outcome_choices, max_length=20),
                ),
                ("exemption_4", models.BooleanField(default=False)),
                ("basis", models.TextField(blank=True)),
                ("revision", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="HistoricalFoiaRequest",
            fields=[
                ("id", models.UUIDField(db_index=True, default=uuid.uuid4, editable=False)),
                ("number", models.CharField(max_length=40)),
                ("received_at", models.DateTimeField()),
                (
                    "asked_for",
                    models.TextField(help_text="The records asked for, as the request describes them"),
                ),
                ("recorded_at", models.DateTimeField()),
                ("notice_at", models.DateTimeField(blank=True, null=True)),
                ("answer_due_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "answer",
                    models.CharField(blank=True, choices=cases.records.models.answer_choices, max_length=10),
                ),
                ("objection", models.TextField(blank=True)),
                ("objection_pages", models.CharField(blank=True, max_length=200)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "capacity",
                    models.CharField(blank=True, choices=accounts.roles.capacity_choices, max_length=10),
                ),
                (
                    "outcome",
                    models.CharField(blank=True, choices=cases.records.models.outcome_choices, max_length=20),
                ),
                ("exemption_4", models.BooleanField(default=False)),
                ("basis", models.TextField(blank=True)),
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
            ],
            options={
                "verbose_name": "historical foia request",
                "verbose_name_plural": "historical foia requests",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddField(
            model_name="historicallegalhold",
            name="authority",
            field=models.CharField(default="", max_length=200),
        ),
        migrations.AddField(
            model_name="historicallegalhold",
            name="document",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="cases.document",
            ),
        ),
        migrations.AddField(
            model_name="historicallegalhold",
            name="lift_reason",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="historicallegalhold",
            name="reason",
            field=models.TextField(default=""),
        ),
        migrations.AddField(
            model_name="legalhold",
            name="authority",
            field=models.CharField(default="", max_length=200),
        ),
        migrations.AddField(
            model_name="legalhold",
            name="document",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="legal_holds",
                to="cases.document",
            ),
        ),
        migrations.AddField(
            model_name="legalhold",
            name="lift_reason",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="legalhold",
            name="reason",
            field=models.TextField(default=""),
        ),
        migrations.AddConstraint(
            model_name="legalhold",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lifted_at__isnull", True)),
                fields=("case", "document", "matter"),
                name="legal_hold_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="legalhold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lifted_at__isnull", True), ("lifted_by__isnull", True)),
                    models.Q(
                        ("lifted_at__isnull", False),
                        ("lifted_by__isnull", False),
                        models.Q(("lift_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="legal_hold_lifted_with_reason",
            ),
        ),
        migrations.AddField(
            model_name="foiadocument",
            name="document",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="foia_scopes", to="cases.document"
            ),
        ),
        migrations.AddField(
            model_name="foiarequest",
            name="answered_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="foiarequest",
            name="appointment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.appointment",
            ),
        ),
        migrations.AddField(
            model_name="foiarequest",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="foia_requests", to="cases.case"
            ),
        ),
        migrations.AddField(
            model_name="foiarequest",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="foiarequest",
            name="notice_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="foiarequest",
            name="recorded_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="foiadocument",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="scope", to="cases.foiarequest"
            ),
        ),
        migrations.AddField(
            model_name="historicalfoiarequest",
            name="answered_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalfoiarequest",
            name="appointment",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="accounts.appointment",
            ),
        ),
        migrations.AddField(
            model_name="historicalfoiarequest",
            name="case",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="cases.case",
            ),
        ),
        migrations.AddField(
            model_name="historicalfoiarequest",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalfoiarequest",
            name="history_user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalfoiarequest",
            name="notice_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalfoiarequest",
            name="recorded_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="foiarequest",
            index=models.Index(fields=["case", "received_at"], name="foia_of_case"),
        ),
        migrations.AddConstraint(
            model_name="foiarequest",
            constraint=models.UniqueConstraint(fields=("case", "number"), name="foia_number_once"),
        ),
        migrations.AddConstraint(
            model_name="foiarequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("received_at__lte", models.F("recorded_at"))), name="foia_received_first"
            ),
        ),
        migrations.AddConstraint(
            model_name="foiarequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("answer_due_at__isnull", True),
                        ("notice_at__isnull", True),
                        ("notice_by__isnull", True),
                    ),
                    models.Q(
                        ("answer_due_at__gt", models.F("notice_at")),
                        ("notice_at__isnull", False),
                        ("notice_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="foia_notice_with_hour",
            ),
        ),
        migrations.AddConstraint(
            model_name="foiarequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer", ""), ("answered_at__isnull", True), ("answered_by__isnull", True)),
                    models.Q(
                        ("answered_at__gte", models.F("notice_at")),
                        ("answered_by__isnull", False),
                        ("notice_at__isnull", False),
                        models.Q(("answer", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="foia_answered_after_notice",
            ),
        ),
        migrations.AddConstraint(
            model_name="foiarequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer", "objects"), _negated=True),
                    models.Q(("objection", ""), _negated=True),
                    _connector="OR",
                ),
                name="foia_objection_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="foiarequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("capacity", ""),
                        ("decided_at__isnull", True),
                        ("decided_by__isnull", True),
                        ("outcome", ""),
                    ),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        models.Q(("outcome", ""), _negated=True),
                        models.Q(("capacity", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="foia_decided_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="foiadocument",
            constraint=models.UniqueConstraint(fields=("request", "document"), name="foia_document_once"),
        ),
        append_only("cases_foiadocument", "cases_historicalfoiarequest"),
        migrations.RunSQL(RULES, DROP),
    ]
