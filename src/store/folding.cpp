#include "store/folding.hpp"

#include "base/text.hpp"
#include "record/field_table.hpp"
#include "record/fields.hpp"
#include "store/field.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace steno::store {
namespace {

template <class T>
concept Group = requires(T& t) {
    { t.unknown } -> std::same_as<UnknownFields&>;
};
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// Kept in the remainder: all that has no column. The counterpart, by C++ type, of column_fields.
template <class T>
inline constexpr bool is_remainder =
    std::same_as<T, Json> || (is_map<T> && !std::same_as<T, std::map<std::string, AttributeValue>>);
template <Group T>
inline constexpr bool is_remainder<std::vector<T>> = true;

/// Calls fn(member of a, same member of b, place) for all members of two groups of one type.
template <class A, class B, class F>
void pairwise(A& a, B& b, F&& fn) {
    describe(a, [&](int number, const char*, auto& left, Place place) {
        describe(b, [&](int other, const char*, auto& right, Place) {
            if constexpr (std::same_as<std::remove_cvref_t<decltype(left)>,
                                       std::remove_cvref_t<decltype(right)>>)
                if (number == other) fn(left, right, place);
        });
    });
}

template <class T>
bool is_absent(const T& value) {
    if constexpr (std::same_as<T, Json>)
        return value.text.empty();
    else
        return value.empty();
}

template <Group G>
bool has_remainder(const G& group) {
    bool found = !group.unknown.empty();
    describe(group, [&](int, const char*, const auto& member, Place place) {
        using Member = std::remove_cvref_t<decltype(member)>;
        if (place != Place::Header) return;
        if constexpr (Group<Member>)
            found = found || has_remainder(member);
        else if constexpr (is_remainder<Member>)
            found = found || !is_absent(member);
    });
    return found;
}

template <Group G>
void copy_remainder(const G& from, G& to) {
    to.unknown = from.unknown;
    pairwise(from, to, [](const auto& source, auto& target, Place place) {
        using Member = std::remove_cvref_t<decltype(source)>;
        if (place != Place::Header) return;
        if constexpr (Group<Member>)
            copy_remainder(source, target);
        else if constexpr (is_remainder<Member>)
            target = source;
    });
}

template <Group G>
void amend_group(G& group, const G& newcomer) {
    if (!newcomer.unknown.empty()) group.unknown = newcomer.unknown;
    pairwise(group, newcomer, [](auto& old, const auto& said, Place place) {
        using Member = std::remove_cvref_t<decltype(said)>;
        if (place != Place::Header && !std::same_as<G, Preview>) return;
        if constexpr (Group<Member>) {
            amend_group(old, said);
        } else if constexpr (is_map<Member>) {
            for (const auto& [key, value] : said) old.insert_or_assign(key, value);
        } else if constexpr (is_optional<Member>) {
            if (said) old = said;
        } else if constexpr (std::is_enum_v<Member> || std::same_as<Member, Uuid>) {
            old = said;
        } else {
            if (!is_absent(said)) old = said;
        }
    });
}

std::string repaired(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_sequence_length(text);
        if (length == 0)
            out += "\xef\xbf\xbd";
        else
            out += text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

/// 2262-01-01: leaves room for offsets and months in 64-bit nanoseconds.
constexpr std::int64_t kLastMoment = 9'214'646'400'000'000'000;

/// Units of money: backends keep them as two numbers of 64 bits, and add up ten calls' at least.
constexpr __int128 kMostMoney = __int128{9'000'000'000'000'000'000} * 1'000'000'000'000'000'000;

bool is_storable(const AttributeValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return is_valid_utf8(*text);
    const auto* number = std::get_if<double>(&value);
    return number == nullptr || (std::isfinite(*number) && !(*number == 0 && std::signbit(*number)));
}

bool is_storable(const FieldValue& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) return is_valid_utf8(*text);
    if (const auto* moment = std::get_if<Timestamp>(&value))
        return moment->unix_nanos <= kLastMoment && moment->unix_nanos >= -kLastMoment;
    if (const auto* money = std::get_if<Decimal>(&value))
        return money->units() <= kMostMoney && money->units() >= -kMostMoney;
    if (const auto* number = std::get_if<double>(&value)) return is_storable(AttributeValue(*number));
    if (const auto* const* texts = std::get_if<const std::vector<std::string>*>(&value)) {
        for (const auto& text : **texts)
            if (!is_valid_utf8(text)) return false;
    } else if (const auto* const* map = std::get_if<const std::map<std::string, AttributeValue>*>(&value)) {
        for (const auto& [key, attribute] : **map)
            if (!is_valid_utf8(key) || !is_storable(attribute)) return false;
    }
    return true;
}

void set_repaired(Call& call, std::size_t index, const FieldValue& value) {
    std::string text;
    std::vector<std::string> texts;
    std::map<std::string, AttributeValue> attributes;
    FieldValue fit = value;
    if (const auto* broken = std::get_if<std::string_view>(&value)) {
        text = repaired(*broken);
        fit = std::string_view(text);
    } else if (std::holds_alternative<Timestamp>(value) || std::holds_alternative<Decimal>(value)) {
        fit = std::monostate{};
    } else if (const auto* number = std::get_if<double>(&value)) {
        if (std::isfinite(*number))
            fit = *number + 0.0;
        else
            fit = std::monostate{};
    } else if (const auto* const* list = std::get_if<const std::vector<std::string>*>(&value)) {
        for (const auto& item : **list) texts.push_back(repaired(item));
        fit = &std::as_const(texts);
    } else if (const auto* const* map = std::get_if<const std::map<std::string, AttributeValue>*>(&value)) {
        for (auto [key, attribute] : **map) {
            if (auto* item = std::get_if<std::string>(&attribute)) *item = repaired(*item);
            if (auto* item = std::get_if<double>(&attribute)) *item += 0.0;
            if (is_storable(attribute)) attributes.emplace(repaired(key), std::move(attribute));
        }
        fit = &std::as_const(attributes);
    }
    // The value came out of the same field of another call, so its type fits.
    static_cast<void>(set_value(call, index, fit));
}

}  // namespace

