#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace steno::client {

/// Undoes HTTP/1.1's chunked transfer coding. RFC 9112, section 7.1.
class Chunks {
  public:
    /// Appends what is content. What is no such coding, and what follows its end, is left out.
    void feed(std::string_view framed, std::string& content) {
        while (!framed.empty() && step_ != Step::Over) {
            if (step_ == Step::Data) {
                const std::string_view data = framed.substr(0, left_);
                content += data;
                left_ -= data.size();
                framed.remove_prefix(data.size());
                if (left_ == 0) step_ = Step::Behind;
                continue;
            }
            const char c = framed.front();
            framed.remove_prefix(1);
            switch (step_) {
                case Step::Size:
                    size(c);
                    break;
                case Step::Extension:
                    if (c == '\n') begin();
                    break;
                case Step::Behind:
                    if (c == '\n') step_ = Step::Size, digits_ = 0, left_ = 0;
                    break;
                case Step::Data:
                case Step::Over:
                    break;
            }
        }
    }

  private:
    enum class Step : std::uint8_t { Size, Extension, Data, Behind, Over };

    void size(char c) {
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit >= 0 && digits_ < kMostDigits) {
            left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
            ++digits_;
        } else if (digits_ == 0 || digit >= 0) {
            step_ = Step::Over;
        } else if (c == '\n') {
            begin();
        } else {
            step_ = Step::Extension;
        }
    }
    void begin() { step_ = left_ == 0 ? Step::Over : Step::Data; }

    static constexpr int kMostDigits = 15;
    Step step_ = Step::Size;
    int digits_ = 0;
    std::uint64_t left_ = 0;
};

}  // namespace steno::client
