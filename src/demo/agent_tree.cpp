#include "demo/agent_tree.hpp"

#include "demo/wire.hpp"

#include <algorithm>
#include <cmath>

namespace steno::demo {

namespace {

constexpr std::int64_t kMostRounds = 24;

/// Where results of tools stand in a message of the user's.
bool results_in_user_turn(const Model& model) {
    return model.dialect == Dialect::Anthropic || model.dialect == Dialect::Gemini ||
           model.dialect == Dialect::Bedrock;
}

}  // namespace

AgentTree::AgentTree(Caller& caller, TextMaker& text, Draws& draws, const Rhythm& rhythm,
                     const Setting& setting)
    : caller_(caller),
      text_(text),
      draws_(draws),
      rhythm_(rhythm),
      setting_(setting),
      tools_(tool_definitions(*setting.model)) {}

std::int64_t AgentTree::steps_left() const {
    return std::max<std::int64_t>(1, 90 - static_cast<std::int64_t>(calls_.size()));
}

Call& AgentTree::add(Kind kind, const std::string& parent) {
    calls_.push_back(caller_.begin(setting_, now_, kind));
    Call& call = *calls_.back();
    call.trace.parent_id = parent;
    call.trace.sequence = static_cast<std::int64_t>(calls_.size()) - 1;
    return call;
}

void AgentTree::end_of(Call& call, double seconds) {
    caller_.finish_own(call, rhythm_.within(now_, seconds, steps_left()));
    now_ = call.ended_at->unix_nanos;
}

ToolCall AgentTree::draw_tool() {
    ToolCall tool;
    tool.id = tool_call_id(*setting_.model, draws_);
    tool.name = tool_name(draws_);
    std::string value;
    std::string& arguments = tool.arguments.text;
    if (tool.name == "search_records") {
        text_.phrase(value, setting_.topic);
        arguments = "{\"query\":" + json_string(value) + ",\"limit\":20}";
        return tool;
    }
    text_.reference(value);
    if (tool.name == "get_order")
        arguments = "{\"order_id\":" + json_string(value) + "}";
    else if (tool.name == "update_ticket")
        arguments = "{\"ticket_id\":" + json_string(value) + ",\"state\":\"waiting\"}";
    else
        arguments = "{\"sql\":" +
                    json_string("SELECT * FROM orders WHERE reference = '" + value + "' ORDER BY at DESC") +
                    "}";
    return tool;
}

bool AgentTree::ask(Reply reply) {
    reply.cached_tokens = cached_tokens_ >= 1024 ? cached_tokens_ : 0;
    Call& call = add(Kind::Chat, root_id_);
    caller_.add_system(call, setting_, now_);
    call.request.messages.insert(call.request.messages.end(), history_.begin(), history_.end());
    call.request.tools.text = tools_;
    caller_.finish(call, setting_, std::move(reply), rhythm_.within(now_, 3600, steps_left()));
    now_ = call.ended_at->unix_nanos;
    cached_tokens_ = call.usage.input_tokens.value_or(0);
    return call.status != Status::Failure;
}

void AgentTree::run(const ToolCall& tool, const std::string& parent) {
    Call& function = add(Kind::Function, parent);
    function.name = tool.name;
    function.trace.function = tool.name;
    function.trace.operation = tool.name == "update_ticket" ? "update" : "read";
    function.request.input = tool.arguments;
    std::string output;
    const bool fails = draws_.below(40) == 0;
    if (fails) {
        output = "error: no answer in 10 s";
        function.status = Status::Failure;
        function.error.type = ErrorType::Timeout;
        function.error.message = "no answer in 10 s";
        function.error.retryable = true;
    } else {
        const double bytes = std::min(draws_.lognormal(500, 1), 20'000.0);
        text_.records(output, static_cast<std::size_t>(bytes), setting_.topic);
        function.status = Status::Success;
        function.response.output.text = json_string(output);
    }
    end_of(function, fails ? 10 : draws_.lognormal(.08, 1));

    const Model& model = *setting_.model;
    Message& result = history_.emplace_back();
    result.role = results_in_user_turn(model) ? "user" : "tool";
    Part& part = result.parts.emplace_back();
    part.type = PartType::ToolResult;
    part.id = tool.id;
    if (model.dialect == Dialect::Gemini) {
        part.name = tool.name;  // and no id: results are told apart by the function's name
        part.value.text = "{\"result\":" + json_string(output) + "}";
    } else {
        part.text = std::move(output);
    }
}

void AgentTree::ask_researcher() {
    const std::int64_t begin = now_;
    Call& agent = add(Kind::Agent, root_id_);
    agent.name = "researcher";
    const std::vector<std::string> outer{std::move(agent.trace.agent)};
    agent.trace.agent = "researcher";
    agent.trace.outer_agents = outer;
    const std::string id = agent.id.to_string();

    Call& look = add(Kind::Retrieval, id);
    look.name = "knowledge_base";
    look.trace.agent = "researcher";
    look.trace.outer_agents = outer;
    look.request.input.text = json_string(goal_);
    std::string passages;
    text_.prose(passages, 1200, setting_.language, setting_.topic);
    look.response.output.text = json_string(passages);
    look.status = Status::Success;
    end_of(look, draws_.lognormal(.2, .6));

    Call& read = add(Kind::Chat, id);
    read.trace.agent = "researcher";
    read.trace.outer_agents = outer;
    read.request.messages.push_back(message_of("user", goal_ + "\n\n" + passages));
    Reply reply = caller_.reply(setting_);
    const std::string answer = json_string(reply.text);
    caller_.finish(read, setting_, std::move(reply), rhythm_.within(now_, 3600, steps_left()));
    now_ = read.ended_at->unix_nanos;

    const bool failed = read.status == Status::Failure;
    agent.status = failed ? Status::Failure : Status::Success;
    if (failed)
        agent.error = read.error;
    else
        agent.response.output.text = answer;
    caller_.finish_own(agent, now_ - begin);
}

std::vector<std::unique_ptr<Call>> AgentTree::tell(std::int64_t now) {
    now_ = now;
    text_.question(goal_, setting_.language, setting_.topic);
    goal_ += ' ';
    text_.prose(goal_, 160, setting_.language, setting_.topic);
    Call& root = add(Kind::Agent, {});
    root.name = setting_.application->agent;
    root.request.input.text = "{\"goal\":" + json_string(goal_) + "}";
    root.status = Status::Success;
    root_id_ = root.id.to_string();
    history_ = {message_of("user", goal_)};

    const auto drawn = 1 + static_cast<std::int64_t>(-std::log(1 - draws_.unit()) * 3.6);
    for (std::int64_t left = std::min(drawn, kMostRounds); root.status == Status::Success; --left) {
        Reply reply;
        if (left == 0)
            reply = caller_.reply(setting_);
        else
            for (std::uint32_t i = draws_.bits16() % 4 == 0 ? 2 : 1; i > 0; --i)
                reply.tool_calls.push_back(draw_tool());
        const std::vector<ToolCall> wanted = reply.tool_calls;
        const std::string answer = reply.text;
        const bool answered = ask(std::move(reply));
        const Call& asked = *calls_.back();
        if (!answered) {
            root.status = Status::Failure;
            root.error = asked.error;
            break;
        }
        if (wanted.empty()) {
            root.response.output.text = "{\"result\":" + json_string(answer) + "}";
            break;
        }
        history_.push_back(asked.response.messages.front());
        const std::string parent = asked.id.to_string();
        for (const ToolCall& tool : wanted) run(tool, parent);
        if (draws_.below(9) == 0) ask_researcher();
    }
    caller_.finish_own(root, now_ - now);
    return std::move(calls_);
}

Call beginning_of(const Call& agent) {
    Call call = agent;
    call.status = Status::Running;
    call.ended_at.reset();
    call.time = {};
    call.error = {};
    call.response = {};
    call.preview = {};
    return call;
}

}  // namespace steno::demo
