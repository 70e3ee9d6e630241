#include "base/cancellation.hpp"
#include "ingest/data_folder.hpp"
#include "ingest/entry.hpp"
#include "ingest/test_folder.hpp"
#include "io/faulty_file_system.hpp"
#include "io/memory_file_system.hpp"
#include "journal/gated_file_system.hpp"
#include "journal/verify.hpp"
#include "record/binary.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace steno::ingest {
namespace {

using namespace std::chrono_literals;

TEST_F(Ingest, ACallIsReadableWhileItRunsAfterItEndedAndFromTheStore) {
    const auto folder = open();
    OpenCall begun = folder->recorder().begin(call());
    const Uuid id = begun.call().id;
    auto seen = folder->calls().get(id);
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(seen->status, Status::Running);
    EXPECT_EQ(seen->request.messages.at(0).parts.at(0).text, "when is the meeting?");

    answer(begun);
    seen = folder->calls().get(id);
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(seen->status, Status::Success);
    EXPECT_EQ(seen->cost.total->to_string(), "0.000008250000");

    ASSERT_EQ(rows(*folder), 1u);
    folder->recorder().forget_until(folder->journal().durable().sequence);
    seen = folder->calls().get(id);
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(seen->request.messages.at(0).parts.at(0).text, "when is the meeting?");
    EXPECT_EQ(seen->response.messages.at(0).parts.at(0).text, "at ten");
    EXPECT_EQ(seen->cost.total->to_string(), "0.000008250000");
}

TEST_F(Ingest, AForgottenEndIsRecordedAsAFailureOfOurs) {
    const auto folder = open();
    Uuid id;
    {
        OpenCall begun = folder->recorder().begin(call());
        id = begun.call().id;
    }
    const auto seen = folder->calls().get(id);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->status, Status::Failure);
    EXPECT_EQ(seen->error.type, ErrorType::Server);
}

TEST_F(Ingest, WhatADeadProcessLeftOpenIsInterruptedOnceAndKeepsItsPrompt) {
    Uuid open_id;
    Uuid ended_id;
    {
        const auto folder = open();
        OpenCall ended = folder->recorder().begin(call("first"));
        ended_id = ended.call().id;
        answer(ended);
        // Begun and never ended, as after kill -9: journaled without an OpenCall that would end it.
        Call lost = call("second");
        open_id = lost.id;
        std::string header;
        append_entry_header(header, std::nullopt);
        header += encode(lost, Place::Header);
        const std::string request = encode(lost, Place::RequestPayload);
        journal::Payload payload;
        payload.bytes = request;
        journal::Entry entry;
        entry.kind = static_cast<std::uint8_t>(EntryKind::Opening);
        entry.header = header;
        entry.payloads = std::span(&payload, 1);
        entry.opens = lost.id;
        ASSERT_TRUE(folder->journal().append(entry));
    }
    for (int round = 0; round < 3; ++round) {
        const auto folder = open();
        EXPECT_EQ(folder->interrupted(), round == 0 ? 1u : 0u);
        EXPECT_EQ(rows(*folder), 2u);
        const auto seen = folder->calls().get(open_id);
        ASSERT_TRUE(seen) << seen.error().message;
        EXPECT_EQ(seen->status, Status::Interrupted);
        EXPECT_EQ(seen->request.messages.at(0).parts.at(0).text, "second");
        EXPECT_EQ(folder->calls().get(ended_id)->status, Status::Success);
    }
}

