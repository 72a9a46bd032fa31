"""Standings and their changes as narrow as they can be told apart: what a chunk knows stands there.

Both tables are laid anew, since a column that is dropped or retyped keeps its room and its order.
"""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions
from django.db import migrations, models

STANDINGS = """
CREATE TABLE eg_standing (
    licensee_id bigint NOT NULL PRIMARY KEY, sheet_id integer NOT NULL, chunk_id integer NOT NULL
) WITH (fillfactor = 75);
INSERT INTO eg_standing
    SELECT s.licensee_id, s.sheet_id, c.chunk_id
    FROM accesscontrol_standing s
    JOIN accesscontrol_standingchange c ON c.run_id = s.run_id AND c.licensee_id = s.licensee_id
    ORDER BY 1;
"""
CHANGES = """
CREATE TABLE eg_standingchange (
    licensee_id bigint NOT NULL, chunk_id integer NOT NULL, old_sheet_id integer,
    new_sheet_id integer NOT NULL, outcome_changed boolean NOT NULL,
    PRIMARY KEY (chunk_id, licensee_id)
);
INSERT INTO eg_standingchange
    SELECT licensee_id, chunk_id, old_sheet_id, new_sheet_id, outcome_changed
    FROM accesscontrol_standingchange ORDER BY chunk_id, licensee_id;
"""
IN_PLACE = """
DROP TABLE accesscontrol_standing;
DROP TABLE accesscontrol_standingchange;
ALTER TABLE eg_standing RENAME TO accesscontrol_standing;
ALTER INDEX eg_standing_pkey RENAME TO accesscontrol_standing_pkey;
ALTER TABLE eg_standingchange RENAME TO accesscontrol_standingchange;
ALTER INDEX eg_standingchange_pkey RENAME TO accesscontrol_standingchange_pkey;
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON accesscontrol_standingchange
    FOR EACH ROW EXECUTE FUNCTION eg_refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON accesscontrol_standingchange
    FOR EACH STATEMENT EXECUTE FUNCTION eg_refuse_change();
"""


def sheet(**more: object) -> models.Field:
    return models.ForeignKey(
        "accesscontrol.sheet",
        django.db.models.deletion.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
        **more,
    )


def chunk(related_name: str) -> models.Field:
    return models.ForeignKey(
        "accesscontrol.screeningchunk",
        django.db.models.deletion.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name=related_name,
    )


class Migration(migrations.Migration):
    dependencies = [("accesscontrol", "0006_order_of_changes")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(STANDINGS + CHANGES + IN_PLACE, migrations.RunSQL.noop)],
            [
                migrations.DeleteModel("Standing"),
                migrations.DeleteModel("StandingChange"),
                migrations.AlterField(
                    "finding", "id", models.AutoField(primary_key=True, serialize=False)
                ),
                migrations.AlterField(
                    "sheet", "id", models.AutoField(primary_key=True, serialize=False)
                ),
                migrations.AlterField(
                    "screeningchunk", "id", models.AutoField(primary_key=True, serialize=False)
                ),
                migrations.CreateModel(
                    name="Standing",
                    fields=[
                        (
                            "licensee",
                            models.OneToOneField(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                serialize=False,
                                to="accesscontrol.licensee",
                            ),
                        ),
                        ("sheet", sheet()),
                        ("chunk", chunk("+")),
                    ],
                ),
                migrations.CreateModel(
                    name="StandingChange",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "chunk_id",
                                "licensee_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "licensee",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="standing_changes",
                                to="accesscontrol.licensee",
                            ),
                        ),
                        ("chunk", chunk("changes")),
                        ("old_sheet", sheet(null=True)),
                        ("new_sheet", sheet()),
                        ("outcome_changed", models.BooleanField()),
                    ],
                    options={"ordering": ["chunk_id", "licensee_id"]},
                ),
            ],
        ),
        migrations.RunSQL(
            """
            ALTER TABLE accesscontrol_finding ALTER COLUMN id TYPE integer;
            ALTER TABLE accesscontrol_sheet ALTER COLUMN id TYPE integer;
            ALTER TABLE accesscontrol_screeningchunk ALTER COLUMN id TYPE integer;
            ALTER TABLE accesscontrol_affectedlicensee
                ALTER COLUMN before_id TYPE integer, ALTER COLUMN after_id TYPE integer;
            """,
            migrations.RunSQL.noop,
        ),
        # Nobody looks for the beginning of a digest, for which a unique text has a second index.
        migrations.AlterField("finding", "digest", models.CharField(max_length=64)),
        migrations.AlterField("sheet", "digest", models.CharField(max_length=64)),
        migrations.AddConstraint(
            "finding", models.UniqueConstraint(fields=["digest"], name="finding_once")
        ),
        migrations.AddConstraint(
            "sheet", models.UniqueConstraint(fields=["digest"], name="sheet_once")
        ),
        migrations.AddIndex(
            model_name="screeningchunk",
            index=django.contrib.postgres.indexes.GistIndex(
                models.Func(
                    "first_id",
                    django.db.models.functions.Least("last_id", 2**63 - 2),
                    models.Value("[]"),
                    function="int8range",
                ),
                condition=models.Q(("changed__gt", 0)),
                name="chunk_that_changed",
            ),
        ),
        migrations.AddIndex(
            model_name="match",
            index=models.Index(
                models.F("licensee"),
                condition=models.Q(("status", "possible"), ("superseded_at__isnull", True)),
                name="match_possible",
            ),
        ),
    ]
