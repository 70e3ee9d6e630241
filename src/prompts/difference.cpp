#include "prompts/difference.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <unordered_map>
#include <utility>

namespace steno::prompts {

namespace {

constexpr std::size_t kMaxEdits = 1000;
constexpr std::size_t kMaxWork = 50'000'000;    ///< comparisons of one comparison of texts
constexpr std::size_t kMaxAligned = 1'000'000;  ///< lines of both texts that are compared one by one
constexpr std::size_t kMaxWordsOf = 200'000;    ///< bytes that are compared by words
constexpr std::size_t kContext = 3;

struct Step {
    Change change;
    std::size_t from;  ///< index in the former; of what was added, where it would stand
    std::size_t to;
};

using Ids = std::span<const std::uint32_t>;

/// What is left of the bounds of one comparison, however many texts it has.
struct Allowance {
    std::size_t work = kMaxWork;
    std::size_t lines = kMaxLinesShown;
};

/// Puts two sequences beside each other, as long as there is work left.
class Aligner {
  public:
    explicit Aligner(Allowance& allowance) : allowance_(allowance) {}

    std::vector<Step> align(Ids a, Ids b) {
        std::vector<Step> steps;
        std::size_t head = 0;
        while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
        std::size_t tail = 0;
        while (head + tail < a.size() && head + tail < b.size() &&
               a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
            ++tail;
        for (std::size_t i = 0; i < head; ++i) steps.push_back({Change::Same, i, i});
        const Ids left = a.subspan(head, a.size() - head - tail);
        const Ids right = b.subspan(head, b.size() - head - tail);
        std::vector<Step> backwards;
        if (shortest(left, right, backwards)) {
            for (auto step = backwards.rbegin(); step != backwards.rend(); ++step)
                steps.push_back({step->change, head + step->from, head + step->to});
        } else {
            for (std::size_t i = 0; i < left.size(); ++i) steps.push_back({Change::Removed, head + i, head});
            for (std::size_t i = 0; i < right.size(); ++i)
                steps.push_back({Change::Added, head + left.size(), head + i});
        }
        for (std::size_t i = tail; i > 0; --i) steps.push_back({Change::Same, a.size() - i, b.size() - i});
        return steps;
    }

  private:
    /// The steps between the beginnings and ends that are the same, last first. False: more than kMaxEdits,
    /// or the work is used up.
    bool shortest(Ids a, Ids b, std::vector<Step>& backwards) {
        const auto n = static_cast<std::ptrdiff_t>(a.size());
        const auto m = static_cast<std::ptrdiff_t>(b.size());
        const auto most = std::min<std::ptrdiff_t>(n + m, kMaxEdits);
        // furthest[k + most]: how far in `a` the best path of d edits on diagonal k reaches. Kept for each d.
        std::vector<std::vector<std::int32_t>> kept;
        std::vector<std::int32_t> furthest(static_cast<std::size_t>(2 * most + 3), 0);
        const auto at = [&](std::vector<std::int32_t>& values, std::ptrdiff_t offset,
                            std::ptrdiff_t k) -> std::int32_t& {
            return values[static_cast<std::size_t>(k + offset)];
        };
        std::ptrdiff_t edits = -1;
        for (std::ptrdiff_t d = 0; d <= most && edits < 0; ++d) {
            // Of these only the diagonals -d - 1 … d + 1 are looked at later.
            kept.emplace_back(furthest.begin() + (most + 1 - d - 1), furthest.begin() + (most + 1 + d + 2));
            for (std::ptrdiff_t k = -d; k <= d; k += 2) {
                const bool down =
                    k == -d || (k != d && at(furthest, most + 1, k - 1) < at(furthest, most + 1, k + 1));
                const std::ptrdiff_t begin =
                    down ? at(furthest, most + 1, k + 1) : at(furthest, most + 1, k - 1) + std::ptrdiff_t{1};
                std::ptrdiff_t x = begin;
                while (x < n && x - k < m &&
                       a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(x - k)])
                    ++x;
                at(furthest, most + 1, k) = static_cast<std::int32_t>(x);
                if (x >= n && x - k >= m) {
                    edits = d;
                    break;
                }
                const auto work = static_cast<std::size_t>(x - begin + 1);
                if (work > allowance_.work) return false;
                allowance_.work -= work;
            }
        }
        if (edits < 0) return false;
        std::ptrdiff_t x = n;
        std::ptrdiff_t y = m;
        const auto step = [&](Change change) {
            backwards.push_back({change, static_cast<std::size_t>(x), static_cast<std::size_t>(y)});
        };
        for (std::ptrdiff_t d = edits; d >= 0; --d) {
            auto& values = kept[static_cast<std::size_t>(d)];
            const std::ptrdiff_t k = x - y;
            const bool down = k == -d || (k != d && at(values, d + 1, k - 1) < at(values, d + 1, k + 1));
            const std::ptrdiff_t before_k = down ? k + 1 : k - 1;
            const std::ptrdiff_t before_x = d == 0 ? 0 : at(values, d + 1, before_k);
            const std::ptrdiff_t before_y = d == 0 ? 0 : before_x - before_k;
            while (x > before_x && y > before_y) {
                --x;
                --y;
                step(Change::Same);
            }
            if (d == 0) break;
            if (down) {
                --y;
                step(Change::Added);
            } else {
                --x;
                step(Change::Removed);
            }
        }
        return true;
    }

