import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0008_series_say_more'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AgendaItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=160, verbose_name='what')),
                ('who', models.CharField(blank=True, max_length=120, verbose_name='who speaks about it')),
                ('minutes', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(480)])),
                ('notes', models.TextField(blank=True, help_text='What to know before, and what was decided. Members read it.', max_length=4000)),
                ('position', models.PositiveIntegerField(default=0, editable=False)),
                ('state', models.CharField(choices=[('open', 'Open'), ('done', 'Done'), ('carried', 'Moved on to a later meeting')], default='open', editable=False, max_length=7)),
                ('added_at', models.DateTimeField(editable=False)),
                ('settled_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('added_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('carried_from', models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='carried_to', to='events.agendaitem')),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='agenda', to='events.event')),
            ],
            options={
                'ordering': ['event', 'position', 'pk'],
            },
        ),
        migrations.AddIndex(
            model_name='agendaitem',
            index=models.Index(fields=['event', 'position'], name='agenda_order'),
        ),
        migrations.AddConstraint(
            model_name='agendaitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('settled_at__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('settled_at__isnull', False)), _connector='OR'), name='agenda_item_says_when_it_was_settled'),
        ),
    ]
