import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wiki', '0021_posts_say_how_long'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Suggestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('base_number', models.PositiveIntegerField(help_text='The revision that the author began from.')),
                ('text', models.TextField(blank=True)),
                ('summary', models.CharField(blank=True, max_length=200, verbose_name='why')),
                ('at', models.DateTimeField()),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('accepted', 'Accepted'), ('partly', 'Accepted in part'), ('rejected', 'Not taken'), ('withdrawn', 'Withdrawn')], default='waiting', max_length=9)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, help_text='What the author is told.', max_length=500)),
            ],
            options={
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.AlterField(
            model_name='revision',
            name='source',
            field=models.CharField(choices=[('web', 'Edited here'), ('import', 'Imported'), ('revert', 'Brought back'), ('merge', 'Merged'), ('suggest', 'Suggested')], default='web', max_length=8),
        ),
        migrations.AddField(
            model_name='suggestion',
            name='author',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='wiki_suggestions', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='suggestion',
            name='page',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='suggestions', to='wiki.page'),
        ),
        migrations.AddField(
            model_name='suggestion',
            name='revision',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='suggestion', to='wiki.revision'),
        ),
        migrations.AddField(
            model_name='suggestion',
            name='settled_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='wiki_suggestions_settled', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='suggestion',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('page', 'author'), name='one_waiting_suggestion_a_person', violation_error_message='A suggestion of yours waits on this page already.'),
        ),
        migrations.AddConstraint(
            model_name='suggestion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('settled_at__isnull', False)), _connector='OR'), name='suggestion_settled_at_a_moment', violation_error_message='What is settled has a moment, what waits has none.'),
        ),
    ]