    Allowance& allowance_;
};

/// The same number for the same text.
class Numbers {
  public:
    std::vector<std::uint32_t> of(const std::vector<std::string_view>& texts) {
        std::vector<std::uint32_t> ids;
        ids.reserve(texts.size());
        for (const std::string_view text : texts)
            ids.push_back(known_.try_emplace(text, static_cast<std::uint32_t>(known_.size())).first->second);
        return ids;
    }

  private:
    std::unordered_map<std::string_view, std::uint32_t> known_;
};

/// Takes the first line off, with its end.
std::string_view next_line(std::string_view& text) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    text.remove_prefix(line.size());
    return line;
}

/// With its end.
std::string_view last_line(std::string_view text) {
    return text.substr(text.substr(0, text.size() - 1).rfind('\n') + 1);
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) lines.push_back(next_line(text));
    return lines;
}

std::size_t count_lines(std::string_view text) {
    const auto ends = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    return ends + (text.empty() || text.ends_with('\n') ? 0 : 1);
}

/// How many bytes at the beginning are a word. Where words are not divided by spaces (Chinese, Japanese),
/// each character is one.
std::size_t word_size(std::string_view text) {
    std::size_t size = 0;
    while (size < text.size()) {
        const auto c = static_cast<unsigned char>(text[size]);
        const bool undivided = c >= 0xe3 && c <= 0xe9;  // U+3000 … U+9FFF
        if (undivided) return size > 0 ? size : std::max<std::size_t>(utf8_sequence_length(text), 1);
        const bool is_of_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                c == '_' || c >= 0x80;
        if (!is_of_word) break;
        ++size;
    }
    return std::max<std::size_t>(size, 1);
}

/// Words, and each character between them by itself: an end of a line is one.
std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        words.push_back(text.substr(0, word_size(text)));
        text.remove_prefix(words.back().size());
    }
    return words;
}

std::string_view without_end(std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    return line;
}

/// The hunks of a comparison, as many lines as are shown.
class HunkMaker {
  public:
    explicit HunkMaker(Allowance& allowance) : allowance_(allowance) {}

