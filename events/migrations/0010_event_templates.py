import datetime

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0009_agenda'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='EventTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='What stands in the menu, such as “Social”.', max_length=60, unique=True)),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='order in the menu')),
                ('kind', models.CharField(choices=[('meeting', 'General meeting'), ('lecture', 'Class'), ('reading_group', 'Reading group'), ('workshop', 'Workshop'), ('social', 'Social'), ('research', 'Research meeting'), ('study_group', 'Study group'), ('homework_party', 'Homework party'), ('info_session', 'Info session'), ('showcase', 'Showcase'), ('other', 'Event')], default='meeting', max_length=20)),
                ('title', models.CharField(blank=True, help_text='Empty: the name above.', max_length=160)),
                ('summary', models.CharField(blank=True, help_text='One or two sentences for lists.', max_length=240)),
                ('description', models.TextField(blank=True, help_text='What happens, what to bring, access. Markdown.')),
                ('weekday', models.PositiveSmallIntegerField(blank=True, choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], help_text='Empty: tomorrow.', null=True, verbose_name='usual day')),
                ('start_time', models.TimeField(default=datetime.time(18, 0), verbose_name='usually begins at')),
                ('length', models.DurationField(default=datetime.timedelta(seconds=5400), help_text='Hours:minutes:seconds.')),
                ('place', models.CharField(blank=True, help_text="When it is in none of the club's rooms.", max_length=200)),
                ('online_url', models.URLField(blank=True, verbose_name='meeting link')),
                ('visibility', models.CharField(choices=[('public', 'Open to everyone'), ('members', 'Members'), ('invited', 'By invitation')], default='members', max_length=8, verbose_name='for')),
                ('capacity', models.PositiveIntegerField(blank=True, help_text='Empty: as many as come.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='seats')),
                ('guests_allowed', models.PositiveSmallIntegerField(default=0, verbose_name='guests each')),
                ('asks_note', models.BooleanField(default=False, verbose_name='ask what people cannot eat or need')),
                ('uses_offers', models.BooleanField(default=False, verbose_name='ask before moving somebody up from the line')),
                ('helpers_wanted', models.PositiveSmallIntegerField(default=0, verbose_name='helpers wanted')),
                ('agenda', models.TextField(blank=True, help_text='One point a line: what | who | minutes. The last two may be left out.', max_length=2000)),
                ('is_offered', models.BooleanField(default=True, verbose_name='in the menu')),
                ('hosts', models.ManyToManyField(blank=True, help_text='Empty: whoever makes the event.', related_name='+', to=settings.AUTH_USER_MODEL)),
                ('room', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='events.room')),
            ],
            options={
                'ordering': ['position', 'name'],
            },
        ),
        migrations.AddConstraint(
            model_name='eventtemplate',
            constraint=models.CheckConstraint(condition=models.Q(('length__gt', datetime.timedelta(0))), name='template_lasts_some_time', violation_error_message='It must last some time.'),
        ),
        migrations.AddConstraint(
            model_name='eventtemplate',
            constraint=models.CheckConstraint(condition=models.Q(('capacity__isnull', True), ('capacity__gte', 1), _connector='OR'), name='template_has_a_seat'),
        ),
    ]
