#pragma once

#include "ingest/test_store.hpp"
#include "io/memory_file_system.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

namespace steno::ingest {

using namespace std::chrono_literals;

/// A data folder in memory, and calls to put into it.
class Ingest : public testing::Test {
  protected:
    std::unique_ptr<DataFolder> open() { return open(files); }
    std::unique_ptr<DataFolder> open(io::FileSystem& on, bool feed = true) {
        DataFolderOptions options;
        options.path = "/data";
        options.open_store = shared.factory();
        options.prices = pricing::Catalogue::built_in();
        options.max_sync_delay = 1ms;
        options.feeder.interval = 5ms;
        options.feeder.look_after = 10ms;
        options.feeder.batch = batch;
        options.feed = feed;
        options.recorder.clock = clock;
        auto folder = DataFolder::open(on, std::move(options));
        EXPECT_TRUE(folder) << folder.error().message;
        return folder ? std::move(*folder) : nullptr;
    }

    Call call(const std::string& prompt = "when is the meeting?") {
        Call call;
        call.id = Uuid::random(random);
        call.kind = Kind::Chat;
        call.name = "gpt-4o-mini";
        call.started_at = system_clock().now();
        call.provider.name = "openai";
        call.model.requested = "gpt-4o-mini";
        call.trace.session_id = "s-1";
        Message message;
        message.role = "user";
        message.parts.emplace_back();
        message.parts.back().text = prompt;
        call.request.messages.push_back(message);
        return call;
    }

    static Call call_with_id(const Uuid& id) {
        Call call;
        call.id = id;
        call.kind = Kind::Chat;
        call.started_at = system_clock().now();
        return call;
    }

    void answer(OpenCall& open, const std::string& text = "at ten") {
        Call& call = open.call();
        call.status = Status::Success;
        call.usage.input_tokens = 31;
        call.usage.output_tokens = 6;
        Message message;
        message.role = "assistant";
        message.parts.emplace_back();
        message.parts.back().text = text;
        call.response.messages.push_back(message);
        call.preview = {"when is the meeting?", text, {}};
        open.end();
    }

    std::uint64_t rows(DataFolder& folder) {
        EXPECT_TRUE(folder.feeder().catch_up(10s));
        return *folder.store().count({});
    }

    Clock* clock = nullptr;
    std::size_t batch = 4096;
    io::MemoryFileSystem files;
    SharedStore shared;
    SeededRandom random{7};
};

}  // namespace steno::ingest
