// tests/jobs/cost_attribution/oracle/history_words.h
// The words of a random history: one small pool for rows and rules, so that conditions hit. Each
// pool has what real bills have too: blanks, capitals, parentheses, other scripts, empty texts.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/jobs/cost_attribution/oracle/dice.h"

namespace tributary::cost_oracle {

const std::vector<std::string>& tag_keys();
const std::vector<std::string>& group_names();

// May be empty; at most 256 bytes.
std::string random_tag_value(Dice& dice);

// Columns that random rows carry; rules name them and some that rows never have.
const std::vector<std::string>& row_columns();
// May be empty; at most 1,024 bytes.
std::string random_column_value(Dice& dice, const std::string& column);

// A part of a text between two of its UTF-8 characters; not empty if the text is not.
std::string random_piece(Dice& dice, const std::string& text, bool from_begin, bool to_end);

// The parts in their order. A list in braces is evaluated from left to right, which "a + b" is not:
// a seed must mean the same history with every compiler.
std::string joined(std::initializer_list<std::string> parts);

// Quoted for JSON, which YAML reads too.
std::string quoted(const std::string& text);

// "2026-09-01T10:00:00Z", with a fraction if there is one.
std::string time_text(std::int64_t micros);

}  // namespace tributary::cost_oracle
