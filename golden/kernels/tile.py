# SPDX-License-Identifier: MIT
"""Inner loop of the XNOR-popcount product: a few rows against 16 columns, all counts in registers.

The columns are stored word by word. So one 512-bit register holds the same word of eight columns,
and the word of a row is broadcast. No horizontal sums are needed, whatever the length. Both sides
hold *running parities*: word ``k`` is the exclusive or of words ``0..k`` of the vector. The
exclusive or of both sides is the running parity of the differences, which starts from 0. Any
sequence of bits has

    ones = 2 * (falling edges of its running parity) + (its last parity).

Among three successive parities ``s, y, z`` there is at most one falling edge, and
``y ? not z : s`` says whether there is one. So two words cost two exclusive ors, one select, one
popcount and one addition. These are 2.5 operations a word, where the plain
``exclusive or, popcount, add`` costs 3. Every second ``z`` is stored inverted on the column side.
Then the select is always ``y ? z : s``, one instruction of AVX-512. A pair that ends on a true
``z`` gives the complement and is subtracted.
"""

from typing import Any, NamedTuple

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["COLUMNS", "ROWS", "dot_row", "dot_tile", "fire_row", "fire_tile"]

ROWS = 5  # with 2 vectors of columns: 10 counts, 10 parities and 12 free registers
LANES = 8  # 64-bit words of a vector
VECTORS = 2
COLUMNS = LANES * VECTORS

_INDEX = ir.IntType(64)
_WORDS = ir.VectorType(_INDEX, LANES)
_NARROW = ir.VectorType(ir.IntType(32), COLUMNS)
_ZERO = ir.Constant(_WORDS, [0] * LANES)
_ONES = ir.Constant(_WORDS, [-1] * LANES)

_Vectors = list[Any]  # LLVM values, one per cell, row by row
_Counts = tuple[_Vectors, ir.Value]  # counts of the cells, and a number that all of them lack


class _Cells(NamedTuple):
    """Registers of a tile: the counted edges and the last parity of every cell."""

    edges: _Vectors
    parity: _Vectors


