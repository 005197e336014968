"""Versions are scanned before anybody opens them; what the security manager decides about those in quarantine."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.roles
import cases.documents.models
import cases.documents.scanning.findings
from portal.audit.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_append_only"),
        ("cases", "0014_records"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="QuarantineDecision",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "decision",
                    models.CharField(choices=cases.documents.models.decision_choices, max_length=10),
                ),
                (
                    "finding",
                    models.CharField(
                        choices=cases.documents.scanning.findings.finding_choices,
                        help_text="The finding decided about",
                        max_length=20,
                    ),
                ),
                ("reason", models.TextField()),
                ("decided_at", models.DateTimeField()),
                ("capacity", models.CharField(choices=accounts.roles.capacity_choices, max_length=20)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="documentversion",
            name="finding",
            field=models.CharField(
                blank=True,
                choices=cases.documents.scanning.findings.finding_choices,
                help_text="Why it is in quarantine",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="documentversion",
            name="scanned_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="documentversion",
            name="scanned_with",
            field=models.CharField(blank=True, choices=cases.documents.models.scanner_choices, max_length=20),
        ),
        migrations.AddField(
            model_name="documentversion",
            name="waits_since",
            field=models.DateTimeField(
                blank=True, help_text="Since when the virus scanner does not answer", null=True
            ),
        ),
        migrations.AddField(
            model_name="historicaldocumentversion",
            name="finding",
            field=models.CharField(
                blank=True,
                choices=cases.documents.scanning.findings.finding_choices,
                help_text="Why it is in quarantine",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="historicaldocumentversion",
            name="scanned_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="historicaldocumentversion",
            name="scanned_with",
            field=models.CharField(blank=True, choices=cases.documents.models.scanner_choices, max_length=20),
        ),
        migrations.AddField(
            model_name="historicaldocumentversion",
            name="waits_since",
            field=models.DateTimeField(
                blank=True, help_text="Since when the virus scanner does not answer", null=True
            ),
        ),
        migrations.AlterField(
            model_name="documentversion",
            name="state",
            field=models.CharField(
                choices=cases.documents.models.state_choices, default="received", max_length=12
            ),
        ),
        migrations.AlterField(
            model_name="historicaldocumentversion",
            name="state",
            field=models.CharField(
                choices=cases.documents.models.state_choices, default="received", max_length=12
            ),
        ),
        migrations.AddIndex(
            model_name="documentversion",
            index=models.Index(
                condition=models.Q(("state", "available"), _negated=True),
                fields=["document"],
                name="document_version_not_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="documentversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "quarantined"), _negated=True),
                    models.Q(("finding", ""), _negated=True),
                    _connector="OR",
                ),
                name="document_quarantine_says_why",
            ),
        ),
        migrations.AddField(
            model_name="quarantinedecision",
            name="appointment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.appointment"
            ),
        ),
        migrations.AddField(
            model_name="quarantinedecision",
            name="decided_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="quarantinedecision",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="cases.documentversion",
            ),
        ),
        append_only("cases_quarantinedecision"),
    ]
