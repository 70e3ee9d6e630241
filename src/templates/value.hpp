#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace steno::prompts {

struct Member;

/// A JSON value as a tree: what templates are filled with. Numbers keep the digits that they were written in.
struct Value {
    enum class Type : std::uint8_t { Null, Boolean, Number, String, List, Object };

    Type type = Type::Null;
    std::string text;                    ///< of a string; a number's own; "true" and "false"
    std::vector<Value> items;            ///< of a list
    std::vector<Member> members;         ///< of an object, in their order, each name once
    std::vector<std::uint32_t> by_name;  ///< their indices in the order of names, for `member`

    /// More than so many values in one tree are refused: memory is bounded by that (some 150 bytes each).
    static constexpr std::size_t kMaxValues = 600'000;
    /// InvalidArgument; ResourceExhausted. Of members of the same name the last counts.
    static Result<Value> parse(std::string_view json);

    /// Null: it is no object, or has no such member.
    [[nodiscard]] const Value* member(std::string_view name) const;
    /// Puts it in place of the one of that name, or adds it. Of an object only.
    void set(std::string_view name, Value value);

    [[nodiscard]] std::string to_json() const;
    /// A member or an item a line: for people, and for comparing line by line.
    [[nodiscard]] std::string to_lines() const;
};

struct Member {
    std::string name;
    Value value;
};

}  // namespace steno::prompts
