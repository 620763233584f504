import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0006_talk_mentoring'),
    ]

    operations = [
        migrations.CreateModel(
            name='Room',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='As the sign on its door says.', max_length=80)),
                ('building', models.CharField(blank=True, max_length=80)),
                ('seats', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)])),
                ('way_in', models.TextField(blank=True, help_text='Entrance, floor, what is locked when. Everybody who sees an event here reads it: no door codes.', max_length=600, verbose_name='how to get in')),
                ('access', models.TextField(blank=True, help_text='Lift, steps, doors, toilets, an induction loop.', max_length=600, verbose_name='access')),
                ('has_projector', models.BooleanField(default=False, verbose_name='projector')),
                ('has_whiteboard', models.BooleanField(default=False, verbose_name='whiteboard')),
                ('has_hybrid', models.BooleanField(default=False, verbose_name='camera and microphones for those who are not here')),
                ('is_in_use', models.BooleanField(default=True, help_text='Off: it stays with past events and is offered no more.', verbose_name='may be booked')),
            ],
            options={
                'ordering': ['building', 'name'],
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('building'), django.db.models.functions.text.Lower('name'), name='one_room_of_a_name', violation_error_message='There is a room of that name in the building.'), models.CheckConstraint(condition=models.Q(('seats__isnull', True), ('seats__gte', 1), _connector='OR'), name='room_has_a_seat', violation_error_message='A room has at least one seat.')],
            },
        ),
        migrations.AlterField(
            model_name='event',
            name='place',
            field=models.CharField(blank=True, help_text="Where it is when it is in none of the club's rooms.", max_length=200),
        ),
        migrations.AddField(
            model_name='event',
            name='room',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='events.room'),
        ),
        migrations.AddField(
            model_name='series',
            name='room',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='events.room'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('room__isnull', False)), fields=['room', 'starts_at'], name='event_in_room'),
        ),
    ]
