// SPDX-License-Identifier: MIT
// What is done to the chip, read from a file line by line (docs/simulate.md).
#pragma once

#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "chip.h"

// A line, or a word with the mark that it is the last of its packet.
struct Step {
    enum Kind { SEND, WRITE, READ, POLL, WAIT, IDLE } kind;
    uint64_t word = 0;  // of SEND
    bool last = false;  // of SEND
    std::string name{};  // a register as the file has it
    uint32_t address = 0, mask = 0, value = 0;
};

class Script {
public:
    // The script in a file; "-" is the standard input.
    explicit Script(const std::string& path)
        : name_{path == "-" ? "standard input" : path}, in_{path == "-" ? std::cin : file_} {
        if (path == "-") return;
        file_.open(path);
        if (!file_) throw Fault(path + " cannot be read: " + std::strerror(errno));
    }

    // Place of the step that `next` returned last.
    std::string place() const { return name_ + ":" + std::to_string(shown_); }

    // Take the next step; return whether there is one.
    bool next(Step& step) {
        while (advance()) {
            shown_ = number_;
            if (text_.empty()) continue;  // it ends no packet
            if (word(step.word)) {
                step.kind = Step::SEND;
                step.last = ends();
                return true;
            }
            access(step);
            return true;
        }
        return false;
    }

private:
    // Read the next line that is not all comment; return whether there is one.
    bool advance() {
        if (ahead_) {
            ahead_ = false;
            return true;
        }
        while (std::getline(in_, text_)) {
            ++number_;
            const size_t comment = text_.find("//");
            const bool cut = comment != std::string::npos;
            if (cut) text_.resize(comment);
            const size_t end = text_.find_last_not_of(" \t\r");
            text_.resize(end == std::string::npos ? 0 : end + 1);
            text_.erase(0, text_.find_first_not_of(" \t"));
            if (!cut || !text_.empty()) return true;
        }
        if (in_.bad()) throw Fault(name_ + " cannot be read: " + std::strerror(errno));
        return false;
    }

    // Return whether an empty line follows a word. If another word does, that one is the next step.
    bool ends() {
        if (!first_) first_ = number_;
        const std::string packet = "the packet that began in line " + std::to_string(first_);
        if (!advance()) {
            shown_ = number_;
            fail(packet + " must end with an empty line");
        }
        uint64_t ignored;
        ahead_ = word(ignored);
        if (!ahead_ && !text_.empty()) {
            shown_ = number_;
            fail(packet + " must go on with a word of 1 to 16 hex digits, or end with an empty "
                 "line, not '" + quoted(text_) + "'");
        }
        if (!ahead_) first_ = 0;
        return !ahead_;
    }

    bool word(uint64_t& value) const {
        if (text_.empty() || text_.size() > 16) return false;
        for (const char c : text_)
            if (!std::isxdigit(static_cast<unsigned char>(c))) return false;
        value = std::stoull(text_, nullptr, 16);
        return true;
    }

    void access(Step& step) {
        std::istringstream line(text_);
        std::vector<std::string> part;
        for (std::string each; line >> each;) part.push_back(each);
        const auto is = [&](const char* verb, size_t size) {
            return part[0] == verb && part.size() == size;
        };
        if (is("write", 3)) {
            step.kind = Step::WRITE;
            reg(step, part[1]);
            step.value = number("VALUE", part[2]);
        } else if (is("read", 2)) {
            step.kind = Step::READ;
            reg(step, part[1]);
        } else if (is("poll", 4)) {
            step.kind = Step::POLL;
            reg(step, part[1]);
            step.mask = number("MASK", part[2]);
            step.value = number("VALUE", part[3]);
            if (step.value & ~step.mask)
                fail("VALUE must have no bit outside MASK, or it never comes, not '" + part[3] + "'");
        } else if (is("wait", 2)) {
            step.kind = Step::WAIT;
            step.value = number("CYCLES", part[1]);
        } else if (is("idle", 1)) {
            step.kind = Step::IDLE;
        } else {
            fail("a line must be a word of 1 to 16 hex digits, 'write REGISTER VALUE', "
                 "'read REGISTER', 'poll REGISTER MASK VALUE', 'wait CYCLES' or 'idle', not '" +
                 quoted(text_) + "'");
        }
    }

    void reg(Step& step, const std::string& text) const {
        step.name = text;
        std::string known;
        for (const Register& each : REGISTERS) {
            if (text == each.name) {
                step.address = each.offset;
                return;
            }
            known += std::string(each.name) + ", ";
        }
        if (!parsed(text, step.address) || step.address > LAST_ADDRESS)
            fail("REGISTER must be one of " + known + "or an address up to " +
                 std::to_string(LAST_ADDRESS) + ", not '" + quoted(text) + "'");
    }

    uint32_t number(const char* what, const std::string& text) const {
        uint32_t value = 0;
        if (!parsed(text, value))
            fail(std::string(what) + " must be an integer from 0 to 2^32 - 1, in decimal or after "
                 "0x in hex, not '" + quoted(text) + "'");
        return value;
    }

    static bool parsed(const std::string& text, uint32_t& value) {
        const bool hex = text.size() > 2 && text[0] == '0' && std::tolower(text[1]) == 'x';
        const std::string digits = hex ? text.substr(2) : text;
        if (digits.empty() || digits.size() > 10) return false;
        for (const unsigned char c : digits)
            if (!(hex ? std::isxdigit(c) : std::isdigit(c))) return false;
        const uint64_t whole = std::stoull(digits, nullptr, hex ? 16 : 10);
        value = static_cast<uint32_t>(whole);
        return whole >> 32 == 0;
    }

    // Return the head of a text of the user, fit for a line of a terminal.
    static std::string quoted(const std::string& text) {
        std::string head = text.substr(0, 40);
        for (char& c : head)
            if (!std::isprint(static_cast<unsigned char>(c))) c = '?';
        return head;
    }

    [[noreturn]] void fail(const std::string& text) const { throw Fault(place() + ": " + text); }

    std::string name_;
    std::ifstream file_;
    std::istream& in_;
    std::string text_;  // line at hand, without comment and spaces around it
    uint64_t number_ = 0, shown_ = 0, first_ = 0;  // of the line, the step, the packet; from 1
    bool ahead_ = false;  // the line at hand is still to be taken
};
