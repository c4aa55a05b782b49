// SPDX-License-Identifier: MIT
// engram simulate: scripts through the chip. Words and answers go to the standard output, counts or
// the fault to the standard error output.

#include <sys/prctl.h>

#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "chip.h"
#include "script.h"

namespace {

std::string hex(uint32_t value) {
    char text[16];
    std::snprintf(text, sizeof text, "0x%x", value);
    return text;
}

// Return what the chip is doing, in the words of its status register.
std::string doing(uint32_t status) {
    std::string text = "its status is " + hex(status);
    if (status & ENGRAM_STATUS_BUSY_MASK) text += ", a picture is in the network";
    if (status & ENGRAM_STATUS_DRAWING_MASK) text += ", requests are left";
    if (status & ENGRAM_STATUS_RECEIVING_MASK) text += ", it is in the midst of a packet";
    return text;
}

void flush() {
    if (std::fflush(stdout) || std::ferror(stdout))
        throw Fault(std::string("the output cannot be written: ") + std::strerror(errno));
}

// Do a step; `seen` is what the register of a poll, or the status, was last.
void perform(Chip& chip, const Step& step, uint32_t& seen) {
    switch (step.kind) {
        case Step::SEND:
            chip.send(step.word, step.last);
            break;
        case Step::WRITE:
            if (!chip.write(step.address, step.value))
                std::printf("write %s refused\n", step.name.c_str());
            chip.moved();
            break;
        case Step::READ:
            if (chip.read(step.address, seen))
                std::printf("read %s 0x%08x\n", step.name.c_str(), seen);
            else
                std::printf("read %s refused\n", step.name.c_str());
            chip.moved();
            break;
        case Step::POLL:
            do {
                if (!chip.read(step.address, seen))
                    throw Fault("the chip refuses to read " + step.name + ", so that no poll ends");
            } while ((seen & step.mask) != step.value);
            chip.moved();
            break;
        case Step::WAIT:
            chip.wait(step.value);
            break;
        case Step::IDLE:
            chip.settle();
            flush();
            break;
    }
}

// Return what a step waits for that never ends.
std::string waits(const Step& step, uint32_t seen) {
    switch (step.kind) {
        case Step::SEND:
            return "it does not take this word";
        case Step::POLL:
            return step.name + " is " + hex(seen) + ", and under mask " + hex(step.mask) +
                   " never " + hex(step.value);
        case Step::IDLE:
            return "it never comes to rest";
        default:
            return "it does not answer";
    }
}

// Do a step; if the chip stalls, say where and why.
void attempt(Chip& chip, const Step& step, const std::string& place, uint64_t patience) {
    uint32_t seen = 0;
    try {
        perform(chip, step, seen);
    } catch (const Stall&) {
        std::string why = waits(step, seen);
        try {
            chip.moved();
            why += "; " + doing(chip.status());
        } catch (const Stall&) {
            why += "; its registers do not answer either";
        }
        throw Fault(place + ": the chip neither took nor sent a word for " +
                    std::to_string(patience) + " cycles (--patience): " + why);
    } catch (const Fault& fault) {
        throw Fault(place + ": " + fault.what());
    }
}

void run(Chip& chip, const std::string& path, uint64_t patience) {
    Script script(path);
    for (Step step; script.next(step);) attempt(chip, step, script.place(), patience);
}

}  // namespace

// Arguments: cycles of patience, threads, file of the trace, files of scripts.
int main(int argc, char** argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // it ends with the process that started it
    std::signal(SIGPIPE, SIG_IGN);
    std::ios::sync_with_stdio(false);
    const uint64_t patience = std::strtoull(argv[1], nullptr, 10);
    VerilatedContext context;
    context.threads(static_cast<unsigned>(std::atoi(argv[2])));
    const auto start = std::chrono::steady_clock::now();
    try {
        Chip chip(context, patience, argv[3]);
        for (int i = 4; i < argc; ++i) run(chip, argv[i], patience);
        attempt(chip, Step{Step::IDLE}, "after the last line", patience);
        const Counts& counts = chip.counts();
        flush();
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        std::fprintf(stderr,
                     "{\"cycles\": %" PRIu64 ", \"words_in\": %" PRIu64
                     ", \"packets_in\": %" PRIu64 ", \"words_out\": %" PRIu64
                     ", \"packets_out\": %" PRIu64 ", \"seconds\": %.6f}\n",
                     counts.cycles, counts.words_in, counts.packets_in, counts.words_out,
                     counts.packets_out, taken.count());
    } catch (const Fault& fault) {
        std::fprintf(stderr, "%s\n", fault.what());
        return 2;
    }
    return 0;
}
