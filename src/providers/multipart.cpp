#include "providers/multipart.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "providers/credential_names.hpp"
#include "providers/http_facts.hpp"
#include "providers/upload.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace steno::providers {

namespace {

constexpr std::string_view kMask = "***";
constexpr std::size_t kMaxBoundary = 200;  // RFC 2046 allows 70

/// The value of a parameter of a structured header: `form-data; name="a"; filename=b`. A backslash in a
/// quoted value escapes only a quote or a backslash, since some clients send Windows paths.
std::optional<std::string> header_parameter(std::string_view header, std::string_view wanted) {
    std::size_t at = header.find(';');
    while (at < header.size()) {
        ++at;
        const std::size_t equals = header.find_first_of("=;", at);
        if (equals == std::string_view::npos) return std::nullopt;
        const bool named =
            header[equals] == '=' && equals_ignoring_case(trim(header.substr(at, equals - at)), wanted);
        at = equals;
        if (header[equals] == ';') continue;
        ++at;
        at = std::min(header.find_first_not_of(" \t", at), header.size());
        std::string value;
        if (at < header.size() && header[at] == '"') {
            for (++at; at < header.size() && header[at] != '"'; ++at) {
                const bool escape = header[at] == '\\' && at + 1 < header.size() &&
                                    (header[at + 1] == '"' || header[at + 1] == '\\');
                if (escape) ++at;
                value.push_back(header[at]);
            }
            at = header.find(';', at);
        } else {
            const std::size_t end = std::min(header.find(';', at), header.size());
            value = trim(header.substr(at, end - at));
            at = end;
        }
        if (named) return value;
    }
    return std::nullopt;
}

/// `UTF-8''na%C3%AFve.txt` (RFC 8187).
std::string extended_value(std::string_view coded) {
    const std::size_t language = coded.find('\'');
    const std::size_t value = language == std::string_view::npos ? language : coded.find('\'', language + 1);
    return value == std::string_view::npos ? std::string() : percent_decoded(coded.substr(value + 1));
}

/// The next line, without its end; `rest` becomes what follows.
std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

struct Delimiter {
    std::size_t begin;  ///< where the content before it ends
    std::size_t end;    ///< where the next part begins
    bool last;
};

/// The next line that is a delimiter, at or after `from`: a line that begins with the dashes and the boundary
/// and has nothing else but the closing dashes and blanks.
std::optional<Delimiter> find_delimiter(std::string_view body, std::string_view line, std::size_t from) {
    while (true) {
        const bool at_start = from == 0 && body.starts_with(line.substr(1));
        const std::size_t newline = at_start ? 0 : body.find(line, from);
        if (newline == std::string_view::npos) return std::nullopt;
        const std::size_t after = newline + line.size() - (at_start ? 1 : 0);
        const bool last = body.substr(after).starts_with("--");
        const std::size_t blanks = after + (last ? 2 : 0);
        const std::size_t end = std::min(body.find_first_not_of(" \t", blanks), body.size());
        const std::string_view rest = body.substr(end);
        const std::size_t line_end = rest.starts_with("\r\n") ? 2 : rest.starts_with('\n') ? 1 : 0;
        if (last || line_end != 0 || rest.empty()) {
            const bool crlf = newline != 0 && !at_start && body[newline - 1] == '\r';
            return Delimiter{newline - (crlf ? 1 : 0), end + line_end, last};
        }
        from = after;
    }
}

std::optional<FormField> read_field(std::string_view part) {
    FormField field;
    std::string_view rest = part;
    bool named = false;
    while (true) {
        // Without the blank line that ends them these were no header lines.
        if (rest.empty() || part.size() - rest.size() > Form::kMaxFieldHead) return std::nullopt;
        const std::string_view line = take_line(rest);
        if (line.empty()) break;
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || line.size() > Form::kMaxFieldHead) continue;
        const std::string_view value = trim(line.substr(colon + 1));
        const std::string_view header = trim(line.substr(0, colon));
        if (equals_ignoring_case(header, "content-type")) field.content_type = value;
        if (!equals_ignoring_case(header, "content-disposition")) continue;
        if (auto name = header_parameter(value, "name")) {
            named = true;
            field.name = std::move(*name);
        }
        if (auto coded = header_parameter(value, "filename*")) field.filename = extended_value(*coded);
        if (field.filename.empty()) field.filename = header_parameter(value, "filename").value_or("");
    }
    if (!named) return std::nullopt;
    field.value = rest;
    return field;
}

}  // namespace

