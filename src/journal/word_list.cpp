#include "journal/word_list.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace steno::journal {
namespace {

constexpr std::size_t kLeastWord = 3;
/// Longer runs are listed in pieces that overlap by half, so that a fragment of kMostFragment bytes stands
/// whole in one of them.
constexpr std::size_t kMostWord = 64;
constexpr std::size_t kMostFragment = kMostWord / 2;
constexpr std::size_t kMostBytes = 8U << 20;

/// The lower-case form of the bytes of words; 0 for all others.
constexpr std::array<char, 256> word_bytes() {
    std::array<char, 256> table{};
    for (int c = 0; c < 256; ++c) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80) table[c] = static_cast<char>(c);
        if (c >= 'A' && c <= 'Z') table[c] = static_cast<char>(c - 'A' + 'a');
    }
    return table;
}
constexpr std::array<char, 256> kWordByte = word_bytes();

char word_byte(char c) {
    return kWordByte[static_cast<unsigned char>(c)];
}

/// A set of words whose bytes stand one behind another: no allocation a word.
class WordSet {
  public:
    WordSet() : slots_(1U << 14) {}

    void add(std::string_view word) {
        std::uint64_t hash = 0xcbf29ce484222325ULL;
        for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
        hash ^= hash >> 29;
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
            Slot& slot = slots_[at];
            if (slot.size == 0) {
                slot = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(bytes_.size()),
                        static_cast<std::uint32_t>(word.size())};
                bytes_.append(word);
                if (++count_ * 2 > slots_.size()) grow();
                return;
            }
            if (slot.hash == static_cast<std::uint32_t>(hash >> 32) && view(slot) == word) return;
        }
    }
    [[nodiscard]] std::size_t bytes() const { return bytes_.size() + count_; }
    [[nodiscard]] std::string sorted() const {
        std::vector<std::string_view> words;
        words.reserve(count_);
        for (const Slot& slot : slots_) {
            if (slot.size != 0) words.push_back(view(slot));
        }
        std::ranges::sort(words);
        std::string list;
        list.reserve(bytes());
        for (const std::string_view word : words) {
            list.append(word);
            list.push_back('\n');
        }
        return list;
    }

  private:
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t offset = 0;
        std::uint32_t size = 0;  ///< 0: free
    };
    [[nodiscard]] std::string_view view(const Slot& slot) const {
        return std::string_view(bytes_).substr(slot.offset, slot.size);
    }
    void grow() {
        WordSet larger;
        larger.slots_.assign(slots_.size() * 4, Slot());
        larger.bytes_.reserve(bytes_.size() * 2);
        for (const Slot& slot : slots_) {
            if (slot.size != 0) larger.add(view(slot));
        }
        *this = std::move(larger);
    }

    std::vector<Slot> slots_;
    std::string bytes_;
    std::size_t count_ = 0;
};

/// Calls `each` with every run of word bytes, in lower case.
template <class Each>
void for_each_word(std::string_view bytes, Each each) {
    std::string word;
    const auto end_word = [&] {
        if (word.size() >= kLeastWord) each(std::string_view(word));
        word.clear();
    };
    for (const char c : bytes) {
        if (const char lower = word_byte(c); lower != 0) {
            word.push_back(lower);
        } else if (!word.empty()) {
            end_word();
        }
    }
    end_word();
}

}  // namespace

std::optional<std::string> list_words(std::string_view bytes) {
    // A list as long as half of its text saves nothing.
    const std::size_t most = std::min(kMostBytes, std::max<std::size_t>(bytes.size() / 2, 1U << 16));
    WordSet words;
    for_each_word(bytes, [&](std::string_view word) {
        for (; word.size() > kMostWord && words.bytes() <= most; word.remove_prefix(kMostFragment))
            words.add(word.substr(0, kMostWord));
        if (words.bytes() <= most) words.add(word.substr(0, kMostWord));
    });
    if (words.bytes() > most) return std::nullopt;
    return words.sorted();
}

std::vector<std::string> fragments_of(std::string_view text) {
    std::vector<std::string> fragments;
    for_each_word(text,
                  [&](std::string_view word) { fragments.emplace_back(word.substr(0, kMostFragment)); });
    return fragments;
}

bool may_contain(std::string_view words, std::span<const std::string> fragments) {
    return std::ranges::all_of(fragments, [&](const std::string& fragment) {
        return memmem(words.data(), words.size(), fragment.data(), fragment.size()) != nullptr;
    });
}

}  // namespace steno::journal