    void begin(std::size_t from_line, std::size_t to_line) {
        if (full() && !hunks_.empty()) return;  // what follows is counted in the last one
        hunks_.push_back({from_line, to_line, {}});
    }
    void add_same(std::string_view line) {
        if (!full()) add({Change::Same, {{std::string(without_end(line)), false}}});
    }
    void add_whole(Change change, std::string_view lines) {
        while (!lines.empty() && !full()) add({change, {{std::string(without_end(next_line(lines))), true}}});
        leave_out(change, count_lines(lines));
    }
    void add_marked(std::vector<DiffLine>&& lines) {
        for (DiffLine& line : lines) {
            if (full())
                leave_out(line.change, 1);
            else
                add(std::move(line));
        }
    }
    /// Of what is the same at the hunk's end only the first lines are shown.
    void end() {
        auto& lines = hunks_.back().lines;
        std::size_t behind = 0;
        while (behind < lines.size() && lines[lines.size() - 1 - behind].change == Change::Same) ++behind;
        if (behind > kContext) lines.resize(lines.size() - (behind - kContext));
    }
    std::vector<Hunk> take() { return std::move(hunks_); }

  private:
    [[nodiscard]] bool full() const { return allowance_.lines == 0; }
    void add(DiffLine line) {
        hunks_.back().lines.push_back(std::move(line));
        --allowance_.lines;
    }
    void leave_out(Change change, std::size_t lines) {
        (change == Change::Removed ? hunks_.back().more_removed : hunks_.back().more_added) += lines;
    }

    std::vector<Hunk> hunks_;
    Allowance& allowance_;
};

/// Puts words together to lines.
class LineMaker {
  public:
    explicit LineMaker(Change change) : change_(change) {}

    void add(std::string_view word, bool changed) {
        if (!open_) lines_.push_back({change_, {}});
        open_ = word != "\n";
        if (!open_) return;
        auto& pieces = lines_.back().pieces;
        if (pieces.empty() || pieces.back().changed != changed) pieces.push_back({{}, changed});
        pieces.back().text += word;
    }
    std::vector<DiffLine> take() { return std::move(lines_); }

  private:
    Change change_;
    std::vector<DiffLine> lines_;
    bool open_ = false;
};

/// Lines that went and lines that came in their place, with the words marked that are only in one of them.
void add_replaced(std::string_view gone, std::string_view come, Aligner& aligner, HunkMaker& hunks) {
    if (gone.empty() || come.empty() || gone.size() + come.size() > kMaxWordsOf) {
        hunks.add_whole(Change::Removed, gone);
        hunks.add_whole(Change::Added, come);
        return;
    }
    const auto before = words_of(gone);
    const auto now = words_of(come);
    Numbers numbers;
    const auto a = numbers.of(before);
    const auto b = numbers.of(now);
    LineMaker removed(Change::Removed);
    LineMaker added(Change::Added);
    for (const Step& step : aligner.align(a, b)) {
        if (step.change != Change::Added) removed.add(before[step.from], step.change != Change::Same);
        if (step.change != Change::Removed) added.add(now[step.to], step.change != Change::Same);
    }
    hunks.add_marked(removed.take());
    hunks.add_marked(added.take());
}

std::string_view joined(const std::vector<std::string_view>& lines, std::size_t begin, std::size_t end) {
    if (begin == end) return {};
    const char* const last = lines[end - 1].data() + lines[end - 1].size();
    return {lines[begin].data(), static_cast<std::size_t>(last - lines[begin].data())};
}

/// What two texts have in common at their beginning and at their end, in whole lines but for up to kContext
/// of them each, which stay to be shown.
struct Common {
    std::size_t head = 0;  ///< bytes
    std::size_t tail = 0;  ///< bytes
};

