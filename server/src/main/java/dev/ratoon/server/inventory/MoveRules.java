package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.GroupRule;
import dev.ratoon.model.HostId;
import dev.ratoon.placement.Wishes;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.MigrateRequest;
import dev.ratoon.protocol.api.MigrationMode;
import dev.ratoon.protocol.api.PlaceRequest;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where a VM that is there already may go. What its owner asked of its host when it was made holds
 * wherever it is: tags, architecture, processors, accelerator, group. The hosts that were named
 * then said only where it begins; its cluster holds unless somebody says otherwise. Cluster and
 * tags hold no longer once it is elsewhere, or its host has others: then somebody wanted it so. One
 * that moves while it runs finds on the other host what it was started with, or does not go there.
 */
record MoveRules(Hosts hosts, Placements placements) {

  /**
   * What is asked of the other host.
   *
   * @throws dev.ratoon.model.RatoonException {@code not-found} if the request names a host or a
   *     cluster that does not exist
   */
  Wishes wishes(
      Transaction tx, VmRow vm, VmReport seen, MigrationMode mode, MigrateRequest request) {
    Wishes asked = placements.wishes(request.place());
    PlaceRequest own = vm.spec().asked().orElse(PlaceRequest.ANYWHERE);
    Optional<HostFacts> here = hosts.find(vm.host()).map(Hosts.Seen::report).map(HostReport::facts);
    boolean live = mode == MigrationMode.LIVE;
    boolean named = !asked.hosts().isEmpty();
    Optional<Member> at = member(vm);
    Set<String> tags = new HashSet<>(asked.tags());
    if (at.filter(member -> member.tags().containsAll(own.tags())).isPresent()) {
      tags.addAll(own.tags());
    }
    Wishes wishes =
        new Wishes(
            asked.hosts(),
            asked
                .cluster()
                .or(() ->
                    own.cluster()
                        .filter(c -> at.flatMap(Member::cluster).equals(Optional.of(c)))
                        .filter(_ -> !named)),
            tags,
            own.architecture()
                .or(asked::architecture)
                .or(() -> here.flatMap(HostFacts::architecture)),
            greater(asked.cpuLevel(), own.cpuLevel()),
            live ? here.map(HostFacts::accelerator) : own.accelerator().or(asked::accelerator),
            // Where its group is, is known better here: it is itself on the host that it leaves.
            Optional.empty());
    Optional<Group> group = grouping(vm, request).map(each -> group(tx, vm, each));
    Map<HostId, String> against =
        reasonsAgainst(tx, vm, live ? seen.machine() : Optional.empty(), group);
    if (!live) {
      PinnedMachines.of(hosts, tx.fleet().settings())
          .ruledOut(vm.spec().firmware())
          .forEach((host, why) -> against.merge(host, why, (one, other) -> one + "; " + other));
    }
    return wishes.without(against);
  }

  /** Where the VM is: what its owner asked for that this host lacks is no longer held. */
  private Optional<Member> member(VmRow vm) {
    return hosts.member(vm.host());
  }

  private static Optional<Integer> greater(Optional<Integer> one, Optional<Integer> other) {
    return Stream.concat(one.stream(), other.stream()).max(Integer::compare);
  }

  private Map<HostId, String> reasonsAgainst(
      Transaction tx, VmRow vm, Optional<String> machine, Optional<Group> group) {
    Set<HostId> tidying =
        tx.migrations().of(vm.id()).stream()
            .flatMap(row -> Stream.of(row.source(), row.target()))
            .collect(Collectors.toSet());
    Map<HostId, String> against = new HashMap<>();
    for (Hosts.Seen each : hosts.any()) {
      HostReport host = each.report();
      List<String> reasons = new ArrayList<>();
      if (tidying.contains(host.id())) {
        reasons.add("still puts away what it had of the VM before, which takes a moment");
      }
      if (host.chunkAddress().isEmpty()) {
        reasons.add("does not listen for other hosts");
      }
      machine
          .filter(
              type -> !host.facts().machines().isEmpty() && !host.facts().machines().contains(type))
          .ifPresent(type -> reasons.add("its QEMU has no machine " + type));
      group.flatMap(rule -> rule.reasonAgainst(host.id())).ifPresent(reasons::add);
      if (!reasons.isEmpty()) {
        against.put(host.id(), String.join("; ", reasons));
      }
    }
    return against;
  }

  /**
   * A group as a VM that moves finds it.
   *
   * @param others where its other VMs are, or go
   * @param names those hosts, for people
   */
  private record Group(EntityName name, GroupRule rule, Set<HostId> others, String names) {
    Optional<String> reasonAgainst(HostId host) {
      return switch (rule) {
        case APART ->
            others.contains(host)
                ? Optional.of("has a VM of the group '" + name + "', which are kept apart")
                : Optional.empty();
        case TOGETHER ->
            others.isEmpty() || others.contains(host)
                ? Optional.empty()
                : Optional.of(
                    "the VMs of the group '" + name + "', which stay together, are on " + names);
      };
    }
  }

  /** Its own group, or one that only the request names. */
  private static Optional<PlaceRequest> grouping(VmRow vm, MigrateRequest request) {
    return vm.spec()
        .asked()
        .filter(own -> own.group().isPresent())
        .or(() -> request.place().filter(asked -> asked.group().isPresent()));
  }

  private Group group(Transaction tx, VmRow vm, PlaceRequest asked) {
    EntityName name = asked.group().orElseThrow();
    GroupRule rule = asked.rule().orElseThrow();
    Set<HostId> others = others(tx, vm, name, rule);
    return new Group(name, rule, others, names(others));
  }

  /**
   * Those that are together leave a host that is drained one by one: what is still there follows
   * the first.
   */
  private Set<HostId> others(Transaction tx, VmRow vm, EntityName group, GroupRule rule) {
    Set<HostId> others = tx.placement().group(vm.tenant(), group, vm.id());
    return switch (rule) {
      case APART -> others;
      case TOGETHER -> others.stream().filter(host -> !isDrained(host)).collect(Collectors.toSet());
    };
  }

  private boolean isDrained(HostId host) {
    return hosts.member(host).filter(Member::draining).isPresent();
  }

  private String names(Set<HostId> some) {
    return Words.some(some.stream().map(hosts::nameOf).sorted().toList());
  }
}
