package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.TimeSource;
import dev.ratoon.placement.FleetSnapshot;
import dev.ratoon.placement.Placement;
import dev.ratoon.placement.Placer;
import dev.ratoon.placement.Quota;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.inventory.Deploys.Wanted;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.GroupCommit.Outcome;
import dev.ratoon.server.store.IdempotencyTable.Accepted;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.Outdated;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Deploys that are accepted together, in one transaction, each of them or not. What the database
 * must say of them is asked once for all, and so it is with what is written; so a deploy costs a
 * few rows, not a few dozen questions.
 *
 * <p>Nothing is written before it is known of each whether it is refused: a refusal undoes nothing
 * of the others.
 */
final class DeployBatch {
  private final Parts parts;
  private final Transaction tx;
  private final boolean fresh;
  private final Reservations reservations;
  private final List<Deploy> deploys = new ArrayList<>();

  /** What it works with. */
  record Parts(
      Placements placements,
      StandingFleet fleet,
      KnownVms known,
      Operations operations,
      Revisions revisions,
      PromiseMemory promises,
      TimeSource clock) {}

  /** One of them, as far as it has come. */
  static final class Deploy {
    final Wanted wanted;
    List<EntityName> names = List.of();
    List<Placement.Place> places = List.of();
    @Nullable Blueprint blueprint;
    @Nullable VmNeeds needs;
    @Nullable Outcome<List<OperationView>> outcome;
    UnaryOperator<VmRow.Spec> made = UnaryOperator.identity();

    /** It cannot be decided by what is known of the fleet here. */
    boolean again;

    Deploy(Wanted wanted) {
      this.wanted = wanted;
    }

    boolean isOpen() {
      return outcome == null && !again;
    }

    void refuse(RuntimeException why) {
      outcome = new Outcome.Refused<>(why);
    }

    Blueprint blueprint() {
      return known(blueprint);
    }

    VmNeeds needs() {
      return known(needs);
    }

    private static <T> T known(@Nullable T part) {
      if (part == null) {
        throw new IllegalStateException("a deploy goes on of which something is not known");
      }
      return part;
    }
  }

  /**
   * @param fresh whether the fleet is looked at as it is now: then each is decided, else some may
   *     have to be tried again so
   */
  DeployBatch(Parts parts, Transaction tx, boolean fresh) {
    this.parts = parts;
    this.tx = tx;
    this.fresh = fresh;
    this.reservations = new Reservations(parts.placements(), parts.promises());
  }

  /**
   * Accepts or refuses each.
   *
   * @return how each has ended; empty for what is to be tried again
   * @throws Outdated if all of it is to be done again
   */
  List<Optional<Outcome<List<OperationView>>>> accept(List<Wanted> all) {
    all.forEach(wanted -> deploys.add(new Deploy(wanted)));
    Map<String, List<Deploy>> byTenant =
        deploys.stream().collect(Collectors.groupingBy(deploy -> deploy.wanted.tenant()));
    Map<Deploy, Deploy> repeated = new HashMap<>();
    byTenant.forEach((tenant, own) -> repeated.putAll(repeated(tenant, own)));
    reservations.begin(tx);
    Settings settings = tx.fleet().settings();
    byTenant.forEach((tenant, own) -> readImages(tenant, open(own), settings));
    byTenant.forEach((tenant, own) -> requireNames(tenant, open(own)));
    decide(settings);
    repeated.forEach((deploy, first) -> {
      deploy.outcome = first.outcome;
      deploy.again = first.again;
    });
    return deploys.stream().map(deploy -> Optional.ofNullable(deploy.outcome)).toList();
  }

  /**
   * Accepts VMs of which it is known already what they are to be, all of them or none.
   *
   * @param made what becomes of each one's plan
   * @throws RatoonException if they are refused
   * @throws Outdated if the whole transaction is to be done again
   */
  List<OperationView> accept(String tenant, Blueprint blueprint, UnaryOperator<VmRow.Spec> made) {
    Deploy deploy = new Deploy(new Wanted(tenant, blueprint.request(), Optional.empty(), ""));
    deploys.add(deploy);
    deploy.made = made;
    reservations.begin(tx);
    Settings settings = tx.fleet().settings();
    plan(deploy, blueprint, settings);
    requireNames(tenant, open());
    decide(settings);
    return switch (Deploy.known(deploy.outcome)) {
      case Outcome.Done<List<OperationView>>(var begun) -> begun;
      case Outcome.Refused<List<OperationView>>(var why) -> throw why;
    };
  }

  private void decide(Settings settings) {
    if (!open().isEmpty()) {
      QuotasLeft quotas = new QuotasLeft(tx);
      // Before the fleet's snapshot is held: others may hold a tenant, and wait for that.
      open().stream().map(each -> each.wanted.tenant()).distinct().sorted().forEach(quotas::hold);
      parts.fleet().choose(tx, settings, fresh, (fleet, noting) -> choose(fleet, noting, quotas));
    }
    reservations.hold(tx, settings, open(), fresh);
    if (!open().isEmpty()) {
      write(open());
    }
  }

  private List<Deploy> open() {
    return open(deploys);
  }

  private static List<Deploy> open(List<Deploy> some) {
    return some.stream().filter(Deploy::isOpen).toList();
  }

