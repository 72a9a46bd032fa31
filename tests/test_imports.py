"""Licensees from CSV: every row checked first, then all or none; bad files named in words."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command

from accesscontrol import facts, registry
from accesscontrol.models import AuditEvent, Fact, Licensee, ScreeningRun
from tests.worlds import register as world

AT = world.AT
LATER = AT + timedelta(hours=1)
HEADER = "ref,name,country,hq_country,foreign_national_access\n"
GOOD = HEADER + "acme,Acme Ltd,US,US,12.5%\nbeta,Beta SA,FR,,\n"

pytestmark = pytest.mark.django_db


def load(text, at=AT, **how):
    data = text if isinstance(text, bytes) else text.encode()
    return registry.import_licensees(
        data=data, file_name="licensees.csv", by=world.person("mina"), at=at, **how
    )


def known(ref, at=LATER):
    pk = Licensee.objects.get(ref=ref).pk
    return facts.about_licensees([pk], at=at)[pk].facts


def test_a_good_file_is_taken_with_one_event_and_one_screening():
    world.publish(at=AT - timedelta(days=1))
    events, runs = AuditEvent.objects.count(), ScreeningRun.objects.count()
    result = load(GOOD)
    assert (result.applied, len(result.new), result.rows) == (True, 2, 2)
    assert known("acme")["licensee.foreign_national_access"] == 1250
    assert "licensee.hq_country" not in known("beta")
    acme = Licensee.objects.get(ref="acme")
    assert (acme.normalized_name, acme.country, acme.foreign_national_access) == (
        "acme",
        "US",
        1250,
    )
    assert AuditEvent.objects.count() == events + 1
    assert ScreeningRun.objects.count() == runs + 1


def test_a_dry_run_changes_nothing():
    result = load(GOOD, dry_run=True)
    assert (result.applied, len(result.new)) == (False, 2)
    assert not Licensee.objects.exists()
    assert not AuditEvent.objects.exists()


def test_the_same_file_again_changes_nothing():
    load(GOOD)
    rows = Fact.objects.count()
    result = load(GOOD, at=LATER)
    assert (len(result.new), len(result.changed), result.unchanged) == (0, 0, 2)
    assert Fact.objects.count() == rows


def test_a_changed_row_is_a_changed_licensee_and_an_empty_cell_leaves_what_is_known():
    load(GOOD)
    result = load("ref,name,country,hq_country\nacme,Acme Corp,CA,\nbeta,Beta SA,FR,\n", at=LATER)
    assert (len(result.changed), result.unchanged) == (1, 1)
    assert (known("acme")["licensee.country"], known("acme")["licensee.hq_country"]) == ("CA", "US")
    assert Licensee.objects.get(ref="acme").name == "Acme Corp"


def test_a_change_that_would_loosen_waits_and_the_others_are_taken():
    world.publish(world.rule("R-CN", "deny", world.HQ_IN_CHINA), at=AT - timedelta(days=1))
    world.model()
    load("ref,name,hq_country\nacme,Acme,CN\nbeta,Beta,US\n")
    result = load("ref,name,hq_country\nacme,Acme,US\nbeta,Beta,CN\n", at=LATER)
    assert (len(result.changed), len(result.waiting)) == (2, 1)
    assert known("acme")["licensee.hq_country"] == "CN"
    assert known("beta")["licensee.hq_country"] == "CN"
    waiting = Fact.objects.get(waits=True)
    registry.confirm_fact(fact=waiting, by=world.person("jonas", "approver"), at=LATER)
    assert known("acme")["licensee.hq_country"] == "US"


def test_one_bad_row_in_a_thousand_and_none_is_taken():
    rows = "".join(f"ref-{n},Licensee {n},US,US,\n" for n in range(999))
    result = load(HEADER + rows + "bad,Bad Ltd,UK,US,\n")
    assert result.rows == 1000
    (problem,) = result.problems
    assert problem.to_json() == {
        "row": 1001, "column": "country", "value": "UK",
        "problem": "no country code of two capital letters (ISO 3166-1)", "suggestion": "GB?",
    }  # fmt: skip
    assert not result.applied
    assert not Licensee.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (",Nameless,US,US,", "ref", "1 to 200"),
        ("a,—,US,US,", "name", "letter or digit"),
        ("a,A,us,US,", "country", "country code"),
        ("a,A,US,US,12", "foreign_national_access", "percentage"),
        ("a,A,US,US,100.5%", "foreign_national_access", "percentage"),
        ("a,A,US", "", "3 columns instead of 5"),
        ("a,A,US,US,,more", "", "6 columns instead of 5"),
    ],
)
def test_a_bad_cell_is_named(row, column, words):
    (problem,) = load(HEADER + row + "\n").problems
    assert (problem.row, problem.column) == (2, column)
    assert words in problem.problem


def test_a_reference_that_stands_twice():
    (problem,) = load("ref,name\na,A\na,B\n").problems
    assert (problem.row, problem.problem) == (3, "already in row 2")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"ref;name;country\na;A;US\n", "semicolons"),
        (b"ref\tname\na\tA\n", "tabs"),
        ("ref,name\na,Müller\n".encode("latin-1"), "Line 2 is not UTF-8"),
        ("ref,name\na,A\n".encode("utf-16"), "UTF-16"),
        (b"ref,name\na,A\0\n", "Line 2 holds a NUL byte"),
        (b"PK\x03\x04rest", "workbook"),
        (b"ref,name,contry\na,A,US\n", "Did you mean “country”"),
        (b"ref,country\na,US\n", "“name” is missing"),
        (b"ref,name,name\na,A,A\n", "stands twice"),
        (b'ref,name\na,"A\nb,B\n', "never closed"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(data, words):
    with pytest.raises(registry.CannotRead, match=words):
        load(data)
    assert not Licensee.objects.exists()


def test_byte_order_mark_and_line_ends_of_other_machines_are_read():
    assert load(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()).applied


def test_the_command_has_documented_exit_codes(tmp_path, capsys):
    path = tmp_path / "licensees.csv"
    path.write_text(GOOD)
    call_command("import_licensees", str(path), "--dry-run", "--format", "json")
    assert json.loads(capsys.readouterr().out)["new"] == 2
    assert not Licensee.objects.exists()
    call_command("import_licensees", str(path))
    assert "2 new" in capsys.readouterr().out
    path.write_text(HEADER + "c,C,UK,,\n")
    with pytest.raises(SystemExit) as stopped:
        call_command("import_licensees", str(path))
    assert stopped.value.code == 1
    assert "row 2, country “UK”" in capsys.readouterr().err
    path.write_text("ref;name\n")
    with pytest.raises(SystemExit) as stopped:
        call_command("import_licensees", str(path), "--format", "json")
    assert stopped.value.code == 2
    assert "semicolons" in json.loads(capsys.readouterr().out)["error"]


def test_the_command_refuses_a_file_that_is_not_there(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        call_command("import_licensees", str(tmp_path / "none.csv"))
    assert stopped.value.code == 2
    assert "none.csv" in capsys.readouterr().err
