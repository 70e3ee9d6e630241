#include "simulator/language.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace steno::simulator {

namespace {

using Words = std::array<std::string_view, 6>;

constexpr Words kOpenings{"Good question. ",
                          "Happy to help with that. ",
                          "Here is the short version. ",
                          "Let me walk you through it. ",
                          "Certainly. ",
                          "In brief: "};

constexpr std::array<std::string_view, 12> kSentences{
    "Start with what you already know about {0}, and change one thing at a time.",
    "With {0}, most people find that {1} will matter more than they expect.",
    "I would check {0} first, because a mistake there shows up everywhere else.",
    "If you are short of time, look at {1} today and leave {0} for later in the week.",
    "You can try {0} on a small example before you go further.",
    "There is one trade-off: more attention to {0} usually leaves less for {1}.",
    "A good rule is to write down what you expect of {0}, then compare it with what you get.",
    "I see no trouble with {1}, so I would concentrate on {0}.",
    "Once you have settled {0}, the rest follows almost by itself.",
    "It takes about ten minutes, and you can undo it if {1} should suffer.",
    "Keep an eye on {0} for a day or two; if nothing happens, you are done.",
    "The documentation on {1} has an example that comes close to yours."};

constexpr Words kClosings{" Would you like an example?",
                          " Tell me how it goes.",
                          " I can go into detail if that helps.",
                          "",
                          "",
                          " Is there anything else about {0} that I should look at?"};

constexpr std::array<std::string_view, 7> kListItems{
    "Write down what you know about {0}.", "Decide what you want from {1}.", "Try it on a small part.",
    "Compare the result with {1}.",        "Note what you changed.",         "Ask somebody else to read it.",
    "Come back to {0} after a week."};

constexpr std::array<std::string_view, 5> kThoughts{
    "The user asks about {0}. ", "I should consider {1} as well. ", "First I recall what is known of {0}. ",
    "A short answer is enough here. ", "Let me check that {0} and {1} do not contradict each other. "};

constexpr std::array<std::string_view, 40> kSmallWords{
    "about", "after", "again",   "also",  "answer", "because", "before", "brief", "could", "describe",
    "does",  "every", "explain", "from",  "give",   "have",    "hello",  "help",  "into",  "just",
    "know",  "like",  "make",    "more",  "need",   "please",  "should", "some",  "tell",  "thank",
    "that",  "their", "there",   "these", "they",   "this",    "what",   "when",  "which", "with"};

struct Topics {
    std::string first;
    std::string second;
};

Topics topics(std::string_view prompt) {
    const auto words = topics_of(prompt, 2);
    return {words.empty() ? "your question" : words[0], words.size() < 2 ? "the rest" : words[1]};
}

void append(std::string& out, std::string_view pattern, const Topics& about) {
    out += fmt::format(fmt::runtime(pattern), about.first, about.second);
}

}  // namespace

std::int64_t count_tokens(std::string_view text) {
    return static_cast<std::int64_t>((text.size() + 3) / 4);
}

std::vector<std::string> topics_of(std::string_view prompt, std::size_t most) {
    constexpr std::size_t kLookedAt = 4'000;
    prompt = prompt.substr(0, kLookedAt);
    std::vector<std::string> words;
    std::string word;
    const auto end_word = [&] {
        const std::string key = lower_case(word);
        if (word.size() >= 4 && word.size() <= 24 && !std::ranges::binary_search(kSmallWords, key) &&
            std::ranges::find(words, key) == words.end())
            words.push_back(key);
        word.clear();
    };
    for (const char c : prompt) {
        if (std::isalpha(static_cast<unsigned char>(c))) {
            word.push_back(c);
        } else {
            end_word();
        }
    }
    end_word();
    std::ranges::sort(words, [](const auto& a, const auto& b) {
        return std::pair(b.size(), std::string_view(a)) < std::pair(a.size(), std::string_view(b));
    });
    if (words.size() > most) words.resize(most);
    return words;
}

std::string compose_answer(Dice& dice, std::string_view prompt) {
    const Topics about = topics(prompt);
    const std::string asked = lower_case(prompt.substr(0, 2'000));
    std::string out;
    if (asked.contains("list") || asked.contains("steps")) {
        out = fmt::format("Here is how I would go about {}:\n", about.first);
        const auto first = dice.below(kListItems.size());
        const auto count = dice.between(3, 5);
        for (std::int64_t i = 0; i < count; ++i) {
            out += fmt::format("\n{}. ", i + 1);
            append(out, kListItems[(first + static_cast<std::uint64_t>(i)) % kListItems.size()], about);
        }
        return out;
    }
    if (asked.contains("code") || asked.contains("function") || asked.contains("script")) {
        std::string name = about.first;
        std::erase(name, ' ');
        out = fmt::format(
            "Here is a small example:\n\n```python\ndef {0}(items):\n    return sorted(items)[:{1}]\n```\n\n",
            name, dice.between(2, 9));
    } else {
        append(out, dice.pick(kOpenings), about);
    }
    const auto first = dice.below(kSentences.size());
    const auto count = static_cast<std::uint64_t>(dice.between(2, 4));
    for (std::uint64_t i = 0; i < count; ++i) {
        if (i > 0) out.push_back(' ');
        append(out, kSentences[(first + i * 5) % kSentences.size()], about);
    }
    append(out, dice.pick(kClosings), about);
    return out;
}

std::string compose_bytes(Dice& dice, std::string_view prompt, std::size_t bytes) {
    const Topics about = topics(prompt);
    std::string out;
    out.reserve(bytes + 200);
    while (out.size() < bytes) {
        if (!out.empty()) out.push_back(' ');
        append(out, dice.pick(kSentences), about);
    }
    out.resize(utf8_prefix(out, bytes).size());
    return out;
}

std::string compose_thought(Dice& dice, std::string_view prompt) {
    const Topics about = topics(prompt);
    std::string out;
    const auto first = dice.below(kThoughts.size());
    for (std::uint64_t i = 0; i < 3; ++i) append(out, kThoughts[(first + i) % kThoughts.size()], about);
    return std::string(trim(out));
}

std::vector<std::string> cut_into_pieces(Dice& dice, std::string_view text, std::size_t count) {
    std::vector<std::string> pieces;
    if (count > 0) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::string_view piece = utf8_prefix(text, (text.size() + (count - i) - 1) / (count - i));
            pieces.emplace_back(i + 1 == count ? text : piece);
            text.remove_prefix(piece.size());
        }
        return pieces;
    }
    while (!text.empty()) {
        std::size_t end = 0;
        for (auto words = dice.between(1, 3); words > 0 && end != std::string_view::npos; --words)
            end = text.find(' ', end + 1);
        pieces.emplace_back(text.substr(0, end));
        text.remove_prefix(pieces.back().size());
    }
    return pieces;
}

}  // namespace steno::simulator
