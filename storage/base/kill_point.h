// Named places where a test makes the process die as by `kill -9`.
//
// `STRIA_KILL_AT=wal.append:17` in the environment kills the process when it passes the kill point
// `wal.append` for the 17th time. Without that variable a kill point costs one load and a branch.
// Kill points stand where a crash is most interesting: between the steps of an append, a segment
// roll, a flush, a manifest commit and recovery.

#pragma once

namespace stria {

namespace internal {

extern bool kill_points_enabled;
void PassKillPoint(const char* name);

}  // namespace internal

/// Calls `observer` with each name that is passed, until it is replaced; null for none. For tests
/// that simulate a death: they note where the engine is, or turn its disk off. Not while another
/// thread may pass a kill point.
void ObserveKillPoints(void (*observer)(const char* name));

/// Dies here if the environment asks for it. Requires a string literal.
inline void KillPoint(const char* name) {
  if (internal::kill_points_enabled) [[unlikely]]
    internal::PassKillPoint(name);
}

}  // namespace stria
