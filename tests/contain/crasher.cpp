// Brings the server down, in the way and at the moment that it is asked for.
#include <talome/plugin.hpp>

#include <cstdlib>
#include <thread>

namespace {

enum class How { null, overflow, abort, terminate, pureVirtual, task, event, thread, abortInThread };
BOOST_DESCRIBE_ENUM(How, null, overflow, abort, terminate, pureVirtual, task, event, thread, abortInThread)

struct Crash {
    How how;
};
BOOST_DESCRIBE_STRUCT(Crash, (), (how))
struct Nothing {
    int crashed = 0;
};
BOOST_DESCRIBE_STRUCT(Nothing, (), (crashed))

int* volatile nowhere = nullptr;

void readNull() { *nowhere = 1; }

int (*volatile deeper)(int); // through which no compiler sees that it never ends
[[gnu::noinline]] int descend(int depth) {
    deeper = &descend;
    volatile char frame[4096];
    frame[depth % 4096] = static_cast<char>(depth);
    return deeper(depth + 1) + frame[depth % 4096];
}

[[gnu::noinline]] void throwIt() { throw std::runtime_error("nobody catches this"); }
void throwWithin() noexcept { throwIt(); }

struct Base {
    Base() { called(); }
    virtual ~Base() = default;
    [[gnu::noinline]] void called() { pure(); }
    virtual void pure() = 0;
};
struct Derived : Base {
    void pure() override {}
};

class Crasher : public talome::Plugin {
public:
    explicit Crasher(talome::Registry& registry) : host_(registry.host()) {
        registry.operation("crasher.crash", "Crashes", talome::admin, talome::Tier::modify, this, &Crasher::crash)
            .route("POST", "/api/crasher/{how}");
        registry
            .operation("crasher.ping", "Says that it is there", talome::anyone, talome::Tier::read, this,
                       &Crasher::ping)
            .route("GET", "/api/crasher");
        registry.task("crasher.work", "Crashes", this, &Crasher::work);
        registry.topic<Nothing>("crasher.told", "Something that crashes who hears it", talome::admin);
        registry.on("crasher.told", this, &Crasher::heard);
        at("create");
    }
    void start() { at("start"); }

private:
    static void at(const std::string& moment) {
        const char* wanted = std::getenv("CRASHER_AT");
        if (wanted && wanted == moment) readNull();
    }

    void ping() {}
    void work() { readNull(); }
    void heard(std::string_view, std::string_view) { readNull(); }

    void crash(const Crash& input) {
        switch (input.how) {
        case How::null:
            return readNull();
        case How::overflow:
            nowhere = nullptr;
            if (descend(0) == 7) host_.info("it went deep");
            return;
        case How::abort:
            std::abort();
        case How::terminate:
            throwWithin();
            return;
        case How::pureVirtual:
            Derived();
            return;
        case How::task:
            host_.wake("crasher.work");
            return;
        case How::event:
            host_.publish("crasher.told", Nothing{});
            return;
        case How::thread:
            std::thread(readNull).detach();
            return;
        case How::abortInThread:
            std::thread([] { throwWithin(); }).detach();
            return;
        }
    }

    talome::Host host_;
};

} // namespace

TALOME_PLUGIN(Crasher, "crasher", "1.0.0", "Crashes the server.")
