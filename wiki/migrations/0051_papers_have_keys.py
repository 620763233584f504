from django.db import migrations

from wiki.models.papers import key_of


def give_keys(apps, schema_editor):
    Paper = apps.get_model("wiki", "Paper")
    BibEntry = apps.get_model("wiki", "BibEntry")
    others = {}
    for key, paper in BibEntry.objects.values_list("key", "paper"):
        others.setdefault(key.lower(), set()).add(paper)
    taken = {key.lower() for key in Paper.objects.exclude(key="").values_list("key", flat=True)}
    for paper in Paper.objects.filter(key="", is_untitled=False).order_by("pk"):
        base = key_of(paper.title, paper.authors_text, paper.year)
        key, number = base, 2
        while key in taken or others.get(key, set()) - {paper.pk}:
            key, number = f"{base}{number}", number + 1
        taken.add(key)
        Paper.objects.filter(pk=paper.pk).update(key=key)


class Migration(migrations.Migration):
    dependencies = [("wiki", "0050_reading")]

    operations = [migrations.RunPython(give_keys, migrations.RunPython.noop)]
