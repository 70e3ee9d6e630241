#include "ingest/policy.hpp"

#include "ingest/data_folder.hpp"
#include "ingest/entry.hpp"
#include "ingest/test_folder.hpp"
#include "record/binary.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

/// What is kept of calls, as the recorder is told.
namespace steno::ingest {
namespace {

/// Keeps ten bytes of each text of one kind of prompt, and none of another's.
class TestPolicy final : public Policy {
  public:
    void admit(Call& call) const noexcept override {
        ++asked;
        if (call.prompt.type != "secret" || call.privacy.full_data) return;
        call.privacy.full_data = false;
        call.privacy.withheld_by = "policy";
        call.preview = {};
    }
    TextRule texts(const Call& call) const noexcept override {
        return {.limit = call.prompt.type == "long" ? most : 0,
                .masks_personal_data = call.prompt.type == "masked"};
    }
    mutable int asked = 0;
    std::size_t most = 10;
};

TEST_F(Ingest, WhatIsToBeKeptIsDecidedOnceWhateverWayACallComes) {
    const TestPolicy policy;
    const auto folder = open();
    folder->recorder().set_policy(policy);
    const auto text_of = [](const std::vector<Message>& messages) { return messages.at(0).parts.at(0).text; };

    Call whole = call();
    whole.prompt.type = "long";
    OpenCall begun = folder->recorder().begin(whole);
    EXPECT_EQ(text_of(begun.call().request.messages), "when is the meeting?") << "the source still needs it";
    EXPECT_EQ(text_of(folder->calls().get(whole.id)->request.messages), "when is th");
    answer(begun, "tomorrow, at ten");
    EXPECT_EQ(policy.asked, 1);
    const auto cut = folder->calls().get(whole.id);
    ASSERT_TRUE(cut);
    EXPECT_EQ(text_of(cut->request.messages), "when is th");
    EXPECT_EQ(text_of(cut->response.messages), "tomorrow, ");
    EXPECT_EQ(cut->privacy.truncated.at("request.messages").bytes, 20);
    EXPECT_EQ(cut->privacy.truncated.at("response.messages").bytes, 16);

    // Only at the end it is known of what kind it is.
    OpenCall late = folder->recorder().begin(call());
    late.call().prompt.type = "secret";
    const Uuid late_id = late.call().id;
    answer(late);
    Call complete = call();
    complete.prompt.type = "secret";
    complete.preview.prompt = "when";
    const Uuid complete_id = complete.id;
    ASSERT_TRUE(folder->recorder().complete(std::move(complete)));
    Call wanted = call();
    wanted.status = Status::Success;
    wanted.prompt.type = "secret";
    wanted.privacy.full_data = true;
    wanted.preview.prompt = "when";
    const Uuid wanted_id = wanted.id;
    std::vector<Call> delivered{wanted};
    ASSERT_TRUE(folder->recorder().deliver(delivered));
    ASSERT_EQ(rows(*folder), 4u);
    for (const Uuid& id : {late_id, complete_id}) {
        const auto row = folder->store().get(id);
        ASSERT_TRUE(row && *row);
        EXPECT_EQ((*row)->call.privacy.full_data, false);
        EXPECT_EQ((*row)->call.preview, Preview{});
    }
    EXPECT_EQ((*folder->store().get(wanted_id))->call.preview.prompt, "when");

    // What comes later of a call that is over changes nothing of that.
    const int before = policy.asked;
    Call more = call_with_id(wanted_id);
    more.status = Status::Success;
    more.prompt.type = "secret";
    more.labels.tags = {"late"};
    delivered = {more};
    ASSERT_TRUE(folder->recorder().deliver(delivered));
    ASSERT_EQ(rows(*folder), 4u);
    EXPECT_EQ(policy.asked, before);
    const auto amended = *folder->store().get(wanted_id);
    EXPECT_EQ(amended->call.privacy.full_data, true);
    EXPECT_EQ(amended->call.preview.prompt, "when");
    EXPECT_EQ(amended->call.labels.tags, std::vector<std::string>{"late"});
}

TEST_F(Ingest, ALimitOfTextsThatIsChangedHoldsForCallsThatBeginLater) {
    TestPolicy policy;
    const auto folder = open();
    folder->recorder().set_policy(policy);
    const auto answer_of = [&](const Uuid& id) {
        const auto seen = folder->calls().get(id);
        return seen ? seen->response.messages.at(0).parts.at(0).text : seen.error().message;
    };
    Call typed = call();
    typed.prompt.type = "long";
    OpenCall begun = folder->recorder().begin(std::move(typed));
    OpenCall moved = std::move(begun);
    OpenCall untyped = folder->recorder().begin(call());
    policy.most = 3;
    const Uuid early = moved.call().id;
    answer(moved, "tomorrow, at ten");
    EXPECT_EQ(answer_of(early), "tomorrow, ");
    untyped.call().prompt.type = "long";
    const Uuid late = untyped.call().id;
    answer(untyped, "tomorrow, at ten");
    EXPECT_EQ(answer_of(late), "tom") << "its kind was not known before";
}

TEST_F(Ingest, OfACallThatDoesNotKeepItsTextsTheErrorIsCutWhateverWayItComes) {
    const TestPolicy policy;
    const auto folder = open();
    folder->recorder().set_policy(policy);
    const std::string message = "cannot answer \"" + std::string(1000, 'x') + "\"";
    const auto failed = [&](const std::string& type) {
        Call one = call();
        one.status = Status::Failure;
        one.prompt.type = type;
        one.error.message = message;
        return one;
    };
    std::vector<Uuid> withheld;
    OpenCall begun = folder->recorder().begin(failed("secret"));
    withheld.push_back(begun.call().id);
    begun.call().status = Status::Failure;
    begun.end();
    Call complete = failed("secret");
    withheld.push_back(complete.id);
    ASSERT_TRUE(folder->recorder().complete(std::move(complete)));
    std::vector<Call> delivered{failed("secret"), failed("other"), failed("")};
    delivered[2].privacy.full_data = false;  // the caller's own word
    withheld.push_back(delivered[0].id);
    withheld.push_back(delivered[2].id);
    const Uuid kept = delivered[1].id;
    ASSERT_TRUE(folder->recorder().deliver(delivered));
    ASSERT_EQ(rows(*folder), 5u);
    for (const Uuid& id : withheld) {
        const auto row = folder->store().get(id);
        ASSERT_TRUE(row && *row);
        EXPECT_EQ((*row)->call.error.message, message.substr(0, kMostWithheldError));
        EXPECT_EQ((*row)->call.privacy.truncated.at("error.message").bytes,
                  static_cast<std::int64_t>(message.size()));
    }
    EXPECT_EQ((*folder->store().get(kept))->call.error.message, message);
}

TEST_F(Ingest, WhatWasWithheldOfACallIsWithheldOfAllThatComesOfItLater) {
    const TestPolicy policy;
    std::uint64_t calls_so_far = 0;  // each round goes on with the journal of those before
    for (const bool together : {false, true}) {
        for (const bool late_type : {false, true}) {
            if (together && late_type) continue;
            SCOPED_TRACE(testing::Message() << together << late_type);
            shared.fresh = true;
            const auto folder = open();
            folder->recorder().set_policy(policy);
            Call first = call();
            first.prompt.type = "secret";
            first.status = Status::Success;
            Call amendment = call_with_id(first.id);  // says nothing of its type
            amendment.status = Status::Success;
            amendment.request = call("the secret once more").request;
            amendment.preview.prompt = "the secret";
            std::vector<Call> calls{first};
            if (late_type) {
                Call untyped = first;
                untyped.prompt.type.clear();
                OpenCall open = folder->recorder().begin(untyped);
                open.call().prompt.type = "secret";
                open.call().status = Status::Success;
                open.end();
                calls.clear();
            } else if (!together) {
                ASSERT_TRUE(folder->recorder().deliver(calls));
                calls.clear();
            }
            calls.push_back(amendment);
            calls.push_back(first);  // delivered at least once, says who delivers
            ASSERT_TRUE(folder->recorder().deliver(calls));
            ASSERT_EQ(rows(*folder), ++calls_so_far);
            const auto row = folder->store().get(first.id);
            ASSERT_TRUE(row && *row);
            EXPECT_EQ((*row)->call.preview, Preview{});
            const auto cursor = folder->reader().scan(folder->journal().stream(), 1);
            ASSERT_TRUE(cursor);
            int records = 0;
            for (;;) {
                const auto record = (*cursor)->next();
                ASSERT_TRUE(record) << record.error().message;
                if (!*record) break;
                if (late_type && ++records == 1) continue;  // of the opening nobody knew it
                for (const journal::StoredPayload& payload : (*record)->payloads)
                    EXPECT_EQ(payload.kind, journal::PayloadClass::Ephemeral);
                Call said;
                ASSERT_TRUE(decode(read_entry_header((*record)->header)->call, said));
                EXPECT_EQ(said.privacy.full_data, false);
                EXPECT_EQ(said.privacy.withheld_by, "policy") << "the latest call's texts are kept by that";
            }
        }
    }
}

TEST_F(Ingest, WhatIsDoneToTheTextsOfACallIsDoneToThoseThatArriveLater) {
    const TestPolicy policy;
    const auto folder = open();
    folder->recorder().set_policy(policy);
    Call limited = call();
    limited.prompt.type = "long";
    limited.status = Status::Success;
    Call begun = call();
    begun.prompt.type = "masked";
    Call amendment = call_with_id(limited.id);  // says nothing of its type
    amendment.status = Status::Success;
    amendment.response.output.text = R"("a result that is told later")";
    Call masked = call_with_id(begun.id);
    masked.status = Status::Success;
    masked.response.output.text = R"("of a@b.de")";
    OpenCall open = folder->recorder().begin(begun);
    answer(open, "ask a@b.de");
    ASSERT_EQ(rows(*folder), 1u);
    const auto before = folder->calls().get(begun.id);
    ASSERT_TRUE(before);
    EXPECT_EQ(before->response.messages.at(0).parts.at(0).text, "ask [email]");
    std::vector<Call> first{limited};
    ASSERT_TRUE(folder->recorder().deliver(first));
    std::vector<Call> later{amendment, masked};
    ASSERT_TRUE(folder->recorder().deliver(later));
    ASSERT_EQ(rows(*folder), 2u);
    EXPECT_EQ(folder->calls().get(limited.id)->response.output.text, R"("\"a resu")") << "JSON, cut, is text";
    const auto seen = folder->calls().get(begun.id);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->response.output.text, R"("of [email]")");
}

TEST_F(Ingest, WhatIsSaidInParametersIsMaskedAndCutAndTheyStayAnObject) {
    const TestPolicy policy;
    const auto folder = open();
    folder->recorder().set_policy(policy);
    const std::string parameters =
        R"({"user":"a@b.de", "max_tokens":1000000000000,"metadata":{"a_long_name":"of \"a@b.de\" too"}})";
    const auto kept = [&](const std::string& type) {
        Call one = call();
        one.status = Status::Success;
        one.prompt.type = type;
        one.request.parameters.text = parameters;
        const Uuid id = one.id;
        EXPECT_TRUE(folder->recorder().complete(std::move(one)));
        return *folder->calls().get(id);
    };
    const Call masked = kept("masked");
    EXPECT_EQ(
        masked.request.parameters.text,
        R"({"user":"[email]", "max_tokens":1000000000000,"metadata":{"a_long_name":"of \"[email]\" too"}})");
    EXPECT_EQ(masked.privacy.masked.at("email"), 2);
    const Call cut = kept("long");
    EXPECT_EQ(cut.request.parameters.text,
              R"({"user":"a@b.de", "max_tokens":1000000000000,"metadata":{"a_long_name":"of \"a@b.de"}})");
    EXPECT_EQ(cut.privacy.truncated.at("request.parameters").bytes, parameters.size());
    EXPECT_EQ(kept("other").request.parameters.text, parameters);
}

}  // namespace
}  // namespace steno::ingest
