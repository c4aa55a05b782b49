// SPDX-License-Identifier: MIT
// The chip in Verilator behind the bus of the driver, as a library for Python.

#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "Vchip.h"
#include "engram.h"
#include "verilated.h"

namespace {

struct Word {
    uint64_t data;
    uint32_t user;
    int last;
};

constexpr uint64_t LAG = 100;  // cycles that a word spends in the FIFO of the page
constexpr size_t DEPTH = 8;    // words that it holds

// A chip that fails the call of its bus that `calls` counts down to, and gives up after `patience`
// cycles that bring nothing.
struct Chip {
    VerilatedContext context;
    Vchip top{&context};
    std::deque<Word> words;
    std::deque<std::pair<uint64_t, Word>> pushed;  // with the cycle from which each is offered
    uint64_t cycles = 0, patience = 100000, coin = 1;
    uint64_t pauses = 0;  // of 256 cycles, in which a stream pauses
    int64_t calls = -1;
    bool answered = false;
    uint32_t response = 0, data = 0;
    std::map<uint32_t, uint32_t> answers;
    engram_bus bus{};

    // One cycle. What the chip takes is offered no longer.
    void cycle() {
        if (!top.s_axis_tvalid && !pushed.empty() && pushed.front().first <= cycles && !paused()) {
            offer(pushed.front().second);
            pushed.pop_front();
        }
        top.m_axis_tready = !paused();
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

    void offer(const Word& word) {
        top.s_axis_tdata = word.data;
        top.s_axis_tkeep = 255;
        top.s_axis_tlast = word.last;
        top.s_axis_tvalid = 1;
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

    // Throw a coin: xorshift, of 64 bits.
    bool paused() {
        coin ^= coin << 13;
        coin ^= coin >> 7;
        coin ^= coin << 17;
        return (coin >> 32 & 255) < pauses;
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
    chip.answers.erase(address);
    return static_cast<int>(chip.response);
}

int send(void* context, uint64_t word, int last) {
    Chip& chip = of(context);
    if (chip.fails()) return 1;
    chip.offer({word, 0, last != 0});
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

// The plain memory of the page (docs/driver.md): registers, and a FIFO for each stream. What is
// pushed comes to the chip late.
namespace page {

Chip* chip;  // the one behind the memory

struct Registers {
    struct Place {
        uint32_t address;
        operator uint32_t() const {
            uint32_t value = 0;
            chip->bus.read(chip, address, &value);
            return value;
        }
        void operator=(uint32_t value) const { chip->bus.write(chip, address, value); }
    };
    Place operator[](uint32_t index) const { return {4 * index}; }
} REGISTERS;

uint32_t look(uint32_t index);
void push(uint32_t index, uint32_t value);

struct Fifo {
    struct Place {
        uint32_t index;
        operator uint32_t() const { return look(index); }
        void operator=(uint32_t value) const { push(index, value); }
    };
    Place operator[](uint32_t index) const { return {index}; }
} FIFO;

#include "bus.h"

// Read a word of the FIFO's memory, which takes a cycle.
uint32_t look(uint32_t index) {
    chip->cycle();
    if (index == FULL) return chip->pushed.size() >= DEPTH;
    if (index == FILLED) return !chip->words.empty();
    if (index == LEFT) return static_cast<uint32_t>(chip->pushed.size() + chip->top.s_axis_tvalid);
    const Word next = chip->words.front();
    if (index == USER) return next.user;
    if (index == LAST) chip->words.pop_front();
    return static_cast<uint32_t>(index == LOW ? next.data : index == HIGH ? next.data >> 32 : next.last);
}

void push(uint32_t index, uint32_t value) {
    static uint64_t low, high;
    if (index == LOW) low = value;
    if (index == HIGH) high = value;
    if (index == LAST) chip->pushed.push_back({chip->cycles + LAG, {low | high << 32, 0, value != 0}});
}

}  // namespace page

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

// The bus of the page; it reaches the chip that asked last.
const engram_bus* chip_page_bus(void* chip) {
    page::chip = &of(chip);
    return &page::BUS;
}

// Fail the call of a function of the bus after so many others; 0 fails none.
void chip_fail(void* chip, int64_t calls) { of(chip).calls = calls; }

// Let a register read something else than the chip answers, until it is written.
void chip_answer(void* chip, uint32_t address, uint32_t value) { of(chip).answers[address] = value; }

int chip_irq(void* chip) { return of(chip).top.irq; }

size_t chip_words(void* chip) { return of(chip).words.size(); }

void chip_wait(void* chip, uint64_t cycles) {
    while (cycles--) of(chip).cycle();
}

// Let streams pause in so many of 256 cycles, at random.
void chip_pause(void* chip, uint64_t pauses, uint64_t seed) {
    of(chip).pauses = pauses;
    of(chip).coin = seed;
}

// Offer a word behind those that wait, while the caller goes on; and how many wait.
void chip_push(void* chip, uint64_t word, int last) {
    of(chip).pushed.push_back({of(chip).cycles, {word, 0, last != 0}});
}

size_t chip_left(void* chip) { return of(chip).pushed.size() + of(chip).top.s_axis_tvalid; }

size_t driver_size() { return sizeof(engram); }

}  // extern "C"
