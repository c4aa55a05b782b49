// SPDX-License-Identifier: MIT
// The system in Verilator with a memory and a console: PROGRAM CYCLES, both as docs/system.md says.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "Vsystem.h"
#include "sizes.h"
#include "verilated.h"

namespace {

constexpr int END_OF_TEXT = 4, FAULT = 2;

// Bytes on the wire of the console, each sampled in the middle of its bits.
class Console {
public:
    // Look at the wire in one cycle; return a byte that is whole, or -1.
    int look(bool tx) {
        if (!taking_) {
            if (tx) return -1;
            taking_ = true;
            cycle_ = 0;
            bits_ = 0;
        }
        const unsigned bit = cycle_ / DIVISOR;
        if (cycle_++ % DIVISOR == DIVISOR / 2 && bit > 0) {
            if (bit == 9) {
                taking_ = false;
                return tx ? bits_ : -1;
            }
            bits_ |= tx << (bit - 1);
        }
        return -1;
    }

private:
    bool taking_ = false;
    unsigned cycle_ = 0;
    int bits_ = 0;
};

class Machine {
public:
    explicit Machine(const std::vector<uint8_t>& program) : memory_(WORDS) {
        for (size_t i = 0; i < program.size(); ++i)
            memory_[i / 4] |= static_cast<uint32_t>(program[i]) << 8 * (i % 4);
        top_.rst = 1;
        for (int n = 0; n < 4; ++n) cycle();
        top_.rst = 0;
        cycles = 0;
    }
    ~Machine() { top_.final(); }

    void cycle() {
        top_.clk = 0;
        top_.eval();
        const bool enabled = top_.memory_en;
        const uint32_t address = top_.memory_address, data = top_.memory_data;
        const unsigned written = top_.memory_write;
        top_.clk = 1;
        top_.eval();
        if (enabled) {
            uint32_t& word = memory_[address];
            top_.memory_read = word;
            for (unsigned byte = 0; byte < 4; ++byte)
                if (written >> byte & 1) {
                    const uint32_t mask = 0xffu << 8 * byte;
                    word = (word & ~mask) | (data & mask);
                }
            top_.eval();
        }
        ++cycles;
    }

    bool tx() const { return top_.tx; }

    uint64_t cycles = 0;

private:
    VerilatedContext context_;
    Vsystem top_{&context_};
    std::vector<uint32_t> memory_;
};

}  // namespace

int main(int, char** argument) {
    std::ifstream file(argument[1], std::ios::binary);
    const std::vector<uint8_t> program{std::istreambuf_iterator<char>(file), {}};
    const uint64_t most = std::strtoull(argument[2], nullptr, 10);
    Machine machine(program);
    Console console;
    bool ended = false;
    while (machine.cycles < most) {
        machine.cycle();
        const int byte = console.look(machine.tx());
        if (byte < 0) continue;
        if (ended) {
            std::fprintf(stderr, "cycles %llu\nstatus %d\n",
                         static_cast<unsigned long long>(machine.cycles), byte);
            return 0;
        }
        ended = byte == END_OF_TEXT;
        if (!ended) std::putchar(byte);
    }
    std::fprintf(stderr, "the program did not end within %llu cycles\n",
                 static_cast<unsigned long long>(most));
    return FAULT;
}
