#include "providers/json_edits.hpp"

#include "base/json_writer.hpp"

#include <algorithm>

namespace steno::providers {

namespace {

std::string json_string(std::string_view text) {
    std::string json;
    json.reserve(text.size() + 16);
    append_json_string(json, text);
    return json;
}

}  // namespace

std::optional<std::size_t> JsonEdits::place_of(JsonValue value) const {
    const std::string_view raw = value.raw();
    if (raw.data() < text_.data() || raw.data() + raw.size() > text_.data() + text_.size())
        return std::nullopt;
    return static_cast<std::size_t>(raw.data() - text_.data());
}

std::optional<std::size_t> JsonEdits::changed(JsonValue value) {
    const auto at = place_of(value);
    lost_ = lost_ || !at;
    return at;
}

void JsonEdits::add(Change change) {
    // What is put in at a place stands before what is replaced there.
    const auto place = [](const Change& one) { return std::pair(one.at, one.removed > 0); };
    changes_.insert(std::ranges::upper_bound(changes_, place(change), {}, place), std::move(change));
}

void JsonEdits::insert(JsonValue where, std::size_t offset, std::string json) {
    if (where.type() == JsonValue::Type::Absent) return;
    if (const auto at = changed(where)) add({*at + offset, 0, std::move(json)});
}

void JsonEdits::replace(JsonValue value, std::string_view json) {
    const auto at = value.type() == JsonValue::Type::Absent ? std::nullopt : changed(value);
    if (!at ||
        std::ranges::any_of(changes_, [&](const Change& one) { return one.removed > 0 && one.at == *at; }))
        return;
    add({*at, value.raw().size(), std::string(json)});
}

void JsonEdits::replace_text(JsonValue value, std::string_view text) {
    replace(value, json_string(text));
}

void JsonEdits::set(JsonValue object, std::string_view name, std::string_view json) {
    if (!object.is_object()) return;
    if (const JsonValue member = object[name]; member.type() != JsonValue::Type::Absent)
        return replace(member, json);
    const auto at = changed(object);
    if (!at) return;
    const std::pair<std::size_t, std::string> key(*at, name);
    if (std::ranges::find(members_, key) != members_.end()) return;
    const bool first = std::ranges::none_of(members_, [&](const auto& one) { return one.first == *at; });
    members_.push_back(key);
    std::string member = json_string(name);
    member.append(":").append(json);
    if (object.size() > 0) {
        member.push_back(',');
    } else if (!first) {
        member.insert(0, ",");
    }
    insert(object, 1, std::move(member));
}

void JsonEdits::set_text(JsonValue object, std::string_view name, std::string_view text) {
    set(object, name, json_string(text));
}

void JsonEdits::insert_before(JsonValue element, std::string_view json) {
    insert(element, 0, std::string(json) + ",");
}

void JsonEdits::insert_only(JsonValue empty_array, std::string_view json) {
    insert(empty_array, 1, std::string(json));
}

std::optional<std::string> JsonEdits::result() const {
    if (lost_) return std::nullopt;
    std::size_t size = text_.size();
    for (const Change& change : changes_) size += change.json.size();
    std::string out;
    out.reserve(size);
    std::size_t from = 0;
    for (const Change& change : changes_) {
        out.append(text_.substr(from, change.at - from)).append(change.json);
        from = change.at + change.removed;
    }
    return out.append(text_.substr(from));
}

}  // namespace steno::providers