bool FormField::is_credential() const {
    return !is_file() && !value.empty() && providers::is_credential(meaning_of(name), value);
}

const FormField* Form::find(std::string_view name) const {
    const auto found = std::ranges::find(fields, name, &FormField::name);
    return found == fields.end() ? nullptr : &*found;
}

std::string_view Form::text(std::string_view name) const {
    const FormField* const field = find(name);
    return field == nullptr ? std::string_view() : field->value;
}

bool is_form(std::string_view content_type) {
    return equals_ignoring_case(trim(content_type.substr(0, content_type.find(';'))), "multipart/form-data");
}

Form read_form(std::string_view content_type, std::string_view body) {
    Form form;
    const auto boundary = header_parameter(content_type, "boundary");
    if (!is_form(content_type) || !boundary || boundary->empty() || boundary->size() > kMaxBoundary)
        return form;
    const std::string line = "\n--" + *boundary;
    auto begin = find_delimiter(body, line, 0);
    while (begin && !begin->last && form.fields.size() < Form::kMaxFields) {
        // An empty part's closing delimiter may share the newline of the one that opened it.
        const auto end = find_delimiter(body, line, begin->end == 0 ? 0 : begin->end - 1);
        const std::size_t size = end && end->begin > begin->end ? end->begin - begin->end : 0;
        const std::string_view part = body.substr(begin->end, end ? size : std::string_view::npos);
        if (auto field = read_field(part)) form.fields.push_back(std::move(*field));
        begin = end;
    }
    form.whole = begin && begin->last;
    return form;
}

Json form_parameters(const Form& form, std::initializer_list<std::string_view> without) {
    struct Parameter {
        std::vector<std::string_view> values;
        bool list = false;
    };
    std::map<std::string_view, Parameter> parameters;
    for (const FormField& field : form.fields) {
        std::string_view name = field.name;
        const bool list = name.ends_with("[]");
        if (list) name.remove_suffix(2);
        if (field.is_file() || std::ranges::find(without, name) != without.end()) continue;
        Parameter& parameter = parameters[name];
        parameter.values.push_back(field.is_credential() ? kMask : field.value);
        parameter.list = list || parameter.values.size() > 1;
    }
    Json json;
    if (parameters.empty()) return json;
    JsonWriter writer(json.text);
    writer.begin_object();
    for (const auto& [name, parameter] : parameters) {
        writer.key(name);
        if (parameter.list) writer.begin_array();
        for (const std::string_view value : parameter.values) writer.string(value);
        if (parameter.list) writer.end_array();
    }
    writer.end_object();
    return json;
}

Json form_files(const Form& form) {
    Json json;
    if (std::ranges::none_of(form.fields, &FormField::is_file)) return json;
    JsonWriter writer(json.text);
    writer.begin_array();
    for (const FormField& field : form.fields) {
        if (!field.is_file()) continue;
        writer.begin_object();
        writer.member("name", std::string_view(field.name));
        writer.member("filename", std::string_view(field.filename));
        if (!field.content_type.empty()) writer.member("content_type", std::string_view(field.content_type));
        writer.member("bytes", static_cast<std::int64_t>(field.value.size()));
        writer.end_object();
    }
    writer.end_array();
    return json;
}

std::optional<std::string> form_without_files(const Form& form, std::string_view body) {
    std::string out;
    std::size_t copied = 0;
    for (const FormField& field : form.fields) {
        const bool credential = field.is_credential();
        if (!field.is_file() && !credential) continue;
        const auto begin = static_cast<std::size_t>(field.value.data() - body.data());
        out.append(body.substr(copied, begin - copied));
        if (credential) {
            out.append(kMask);
        } else {
            append_file_digest(out, field.value);
        }
        copied = begin + field.value.size();
    }
    if (copied == 0) return std::nullopt;
    out.append(body.substr(copied));
    return out;
}

}  // namespace steno::providers