Common common_lines(std::string_view from, std::string_view to) {
    const auto [a, b] = std::ranges::mismatch(from, to);
    (void)b;
    Common common;
    common.head = static_cast<std::size_t>(a - from.begin());
    // Back to the line's begin, and over those that are shown.
    for (std::size_t lines = 0; lines <= kContext && common.head > 0; ++lines)
        common.head = from.substr(0, common.head - (lines == 0 ? 0 : 1)).rfind('\n') + 1;
    std::string_view left = from.substr(common.head);
    std::string_view right = to.substr(common.head);
    std::size_t same = 0;
    while (same < left.size() && same < right.size() &&
           left[left.size() - 1 - same] == right[right.size() - 1 - same])
        ++same;
    // On to the next line's begin, and over those that are shown; a line counts from the one's end before it.
    std::string_view tail = left.substr(left.size() - same);
    for (std::size_t lines = 0; lines <= kContext && !tail.empty(); ++lines) next_line(tail);
    common.tail = tail.size();
    return common;
}

/// Of texts with more lines than are compared one by one.
std::vector<Hunk> replaced(std::string_view from, std::string_view to, std::size_t lines_before,
                           Allowance& allowance) {
    HunkMaker hunks(allowance);
    hunks.begin(lines_before + 1, lines_before + 1);
    const auto same_line = [&] {
        std::string_view a = from;
        std::string_view b = to;
        return !a.empty() && !b.empty() && next_line(a) == next_line(b);
    };
    while (same_line()) {
        hunks.add_same(next_line(from));
        next_line(to);
    }
    std::vector<std::string_view> behind;
    while (!from.empty() && !to.empty() && last_line(from) == last_line(to)) {
        behind.push_back(last_line(from));
        from.remove_suffix(behind.back().size());
        to.remove_suffix(behind.back().size());
    }
    hunks.add_whole(Change::Removed, from);
    hunks.add_whole(Change::Added, to);
    for (auto line = behind.rbegin(); line != behind.rend(); ++line) hunks.add_same(*line);
    hunks.end();
    return hunks.take();
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::optional<std::string> text_or_nothing(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(json_string(text));
}

template <class T>
std::optional<std::string> number_or_nothing(const std::optional<T>& number) {
    return number ? std::optional(fmt::format("{}", *number)) : std::nullopt;
}

// Settings that were taken can be shown, whatever they say.
static_assert(Value::kMaxValues > kMaxSettings / 2);

/// What was checked when it was created.
Value tree_of(const std::string& json) {
    auto value = Value::parse(json.empty() ? "null" : json);
    return value ? std::move(*value) : Value{};
}

void compare_parameters(const std::string& from, const std::string& to, std::vector<FieldChange>& changes) {
    const Value a = tree_of(from);
    const Value b = tree_of(to);
    const auto note = [&](const std::string& name, const Value* before, const Value* now) {
        const auto json = [](const Value* value) {
            return value == nullptr ? std::nullopt : std::optional(value->to_json());
        };
        if (json(before) != json(now)) changes.push_back({"parameters." + name, json(before), json(now)});
    };
    for (const Member& member : a.members) note(member.name, &member.value, b.member(member.name));
    for (const Member& member : b.members)
        if (a.member(member.name) == nullptr) note(member.name, nullptr, &member.value);
}

void compare_variables(const Content& from, const Content& to, std::vector<VariableChange>& changes) {
    for (const Variable& variable : from.variables) {
        const auto now = std::ranges::find(to.variables, variable.name, &Variable::name);
        if (now == to.variables.end())
            changes.push_back({variable.name, variable, {}});
        else if (*now != variable)
            changes.push_back({variable.name, variable, *now});
    }
    for (const Variable& variable : to.variables)
        if (std::ranges::find(from.variables, variable.name, &Variable::name) == from.variables.end())
            changes.push_back({variable.name, {}, variable});
}

}  // namespace

std::string_view to_string(Change change) noexcept {
    return change == Change::Same ? "same" : change == Change::Removed ? "removed" : "added";
}

