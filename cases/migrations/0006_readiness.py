"""Readiness: the developer's own answers, obligations to third parties, and the notices made from them."""

import uuid

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import accounts.roles
import cases.readiness.models
from portal.audit.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_append_only"),
        ("cases", "0005_window_law"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalObligation",
            fields=[
                ("id", models.UUIDField(db_index=True, default=uuid.uuid4, editable=False)),
                (
                    "reference",
                    models.CharField(help_text="As the developer calls the counterparty", max_length=120),
                ),
                ("kind", models.CharField(choices=cases.readiness.models.obligation_kinds, max_length=20)),
                ("bears_on", models.JSONField(default=list, help_text="Ids of what it bears on")),
                ("consent", models.CharField(choices=cases.readiness.models.consent_choices, max_length=20)),
                ("consent_on", models.DateField(blank=True, null=True)),
                ("notice_sent_on", models.DateField(blank=True, null=True)),
                ("until", models.DateField(blank=True, null=True)),
                ("note", models.TextField(blank=True)),
                ("revision", models.PositiveIntegerField(default=0)),
                ("changed_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
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
                    "changed_by",
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
            ],
            options={
                "verbose_name": "historical obligation",
                "verbose_name_plural": "historical obligations",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalReadiness",
            fields=[
                ("id", models.UUIDField(db_index=True, default=uuid.uuid4, editable=False)),
                (
                    "safeguards",
                    models.JSONField(default=dict, help_text="Id of the catalogue to answer and note"),
                ),
                ("people", models.JSONField(default=list, help_text="Rows of name and organisation")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("changed_at", models.DateTimeField()),
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
                    "changed_by",
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
            ],
            options={
                "verbose_name": "historical readiness",
                "verbose_name_plural": "historical readinesss",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="ObligationsNotice",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField(help_text="The exact text that was attested")),
                ("text_digest", models.CharField(max_length=64)),
                ("attested_at", models.DateTimeField()),
                ("capacity", models.CharField(choices=accounts.roles.capacity_choices, max_length=10)),
                (
                    "appointment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.appointment",
                    ),
                ),
                (
                    "attested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="obligations_notices",
                        to="cases.case",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NoticeFiling",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("version", models.PositiveIntegerField()),
                ("filed_at", models.DateTimeField()),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.document"
                    ),
                ),
                (
                    "filed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "notice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="filing",
                        to="cases.obligationsnotice",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Readiness",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "safeguards",
                    models.JSONField(default=dict, help_text="Id of the catalogue to answer and note"),
                ),
                ("people", models.JSONField(default=list, help_text="Rows of name and organisation")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("changed_at", models.DateTimeField()),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="readiness", to="cases.case"
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Obligation",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "reference",
                    models.CharField(help_text="As the developer calls the counterparty", max_length=120),
                ),
                ("kind", models.CharField(choices=cases.readiness.models.obligation_kinds, max_length=20)),
                ("bears_on", models.JSONField(default=list, help_text="Ids of what it bears on")),
                ("consent", models.CharField(choices=cases.readiness.models.consent_choices, max_length=20)),
                ("consent_on", models.DateField(blank=True, null=True)),
                ("notice_sent_on", models.DateField(blank=True, null=True)),
                ("until", models.DateField(blank=True, null=True)),
                ("note", models.TextField(blank=True)),
                ("revision", models.PositiveIntegerField(default=0)),
                ("changed_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="obligations",
                        to="cases.case",
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at__isnull", True)),
                        fields=("case", "reference", "kind"),
                        name="obligation_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("bears_on", []), _negated=True),
                        name="obligation_bears_on_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("consent", "given"), ("consent_on__isnull", False)),
                            models.Q(
                                models.Q(("consent", "given"), _negated=True), ("consent_on__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="obligation_consent_with_day",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="obligationsnotice",
            constraint=models.UniqueConstraint(
                fields=("case", "number"), name="obligations_notice_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="obligationsnotice",
            constraint=models.CheckConstraint(
                condition=models.Q(("text_digest__regex", "^[0-9a-f]{64}$")), name="obligations_notice_digest"
            ),
        ),
        migrations.AddConstraint(
            model_name="noticefiling",
            constraint=models.UniqueConstraint(
                fields=("document", "version"), name="notice_version_filed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="noticefiling",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)), name="notice_filed_as_a_version"
            ),
        ),
        append_only(
            "cases_obligationsnotice",
            "cases_noticefiling",
            "cases_historicalreadiness",
            "cases_historicalobligation",
        ),
    ]
