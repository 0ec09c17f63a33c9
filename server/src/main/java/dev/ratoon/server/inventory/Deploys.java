package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.StepState;
import dev.ratoon.model.VmId;
import dev.ratoon.placement.Placement;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.CloneRequest;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PlacementView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.operations.Subject;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.IdempotencyTable.Accepted;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import dev.ratoon.server.store.VmRow.Layering;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * Accepts deploys: one transaction finds the images, checks the names, chooses hosts, reserves
 * there, and writes VMs and operations down. What placement looked at still holds when it commits:
 * on a database of one server writers take turns; on one of several {@link Reservations} looks
 * again.
 */
public final class Deploys {
  private static final int MAX_KEY = 200;

  private final Database database;
  private final Hosts hosts;
  private final Placements placements;
  private final StandingFleet fleet;
  private final KnownVms known;
  private final Operations operations;
  private final Revisions revisions;
  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();
  private final Reservations reservations;

  Deploys(
      Database database,
      Hosts hosts,
      KnownVms known,
      Operations operations,
      Revisions revisions,
      InstantSource clock) {
    this.database = database;
    this.hosts = hosts;
    this.placements = new Placements(hosts);
    this.fleet = new StandingFleet(database, placements, StandingFleet.SMALL);
    this.known = known;
    this.operations = operations;
    this.revisions = revisions;
    this.clock = clock;
    this.reservations = new Reservations(placements);
  }

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
    return database.write(tx -> {
      Optional<Accepted> before = key.flatMap(k -> tx.idempotency().find(tenant, k));
      if (before.isPresent()) {
        return repeated(tx, before.get(), sha256);
      }
      reservations.begin(tx);
      List<OperationView> begun = begin(tx, tenant, request);
      key.ifPresent(k -> {
        List<OperationId> ids = begun.stream().map(OperationView::id).toList();
        tx.idempotency().add(tenant, k, new Accepted(sha256, ids), clock.instant());
      });
      return begun;
    });
  }

  private List<OperationView> repeated(Transaction tx, Accepted before, String sha256) {
    if (!before.requestSha256().equals(sha256)) {
      throw Problem.of(ErrorCode.IDEMPOTENCY_MISMATCH, "accepting the deploy")
          .detail("Another request was accepted under the same Idempotency-Key.")
          .next("Send a new key with a new request.")
          .asException();
    }
    return before.operations().stream().flatMap(id -> operations.find(tx, id).stream()).toList();
  }

  private List<OperationView> begin(Transaction tx, String tenant, DeployRequest request) {
    Settings settings = tx.fleet().settings();
    Blueprint blueprint = Blueprint.of(request, images(tx, tenant, request), settings);
    return begin(tx, tenant, blueprint, spec -> spec);
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
    reservations.begin(tx);
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
    return begin(
        tx,
        vm.tenant(),
        Blueprint.of(origin, request, baseBytes),
        spec -> spec.asClone(flatten, origin.variables()));
  }

  private List<OperationView> begin(
      Transaction tx, String tenant, Blueprint blueprint, UnaryOperator<VmRow.Spec> made) {
    Instant now = clock.instant();
    Settings settings = tx.fleet().settings();
    DeployRequest request = blueprint.request();
    List<EntityName> names = free(tx, tenant, blueprint.names());
    VmNeeds needs = blueprint.needs(placements.wishes(request.place()));
    List<Placement.Place> places = places(tx, tenant, blueprint, needs, settings);
    List<HostId> chosen = places.stream().map(Placement.Place::host).toList();
    reservations.require(tx, tenant, needs, chosen, settings);
    Map<HostId, Long> revision = new HashMap<>();
    Macs macs = new Macs(random);
    List<VmRow> vms = new ArrayList<>();
    List<OperationView> begun = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      HostId host = places.get(i).host();
      VmRow vm =
          new VmRow(
              new VmId(UUID.randomUUID()),
              tenant,
              names.get(i),
              host,
              1,
              request.paused() ? DesiredPower.PAUSED : DesiredPower.RUNNING,
              1,
              revision.computeIfAbsent(host, h -> revisions.next(tx, h)),
              0,
              made.apply(
                  blueprint.spec(
                      request.networks().stream()
                          .map(network -> new DesiredNic(network, macs.next(tx)))
                          .toList(),
                      PlacementViews.placed(places.get(i)))),
              blueprint.diskBytes(),
              now,
              Optional.empty(),
              Optional.empty(),
              Optional.empty());
      vms.add(vm);
    }
    known.add(tx, vms);
    for (VmRow vm : vms) {
      OperationStep placed =
          OperationStep.waiting("place").begin(now).end(StepState.DONE, clock.instant());
      begun.add(
          operations
              .begin(
                  tx,
                  tenant,
                  OperationKind.DEPLOY,
                  Subject.vm(vm.name().text(), vm.id()),
                  vm.powerRevision(),
                  List.of(placed))
              .view());
    }
    return begun;
  }

  private static Map<ImageRef, ImageRow> images(
      Transaction tx, String tenant, DeployRequest request) {
    Map<ImageRef, ImageRow> images = new HashMap<>();
    for (DiskRequest disk : request.disks()) {
      disk.image()
          .ifPresent(ref ->
              images.put(
                  ref,
                  tx.images()
                      .keep(tenant, ref)
                      .orElseThrow(() ->
                          Problem.of(ErrorCode.NOT_FOUND, "finding the image " + ref)
                              .next("'ratoon image list' shows those that exist.")
                              .asException())));
    }
    return images;
  }

  private static List<EntityName> free(Transaction tx, String tenant, List<EntityName> names) {
    List<String> taken = tx.vms().taken(tenant, names);
    if (!taken.isEmpty()) {
      throw Problem.of(ErrorCode.NAME_TAKEN, "naming " + Words.counted(names.size(), "VM"))
          .detail("There is already: " + Words.some(taken) + ".")
          .next("Choose another name, or delete what holds it.")
          .asException();
    }
    return names;
  }

  private List<Placement.Place> places(
      Transaction tx, String tenant, Blueprint blueprint, VmNeeds needs, Settings settings) {
    int count = blueprint.request().count();
    return switch (fleet.place(tx, tenant, needs, count, settings)) {
      case Placement.Chosen(List<Placement.Place> chosen) -> chosen;
      case Placement.Refused refused -> throw PlacementViews.problem(refused, count).asException();
    };
  }

  /** Where the VMs of this request would go. Nothing is changed. */
  public PlacementView tryOut(String tenant, DeployRequest request) {
    return database.read(tx -> {
      Settings settings = tx.fleet().settings();
      Blueprint blueprint = Blueprint.of(request, images(tx, tenant, request), settings);
      VmNeeds needs = blueprint.needs(placements.wishes(request.place()));
      return new PlacementViews(hosts)
          .of(fleet.looked(tx, tenant, needs, settings), needs, blueprint);
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
