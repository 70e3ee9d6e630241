#include "cli/flag_words.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace steno::cli {

namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || c == '_';
}

std::size_t letters_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, is_letter) - text.begin());
}

class Reader {
  public:
    Reader(std::string_view text, std::span<const FlagWord> words) : rest_(text), words_(words) {}

    std::string read() {
        list();
        while (!rest_.empty()) {
            if (rest_.starts_with("; ")) {
                take(2);
                list();
            } else if (rest_.front() == '"') {
                quoted();
            } else if (is_letter(rest_.front())) {
                const std::size_t length = letters_of(rest_);
                const FlagWord* const word = word_of(rest_.substr(0, length));
                if (word != nullptr && word->member.contains('_'))
                    put(*word, length);
                else
                    take(length);
            } else {
                take(1);
            }
        }
        return std::move(out_);
    }

  private:
    const FlagWord* word_of(std::string_view member) const {
        const auto found = std::ranges::find(words_, member, &FlagWord::member);
        return found == words_.end() ? nullptr : &*found;
    }

    /// "share: …", "share, weights and guards …": not a word alone, which may be meant as one.
    void list() {
        std::size_t length = 0, members = 0;
        for (std::string_view ahead = rest_;;) {
            const std::size_t letters = letters_of(ahead);
            if (word_of(ahead.substr(0, letters)) == nullptr) break;
            ++members;
            length = static_cast<std::size_t>(ahead.data() - rest_.data()) + letters;
            ahead.remove_prefix(letters);
            if (ahead.starts_with(", "))
                ahead.remove_prefix(2);
            else if (ahead.starts_with(" and "))
                ahead.remove_prefix(5);
            else
                break;
        }
        if (members < 2 && !rest_.substr(length).starts_with(": ")) return;
        for (const std::size_t after = rest_.size() - length; rest_.size() > after;) {
            const std::size_t letters = letters_of(rest_);
            if (const FlagWord* const word = word_of(rest_.substr(0, letters)))
                put(*word, letters);
            else
                take(std::max<std::size_t>(letters, 1));
        }
    }

    /// "\"prompt\": …", or what somebody has called something.
    void quoted() {
        const std::size_t end = rest_.find('"', 1);
        if (end == std::string_view::npos) return take(rest_.size());
        const FlagWord* const word = word_of(rest_.substr(1, end - 1));
        if (word == nullptr || !rest_.substr(end + 1).starts_with(": ")) return take(end + 1);
        put(*word, end + 2);
    }

    void put(const FlagWord& word, std::size_t length) {
        out_ += word.flag;
        rest_.remove_prefix(length);
    }
    void take(std::size_t length) {
        out_ += rest_.substr(0, length);
        rest_.remove_prefix(length);
    }

    std::string_view rest_;
    std::span<const FlagWord> words_;
    std::string out_;
};

}  // namespace

Error in_flags(Error error, std::span<const FlagWord> words) {
    error.message = Reader(error.message, words).read();
    error.remedy = Reader(error.remedy, words).read();
    return error;
}

}  // namespace steno::cli
