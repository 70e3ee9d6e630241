// A data folder whose store is opened beside what records calls.

#include "ingest/entry.hpp"
#include "ingest/test_folder.hpp"
#include "record/binary.hpp"

#include <future>
#include <memory>
#include <stop_token>
#include <utility>

namespace steno::ingest {
namespace {

/// Holds up whoever opens the store until the test lets go.
class Gate {
  public:
    [[nodiscard]] std::function<void()> wait() const {
        return [opened = opened_] { opened.wait(); };
    }
    void open() { open_.set_value(); }

  private:
    std::promise<void> open_;
    std::shared_future<void> opened_ = open_.get_future().share();
};

class Opening : public Ingest {
  protected:
    std::unique_ptr<DataFolder> open_beside(std::function<void()> before) {
        DataFolderOptions options;
        options.path = "/data";
        options.open_store = [before = std::move(before),
                              factory = shared.factory()](const std::string& path) {
            before();
            return factory(path);
        };
        options.prices = pricing::Catalogue::built_in();
        options.max_sync_delay = 1ms;
        options.feeder.interval = 5ms;
        options.wait_for_store = false;
        auto folder = DataFolder::open(files, std::move(options));
        EXPECT_TRUE(folder) << folder.error().message;
        return folder ? std::move(*folder) : nullptr;
    }

    Uuid record(DataFolder& folder, const std::string& prompt) {
        OpenCall open = folder.recorder().begin(call(prompt));
        const Uuid id = open.call().id;
        answer(open);
        return id;
    }

    /// A call that its process left open when it died.
    Uuid left_open() {
        auto journal = journal::Journal::open(files, "/data");
        EXPECT_TRUE(journal);
        const Call lost = call("left open");
        std::string header;
        append_entry_header(header, std::nullopt);
        header += encode(lost, Place::Header);
        journal::Entry entry;
        entry.kind = static_cast<std::uint8_t>(EntryKind::Opening);
        entry.header = header;
        entry.opens = lost.id;
        EXPECT_TRUE((*journal)->append(entry));
        return lost.id;
    }
};

TEST_F(Opening, CallsAreRecordedMeanwhileAndAreThereAfterwards) {
    const Uuid cut = left_open();
    Gate gate;
    const auto folder = open_beside(gate.wait());
    const Uuid id = record(*folder, "while it opens");
    ASSERT_TRUE(folder->journal().wait_durable(folder->journal().stats().appended));

    EXPECT_FALSE(folder->store_opened());
    EXPECT_FALSE(folder->feeder().stats().history_fed);
    const auto seen = folder->calls().get(id);
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(seen->request.messages.at(0).parts.at(0).text, "while it opens");
    EXPECT_EQ(folder->store().count({}).error().code, Code::Unavailable);
    EXPECT_EQ(folder->store().find({}).error().code, Code::Unavailable);
    EXPECT_EQ(folder->feeder().catch_up(1ms).error().code, Code::DeadlineExceeded);
    EXPECT_EQ(folder->interrupted(), 0U);

    // Whoever asks for the newest calls waits for the store, too.
    auto waiting = std::async(std::launch::async, [&] { return folder->feeder().catch_up(60s); });
    gate.open();
    EXPECT_TRUE(waiting.get());
    ASSERT_TRUE(folder->wait_for_store({}));
    EXPECT_EQ(folder->interrupted(), 1U);
    EXPECT_EQ(rows(*folder), 2U);
    EXPECT_EQ(folder->calls().get(id)->status, Status::Success);
    EXPECT_EQ(folder->calls().get(cut)->status, Status::Interrupted);
}

TEST_F(Opening, AFolderThatIsClosedBeforeLosesNothing) {
    const Uuid cut = left_open();
    Gate gate;
    std::promise<void> left;
    Uuid id;
    {
        // Goes with the last copy of the factory, which is that of the thread that is left behind.
        const std::shared_ptr<void> last(nullptr, [&left](void*) { left.set_value(); });
        const auto folder = open_beside([wait = gate.wait(), last] { wait(); });
        id = record(*folder, "and closed");
        std::stop_source stop;
        stop.request_stop();
        EXPECT_EQ(folder->wait_for_store(stop.get_token()).error().code, Code::Cancelled);
    }  // at once: the gate is shut
    {
        const auto folder = open();
        EXPECT_EQ(folder->interrupted(), 1U) << "nobody has closed it before";
        EXPECT_EQ(rows(*folder), 2U);
        EXPECT_EQ(folder->calls().get(id)->status, Status::Success);
        EXPECT_EQ(folder->calls().get(cut)->status, Status::Interrupted);
    }
    gate.open();
    left.get_future().wait();
}

TEST_F(Opening, AStoreThatCannotBeOpenedIsSaid) {
    shared.open_error = Error(Code::Unavailable, "the disk is out");
    const auto folder = open_beside([] {});
    const Uuid id = record(*folder, "all the same");
    const auto opened = folder->wait_for_store({});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message, "the disk is out");
    ASSERT_TRUE(folder->store_opened());
    EXPECT_FALSE(*folder->store_opened());
    EXPECT_TRUE(folder->calls().get(id));
}

TEST_F(Opening, AStoreThatIsDamagedIsFedAnew) {
    Uuid id;
    {
        const auto folder = open();
        id = record(*folder, "kept in the journal");
    }
    shared.open_error = Error(Code::DataLoss, "damaged");
    shared.fresh = true;
    const auto folder = open_beside([] {});
    ASSERT_TRUE(folder->wait_for_store({}));
    EXPECT_TRUE(folder->store_rebuilt());
    EXPECT_EQ(rows(*folder), 1U);
    EXPECT_EQ(folder->calls().get(id)->status, Status::Success);
}

TEST_F(Opening, AFactoryThatThrowsIsAnError) {
    const auto folder = open_beside([] { throw std::bad_alloc(); });
    EXPECT_EQ(folder->wait_for_store({}).error().code, Code::Internal);
}

}  // namespace
}  // namespace steno::ingest
