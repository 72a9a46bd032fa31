"""Five indexes on holds that nobody reads by, each of them written for every hold."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def of(model: str) -> models.Field:
    return models.ForeignKey(
        model, django.db.models.deletion.PROTECT, db_index=False, null=True, related_name="+"
    )


class Migration(migrations.Migration):

    dependencies = [("accesscontrol", "0007_narrow_standings")]

    operations = [
        *(
            migrations.AlterField("hold", name, of("accesscontrol.screeningrun"))
            for name in ("run", "released_run")
        ),
        *(
            migrations.AlterField("hold", name, of(settings.AUTH_USER_MODEL))
            for name in ("placed_by", "release_asked_by", "released_by")
        ),
    ]
