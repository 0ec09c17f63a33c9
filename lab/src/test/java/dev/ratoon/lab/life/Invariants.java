package dev.ratoon.lab.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.lab.RatoonHost;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.api.VmView;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What must be true of a fleet whenever nothing is under way, whatever has happened to it. */
final class Invariants {
  private static final String FILES =
      "cd /srv/ratoon; ls -A vms; echo ,; virsh -q list --uuid --all; echo ,;"
          + " find cache/incoming -mindepth 1";

  private final LifeFleet fleet;

  Invariants(LifeFleet fleet) {
    this.fleet = fleet;
  }

  /** Waits for all operations, then for all hosts to have what they shall have and no more. */
  void check(LifeModel model) {
    fleet.settle();
    List<VmView> vms = fleet.control.vms();
    assertThat(vms)
        .extracting(vm -> vm.name().text())
        .containsExactlyInAnyOrderElementsOf(model.vms.keySet());
    for (int host = 1; host <= fleet.size(); host++) {
      awaitHost(host);
    }
    assertThat(trashed()).as("VMs in the hosts' trash").isEqualTo(model.trash.size());
  }

  private long trashed() {
    long found = 0;
    for (int host = 1; host <= fleet.size(); host++) {
      found += fleet.host(host).run("/bin/sh", "-c", "ls -A /srv/ratoon/trash").lines().count();
    }
    return found;
  }

  private void awaitHost(int number) {
    String[] last = {""};
    try {
      RatoonHost.await(
          "host " + number + " to have what it shall have",
          () -> {
            last[0] = difference(number);
            return Optional.of(last[0]).filter(String::isEmpty);
          });
    } catch (AssertionError inVain) {
      throw new AssertionError(inVain.getMessage() + ": " + last[0], inVain);
    }
  }

  /** What a host has and should not have, or the other way; empty when all is well. */
  private String difference(int number) {
    String name = fleet.name(number);
    List<VmView> here =
        fleet.control.vms().stream()
            .filter(vm -> vm.host().filter(host -> host.text().equals(name)).isPresent())
            .toList();
    String[] found = fleet.host(number).run("/bin/sh", "-c", FILES).split(",", -1);
    StringBuilder wrong = new StringBuilder();
    compare(wrong, "folders", ids(here), words(found[0]));
    compare(wrong, "domains", ids(running(here)), words(found[1]));
    compare(wrong, "arriving", Set.of(), words(found[2]));
    return wrong.toString();
  }

  private static List<VmView> running(List<VmView> vms) {
    return vms.stream()
        .filter(vm -> vm.state() == VmState.RUNNING || vm.state() == VmState.PAUSED)
        .toList();
  }

  private static Set<String> ids(List<VmView> vms) {
    return vms.stream().map(vm -> vm.id().toString()).collect(Collectors.toSet());
  }

  private static Set<String> words(String text) {
    return text.lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .collect(Collectors.toSet());
  }

  private static void compare(
      StringBuilder wrong, String what, Set<String> expected, Set<String> found) {
    if (!expected.equals(found)) {
      wrong.append("%s %s instead of %s. ".formatted(what, sorted(found), sorted(expected)));
    }
  }

  private static Set<String> sorted(Set<String> set) {
    return new TreeSet<>(set);
  }
}
