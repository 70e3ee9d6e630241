#include "providers/line_stream.hpp"

namespace steno::providers {

void LineStream::end_line(std::string_view line, const Sink& sink) {
    if (too_big_) {
        ++oversized_;
        too_big_ = false;
        return;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") != std::string_view::npos) sink(line);
}

void LineStream::feed(std::string_view bytes, const Sink& sink) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view piece = bytes.substr(0, end);
        if (begun_.empty() && end != std::string_view::npos && !too_big_ && piece.size() <= max_line_) {
            end_line(piece, sink);  // whole within these bytes: no copy
        } else {
            if (begun_.size() + piece.size() > max_line_) {
                too_big_ = true;
                begun_.clear();
            }
            if (!too_big_) begun_.append(piece);
            if (end == std::string_view::npos) return;
            end_line(begun_, sink);
            begun_.clear();
        }
        bytes.remove_prefix(end + 1);
    }
}

void LineStream::finish(const Sink& sink) {
    end_line(begun_, sink);
    begun_.clear();
}

}  // namespace steno::providers
