package dev.ratoon.agent.vm;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.BitSet;

/**
 * The ports of the host's loopback that lead to the SSH of guests in user-mode networks. They lie
 * below the range from which Linux gives ports to outgoing connections.
 */
final class SshPorts {
  private static final int FIRST = 22_000;
  private static final int COUNT = 4_000;
  private final BitSet taken = new BitSet(COUNT);

  /** A port that no VM has and nobody listens on. */
  synchronized int take() {
    for (int i = taken.nextClearBit(0); i < COUNT; i = taken.nextClearBit(i + 1)) {
      taken.set(i);
      if (isFree(FIRST + i)) {
        return FIRST + i;
      }
    }
    throw Problem.of(ErrorCode.HYPERVISOR_REFUSED, "finding a port for a guest's SSH")
        .detail("All ports from %d to %d are taken.".formatted(FIRST, FIRST + COUNT - 1))
        .asException();
  }

  /** A VM has this one already. */
  synchronized void taken(int port) {
    if (port >= FIRST && port < FIRST + COUNT) {
      taken.set(port - FIRST);
    }
  }

  synchronized void giveBack(int port) {
    if (port >= FIRST && port < FIRST + COUNT) {
      taken.clear(port - FIRST);
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return probe.isBound();
    } catch (IOException inUse) {
      return false;
    }
  }
}
