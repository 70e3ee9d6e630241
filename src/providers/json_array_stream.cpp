#include "providers/json_array_stream.hpp"

namespace steno::providers {

std::size_t JsonArrayStream::scan_element(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const char c = bytes[at];
        if (escaped_) {
            escaped_ = false;
        } else if (in_string_) {
            if (c == '\\') escaped_ = true;
            if (c == '"') in_string_ = false;
        } else if (c == '"') {
            in_string_ = true;
        } else if (c == '{' || c == '[') {
            ++depth_;
        } else if (c == '}' || c == ']') {
            if (--depth_ == 0) return at + 1;
        }
    }
    return std::string_view::npos;
}

void JsonArrayStream::feed(std::string_view bytes, const Sink& sink) {
    while (!bytes.empty() && state_ != State::After && state_ != State::Malformed) {
        if (state_ == State::Element) {
            const std::size_t end = scan_element(bytes);
            const std::string_view piece = bytes.substr(0, end);
            if (element_.size() + piece.size() > max_element_) {
                too_big_ = true;
                element_.clear();
            }
            if (!too_big_) element_.append(piece);
            if (end == std::string_view::npos) return;
            bytes.remove_prefix(end);
            if (too_big_) {
                ++oversized_;
            } else {
                sink(element_);
            }
            element_.clear();
            too_big_ = false;
            state_ = State::Between;
            continue;
        }
        const char c = bytes.front();
        if (c == '{' && state_ == State::Between) {
            state_ = State::Element;
            continue;
        }
        bytes.remove_prefix(1);
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
        if (c == '[' && state_ == State::Before) {
            state_ = State::Between;
        } else if (c == ']' && state_ == State::Between) {
            state_ = State::After;
        } else if (c != ',' || state_ != State::Between) {
            state_ = State::Malformed;
        }
    }
}

}  // namespace steno::providers
