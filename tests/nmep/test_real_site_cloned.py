"""The programme's own site, taken over, cloned onto the next term, and read for what still speaks of the old one."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from nmep import cloning, stale_text
from nmep.models import Offering
from tests.factories import make_club, make_officer, make_term

pytestmark = pytest.mark.django_db
SHARED = Path(settings.BASE_DIR).parent / "shared" / "data" / "nmep"


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data/nmep is not here")
def test_the_programmes_own_site_is_cloned_and_its_texts_are_read(capsys):
    make_club()
    call_command("import_syllabus", str(SHARED), "--program", "nmep", "--term", "sp26")
    Offering.objects.update(state=Offering.State.ARCHIVED)
    source = Offering.objects.get()
    term = make_term(name="Fall 2026", slug="fa26", starts_on=date(2026, 8, 24), weeks=17)
    days_off = (
        cloning.Holiday(date(2026, 9, 7), date(2026, 9, 7), "Labor Day"),
        cloning.Holiday(date(2026, 11, 25), date(2026, 11, 29), "Thanksgiving"),
    )
    plan = cloning.plan(source, cloning.Wish(term, date(2026, 9, 14), days_off))
    assert len(plan.lines) == 21
    assert not plan.flagged
    draft = cloning.clone(plan, by=make_officer(slug="education"), now=timezone.now()).offering
    report = stale_text.findings(draft)
    found = Counter((hit.kind, row.place.label) for row in report.findings for hit in row.hits)
    # Each was looked at: repositories and folders named sp26, one competition, ten pictures that the site has not.
    assert found == {
        ("term", "HW2: what to do"): 1,
        ("term", "HW3: what to do"): 4,
        ("code", "HW3: what to do"): 1,
        ("term", "HW4: what to do"): 6,
        ("link", "HW4: what to do"): 10,
    }
    assert {hit.better for row in report.findings for hit in row.hits if hit.kind == "term"} == {"fa26"}