std::string encode_remainder(const Call& call) {
    if (!has_remainder(call)) return {};
    Call remainder;
    copy_remainder(call, remainder);
    return encode(remainder, Place::Header);
}

namespace {

bool is_storable(const std::string& name, const Score& score) {
    return is_valid_utf8(name) && (!score.value || is_storable(AttributeValue(*score.value)));
}

}  // namespace

Call as_stored(const Call& call) {
    Call out;
    // What encode wrote, decode reads.
    if (const std::string remainder = encode_remainder(call); !remainder.empty())
        static_cast<void>(decode(remainder, out));
    std::string scratch;
    for (const std::size_t index : column_fields()) {
        const FieldValue value = value_of(call, index, scratch);
        if (is_storable(value))
            static_cast<void>(set_value(out, index, value));
        else
            set_repaired(out, index, value);
    }
    for (auto at = out.scores.begin(); at != out.scores.end();) {
        const auto next = std::next(at);
        if (!is_storable(at->first, at->second)) {
            auto score = out.scores.extract(at);
            score.key() = repaired(score.key());
            auto& number = score.mapped().value;
            if (number) *number += 0.0;
            if (number && !std::isfinite(*number)) number.reset();
            out.scores.insert(std::move(score));
        }
        at = next;
    }
    return out;
}

bool needs_repair(const Call& call) {
    std::string scratch;
    for (const std::size_t index : column_fields())
        if (!is_storable(value_of(call, index, scratch))) return true;
    return std::ranges::any_of(call.scores,
                               [](const auto& named) { return !is_storable(named.first, named.second); });
}

void amend(Call& call, const Call& newcomer) {
    const Status before = call.status;
    const bool withheld = !call.privacy.full_data.value_or(true);
    if (!withheld && !newcomer.privacy.full_data.value_or(true)) call.preview = {};
    Preview shown = call.preview;
    std::optional<Cost> repriced;
    if (!call.cost.repricing.empty() && newcomer.cost.repricing.empty()) repriced = std::move(call.cost);
    amend_group(call, newcomer);
    if (repriced) call.cost = std::move(*repriced);
    if (withheld && !newcomer.privacy.full_data) call.preview = std::move(shown);
    if (newcomer.status == Status::Interrupted) call.status = before;
}

void amend(Row& row, const Upsert& newcomer) {
    const Row& newest = newcomer.row;
    const bool orphan =
        newest.call.status == Status::Interrupted && newest.opened_at && !newcomer.has_response;
    if (orphan && row.call.status != Status::Interrupted) {
        Call whole = newest.call;
        amend(whole, row.call);
        row.call = std::move(whole);
        if (!row.opened_at) row.opened_at = newest.opened_at;  // read first, so it only fills a gap, too
        return;
    }
    amend(row.call, newest.call);
    if (newest.opened_at || (newcomer.has_request && newcomer.has_response)) {
        row.opened_at = newest.opened_at;
        row.closed_at = newest.closed_at;
    } else if (newcomer.has_request && row.opened_at) {
        row.opened_at = newest.closed_at;  // the response stays where it is
    } else if (newcomer.has_request || newcomer.has_response) {
        if (!row.opened_at) row.opened_at = row.closed_at;
        row.closed_at = newest.closed_at;
    }
}

void fold(Call& call, const Said& said) {
    if (said.feedback) call.feedback = *said.feedback;
    if (said.score) call.scores.insert_or_assign(said.score_name, *said.score);
    if (said.cost) call.cost = *said.cost;
}

}  // namespace steno::store
