# SPDX-License-Identifier: MIT
import pytest

from sim.cost.cells.boolean import parse_function

F, T = False, True


@pytest.mark.parametrize(
    ("text", "inputs", "table"),
    [
        ("A", "A", (F, T)),
        ("!A", "A", (T, F)),
        ("A'", "A", (T, F)),
        ("!A'", "A", (F, T)),
        ("(A&B)", "AB", (F, F, F, T)),
        ("A*B", "AB", (F, F, F, T)),
        ("A B", "AB", (F, F, F, T)),
        ("A|B", "AB", (F, T, T, T)),
        ("!(A^B)", "AB", (T, F, F, T)),
        ("!A ^ !B", "AB", (F, T, T, F)),
        ("A + B C", "ABC", (F, F, F, T, T, T, T, T)),
        ("A B' + C", "ABC", (F, T, F, T, T, T, F, T)),
        ("A ^ B & C", "ABC", (F, F, F, T, F, T, F, F)),  # an exclusive or binds before an and
        ("A(B+C)", "ABC", (F, F, F, F, F, T, T, T)),
        ("1", "", (T,)),
        ("A + !A", "A", (T, T)),
    ],
)
def test_functions_have_the_table_of_their_text(
    text: str, inputs: str, table: tuple[bool, ...]
) -> None:
    function = parse_function(text)
    assert function.inputs == tuple(inputs)
    assert function.table == table


@pytest.mark.parametrize("text", ["", "A +", "(A", "A)", "A ? B", "!", "A & & B", "'A"])
def test_what_is_no_function_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^Function must join names by ! ' \^ & \* \| \+ and"):
        parse_function(text)


def test_parentheses_without_end_are_refused() -> None:
    assert parse_function("(" * 64 + "A" + ")" * 64).table == (False, True)
    for text in ("(" * 50_000 + "A" + ")" * 50_000, "!(" * 50_000):
        with pytest.raises(ValueError, match=r"^Function must nest parentheses at most 64 deep$"):
            parse_function(text)


def test_long_functions_are_not_deep() -> None:
    assert parse_function("+".join(["A"] * 50_000)).table == (False, True)
    assert parse_function("^".join(["A"] * 50_000)).table == (False, False)
    assert parse_function(" ".join(["A"] * 50_000)).table == (False, True)
    assert parse_function("!" * 50_001 + "A").table == (True, False)
    assert parse_function("A" + "'" * 50_000).table == (False, True)


def test_the_message_about_a_long_function_is_short() -> None:
    with pytest.raises(ValueError, match=r"not 'A\?\?") as caught:
        parse_function("A" + "?" * 50_000)
    assert len(str(caught.value)) < 200