  /**
   * Answers those that were accepted before.
   *
   * @return those that repeat another one of this batch
   */
  private Map<Deploy, Deploy> repeated(String tenant, List<Deploy> own) {
    List<String> keys = own.stream().flatMap(deploy -> deploy.wanted.key().stream()).toList();
    Map<String, Accepted> before = keys.isEmpty() ? Map.of() : tx.idempotency().among(tenant, keys);
    Map<String, Deploy> firsts = new HashMap<>();
    Map<Deploy, Deploy> repeated = new HashMap<>();
    for (Deploy deploy : own) {
      deploy
          .wanted
          .key()
          .ifPresent(key -> {
            Accepted accepted = before.get(key);
            Deploy first = firsts.putIfAbsent(key, deploy);
            if (accepted != null) {
              answer(deploy, accepted);
            } else if (first != null && first.wanted.sha256().equals(deploy.wanted.sha256())) {
              deploy.again = true;
              repeated.put(deploy, first);
            } else if (first != null) {
              deploy.refuse(mismatch());
            }
          });
    }
    return repeated;
  }

  private void answer(Deploy deploy, Accepted accepted) {
    if (accepted.requestSha256().equals(deploy.wanted.sha256())) {
      deploy.outcome =
          new Outcome.Done<>(
              accepted.operations().stream()
                  .flatMap(id -> parts.operations().find(tx, id).stream())
                  .toList());
    } else {
      deploy.refuse(mismatch());
    }
  }

  private static RatoonException mismatch() {
    return Problem.of(ErrorCode.IDEMPOTENCY_MISMATCH, "accepting the deploy")
        .detail("Another request was accepted under the same Idempotency-Key.")
        .next("Send a new key with a new request.")
        .asException();
  }

  /** The images that a request names. */
  static Set<ImageRef> images(DeployRequest request) {
    return request.disks().stream()
        .map(DiskRequest::image)
        .flatMap(Optional::stream)
        .collect(Collectors.toSet());
  }

  private void readImages(String tenant, List<Deploy> own, Settings settings) {
    Set<ImageRef> wanted = new HashSet<>();
    own.forEach(deploy -> wanted.addAll(images(deploy.wanted.request())));
    Map<ImageRef, ImageRow> images = tx.images().keep(tenant, wanted);
    for (Deploy deploy : own) {
      DeployRequest request = deploy.wanted.request();
      try {
        plan(deploy, Blueprint.of(request, images, settings), settings);
      } catch (RatoonException refused) {
        deploy.refuse(refused);
      }
    }
  }

  private void plan(Deploy deploy, Blueprint blueprint, Settings settings) {
    deploy.blueprint = blueprint;
    deploy.names = blueprint.names();
    deploy.needs = parts.placements().needs(tx, blueprint, settings);
  }

  private void requireNames(String tenant, List<Deploy> own) {
    Set<String> taken =
        new HashSet<>(
            tx.vms().taken(tenant, own.stream().flatMap(each -> each.names.stream()).toList()));
    Set<EntityName> claimed = new HashSet<>();
    for (Deploy deploy : own) {
      List<String> held =
          deploy.names.stream().map(EntityName::text).filter(taken::contains).toList();
      List<String> wanted =
          deploy.names.stream().filter(claimed::contains).map(EntityName::text).toList();
      if (!held.isEmpty()) {
        deploy.refuse(nameTaken(deploy, held));
      } else if (wanted.isEmpty()) {
        claimed.addAll(deploy.names);
      } else if (fresh) {
        deploy.refuse(nameTaken(deploy, wanted));
      } else {
        // Whoever wants it, too, may yet be refused.
        deploy.again = true;
      }
    }
  }

  private static RatoonException nameTaken(Deploy deploy, List<String> taken) {
    return Problem.of(ErrorCode.NAME_TAKEN, "naming " + Words.counted(deploy.names.size(), "VM"))
        .detail("There is already: " + Words.some(taken) + ".")
        .next("Choose another name, or delete what holds it.")
        .asException();
  }

  private void choose(FleetSnapshot fleet, StandingFleet.Noting noting, QuotasLeft quotas) {
    GroupMembers groups = new GroupMembers(tx);
    for (Deploy deploy : open()) {
      int count = deploy.wanted.request().count();
      List<String> beyond = quotas.reasonsAgainst(deploy);
      if (!beyond.isEmpty()) {
        refuseOrTryAgain(
            deploy, Quotas.problem("placing " + Words.counted(count, "VM"), beyond).asException());
        continue;
      }
      groups.show(fleet, deploy);
      switch (new Placer(fleet).place(deploy.needs(), count, Quota.NONE)) {
        case Placement.Chosen chosen -> {
          deploy.places = chosen.places();
          quotas.take(deploy);
          groups.join(deploy);
          noting.placed(deploy.needs(), chosen);
        }
        case Placement.Refused refused ->
            refuseOrTryAgain(deploy, PlacementViews.problem(refused, count).asException());
      }
    }
  }

  private void refuseOrTryAgain(Deploy deploy, RatoonException why) {
    if (fresh) {
      deploy.refuse(why);
    } else {
      deploy.again = true;
    }
  }

  private void write(List<Deploy> accepted) {
    new AcceptedDeploys(parts, tx).write(accepted);
    Map<String, Map<String, Accepted>> keys = new HashMap<>();
    for (Deploy deploy : accepted) {
      if (deploy.outcome instanceof Outcome.Done<List<OperationView>>(var begun)) {
        List<OperationId> ids = begun.stream().map(OperationView::id).toList();
        deploy
            .wanted
            .key()
            .ifPresent(key ->
                keys.computeIfAbsent(deploy.wanted.tenant(), _ -> new HashMap<>())
                    .put(key, new Accepted(deploy.wanted.sha256(), ids)));
      }
    }
    keys.forEach((tenant, own) -> tx.idempotency().add(tenant, own, parts.clock().instant()));
  }
}
