package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.AdoptedDisk;
import dev.ratoon.protocol.agent.AdoptedReport;
import dev.ratoon.protocol.agent.AdoptionReport;
import dev.ratoon.protocol.agent.DesiredAdoption.Wish;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.api.AdoptRequest;
import dev.ratoon.protocol.api.AdoptedView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.operations.Subject;
import dev.ratoon.server.store.AdoptionTable.Adoption;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import java.util.List;
import java.util.Optional;

/**
 * The paths on hosts where disks lay before Ratoon came. What is wanted of them is written down and
 * stays wanted; hosts find out and report what is there.
 */
public final class Adoptions {
  private static final int MOST_PATHS = 50;
  private static final int LONGEST_PATH = 4096;

  private final Database database;
  private final Hosts hosts;
  private final Operations operations;
  private final Revisions revisions;

  Adoptions(Database database, Hosts hosts, Operations operations, Revisions revisions) {
    this.database = database;
    this.hosts = hosts;
    this.operations = operations;
    this.revisions = revisions;
  }

  /**
   * Has a host look for disks at a path, or look again. One whose disks are parents there stays so,
   * whether or not that is asked for again. Who asks while the host is at it joins that operation.
   */
  public OperationView adopt(String tenant, HostId host, AdoptRequest request) {
    String path = checked(request.path());
    return database.write(tx -> {
      tx.lock(host);
      List<Adoption> all = tx.adoptions().onHost(host);
      Optional<Adoption> before = named(all, path);
      Optional<OperationRow> underWay = underWay(tx, before);
      boolean leaving = before.filter(known -> known.wish() == Wish.GIVEN_BACK).isPresent();
      if (underWay.isPresent() && leaving) {
        throw busy(path, underWay.get());
      }
      boolean parents =
          request.inPlace() || before.filter(known -> known.wish() == Wish.PARENTS).isPresent();
      Wish wish = parents ? Wish.PARENTS : Wish.SOURCES;
      if (underWay.isPresent() && before.orElseThrow().wish() == wish) {
        return underWay.get().view();
      }
      if (underWay.isPresent()) {
        throw busy(path, underWay.get());
      }
      if (before.isEmpty() && all.size() >= MOST_PATHS) {
        throw Problem.of(ErrorCode.TOO_LARGE, "adopting '" + path + "'")
            .detail("The host has adopted " + MOST_PATHS + " paths already.")
            .next("Adopt a folder above them in their place.")
            .asException();
      }
      return begin(tx, tenant, host, path, OperationKind.ADOPT, wish, Optional.empty());
    });
  }

  /** Has a host give everything at an adopted path back. */
  public OperationView unadopt(String tenant, HostId host, String asked) {
    String path = checked(asked);
    return database.write(tx -> {
      tx.lock(host);
      Adoption before =
          named(tx.adoptions().onHost(host), path)
              .orElseThrow(() ->
                  Problem.of(ErrorCode.NOT_FOUND, "giving back '" + path + "'")
                      .detail("It was not adopted on that host.")
                      .next("'ratoon host adopted' shows what was.")
                      .asException());
      Optional<OperationRow> underWay = underWay(tx, Optional.of(before));
      if (underWay.isPresent()) {
        if (before.wish() == Wish.GIVEN_BACK) {
          return underWay.get().view();
        }
        throw busy(path, underWay.get());
      }
      Wish stays = before.previous().orElse(before.wish());
      return begin(
          tx, tenant, host, path, OperationKind.UNADOPT, Wish.GIVEN_BACK, Optional.of(stays));
    });
  }

  private OperationView begin(
      Transaction tx,
      String tenant,
      HostId host,
      String path,
      OperationKind kind,
      Wish wish,
      Optional<Wish> previous) {
    long revision = revisions.next(tx, host);
    String subject = path + " on " + hosts.nameOf(host);
    OperationView begun =
        operations.begin(tx, tenant, kind, Subject.on(host, subject), revision, List.of()).view();
    tx.adoptions().put(new Adoption(host, path, wish, previous, revision, Optional.of(begun.id())));
    return begun;
  }

  /** What a host has adopted, as it last reported. */
  public AdoptedView view(HostId host, EntityName name) {
    List<Adoption> wanted = database.read(tx -> tx.adoptions().onHost(host));
    Optional<AdoptedReport> report =
        hosts.find(host).map(Hosts.Seen::report).flatMap(HostReport::adopted);
    return new AdoptedView(
        name,
        wanted.stream().map(each -> view(each, report)).toList(),
        report.map(AdoptedReport::domains).orElse(List.of()));
  }

