// What is done when the program crashes: one line is written to a file that was opened, and whose space was taken,
// beforehand, and then the signal has the effect that it has by default.
#pragma once

#include <filesystem>

namespace talome::crash {

/// For SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT and SIGTRAP; std::terminate, a pure virtual call and a failed
/// operator new in noexcept code end in SIGABRT. To be called once, by main(), early. Throws std::system_error.
///
/// A line is a JSON object: at (ms since the epoch), signal, code, address, plugin (empty: the host's own), operation,
/// caller (the operation around it, if any), module, offset (of the instruction in it), pid, thread, version.
void install(const std::filesystem::path& file);

/// The records were read, and are kept elsewhere: the file is empty again. Throws std::system_error.
void emptyFile();

} // namespace talome::crash
