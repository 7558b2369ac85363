// Ctrl-C and SIGTERM, for verbs that have something to finish or to say before they end.

#pragma once

namespace stria::cli {

/// From now on the signals do not end the process; Interrupted() tells of them. A second one does.
void CatchInterrupts();

/// Whether one has come.
bool Interrupted();

}  // namespace stria::cli
