package dev.ratoon.simulation;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.api.JoinTokenRequest;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.fleet.AgentEndpoints;
import dev.ratoon.protocol.fleet.JoinRequest;
import dev.ratoon.protocol.fleet.JoinToken;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The hosts of a simulated fleet: the library's, which is the server's own machine, and so many
 * others, in clusters, which have joined over the API with tokens as real ones do.
 */
final class Fleet {
  private static final int HOSTS_OF_A_CLUSTER = 500;
  private static final int THREADS = 8;
  private static final int[] MEMORY_GIB = {64, 64, 128, 256};

  private final List<SimulatedHost> hosts = new ArrayList<>();

  /**
   * @param seed of all that hosts leave to chance
   * @param warm how many bases a host has from the time before, at most
   */
  Fleet(int count, Surroundings around, long seed, int warm) {
    Random sizes = new Random(seed);
    for (int number = 0; number <= count; number++) {
      Random random = new Random(seed * 31 + number);
      boolean library = number == 0;
      SimulatedHost.Self self =
          new SimulatedHost.Self(
              number,
              new HostId(
                  new UUID((sizes.nextLong() & ~0xf000L) | 0x4000L, number | Long.MIN_VALUE)),
              new EntityName(library ? "library" : "host-" + number),
              library
                  ? HostSize.LIBRARY
                  : HostSize.of(MEMORY_GIB[sizes.nextInt(MEMORY_GIB.length)]));
      Links.Link link =
          around
              .links()
              .add(
                  self.id(),
                  library ? Links.LIBRARY_BYTES_PER_SECOND : Links.HOST_BYTES_PER_SECOND);
      SimulatedHost host =
          new SimulatedHost(self, around, new AstrayLink(around, number, random), link, random);
      for (int i = 0; i < warm; i++) {
        host.give(around.catalogue().anyBase(random));
      }
      hosts.add(host);
    }
    around.catalogue().bases().forEach(base -> hosts.getFirst().give(base.id()));
  }

  /** All of them; the first is the library's. */
  List<SimulatedHost> hosts() {
    return hosts;
  }

  /** Those that VMs may go to. */
  List<SimulatedHost> workers() {
    return hosts.subList(1, hosts.size());
  }

  /** Lets all but the library's join. */
  void join(ApiClient api) {
    String key = publicKey();
    inParallel(
        workers().stream().<Runnable>map(host -> () -> join(api, host.self(), key)).toList());
  }

  private static void join(ApiClient api, SimulatedHost.Self self, String key) {
    String text =
        api.call(
                HostEndpoints.JOIN_TOKEN,
                Params.NONE,
                new JoinTokenRequest(
                    Optional.of(new EntityName("cluster-" + self.number() / HOSTS_OF_A_CLUSTER)),
                    List.of(),
                    Optional.empty()))
            .token();
    var _ =
        api.call(
            AgentEndpoints.JOIN,
            Params.NONE,
            new JoinRequest(JoinToken.parse(text).secretText(), self.id(), self.name(), key));
  }

  /** One key does for all: nobody checks it here. */
  private static String publicKey() {
    try {
      KeyPairGenerator keys = KeyPairGenerator.getInstance("EC");
      keys.initialize(256);
      return Base64.getEncoder().encodeToString(keys.generateKeyPair().getPublic().getEncoded());
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  /** Lets all agents start. */
  void start() {
    inParallel(hosts.stream().<Runnable>map(host -> host::start).toList());
  }

  private static void inParallel(List<Runnable> all) {
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<?>> begun = new ArrayList<>();
      all.forEach(one -> begun.add(threads.submit(one)));
      for (Future<?> each : begun) {
        each.get();
      }
    } catch (InterruptedException | ExecutionException failed) {
      throw new IllegalStateException("a fleet could not be made", failed);
    }
  }
}
