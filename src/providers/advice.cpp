#include "providers/advice.hpp"

#include "base/text.hpp"
#include "providers/services.hpp"

#include <fmt/format.h>

namespace steno::providers {

namespace {

/// " at https://…", or nothing.
std::string at(std::string_view url) {
    return url.empty() ? std::string() : fmt::format(" at {}", url);
}

std::string count(std::int64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, ",");
    return digits;
}

std::string wait_text(std::int64_t ms) {
    if (ms < 1000) return fmt::format("{} ms", ms);
    if (ms < 120'000) return fmt::format("{:g} s", static_cast<double>((ms + 99) / 100) / 10);
    const std::int64_t minutes = (ms + 59'999) / 60'000;
    if (minutes < 120) return fmt::format("{} minutes", minutes);
    return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

class Advice {
  public:
    Advice(const Call& call, const ProviderError& error, const LimitHit& hit)
        : call_(call),
          error_(error),
          hit_(hit),
          service_(find_service(call.provider.name)),
          title_(!service_.title.empty()       ? std::string(service_.title)
                 : !call.provider.name.empty() ? call.provider.name
                                               : std::string("the provider")),
          key_(call.who.api_key_id.empty() ? "this key" : "the key " + call.who.api_key_id),
          model_(call.model.requested.empty() ? "this model"
                                              : std::string(utf8_prefix(call.model.requested, 100))) {}

    [[nodiscard]] std::string text() const {
        switch (*call_.error.type) {
            case ErrorType::Authentication:
                return authentication();
            case ErrorType::Permission:
                return fmt::format(
                    "{} does not let {} do this. Check its project, rights and region{}, and that the "
                    "account may use {}.{}",
                    title_, key_, at(service_.keys_url), model_, region());
            case ErrorType::RateLimit:
                return rate_limit();
            case ErrorType::Quota:
                return fmt::format(
                    "{} says that the credit or quota of {} is used up{}. Trying again will not help: add "
                    "credit or raise the budget{}.",
                    title_, key_, hit_.name.empty() ? "" : fmt::format(" ({})", hit_.name),
                    at(service_.billing_url));
            case ErrorType::ContextLength:
                return context_length();
            case ErrorType::ContentFilter:
                return content_filter();
            case ErrorType::InvalidRequest:
                return error_.param.empty()
                           ? "The provider refused the request as it is. The message names what to change."
                           : fmt::format(
                                 "The provider refused the request because of `{}`. The message "
                                 "says what it takes.",
                                 utf8_prefix(error_.param, 100));
            case ErrorType::NotFound:
                return fmt::format(
                    "{} knows no {} for {}, or no such path. Check the model's name and the base URL. {}{}",
                    title_, model_, key_, service_.models, region());
            case ErrorType::Timeout:
                return "It took too long. Try again, ask for less, or allow more time." + wait();
            case ErrorType::Connection:
                return "The connection broke before the answer was complete. Try again.";
            case ErrorType::Overloaded:
                return fmt::format("{} has no room for {} at the moment.{} Or use another model; see{}.",
                                   title_, model_, wait(" Try again after a pause."),
                                   service_.status_url.empty() ? " the provider's status page"
                                                               : " " + std::string(service_.status_url));
            case ErrorType::Server:
                return fmt::format("{} had an error of its own.{} If it stays, see{}{}.", title_,
                                   wait(" Try again."),
                                   service_.status_url.empty() ? " the provider's status page"
                                                               : " " + std::string(service_.status_url),
                                   call_.provider.request_id.empty()
                                       ? ""
                                       : " and tell them the request id " + call_.provider.request_id);
            case ErrorType::MalformedResponse:
                return "The answer is not what this endpoint should send. Check that the upstream's URL is "
                       "right and that nothing between changes the answer.";
            case ErrorType::Cancelled:
                return "The call was cancelled before it ended.";
        }
        return {};
    }

  private:
    [[nodiscard]] std::string wait(std::string_view otherwise = "") const {
        const auto ms = call_.error.retry_after_ms;
        if (!ms || *ms == 0) return std::string(otherwise);
        return fmt::format(" Wait {}, then try again.", wait_text(*ms));
    }

    [[nodiscard]] std::string region() const {
        return call_.provider.region.empty() ? "" : fmt::format(" The region was {}.", call_.provider.region);
    }

    [[nodiscard]] std::string authentication() const {
        return fmt::format(
            "{} did not accept {}. It expects {}{}. A key of another provider, project or region is refused "
            "too.",
            title_, call_.who.api_key_id.empty() ? "the key, or there was none" : key_, service_.credential,
            service_.keys_url.empty() ? ""
                                      : fmt::format("; keys are made and revoked{}", at(service_.keys_url)));
    }

    [[nodiscard]] std::string rate_limit() const {
        std::string name = hit_.name.empty() ? "requests or tokens" : std::string(hit_.name);
        if (hit_.limit) name = fmt::format("{} {}", count(*hit_.limit), name);
        if (hit_.beyond_reach()) {
            return fmt::format(
                "This one request needs {}, and the limit of {} for {} is {}: waiting will not help. Make it "
                "smaller, or raise the limit{}.",
                count(*hit_.requested), model_, key_, name, at(service_.limits_url));
        }
        return fmt::format(
            "The limit of {} for {} on {} is reached.{} Send fewer or smaller requests at a time, or raise "
            "the limit{}.",
            name, key_, model_, wait(" Wait a little, then try again, longer each time."),
            at(service_.limits_url));
    }

    [[nodiscard]] std::string context_length() const {
        const TooLong size = too_long_in(error_.message);
        std::string what = fmt::format("The request is longer than {} takes.", model_);
        if (size.tokens && size.maximum) {
            what = fmt::format("The request has {} tokens, {} takes {}: {} too many.", count(*size.tokens),
                               model_, count(*size.maximum), count(*size.tokens - *size.maximum));
        } else if (size.maximum) {
            what = fmt::format("The request is longer than the {} tokens that {} takes.",
                               count(*size.maximum), model_);
        }
        return what +
               " Shorten the messages, ask for fewer output tokens, or use a model with a larger context.";
    }

    [[nodiscard]] std::string content_filter() const {
        std::string categories;
        for (const std::string& category : error_.categories) {
            if (categories.size() > 200) break;
            categories += (categories.empty() ? "" : ", ") + std::string(utf8_prefix(category, 60));
        }
        return fmt::format(
            "{}'s content filter stopped this call{}. Change the prompt, or the filter's settings where the "
            "provider has them.",
            title_, categories.empty() ? "" : fmt::format(" ({})", categories));
    }

    const Call& call_;
    const ProviderError& error_;
    const LimitHit& hit_;
    const Service& service_;
    std::string title_;
    std::string key_;
    std::string model_;
};

}  // namespace

std::string advice_on(const Call& call, const ProviderError& error, const LimitHit& hit) {
    if (!call.error.type) return {};
    std::string text = Advice(call, error, hit).text();
    if (text.starts_with("the ")) text[0] = 'T';  // "the Gemini API did not …"
    return std::string(utf8_prefix(text, kMaxAdvice));
}

std::string advice_on(const Call& call) {
    return advice_on(call, {}, {});
}

}  // namespace steno::providers
