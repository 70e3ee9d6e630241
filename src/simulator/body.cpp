#include "simulator/body.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

namespace steno::simulator {

namespace json = boost::json;

std::optional<json::value> parse_body(std::string_view body) {
    json::error_code error;
    json::parse_options options;
    options.max_depth = 200;
    json::value value = json::parse({body.data(), body.size()}, error, {}, options);
    if (error || !value.is_object()) return std::nullopt;
    return value;
}

const json::value* find(const json::value& value, std::string_view name) {
    const json::object* object = value.if_object();
    return object ? object->if_contains({name.data(), name.size()}) : nullptr;
}

const json::value* find(const json::value& value, std::string_view name, std::string_view or_name) {
    const json::value* found = find(value, name);
    return found ? found : find(value, or_name);
}

std::string string_at(const json::value& value, std::string_view name) {
    const json::value* found = find(value, name);
    return found && found->is_string() ? std::string(view(found->get_string())) : std::string{};
}

std::optional<std::int64_t> integer_at(const json::value& value, std::string_view name) {
    const json::value* found = find(value, name);
    if (found && found->is_int64()) return found->get_int64();
    return std::nullopt;
}

bool flag_at(const json::value& value, std::string_view name) {
    const json::value* found = find(value, name);
    return found && found->is_bool() && found->get_bool();
}

const json::array& elements(const json::value* value) {
    static const json::array kNone;
    return value && value->is_array() ? value->get_array() : kNone;
}

std::string_view view(const json::string& text) {
    return {text.data(), text.size()};
}

std::string text_of_content(const json::value* content) {
    if (!content) return {};
    if (content->is_string()) return std::string(view(content->get_string()));
    std::string text;
    for (const json::value& part : elements(content)) {
        const std::string piece =
            part.is_string() ? std::string(view(part.get_string())) : string_at(part, "text");
        if (piece.empty()) continue;
        if (!text.empty()) text.push_back('\n');
        text += piece;
    }
    return text;
}

void append_all_text(const json::value& value, std::string& out) {
    constexpr std::size_t kMediaBytes = 340;
    if (value.is_string()) {
        const std::string_view text = view(value.get_string());
        if (text.starts_with("data:")) {
            out.append(kMediaBytes, ' ');
        } else {
            out += text;
        }
    } else if (value.is_array()) {
        for (const json::value& element : value.get_array()) append_all_text(element, out);
    } else if (value.is_object()) {
        for (const auto& [key, member] : value.get_object()) {
            if (key == "data" || key == "file_data") {
                out.append(kMediaBytes, ' ');
            } else if (key != "role" && key != "type" && key != "id") {
                append_all_text(member, out);
            }
        }
    }
}

}  // namespace steno::simulator
