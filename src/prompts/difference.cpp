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
constexpr std::size_t kMaxWordsOf = 200'000;  ///< bytes that are compared by words
constexpr std::size_t kContext = 3;

struct Step {
    Change change;
    std::size_t from;  ///< index in the former; of what was added, where it would stand
    std::size_t to;
};

using Ids = std::span<const std::uint32_t>;

/// The steps between the beginnings and ends that are the same, last first. False: more than kMaxEdits.
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
            std::ptrdiff_t x =
                down ? at(furthest, most + 1, k + 1) : at(furthest, most + 1, k - 1) + std::ptrdiff_t{1};
            while (x < n && x - k < m && a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(x - k)])
                ++x;
            at(furthest, most + 1, k) = static_cast<std::int32_t>(x);
            if (x >= n && x - k >= m) {
                edits = d;
                break;
            }
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

/// With their ends.
std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return lines;
}

bool is_of_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// Words, and each character between them by itself: an end of a line is one.
std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        std::size_t size = 0;
        while (size < text.size() && is_of_word(text[size])) ++size;
        size = std::max<std::size_t>(size, 1);
        words.push_back(text.substr(0, size));
        text.remove_prefix(size);
    }
    return words;
}

/// Puts words together to lines.
class LineMaker {
  public:
    LineMaker(Change change, std::vector<DiffLine>& out) : change_(change), out_(out) {}

    void add(std::string_view word, bool changed) {
        open();
        if (word == "\n") {
            open_ = false;
            return;
        }
        auto& pieces = out_.back().pieces;
        if (pieces.empty() || pieces.back().changed != changed) pieces.push_back({{}, changed});
        pieces.back().text += word;
    }

  private:
    void open() {
        if (!open_) out_.push_back({change_, {}});
        open_ = true;
    }
    Change change_;
    std::vector<DiffLine>& out_;
    bool open_ = false;
};

std::string_view without_end(std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    return line;
}

/// Lines that went and lines that came in their place, with the words marked that are only in one of them.
void add_replaced(std::string_view gone, std::string_view come, std::vector<DiffLine>& out) {
    std::vector<DiffLine> added;
    LineMaker removed_lines(Change::Removed, out);
    LineMaker added_lines(Change::Added, added);
    if (gone.empty() || come.empty() || gone.size() + come.size() > kMaxWordsOf) {
        for (const std::string_view line : lines_of(gone))
            out.push_back({Change::Removed, {{std::string(without_end(line)), true}}});
        for (const std::string_view line : lines_of(come))
            out.push_back({Change::Added, {{std::string(without_end(line)), true}}});
        return;
    }
    const auto before = words_of(gone);
    const auto now = words_of(come);
    Numbers numbers;
    const auto a = numbers.of(before);
    const auto b = numbers.of(now);
    for (const Step& step : align(a, b)) {
        if (step.change != Change::Added) removed_lines.add(before[step.from], step.change != Change::Same);
        if (step.change != Change::Removed) added_lines.add(now[step.to], step.change != Change::Same);
    }
    out.insert(out.end(), std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
}

std::string_view joined(const std::vector<std::string_view>& lines, std::size_t begin, std::size_t end) {
    if (begin == end) return {};
    const char* const last = lines[end - 1].data() + lines[end - 1].size();
    return {lines[begin].data(), static_cast<std::size_t>(last - lines[begin].data())};
}

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::optional<std::string> text_or_nothing(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(quoted(text));
}

template <class T>
std::optional<std::string> number_or_nothing(const std::optional<T>& number) {
    return number ? std::optional(fmt::format("{}", *number)) : std::nullopt;
}

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

std::vector<Hunk> compare_texts(std::string_view from, std::string_view to) {
    if (from == to) return {};
    const auto before = lines_of(from);
    const auto now = lines_of(to);
    Numbers numbers;
    const auto a = numbers.of(before);
    const auto b = numbers.of(now);
    const std::vector<Step> steps = align(a, b);
    std::vector<Hunk> hunks;
    const auto same = [&](std::size_t i) { return steps[i].change == Change::Same; };
    for (std::size_t i = 0; i < steps.size();) {
        if (same(i)) {
            ++i;
            continue;
        }
        std::size_t begin = i;
        while (begin > 0 && i - begin < kContext && same(begin - 1)) --begin;
        Hunk hunk{steps[begin].from + 1, steps[begin].to + 1, {}};
        std::size_t quiet = 0;
        for (i = begin; i < steps.size();) {
            if (same(i)) {
                // Enough of the same for two changes to be apart.
                if (i > begin + kContext && ++quiet > 2 * kContext) break;
                hunk.lines.push_back(
                    {Change::Same, {{std::string(without_end(before[steps[i].from])), false}}});
                ++i;
                continue;
            }
            quiet = 0;
            const Step first = steps[i];
            while (i < steps.size() && !same(i)) ++i;
            const std::size_t from_end = i < steps.size() ? steps[i].from : before.size();
            const std::size_t to_end = i < steps.size() ? steps[i].to : now.size();
            add_replaced(joined(before, first.from, from_end), joined(now, first.to, to_end), hunk.lines);
        }
        std::size_t behind = 0;
        while (behind < hunk.lines.size() &&
               hunk.lines[hunk.lines.size() - 1 - behind].change == Change::Same)
            ++behind;
        if (behind > kContext) hunk.lines.resize(hunk.lines.size() - (behind - kContext));
        hunks.push_back(std::move(hunk));
    }
    return hunks;
}

Difference compare(const Content& from, const Content& to) {
    Difference difference;
    const auto field = [&](std::string name, std::optional<std::string> before,
                           std::optional<std::string> now) {
        if (before != now) difference.fields.push_back({std::move(name), std::move(before), std::move(now)});
    };
    const auto text = [&](std::string name, std::string_view before, std::string_view now) {
        if (before != now) difference.texts.push_back({std::move(name), compare_texts(before, now)});
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
