#include "templates/value.hpp"

#include "base/json_writer.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace steno::prompts {

namespace {

class TreeReader {
  public:
    explicit TreeReader(std::string_view json) : json_(json) {}

    Result<Value> read() {
        Value value;
        if (!any(value) || !json_.at_end()) {
            if (!json_.failed())
                return fail(Code::ResourceExhausted,
                            fmt::format("more than {} values in one JSON text", Value::kMaxValues));
            return fail(Code::InvalidArgument, "no JSON: " + json_.problem());
        }
        return value;
    }

  private:
    bool any(Value& value) {
        if (left_ == 0) return false;
        --left_;
        std::string_view number;
        bool boolean = false;
        switch (json_.peek()) {
            case JsonReader::Type::Object:
                return object(value);
            case JsonReader::Type::Array:
                value.type = Value::Type::List;
                return json_.array([&] { return any(value.items.emplace_back()); });
            case JsonReader::Type::String:
                value.type = Value::Type::String;
                return json_.string(value.text);
            case JsonReader::Type::Number:
                value.type = Value::Type::Number;
                if (!json_.number(number)) return false;
                value.text = number;
                return true;
            case JsonReader::Type::Boolean:
                value.type = Value::Type::Boolean;
                if (!json_.boolean(boolean)) return false;
                value.text = boolean ? "true" : "false";
                return true;
            case JsonReader::Type::Null:
                return json_.null();
            case JsonReader::Type::Invalid:
                break;
        }
        return json_.skip();  // which says why
    }

    bool object(Value& value) {
        value.type = Value::Type::Object;
        std::map<std::string, std::uint32_t, std::less<>> places;
        if (!json_.object([&](std::string_view name) {
                const auto [place, fresh] =
                    places.try_emplace(std::string(name), static_cast<std::uint32_t>(value.members.size()));
                if (fresh) value.members.push_back({std::string(name), {}});
                Value& member = value.members[place->second].value;
                member = {};
                return any(member);
            }))
            return false;
        value.by_name.reserve(places.size());
        for (const auto& [name, place] : places) value.by_name.push_back(place);
        return true;
    }

    JsonReader json_;
    std::size_t left_ = Value::kMaxValues;
};

void append(std::string& out, const Value& value, std::size_t indent, bool lines) {
    const auto new_line = [&](std::size_t depth) {
        if (lines) out.append("\n").append(2 * depth, ' ');
    };
    switch (value.type) {
        case Value::Type::Null:
            out += "null";
            return;
        case Value::Type::Boolean:
        case Value::Type::Number:
            out += value.text;
            return;
        case Value::Type::String:
            append_json_string(out, value.text);
            return;
        case Value::Type::List:
            out += '[';
            for (const Value& item : value.items) {
                if (&item != value.items.data()) out += ',';
                new_line(indent + 1);
                append(out, item, indent + 1, lines);
            }
            if (!value.items.empty()) new_line(indent);
            out += ']';
            return;
        case Value::Type::Object:
            out += '{';
            for (const Member& member : value.members) {
                if (&member != value.members.data()) out += ',';
                new_line(indent + 1);
                append_json_string(out, member.name);
                out += lines ? ": " : ":";
                append(out, member.value, indent + 1, lines);
            }
            if (!value.members.empty()) new_line(indent);
            out += '}';
            return;
    }
}

auto place_of(const Value& object, std::string_view name) {
    return std::ranges::lower_bound(object.by_name, name, {}, [&](std::uint32_t place) -> std::string_view {
        return object.members[place].name;
    });
}

}  // namespace

Result<Value> Value::parse(std::string_view json) {
    return TreeReader(json).read();
}

const Value* Value::member(std::string_view name) const {
    const auto found = place_of(*this, name);
    if (found == by_name.end() || members[*found].name != name) return nullptr;
    return &members[*found].value;
}

void Value::set(std::string_view name, Value value) {
    type = Type::Object;
    const auto found = place_of(*this, name);
    if (found != by_name.end() && members[*found].name == name) {
        members[*found].value = std::move(value);
        return;
    }
    by_name.insert(found, static_cast<std::uint32_t>(members.size()));
    members.push_back({std::string(name), std::move(value)});
}

std::string Value::to_json() const {
    std::string out;
    append(out, *this, 0, false);
    return out;
}

std::string Value::to_lines() const {
    std::string out;
    append(out, *this, 0, true);
    return out;
}

}  // namespace steno::prompts
