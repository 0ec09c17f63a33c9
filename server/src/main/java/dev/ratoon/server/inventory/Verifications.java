package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VerifyRequest;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.ImageTable.ImageRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Has base disks read again where they lie, to find what went wrong with them silently. */
public final class Verifications {
  private static final int MOST = 10_000;
  private static final String BEGINNING_OF_ID = "[0-9a-f]{6,64}";

  private final Database database;
  private final Hosts hosts;
  private final Operations operations;
  private final Revisions revisions;

  Verifications(Database database, Hosts hosts, Operations operations, Revisions revisions) {
    this.database = database;
    this.hosts = hosts;
    this.operations = operations;
    this.revisions = revisions;
  }

  /** A base where it lies. */
  private record Replica(DiskId base, HostReport host) {}

  /**
   * Asks for it: one operation for each base on each host that has it.
   *
   * @throws RatoonException {@link ErrorCode#NOT_FOUND} if what is named does not exist, or lies
   *     nowhere; {@link ErrorCode#INVALID_VALUE} if a name is not clear, or that would be too many;
   *     nothing is begun then
   */
  public List<OperationView> verify(String tenant, VerifyRequest request) {
    List<HostReport> all = hosts.all().stream().map(Hosts.Seen::report).toList();
    List<HostReport> places =
        request.hosts().isEmpty() ? all : BaseWishes.named(all, request.hosts());
    BaseTask task = request.gently() ? BaseTask.SCRUB : BaseTask.VERIFY;
    return database.write(tx -> {
      List<ImageRow> images = tx.images().all(tenant);
      List<Replica> replicas = replicas(places, wanted(request.bases(), images, all));
      Map<DiskId, String> names = names(images);
      BaseWishes wishes = new BaseWishes(tx, tenant, operations, revisions);
      tx.lock(replicas.stream().map(replica -> replica.host().id()).toList());
      return replicas.stream()
          .map(replica ->
              wishes
                  .ask(
                      task,
                      names.getOrDefault(replica.base(), replica.base().shortForm()),
                      replica.base(),
                      replica.host())
                  .view())
          .toList();
    });
  }

  /** The bases that are named, each with the word that named it; none stands for all. */
  private static Map<DiskId, String> wanted(
      List<String> words, List<ImageRow> images, List<HostReport> all) {
    Map<DiskId, String> wanted = new LinkedHashMap<>();
    for (String word : words) {
      wanted.put(base(word, images, all), word);
    }
    return wanted;
  }

  private static DiskId base(String word, List<ImageRow> images, List<HostReport> all) {
    Set<DiskId> found = new TreeSet<>();
    images.stream()
        .filter(image -> isNamed(image, word))
        .forEach(image -> found.add(image.diskId()));
    if (found.isEmpty() && word.matches(BEGINNING_OF_ID)) {
      all.stream()
          .flatMap(host -> host.replicas().stream())
          .map(ReplicaReport::diskId)
          .filter(id -> id.hex().startsWith(word))
          .forEach(found::add);
    }
    if (found.isEmpty()) {
      throw Problem.of(ErrorCode.NOT_FOUND, "finding the base disk " + word)
          .next("'ratoon base list' shows those that exist: name an image or a disk id.")
          .asException();
    }
    if (found.size() > 1) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "finding the base disk " + word)
          .detail("Several ids begin so.")
          .next("Write more of it.")
          .asException();
    }
    return found.iterator().next();
  }

  private static boolean isNamed(ImageRow image, String word) {
    try {
      return image.image().equals(ImageRef.parse(word));
    } catch (RatoonException noImageRef) {
      return false;
    }
  }

  /** An operator's file may be in use by others: its host looks after it as it adopted it. */
  private static boolean isToBeRead(ReplicaReport replica) {
    return replica.state() != ReplicaState.ARRIVING && replica.layout() != Layout.ADOPTED;
  }

  private static List<Replica> replicas(List<HostReport> places, Map<DiskId, String> wanted) {
    List<Replica> replicas = new ArrayList<>();
    for (HostReport host : places) {
      for (ReplicaReport replica : host.replicas()) {
        boolean isWanted = wanted.isEmpty() || wanted.containsKey(replica.diskId());
        if (isWanted && isToBeRead(replica)) {
          replicas.add(new Replica(replica.diskId(), host));
        }
      }
    }
    Set<DiskId> there = replicas.stream().map(Replica::base).collect(Collectors.toSet());
    List<String> nowhere =
        wanted.entrySet().stream()
            .filter(base -> !there.contains(base.getKey()))
            .map(Map.Entry::getValue)
            .toList();
    if (!nowhere.isEmpty()) {
      throw Problem.of(ErrorCode.NOT_FOUND, "verifying " + Words.some(nowhere))
          .detail("No host that is meant has it.")
          .next("'ratoon base list' shows where base disks lie.")
          .asException();
    }
    if (replicas.size() > MOST) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "verifying " + replicas.size() + " base disks")
          .next("At most " + MOST + " at once: name some of them, or some hosts.")
          .asException();
    }
    return replicas;
  }

  private static Map<DiskId, String> names(List<ImageRow> images) {
    Map<DiskId, String> names = new HashMap<>();
    images.forEach(image -> names.putIfAbsent(image.diskId(), image.image().toString()));
    return names;
  }
}