// The rows of a batch's results, which come many at a time.
TEST_F(Ingest, WhatIsCompleteWaitsForADiskThatIsFull) {
    constexpr std::size_t kRows = 200;
    io::FaultyFileSystem disk;
    const auto result = [&](std::size_t i) {
        Call one = call("result " + std::to_string(i));
        one.status = Status::Success;
        one.usage.input_tokens = 10;
        one.usage.output_tokens = 2;
        return one;
    };
    {
        const auto folder = open(disk);
        Recorder& recorder = folder->recorder();
        EXPECT_TRUE(recorder.complete(result(0)));
        disk.set_free_bytes(100);  // in the middle of a record
        for (std::size_t i = 1; i < kRows; ++i) EXPECT_FALSE(recorder.complete(result(i))) << i;
        RecorderStats stats = recorder.stats();
        EXPECT_EQ(stats.waiting_records, kRows - 1);
        EXPECT_GT(stats.waiting_bytes, 0U);
        EXPECT_EQ(stats.lost, 0U);
        EXPECT_EQ(stats.running, 0U);
        disk.set_free_bytes(std::nullopt);
    }  // what waits is written at last when the folder is closed
    shared.fresh = true;
    const auto folder = open(disk);
    EXPECT_EQ(folder->interrupted(), 0U);
    ASSERT_EQ(rows(*folder), kRows);
    store::CallQuery all;
    all.limit = kRows;
    const auto found = shared.store->find(all);
    ASSERT_TRUE(found);
    for (const store::Row& row : found->rows) {
        const auto seen = folder->calls().get(row.call.id);
        ASSERT_TRUE(seen) << seen.error().message;
        EXPECT_EQ(seen->status, Status::Success);
        EXPECT_EQ(seen->usage.input_tokens, 10);
        EXPECT_TRUE(seen->cost.total);
    }
}

TEST_F(Ingest, WhatDoesNotFitInMemoryWhileTheDiskIsFullIsCounted) {
    io::FaultyFileSystem disk;
    auto journal = journal::Journal::open(disk, "/data");
    ASSERT_TRUE(journal) << journal.error().message;
    Recorder::Options options;
    options.max_waiting_bytes = 4096;
    options.closing_patience = 0ms;
    Recorder recorder(**journal, pricing::Catalogue::built_in(), options);
    disk.set_free_bytes(0);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(recorder.complete(call()));
    const RecorderStats stats = recorder.stats();
    EXPECT_LE(stats.waiting_bytes, options.max_waiting_bytes);
    EXPECT_GT(stats.waiting_records, 0U);
    EXPECT_GT(stats.lost, 0U);
    EXPECT_EQ(stats.waiting_records + stats.lost, 100U);
}

