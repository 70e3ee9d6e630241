#include "providers/sse.hpp"

#include "base/byte_search.hpp"

namespace steno::providers {

namespace {

/// Where the first line ends; npos if it does not.
std::size_t line_end(std::string_view bytes) {
    const char* const end = bytes.data() + bytes.size();
    const char* const at = first_where(bytes.data(), end, [](auto c) { return (c == '\n') | (c == '\r'); });
    return at == end ? std::string_view::npos : static_cast<std::size_t>(at - bytes.data());
}

}  // namespace

void SseParser::keep(std::string_view bytes) {
    if (line_.size() + bytes.size() > max_event_) {
        line_too_big_ = true;
        line_.clear();
    }
    if (!line_too_big_) line_.append(bytes);
}

void SseParser::feed(std::string_view bytes, const Sink& sink) {
    while (!bytes.empty()) {
        if (after_cr_) {
            after_cr_ = false;
            if (bytes.front() == '\n') {
                bytes.remove_prefix(1);
                continue;
            }
        }
        const std::size_t end = line_end(bytes);
        if (end == std::string_view::npos) return keep(bytes);
        after_cr_ = bytes[end] == '\r';
        if (line_.empty() && !line_too_big_ && end <= max_event_) {
            line(bytes.substr(0, end), sink);
        } else {
            keep(bytes.substr(0, end));
            end_of_kept_line(sink);
        }
        bytes.remove_prefix(end + 1);
    }
}

void SseParser::end_of_kept_line(const Sink& sink) {
    if (line_too_big_) {
        line_too_big_ = false;
        too_big_ = true;
    } else {
        line(line_, sink);
    }
    line_.clear();
}

void SseParser::finish(const Sink& sink) {
    if (!line_.empty() || line_too_big_) end_of_kept_line(sink);
    dispatch(sink);
}

void SseParser::dispatch(const Sink& sink) {
    if (too_big_) {
        ++oversized_;
    } else if (has_data_) {
        sink({name_, data_});
    }
    name_.clear();
    data_.clear();
    has_data_ = false;
    too_big_ = false;
}

void SseParser::line(std::string_view text, const Sink& sink) {
    if (first_line_) {
        first_line_ = false;
        if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    }
    if (text.empty()) return dispatch(sink);
    if (too_big_) return;
    const std::size_t colon = text.find(':');
    const std::string_view field = text.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
        if (data_.size() + value.size() >= max_event_) {
            too_big_ = true;
            return;
        }
        if (has_data_) data_.push_back('\n');
        data_.append(value);
        has_data_ = true;
    } else if (field == "event") {
        name_ = value;
    }
}

}  // namespace steno::providers
