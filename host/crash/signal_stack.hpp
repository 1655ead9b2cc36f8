// A stack of its own for signals, without which a stack overflow could not be told: nothing is left to tell it on.
#pragma once

namespace talome::crash {

/// For this thread, until it ends. A thread that cannot have one goes on without.
void giveSignalStack() noexcept;

} // namespace talome::crash
