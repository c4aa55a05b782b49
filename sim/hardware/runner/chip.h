// SPDX-License-Identifier: MIT
// The chip behind its buses, cycle by cycle. It takes what it is given, and writes what comes out.
#pragma once

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "Vchip.h"
#include "names.h"
#include "registers.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
using Trace = VerilatedFstC;
#elif VM_TRACE
#include "verilated_vcd_c.h"
using Trace = VerilatedVcdC;
#endif

// What ends a simulation early, in words for the user.
struct Fault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The chip moves no more; whoever gave it something to do says what it waits for.
struct Stall {};

// Counts of a simulation.
struct Counts {
    uint64_t cycles = 0, words_in = 0, packets_in = 0, words_out = 0, packets_out = 0;
};

class Chip {
public:
    // The chip, after a reset. It stalls after `patience` cycles in which no word moves.
    Chip(VerilatedContext& context, uint64_t patience, const std::string& trace)
        : context_{context}, top_{&context}, patience_{patience} {
        open(trace);
        top_.m_axis_tready = top_.s_axil_bready = top_.s_axil_rready = 1;
        top_.rst = 1;
        wait(3);
        top_.rst = 0;
        wait(2);
    }

    ~Chip() {
        top_.final();
#if VM_TRACE
        if (trace_) trace_->close();
#endif
    }

    const Counts& counts() const { return counts_; }

    // Send a word of a packet; return when the chip has taken it.
    void send(uint64_t word, bool last) {
        top_.s_axis_tdata = word;
        top_.s_axis_tkeep = 255;
        top_.s_axis_tlast = last;
        top_.s_axis_tvalid = 1;
        while (top_.s_axis_tvalid) cycle();
        ++counts_.words_in;
        counts_.packets_in += last;
    }

    // Write a register; return whether the chip accepts it.
    bool write(uint32_t address, uint32_t value) {
        top_.s_axil_awaddr = address;
        top_.s_axil_wdata = value;
        top_.s_axil_wstrb = 15;
        top_.s_axil_awvalid = top_.s_axil_wvalid = 1;
        return answer();
    }

    // Read a register into `value`; return whether the chip accepts that.
    bool read(uint32_t address, uint32_t& value) {
        top_.s_axil_araddr = address;
        top_.s_axil_arvalid = 1;
        const bool accepted = answer();
        value = data_;
        return accepted;
    }

    uint32_t status() {
        uint32_t value = 0;
        read(ENGRAM_STATUS, value);
        return value;
    }

    // Let some cycles pass; this is no stall, however many they are.
    void wait(uint64_t cycles) {
        for (; cycles; --cycles) {
            moved_ = counts_.cycles;
            cycle();
        }
    }

    // An access that was asked for has been answered, which is no stall.
    void moved() { moved_ = counts_.cycles; }

    // Wait until nothing is under way. A result or an exemplar can leave somewhat later than the
    // status says so: the chip must have been at rest, and silent, for some time.
    void settle() {
        for (uint64_t busy = counts_.cycles; counts_.cycles - std::max(busy, heard_) < AT_REST;) {
            if (status() != 0 || !packet_.empty())
                busy = counts_.cycles;
            else
                moved();  // to be at rest is no stall
        }
    }

private:
    static constexpr uint64_t AT_REST = 1000;  // cycles

    void open(const std::string& trace) {
#if VM_TRACE
        context_.traceEverOn(true);
        trace_ = std::make_unique<Trace>();
        top_.trace(trace_.get(), 99);
        trace_->open(trace.c_str());
        if (!trace_->isOpen()) throw Fault(trace + " cannot be written");
#else
        (void)trace;
#endif
    }

    bool answer() {
        answered_ = false;
        while (!answered_) cycle();
        return response_ == 0;
    }

    // One cycle. The inputs meet the low clock, and the handshakes that they lead to are noted;
    // then comes the edge, and what was taken is offered no longer.
    void cycle() {
        clock(0);
        const bool word = top_.s_axis_tvalid && top_.s_axis_tready;
        const bool aw = top_.s_axil_awvalid && top_.s_axil_awready;
        const bool w = top_.s_axil_wvalid && top_.s_axil_wready;
        const bool ar = top_.s_axil_arvalid && top_.s_axil_arready;
        if (top_.m_axis_tvalid) receive();
        if (top_.s_axil_bvalid) {
            answered_ = true;
            response_ = top_.s_axil_bresp;
        }
        if (top_.s_axil_rvalid) {
            answered_ = true;
            response_ = top_.s_axil_rresp;
            data_ = top_.s_axil_rdata;
        }
        clock(1);
        if (word) {
            top_.s_axis_tvalid = 0;
            moved();
        }
        if (aw) top_.s_axil_awvalid = 0;
        if (w) top_.s_axil_wvalid = 0;
        if (ar) top_.s_axil_arvalid = 0;
        if (++counts_.cycles - moved_ > patience_) throw Stall{};
    }

    void clock(uint8_t level) {
        top_.clk = level;
        top_.eval();
#if VM_TRACE
        trace_->dump(2 * counts_.cycles + level);
#endif
    }

    // Note a word that leaves. A packet is written as a whole, so that answers never split it.
    void receive() {
        const uint32_t user = top_.m_axis_tuser;
        char line[64];
        std::snprintf(line, sizeof line, "%016" PRIx64 " %s %u%s\n",
                      static_cast<uint64_t>(top_.m_axis_tdata),
                      KINDS[(user & ENGRAM_USER_KIND_MASK) >> ENGRAM_USER_KIND_SHIFT],
                      (user & ENGRAM_USER_LABEL_MASK) >> ENGRAM_USER_LABEL_SHIFT,
                      user & ENGRAM_USER_ABORTED_MASK ? " aborted" : "");
        packet_ += line;
        heard_ = counts_.cycles;
        moved();
        ++counts_.words_out;
        if (top_.m_axis_tlast) {
            packet_ += '\n';
            std::fputs(packet_.c_str(), stdout);
            packet_.clear();
            ++counts_.packets_out;
        }
    }

    VerilatedContext& context_;
    Vchip top_;
#if VM_TRACE
    std::unique_ptr<Trace> trace_;
#endif
    Counts counts_;
    uint64_t patience_, moved_ = 0, heard_ = 0;
    std::string packet_;  // words of a packet that has not ended
    bool answered_ = false;
    uint32_t response_ = 0, data_ = 0;
};
