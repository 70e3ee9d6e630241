// A program with an agent, recorded by Steno's C++ SDK: a request → an agent → a model → a function → the model.
//
//   steno serve                       (another terminal)
//   cmake -G Ninja -B build && cmake --build build && ./build/agent "When is the next meeting?"
//   steno calls list

#include <steno/steno.hpp>

#include <iostream>
#include <string>

namespace {

/// Stands for whatever asks your model, with whatever client.
struct Answer {
    std::string text;
    int input_tokens;
    int output_tokens;
};
Answer model(const std::string& prompt) {
    return {"You asked: " + prompt, static_cast<int>(prompt.size() / 4), 12};
}

std::string ask(const std::string& prompt) {
    steno::AiCall call("openai", "gpt-4o-mini");
    call.message("user", prompt).parameters(R"({"temperature":0.2})");
    const Answer answer = model(prompt);
    call.output(answer.text).finish_reason("stop");
    call.usage({.input_tokens = answer.input_tokens, .output_tokens = answer.output_tokens});
    return answer.text;
}

std::string next_meeting(const std::string& day) {
    return day + ", 10:00, room 2";
}

}  // namespace

int main(int argc, char** argv) {
    const std::string question = argc > 1 ? argv[1] : "When is the next meeting?";
    const steno::ContextScope session(
        steno::Context().with_session("example-agent").with_user("ada").with_tag("example"));
    steno::Request request;  // with STENO_PRINT_SUMMARY=1 its summary is printed at its end

    steno::Agent agent("calendar");
    const auto look_up = steno::track(steno::AsFunction{"meetings", "next"}, &next_meeting);
    ask("Which function answers this? " + question);
    const std::string meeting = look_up("Monday");
    const std::string answer = ask("Say it kindly: " + meeting);
    agent.end();
    request.end();

    std::cout << answer << "\n" << request.id() << "\n";
    if (!steno::flush()) std::cerr << "not delivered yet: " << steno::last_tracking_error() << "\n";
}