namespace {

std::vector<Hunk> compare_texts(std::string_view from, std::string_view to, Allowance& allowance) {
    if (from == to) return {};
    const Common common = common_lines(from, to);
    const std::size_t lines_before = count_lines(from.substr(0, common.head));
    from = from.substr(common.head, from.size() - common.head - common.tail);
    to = to.substr(common.head, to.size() - common.head - common.tail);
    if (count_lines(from) + count_lines(to) > kMaxAligned) return replaced(from, to, lines_before, allowance);
    const auto before = lines_of(from);
    const auto now = lines_of(to);
    Numbers numbers;
    const auto a = numbers.of(before);
    const auto b = numbers.of(now);
    Aligner aligner(allowance);
    const std::vector<Step> steps = aligner.align(a, b);
    HunkMaker hunks(allowance);
    const auto same = [&](std::size_t i) { return steps[i].change == Change::Same; };
    for (std::size_t i = 0; i < steps.size();) {
        if (same(i)) {
            ++i;
            continue;
        }
        std::size_t begin = i;
        while (begin > 0 && i - begin < kContext && same(begin - 1)) --begin;
        hunks.begin(lines_before + steps[begin].from + 1, lines_before + steps[begin].to + 1);
        std::size_t quiet = 0;
        for (i = begin; i < steps.size();) {
            if (same(i)) {
                // Enough of the same for two changes to be apart.
                if (i > begin + kContext && ++quiet > 2 * kContext) break;
                hunks.add_same(before[steps[i].from]);
                ++i;
                continue;
            }
            quiet = 0;
            const Step first = steps[i];
            while (i < steps.size() && !same(i)) ++i;
            const std::size_t from_end = i < steps.size() ? steps[i].from : before.size();
            const std::size_t to_end = i < steps.size() ? steps[i].to : now.size();
            add_replaced(joined(before, first.from, from_end), joined(now, first.to, to_end), aligner, hunks);
        }
        hunks.end();
    }
    return hunks.take();
}

}  // namespace

std::vector<Hunk> compare_texts(std::string_view from, std::string_view to) {
    Allowance allowance;
    return compare_texts(from, to, allowance);
}

Difference compare(const Content& from, const Content& to) {
    Difference difference;
    Allowance allowance;
    const auto field = [&](std::string name, std::optional<std::string> before,
                           std::optional<std::string> now) {
        if (before != now) difference.fields.push_back({std::move(name), std::move(before), std::move(now)});
    };
    const auto text = [&](std::string name, std::string_view before, std::string_view now) {
        if (before != now)
            difference.texts.push_back({std::move(name), compare_texts(before, now, allowance)});
    };
    const auto json = [&](std::string name, const std::string& before, const std::string& now) {
        const auto lines = [](const std::string& one) {
            return one.empty() ? std::string() : tree_of(one).to_lines();
        };
        text(std::move(name), lines(before), lines(now));
    };
    text("goal", from.goal, to.goal);
    field("model", text_or_nothing(from.model), text_or_nothing(to.model));
    field("temperature", number_or_nothing(from.temperature), number_or_nothing(to.temperature));
    field("top_p", number_or_nothing(from.top_p), number_or_nothing(to.top_p));
    field("top_k", number_or_nothing(from.top_k), number_or_nothing(to.top_k));
    field("token_limit", number_or_nothing(from.token_limit), number_or_nothing(to.token_limit));
    compare_parameters(from.parameters, to.parameters, difference.fields);
    json("tools", from.tools, to.tools);
    json("response_schema", from.response_schema, to.response_schema);
    text("text", from.text, to.text);
    for (std::size_t i = 0; i < std::max(from.messages.size(), to.messages.size()); ++i) {
        const Message before = i < from.messages.size() ? from.messages[i] : Message{};
        const Message now = i < to.messages.size() ? to.messages[i] : Message{};
        field(fmt::format("messages[{}].role", i), text_or_nothing(before.role), text_or_nothing(now.role));
        text(fmt::format("messages[{}]", i), before.content, now.content);
    }
    compare_variables(from, to, difference.variables);
    return difference;
}

}  // namespace steno::prompts
