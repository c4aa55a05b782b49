# SPDX-License-Identifier: MIT
import gzip
from pathlib import Path

import pytest

from sim.cost.cells.liberty import parse_liberty, read_liberty
from sim.work.errors import UserError
from verification.sim.cost.small_library import TEXT


def test_a_library_is_a_tree_that_remembers_lines() -> None:
    library = parse_liberty(TEXT, "small.lib")
    assert (library.name, library.title, library.where) == ("library", "small", "small.lib:3")
    cells = library.all("cell")
    assert [cell.title for cell in cells] == ["INV", "INV_LARGE", "NAND", "FLOP"]
    assert cells[0].where == "small.lib:20"
    assert cells[3].all("ff")[0].arguments == ("IQ", "IQN")
    unit = library.require("capacitive_load_unit")
    assert (unit.values, unit.where) == (("1", "ff"), "small.lib:7")


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("a : 1;", ("1",)),
        ("a : 1", ("1",)),
        ('a : "x;y" ;', ("x;y",)),
        ("a : 0.5 * VDD ;", ("0.5 * VDD",)),
        ("a (1, 2);", ("1", "2")),
        ("a (1, 2)", ("1", "2")),
        ('a ("1, 2", \\\n "3");', ("1, 2", "3")),
        ('a : "x\\\ny";', ("xy",)),
        ("a /* b : 2; */ : 1; // c", ("1",)),
        ("a (B[3:0], b/c);", ("B[3:0]", "b/c")),
        ("a (b:c, b:d);", ("b:c", "b:d")),
        ("a : (D&EN) | !C;", ("( D&EN ) | !C",)),
        ("a : D';", ("D'",)),
        ("b () { } ; ; a : 1;", ("1",)),
        ("a ();", ()),
    ],
    ids=repr,
)
def test_statements_are_read_as_tools_write_them(statement: str, values: tuple[str, ...]) -> None:
    library = parse_liberty(f"library (x) {{ {statement}\n z : 9; }}", "x")
    assert library.require("a").values == values
    assert library.require("z").number == 9


def test_numbers_stand_in_one_text_or_in_many() -> None:
    library = parse_liberty('library (x) { a ("1, 2", "3 4"); b : -1.5e-3; }', "x")
    assert library.require("a").numbers == [1, 2, 3, 4]
    assert library.require("b").number == -0.0015


def test_the_last_of_two_attributes_counts_and_none_is_empty() -> None:
    library = parse_liberty("library (x) { a : 1; a : 2; }", "x")
    assert library.text("a") == "2"
    assert library.text("b") == ""
    with pytest.raises(UserError, match=r"^x:1: library x must state b$"):
        library.require("b")


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_files_are_plain_or_packed(tmp_path: Path, pack: type[bytes]) -> None:
    path = tmp_path / "small.lib"
    path.write_bytes(pack(TEXT.encode()))
    assert read_liberty(path).title == "small"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x:1: expected the name of an attribute or group, not 'the end of the text'"),
        ("a : 1;", "x:1: the text must be a group library (NAME) { ... }"),
        ("library (x) {\n cell (y) {\n area : 1;\n}", "x:1: group library is not closed by }"),
        ("library (x) {\n cell (y) {\n area : 1;", "x:2: group cell is not closed by }"),
        ("library (x) { }\n}", "x:2: expected nothing after the library, not '}'"),
        ("library (x) {\n a 1; }", "x:2: expected : or ( after a, not '1'"),
        ("library (x) {\n a : ; }", "x:2: expected a value after :, not ';'"),
        ("library (x) {\n a (1; }", "x:2: expected ) after the values of a, not ';'"),
        ("library (x) {\n ) }", "x:2: expected the name of an attribute or group, not ')'"),
        ('library (x) {\n a : "1;\n}', "x:2: a string begins but does not end: '\"1;\\n}'"),
        ("library (x) {\n/* a", "x:2: a comment begins but does not end: '/* a'"),
    ],
)
def test_damage_is_told_by_its_line(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_liberty(text, "x")
    assert str(caught.value) == message


def test_a_number_that_is_none_is_told_by_its_line() -> None:
    library = parse_liberty('library (x) {\n a : many;\n b (1, 2); c ("1, 0x2"); }', "x")
    with pytest.raises(UserError, match=r"^x:2: a must be a number, not 'many'$"):
        _ = library.require("a").number
    with pytest.raises(UserError, match=r"^x:3: b must be one number, not 2$"):
        _ = library.require("b").number
    with pytest.raises(UserError, match=r"^x:3: c must be a number, not '0x2'$"):
        _ = library.require("c").numbers


@pytest.mark.parametrize("length", [2, 20, -9], ids=["head", "middle", "end"])
def test_a_torn_file_is_told(tmp_path: Path, length: int) -> None:
    path = tmp_path / "x.lib"
    path.write_bytes(gzip.compress(TEXT.encode())[:length])
    with pytest.raises(UserError, match=r"x\.lib must be Liberty text, plain or gzip: "):
        read_liberty(path)


def test_comments_are_of_any_encoding(tmp_path: Path) -> None:
    path = tmp_path / "x.lib"
    path.write_bytes("/* © */ library (x) { }".encode("latin-1"))
    assert read_liberty(path).title == "x"


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "x.lib"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert read_liberty(path).title == "small"


@pytest.mark.parametrize("word", ["nan", "inf", "-Infinity", "1e999"])
def test_a_number_is_finite(word: str) -> None:
    library = parse_liberty(f"library (x) {{\n a : {word}; }}", "x")
    with pytest.raises(UserError, match=rf"^x:2: a must be a finite number, not {word}$"):
        _ = library.require("a").number


def test_numbers_below_their_bound_are_told_by_line() -> None:
    library = parse_liberty("library (x) {\n a : -1;\n b : 0; }", "x")
    assert library.require("b").not_negative == 0
    with pytest.raises(UserError, match=r"^x:2: a must be 0 or more, not -1$"):
        _ = library.require("a").not_negative
    with pytest.raises(UserError, match=r"^x:3: b must be more than 0, not 0$"):
        _ = library.require("b").positive


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "open"])
def test_groups_without_end_are_told_by_line(closed: bool) -> None:
    text = "library (x) {\n" + "g () {\n" * 3000 + "}" * 3001 * closed
    with pytest.raises(UserError) as caught:
        parse_liberty(text, "x")
    assert str(caught.value) == ("x:65: groups must be nested at most 64 deep, and g is deeper")


def test_groups_beside_each_other_are_not_deep() -> None:
    text = "library (x) {" + "g () {" * 63 + "}" * 63 + "g () { }" * 1000 + "}"
    assert len(parse_liberty(text, "x").groups) == 1001
