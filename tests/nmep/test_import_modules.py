import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from nmep.models import Module, ModuleNeed

pytestmark = pytest.mark.django_db

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "wiki" / "Edu"

TEMPLATE = """# Module Template

# Module Dependencies
Strong Dependencies:

- [[Module-Overview]]
- Add more strong dependencies by linking \\[\\[a page\\]\\]

# Module Links

### Slide Deck Link

- **Put slide deck link here

### Post Lecture Links

- **Put links to all documents here
"""

WAVES = """# Waves

# Module Dependencies

Strong Dependencies:

- None

Weak Dependencies:

- None

# Module Overview

What a wave is.

# Slide Outline

- Amplitude
    - Say: how high it is
- Frequency

```
# not a heading
```

# Assignment Outline

### Pre Lecture Content

- None

### Post Lecture Content

- Measure the tide

# Module Links

### Slide Deck Link

- [https://slides.example/a](https://slides.example/b)
- Sources

### Pre Lecture Links

- A film

### Post Lecture Links

- **Put links to all documents here
-

# Author Concern List

- Too long
"""

CURRENTS = """# Currents

# Dependencies

Storng Dependencies:

- [[waves]]
- [[Module-Overview]]

Weak Dependencies

- [[The tides|Tides-Module]]
- [[Nowhere]]

# Slide Outline

- Drift
"""

TIDES = "# Tides\n\n# Dependencies\n\nStrong Dependencies:\n\n- [[Waves]]\n\n# Slide Outline\n\n- Moon\n"


@pytest.fixture
def wiki(tmp_path):
    modules = tmp_path / "Modules"
    modules.mkdir()
    (tmp_path / "Home.md").write_text("# Home\n\nJoin.\n")
    (tmp_path / "Module-Overview.md").write_text("## Overview\n\nPrinciples.\n")
    (tmp_path / "Module-Template.md").write_text(TEMPLATE)
    (modules / "Waves.md").write_text(WAVES)
    (modules / "Currents.md").write_text(CURRENTS)
    (modules / "Tides-Module.md").write_text(TIDES)
    return tmp_path


def run(source, *options):
    out = StringIO()
    call_command("import_modules", str(source), "--json", *options, stdout=out)
    return json.loads(out.getvalue())


def needs():
    return sorted(ModuleNeed.objects.values_list("module__title", "needed__title", "strength"))


def test_pages_become_modules_with_what_they_need(wiki):
    report = run(wiki)
    assert (report["modules"], report["created"], report["strong"], report["weak"]) == (3, 3, 2, 1)
    assert needs() == [
        ("Currents", "Tides", "weak"),
        ("Currents", "Waves", "strong"),
        ("Tides", "Waves", "strong"),
    ]
    assert report["guides"] == ["Home", "Module-Overview", "Module-Template"]
    waves = Module.objects.get(slug="waves")
    assert waves.overview == "What a wave is."
    assert waves.outline == (
        "- Amplitude\n    - Say: how high it is\n- Frequency\n\n```\n# not a heading\n```\n\nFor the deck:\n\n- Sources"
    )
    assert (waves.before, waves.after, waves.concerns) == ("- A film", "- Measure the tide", "- Too long")
    assert waves.deck_url == "https://slides.example/b"
    assert (waves.is_public, waves.licence, waves.level) == (False, "", "fundamental")
    assert report["warnings"] == [
        "Modules/Waves.md: the deck's link says https://slides.example/a and leads to https://slides.example/b",
        "Modules/Currents.md: [[Nowhere]] is no module here; left out",
    ]


def test_the_second_import_changes_nothing_and_a_changed_page_is_followed(wiki):
    run(wiki)
    report = run(wiki)
    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, 3)
    assert set(Module.objects.values_list("revision", flat=True)) == {1}
    (wiki / "Modules" / "Tides-Module.md").write_text(TIDES.replace("Moon", "Moon and sun"))
    report = run(wiki)
    assert (report["updated"], report["unchanged"]) == (1, 2)
    assert Module.objects.get(slug="tides").outline == "- Moon and sun"
    assert len(needs()) == 3


def test_what_was_written_or_edited_here_stays(wiki):
    Module.objects.create(title="Tides", slug="tides", outline="Ours.")
    run(wiki)
    Module.objects.filter(slug="waves").update(outline="Edited here.", level="modern")
    (wiki / "Modules" / "Waves.md").write_text(WAVES.replace("Frequency", "Speed"))
    report = run(wiki)
    assert report["kept"] == 2
    assert dict(Module.objects.values_list("slug", "outline"))["tides"] == "Ours."
    waves = Module.objects.get(slug="waves")
    assert (waves.outline, waves.level) == ("Edited here.", "modern")
    assert ("Tides", "Waves", "strong") not in needs()
    assert ("Currents", "Tides", "weak") in needs()


def test_a_rehearsal_stores_nothing(wiki):
    report = run(wiki, "--dry-run")
    assert report["created"] == 3
    assert Module.objects.count() == 0


def test_pages_that_need_each_other_in_a_circle_are_refused_as_a_whole(wiki):
    (wiki / "Modules" / "Waves.md").write_text(WAVES.replace("- None", "- [[Currents]]", 1))
    with pytest.raises(CommandError, match=r"Nothing was imported.*closes a circle"):
        run(wiki)
    assert Module.objects.count() == 0


def test_folders_without_modules_and_pages_that_are_none_are_refused(tmp_path):
    with pytest.raises(CommandError, match="no module pages"):
        run(tmp_path)
    with pytest.raises(CommandError, match="not a folder"):
        run(tmp_path / "nowhere")
    (tmp_path / "Recipes.md").write_text("# Soup\n\nBoil.\n")
    with pytest.raises(CommandError, match="no module pages"):
        run(tmp_path)


def test_a_link_out_of_the_folder_is_refused(wiki, tmp_path_factory):
    secret = tmp_path_factory.mktemp("other") / "secret.md"
    secret.write_text(WAVES)
    (wiki / "Modules" / "Secret.md").symlink_to(secret)
    with pytest.raises(CommandError, match="not a plain file"):
        run(wiki)


@pytest.mark.skipif(not DATA.exists(), reason="the real club's pages are not at ../shared/data")
def test_the_module_pages_of_a_real_wiki_are_taken_over():
    report = run(DATA)
    assert (report["modules"], report["strong"], report["weak"], report["created"]) == (4, 3, 1, 4)
    assert needs() == [
        ("Deep Learning 1", "Intro to ML", "strong"),
        ("Deep Learning 2", "Deep Learning 1", "strong"),
        ("Intro Pretraining", "Deep Learning 1", "strong"),
        ("Intro Pretraining", "Deep Learning 2", "weak"),
    ]
    assert {row["title"]: row["level"] for row in report["rows"]} == {
        "Deep Learning 1": "fundamental",
        "Deep Learning 2": "modern",
        "Intro Pretraining": "modern",
        "Intro to ML": "fundamental",
    }
    modules = Module.objects.all()
    assert all(
        module.outline and module.overview and module.concerns and module.deck_url for module in modules
    )
    assert not any("Put links to" in module.after + module.before for module in modules)
    assert Module.objects.get(title="Intro to ML").before == ""
    assert "How to read a paper" in Module.objects.get(title="Intro to ML").after
    assert run(DATA)["unchanged"] == 4
