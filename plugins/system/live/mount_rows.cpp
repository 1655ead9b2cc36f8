#include "live/mount_rows.hpp"

#include "live/timestamp.hpp"

namespace talome::system {

std::vector<MountStats> mountRows(const std::vector<MountState>& states, std::int64_t nowMs) {
    std::vector<MountStats> rows;
    const auto now = std::chrono::steady_clock::now();
    for (const MountState& state : states) {
        MountStats row;
        row.fs = state.mount.source;
        row.mount = state.mount.path;
        row.type = nameOf(state.mount.kind);
        row.fstype = state.mount.fstype;
        row.readOnly = state.mount.readOnly;
        row.options = state.mount.options;
        row.device = state.mount.device;
        if (state.space) {
            if (state.space->total == 0) continue; // it holds nothing, as a control file system does
            row.usedBytes = state.space->used();
            row.totalBytes = state.space->total;
            row.availableBytes = state.space->available;
            row.percent = rounded(state.space->percent());
            if (const auto files = state.space->filesPercent()) row.inodesPercent = rounded(*files);
        }
        row.stale = state.unresponsive;
        if (!state.problem.empty()) row.problem = state.problem;
        if (!state.space && state.problem.empty()) row.problem = "it has not answered yet";
        if (state.at != MountState::Clock::time_point{})
            row.checkedAt = timestamp(nowMs - std::chrono::duration_cast<std::chrono::milliseconds>(now - state.at).count());
        rows.push_back(std::move(row));
    }
    return rows;
}

} // namespace talome::system
