#include "net/wire.hpp"

#include "base/text.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace steno::net::wire {
namespace {

constexpr std::array<bool, 256> make_token_table() {
    std::array<bool, 256> table{};
    for (int c = 0; c < 256; ++c) {
        table[static_cast<std::size_t>(c)] =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
    }
    table[0] = false;
    return table;
}

bool is_token(std::string_view text) {
    static constexpr std::array<bool, 256> kToken = make_token_table();
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return kToken[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view text) {
    return std::ranges::none_of(
        text, [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f; });
}

/// Ours to write, never copied from a head.
bool is_framing(std::string_view name) {
    switch (name.size()) {
        case 10:
            return equals_ignoring_case(name, "connection") || equals_ignoring_case(name, "keep-alive");
        case 14:
            return equals_ignoring_case(name, "content-length");
        case 17:
            return equals_ignoring_case(name, "transfer-encoding");
        default:
            return false;
    }
}

void append_number(std::string& out, std::uint64_t number, int base) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
    out.append(digits, end);
}

void append_fields(std::string& out, const Headers& headers) {
    for (const auto& [name, value] : headers) {
        if (is_framing(name)) continue;
        out.append(name).append(": ").append(value).append("\r\n");
    }
}

}  // namespace

std::string_view reason_phrase(int status) {
    const auto text = http::obsolete_reason(static_cast<http::status>(status));
    return {text.data(), text.size()};
}

bool is_safe(const Headers& headers) {
    return std::ranges::all_of(headers, [](const Headers::Field& field) {
        return is_token(field.first) && is_field_value(field.second);
    });
}

bool is_safe_request_line(const RequestHead& head) {
    return is_token(head.method) && !head.target.empty() && std::ranges::all_of(head.target, [](char c) {
               return static_cast<unsigned char>(c) > ' ' && c != 0x7f;
           });
}

void append_response(std::string& out, const ResponseHead& head, std::string_view framing_lines) {
    out.append("HTTP/1.1 ");
    append_number(out, static_cast<std::uint64_t>(head.status), 10);
    out.push_back(' ');
    const bool own_reason = !head.reason.empty() && is_field_value(head.reason);
    out.append(own_reason ? std::string_view(head.reason) : reason_phrase(head.status)).append("\r\n");
    append_fields(out, head.headers);
    out.append(framing_lines).append("\r\n");
}

void append_request(std::string& out, const RequestHead& head, std::string_view host, std::uint64_t body_size,
                    std::string_view connection_line) {
    out.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
    if (!head.headers.has("host")) out.append("Host: ").append(host).append("\r\n");
    append_fields(out, head.headers);
    const bool has_body =
        body_size > 0 || head.method == "POST" || head.method == "PUT" || head.method == "PATCH";
    if (has_body) {
        out.append("Content-Length: ");
        append_number(out, body_size, 10);
        out.append("\r\n");
    }
    out.append(connection_line).append("\r\n");
}

void append_chunk_size(std::string& out, std::size_t size) {
    append_number(out, size, 16);
    out.append("\r\n");
}

}  // namespace steno::net::wire
