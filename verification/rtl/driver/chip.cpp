// SPDX-License-Identifier: MIT
// The chip in Verilator behind the bus of the driver, as a library for Python.

#include <cstdint>
#include <deque>
#include <map>

#include "Vchip.h"
#include "engram.h"
#include "verilated.h"

namespace {

struct Word {
    uint64_t data;
    uint32_t user;
    int last;
};

// A chip that fails the call of its bus that `calls` counts down to, and gives up after `patience`
// cycles that bring nothing.
struct Chip {
    VerilatedContext context;
    Vchip top{&context};
    std::deque<Word> words;
    uint64_t cycles = 0, patience = 100000;
    int64_t calls = -1;
    bool answered = false;
    uint32_t response = 0, data = 0;
    std::map<uint32_t, uint32_t> answers;
    engram_bus bus{};

    // One cycle. What the chip takes is offered no longer.
    void cycle() {
        top.clk = 0;
        top.eval();
        const bool word = top.s_axis_tvalid && top.s_axis_tready;
        const bool aw = top.s_axil_awvalid && top.s_axil_awready;
        const bool w = top.s_axil_wvalid && top.s_axil_wready;
        const bool ar = top.s_axil_arvalid && top.s_axil_arready;
        if (top.m_axis_tvalid && top.m_axis_tready)
            words.push_back({top.m_axis_tdata, top.m_axis_tuser, top.m_axis_tlast});
        if (top.s_axil_bvalid || top.s_axil_rvalid) {
            answered = true;
            response = top.s_axil_bvalid ? top.s_axil_bresp : top.s_axil_rresp;
            data = top.s_axil_rdata;
        }
        top.clk = 1;
        top.eval();
        if (word) top.s_axis_tvalid = 0;
        if (aw) top.s_axil_awvalid = 0;
        if (w) top.s_axil_wvalid = 0;
        if (ar) top.s_axil_arvalid = 0;
        ++cycles;
    }

    // Let cycles pass until something holds; return whether it does in time.
    template <typename Condition>
    bool until(Condition holds) {
        for (uint64_t n = 0; n < patience; ++n) {
            if (holds()) return true;
            cycle();
        }
        return false;
    }

    bool fails() { return calls > 0 && --calls == 0; }
};

Chip& of(void* context) { return *static_cast<Chip*>(context); }

int read(void* context, uint32_t address, uint32_t* value) {
    Chip& chip = of(context);
    if (chip.fails()) return 1;
    chip.top.s_axil_araddr = address;
    chip.top.s_axil_arvalid = 1;
    chip.answered = false;
    if (!chip.until([&] { return chip.answered; })) return 1;
    const auto planted = chip.answers.find(address);
    *value = planted == chip.answers.end() ? chip.data : planted->second;
    return static_cast<int>(chip.response);
}

int write(void* context, uint32_t address, uint32_t value) {
    Chip& chip = of(context);
    if (chip.fails()) return 1;
    chip.top.s_axil_awaddr = address;
    chip.top.s_axil_wdata = value;
    chip.top.s_axil_wstrb = 15;
    chip.top.s_axil_awvalid = chip.top.s_axil_wvalid = 1;
    chip.answered = false;
    if (!chip.until([&] { return chip.answered; })) return 1;
    return static_cast<int>(chip.response);
}

int send(void* context, uint64_t word, int last) {
    Chip& chip = of(context);
    if (chip.fails()) return 1;
    chip.top.s_axis_tdata = word;
    chip.top.s_axis_tkeep = 255;
    chip.top.s_axis_tlast = last != 0;
    chip.top.s_axis_tvalid = 1;
    return !chip.until([&] { return !chip.top.s_axis_tvalid; });
}

int receive(void* context, uint64_t* word, uint32_t* user, int* last) {
    Chip& chip = of(context);
    if (chip.fails() || !chip.until([&] { return !chip.words.empty(); })) return 1;
    const Word next = chip.words.front();
    chip.words.pop_front();
    *word = next.data;
    *user = next.user;
    *last = next.last;
    return 0;
}

int wait(void* context) {
    Chip& chip = of(context);
    chip.cycle();
    return chip.fails();
}

int flush(void* context) {
    of(context).words.clear();
    return 0;
}

}  // namespace

extern "C" {

void* chip_new() {
    Chip* chip = new Chip;
    chip->bus = {chip, read, write, send, receive, wait, flush};
    chip->top.m_axis_tready = chip->top.s_axil_bready = chip->top.s_axil_rready = 1;
    chip->top.rst = 1;
    for (int n = 0; n < 5; ++n) {
        chip->cycle();
        chip->top.rst = n < 2;
    }
    return chip;
}

void chip_delete(void* chip) {
    of(chip).top.final();
    delete &of(chip);
}

const engram_bus* chip_bus(void* chip) { return &of(chip).bus; }

// Fail the call of a function of the bus after so many others; 0 fails none.
void chip_fail(void* chip, int64_t calls) { of(chip).calls = calls; }

// Let a register read something else than the chip answers.
void chip_answer(void* chip, uint32_t address, uint32_t value) { of(chip).answers[address] = value; }

int chip_irq(void* chip) { return of(chip).top.irq; }

size_t chip_words(void* chip) { return of(chip).words.size(); }

void chip_wait(void* chip, uint64_t cycles) {
    while (cycles--) of(chip).cycle();
}

size_t driver_size() { return sizeof(engram); }

}  // extern "C"
