from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("nmep", "0008_checks_and_their_runs"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='review',
            name='one_posted_review_a_submission',
        ),
        migrations.RemoveConstraint(
            model_name='review',
            name='posted_review_has_outcome',
        ),
        migrations.AddField(
            model_name='assignment',
            name='holds_reviews',
            field=models.BooleanField(default=False, help_text='Finished reviews are kept back, and learners know nothing of them, until a lead releases them.', verbose_name='hold reviews until released'),
        ),
        migrations.AddField(
            model_name='review',
            name='held_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='review',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('held', 'Held'), ('posted', 'Posted')], default='draft', max_length=6),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['held', 'posted'])), fields=('submission',), name='one_finished_review_a_submission', violation_error_message='This version has a finished review already.'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('held_at', None), ('posted_at', None), ('state', 'draft')), models.Q(models.Q(('outcome', ''), _negated=True), models.Q(models.Q(('held_at__isnull', False), ('posted_at', None), ('state', 'held')), models.Q(('posted_at__isnull', False), ('state', 'posted')), _connector='OR')), _connector='OR'), name='finished_review_has_outcome', violation_error_message='A finished review says when it was finished and with what outcome.'),
        ),
    ]
