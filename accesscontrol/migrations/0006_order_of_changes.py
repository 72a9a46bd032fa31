"""The order in which changes of standings were committed, and indexes for a growing number of runs."""

import django.contrib.postgres.fields
from django.db import migrations, models

# What was committed before the order was kept: in the order in which it ended.
ORDER_WHAT_IS_THERE = """
UPDATE accesscontrol_screeningchunk AS c SET feed = t.place
FROM (SELECT id, row_number() OVER (ORDER BY finished_at, id) AS place
      FROM accesscontrol_screeningchunk WHERE state = 'done' AND changed > 0) AS t
WHERE c.id = t.id
"""


class Migration(migrations.Migration):

    dependencies = [("accesscontrol", "0005_impact_previews")]

    operations = [
        migrations.AddField(
            model_name="screeningchunk",
            name="feed",
            field=models.BigIntegerField(
                null=True,
                help_text="Its place among all chunks that changed a standing, in the order in which they were committed and without a gap: who follows the changes goes by it",
            ),
        ),
        migrations.AddField(
            model_name="screeningchunk",
            name="flipped",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                default=list,
                help_text="A few of its licensees whose outcome changed, for whoever watches the run",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="screeningrun",
            name="told",
            field=models.BigIntegerField(
                default=0,
                help_text="Place in the feed up to which messages told of it before a retry",
            ),
        ),
        migrations.RunSQL(ORDER_WHAT_IS_THERE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="screeningchunk",
            constraint=models.UniqueConstraint(
                fields=["feed"],
                condition=models.Q(feed__isnull=False),
                name="chunk_place_in_feed",
            ),
        ),
        migrations.AddIndex(
            model_name="screeningrun",
            index=models.Index("state", "id", name="run_by_state"),
        ),
        migrations.AddIndex(
            model_name="screeningrun",
            index=models.Index("cause", "id", name="run_by_cause"),
        ),
        migrations.AddIndex(
            model_name="screeningrun",
            index=models.Index("created_at", name="run_by_creation"),
        ),
        migrations.AddIndex(
            model_name="screeningrun",
            index=models.Index("id", name="run_over_everyone", condition=models.Q(full=True)),
        ),
    ]
