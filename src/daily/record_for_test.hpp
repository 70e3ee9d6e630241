#pragma once

#include "daily/files.hpp"
#include "ingest/test_folder.hpp"
#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace steno::daily {

/// A record in memory, and a folder on disk for its daily files.
class DailyRecord : public ingest::Ingest {
  protected:
    DailyRecord() {
        ingest::DataFolderOptions options;
        options.path = "/data";
        options.open_store = [](const std::string&) -> Result<std::unique_ptr<store::CallStore>> {
            return store::make_memory_store();
        };
        options.prices = pricing::Catalogue::built_in();
        data = ingest::DataFolder::open(files, std::move(options)).value();
        folder = testing::TempDir() + "steno-daily-" + Uuid::random(system_random()).to_string();
    }
    ~DailyRecord() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    static Timestamp moment(std::string_view text) { return *Timestamp::parse(text); }

    /// An AI call of that moment, which took a second.
    Call chat(std::string_view began, std::string_view prompt = "when is the meeting?") {
        Call call;
        call.id = Uuid::random(random);
        call.kind = Kind::Chat;
        call.status = Status::Success;
        call.started_at = moment(began);
        call.ended_at = Timestamp{call.started_at->unix_nanos + 1'000'000'000, 0};
        call.time.duration = Duration{1'000'000'000};
        call.provider.name = "openai";
        call.model.requested = "in-house";
        call.usage.input_tokens = 1000;
        call.usage.output_tokens = 10;
        call.request.messages.push_back(message("user", prompt));
        call.response.messages.push_back(message("assistant", "at ten"));
        return call;
    }
    static Message message(std::string role, std::string_view text) {
        Message message;
        message.role = std::move(role);
        message.parts.emplace_back().text = text;
        return message;
    }

    void add(const Call& call) {
        ingest::OpenCall open = data->recorder().begin(call);
        open.call() = call;
        open.end();
        EXPECT_TRUE(data->feeder().catch_up(std::chrono::seconds(10)));
    }

    [[nodiscard]] Record record() const { return {data->store(), data->calls()}; }

    std::string text(Content content, const Day& day, const Options& options = {}) {
        const auto pieces = open_file(record(), content, day, options);
        std::string out;
        while (pieces->next(out).value()) continue;
        return out;
    }

    [[nodiscard]] bool there(const std::string& name) const {
        return std::filesystem::exists(folder + "/" + name);
    }
    [[nodiscard]] std::string content(const std::string& name) const {
        std::ifstream file(folder + "/" + name);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }
    void put(const std::string& name, std::string_view text) const {
        std::filesystem::create_directories(folder);
        std::ofstream(folder + "/" + name) << text;
    }

    std::unique_ptr<ingest::DataFolder> data;
    std::string folder;
};

}  // namespace steno::daily
