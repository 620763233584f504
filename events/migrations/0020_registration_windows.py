import datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('events', '0019_speakers'),
        ('members', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RegistrationWindow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('group', models.CharField(choices=[('new_members', 'New members'), ('members', 'Active members and fellows'), ('fellows', 'Fellows'), ('alumni', 'Alumni'), ('officers', 'Whoever holds an office'), ('office', 'Whoever holds one office'), ('people', 'People by name')], max_length=12, verbose_name='for')),
                ('earlier_by', models.DurationField(help_text='How long before registration opens to everybody.')),
            ],
            options={
                'ordering': ['-earlier_by', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='registrationwindow',
            name='event',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='windows', to='events.event'),
        ),
        migrations.AddField(
            model_name='registrationwindow',
            name='office',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='members.office'),
        ),
        migrations.AddField(
            model_name='registrationwindow',
            name='people',
            field=models.ManyToManyField(blank=True, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='registrationwindow',
            name='series',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='windows', to='events.series'),
        ),
        migrations.AddConstraint(
            model_name='registrationwindow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('event__isnull', False), ('series__isnull', True)), models.Q(('event__isnull', True), ('series__isnull', False)), _connector='OR'), name='window_of_an_event_or_a_series'),
        ),
        migrations.AddConstraint(
            model_name='registrationwindow',
            constraint=models.CheckConstraint(condition=models.Q(('earlier_by__gt', datetime.timedelta(0))), name='window_opens_earlier', violation_error_message='It must open earlier than for everybody.'),
        ),
        migrations.AddConstraint(
            model_name='registrationwindow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('group', 'office'), ('office__isnull', False)), models.Q(models.Q(('group', 'office'), _negated=True), ('office__isnull', True)), _connector='OR'), name='window_of_an_office_names_it', violation_error_message='Name the office, and only for a window of one office.'),
        ),
    ]