  private static AdoptedView.PathView view(Adoption wanted, Optional<AdoptedReport> report) {
    Optional<AdoptionReport> found =
        report.stream()
            .flatMap(all -> all.adoptions().stream())
            .filter(each -> each.path().equals(wanted.path()))
            .findFirst();
    Wish wish = wanted.previous().orElse(wanted.wish());
    boolean settled =
        found.filter(each -> each.settled() && each.revision() >= wanted.revision()).isPresent();
    List<AdoptedDisk> disks = found.map(AdoptionReport::disks).orElse(List.of());
    return new AdoptedView.PathView(wanted.path(), wish == Wish.PARENTS, settled, disks);
  }

  /** Folds what a host says of its paths into the operations about them. */
  void fold(Transaction tx, HostReport report) {
    List<AdoptionReport> reports = report.adopted().map(AdoptedReport::adoptions).orElse(List.of());
    if (reports.isEmpty()) {
      return;
    }
    List<Adoption> all = tx.adoptions().onHost(report.id());
    if (all.stream().anyMatch(each -> each.operation().isPresent())) {
      tx.lock(report.id());
      all = tx.adoptions().onHost(report.id());
    }
    for (Adoption wanted : all) {
      Optional<OperationRow> operation = underWay(tx, Optional.of(wanted));
      reports.stream()
          .filter(each -> each.path().equals(wanted.path()) && each.revision() == wanted.revision())
          .forEach(each -> operation.ifPresent(row -> fold(tx, wanted, row, each)));
    }
  }

  private void fold(
      Transaction tx, Adoption wanted, OperationRow operation, AdoptionReport report) {
    if (!report.settled()) {
      tx.afterCommit(() -> operations.progress(operation.view().id(), report.steps()));
      return;
    }
    OperationRow at = operation.withSteps(report.steps());
    if (report.problem().isEmpty()) {
      operations.succeed(tx, at, result(wanted, report));
      if (wanted.wish() == Wish.GIVEN_BACK) {
        forget(tx, wanted);
      } else {
        tx.adoptions().put(wanted.done());
      }
      return;
    }
    operations.fail(tx, at, report.problem().get());
    if (wanted.previous().isPresent()) {
      // It stays what it was; the host has to be told, or it would give it back by and by.
      long revision = revisions.next(tx, wanted.host());
      tx.adoptions()
          .put(
              new Adoption(
                  wanted.host(),
                  wanted.path(),
                  wanted.previous().get(),
                  Optional.empty(),
                  revision,
                  Optional.empty()));
    } else if (report.disks().isEmpty()) {
      forget(tx, wanted);
    } else {
      tx.adoptions().put(wanted.done());
    }
  }

  private void forget(Transaction tx, Adoption wanted) {
    tx.adoptions().remove(wanted.host(), wanted.path());
    long _ = revisions.next(tx, wanted.host());
  }

  private static String result(Adoption wanted, AdoptionReport report) {
    if (wanted.wish() == Wish.GIVEN_BACK) {
      return "given back";
    }
    long parents = count(report, AdoptedDisk.State.PARENT);
    long sources = count(report, AdoptedDisk.State.SOURCE);
    long others = report.disks().size() - parents - sources;
    return "%d in place, %d as sources, %d not used".formatted(parents, sources, others);
  }

  private static long count(AdoptionReport report, AdoptedDisk.State state) {
    return report.disks().stream().filter(disk -> disk.state() == state).count();
  }

  private Optional<OperationRow> underWay(Transaction tx, Optional<Adoption> adoption) {
    Optional<OperationId> operation = adoption.flatMap(Adoption::operation);
    return operation.flatMap(id -> operations.running(tx, id));
  }

  private static Optional<Adoption> named(List<Adoption> all, String path) {
    return all.stream().filter(each -> each.path().equals(path)).findFirst();
  }

  private static RatoonException busy(String path, OperationRow operation) {
    return Problem.of(ErrorCode.WRONG_STATE, "working on '" + path + "'")
        .detail(
            "Operation %s (%s) is still under way there."
                .formatted(operation.view().id(), Words.doing(operation.view().kind())))
        .next("Wait until it has ended.")
        .asException();
  }

  /** A path as it is written down: absolute, one way to write it. */
  private static String checked(String path) {
    boolean plain =
        path.startsWith("/")
            && path.length() <= LONGEST_PATH
            && path.chars().noneMatch(c -> c < ' ' || c == 0x7f)
            && !List.of(path.split("/")).contains("..");
    String clean =
        path.replaceAll("/(\\./)+", "/").replaceAll("/{2,}", "/").replaceAll("(.)/$", "$1");
    if (!plain || clean.equals("/")) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the path '" + path + "'")
          .next("Write the whole path of a file or a folder on the host, as in /srv/images.")
          .asException();
    }
    return clean;
  }
}