class _Tile:
    """Emitter of the loop over words, for `rows` rows that begin at one address.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
    rows : int
    words : llvmlite.ir.Value
        Words of a vector.
    row, column : llvmlite.ir.Value
        Addresses of the first row and of the panel of columns.
    """

    def __init__(
        self, builder: Any, rows: int, words: ir.Value, row: ir.Value, column: ir.Value
    ) -> None:
        self.builder = builder
        self.words = words
        self.rows = [builder.gep(row, [builder.mul(words, _INDEX(i))]) for i in range(rows)]
        self.column = column
        self.cells = rows * VECTORS
        self.popcount = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_WORDS, [_WORDS]), f"llvm.ctpop.v{LANES}i64"
        )

    def differences(self) -> _Counts:
        """Emit the whole loop; return the numbers of differing bits.

        The loop takes four words a turn. Before it comes the first word, if the number of words is
        odd, and then two more words, if the rest is no multiple of 4.
        """
        b = self.builder
        before = b.block
        odd, pair, turns, loop, done = map(
            b.append_basic_block, ("one_word", "two_words", "turns", "four_words", "done")
        )
        after_odd = b.append_basic_block("after_one")
        is_odd = b.trunc(self.words, ir.IntType(1))
        has_pair = b.trunc(b.lshr(self.words, _INDEX(1)), ir.IntType(1))
        # Parity of no words, inverted if the pattern of inversions requires it.
        start = _splat(b, b.sext(has_pair, _INDEX), _WORDS)
        b.cbranch(is_odd, odd, after_odd)

        b.position_at_end(odd)
        columns = self._columns(_INDEX(0))
        first = [p for row in self.rows for p in self._parities(row, _INDEX(0), columns)]
        b.branch(after_odd)

        b.position_at_end(after_odd)
        parity = self._merge([start] * self.cells, before, first, odd)
        b.cbranch(has_pair, pair, turns)

        b.position_at_end(pair)
        first_pair = self._pair(b.zext(is_odd, _INDEX), _Cells([_ZERO] * self.cells, parity), False)
        b.branch(turns)

        b.position_at_end(turns)
        edges = self._merge([_ZERO] * self.cells, after_odd, first_pair.edges, pair)
        parity = self._merge(parity, after_odd, first_pair.parity, pair)
        begin = b.and_(self.words, _INDEX(3))
        b.cbranch(b.icmp_signed("<", begin, self.words), loop, done)

        b.position_at_end(loop)
        word = b.phi(_INDEX)
        kept = _Cells(self._phis(), self._phis())
        fresh = self._pair(word, kept, True)
        fresh = self._pair(b.add(word, _INDEX(2)), fresh, False)
        following = b.add(word, _INDEX(4))
        for phi, initial, update in zip(
            [word, *kept.edges, *kept.parity],
            [begin, *edges, *parity],
            [following, *fresh.edges, *fresh.parity],
            strict=True,
        ):
            phi.add_incoming(initial, turns)
            phi.add_incoming(update, loop)
        b.cbranch(b.icmp_signed("<", following, self.words), loop, done)

        b.position_at_end(done)
        edges = self._merge(edges, turns, fresh.edges, loop)
        parity = self._merge(parity, turns, fresh.parity, loop)
        # Each subtracted pair counted 64 - edges with the wrong sign.
        subtracted = b.lshr(b.add(self.words, _INDEX(2)), _INDEX(2))
        counts = [
            b.add(b.add(e, e), b.call(self.popcount, [p]))
            for e, p in zip(edges, parity, strict=True)
        ]
        return counts, b.mul(subtracted, _INDEX(2 * 64))

    def _pair(self, word: ir.Value, cells: _Cells, inverted: bool) -> _Cells:
        """Emit two words; `inverted` says whether the second is stored inverted.

        The code goes row by row, so that few registers are in use between loads and counts.
        """
        b = self.builder
        count = b.add if inverted else b.sub
        following = b.add(word, _INDEX(1))
        columns, columns_after = self._columns(word), self._columns(following)
        edges, parity = [], []
        for i, row in enumerate(self.rows):
            middle = self._parities(row, word, columns)
            last = self._parities(row, following, columns_after)
            for j, (y, z) in enumerate(zip(middle, last, strict=True)):
                s = cells.parity[i * VECTORS + j]
                select = b.or_(b.and_(y, z), b.and_(b.xor(y, _ONES), s))
                ones = b.call(self.popcount, [select])
                edges.append(count(cells.edges[i * VECTORS + j], ones))
            parity += last
        return _Cells(edges, parity)

    def _columns(self, word: ir.Value) -> _Vectors:
        """Emit the loads of one word of all columns."""
        b = self.builder
        first = b.gep(self.column, [b.mul(word, _INDEX(COLUMNS))])
        places = [b.gep(first, [_INDEX(LANES * j)]) for j in range(VECTORS)]
        return [b.load(b.bitcast(place, _WORDS.as_pointer()), align=8) for place in places]

    def _parities(self, row: ir.Value, word: ir.Value, columns: _Vectors) -> _Vectors:
        """Emit the exclusive ors of one word of a row with those of all columns."""
        b = self.builder
        broadcast = _splat(b, b.load(b.gep(row, [word])), _WORDS)
        return [b.xor(broadcast, column) for column in columns]

    def _phis(self) -> _Vectors:
        return [self.builder.phi(_WORDS) for _ in range(self.cells)]

    def _merge(
        self, one: _Vectors, from_one: ir.Block, other: _Vectors, from_other: ir.Block
    ) -> _Vectors:
        """Emit the choice between vectors by the preceding block."""
        phis = self._phis()
        for phi, a, c in zip(phis, one, other, strict=True):
            phi.add_incoming(a, from_one)
            phi.add_incoming(c, from_other)
        return phis


