"""The Consolidated Screening List: real files, and the traps that real rows set."""

import csv
import io
from functools import cache
from pathlib import Path

import pytest

from accesscontrol.matching import csl
from accesscontrol.matching.normalize import normalize

DATA = Path(__file__).parents[3] / "shared/data/csl"
EL = "Entity List (EL) - Bureau of Industry and Security"


def real(name):
    if not (DATA / name).exists():
        pytest.skip(f"the sample {name} is not here")
    return (DATA / name).read_bytes()


@cache
def whole_list():
    return csl.read(real("csl_reconstructed.csv"))


def file(*rows, columns=csl.COLUMNS):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({"source": EL, **row})
    return out.getvalue().encode()


def names(**row):
    (entry,) = csl.read(file(row)).entries
    return {name.normalized for name in entry.names}


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("csl_reconstructed.csv", 9638),
        ("csl_sample_115.csv", 115),
        ("csl_consolidated_2023plus.csv", 13),
    ],
)
def test_every_row_of_a_real_file_is_read(name, rows):
    result = whole_list() if rows == 9638 else csl.read(real(name))
    assert (result.rows, result.errors) == (rows, [])
    assert len(result.entries) + result.repeated == rows


def test_ids_are_unique_in_each_list_and_do_not_depend_on_the_order_of_rows():
    data = real("csl_reconstructed.csv")
    header, *lines = data.decode().splitlines(keepends=True)
    there = {(e.list_code, e.source_id) for e in whole_list().entries}
    back = csl.read((header + "".join(reversed(lines))).encode()).entries
    assert len(there) == 9638
    assert {(e.list_code, e.source_id) for e in back} == there


def test_the_lists_inside_the_file_have_their_codes():
    codes = {e.list_code for e in whole_list().entries}
    assert codes == {"SDN", "DPL", "EL", "SSI", "PLC", "DTC", "UVL", "ISN", "CAP", "MEU", "FSE"}


def test_traps_in_names():
    assert normalize("Sinobright Import and Export Company") in names(
        name="Sinobright Import and Export Company; and any successor, sub-unit, or "
        "subsidiary thereof"
    )
    affiliate = names(name="Huawei Technologies Co., Ltd. (Huawei).  Affiliated Entity:  Huawei "
                      "Marine Networks Co., Ltd.")  # fmt: skip
    assert normalize("Huawei Marine Networks Co., Ltd.") in affiliate
    assert normalize("Huawei Technologies Co., Ltd.") not in affiliate
    assert {"13 cetc", normalize("China Electronics 13th Research Institute")} <= names(
        name="China Electronics 13th Research Institute (CETC 13)"
    )
    assert normalize("CETC Research Institute 13") in names(
        name="X", alt_names="HSRI; and CETC Research Institute 13"
    )
    assert normalize("Tianhua Trading") in names(
        name="Tianhua Trading Co., Ltd., No. 5 Hezuo Road, Shijiazhuang, Hebei, China"
    )
    assert normalize("QAR'AWI, Fathi") in names(name="QAR?AWI, Fathi")


def test_one_party_once_per_address_stays_two_entries_and_the_same_row_twice_is_one():
    rows = [
        {"name": "Gunther Migeotte", "addresses": "A, ZA"},
        {"name": "Gunther Migeotte", "addresses": "B, ZA"},
        {"name": "Gunther Migeotte", "addresses": "B, ZA"},
    ]
    result = csl.read(file(*rows))
    assert (result.rows, len(result.entries), result.repeated) == (3, 2, 1)


@pytest.mark.parametrize("ending", [b"\x1a", b"\r\n\x1a\r\n", b""])
def test_a_trailing_end_of_file_byte_and_a_byte_order_mark(ending):
    result = csl.read(b"\xef\xbb\xbf" + file({"name": "Acme"}) + ending)
    assert (result.rows, result.errors) == (1, [])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"name": ""}, "“name” is empty"),
        ({"name": "—"}, "no letter or digit"),
        ({"name": "Acme", "source": "Some list"}, "no list by its code"),
        ({"name": "Acme", "source": ""}, "“source” is empty"),
        ({"name": "Acme", "end_date": "12/06/2026"}, "no date"),
        ({"name": "Ac\0me"}, "NUL byte"),
    ],
)
def test_a_bad_row_has_its_line_and_reason(row, reason):
    result = csl.read(file({"name": "One"}, row, {"name": "Two"}))
    assert len(result.entries) == 2
    (error,) = result.errors
    assert error.line == 3
    assert reason in error.reason


def test_lines_are_counted_where_a_field_has_line_breaks():
    result = csl.read(file({"name": "One", "remarks": "a\nb\nc"}, {"name": ""}))
    assert [error.line for error in result.errors] == [5]


def test_bad_encoding_and_missing_columns_are_told_by_row():
    lines = file({"name": "One"}, {"name": "Two"}).splitlines(keepends=True)
    broken = lines[0] + lines[1].replace(b"One", b"Mari\xe9") + b"too,short\r\n" + lines[2]
    result = csl.read(broken)
    assert [(e.line, e.list_code) for e in result.errors] == [(2, "EL"), (3, None)]
    assert "not UTF-8" in result.errors[0].reason
    assert "2 columns instead of 29" in result.errors[1].reason


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        ("a,b".encode("utf-16"), "UTF-16"),
        (b"_id;source;name;type;programs\n", "semicolons"),
        (b"_id\tsource\tname\ttype\n", "tabs"),
        (file().replace(b"alt_names", b"altnames"), "did you mean “alt_names”"),
        (file().replace(b"title", b"name"), "twice: name"),
    ],
)
def test_a_file_that_is_no_such_list(data, message):
    with pytest.raises(csl.NotAList, match=message):
        csl.read(data)
