package dev.ratoon.lab.life;

import dev.ratoon.lab.Fleet;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** What can fail while something goes from one host to another, or happens on one. */
enum Victim {
  SOURCE_AGENT,
  TARGET_AGENT,
  SOURCE_LIBVIRTD,
  TARGET_LIBVIRTD,
  SERVER,
  CABLE;

  /** Whether it takes part in what happens on the source alone. */
  boolean isAtTheSource() {
    return switch (this) {
      case SOURCE_AGENT, SOURCE_LIBVIRTD, SERVER, CABLE -> true;
      case TARGET_AGENT, TARGET_LIBVIRTD -> false;
    };
  }

  /** Kills it with -9, or pulls the source's cable; after a while it is started, or plugged in. */
  void fail(LifeFleet fleet, int source, int target, Duration away) {
    Fleet machines = fleet.fleet.machines();
    switch (this) {
      case SOURCE_AGENT -> agent(fleet, source, away);
      case TARGET_AGENT -> agent(fleet, target, away);
      case SOURCE_LIBVIRTD -> libvirtd(machines, source, away);
      case TARGET_LIBVIRTD -> libvirtd(machines, target, away);
      case SERVER -> agent(fleet, 1, away);
      case CABLE -> {
        machines.link(source, false);
        wait(away);
        machines.link(source, true);
      }
    }
  }

  private static void agent(LifeFleet fleet, int host, Duration away) {
    fleet.host(host).killRatoon();
    wait(away);
    if (host == 1) {
      fleet.upAgain();
    } else {
      fleet.host(host).ratoon("agent", "up");
    }
  }

  private static void libvirtd(Fleet machines, int host, Duration away) {
    machines.killLibvirtd(host);
    wait(away);
    machines.startLibvirtd(host);
  }

  static void wait(Duration time) {
    LockSupport.parkNanos(time.toNanos());
  }
}
