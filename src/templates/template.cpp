#include "templates/template.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace steno::prompts {

namespace {

constexpr std::size_t kMaxMark = 20;
constexpr std::string_view kSpace = " \t\r\n";

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// "line 3, column 7"
std::string position(std::string_view text, std::size_t at) {
    const std::string_view before = text.substr(0, at);
    const auto line = 1 + std::ranges::count(before, '\n');
    const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
    return fmt::format("line {}, column {}", line, 1 + utf8_length(before.substr(line_begin)));
}

bool is_word(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               c == '-' || static_cast<unsigned char>(c) >= 0x80;
    });
}

bool is_path(std::string_view name) {
    for (;;) {
        const std::size_t dot = name.find('.');
        if (!is_word(name.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        name.remove_prefix(dot + 1);
    }
}

}  // namespace

Reference reference_of(std::string_view include) noexcept {
    const std::size_t at = include.rfind('@');
    if (at == std::string_view::npos) return {include, {}};
    return {trimmed(include.substr(0, at)), trimmed(include.substr(at + 1))};
}

class TemplateParser {
  public:
    explicit TemplateParser(Template& into) : into_(into), text_(into.text_) {}

    Result<void> parse() {
        if (!is_valid_utf8(text_)) {
            std::size_t at = 0;
            while (const std::size_t length = utf8_sequence_length(text_.substr(at))) at += length;
            return wrong(at, "no UTF-8", "save it as UTF-8");
        }
        for (;;) {
            const std::size_t tag = text_.find(open_mark_, done_);
            if (tag == std::string_view::npos) break;
            STENO_TRY(read_tag(tag));
        }
        add_text(done_, text_.size());
        if (!open_.empty())
            return wrong(open_.back().tag, fmt::format("{} is not closed", written(open_.back().node)),
                         fmt::format("write {}/{}{} where it ends", open_mark_,
                                     into_.text_of(into_.nodes_[open_.back().node]), close_mark_));
        return {};
    }

  private:
    using Kind = Template::Kind;

    struct OpenSection {
        std::size_t node;  ///< its index
        std::size_t tag;   ///< where it begins
    };

    [[nodiscard]] std::unexpected<Error> wrong(std::size_t at, std::string_view what,
                                               std::string remedy) const {
        return fail(Code::InvalidArgument, fmt::format("{}: {}", position(text_, at), what),
                    std::move(remedy));
    }

    /// "{{#name}}"
    [[nodiscard]] std::string written(std::size_t node) const {
        const Template::Node& section = into_.nodes_[node];
        return fmt::format("{{{{{}{}}}}}", section.kind == Kind::Section ? '#' : '^', into_.text_of(section));
    }

    void add(Kind kind, std::string_view name, std::size_t end = 0, std::size_t indent = 0) {
        into_.nodes_.push_back({kind, static_cast<std::uint32_t>(name.data() - text_.data()),
                                static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(end),
                                static_cast<std::uint32_t>(indent)});
    }

    void add_text(std::size_t begin, std::size_t end) {
        if (begin < end) add(Kind::Text, text_.substr(begin, end - begin));
    }

    Result<void> read_tag(std::size_t tag) {
        if (++tags_ > Template::kMaxTags)
            return wrong(tag, fmt::format("more than {} tags", Template::kMaxTags),
                         "a list and a section say the same with fewer");
        const std::size_t begin = tag + open_mark_.size();
        const char sigil = begin < text_.size() ? text_[begin] : ' ';
        // {{{name}}} and {{=<% %>=}} close as they open.
        const std::string close = sigil == '{'   ? "}" + close_mark_
                                  : sigil == '=' ? "=" + close_mark_
                                                 : close_mark_;
        const bool has_sigil = std::string_view("#^/!>&={").find(sigil) != std::string_view::npos;
        const std::size_t inside = begin + (has_sigil ? 1 : 0);
        const std::size_t end = text_.find(close, std::min(inside, text_.size()));
        if (end == std::string_view::npos)
            return wrong(tag, fmt::format("a tag begins and does not end: {} is missing", close),
                         fmt::format("where {} is meant as it stands, begin with {{{{=<% %>=}}}}: then tags "
                                     "are <% name %>",
                                     open_mark_));
        const std::string_view content = trimmed(text_.substr(inside, end - inside));
        Line line{tag, end + close.size()};
        if (has_sigil && sigil != '&' && sigil != '{') line = line_of(line);
        add_text(done_, line.begin);
        done_ = line.end;
        switch (sigil) {
            case '!':
                return {};
            case '=':
                return take_marks(tag, content);
            case '>':
                return include(tag, content, line);
            case '/':
                return close_section(tag, content);
            default:
                return name(tag, sigil, content);
        }
    }

    struct Line {
        std::size_t begin;
        std::size_t end;
    };
    /// The line of a tag that stands alone on it, with its end; else the tag.
    [[nodiscard]] Line line_of(Line tag) const {
        std::size_t begin = tag.begin;
        while (begin > done_ && (text_[begin - 1] == ' ' || text_[begin - 1] == '\t')) --begin;
        if (begin > 0 && text_[begin - 1] != '\n') return tag;
        std::size_t end = tag.end;
        while (end < text_.size() && (text_[end] == ' ' || text_[end] == '\t')) ++end;
        if (end == text_.size()) return {begin, end};
        if (text_.substr(end).starts_with("\r\n")) return {begin, end + 2};
        return text_[end] == '\n' ? Line{begin, end + 1} : tag;
    }

    Result<void> take_marks(std::size_t tag, std::string_view content) {
        const std::size_t gap = content.find_first_of(kSpace);
        const std::string_view open = content.substr(0, gap);
        const std::string_view close =
            gap == std::string_view::npos ? std::string_view() : trimmed(content.substr(gap));
        const bool good = !open.empty() && !close.empty() && open.size() <= kMaxMark &&
                          close.size() <= kMaxMark && content.find('=') == std::string_view::npos &&
                          close.find_first_of(kSpace) == std::string_view::npos;
        if (!good)
            return wrong(
                tag, "these are no two marks",
                fmt::format("two words of at most {} bytes without =, such as {{{{=<% %>=}}}}", kMaxMark));
        open_mark_ = open;
        close_mark_ = close;
        return {};
    }

    Result<void> include(std::size_t tag, std::string_view content, const Line& line) {
        if (reference_of(content).name.empty() || content.ends_with('@') ||
            content.size() > Template::kMaxInclude)
            return wrong(tag, "an include names a prompt",
                         "{{> name}}, {{> name@production}} for a label, {{> name@1.2}} for a version");
        add(Kind::Include, content, line.begin, tag - line.begin);
        return {};
    }

    Result<void> check_name(std::size_t tag, std::string_view name) const {
        if (name == "." || (name.size() <= Template::kMaxName && is_path(name))) return {};
        if (name.empty()) return wrong(tag, "a tag without a name", "write {{name}}");
        return wrong(
            tag, fmt::format("\"{}\" is no name", utf8_prefix(name, 60)),
            fmt::format("names are of letters, digits, \"_\" and \"-\", with \".\" between those of members; "
                        "there are no helpers or filters. Where {} is meant as it stands, begin with "
                        "{{{{=<% %>=}}}}: then tags are <% name %>",
                        open_mark_));
    }

    Result<void> name(std::size_t tag, char sigil, std::string_view name) {
        STENO_TRY(check_name(tag, name));
        if (sigil != '#' && sigil != '^') {
            add(Kind::Variable, name);
            return {};
        }
        if (open_.size() == Template::kMaxDepth)
            return wrong(tag, fmt::format("more than {} sections in each other", Template::kMaxDepth),
                         "close some before");
        open_.push_back({into_.nodes_.size(), tag});
        add(sigil == '#' ? Kind::Section : Kind::Inverted, name);
        return {};
    }

    Result<void> close_section(std::size_t tag, std::string_view name) {
        if (open_.empty())
            return wrong(tag, fmt::format("{{{{/{}}}}} closes nothing", utf8_prefix(name, 60)),
                         "a section begins with {{#name}} or {{^name}}");
        Template::Node& section = into_.nodes_[open_.back().node];
        if (into_.text_of(section) != name)
            return wrong(tag,
                         fmt::format("{{{{/{}}}}} where {} of {} is still open", utf8_prefix(name, 60),
                                     written(open_.back().node), position(text_, open_.back().tag)),
                         "sections close in the reverse of the order in which they open");
        section.end = static_cast<std::uint32_t>(into_.nodes_.size());
        open_.pop_back();
        return {};
    }

    Template& into_;
    std::string_view text_;
    std::string open_mark_ = "{{";
    std::string close_mark_ = "}}";
    std::size_t done_ = 0;  ///< up to here it is read
    std::size_t tags_ = 0;
    std::vector<OpenSection> open_;
};

std::string Template::position_of(const Node& node) const {
    return position(text_, node.begin);
}

Result<Template> Template::parse(std::string text) {
    if (text.size() > kMaxText)
        return fail(Code::InvalidArgument,
                    fmt::format("the text has {} bytes; a prompt has {} at most", text.size(), kMaxText));
    Template read;
    read.text_ = std::move(text);
    STENO_TRY(TemplateParser(read).parse());
    return read;
}

}  // namespace steno::prompts
