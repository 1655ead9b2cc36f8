// What all active plugins offer to models, automations and bots: for plugins that are a way to it. A plugin that uses
// this says registry.needs(TALOME_TOOLS).
#pragma once

#include "host.hpp"

#include <exception>
#include <functional>

namespace talome {

enum class Offer { tool = TALOME_OFFER_TOOL, resource = TALOME_OFFER_RESOURCE, prompt = TALOME_OFFER_PROMPT };

/// How one is called. The callbacks are called while call() runs, on its thread; `stopped` on any.
struct OfferCall {
    std::string origin, approval; ///< as in CallOptions
    std::function<bool()> stopped = {};
    std::function<void(std::string_view kind, std::string_view json)> told = {};
    /// Returns the answer, or throws an Error, which is what the asking handler gets.
    std::function<std::string(std::string_view key, std::string_view kind, std::string_view question)> asked = {};
};

/// What came of it. A failure is told, not thrown: it is an answer to the model.
struct OfferAnswer {
    talome_status status = TALOME_OK;
    bool known = false;       ///< false: there is nothing of that name for the caller
    std::string type, output; ///< media type, and what was answered
    std::string words;        ///< of a failure
    std::string approval;     ///< of one for want of a person's leave: what the person answers
};

/// [worker, strand]
class Offers {
public:
    explicit Offers(const Host& host) : areas_(&host.areas()) {}

    /// A JSON array, see tools.h.
    std::string list(const Call& call, Offer kind) const {
        detail::Collected json;
        areas_->check(
            table().list(areas_->self(), call.raw(), static_cast<std::int32_t>(kind), &detail::Collected::take, &json));
        return json.done();
    }

    /// The same in the pieces in which it comes, for lists that are large.
    void listTo(const Call& call, Offer kind, const std::function<void(std::string_view)>& piece) const {
        struct Sink {
            const std::function<void(std::string_view)>& piece;
            std::exception_ptr failed{}; // nothing may be thrown through the caller, which may be C
            static void take(void* to, talome_bytes bytes) noexcept {
                auto& self = *static_cast<Sink*>(to);
                if (self.failed) return;
                try {
                    self.piece(view(bytes));
                } catch (...) {
                    self.failed = std::current_exception();
                }
            }
        } sink{piece};
        areas_->check(table().list(areas_->self(), call.raw(), static_cast<std::int32_t>(kind), &Sink::take, &sink));
        if (sink.failed) std::rethrow_exception(sink.failed);
    }

    /// `name`: of a resource its URI. `input`: one JSON object.
    OfferAnswer call(const Call& call, const OfferCall& how, Offer kind, std::string_view name,
                     std::string_view input) const {
        detail::Collected output, type, needed, words;
        Behind behind{areas_, &how};
        const talome_call_options options{sizeof options,
                                          0,
                                          how.origin.empty() ? nullptr : how.origin.c_str(),
                                          how.approval.empty() ? nullptr : how.approval.c_str(),
                                          &detail::Collected::take,
                                          &needed,
                                          how.stopped ? &Behind::stopped : nullptr,
                                          how.told ? &Behind::told : nullptr,
                                          how.asked ? &Behind::asked : nullptr,
                                          &behind};
        OfferAnswer answer;
        answer.status = table().call(areas_->self(), call.raw(), &options, static_cast<std::int32_t>(kind), str(name),
                                     bytes(input), &detail::Collected::take, &output, &detail::Collected::take, &type);
        if (answer.status < 0) {
            areas_->host()->why(areas_->self(), &detail::Collected::take, &words);
            answer.words = words.done();
        }
        answer.type = type.done();
        answer.known = !answer.type.empty();
        answer.output = output.done();
        answer.approval = needed.done();
        return answer;
    }

private:
    struct Behind {
        const detail::Areas* areas;
        const OfferCall* how;
        static std::int32_t stopped(void* user) noexcept {
            const auto& self = *static_cast<Behind*>(user);
            bool stopped = true; // by an exception, too
            detail::guardQuietly(*self.areas, [&] { stopped = self.how->stopped(); });
            return stopped ? 1 : 0;
        }
        static void told(void* user, talome_str kind, talome_bytes json) noexcept {
            const auto& self = *static_cast<Behind*>(user);
            detail::guardQuietly(*self.areas, [&] { self.how->told(view(kind), view(json)); });
        }
        static talome_status asked(void* user, talome_str key, talome_str kind, talome_bytes question,
                                   talome_sink answer, void* to) noexcept {
            const auto& self = *static_cast<Behind*>(user);
            return detail::guard(*self.areas, [&] {
                const auto text = self.how->asked(view(key), view(kind), view(question));
                answer(to, bytes(text));
            });
        }
    };

    const talome_tools& table() const { return *areas_->get<talome_tools>(); }
    const detail::Areas* areas_;
};

} // namespace talome
