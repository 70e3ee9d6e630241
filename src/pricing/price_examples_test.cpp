// The worked examples of docs/pricing.md: tests/data/price-examples.csv is the one table of them. Their
// totals were worked out from the providers' pages, not by this program.

#include "pricing/catalogue.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace steno::pricing {
namespace {

const std::string kSource = STENO_SOURCE;
using Row = std::map<std::string, std::string>;

std::vector<std::string> split(const std::string& line, char by) {
    std::vector<std::string> parts;
    std::istringstream stream(line);
    for (std::string part; std::getline(stream, part, by);) parts.push_back(part);
    return parts;
}

std::vector<Row> examples() {
    std::ifstream file(kSource + "/tests/data/price-examples.csv");
    std::string line;
    std::getline(file, line);
    const auto names = split(line, ',');
    std::vector<Row> rows;
    while (std::getline(file, line)) {
        const auto cells = split(line, ',');
        EXPECT_EQ(cells.size(), names.size()) << line;
        Row& row = rows.emplace_back();
        for (std::size_t i = 0; i < std::min(cells.size(), names.size()); ++i) row[names[i]] = cells[i];
    }
    return rows;
}

/// "input=10 output=5" as names and values; a word without "=" has an empty value.
std::vector<std::pair<std::string, std::string>> words(const std::string& text) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const std::string& word : split(text, ' ')) {
        const auto equals = word.find('=');
        out.emplace_back(word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1));
    }
    return out;
}

std::int64_t number(const std::string& text) {
    std::int64_t value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void set_usage(Usage& usage, const std::string& name, const std::string& value) {
    const std::map<std::string, std::optional<std::int64_t>*> counts{
        {"input", &usage.input_tokens},
        {"output", &usage.output_tokens},
        {"reasoning", &usage.reasoning_tokens},
        {"cache_read", &usage.cache_read_tokens},
        {"cache_read_audio", &usage.cache_read_audio_tokens},
        {"cache_write", &usage.cache_write_tokens.other},
        {"cache_write_5m", &usage.cache_write_tokens.minutes_5},
        {"cache_write_1h", &usage.cache_write_tokens.hours_1},
        {"cache_write_30m", &usage.cache_write_tokens.minutes_30},
        {"audio_input", &usage.audio_input_tokens},
        {"audio_output", &usage.audio_output_tokens},
        {"image_input", &usage.image_input_tokens},
        {"image_output", &usage.image_output_tokens},
        {"images", &usage.images},
        {"characters", &usage.characters},
        {"pages", &usage.pages},
        {"searches", &usage.searches},
    };
    if (name == "seconds") {
        usage.seconds = static_cast<double>(number(value));
        return;
    }
    const auto found = counts.find(name);
    ASSERT_NE(found, counts.end()) << name;
    *found->second = number(value);
}

Call call_of(Row& row) {
    static const std::map<std::string, Kind> kinds{{"chat", Kind::Chat},
                                                   {"embedding", Kind::Embedding},
                                                   {"vision", Kind::Vision},
                                                   {"image", Kind::Image},
                                                   {"rerank", Kind::Rerank},
                                                   {"speech", Kind::Speech},
                                                   {"transcription", Kind::Transcription}};
    Call call;
    call.kind = kinds.at(row["kind"]);
    call.provider.name = row["provider"];
    call.model.served = row["model"];
    call.started_at = Timestamp::parse("2026-11-20T12:00:00Z");
    for (const auto& [name, value] : words(row["circumstances"])) {
        if (name == "batch")
            call.provider.batch = true;
        else if (name == "tier")
            call.provider.service_tier = value;
        else if (name == "speed")
            call.provider.speed = value;
        else if (name == "region")
            call.provider.region = value;
        else if (name == "host")
            call.provider.endpoint.host = value;
        else if (name == "at")
            call.started_at = Timestamp::parse(value + "T12:00:00Z");
        else
            ADD_FAILURE() << name;
    }
    for (const auto& [name, value] : words(row["usage"])) set_usage(call.usage, name, value);
    return call;
}

/// The row as docs/pricing.md shows it.
std::string markdown(Row& row) {
    const std::string where = row["circumstances"].empty()
                                  ? row["model"]
                                  : fmt::format("{} ({})", row["model"], row["circumstances"]);
    return fmt::format("| {}: {} | `{}` | {} | {} | {} | [{}]({}), {} |", row["provider"], row["what"], where,
                       row["usage"], row["working"], row["total"], split(row["source"], '/').at(2),
                       row["source"], row["as_of"]);
}

TEST(PriceExamples, ComeOutAsWorkedOutFromTheProvidersPages) {
    std::set<std::string> providers;
    auto rows = examples();
    for (Row& row : rows) {
        providers.insert(row["provider"]);
        const Explanation explanation = Catalogue::built_in()->explain(call_of(row));
        EXPECT_EQ(explanation.total ? explanation.total->to_string() : explanation.missing, row["total"])
            << row["provider"] << ": " << row["what"];
    }
    EXPECT_GE(rows.size(), 15u);
    EXPECT_GE(providers.size(), 6u);
}

TEST(PriceExamples, StandInTheDocumentation) {
    std::ifstream file(kSource + "/docs/pricing.md");
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    ASSERT_FALSE(page.empty());
    for (Row& row : examples()) EXPECT_TRUE(page.contains(markdown(row))) << "missing:\n" << markdown(row);
}

}  // namespace
}  // namespace steno::pricing
