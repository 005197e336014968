"""Questions to the developer: threads, questions, messages, documents of answers; and until when a person saw a case."""

import uuid

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import cases.questions.models
from portal.audit.triggers import append_only

RULES = """
CREATE FUNCTION cases_question_stays_as_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'a question that was closed or taken back stays as it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'question_ended_is_final';
    END IF;
    IF (NEW.thread_id, NEW.number, NEW.text, NEW.wants, NEW.asked_at, NEW.asked_by_id, NEW.appointment_id, NEW.due_at)
        IS DISTINCT FROM
        (OLD.thread_id, OLD.number, OLD.text, OLD.wants, OLD.asked_at, OLD.asked_by_id, OLD.appointment_id, OLD.due_at)
    THEN
        RAISE EXCEPTION 'a question stays as it was asked'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'question_stays_as_asked';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER question_stays_as_asked BEFORE UPDATE ON cases_question
    FOR EACH ROW EXECUTE FUNCTION cases_question_stays_as_asked();

CREATE FUNCTION cases_question_message_while_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM cases_question q WHERE q.id = NEW.question_id AND q.ended_as = 'taken_back') THEN
        RAISE EXCEPTION 'nothing is said to a question that was taken back'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'question_message_while_asked';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER question_message_while_asked BEFORE INSERT ON cases_questionmessage
    FOR EACH ROW EXECUTE FUNCTION cases_question_message_while_asked();

CREATE FUNCTION cases_question_document_within_case() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own uuid;
    theirs uuid;
BEGIN
    SELECT t.case_id INTO own FROM cases_questionmessage m JOIN cases_question q ON q.id = m.question_id
        JOIN cases_questionthread t ON t.id = q.thread_id WHERE m.id = NEW.message_id;
    SELECT d.case_id INTO theirs FROM cases_document d WHERE d.id = NEW.document_id;
    IF theirs IS DISTINCT FROM own THEN
        RAISE EXCEPTION 'an answer carries documents of its own case alone'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'question_document_within_case';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER question_document_within_case BEFORE INSERT ON cases_questiondocument
    FOR EACH ROW EXECUTE FUNCTION cases_question_document_within_case();
"""

DROP = """
DROP TRIGGER question_document_within_case ON cases_questiondocument;
DROP TRIGGER question_message_while_asked ON cases_questionmessage;
DROP TRIGGER question_stays_as_asked ON cases_question;
DROP FUNCTION cases_question_document_within_case, cases_question_message_while_asked, cases_question_stays_as_asked;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_append_only"),
        ("cases", "0010_conflicts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Question",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField(help_text="Counts the questions of the thread")),
                ("text", models.TextField()),
                ("wants", models.CharField(choices=cases.questions.models.wants_choices, max_length=10)),
                ("asked_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "answered_as",
                    models.CharField(
                        blank=True, choices=cases.questions.models.answered_choices, max_length=10
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended_as",
                    models.CharField(blank=True, choices=cases.questions.models.ended_choices, max_length=10),
                ),
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
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="QuestionMessage",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(choices=cases.questions.models.message_kind_choices, max_length=10),
                ),
                ("text", models.TextField(blank=True)),
                ("on", models.DateField(blank=True, null=True)),
                ("yes", models.BooleanField(blank=True, null=True)),
                ("at", models.DateTimeField()),
                (
                    "appointment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.appointment",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="cases.question",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="QuestionDocument",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("attached_at", models.DateTimeField()),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="cases.document",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attached",
                        to="cases.questionmessage",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="QuestionThread",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("subject", models.CharField(choices=cases.questions.models.subject_choices, max_length=20)),
                ("title", models.CharField(max_length=120)),
                ("opened_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="question_threads",
                        to="cases.case",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="question",
            name="thread",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="questions",
                to="cases.questionthread",
            ),
        ),
        migrations.CreateModel(
            name="HistoricalQuestion",
            fields=[
                ("id", models.UUIDField(db_index=True, default=uuid.uuid4, editable=False)),
                ("number", models.PositiveIntegerField(help_text="Counts the questions of the thread")),
                ("text", models.TextField()),
                ("wants", models.CharField(choices=cases.questions.models.wants_choices, max_length=10)),
                ("asked_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "answered_as",
                    models.CharField(
                        blank=True, choices=cases.questions.models.answered_choices, max_length=10
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended_as",
                    models.CharField(blank=True, choices=cases.questions.models.ended_choices, max_length=10),
                ),
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
                    "asked_by",
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
                    "ended_by",
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
                    "thread",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.questionthread",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical question",
                "verbose_name_plural": "historical questions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="LastSeen",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("seen_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="last_seen", to="cases.case"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("case", "person"), name="last_seen_once")],
            },
        ),
        migrations.AddIndex(
            model_name="questionmessage",
            index=models.Index(fields=["question", "at"], name="question_message_of"),
        ),
        migrations.AddConstraint(
            model_name="questiondocument",
            constraint=models.UniqueConstraint(fields=("message", "document"), name="question_document_once"),
        ),
        migrations.AddIndex(
            model_name="questionthread",
            index=models.Index(fields=["case", "opened_at"], name="question_thread_of_case"),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)), fields=["due_at"], name="question_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.UniqueConstraint(fields=("thread", "number"), name="question_number_once"),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gt", models.F("asked_at"))), name="question_due_after_asked"
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answered_as__in", ["", "part"]), ("answered_at__isnull", True)),
                    models.Q(("answered_as__in", ["answered", "declined"]), ("answered_at__isnull", False)),
                    _connector="OR",
                ),
                name="question_answered_how",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_as", ""), ("ended_at__isnull", True), ("ended_by__isnull", True)),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("ended_by__isnull", False),
                        models.Q(("ended_as", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="question_ended_how",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_as", "closed"), _negated=True),
                    models.Q(("answered_as", ""), _negated=True),
                    _connector="OR",
                ),
                name="question_closed_answered",
            ),
        ),
        append_only(
            "cases_questionthread",
            "cases_questionmessage",
            "cases_questiondocument",
            "cases_historicalquestion",
        ),
        migrations.RunSQL(RULES, DROP),
    ]
