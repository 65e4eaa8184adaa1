"""Forms of frameworks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from sipar.formats.limits import DEFAULT_LIMITS, MEGABYTE
from sipar.frameworks.models import Framework
from sipar.frameworks.selectors import frameworks_in_use


class FrameworkChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice among framework versions, by title and version."""

    def label_from_instance(self, obj: Any) -> str:
        return framework_label(obj)


class UploadForm(forms.Form):
    """A framework file, and what it belongs to where it cannot say so itself."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("YAML, JSON, XLSX or CSV, at most 32 MB. OSCAL catalogs and profiles, and libraries, may be gzip."),
    )
    base = FrameworkChoice(
        Framework.objects.none(),
        label=_("Belongs to"),
        help_text=_("For an OSCAL profile or a CSV of requirements: the framework it belongs to."),
        empty_label=_("Sipar finds it"),
        required=False,
    )
    version = forms.CharField(
        label=_("New version"),
        help_text=_("For a CSV of requirements: the name of the version that it makes."),
        max_length=60,
        required=False,
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        base = self.fields["base"]
        assert isinstance(base, FrameworkChoice)
        base.queryset = frameworks_in_use()

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if file.size is not None and file.size > DEFAULT_LIMITS.max_bytes:
            raise forms.ValidationError(
                _("The file is larger than %(most)s MB.") % {"most": DEFAULT_LIMITS.max_bytes // MEGABYTE}
            )
        return file


class CoverageForm(forms.Form):
    """Two framework versions to compare."""

    source = FrameworkChoice(Framework.objects.none(), label=_("What is answered"), empty_label=None)
    target = FrameworkChoice(Framework.objects.none(), label=_("What is to be covered"), empty_label=None)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in ("source", "target"):
            field = self.fields[name]
            assert isinstance(field, FrameworkChoice)
            field.queryset = frameworks_in_use()


def framework_label(framework: Framework) -> str:
    """Title in the reader's language, and version."""
    title: dict[str, str] = framework.title
    return f"{title.get(get_language() or 'en') or title.get('en', '')} {framework.version}"
