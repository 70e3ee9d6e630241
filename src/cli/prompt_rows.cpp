#include "cli/prompt_rows.hpp"

#include "cli/call_view.hpp"
#include "cli/json_cell.hpp"
#include "net/http.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;
using exports::Column;

/// By prompt and version: their names, with commas.
using Labels = std::map<std::pair<std::string, std::string>, std::string>;

void note_labels(dom::element prompt, Labels& labels) {
    dom::array list;
    if (prompt["labels"].get(list) != simdjson::SUCCESS) return;
    for (const dom::element label : list) {
        std::string& names = labels[{text_at(prompt, "/name"), text_at(label, "/version")}];
        names += (names.empty() ? "" : ", ") + text_at(label, "/label");
    }
}

Result<void> ask_labels(Api& api, const std::string& target, Labels& labels) {
    STENO_ASSIGN(const std::string body, api.get(target));
    dom::parser parser;
    dom::element answer;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    dom::array list;
    if (answer["prompts"].get(list) != simdjson::SUCCESS) {
        note_labels(answer, labels);
        return {};
    }
    for (const dom::element prompt : list) note_labels(prompt, labels);
    return {};
}

constexpr std::size_t kColumnCount = 18;
constexpr std::size_t kLabels = 2;  ///< which are not in the answer's versions

std::span<const Column> version_columns() {
    static const std::array<Column, kColumnCount> kColumns{{{"name", FieldType::Text},
                                                            {"version", FieldType::Text},
                                                            {"labels", FieldType::Text},
                                                            {"goal", FieldType::Text},
                                                            {"model", FieldType::Text},
                                                            {"temperature", FieldType::Number},
                                                            {"token_limit", FieldType::Integer},
                                                            {"top_k", FieldType::Integer},
                                                            {"top_p", FieldType::Number},
                                                            {"prompt", FieldType::Text},
                                                            {"messages", FieldType::Json},
                                                            {"variables", FieldType::Json},
                                                            {"parameters", FieldType::Json},
                                                            {"tools", FieldType::Json},
                                                            {"response_schema", FieldType::Json},
                                                            {"author", FieldType::Text},
                                                            {"notes", FieldType::Text},
                                                            {"created_at", FieldType::Timestamp}}};
    return kColumns;
}

class VersionRows final : public exports::Rows {
  public:
    explicit VersionRows(Labels labels) : labels_(std::move(labels)) {}

    Result<std::uint64_t> read(std::string registry) {
        body_ = std::move(registry);
        dom::object prompts;
        if (parser_.parse(body_).get(prompts) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no prompts");
        for (const auto& [name, versions] : prompts) {
            dom::object of;
            if (versions.get(of) != simdjson::SUCCESS)
                return fail(Code::Internal, "the answer has no versions");
            for (const auto& [number, version] : of) versions_.push_back(version);
        }
        return versions_.size();
    }

    std::span<const Column> columns() const override { return version_columns(); }
    Result<std::span<const FieldValue>> next() override {
        if (at_ == versions_.size()) return std::span<const FieldValue>{};
        const dom::element version = versions_[at_++];
        for (std::size_t i = 0; i < kColumnCount; ++i) {
            row_[i] = {};
            const Column& column = version_columns()[i];
            dom::element value;
            if (i == kLabels || version[column.name].get(value) != simdjson::SUCCESS) continue;
            STENO_ASSIGN(row_[i], cells_[i].read(column.type, value));
        }
        const auto labels = labels_.find({text_at(version, "/name"), text_at(version, "/version")});
        if (labels != labels_.end()) row_[kLabels] = std::string_view(labels->second);
        return std::span<const FieldValue>(row_);
    }

  private:
    const Labels labels_;
    std::string body_;
    dom::parser parser_;
    std::vector<dom::element> versions_;
    std::size_t at_ = 0;
    std::array<JsonCell, kColumnCount> cells_;
    std::array<FieldValue, kColumnCount> row_;
};

}  // namespace

Result<PromptRows> prompt_rows(Api& api, const std::string& name, std::string registry) {
    Labels labels;
    if (!name.empty()) {
        STENO_TRY(ask_labels(api, "/api/v1/prompts/" + net::percent_encode(name), labels));
    } else {
        STENO_TRY(ask_labels(api, "/api/v1/prompts?limit=10000", labels));
        STENO_TRY(ask_labels(api, "/api/v1/prompts?limit=10000&archived=true", labels));
    }
    auto rows = std::make_unique<VersionRows>(std::move(labels));
    PromptRows out;
    STENO_ASSIGN(out.count, rows->read(std::move(registry)));
    out.rows = std::move(rows);
    return out;
}

}  // namespace steno::cli
