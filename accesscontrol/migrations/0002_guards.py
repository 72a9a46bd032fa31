"""What must be true whatever Python does: triggers, and the audit schema that takes inserts only."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION eg_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'raise_exception';
END $$;
"""

APPEND_ONLY = [
    "release",
    "decision",
    "reasonblob",
    "ruleedit",
    "finding",
    "sheet",
    "standingchange",
    "listversion",
]


def append_only(table: str) -> str:
    """Rows of the table are inserted and never changed, deleted or truncated."""
    return f"""
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON accesscontrol_{table}
    FOR EACH ROW EXECUTE FUNCTION eg_refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON accesscontrol_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION eg_refuse_change();
"""


RULE_VERSIONS = """
CREATE FUNCTION eg_guard_rule_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'published' THEN
            RAISE EXCEPTION 'a published rule version is never deleted';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.state = 'published' AND (
        (NEW.rule_id, NEW.version, NEW.state, NEW.title, NEW.effect, NEW.content, NEW.canonical,
         NEW.digest, NEW.published_at, NEW.published_by_id, NEW.retires, NEW.emergency)
        IS DISTINCT FROM
        (OLD.rule_id, OLD.version, OLD.state, OLD.title, OLD.effect, OLD.content, OLD.canonical,
         OLD.digest, OLD.published_at, OLD.published_by_id, OLD.retires, OLD.emergency)
        OR (OLD.approved_at IS NOT NULL AND
            (NEW.approved_at, NEW.approved_by_id) IS DISTINCT FROM (OLD.approved_at, OLD.approved_by_id))
    ) THEN
        RAISE EXCEPTION 'a published rule version is never changed';
    END IF;
    IF NEW.approved_by_id IS NOT NULL AND NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id
       AND EXISTS (
        SELECT 1 FROM accesscontrol_ruleedit e
        JOIN accesscontrol_ruleversion v ON v.id = e.rule_version_id
        WHERE e.user_id = NEW.approved_by_id AND v.rule_id = NEW.rule_id
          AND (v.id = NEW.id OR v.version > coalesce((
              SELECT max(p.version) FROM accesscontrol_ruleversion p
              WHERE p.rule_id = NEW.rule_id AND p.state = 'published' AND p.id <> NEW.id), 0))
    ) THEN
        RAISE EXCEPTION 'nobody approves what he edited';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON accesscontrol_ruleversion
    FOR EACH ROW EXECUTE FUNCTION eg_guard_rule_version();

CREATE FUNCTION eg_guard_new_rule_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.approved_by_id IS NOT NULL AND NEW.approved_by_id = NEW.created_by_id THEN
        RAISE EXCEPTION 'nobody approves what he edited';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_new BEFORE INSERT ON accesscontrol_ruleversion
    FOR EACH ROW EXECUTE FUNCTION eg_guard_new_rule_version();
"""

TERMS = """
CREATE FUNCTION eg_guard_term() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a term is withdrawn, never deleted';
    END IF;
    IF (NEW.rule_id, NEW.rule_version_id) IS DISTINCT FROM (OLD.rule_id, OLD.rule_version_id) THEN
        RAISE EXCEPTION 'a term belongs to its version';
    END IF;
    IF NEW.withdrawn AND NOT OLD.withdrawn AND lower(OLD.period) <= transaction_timestamp() THEN
        RAISE EXCEPTION 'a term that has begun is not withdrawn';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON accesscontrol_term
    FOR EACH ROW EXECUTE FUNCTION eg_guard_term();
"""

AUDIT = """
CREATE SCHEMA audit;
CREATE FUNCTION audit.leaf_hash(payload text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT sha256('\\x00'::bytea || convert_to(payload, 'UTF8')) $$;
CREATE TABLE audit.event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payload text NOT NULL CHECK (octet_length(payload) <= 60000),
    leaf_hash bytea NOT NULL CONSTRAINT leaf_hash_of_payload CHECK (leaf_hash = audit.leaf_hash(payload)),
    kind text NOT NULL GENERATED ALWAYS AS ((payload::jsonb) ->> 'kind') STORED,
    actor_id text NOT NULL GENERATED ALWAYS AS ((payload::jsonb) #>> '{actor,id}') STORED,
    subject_id text NOT NULL GENERATED ALWAYS AS ((payload::jsonb) #>> '{subject,id}') STORED,
    rule_id text GENERATED ALWAYS AS ((payload::jsonb) ->> 'rule') STORED,
    decision_id text GENERATED ALWAYS AS ((payload::jsonb) ->> 'decision_id') STORED,
    at_us bigint NOT NULL GENERATED ALWAYS AS (((payload::jsonb) ->> 'at_us')::bigint) STORED
);
CREATE INDEX event_by_kind ON audit.event (kind, id DESC);
CREATE INDEX event_by_actor ON audit.event (actor_id, id DESC);
CREATE INDEX event_by_subject ON audit.event (subject_id, id DESC);
CREATE INDEX event_by_decision ON audit.event (decision_id) WHERE decision_id IS NOT NULL;
CREATE INDEX event_by_time ON audit.event (at_us DESC);
CREATE TABLE audit.pending (event_id bigint PRIMARY KEY);
CREATE TABLE audit.leaf (leaf_index bigint PRIMARY KEY, event_id bigint NOT NULL UNIQUE);

CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log takes inserts only';
END $$;
CREATE FUNCTION audit.enqueue() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = audit, pg_temp AS $$
BEGIN
    INSERT INTO audit.pending (event_id) SELECT id FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON audit.event
    FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit.event
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER enqueue AFTER INSERT ON audit.event
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION audit.enqueue();
ALTER TABLE audit.event ENABLE ALWAYS TRIGGER never_changed;
ALTER TABLE audit.event ENABLE ALWAYS TRIGGER never_truncated;
ALTER TABLE audit.event ENABLE ALWAYS TRIGGER enqueue;
"""

STORAGE = "ALTER TABLE accesscontrol_standing SET (fillfactor = 50);"


class Migration(migrations.Migration):
    dependencies = [("accesscontrol", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, migrations.RunSQL.noop),
        migrations.RunSQL("".join(append_only(t) for t in APPEND_ONLY), migrations.RunSQL.noop),
        migrations.RunSQL(RULE_VERSIONS, migrations.RunSQL.noop),
        migrations.RunSQL(TERMS, migrations.RunSQL.noop),
        migrations.RunSQL(AUDIT, migrations.RunSQL.noop),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
