// Which job is next, how it is run, and what becomes of it.
#include "host/jobs/jobs.hpp"

#include "host/log/log.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace talome::jobs {

std::shared_ptr<Offer> Jobs::offer(std::string plugin, Home home, std::vector<Kind> kinds) {
    auto made = std::make_shared<Offer>(plugin, std::move(home), std::move(kinds));
    std::vector<Job> orphans; // of kinds that it had, and has no more
    {
        const std::lock_guard lock(mutex_);
        for (auto it = queue_.begin(); it != queue_.end();) {
            const bool orphan = (*it)->plugin() == plugin && !made->find((*it)->kind());
            if (orphan) orphans.push_back(*it);
            it = orphan ? queue_.erase(it) : std::next(it);
        }
        offers_[std::move(plugin)] = made;
    }
    for (const auto& job : orphans)
        end(job, State::interrupted, TALOME_E_UNAVAILABLE,
            job->plugin() + " runs no jobs of the kind " + job->kind() + " any more");
    dispatch();
    return made;
}

void Jobs::withdraw(Offer& offer) {
    offer.withdrawn = true;
    const std::lock_guard lock(mutex_);
    const auto it = offers_.find(offer.plugin);
    if (it != offers_.end() && it->second.get() == &offer) offers_.erase(it);
}

void Jobs::finish(Offer& offer) {
    withdraw(offer);
    offer.cancelled = true;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
        return std::ranges::none_of(running_, [&](const auto& each) { return each.second.get() == &offer; });
    });
}

/// Of the plugins that may run one more, the one that runs the fewest; of its jobs the oldest.
Jobs::Job Jobs::next(int atOnce, int ofPlugin, std::shared_ptr<Offer>& offer) {
    if (running_.size() >= static_cast<std::size_t>(std::max(atOnce, 1))) return nullptr;
    std::map<std::string_view, int> counts;
    for (const auto& [job, of] : running_) ++counts[job->plugin()];
    auto best = queue_.end();
    for (auto it = queue_.begin(); it != queue_.end(); ++it) {
        const auto count = counts[(*it)->plugin()];
        if (count >= std::max(ofPlugin, 1) || !offers_.contains((*it)->plugin())) continue;
        if (best == queue_.end() || count < counts[(*best)->plugin()]) best = it;
    }
    if (best == queue_.end()) return nullptr;
    auto job = *best;
    offer = offers_.at(job->plugin());
    queue_.erase(best);
    running_.emplace(job, offer);
    return job;
}

void Jobs::dispatch() {
    const int atOnce = rules_.atOnce(), ofPlugin = rules_.atOnceOfPlugin();
    for (;;) {
        std::shared_ptr<Offer> offer;
        const std::lock_guard lock(mutex_);
        const auto job = next(atOnce, ofPlugin, offer);
        if (!job) return;
        pool_.post([this, job, offer] { run(job, offer); });
    }
}

void Jobs::run(const Job& job, const std::shared_ptr<Offer>& offer) {
    try {
        runOnce(job, offer);
    } catch (const std::exception& error) { // its state could not be written
        log::error("host", "job " + job->id() + ": " + error.what());
        forget(job);
    }
    bool left = false; // cancelled after its run had ended
    {
        const std::lock_guard lock(mutex_);
        running_.erase(job);
        left = live_.contains(job->id()) && job->cancelAsked();
        if (live_.contains(job->id()) && !left) { // it goes on later: before those that were begun after it
            const auto isLater = [&](const Job& each) { return each->createdAt() > job->createdAt(); };
            queue_.insert(std::ranges::find_if(queue_, isLater), job);
        }
    }
    if (left) end(job, State::cancelled, TALOME_E_CANCELLED, "cancelled");
    changed_.notify_all();
    dispatch();
}

void Jobs::runOnce(const Job& job, const std::shared_ptr<Offer>& offer) {
    const auto before = job->record();
    if (before.cancelAsked) return end(job, State::cancelled, TALOME_E_CANCELLED, "cancelled");
    if (const auto why = rules_.refusal(before); !why.empty()) return end(job, State::failed, TALOME_E_DENIED, why);
    const auto inside = offer->withdrawn ? nullptr : offer->home.enter();
    if (!inside) return; // replaced before it began
    const auto* kind = offer->find(before.kind);
    job->begin();
    talome_job_run run{job, offer, job->record(), rules_.now() + kind->declared.limitMs, rules_.now};
    settle(job, run, kind->run(run));
}

void Jobs::settle(const Job& job, const talome_job_run& run, Outcome outcome) {
    if (outcome.status >= 0) {
        boost::system::error_code error;
        if (!outcome.result.empty()) boost::json::parse(outcome.result, error);
        if (!error)
            return end(job, State::done, 0, "",
                       outcome.result.empty() ? std::nullopt : std::optional(std::move(outcome.result)));
        outcome = {TALOME_E_INTERNAL, "its result is not JSON: " + error.message(), ""};
    }
    if (job->cancelAsked()) {
        const auto why = job->whyCancelled();
        return end(job, State::cancelled, why.empty() ? TALOME_E_CANCELLED : TALOME_E_DENIED,
                   why.empty() ? "cancelled" : why);
    }
    if (outcome.status == TALOME_E_CANCELLED) {
        if (run.offer->withdrawn) {
            if (run.begun.resumable) return job->requeue();
            return end(job, State::interrupted, TALOME_E_UNAVAILABLE,
                       job->plugin() + " was ended or replaced while it ran");
        }
        if (run.isLate()) return end(job, State::failed, TALOME_E_TIMEOUT, "it took longer than its kind may");
    }
    if (outcome.status == TALOME_E_INTERNAL) { // words that are not for users
        log::error(job->plugin(), "job " + job->id() + " (" + job->kind() + ") failed: " + outcome.words);
        outcome.words = "internal error; the server's log has the reason under the job's id";
    }
    end(job, State::failed, outcome.status, outcome.words.empty() ? "it failed, and gave no reason" : outcome.words);
}

void Jobs::end(const Job& job, State state, std::int32_t status, const std::string& words,
               std::optional<std::string> result) {
    try {
        job->settle(state, status, words, std::move(result));
        log::info("host", "job " + job->id() + " (" + job->kind() + ", " + job->record().owner.username + ") is " +
                              boost::describe::enum_to_string(state, "") + (words.empty() ? "" : ": " + words));
        store_.prune(rules_.now());
    } catch (const std::exception& error) {
        log::error("host", "the end of job " + job->id() + " could not be written: " + error.what());
    }
    forget(job);
}

void Jobs::forget(const Job& job) {
    {
        const std::lock_guard lock(mutex_);
        live_.erase(job->id());
    }
    changed_.notify_all();
}

} // namespace talome::jobs
