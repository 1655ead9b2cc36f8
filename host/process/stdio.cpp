// Pipes; what a one-shot program reads is a file in memory, for which nobody has to wait.
#include "host/process/stdio.hpp"

#include "host/gate/failure.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>

namespace talome::process {

namespace {

[[noreturn]] void failed(const char* what) {
    throw gate::Failure(TALOME_E_UNAVAILABLE, std::string(what) + ": " + std::strerror(errno));
}

struct Pipe {
    http::Descriptor read, write;
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) < 0) failed("pipe");
        read = http::Descriptor(ends[0]);
        write = http::Descriptor(ends[1]);
    }
    static http::Descriptor ours(http::Descriptor& end) {
        if (::fcntl(end.get(), F_SETFL, O_NONBLOCK) < 0) failed("pipe");
        return std::move(end);
    }
};

http::Descriptor fileOf(std::string_view text) {
    http::Descriptor file(::memfd_create("talome-input", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) failed("memfd");
    while (!text.empty()) {
        const auto n = ::write(file.get(), text.data(), text.size());
        if (n <= 0) failed("memfd");
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::lseek(file.get(), 0, SEEK_SET) < 0 ||
        ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) < 0)
        failed("memfd");
    return file;
}

http::Descriptor nothing() {
    http::Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null) failed("/dev/null");
    return null;
}

} // namespace

void Stdio::add(Spec& spec, int number, http::Descriptor theirs) {
    spec.order.numbers.push_back(number);
    spec.fds.push_back(theirs.get());
    theirs_.push_back(std::move(theirs));
}

Stdio::Stdio(Spec& spec, Kind kind) {
    if (!spec.has(0)) {
        if (!spec.input.empty()) {
            add(spec, 0, fileOf(spec.input));
        } else if (kind == Kind::oneShot) {
            add(spec, 0, nothing());
        } else {
            Pipe pipe;
            input = Pipe::ours(pipe.write);
            add(spec, 0, std::move(pipe.read));
        }
    }
    for (const int number : {1, 2}) {
        if (spec.has(number)) continue;
        Pipe pipe;
        (number == 1 ? output : errors) = Pipe::ours(pipe.read);
        add(spec, number, std::move(pipe.write));
    }
}

} // namespace talome::process
