#include "simulator/schema_sample.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "simulator/language.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <array>

namespace steno::simulator {

namespace {

namespace json = boost::json;

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxMembers = 64;

struct NamedValues {
    std::string_view part_of_name;
    std::array<std::string_view, 3> values;
};

constexpr std::array<NamedValues, 17> kByName{{
    {"city", {"Paris", "Lisbon", "Graz"}},
    {"location", {"Paris", "Lisbon", "Graz"}},
    {"country", {"France", "Portugal", "Austria"}},
    {"date", {"2026-11-23", "2026-12-01", "2027-01-15"}},
    {"time", {"09:30", "14:00", "18:15"}},
    {"mail", {"ada@example.com", "sam@example.org", "li@example.net"}},
    {"url", {"https://example.com/a", "https://example.org/b", "https://example.net/c"}},
    {"phone", {"+1-555-0100", "+1-555-0101", "+1-555-0102"}},
    {"unit", {"celsius", "metric", "items"}},
    {"currency", {"EUR", "USD", "GBP"}},
    {"language", {"en", "fr", "pt"}},
    {"order", {"A-10293", "A-10458", "A-11020"}},
    {"customer", {"C-481", "C-502", "C-777"}},
    {"id", {"a1b2c3", "d4e5f6", "g7h8i9"}},
    {"name", {"Ada Lovelace", "Sam Okafor", "Li Wei"}},
    {"status", {"open", "done", "waiting"}},
    {"expression", {"12 * 7", "(3 + 4) / 2", "2 ** 10"}},
}};

const json::value* member(const json::object& object, std::string_view name) {
    return object.if_contains(json::string_view(name.data(), name.size()));
}

std::string type_of(const json::object& schema) {
    const json::value* type = member(schema, "type");
    if (type && type->is_array()) {
        for (const json::value& one : type->get_array())
            if (one.is_string() && one.get_string() != "null")
                return lower_case(std::string_view(one.get_string()));
        return "null";
    }
    if (type && type->is_string()) return lower_case(std::string_view(type->get_string()));
    if (member(schema, "properties")) return "object";
    if (member(schema, "items")) return "array";
    return "string";
}

class Sampler {
  public:
    Sampler(Dice& dice, const json::value& root, std::string_view prompt)
        : dice_(dice), root_(root), prompt_(prompt) {}

    void write(JsonWriter& out, const json::value& schema, std::string_view name, int depth) {
        if (!schema.is_object() || depth > kMaxDepth) return out.null();
        const json::object& object = schema.get_object();
        if (const json::value* fixed = member(object, "const")) return out.raw(json::serialize(*fixed));
        if (const json::value* choices = member(object, "enum");
            choices && choices->is_array() && !choices->get_array().empty())
            return out.raw(json::serialize(choices->get_array()[dice_.below(choices->get_array().size())]));
        if (const json::value* target = referenced(object)) return write(out, *target, name, depth + 1);
        for (const std::string_view union_name : {"anyOf", "oneOf", "allOf"})
            if (const json::value* options = member(object, union_name);
                options && options->is_array() && !options->get_array().empty())
                return write(out, options->get_array()[0], name, depth + 1);

        const std::string type = type_of(object);
        if (type == "object") return write_object(out, object, depth);
        if (type == "array") return write_array(out, object, name, depth);
        if (type == "integer")
            return out.number(dice_.between(bound(object, "minimum", 1), bound(object, "maximum", 12)));
        if (type == "number")
            return out.number(static_cast<double>(dice_.between(10 * bound(object, "minimum", 1),
                                                                10 * bound(object, "maximum", 40))) /
                              10);
        if (type == "boolean") return out.boolean(dice_.below(2) == 0);
        if (type == "null") return out.null();
        out.string(text_named(name));
    }

  private:
    void write_object(JsonWriter& out, const json::object& object, int depth) {
        out.begin_object();
        if (const json::value* properties = member(object, "properties");
            properties && properties->is_object()) {
            std::size_t written = 0;
            for (const auto& [key, value] : properties->get_object()) {
                if (++written > kMaxMembers) break;
                const std::string_view name(key.data(), key.size());
                out.key(name);
                write(out, value, name, depth + 1);
            }
        }
        out.end_object();
    }

    void write_array(JsonWriter& out, const json::object& object, std::string_view name, int depth) {
        out.begin_array();
        const json::value* items = member(object, "items");
        const auto count =
            items ? std::max<std::int64_t>(1, std::min<std::int64_t>(bound(object, "minItems", 2), 8)) : 0;
        for (std::int64_t i = 0; i < count; ++i) write(out, *items, name, depth + 1);
        out.end_array();
    }

    /// "#/$defs/Name" and "#/definitions/Name".
    const json::value* referenced(const json::object& object) const {
        const json::value* reference = member(object, "$ref");
        if (!reference || !reference->is_string() || !root_.is_object()) return nullptr;
        const std::string_view path(reference->get_string());
        for (const std::string_view folder : {"$defs", "definitions"}) {
            const std::string prefix = fmt::format("#/{}/", folder);
            const json::value* definitions = member(root_.get_object(), folder);
            if (path.starts_with(prefix) && definitions && definitions->is_object())
                return member(definitions->get_object(), path.substr(prefix.size()));
        }
        return nullptr;
    }

    static std::int64_t bound(const json::object& object, std::string_view name, std::int64_t otherwise) {
        const json::value* value = member(object, name);
        constexpr std::int64_t kReach = 1'000'000;
        std::int64_t number = otherwise;
        if (value && value->is_int64()) number = value->get_int64();
        if (value && value->is_double() && std::abs(value->get_double()) < kReach)
            number = static_cast<std::int64_t>(value->get_double());
        number = std::clamp(number, -kReach, kReach);
        // Keeps a range in order where only one of its ends is given.
        if (name == "maximum")
            return std::max(number, value ? number : std::max(otherwise, bound(object, "minimum", 1)));
        if (const json::value* top = member(object, "maximum");
            name == "minimum" && !value && top && top->is_int64())
            return std::min(number, std::clamp(top->get_int64(), -kReach, kReach));
        return number;
    }

    std::string text_named(std::string_view name) {
        const std::string key = lower_case(name);
        for (const NamedValues& known : kByName)
            if (key.contains(known.part_of_name)) return std::string(dice_.pick(known.values));
        const auto topics = topics_of(prompt_, 3);
        if (topics.empty()) return "example";
        std::string text = topics[0];
        for (std::size_t i = 1; i < topics.size(); ++i) text += " " + topics[i];
        return text;
    }

    Dice& dice_;
    const json::value& root_;
    std::string_view prompt_;
};

}  // namespace

std::string sample_of_schema(Dice& dice, const boost::json::value& schema, std::string_view prompt) {
    std::string text;
    JsonWriter out(text);
    Sampler(dice, schema, prompt).write(out, schema, "", 0);
    return text;
}

}  // namespace steno::simulator