def _splat(builder: Any, scalar: ir.Value, vector: ir.VectorType) -> ir.Value:
    """Emit a vector whose elements are all `scalar`."""
    undefined = ir.Constant(vector, ir.Undefined)
    single = builder.insert_element(undefined, scalar, ir.IntType(32)(0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(single, undefined, lanes)


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Emit the address of element `index` of a contiguous array."""
    data = cgutils.create_struct_proxy(kind)(context, builder, array).data
    return builder.gep(data, [index])


def _emit(context: Any, builder: Any, kinds: Any, args: Any, rows: int) -> _Counts:
    """Emit the loop of a tile. `args` begins with the five arguments that all tiles share."""
    parities, row, words, panels, panel = args[:5]
    first_row = _address(context, builder, kinds[0], parities, builder.mul(row, words))
    size = builder.mul(words, _INDEX(COLUMNS))
    first_column = _address(context, builder, kinds[3], panels, builder.mul(panel, size))
    return _Tile(builder, rows, words, first_row, first_column).differences()


def _make_dot(rows: int) -> Any:
    """Return the intrinsic that writes the dot products of `rows` rows with a panel."""

    @intrinsic
    def tile(
        typingctx: Any, parities: Any, row: Any, words: Any, panels: Any, panel: Any,
        out: Any, place: Any, stride: Any, n_bits: Any,
    ) -> Any:  # fmt: skip
        """Write ``n_bits - 2*differences`` of rows ``row ..`` of `parities` with panel `panel`.

        `parities` (rows, words) and `panels` (panels, words, COLUMNS) are uint64, `out` is int32,
        all contiguous. The columns of the first row begin at element `place` of `out`, and those of
        each further row begin `stride` elements later. Nothing is checked.
        """

        def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
            counts, base = _emit(context, b, signature.args, args, rows)
            out, place, stride, n_bits = args[5:]
            most = b.trunc(b.sub(n_bits, b.add(base, base)), ir.IntType(32))
            total = _splat(b, most, _NARROW)
            halves = ir.Constant(_NARROW, list(range(0, 2 * COLUMNS, 2)))  # the low ones
            for i in range(rows):
                words = [b.bitcast(counts[i * VECTORS + j], _NARROW) for j in range(VECTORS)]
                count = b.shuffle_vector(*words, halves)
                dot = b.sub(total, b.add(count, count))
                index = b.add(place, b.mul(stride, _INDEX(i)))
                address = _address(context, b, signature.args[5], out, index)
                b.store(dot, b.bitcast(address, _NARROW.as_pointer()), align=4)
            return context.get_dummy_value()

        i = types.intp
        return types.void(parities, i, i, panels, i, out, i, i, i), generate

    return tile


def _make_fire(rows: int) -> Any:
    """Return the intrinsic that writes the output bits of `rows` rows for a panel."""

    @intrinsic
    def tile(
        typingctx: Any, parities: Any, row: Any, words: Any, panels: Any, panel: Any,
        out: Any, place: Any, stride: Any, limits: Any, flips: Any,
    ) -> Any:  # fmt: skip
        """Write bits ``(differences <= limit) xor flip``, COLUMNS of a row in one uint16.

        The other parameters are those of the tile of dot products, but `out` is uint16, with column
        0 in the least significant bit. `limits` (panels, COLUMNS) is int64 and `flips` (panels,) is
        uint16.
        """

        def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
            counts, base = _emit(context, b, signature.args, args, rows)
            panel, out, place, stride, limits, flips = args[4:]
            first = _address(context, b, signature.args[8], limits, b.mul(panel, _INDEX(COLUMNS)))
            flip = b.load(_address(context, b, signature.args[9], flips, panel))
            order = ir.Constant(ir.VectorType(ir.IntType(32), COLUMNS), list(range(COLUMNS)))
            places = [b.gep(first, [_INDEX(LANES * j)]) for j in range(VECTORS)]
            loads = [b.load(b.bitcast(place, _WORDS.as_pointer()), align=8) for place in places]
            most = [b.sub(limit, _splat(b, base, _WORDS)) for limit in loads]
            for i in range(rows):
                halves = [
                    b.icmp_signed("<=", counts[i * VECTORS + j], most[j]) for j in range(VECTORS)
                ]
                bits = b.bitcast(b.shuffle_vector(*halves, order), ir.IntType(COLUMNS))
                index = b.add(place, b.mul(stride, _INDEX(i)))
                b.store(b.xor(bits, flip), _address(context, b, signature.args[5], out, index))
            return context.get_dummy_value()

        i = types.intp
        return types.void(parities, i, i, panels, i, out, i, i, limits, flips), generate

    return tile


dot_tile, dot_row = _make_dot(ROWS), _make_dot(1)
fire_tile, fire_row = _make_fire(ROWS), _make_fire(1)