// The disk takes one write and does not come back from it for a while; meanwhile an upload of any size ends.
TEST_F(Ingest, WhatIsLargerThanAllRoomForWaitingWaitsAloneWhileTheDiskIsHeldUp) {
    io::FaultyFileSystem disk;
    journal::GatedFileSystem gated(disk);
    const Call large = call(std::string(100'000, 'x'));
    {
        auto journal = journal::Journal::open(gated, "/data");
        ASSERT_TRUE(journal) << journal.error().message;
        Recorder::Options options;
        options.max_waiting_bytes = 4096;
        Recorder recorder(**journal, pricing::Catalogue::built_in(), options);
        gated.appends.close();
        {
            const std::jthread held([&] { recorder.complete(call()); });
            gated.appends.await_blocked();
            EXPECT_FALSE(recorder.complete(large));
            EXPECT_EQ(recorder.stats().waiting_records, 1U);
            EXPECT_EQ(recorder.stats().lost, 0U);
            EXPECT_FALSE(recorder.complete(call(std::string(5000, 'y')))) << "behind it there is no room";
            EXPECT_EQ(recorder.stats().lost, 1U);
            gated.open_all();
        }
    }
    const auto folder = open(disk);
    EXPECT_EQ(rows(*folder), 2u);
    const auto seen = folder->calls().get(large.id);
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(seen->request.messages, large.request.messages);
}

TEST_F(Ingest, ThreeUploadsThatAreKeptTwiceWaitForTheDiskByDefault) {
    constexpr std::uint64_t kUpload = 32u << 20;
    EXPECT_GE(Recorder::waiting_bytes_for(256u << 20), 3 * 2 * kUpload);
}

TEST_F(Ingest, WhatIsToldOfACallWhileItsEndWaitsForTheDiskAmendsIt) {
    io::FaultyFileSystem disk;
    auto journal = journal::Journal::open(disk, "/data");
    ASSERT_TRUE(journal) << journal.error().message;
    Call told = call();
    {
        Recorder recorder(**journal, pricing::Catalogue::built_in());
        OpenCall begun = recorder.begin(told);
        disk.set_free_bytes(0);
        answer(begun);
        EXPECT_EQ(recorder.stats().waiting_records, 1U);
        disk.set_free_bytes(std::nullopt);
    }
    ASSERT_TRUE((*journal)->wait_durable((*journal)->stats().appended));
    auto reader = journal::Reader::open(disk, "/data", journal->get());
    ASSERT_TRUE(reader);
    const auto record = (*reader)->read((*journal)->stats().appended);
    ASSERT_TRUE(record);
    EXPECT_TRUE(read_entry_header(record->header)->may_be_known);
}

/// The halves of a call that is delivered: begun, and over.
struct Halves {
    explicit Halves(const Call& whole) : begun(whole), ended(whole) {
        begun.status = Status::Running;
        ended.status = Status::Success;
        ended.request = {};
        Message message;
        message.role = "assistant";
        message.parts.emplace_back();
        message.parts.back().text = "at ten";
        ended.response.messages.push_back(message);
        ended.preview.answer = "at ten";
    }
    static Recorder::Delivered deliver(DataFolder& folder, const Call& one) {
        std::vector<Call> calls{one};
        auto delivered = folder.recorder().deliver(calls);
        EXPECT_TRUE(delivered) << delivered.error().message;
        return delivered ? *delivered : Recorder::Delivered{};
    }
    Call begun;
    Call ended;
};

TEST_F(Ingest, ABeginningBehindItsEndIsLateAlsoWhenTheStoreHasTheEnd) {
    const auto folder = open();
    const Halves halves(call());
    Halves::deliver(*folder, halves.ended);
    EXPECT_EQ(rows(*folder), 1u);
    folder->recorder().forget_until(folder->journal().durable().sequence);
    EXPECT_EQ(Halves::deliver(*folder, halves.begun).late, std::vector<std::size_t>{0});
    const auto seen = folder->calls().get(halves.begun.id);
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(seen->status, Status::Success);
    EXPECT_EQ(seen->response.messages, halves.ended.response.messages);
    EXPECT_EQ(folder->recorder().stats().running, 0U);
}

TEST_F(Ingest, ACallWhoseProgramDiedIsInterruptedAfterADayUntilItsEndComes) {
    ManualClock time;
    clock = &time;
    const Halves dead(call());
    const Halves alive(call());
    const auto folder = open();
    Recorder& recorder = folder->recorder();
    const auto status_of = [&](const Halves& halves) { return folder->calls().get(halves.begun.id)->status; };
    OpenCall own = recorder.begin(call());  // the gateway's, which will end it however long that takes
    Halves::deliver(*folder, dead.begun);
    Halves::deliver(*folder, alive.begun);
    time.advance(std::chrono::nanoseconds(23h).count());
    EXPECT_EQ(recorder.end_abandoned(), 0U);
    Halves::deliver(*folder, alive.begun);  // heard of again
    time.advance(std::chrono::nanoseconds(1h).count());
    EXPECT_EQ(recorder.end_abandoned(), 1U);
    EXPECT_EQ(recorder.end_abandoned(), 0U);
    EXPECT_EQ(status_of(dead), Status::Interrupted);
    EXPECT_EQ(status_of(alive), Status::Running);
    EXPECT_EQ(recorder.stats().running, 2U);
    EXPECT_EQ(rows(*folder), 1U);
    EXPECT_EQ(folder->calls().get(dead.begun.id)->request.messages, dead.begun.request.messages);

    Halves::deliver(*folder, dead.ended);  // it was only slow
    Halves::deliver(*folder, alive.ended);
    EXPECT_EQ(rows(*folder), 2U);
    for (const Halves* halves : {&dead, &alive}) {
        const auto seen = folder->calls().get(halves->begun.id);
        ASSERT_TRUE(seen) << seen.error().message;
        EXPECT_EQ(seen->status, Status::Success);
        EXPECT_EQ(seen->request.messages, halves->begun.request.messages);
        EXPECT_EQ(seen->response.messages, halves->ended.response.messages);
    }
}

TEST_F(Ingest, ABeginningBehindItsEndHidesNoAnswerAfterARestart) {
    const Halves halves(call());
    const Uuid id = halves.begun.id;
    const auto expect_whole = [&](DataFolder& folder) {
        const auto seen = folder.calls().get(id);
        ASSERT_TRUE(seen) << seen.error().message;
        EXPECT_EQ(seen->status, Status::Success);
        EXPECT_EQ(seen->response.messages, halves.ended.response.messages);
        EXPECT_EQ(rows(folder), 1u);
    };
    {
        const auto folder = open();
        Halves::deliver(*folder, halves.ended);
    }
    {
        const auto folder = open();
        EXPECT_TRUE(Halves::deliver(*folder, halves.begun).late.empty()) << "nobody remembers its end";
        expect_whole(*folder);
    }
    for (const bool fed_anew : {false, true}) {
        shared.fresh = fed_anew;
        const auto folder = open();
        EXPECT_EQ(folder->interrupted(), fed_anew ? 0U : 1U);
        expect_whole(*folder);
        const auto seen = folder->calls().get(id);
        EXPECT_EQ(seen->request.messages, halves.begun.request.messages) << "the gap that it fills";
    }
}

TEST_F(Ingest, AnAmendedCallIsReadWholeWhileTheStoreIsBehind) {
    Call first = call();
    first.status = Status::Success;
    Call amendment;
    amendment.id = first.id;
    amendment.kind = Kind::Chat;
    amendment.status = Status::Partial;
    amendment.labels.tags = {"late"};
    std::optional<Call> behind;
    for (const bool feed : {false, true}) {
        const auto folder = open(files, feed);
        if (!feed) {
            Halves::deliver(*folder, first);
            Halves::deliver(*folder, amendment);
        } else {
            EXPECT_EQ(rows(*folder), 1u);
        }
        const auto seen = folder->calls().get(first.id);
        ASSERT_TRUE(seen) << seen.error().message;
        EXPECT_EQ(seen->status, Status::Partial);
        EXPECT_EQ(seen->labels.tags, amendment.labels.tags);
        EXPECT_EQ(seen->request.messages, first.request.messages);
        EXPECT_EQ(seen->model, first.model);
        if (behind) EXPECT_EQ(*seen, *behind);
        behind = *seen;
    }
}

TEST_F(Ingest, OfACallThatDoesNotKeepItsTextsNoPreviewIsMadeByWhatArrivesLater) {
    for (const bool by_gateway : {false, true}) {
        SCOPED_TRACE(by_gateway);
        shared.fresh = true;
        const auto folder = open();
        Call secret = call();
        secret.privacy.full_data = false;
        Halves halves(secret);
        halves.ended.privacy = {};
        if (by_gateway) {
            OpenCall open = folder->recorder().begin(secret);
            open.call().status = Status::Success;
            open.end();
        } else {
            halves.begun.preview.prompt = "the sender's own";
            Halves::deliver(*folder, halves.begun);
            Halves::deliver(*folder, halves.ended);
        }
        const auto check = [&] {
            EXPECT_TRUE(folder->feeder().catch_up(10s));
            const auto row = folder->store().get(secret.id);
            ASSERT_TRUE(row && *row);
            EXPECT_EQ((*row)->call.preview.answer, "");
            EXPECT_EQ((*row)->call.preview.prompt, by_gateway ? "" : "the sender's own");
            EXPECT_EQ((*row)->call.privacy.full_data, false);
            const auto record = folder->reader().read({(*row)->closed_at.stream, (*row)->closed_at.sequence});
            ASSERT_TRUE(record);
            for (const journal::StoredPayload& payload : record->payloads)
                EXPECT_EQ(payload.kind, journal::PayloadClass::Ephemeral);
        };
        check();
        Halves::deliver(*folder, halves.ended);
        check();
    }
}

TEST_F(Ingest, AStoreThatIsDeletedIsRebuiltToTheSameContent) {
    std::vector<Uuid> ids;
    {
        const auto folder = open();
        for (int i = 0; i < 50; ++i) {
            OpenCall begun = folder->recorder().begin(call("prompt " + std::to_string(i)));
            ids.push_back(begun.call().id);
            answer(begun);
        }
        Said said;
        said.call = ids[3];
        said.feedback.emplace();
        said.feedback->verdict = "accepted";
        ASSERT_TRUE(folder->recorder().say(said));
        EXPECT_EQ(rows(*folder), 50u);
    }
    std::vector<Call> before;
    {
        const auto folder = open();
        for (const Uuid& id : ids) before.push_back(*folder->calls().get(id));
    }
    shared.fresh = true;
    const auto folder = open();
    EXPECT_EQ(rows(*folder), 50u);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto after = folder->calls().get(ids[i]);
        ASSERT_TRUE(after);
        EXPECT_EQ(*after, before[i]);
    }
    EXPECT_EQ(folder->calls().get(ids[3])->feedback.verdict, "accepted");
}

TEST_F(Ingest, AStoreAheadOfTheJournalOrOfAnotherVersionIsRebuilt) {
    {
        const auto folder = open();
        OpenCall begun = folder->recorder().begin(call());
        answer(begun);
        rows(*folder);
        const store::Watermark ahead{folder->journal().stream(), 1'000'000};
        ASSERT_TRUE(shared.store->apply({}, std::span(&ahead, 1)));
    }
    // The check refuses the open store; the factory then gives an empty one, as deleted files would.
    struct Fresh {
        SharedStore& shared;
        int opened = 0;
    } fresh{shared};
    DataFolderOptions options;
    options.path = "/data";
    options.prices = pricing::Catalogue::built_in();
    options.open_store = [&fresh](const std::string& path) {
        fresh.shared.fresh = fresh.opened++ > 0;
        return fresh.shared.factory()(path);
    };
    {
        auto folder = DataFolder::open(files, options);
        ASSERT_TRUE(folder) << folder.error().message;
        EXPECT_TRUE((*folder)->store_rebuilt());
        EXPECT_EQ(rows(**folder), 1u);
    }
    shared.open_error = Error(Code::FailedPrecondition, "another version");
    fresh.opened = 0;
    auto folder = DataFolder::open(files, options);
    ASSERT_TRUE(folder) << folder.error().message;
    EXPECT_TRUE((*folder)->store_rebuilt());
    EXPECT_EQ(rows(**folder), 1u);
}

TEST_F(Ingest, WhatTheJournalLostStaysInTheStoreAndIsSaid) {
    std::string segment;
    Uuid stream;
    {
        const auto folder = open();
        stream = folder->journal().stream();
        for (int i = 0; i < 5; ++i) {
            OpenCall begun = folder->recorder().begin(call());
            answer(begun);
        }
        EXPECT_EQ(rows(*folder), 5u);
    }
    const std::string path = "/data/journal/" + stream.to_string();
    ASSERT_TRUE(files.unlink(path + "/closed"));  // as if the process had been killed
    segment = path + "/0000000000000001.stj";
    const std::string bytes = *io::read_file(files, segment, 1 << 20);
    ASSERT_TRUE(io::replace_file(files, segment, std::string_view(bytes).substr(0, bytes.size() / 2)));
    for (int round = 0; round < 3; ++round) {
        const auto folder = open();
        EXPECT_FALSE(folder->store_rebuilt());
        EXPECT_EQ(rows(*folder), 5u + (round > 0 ? 1 : 0));
        EXPECT_EQ(folder->feeder().stats().damaged, 1u);
        ASSERT_EQ(folder->damage().places(9).size(), 1u);
        EXPECT_NE(folder->damage().places(9)[0].find("are lost"), std::string::npos);
        if (round == 0) {
            OpenCall begun = folder->recorder().begin(call());
            answer(begun);
        }
    }
    const auto report = journal::verify(files, "/data");
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->intact);
}

