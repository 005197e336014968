"""Forms of suites, rules, runs and pointers. A field of a new rule setting goes into RuleForm and its page."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from cases.benchmarks.actions import TaskSpec
from cases.benchmarks.models import SuiteTask, SuiteVersion, ThresholdRule
from cases.benchmarks.rulebook import METRICS
from cases.rules import markings
from portal.kit.forms import SingleLine

MOST_SAMPLES = 10_000_000


class TaskLines(forms.CharField):
    """Tasks as lines "name, samples, epochs, version"; the value is a list of TaskSpec."""

    widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        """The tasks; says which line it cannot read."""
        text = super().to_python(value) or ""
        lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        return [self._task(number, line) for number, line in lines]

    def _task(self, number: int, line: str) -> TaskSpec:
        parts = [part.strip() for part in line.split(",")]
        counts = [int(part) if part.isdecimal() else 0 for part in (*parts[1:3], "1")[:2]]
        version = parts[3] if len(parts) == 4 else ""
        sound = (
            2 <= len(parts) <= 4
            and parts[0].isprintable()
            and 0 < len(parts[0]) <= 120
            and len(version) <= 40
        )
        if not sound or not all(0 < count <= MOST_SAMPLES for count in counts):
            raise ValidationError(
                f"Line {number}: write name, samples, epochs, version. Epochs and version may be left out."
            )
        return TaskSpec(parts[0], counts[0], counts[1], version)


class SuiteForm(forms.Form):
    """A suite version with its tasks."""

    suite = SingleLine(
        label="Suite",
        max_length=120,
        help_text="A new name makes a new suite; a known one a new version of it.",
    )
    version = SingleLine(
        label="Version", max_length=40, help_text="For example 1.2.0. It is fixed once registered."
    )
    purpose = forms.CharField(
        label="Purpose", widget=forms.Textarea(attrs={"rows": 3}), max_length=4000, required=False
    )
    marking = forms.ChoiceField(label="Marking")
    tasks = TaskLines(
        label="Tasks",
        max_length=20_000,
        help_text="One a line: name as the logs name it, samples, epochs, version. Epochs are 1 where left out.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        marking = self.fields["marking"]
        assert isinstance(marking, forms.ChoiceField)
        marking.choices = markings.storable(settings.CEILING)


class ShareField(forms.FloatField):
    """A share from 0 to 1."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=1, step_size=None, **options)
        self.widget.attrs.update(step="any", inputmode="decimal")


class RuleForm(forms.Form):
    """A threshold rule on one task of a suite version."""

    task = forms.ModelChoiceField(SuiteTask.objects.none(), label="Task", empty_label=None)
    scorer = SingleLine(
        label="Scorer", max_length=120, help_text="As the logs name it, for example includes."
    )
    metric = forms.ChoiceField(
        label="Metric", choices=METRICS, help_text="What can be recounted from the samples."
    )
    direction = forms.ChoiceField(label="Direction", choices=ThresholdRule.DIRECTIONS)
    threshold = ShareField(label="Threshold", help_text="From 0 to 1.")
    alert = ShareField(
        label="Alert level",
        required=False,
        help_text="A line shown beside the threshold. It decides nothing.",
    )
    alpha = forms.FloatField(
        label="Error α", initial=0.05, min_value=0.0001, max_value=0.4999,
        help_text="0.05 gives the two-sided 95 % interval.", widget=forms.NumberInput(attrs={"step": "any"}),
    )  # fmt: skip
    min_n = forms.IntegerField(label="Scored samples needed", initial=30, min_value=1, max_value=MOST_SAMPLES)
    min_effective_n = forms.IntegerField(
        label="Effective sample size needed", initial=30, min_value=1, max_value=MOST_SAMPLES
    )
    min_completeness = ShareField(
        label="Completeness needed", initial=0.95, help_text="Scored share of the declared samples."
    )
    max_error_rate = ShareField(
        label="Error rate at most", initial=0.05, help_text="Share of the declared samples."
    )

    def __init__(self, *args: Any, suite_version: SuiteVersion, **options: Any) -> None:
        super().__init__(*args, **options)
        task = self.fields["task"]
        assert isinstance(task, forms.ModelChoiceField)
        task.queryset = suite_version.tasks.order_by("name")


class AgreeForm(forms.Form):
    """The second person's agreement, to the rule that the digest names."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)


class RunForm(forms.Form):
    """An evaluation log and the suite version it is a run of."""

    suite_version = forms.ModelChoiceField(
        SuiteVersion.objects.none(),
        label="Suite version",
        empty_label=None,
        help_text="The log is compared with what it declares.",
    )
    file = forms.FileField(
        label="Evaluation log", allow_empty_file=True, max_length=None,
        help_text="An Inspect log, .eval or .json. Whatever it is, it is kept as evidence with its digest.",
    )  # fmt: skip

    def __init__(self, *args: Any, versions: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["suite_version"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = versions.select_related("suite").order_by("suite__name", "-registered_at")


class PointerForm(forms.Form):
    """Where a record above the ceiling lives."""

    holding_agency = SingleLine(label="Agency that keeps it", max_length=120)
    system = SingleLine(label="System", max_length=120)
    control_number = SingleLine(label="Control number", max_length=120)
    custodian = SingleLine(label="Custodian", max_length=120)
    referenced_marking = forms.ChoiceField(label="Marking of the referenced record", choices=markings.choices)
    cover_text = forms.CharField(
        label="Cover text", widget=forms.Textarea(attrs={"rows": 4}), max_length=4000,
        help_text="Unclassified. It says that a record exists and where to ask, never what it says.",
    )  # fmt: skip
