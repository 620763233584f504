
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wiki', '0004_imported_authors'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Mirror',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('head', models.CharField(blank=True, max_length=40)),
                ('commits', models.PositiveIntegerField(default=0)),
                ('size', models.PositiveBigIntegerField(default=0, verbose_name='size in bytes')),
                ('packs', models.JSONField(blank=True, default=list)),
                ('retired', models.JSONField(blank=True, default=list)),
                ('mark', models.JSONField(blank=True, default=dict)),
                ('built_at', models.DateTimeField(blank=True, help_text='When it was last found, or made, up to date.', null=True)),
                ('changed_at', models.DateTimeField(blank=True, null=True)),
                ('tried_at', models.DateTimeField(blank=True, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('problem', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_mirror', violation_error_message='There is one mirror.')],
            },
        ),
        migrations.CreateModel(
            name='LibraryArchive',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('waiting', 'Being made'), ('ready', 'Ready'), ('failed', 'Failed'), ('gone', 'Deleted')], default='waiting', max_length=8)),
                ('asked_at', models.DateTimeField()),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('made_at', models.DateTimeField(blank=True, null=True)),
                ('file', models.FileField(blank=True, max_length=200, upload_to='wiki/archives/')),
                ('size', models.PositiveBigIntegerField(default=0, verbose_name='size in bytes')),
                ('problem', models.CharField(blank=True, max_length=300)),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-asked_at', '-pk'],
                'permissions': [('export_library', 'Can download the whole library, trash included')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('state',), name='one_archive_at_a_time', violation_error_message='An archive is being made already.')],
            },
        ),
        migrations.CreateModel(
            name='MirrorKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mirror_keys', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('revoked_at', None)), fields=('user',), name='one_live_mirror_key_a_person')],
            },
        ),
        migrations.CreateModel(
            name='Passage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.CharField(blank=True, max_length=200)),
                ('after', models.CharField(blank=True, max_length=200)),
                ('summary', models.CharField(blank=True, max_length=200)),
                ('origin', models.CharField(blank=True, editable=False, max_length=300)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('imported_author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='passages', to='wiki.importedauthor')),
                ('page', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='passages', to='wiki.page')),
            ],
            options={
                'ordering': ['at', 'pk'],
                'indexes': [models.Index(fields=['at'], name='passage_at')],
                'constraints': [models.CheckConstraint(condition=models.Q(('before', models.F('after')), _negated=True), name='passage_changes_the_path', violation_error_message='A page goes from one path to another.'), models.UniqueConstraint(condition=models.Q(('origin', ''), _negated=True), fields=('origin',), name='one_passage_an_origin')],
            },
        ),
    ]