TEST_F(Ingest, APlaceThatFeedingPassedIsRememberedAsLongAsTheStore) {
    std::string segment;
    {
        const auto folder = open();
        for (int i = 0; i < 5; ++i) {
            OpenCall begun = folder->recorder().begin(call());
            answer(begun);
        }
        segment = "/data/journal/" + folder->journal().stream().to_string() + "/0000000000000001.stj";
    }
    const std::string good = *io::read_file(files, segment, 1 << 20);
    std::string bad = good;
    // In the header of the record that ends the last call.
    bad[bad.rfind("gpt-4o-mini")] ^= 1;
    ASSERT_TRUE(io::replace_file(files, segment, bad));
    shared.fresh = true;
    for (int round = 0; round < 2; ++round) {
        const auto folder = open();
        EXPECT_EQ(rows(*folder), 4u) << "damage costs the record that it hit, and no other";
        EXPECT_EQ(folder->feeder().stats().damaged, 1u);
    }
    ASSERT_TRUE(io::replace_file(files, segment, good));
    ASSERT_TRUE(files.unlink("/data/store/unreadable.txt"));
    shared.fresh = true;
    const auto folder = open();
    EXPECT_EQ(rows(*folder), 5u);
    EXPECT_EQ(folder->feeder().stats().damaged, 0u);
}

