from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension, UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    """The extensions that the apps above rely on; all three are trusted, so the database's owner may make them."""

    dependencies = [("members", "0002_audit_is_append_only")]

    operations = [TrigramExtension(), UnaccentExtension(), BtreeGistExtension()]
