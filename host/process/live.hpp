// A program that goes on: its output comes to the plugin's strand, its input waits in a queue, and no thread is spent.
#pragma once

#include "host/crash/scope.hpp"
#include "host/process/child.hpp"
#include "host/process/stdio.hpp"
#include "host/tasks/pool.hpp"
#include "host/tasks/reactor.hpp"

#include <functional>
#include <memory>
#include <mutex>

namespace talome::process {

/// Any thread, unless said otherwise. The reactor holds it while it runs.
class Live : public std::enable_shared_from_this<Live> {
public:
    /// `ended` comes once, on the reactor's thread, when nothing is left of the program; `told` on the strand, after
    /// events.exited, and not at all once the strand is closed.
    using Ended = std::function<void(const talome_process_result&)>;

    Live(tasks::Reactor&, std::shared_ptr<tasks::Strand>, crash::Usage&, talome_process_events, std::uint64_t number,
         Spec spec, Ended ended, std::function<void()> told);
    ~Live();
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;

    void watch(); ///< once, after it was made

    talome_status write(std::string_view);
    talome_status closeInput();
    void pause(bool);
    void signal(int number);
    void end(std::uint64_t graceMs);
    /// Nothing is read or told any more; after the strand was closed.
    void forget();

private:
    struct Output {
        http::Descriptor from;
        int stream;
        std::uint64_t watch = 0; ///< in the reactor; 0: none
        std::uint64_t left = 0;
        bool cut = false;
    };

    void onReport();
    void onReadable(Output&);
    void onWritable();
    bool deliver(Output&); ///< [strand]; false if nothing was there
    void finish();         ///< [strand]
    bool flush();          ///< under mutex_; false if it has to wait
    void closeInputNow();  ///< under mutex_

    tasks::Reactor& reactor_;
    const std::shared_ptr<tasks::Strand> strand_;
    crash::Usage& usage_; ///< of the plugin's code
    const talome_process_events events_;
    const std::uint64_t number_;
    const std::uint64_t queueLimit_, graceMs_;
    const bool cutOutput_;
    const Ended ended_;
    const std::function<void()> told_;
    std::optional<Child> child_;
    std::uint64_t childWatch_ = 0;
    std::vector<char> buffer_; ///< of the strand

    std::mutex mutex_; ///< of what follows; never held while the plugin is called
    Output output_, errors_;
    http::Descriptor input_;
    std::uint64_t inputWatch_ = 0;
    std::string queue_;
    bool closing_ = false, wantsRoom_ = false, paused_ = false, forgotten_ = false, tooMuch_ = false, finished_ = false;
    std::optional<talome_process_result> result_; ///< it has ended
};

} // namespace talome::process