TEST_F(Ingest, AStoreThatFailsIsFedAgainAndNothingIsTwiceOrMissing) {
    const auto folder = open();
    shared.failing_applies = 7;
    for (int i = 0; i < 200; ++i) {
        OpenCall begun = folder->recorder().begin(call());
        answer(begun);
    }
    EXPECT_EQ(rows(*folder), 200u);
    EXPECT_EQ(shared.failing_applies, 0);
    EXPECT_GT(folder->feeder().stats().failures, 0u);
    EXPECT_EQ(folder->feeder().stats().last_error, "");

    shared.failing_applies = 1'000'000;
    OpenCall begun = folder->recorder().begin(call());
    answer(begun);
    EXPECT_FALSE(folder->feeder().catch_up(std::chrono::milliseconds(10)));
    while (folder->feeder().stats().healthy) std::this_thread::yield();
    EXPECT_NE(folder->feeder().stats().last_error, "");
    shared.failing_applies = 0;
    EXPECT_EQ(rows(*folder), 201u);
}

TEST_F(Ingest, ManyThreadsRecordAndAllOfItArrivesOnce) {
    const auto folder = open();
    std::vector<std::thread> threads;
    std::vector<std::vector<Call>> calls(8);
    for (auto& mine : calls) {
        for (int i = 0; i < 100; ++i) mine.push_back(call());
    }
    for (auto& mine : calls) {
        threads.emplace_back([&] {
            for (Call& c : mine) {
                OpenCall begun = folder->recorder().begin(c);
                answer(begun);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(rows(*folder), 800u);
    EXPECT_EQ(folder->recorder().stats().running, 0u);
}

TEST_F(Ingest, TextIsFoundInWholePromptsNotOnlyInPreviews) {
    const auto folder = open();
    OpenCall begun = folder->recorder().begin(call(std::string(2000, 'x') + " the NEEDLE in it"));
    const Uuid id = begun.call().id;
    answer(begun);
    for (int i = 0; i < 30; ++i) {
        OpenCall other = folder->recorder().begin(call());
        answer(other);
    }
    store::CallQuery query;
    query.selection.text = "needle";
    std::vector<Uuid> found;
    do {
        const auto page = folder->calls().find(query, false);
        ASSERT_TRUE(page) << page.error().message;
        for (const Call& c : page->calls) found.push_back(c.id);
        query.cursor = page->next_cursor.value_or("");
    } while (!query.cursor.empty());
    EXPECT_EQ(found, std::vector<Uuid>{id});

    Cancellation cancellation;
    cancellation.cancel();
    const Cancellation::Scope scope(cancellation);
    for (const char* text : {"needle", ""}) {
        query.selection.text = text;
        const auto page = folder->calls().find(query, true);
        ASSERT_FALSE(page) << "nobody waits for it";
        EXPECT_EQ(page.error().code, Code::Cancelled);
    }
}

}  // namespace
}  // namespace steno::ingest
