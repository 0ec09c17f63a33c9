package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.TimeSource;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.CloneRequest;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PlacementView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.GroupCommit;
import dev.ratoon.server.store.GroupCommit.Outcome;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import dev.ratoon.server.store.VmRow.Layering;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Accepts deploys. Those that come at the same time are one transaction, which finds the images,
 * checks the names, chooses hosts, reserves there, and writes VMs and operations down ({@link
 * DeployBatch}). What placement looked at still holds when it commits: on a database of one server
 * writers take turns; on one of several the hosts chosen are locked and looked at again.
 */
public final class Deploys {
  private static final int MAX_KEY = 200;
  private static final int LANES = 2;
  private static final int MOST_AT_ONCE = 256;
  private static final int MOST_WAITING = 4096;

  private final Database database;
  private final DeployBatch.Parts parts;
  private final GroupCommit<Wanted, List<OperationView>> commits =
      new GroupCommit<>(LANES, MOST_AT_ONCE, MOST_WAITING, this::all);

  Deploys(
      Database database,
      Hosts hosts,
      KnownVms known,
      Operations operations,
      Revisions revisions,
      PromiseMemory promises,
      TimeSource clock) {
    this.database = database;
    Placements placements = new Placements(hosts);
    this.parts =
        new DeployBatch.Parts(
            placements,
            new StandingFleet(database, placements, StandingFleet.SMALL, clock),
            known,
            operations,
            revisions,
            promises,
            clock);
  }

  /**
   * A request to be accepted.
   *
   * @param key makes it safe to repeat: the same key leads to the same operations
   * @param sha256 of the request, if there is a key
   */
  record Wanted(String tenant, DeployRequest request, Optional<String> key, String sha256) {}

  /**
   * Accepts the request, all of its VMs or none.
   *
   * @param key makes the request safe to repeat: the same key leads to the same operations
   */
  public List<OperationView> deploy(String tenant, DeployRequest request, Optional<String> key) {
    if (key.isPresent() && (key.get().isEmpty() || key.get().length() > MAX_KEY)) {
      throw Problem.of(ErrorCode.INVALID_REQUEST, "reading the header Idempotency-Key")
          .next("A key has 1 to " + MAX_KEY + " characters.")
          .asException();
    }
    String sha256 = key.isPresent() ? sha256(request) : "";
    return commits.submit(new Wanted(tenant, request, key, sha256));
  }

  /** What cannot be decided by the fleet's standing snapshot is decided by how it is now. */
  private List<Outcome<List<OperationView>>> all(List<Wanted> wanted) {
    List<Optional<Outcome<List<OperationView>>>> first =
        parts.fleet().isKept()
            ? database.write(tx -> new DeployBatch(parts, tx, false).accept(wanted))
            : wanted.stream().map(_ -> Optional.<Outcome<List<OperationView>>>empty()).toList();
    List<Wanted> left = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i++) {
      if (first.get(i).isEmpty()) {
        left.add(wanted.get(i));
      }
    }
    Iterator<Outcome<List<OperationView>>> second = fresh(left).iterator();
    return first.stream().map(outcome -> outcome.orElseGet(second::next)).toList();
  }

  private List<Outcome<List<OperationView>>> fresh(List<Wanted> left) {
    if (left.isEmpty()) {
      return List.of();
    }
    try {
      return database
          .<List<Optional<Outcome<List<OperationView>>>>>write(
              tx -> new DeployBatch(parts, tx, true).accept(left))
          .stream()
          .map(Optional::orElseThrow)
          .toList();
    } catch (RuntimeException failed) {
      return left.stream()
          .<Outcome<List<OperationView>>>map(_ -> new Outcome.Refused<>(failed))
          .toList();
    }
  }

  /**
   * A VM whose disks have become base disks, to make others on.
   *
   * @param vm as it was before
   * @param disks what its disks became
   * @param variables a base disk with its firmware's variables
   * @param report how its disks were then
   */
  record Origin(VmRow vm, List<DesiredDisk> disks, Optional<DiskId> variables, VmReport report) {}

  /** Accepts clones, all of them or none, as part of a change. */
  List<OperationView> clones(Transaction tx, Origin origin, CloneRequest request) {
    VmRow vm = origin.vm();
    Map<DiskId, Long> baseBytes = new HashMap<>();
    for (int i = 0; i < origin.disks().size(); i++) {
      long own =
          i < origin.report().disks().size() ? origin.report().disks().get(i).storedBytes() : 0;
      origin.disks().get(i).base().ifPresent(base -> baseBytes.put(base, own));
      // Where that is, only the difference to it has to move.
      VmRow.Disk before = vm.spec().disks().get(i);
      Optional<ImageRow> image = before.image().flatMap(ref -> tx.images().find(vm.tenant(), ref));
      before
          .made()
          .base()
          .ifPresent(
              base -> baseBytes.putIfAbsent(base, image.map(ImageRow::storedBytes).orElse(0L)));
    }
    Optional<Layering> flatten =
        request.full()
            ? Optional.of(
                Layering.of(
                    new DesiredLayering(
                        1,
                        LayerTask.FLATTEN,
                        false,
                        List.of(),
                        Optional.empty(),
                        Optional.empty())))
            : Optional.empty();
    return new DeployBatch(parts, tx, true)
        .accept(
            vm.tenant(),
            Blueprint.of(origin, request, baseBytes),
            spec -> spec.asClone(flatten, origin.variables()));
  }

  /** Where the VMs of this request would go. Nothing is changed. */
  public PlacementView tryOut(String tenant, DeployRequest request) {
    return database.read(tx -> {
      Settings settings = tx.fleet().settings();
      Blueprint blueprint =
          Blueprint.of(request, tx.images().keep(tenant, DeployBatch.images(request)), settings);
      VmNeeds needs = parts.placements().needs(tx, blueprint, settings);
      Hosts hosts = parts.placements().hosts();
      return new PlacementViews(hosts, ParentPaths.of(tx, hosts))
          .of(
              parts.fleet().looked(tx, tenant, needs, settings),
              needs,
              blueprint,
              Quotas.left(tx, tenant, blueprint.grownBytes()));
    });
  }

  private static String sha256(DeployRequest request) {
    try {
      byte[] json = Json.write(request).getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(json));
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
