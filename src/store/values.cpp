#include "store/values.hpp"

#include "store/subtree.hpp"
#include "store/total_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <string>

namespace steno::store {

std::optional<Value> to_value(const FieldValue& value) {
    return std::visit(
        []<class T>(const T& v) -> std::optional<Value> {
            if constexpr (std::same_as<T, std::string_view>)
                return Value(std::string(v));
            else if constexpr (std::constructible_from<Value, std::in_place_type_t<T>, T>)
                return Value(std::in_place_type<T>, v);
            else
                return std::nullopt;
        },
        value);
}

Value to_value(const AttributeValue& value) {
    return std::visit([](const auto& v) { return Value(v); }, value);
}

std::optional<std::int64_t> total_tokens(const Usage& usage) {
    const auto &input = usage.input_tokens, &output = usage.output_tokens;
    if (!input && !output) return std::nullopt;
    const __int128 sum = __int128{input.value_or(0)} + output.value_or(0);
    using Limits = std::numeric_limits<std::int64_t>;
    return static_cast<std::int64_t>(std::clamp(sum, __int128{Limits::min()}, __int128{Limits::max()}));
}

std::vector<std::string> members_in(const Call& call, const Field& field) {
    std::vector<std::string> members;
    if (field.index == Field::kScores) {
        for (const auto& [name, score] : call.scores) members.push_back(name);
        return members;
    }
    if (const SubtreeField* const subtree = subtree_of(field.index)) {
        members = call.trace.*subtree->outer;
        if (const std::string& innermost = call.trace.*subtree->innermost; !innermost.empty())
            members.push_back(innermost);
        return members;
    }
    std::string scratch;
    const FieldValue value = value_of(call, field.index, scratch);
    if (const auto* const* set = std::get_if<const std::vector<std::string>*>(&value)) members = **set;
    return members;
}

std::optional<Value> value_in(const Call& call, const Field& field) {
    if (field.index == Field::kScores) {
        const auto score = call.scores.find(field.key);
        if (score == call.scores.end() || !score->second.value) return std::nullopt;
        return Value(*score->second.value);
    }
    if (field.index == kTotalTokens) {
        const auto tokens = total_tokens(call.usage);
        return tokens ? std::optional(Value(*tokens)) : std::nullopt;
    }
    std::string scratch;
    const FieldValue value = value_of(call, field.index, scratch);
    const auto* const* attributes = std::get_if<const std::map<std::string, AttributeValue>*>(&value);
    if (attributes == nullptr) return to_value(value);
    const auto found = (*attributes)->find(field.key);
    return found == (*attributes)->end() ? std::nullopt : std::optional(to_value(found->second));
}

std::string exact_text(const Value& value) {
    return std::visit(
        []<class T>(const T& v) -> std::string {
            if constexpr (std::same_as<T, std::string>)
                return v;
            else if constexpr (std::same_as<T, Timestamp>)
                return fmt::format("{}", v.unix_nanos);
            else if constexpr (std::same_as<T, Duration>)
                return fmt::format("{}", v.nanos);
            else if constexpr (std::same_as<T, Decimal> || std::same_as<T, Uuid>)
                return v.to_string();
            else
                return fmt::format("{}", v);
        },
        value);
}

}  // namespace steno::store
